package main

import "github.com/spf13/cobra"

func newExitCodes() *cobra.Command {
	return &cobra.Command{
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
       reads, or ciokit events check, ciokit live, ciokit erase, ciokit verify or ciokit people has something to
       report, such as a receipt that is not as it was written, people who are not gone, or who are not there
  7    the input changed while it was loaded, after it was approved, or before it was resumed: what was read is
       accounted for, nobody was deleted, and what the input holds now must be loaded again
  130  interrupted by Ctrl-C; 143 by SIGTERM

Where several hold, the first of 130 and 143, 3, 5, 4, 7, 6 counts.`,
	}
}
