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

// Where no place is known the variable that names one is.
func TestState(t *testing.T) {
	base := t.TempDir()
	for _, name := range []string{"HOME", "LocalAppData", "home"} {
		t.Setenv(name, "")
	}
	for _, relative := range []string{"", "state"} {
		t.Setenv("XDG_STATE_HOME", relative)
		if dir, err := State("runs"); err == nil || !strings.Contains(err.Error(), "XDG_STATE_HOME") {
			t.Errorf("%q, %v", dir, err)
		}
	}
	t.Setenv("XDG_STATE_HOME", base)
	dir, err := State("runs")
	if err != nil || dir != filepath.Join(base, "ciokit", "runs") {
		t.Fatal(dir, err)
	}
	if err := errors.Join(MakeState(dir), MakeState(dir)); err != nil {
		t.Fatal(err)
	}
}

// A directory that cannot be had is told with the variable that names another; what else goes wrong is not about the directory.
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
