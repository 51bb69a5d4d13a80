package main

import "syscall"

// boundToParent makes the system kill the child when its parent ends.
func boundToParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
