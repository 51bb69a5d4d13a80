//go:build !windows

package destination

import "syscall"

// What sockets fail with: nobody listens, or somebody else does.
const (
	ErrRefused   = syscall.ECONNREFUSED
	ErrAddrInUse = syscall.EADDRINUSE
)
