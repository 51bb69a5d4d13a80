package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/outbox"
	"github.com/spf13/cobra"
)

func newOutboxExport(con console.Console) *cobra.Command {
	var dead bool
	cmd := &cobra.Command{
		Use: "export DIR", Short: "Write the waiting messages to standard output, as lines of JSON", Args: cobra.ExactArgs(1),
		Long: `Write the waiting messages to standard output, or with --dead the rejected ones, as one line of JSON each. Nothing is removed. The output is
personal data. ciokit outbox import reads it into another outbox.`,
		Example: `  ciokit outbox export /var/lib/orders/outbox > queue.jsonl`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withOutbox(cmd, con, args[0], func(ctx context.Context, d outbox.Store) error {
				w := bufio.NewWriter(con.Out)
				out := json.NewEncoder(w)
				out.SetEscapeHTML(false)
				if err := exportOutbox(ctx, d, dead, out); err != nil {
					return err
				}
				return w.Flush()
			})
		},
	}
	cmd.Flags().BoolVar(&dead, "dead", false, "write the rejected messages instead")
	return cmd
}

func exportOutbox(ctx context.Context, d outbox.Store, dead bool, out *json.Encoder) error {
	if dead {
		return eachLetter(ctx, d, func(l outbox.DeadLetter) error { return out.Encode(letterOf(l)) })
	}
	for after := uint64(0); ; {
		records, err := d.Read(ctx, after, 500)
		if err != nil {
			return exit.With(exit.Local, err)
		}
		if len(records) == 0 {
			return nil
		}
		for _, r := range records {
			if err := out.Encode(recordOf(r)); err != nil {
				return err
			}
			after = r.Seq
		}
	}
}

func newOutboxImport(con console.Console) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "import DIR FILE", Short: "Put messages into an outbox, from a file that export has written", Args: cobra.ExactArgs(2),
		Long: `Put messages into an outbox, behind all waiting messages, from a file that ciokit outbox export has written; if FILE is -,
from standard input. A line can also be a message as the API receives it. The messages keep their message ids. All lines are checked first: if
one is wrong, nothing is stored. The directory is created if it is missing.`,
		Example: `  ciokit outbox import /var/lib/orders/outbox queue.jsonl`,
		RunE: func(cmd *cobra.Command, args []string) error {
			messages, err := readMessages(con, args[1])
			if err != nil {
				return err
			}
			d, err := openOutbox(cmd, con, args[0], true)
			if notThere(err) {
				d, err = openOutbox(cmd, con, args[0], false)
			}
			if err != nil {
				return err
			}
			n, err := importInto(cmd.Context(), d, messages)
			if err != nil {
				return errors.Join(exit.Fail(exit.Local, "of the messages only the first %d of %d are stored: %w", n, len(messages), err), closeOutbox(d))
			}
			if err := closeOutbox(d); err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(con.Out).Encode(map[string]int{"stored": n})
			}
			fmt.Fprintf(con.Out, "%s stored.\n", plural.Count(int64(n), "message", "messages"))
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// importInto stores messages and returns how many it stored.
func importInto(ctx context.Context, d outbox.Store, messages []cio.Encoded) (n int, err error) {
	for n < len(messages) {
		part := messages[n:min(n+500, len(messages))]
		if err := d.Append(ctx, part); err != nil {
			return n, err
		}
		n += len(part)
	}
	return n, nil
}

// readMessages reads a file whose lines are messages, or contain one each.
func readMessages(con console.Console, name string) (messages []cio.Encoded, err error) {
	in := con.In
	if name == "-" {
		name = "standard input"
	} else {
		f, err := os.Open(name)
		if err != nil {
			return nil, exit.With(exit.Local, err)
		}
		defer func() { _ = f.Close() }() // it is only read
		in = f
	}
	lines := json.NewDecoder(bufio.NewReader(in))
	for n := 1; ; n++ {
		var raw json.RawMessage
		if err := lines.Decode(&raw); errors.Is(err, io.EOF) {
			return messages, nil
		} else if err != nil {
			return nil, exit.Fail(exit.Usage, "%s, message %d: it is not valid JSON (%w); nothing was stored", name, n, err)
		}
		var line outboxRecord
		if err := json.Unmarshal(raw, &line); err != nil {
			return nil, exit.Fail(exit.Usage, "%s, message %d: it is not a message of ciokit outbox export (%w); nothing was stored", name, n, err)
		}
		if line.Damaged {
			return nil, exit.Fail(exit.Usage, "%s, message %d: it is damaged and cannot be sent; remove its line. Nothing was stored", name, n)
		}
		if line.Message != nil {
			raw = line.Message
		}
		var m cio.Encoded
		if err := m.UnmarshalJSON(raw); err != nil {
			return nil, exit.Fail(exit.Usage, "%s, message %d: %w; nothing was stored", name, n, err)
		}
		messages = append(messages, m)
	}
}
