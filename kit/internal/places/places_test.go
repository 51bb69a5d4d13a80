package places

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// If no place is known, the error names the variable that sets one.
func TestPlaces(t *testing.T) {
	base := t.TempDir()
	for _, name := range []string{"HOME", "LocalAppData", "AppData", "home"} {
		t.Setenv(name, "")
	}
	for variable, place := range map[string]func(string) (string, error){"XDG_STATE_HOME": State, "XDG_CONFIG_HOME": Config, "XDG_CACHE_HOME": Cache} {
		for _, relative := range []string{"", "state"} {
			t.Setenv(variable, relative)
			if dir, err := place("runs"); err == nil || !strings.Contains(err.Error(), "set "+variable+" to a directory") {
				t.Errorf("%q, %v", dir, err)
			}
		}
		t.Setenv(variable, base)
		if dir, err := place("runs"); err != nil || dir != filepath.Join(base, "ciokit", "runs") {
			t.Error(variable, dir, err)
		}
	}
	dir := filepath.Join(base, "made", "runs")
	if err := errors.Join(MakeState(dir), MakeState(dir)); err != nil {
		t.Fatal(err)
	}
}

// If a directory cannot be used, the error names the variable that sets another. Other errors are not about the directory.
func TestErrors(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
	t.Setenv("TMP", os.Getenv("TMPDIR"))
	temp := "TMPDIR"
	if runtime.GOOS == "windows" {
		temp = "TMP"
	}
	if dir, err := MkdirTemp("x-"); err == nil || !strings.Contains(err.Error(), temp) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%q, %v", dir, err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := MakeState(filepath.Join(file, "x")); err == nil || runtime.GOOS != "windows" && !strings.Contains(err.Error(), "XDG_STATE_HOME") {
		t.Error(err)
	}
	for _, err := range []error{nil, syscall.ENOSPC, fmt.Errorf("other")} {
		if StateError(err) != err || TempError(err) != err {
			t.Errorf("%v: %v, %v", err, StateError(err), TempError(err))
		}
	}
}
