package notebook

import "syscall"

// apart keeps a terminal's Ctrl-C from a child, because this process passes it on, and makes the system end the child with this process.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
