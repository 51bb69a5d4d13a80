package destination

import "golang.org/x/sys/windows"

// What sockets fail with: nobody listens, or somebody else does. The constants of package syscall are invented on Windows.
const (
	ErrRefused   = windows.WSAECONNREFUSED
	ErrAddrInUse = windows.WSAEADDRINUSE
)
