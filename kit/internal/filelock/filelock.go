// Package filelock lets only one process at a time work on a file, on every system that ciokit runs on.
//
// The lock of NAME is held on a separate file in the same directory, .NAME.ciokit-lock, because on Windows nobody else can read a locked file. A
// second file, .NAME.ciokit-owner, says who holds the lock. The system releases a lock when its process ends, however it ends. Files that such a
// process leaves behind do no harm: the next process that takes the lock uses them.
package filelock

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/ciokit/cio/kit/internal/realpath"
	"github.com/gofrs/flock"
)

// The suffixes of the two files.
const (
	lockSuffix  = ".ciokit-lock"
	ownerSuffix = ".ciokit-owner"
)

// beside returns the name of one of the two files. It begins with a point, so that patterns for the file do not match it.
func beside(path, suffix string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+suffix)
}

// How long to retry taking a lock.
const (
	patience = 100 * time.Millisecond // if it is held: a process that only checks a lock holds it for a moment
	removal  = 2 * time.Second        // if its file cannot be opened, because it is being removed
)

// Owner is the holder of a lock.
type Owner struct {
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	Started time.Time `json:"started"` // when it was taken
	Run     string    `json:"run,omitempty"`
}

func (o Owner) String() string {
	s := fmt.Sprintf("process %d on %s since %s", o.PID, o.Host, o.Started.Local().Format(time.DateTime))
	if o.Run != "" {
		s += ", run " + o.Run
	}
	return s
}

// ErrInUse says that another process holds the lock. The error that wraps it is an *InUseError.
var ErrInUse = errors.New("in use by another process")

// InUseError says who holds a lock.
type InUseError struct {
	// Path is the locked file.
	Path string
	// Owner is the zero value if it is not known.
	Owner Owner
}

func (e *InUseError) Error() string {
	s := e.Path + " is " + ErrInUse.Error()
	if by := e.By(); by != "" {
		s += " (" + by + ")"
	}
	return s
}

// By describes the holder, empty if it is not known.
func (e *InUseError) By() string {
	if e.Owner == (Owner{}) {
		return ""
	}
	return e.Owner.String()
}

// Is reports whether target is ErrInUse.
func (e *InUseError) Is(target error) bool { return target == ErrInUse }

// By returns the holder of the lock that err is about, in parentheses after a space; empty if it is not known.
func By(err error) string {
	var used *InUseError
	if errors.As(err, &used) && used.By() != "" {
		return " (" + used.By() + ")"
	}
	return ""
}

// Lock is a lock that this process holds.
type Lock struct {
	path   string
	file   *flock.Flock
	former []*os.File
}

// Take takes the lock of a file or directory. The file need not exist, but its directory must. run is the id of the work that the lock is for, if it
// has one. All symbolic links to a file lead to the same lock. The error is an *InUseError if another process, or another part of this one, holds it;
// any other error means that this file cannot be locked.
func Take(path, run string) (*Lock, error) {
	real, err := realpath.Of(path)
	if err != nil {
		return nil, err
	}
	l := &Lock{path: real}
	taken, err := within(l.try)
	switch {
	case err != nil:
		return nil, explain(real, err)
	case !taken:
		return nil, &InUseError{path, readOwner(real)}
	}
	l.sign(run)
	return l, nil
}

// within retries until the time is over.
func within(try func() (bool, error)) (done bool, err error) {
	for begun := time.Now(); ; time.Sleep(patience / 20) {
		done, err = try()
		switch waited := time.Since(begun); {
		case done, err == nil && waited > patience, err != nil && (!passes(err) || waited > removal):
			return done, err
		}
	}
}

// try takes the lock if nobody holds it. A process that releases the lock removes the lock file, so the locked file may have no name any more. The
// lock counts only if the file still has its name.
func (l *Lock) try() (bool, error) {
	for {
		file := flock.New(beside(l.path, lockSuffix))
		if taken, err := tryLock(file); err != nil || !taken {
			return false, err
		}
		held, err := file.Stat()
		if err != nil {
			return false, errors.Join(err, file.Close())
		}
		if there, err := os.Stat(beside(l.path, lockSuffix)); err == nil && os.SameFile(held, there) {
			l.file = file
			return true, nil
		}
		if err := file.Close(); err != nil {
			return false, err
		}
	}
}

// tryLock is replaced in a test by a file system without locks.
var tryLock = (*flock.Flock).TryLock

// sign records who holds the lock. The lock is valid without that; others then do not learn who holds it.
func (l *Lock) sign(run string) {
	host, _ := os.Hostname()
	if text, err := json.Marshal(Owner{os.Getpid(), host, time.Now().UTC().Truncate(time.Second), run}); err == nil {
		_ = os.WriteFile(beside(l.path, ownerSuffix), append(text, '\n'), 0o600)
	}
}

func readOwner(path string) (o Owner) {
	if text, err := os.ReadFile(beside(path, ownerSuffix)); err != nil || json.Unmarshal(text, &o) != nil {
		return Owner{}
	}
	return o
}

// Former also locks the file itself, if it exists, as earlier versions did, so that no process of an earlier version works on it. Earlier versions
// had no locks on Windows. The error is that of Take.
func (l *Lock) Former(path string) error {
	f, err := takeFormer(path)
	if f != nil {
		l.former = append(l.former, f)
	}
	return err
}

// Held returns nil if nobody holds the lock of a file, and the error of Take if the lock cannot be taken.
func Held(path string) error {
	real, err := realpath.Of(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	file := flock.New(beside(real, lockSuffix), flock.SetFlag(os.O_RDONLY))
	free, err := file.TryRLock() // two checks do not disturb each other
	if err != nil {
		free, err = within(file.TryRLock)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return explain(real, err)
	case !free:
		return &InUseError{path, readOwner(real)}
	}
	return file.Close()
}

// HeldByFormer is Held for the locks of Former.
func HeldByFormer(path string) error {
	f, err := lookFormer(path)
	if err != nil || f == nil {
		return err
	}
	return releaseFormer(f)
}

// Release releases the lock and removes its files. A second call does nothing.
func (l *Lock) Release() error {
	if l == nil || l.file == nil {
		return nil
	}
	_ = os.Remove(beside(l.path, ownerSuffix)) // a file that remains does no harm
	name := beside(l.path, lockSuffix)
	if runtime.GOOS != "windows" { // remove the file while it is held, so nobody else relies on it
		_ = os.Remove(name)
	}
	err := l.file.Close()
	if runtime.GOOS == "windows" { // an open file cannot be removed there
		_ = os.Remove(name)
	}
	for _, f := range l.former {
		err = errors.Join(err, releaseFormer(f))
	}
	l.file, l.former = nil, nil
	return err
}

// Sweep removes the lock files that killed processes left in a directory, except those of locks that are held.
func Sweep(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, e := range entries {
		name, ours := strings.CutSuffix(e.Name(), lockSuffix)
		name, hidden := strings.CutPrefix(name, ".")
		if !ours || !hidden {
			continue
		}
		lock, err := Take(filepath.Join(dir, name), "")
		if err == nil {
			err = lock.Release()
		}
		if !errors.Is(err, ErrInUse) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Same reports whether this lock is also the lock of path.
func (l *Lock) Same(path string) bool {
	held, err := l.file.Stat()
	if err != nil {
		return false
	}
	real, err := realpath.Of(path)
	if err != nil {
		return false
	}
	there, err := os.Stat(beside(real, lockSuffix))
	return err == nil && os.SameFile(held, there)
}

// explain describes why a lock that nobody holds cannot be taken, and what to do.
func explain(path string, err error) error {
	switch {
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, syscall.ENOLCK):
		return fmt.Errorf("%s cannot be locked: its file system, perhaps a network share, has no locks (%w); keep it on a local disk", path, err)
	case errors.As(err, new(*fs.PathError)): // the lock file cannot be opened
		return fmt.Errorf("%s cannot be locked: %w", path, err)
	}
	return fmt.Errorf("%s cannot be locked: the system says %q; if it is on a network share, keep it on a local disk (%w)", path, err.Error(), err)
}
