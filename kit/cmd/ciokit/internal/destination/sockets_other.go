//go:build !windows

package destination

import "syscall"

// The errors of sockets: no program listens there, or another one does.
const (
	ErrRefused   = syscall.ECONNREFUSED
	ErrAddrInUse = syscall.EADDRINUSE
)
