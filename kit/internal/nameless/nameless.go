// Package nameless makes temporary files of which nothing is left, whatever ends the process.
package nameless

import (
	"os"

	"github.com/ciokit/cio/kit/internal/places"
)

// Create makes a file in dir, empty for the usual place of temporary files, of mode 0600 and for this process alone. It is gone when it is closed, and when the
// process ends, however it ends.
func Create(dir string) (*os.File, error) {
	f, err := createFile(dir)
	if err != nil && dir == "" {
		err = places.TempError(err)
	}
	return f, err
}
