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
       mapping reads. Also: ciokit events check, live, erase, verify or people found a problem, such as a changed
       receipt, people who should be erased and are still there, or people who are missing
  7    the input changed during the load or after you approved the plan, or a resumed query returns other rows. The
       rows that were read are counted. After the change is noticed, --mode mirror deletes nobody.
       Load the input again
  130  interrupted by Ctrl-C; 143 by SIGTERM

If several of them apply, the exit code is the first in this list:

  - 130 or 143
  - 3
  - 5
  - 4, if a safety check or too many rejections stopped the command
  - 7; but 4 if --guard or --deny also rejected some rows
  - 2
  - 1
  - 4, if --guard or --deny rejected some rows, even if other rows were rejected for other reasons
  - 6

If the report of --report cannot be written, exit code 0 becomes 1; any other code stays. If the summary cannot be
printed, the exit code is always 1. If a load fails with 1 or 2 after it has begun, the summary says what was sent.`,
	}
}
