package erasure_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio/erasure"
)

// A file in place of a receipt is named as that, and not by what the system says of a path below it.
func TestAFileIsNotAReceipt(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "p.plan")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := erasure.Check(file, erasure.CheckConfig{}); err == nil || !strings.Contains(err.Error(), "is a file, and a receipt is a directory") {
		t.Error(err)
	}
}
