package emulator

import (
	"os"
	"syscall"
)

// errReset is what reading from a connection that was cut fails with.
var errReset = os.NewSyscallError("wsarecv", syscall.WSAECONNRESET)
