package source

import (
	"strings"
	"testing"
)

// The error for an unknown line end suggests the nearest one.
func TestNearLineEnds(t *testing.T) {
	t.Parallel()
	for given, want := range map[LineEnd]string{
		"crfl": "did you mean lf?", "crlf": "did you mean lf?", "CR-LF": "did you mean lf?", "lff": "did you mean lf?", "fl": "", "cr": "did you mean any?", "ayn": "did you mean any?", "windows": "",
	} {
		err := Config{LineEnd: given}.checkDialect()
		if err == nil || want != "" && !strings.HasSuffix(err.Error(), want) || want == "" && strings.Contains(err.Error(), "did you mean") {
			t.Errorf("%s: %v, want %q", given, err, want)
		}
	}
}
