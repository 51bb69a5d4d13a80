package atomicfile

import (
	"errors"

	"golang.org/x/sys/windows"
)

// inTheWay reports whether a rename failed because a process has one of the files open, or because the new name is that of a removed file that a
// process has open.
func inTheWay(err error) bool {
	for _, way := range []error{windows.ERROR_SHARING_VIOLATION, windows.ERROR_ACCESS_DENIED, windows.ERROR_LOCK_VIOLATION, windows.ERROR_FILE_EXISTS, windows.ERROR_DELETE_PENDING} {
		if errors.Is(err, way) {
			return true
		}
	}
	return false
}
