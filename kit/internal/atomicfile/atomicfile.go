// Package atomicfile replaces files so that at every moment there is a complete file, the old one or the new one.
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

// Write gives a file new content and this mode. A reader sees all of the old content or all of the new one. The new content is on disk when Write
// returns. name must lead to the file without symbolic links.
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

// Replace is Write for a file that everybody can read. The name can lead to it over symbolic links, which are kept. A device or a pipe is written to
// directly.
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

// patience is how long a rename is retried while another process prevents it.
const patience = 2 * time.Second

// Rename gives a file a name that another file may have. Windows refuses that while a process has one of the files open, such as a virus scanner that
// checks a new file. There, Rename retries for two seconds.
func Rename(from, to string) error {
	return retry(func() error { return os.Rename(from, to) })
}

// Create makes a file for writing, with a name that no file has. Windows keeps the name of a removed file while a process has it open. There, Create
// retries for two seconds.
func Create(name string, mode os.FileMode) (f *os.File, err error) {
	err = retry(func() error {
		f, err = os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
		return err
	})
	return f, err
}

// Remove removes a file, with the same retries.
func Remove(name string) error { return retry(func() error { return os.Remove(name) }) }

func retry(do func() error) error {
	for end := time.Now().Add(patience); ; time.Sleep(patience / 100) {
		if err := do(); err == nil || !inTheWay(err) || time.Now().After(end) {
			return err
		}
	}
}

// SyncDir makes sure that the names in a directory are on disk, if the system can do that. Some file systems cannot.
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

// fsyncDir is replaced in a test by a file system that cannot do it.
var fsyncDir = (*os.File).Sync
