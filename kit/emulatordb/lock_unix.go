//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package emulatordb

import (
	"os"
	"syscall"
)

// lockedElsewhere reports whether another process has the file open as bbolt
// does. If not, none can until the file is closed.
func lockedElsewhere(file *os.File) bool {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == syscall.EWOULDBLOCK
}

// unlock gives up bbolt's lock, which the memory that is mapped would keep.
func unlock(file *os.File) { _ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN) }
