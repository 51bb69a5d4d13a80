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

// takeFormer locks the file itself until it is closed. It is nil if there is none.
func takeFormer(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0) // a network file system locks only what can be written
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return f, nil
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EWOULDBLOCK):
			err = &InUseError{Path: path}
		default:
			err = explain(path, err)
		}
		return nil, errors.Join(err, f.Close())
	}
}
