package notebook

import "syscall"

// apart keeps a terminal's Ctrl-C from a child, which is told by this process, and has the system end it with this process.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
