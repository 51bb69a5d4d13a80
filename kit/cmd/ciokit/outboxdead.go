package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/outbox"
	"github.com/spf13/cobra"
)

func newOutboxDead(con console.Console) *cobra.Command {
	dead := &cobra.Command{
		Use: "dead", Short: "List, retry or drop the messages that were rejected", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var asJSON bool
	var limit int
	list := &cobra.Command{
		Use: "list DIR", Short: "List the messages that were rejected, with the reasons", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withOutbox(cmd, con, args[0], func(ctx context.Context, d outbox.Store) error {
				letters, err := d.Dead(ctx, 0, limit)
				if err != nil {
					return exit.With(exit.Local, err)
				}
				var all []outboxRecord
				for _, l := range letters {
					all = append(all, letterOf(l))
				}
				return printRecords(con, all, asJSON, "There are no dead letters.")
			})
		},
	}
	list.Flags().BoolVar(&asJSON, "json", false, "print JSON, one line for each message")
	list.Flags().IntVar(&limit, "limit", 1000, "how many messages to show at most")
	dead.AddCommand(list,
		newOutboxDeadChange(con, "retry", "Put rejected messages back into the queue, behind all waiting messages",
			`Put rejected messages back into the queue, behind all waiting messages. Later messages of the same person are therefore sent first, or were
sent already. The messages keep their message ids. Damaged messages are not retried.`,
			func(ctx context.Context, d outbox.Store, seqs []uint64) (int, error) { return d.Retry(ctx, seqs) }, "put back"),
		newOutboxDeadChange(con, "drop", "Remove rejected messages permanently", "Remove rejected messages permanently. Nobody can restore them.",
			func(ctx context.Context, d outbox.Store, seqs []uint64) (int, error) { return d.Drop(ctx, seqs) }, "removed"))
	return dead
}

// newOutboxDeadChange returns a command that changes dead letters.
func newOutboxDeadChange(con console.Console, name, short, long string, do func(context.Context, outbox.Store, []uint64) (int, error), done string) *cobra.Command {
	var all, asJSON bool
	cmd := &cobra.Command{
		Use: name + " DIR SEQUENCE...", Short: short, Long: long, Args: cobra.MinimumNArgs(1),
		Example: fmt.Sprintf("  ciokit outbox dead %s /var/lib/orders/outbox 17 23\n  ciokit outbox dead %s /var/lib/orders/outbox --all", name, name),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withOutbox(cmd, con, args[0], func(ctx context.Context, d outbox.Store) error {
				seqs, err := sequences(cmd, d, args[0], args[1:], all)
				if err != nil {
					return err
				}
				n, err := do(ctx, d, seqs)
				if err != nil {
					return exit.With(exit.Local, fmt.Errorf("%s were %s before: %w", plural.Count(int64(n), "message", "messages"), done, err))
				}
				if asJSON {
					return json.NewEncoder(con.Out).Encode(map[string]int{"asked": len(seqs), "done": n})
				}
				fmt.Fprintf(con.Out, "%s of %s %s.\n", plural.Grouped(int64(n)), plural.Count(int64(len(seqs)), "dead letter", "dead letters"), done)
				if n < len(seqs) && !all {
					return exit.Fail(exit.Local, "%s not %s: there is no dead letter with this number, or it is damaged", plural.Grouped(int64(len(seqs)-n)), done)
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all rejected messages")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
