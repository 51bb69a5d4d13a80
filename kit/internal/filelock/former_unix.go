//go:build unix

package filelock

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// passes is for systems where a file that is being removed cannot be opened.
func passes(error) bool { return false }

// takeFormer locks the file itself until it is closed. It returns nil if the file does not exist.
func takeFormer(path string) (*os.File, error) { return lockFormer(path, syscall.LOCK_EX) }

// lookFormer is takeFormer for a check: two checks do not disturb each other.
func lookFormer(path string) (*os.File, error) { return lockFormer(path, syscall.LOCK_SH) }

func lockFormer(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0) // a network file system locks only files that are open for writing
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	taken, err := within(func() (bool, error) {
		for {
			switch err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); {
			case errors.Is(err, syscall.EINTR):
			case errors.Is(err, syscall.EWOULDBLOCK):
				return false, nil
			default:
				return err == nil, err
			}
		}
	})
	switch {
	case err != nil:
		err = explain(path, err)
	case !taken:
		err = &InUseError{Path: path}
	default:
		return f, nil
	}
	return nil, errors.Join(err, f.Close())
}

// releaseFormer releases the lock before it closes the file: a process that is being started has a copy of the file until its program begins, and
// would keep the lock until then.
func releaseFormer(f *os.File) error {
	return errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_UN), f.Close())
}
