//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package emulatordb

import "os"

// lockedElsewhere leaves it to bbolt to find out.
func lockedElsewhere(*os.File) bool { return false }

// unlock leaves it to the end of the process.
func unlock(*os.File) {}
