//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package emulatordb

import "os"

// lockedElsewhere leaves the check to bbolt.
func lockedElsewhere(*os.File) bool { return false }

// unlock does nothing: the lock ends with the process.
func unlock(*os.File) {}
