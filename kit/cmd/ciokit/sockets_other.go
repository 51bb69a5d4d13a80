//go:build !windows

package main

import "syscall"

// What sockets fail with.
const (
	errRefused   = syscall.ECONNREFUSED
	errAddrInUse = syscall.EADDRINUSE
)
