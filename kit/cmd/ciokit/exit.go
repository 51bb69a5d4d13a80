package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// The exit codes of every command. Where several hold, the order of exitCodesHelp decides.
const (
	exitOK          = 0
	exitLocal       = 1
	exitUsage       = 2
	exitKey         = 3
	exitGuard       = 4
	exitUnavailable = 5
	exitRejects     = 6
	exitChanged     = 7
	exitInterrupted = 130
	exitTerminated  = 143
)

// exitError ends the command with a code; a nil err means that everything has been said.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func fail(code int, format string, args ...any) error {
	return &exitError{code, fmt.Errorf(format, args...)}
}

var exitCodesHelp = &cobra.Command{
	Use:   "exit-codes",
	Short: "What the exit codes mean",
	Long: `Exit codes of all commands:

  0    everything was accepted
  1    local failure: a file that cannot be read or written, a port that is taken
  2    usage: an unknown flag, a wrong mapping, a header that does not fit it
  3    Customer.io refused the write key
  4    stopped by a guard or by --max-errors
  5    the API or the network gave up: nothing was accepted for --give-up-after, or the answer was one that
       trying again does not mend, such as a redirect
  6    finished, and some rows or messages were rejected, or no row had anything in the columns that the mapping
       reads, or ciokit events check or ciokit live has something to report
  7    the input changed while it was loaded, after it was approved, or before it was resumed: what was read is
       accounted for, nobody was deleted, and what the input holds now must be loaded again
  130  interrupted by Ctrl-C; 143 by SIGTERM

Where several hold, the first of 130 and 143, 3, 5, 4, 7, 6 counts.`,
}
