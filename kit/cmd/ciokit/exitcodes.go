package main

import "github.com/spf13/cobra"

func newExitCodes() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "What the exit codes mean",
		Long: `Exit codes of all commands:

  0    everything was accepted
  1    local failure: a file that cannot be read or written, a database that does not answer, a port that is taken
  2    usage: an unknown flag, a wrong mapping, a header that does not match the mapping, or a load that cannot be
       resumed, because its file has changed
  3    Customer.io refused the write key
  4    stopped by a safety check, such as --max-deletes or --max-shrink, or by --max-errors. Also: finished, but
       --guard or --deny rejected some rows
  5    the API or the network failed: nothing was accepted during the time of --give-up-after, or the answer
       is one that a retry cannot change, such as a redirect
  6    finished, with a problem: some rows or messages were rejected, or no row had a value in the columns that the
       mapping reads. Also: ciokit events check, live, erase, verify or people found a problem, such as a receipt
       that somebody has changed, people who are not gone, or people who are not there
  7    the input changed while it was loaded or after it was approved, or a resumed query returns other rows: every
       row that was read is counted, nobody was deleted, and you must load the input again
  130  interrupted by Ctrl-C; 143 by SIGTERM

If several of them apply, the exit code is the first in this list:

  - 130 or 143
  - 3
  - 5
  - 4, if a safety check or too many rejections stopped the command
  - 7; if --guard or --deny rejected some rows too, the exit code is 4 and not 7
  - 2
  - 1
  - 4, if the only reason is that --guard or --deny rejected some rows
  - 6

If the report of --report cannot be written, the exit code is 1 only if it would be 0 otherwise. If the summary cannot
be printed, the exit code is always 1. If a load fails with 1 or 2 after it has begun, the summary says what was sent.`,
	}
}
