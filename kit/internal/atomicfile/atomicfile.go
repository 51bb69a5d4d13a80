// Package atomicfile replaces files so that there is a whole one of their name at every moment, the old or the new.
package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/ciokit/cio/kit/internal/realpath"
)

// Write gives a file new content and this mode. Who reads it sees all of the old or all of the new, which is on disk when Write returns. name must lead to the
// file without symbolic links.
func Write(name string, mode os.FileMode, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil {
		err = errors.Join(f.Chmod(mode), f.Sync())
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return SyncDir(filepath.Dir(name))
}

// Replace is Write for a file that anybody may read and a name that may lead to it over symbolic links, which stay. A device or a pipe is written to.
func Replace(name string, write func(io.Writer) error) error {
	name, err := realpath.Of(name)
	if err != nil {
		return err
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	return Write(name, 0o644, write)
}

// patience is how long a rename is tried that somebody is in the way of.
const patience = 2 * time.Second

// Rename gives a file a name that another may have. Windows does not do that as long as somebody has one of them open, such as a virus scanner that looks at
// a file that was just written: it is tried for two seconds there.
func Rename(from, to string) error {
	return retry(func() error { return os.Rename(from, to) })
}

// Create makes a file for writing of a name that nothing has. Windows keeps the name of a removed file as long as somebody has it open: it is tried as patiently
// there.
func Create(name string, mode os.FileMode) (f *os.File, err error) {
	err = retry(func() error {
		f, err = os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
		return err
	})
	return f, err
}

// Remove removes a file, as patiently.
func Remove(name string) error { return retry(func() error { return os.Remove(name) }) }

func retry(do func() error) error {
	for end := time.Now().Add(patience); ; time.Sleep(patience / 100) {
		if err := do(); err == nil || !inTheWay(err) || time.Now().After(end) {
			return err
		}
	}
}

// SyncDir makes sure that the names in a directory are on disk, where the system can do that. Some file systems cannot.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err = fsyncDir(d); errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return errors.Join(err, d.Close())
}

// fsyncDir is what a test replaces by a file system that cannot do it.
var fsyncDir = (*os.File).Sync
