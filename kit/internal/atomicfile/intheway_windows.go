package atomicfile

import (
	"errors"

	"golang.org/x/sys/windows"
)

// inTheWay reports whether a rename failed because somebody has one of the files open.
func inTheWay(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_LOCK_VIOLATION)
}
