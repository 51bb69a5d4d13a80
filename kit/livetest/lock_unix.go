//go:build unix

package livetest

import (
	"os"
	"syscall"
)

// lockFile takes the file for this process until it is closed, or fails at once. The system lets go of it when the process dies.
func lockFile(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
