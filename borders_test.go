package cio_test

import (
	"os/exec"
	"strings"
	"testing"
)

// Who may import whom is decided once, here: a fake that shares code with the client cannot catch the client's mistakes, and whoever
// imports the client gets the client alone.
func TestImportBorders(t *testing.T) {
	t.Parallel()
	const module = "github.com/ciokit/cio"
	allowed := map[string][]string{
		module:               {"/internal/wire", "/internal/names"},
		module + "/events":   {"/internal/wire"},
		module + "/emulator": {},
		module + "/appapi":   {"", "/internal/wire", "/internal/names"},
	}
	for pkg, may := range allowed {
		out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", pkg).CombinedOutput()
		if err != nil {
			t.Fatalf("go list -deps %s: %v\n%s", pkg, err, out)
		}
	deps:
		for dep := range strings.FieldsSeq(string(out)) {
			if dep == pkg {
				continue
			}
			for _, suffix := range may {
				if dep == module+suffix {
					continue deps
				}
			}
			t.Errorf("%s imports %s, which it must not", pkg, dep)
		}
	}
}
