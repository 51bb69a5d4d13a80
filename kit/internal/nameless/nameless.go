// Package nameless makes temporary files of which nothing is left, however the process ends.
package nameless

import (
	"os"

	"github.com/ciokit/cio/kit/internal/places"
)

// Create makes a file in dir, empty for the usual directory of temporary files. The file has mode 0600 and is for this process alone. It is removed
// when it is closed, or when the process ends for whatever reason.
func Create(dir string) (*os.File, error) {
	f, err := createFile(dir)
	if err != nil && dir == "" {
		err = places.TempError(err)
	}
	return f, err
}
