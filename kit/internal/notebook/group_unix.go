//go:build unix

package notebook

import (
	"os"
	"os/signal"
	"syscall"
)

// EndGroup ends the other processes of this process's group, if it leads one. For a kernel these are the programs of cells that still run.
func EndGroup() {
	if syscall.Getpgrp() != os.Getpid() {
		return
	}
	signal.Ignore(syscall.SIGTERM)
	syscall.Kill(-os.Getpid(), syscall.SIGTERM)
}
