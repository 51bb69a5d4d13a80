//go:build unix

package main

import (
	"os"
	"os/exec"
	"syscall"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
)

func makePipe(name string) error { return syscall.Mkfifo(name, 0o600) }

// canInterrupt is the value of the condition [interrupts].
func canInterrupt() bool { return true }

// setApart makes a process that can be ended separately.
func setApart(*exec.Cmd) {}

// end ends a process in the way that the code says, and returns its exit code.
func end(p *os.Process, code int) (int, error) {
	switch code {
	case exit.Terminated:
		return code, p.Signal(syscall.SIGTERM)
	case exitKilled:
		return -1, p.Kill() // the code for any signal
	}
	return code, p.Signal(os.Interrupt)
}
