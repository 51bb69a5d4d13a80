package main

import (
	"errors"
	"os"
	"os/exec"
	"syscall"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"golang.org/x/sys/windows"
)

func makePipe(string) error { return errors.ErrUnsupported }

// canInterrupt is the value of the condition [interrupts]: only the processes of a console can get Ctrl-C.
func canInterrupt() bool {
	codePage, err := windows.GetConsoleCP()
	return err == nil && codePage != 0
}

// setApart makes a process that can be ended separately.
func setApart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

// end ends a process in the way that the code says, and returns its exit code.
func end(p *os.Process, code int) (int, error) {
	if code == exitKilled {
		return 1, p.Kill()
	}
	return exit.Interrupted, windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(p.Pid)) // the Ctrl-C of a separate group
}
