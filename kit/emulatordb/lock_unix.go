//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package emulatordb

import (
	"os"
	"syscall"
)

// lockedElsewhere reports whether another process has the file open with
// bbolt's lock. If not, no process can lock it until the file is closed.
func lockedElsewhere(file *os.File) bool {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == syscall.EWOULDBLOCK
}

// unlock releases bbolt's lock, which the mapped memory would keep.
func unlock(file *os.File) { _ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN) }
