package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

func writeText(t *testing.T, name, text string) error {
	t.Helper()
	return Write(name, 0o644, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

func holds(t *testing.T, name, want string) {
	t.Helper()
	if got, err := os.ReadFile(name); err != nil || string(got) != want {
		t.Errorf("%s contains %q, %v, want %q", name, got, err, want)
	}
	entries, err := os.ReadDir(filepath.Dir(name))
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

// If writing fails, the old file remains, and no other file.
func TestWrite(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "file")
	for _, text := range []string{"one", "two", ""} {
		if err := writeText(t, name, text); err != nil {
			t.Fatal(err)
		}
		holds(t, name, text)
	}
	if info, err := os.Stat(name); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o644 {
		t.Error(info.Mode(), err)
	}
	if err := Write(name, 0o600, func(w io.Writer) error {
		_, err := io.WriteString(w, "half")
		return errors.Join(err, io.ErrUnexpectedEOF)
	}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	holds(t, name, "")
}

// If a process has the old file open for a moment, as a virus scanner does, and that is in the way, the function waits.
func TestOpenFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "file")
	if err := writeText(t, name, "old"); err != nil {
		t.Fatal(err)
	}
	open, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	written := make(chan error)
	go func() { written <- writeText(t, name, "new") }()
	time.AfterFunc(200*time.Millisecond, func() { open.Close() })
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	holds(t, name, "new")
}

// The name of a removed file can be used for a new one, even while a process has the old one open for a moment. A name that another file has is
// refused.
func TestCreateAfterRemove(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "file")
	if err := writeText(t, name, "old"); err != nil {
		t.Fatal(err)
	}
	open, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(200*time.Millisecond, func() { open.Close() })
	if err := Remove(name); err != nil {
		t.Fatal(err)
	}
	f, err := Create(name, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("new"); err != nil {
		t.Error(err)
	}
	f.Close()
	if f, err := Create(name, 0o600); !errors.Is(err, os.ErrExist) {
		t.Errorf("%v, %v", f, err)
	}
	holds(t, name, "new")
}

// It does not wait for ever for a name that can never be used.
func TestNever(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "dir", "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := writeText(t, filepath.Join(dir, "dir"), "x"); err == nil {
		t.Error("a directory was replaced")
	}
	if took := time.Since(begun); took > 20*time.Second {
		t.Error(took)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

// A file system that cannot sync a directory is accepted; one whose sync fails is not.
func TestSyncDir(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a directory cannot be synced on Windows")
	}
	defer func(was func(*os.File) error) { fsyncDir = was }(fsyncDir)
	dir := t.TempDir()
	for err, ignored := range map[error]bool{syscall.EINVAL: true, syscall.ENOTSUP: true, syscall.ENOSYS: true, syscall.EIO: false, syscall.ENOSPC: false} {
		fsyncDir = func(d *os.File) error { return &os.PathError{Op: "sync", Path: d.Name(), Err: err} }
		if got := SyncDir(dir); (got == nil) != ignored {
			t.Errorf("%v: %v", err, got)
		}
	}
	if err := SyncDir(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
