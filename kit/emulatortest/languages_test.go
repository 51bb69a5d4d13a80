package emulatortest

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// TestOtherLanguages runs the tests in docs/testing-other-languages.md unchanged.
func TestOtherLanguages(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "testing-other-languages.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ language, file, program string }{{"python", "test_signup.py", "python3"}, {"js", "signup.test.mjs", "node"}} {
		t.Run(tt.program, func(t *testing.T) {
			t.Parallel()
			blocks := regexp.MustCompile("(?s)```"+tt.language+"\n(.*?)```").FindAllSubmatch(text, -1)
			if len(blocks) != 1 {
				t.Fatalf("%d blocks of %s", len(blocks), tt.language)
			}
			program, err := exec.LookPath(tt.program)
			if err != nil {
				t.Skipf("%s is not installed", tt.program)
			}
			dir := t.TempDir()
			if tt.program == "node" {
				modules, err := filepath.Abs(filepath.Join("..", "..", ".ci", "sdk", "node_modules"))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := os.Stat(modules); err != nil {
					t.Skip("the SDKs are not installed; npm ci in .ci/sdk installs them")
				}
				if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
					t.Skip(err)
				}
			}
			if err := os.WriteFile(filepath.Join(dir, tt.file), blocks[0][1], 0o600); err != nil {
				t.Fatal(err)
			}
			srv := httptest.NewServer(emulator.New(emulator.Config{}))
			defer srv.Close()
			cmd := exec.CommandContext(t.Context(), program, tt.file)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "CUSTOMERIO_BASE_URL="+srv.URL)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		})
	}
}
