package destination

import "golang.org/x/sys/windows"

// The errors of sockets: no program listens there, or another one does. The constants of package syscall are invented on Windows.
const (
	ErrRefused   = windows.WSAECONNREFUSED
	ErrAddrInUse = windows.WSAEADDRINUSE
)
