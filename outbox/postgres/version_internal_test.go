package postgres

import (
	"strings"
	"testing"
)

func TestServersThatAreTooOldAreRefused(t *testing.T) {
	t.Parallel()
	for version, refused := range map[string]bool{
		"9.6.24": true, "10.23": true, "12.20 (Debian 12.20-1)": true, "12beta1": true,
		"13.0": false, "13beta1": false, "14.12": false, "18beta1": false, "18.1 (Debian 18.1-1)": false, "": false, "unknown": false,
	} {
		err := recentVersion(version)
		if refused != (err != nil) {
			t.Errorf("version %q: %v", version, err)
		}
		if err != nil && (!strings.Contains(err.Error(), version) || !strings.Contains(err.Error(), "13 or later")) {
			t.Errorf("version %q: the error does not say what to do: %v", version, err)
		}
	}
}
