//go:build !linux

package notebook

import "syscall"

// apart does nothing: there, a child gets a terminal's Ctrl-C too.
func apart() *syscall.SysProcAttr { return nil }
