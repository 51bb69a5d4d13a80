package emulator

import (
	"os"
	"syscall"
)

// errReset is the error of reading from a connection that was cut.
var errReset = os.NewSyscallError("wsarecv", syscall.WSAECONNRESET)
