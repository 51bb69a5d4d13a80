package main

import "golang.org/x/sys/windows"

// What sockets fail with; the constants of package syscall are invented on Windows.
const (
	errRefused   = windows.WSAECONNREFUSED
	errAddrInUse = windows.WSAEADDRINUSE
)
