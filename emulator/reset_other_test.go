//go:build !windows

package emulator

import "syscall"

// ErrnoReset is for tests of what a cut connection fails with.
const ErrnoReset = syscall.ECONNRESET
