//go:build unix

package filelock

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A process of an earlier version, which locks the file itself, and one of this version exclude each other.
func TestFormer(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	l := mustTake(t, path)
	defer l.Release()
	if err := errors.Join(l.Former(path), HeldByFormer(path)); err != nil {
		t.Fatal("a file that is not there: ", err)
	}
	former, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer former.Close()
	flock := func(how int) error { return syscall.Flock(int(former.Fd()), how|syscall.LOCK_NB) }
	if err := flock(syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if err := l.Former(path); !errors.Is(err, ErrInUse) {
		t.Error(err)
	}
	if err := HeldByFormer(path); !errors.Is(err, ErrInUse) {
		t.Error(err)
	}
	if err := flock(syscall.LOCK_UN); err != nil {
		t.Fatal(err)
	}
	if err := l.Former(path); err != nil {
		t.Fatal(err)
	}
	if err := flock(syscall.LOCK_EX); err != syscall.EWOULDBLOCK {
		t.Error(err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if err := flock(syscall.LOCK_EX); err != nil {
		t.Error(err)
	}
}

// A process that is being started has copies of all open files until its program begins. They do not keep a lock.
func TestFormerIsReleasedBesideACopy(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l := mustTake(t, path)
	if err := l.Former(path); err != nil {
		t.Fatal(err)
	}
	copied, err := syscall.Dup(int(l.former[0].Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(copied)
	if err := errors.Join(l.Release(), HeldByFormer(path)); err != nil {
		t.Fatal(err)
	}
	again := mustTake(t, path)
	defer again.Release()
	if err := again.Former(path); err != nil {
		t.Error(err)
	}
}

// A check whether a file is locked does not prevent anybody from locking it.
func TestLookingAtAFormerLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	looking, err := lookFormer(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := HeldByFormer(path); err != nil {
		t.Error("another who looks: ", err)
	}
	l := mustTake(t, path)
	defer l.Release()
	go func() { _ = releaseFormer(looking) }()
	if err := l.Former(path); err != nil {
		t.Error(err)
	}
}
