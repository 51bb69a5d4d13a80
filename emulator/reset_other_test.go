//go:build !windows

package emulator

import "syscall"

// ErrnoReset is the error of a cut connection, for tests.
const ErrnoReset = syscall.ECONNRESET
