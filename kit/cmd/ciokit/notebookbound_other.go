//go:build !linux

package main

import "syscall"

// boundToParent does nothing: on these systems, Jupyter ends the kernel's process group.
func boundToParent() *syscall.SysProcAttr { return nil }
