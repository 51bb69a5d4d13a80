// Package nameless makes temporary files of which nothing is left, whatever ends the process.
package nameless

import (
	"errors"
	"os"
	"runtime"
)

// Create makes a file in dir, empty for the usual place of temporary files, of mode 0600 and for this process alone, that is gone when the
// process is. Windows does not remove an open file: there Close does, and a process that is killed leaves it behind.
func Create(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, ".ciokit-*")
	if err != nil {
		return nil, err
	}
	if runtime.GOOS == "windows" {
		return f, nil
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Close closes a file that Create made.
func Close(f *os.File) error {
	err := f.Close()
	if runtime.GOOS == "windows" {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}
