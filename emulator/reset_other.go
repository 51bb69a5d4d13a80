//go:build !windows

package emulator

import (
	"os"
	"syscall"
)

// errReset is what reading from a connection that was cut fails with.
var errReset = os.NewSyscallError("read", syscall.ECONNRESET)
