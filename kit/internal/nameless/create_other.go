//go:build !windows

package nameless

import (
	"errors"
	"os"
)

// createFile removes the file's name; the open file remains usable.
func createFile(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, ".ciokit-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
