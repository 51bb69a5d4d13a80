package filelock

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// passes reports whether the lock file may be one that is being removed, which cannot be opened for a moment.
func passes(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_DELETE_PENDING) || errors.Is(err, windows.ERROR_ACCESS_DENIED)
}

// takeFormer does nothing: earlier versions had no locks on Windows.
func takeFormer(string) (*os.File, error) { return nil, nil }

func lookFormer(string) (*os.File, error) { return nil, nil }

func releaseFormer(f *os.File) error { return f.Close() }
