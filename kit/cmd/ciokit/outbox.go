package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/ciokit/cio/outbox"
	"github.com/ciokit/cio/outbox/postgres"
	"github.com/spf13/cobra"
)

func newOutbox(con console.Console) *cobra.Command {
	top := &cobra.Command{
		Use:   "outbox",
		Short: "Inspect the outbox of a service, and repair it",
		Long: `An outbox is a directory where a service keeps messages until Customer.io has accepted them. All these commands work while the service runs.
If it does not run, they first check the files, as the service does when it starts: they report damaged messages, and keep the others.

An outbox can also be in tables of PostgreSQL. Then DIR is the address of the database, such as postgres://orders@db.example.com/orders, or
env:NAME for an environment variable that contains the address. The password comes from PGPASSWORD or ~/.pgpass.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	top.AddCommand(newOutboxStatus(con), newOutboxPeek(con), newOutboxDead(con), newOutboxPurge(con), newOutboxExport(con), newOutboxImport(con), newOutboxMigrate(con))
	top.PersistentFlags().String("schema", "", "the schema of the tables, if the outbox is in PostgreSQL (default "+postgres.DefaultSchema+")")
	return top
}

// outboxStatus is what status prints.
type outboxStatus struct {
	Dir string `json:"dir"`
	// Owner is the process that uses it; nil for none.
	Owner         *outbox.Owner   `json:"owner"`
	Queued        int64           `json:"queued"`
	QueuedBytes   int64           `json:"queued_bytes"`
	Oldest        *time.Time      `json:"oldest"`
	OldestSeconds float64         `json:"oldest_seconds"`
	Dead          int64           `json:"dead"`
	DeadBytes     int64           `json:"dead_bytes"`
	FileBytes     int64           `json:"file_bytes"`
	Last          uint64          `json:"last_sequence"`
	Damages       []outbox.Damage `json:"damages"`
	// Lanes are the lanes of an outbox in PostgreSQL.
	Lanes []postgres.Lane `json:"lanes,omitempty"`
}

func newOutboxStatus(con console.Console) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "status DIR", Short: "Show how many messages wait, for how long, and how many were rejected", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withOutbox(cmd, con, args[0], func(ctx context.Context, d outbox.Store) error {
				s, err := statusOf(ctx, d, args[0])
				if err != nil {
					return exit.With(exit.Local, err)
				}
				if asJSON {
					return json.NewEncoder(con.Out).Encode(s)
				}
				return s.print(con)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func statusOf(ctx context.Context, d outbox.Store, dir string) (s outboxStatus, err error) {
	st, err := d.Stats(ctx)
	if err != nil {
		return s, err
	}
	s = outboxStatus{Dir: shownPlace(dir), Queued: st.Queued, QueuedBytes: st.QueuedBytes, Dead: st.Dead, DeadBytes: st.DeadBytes, FileBytes: st.FileBytes, Last: st.Last}
	if !st.Oldest.IsZero() {
		s.Oldest, s.OldestSeconds = &st.Oldest, max(0, time.Since(st.Oldest).Seconds())
	}
	switch d := d.(type) {
	case *postgres.Store:
		s.Lanes, err = d.Lanes(ctx)
	case *outbox.Disk:
		s.Owner = d.Owner()
		s.Damages, err = outbox.ReadDamages(dir)
	}
	return s, err
}

func (s *outboxStatus) print(con console.Console) error {
	t := tabwriter.NewWriter(con.Out, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(t, "%s\t%s\n", name, printed.Line(fmt.Sprintf(format, args...)))
	}
	if s.Lanes != nil {
		s.printLanes(line)
	} else if s.Owner != nil {
		line("in use by", "%s", s.Owner)
	} else {
		line("in use by", "nobody: no messages are sent")
	}
	line("waiting", "%s, %s", plural.Count(s.Queued, "message", "messages"), console.ByteSize(s.QueuedBytes))
	if s.Oldest != nil {
		line("the oldest", "of %s, for %s", s.Oldest.Local().Format(time.DateTime), console.Seconds(s.OldestSeconds))
	}
	line("dead letters", "%s, %s", plural.Grouped(s.Dead), console.ByteSize(s.DeadBytes))
	line("on disk", "%s", console.ByteSize(s.FileBytes))
	for _, d := range s.Damages {
		line("damage", "%s: %s; the files as they were: %s", d.Found.Local().Format(time.DateTime), d, d.Copy)
	}
	return t.Flush()
}

// outboxRecord is a message as the commands print it. Bytes is only set for a damaged message, whose contents are not known.
type outboxRecord struct {
	Seq      uint64          `json:"seq"`
	At       time.Time       `json:"at"`
	Message  json.RawMessage `json:"message,omitempty"`
	Bytes    []byte          `json:"bytes,omitempty"`
	Rejected *time.Time      `json:"rejected,omitempty"`
	Reason   string          `json:"reason,omitempty"`
	Damaged  bool            `json:"damaged,omitempty"`
}

func recordOf(r outbox.Record) outboxRecord {
	o := outboxRecord{Seq: r.Seq, At: r.At, Damaged: r.Damaged}
	if r.Damaged || !json.Valid(r.Bytes) {
		o.Bytes = r.Bytes
	} else {
		o.Message = r.Bytes
	}
	return o
}

func letterOf(l outbox.DeadLetter) outboxRecord {
	o := recordOf(l.Record)
	o.Rejected, o.Reason = &l.Rejected, l.Reason
	return o
}

// about returns the cells of a message in a table: its type, its id, and its person.
func (o outboxRecord) about() (typ, id, who string) {
	var m cio.Encoded
	if m.UnmarshalJSON(o.Message) != nil {
		return "?", "?", "?"
	}
	identity := m.Identity()
	for _, text := range []string{identity.UserID, identity.AnonymousID, identity.Email, identity.GroupID} {
		if who == "" {
			who = text
		}
	}
	return string(m.Type()), m.MessageID(), who
}

func newOutboxPeek(con console.Console) *cobra.Command {
	var asJSON bool
	var limit int
	cmd := &cobra.Command{
		Use: "peek DIR", Short: "Show the waiting messages, the next one first", Args: cobra.ExactArgs(1),
		Long: `Show the waiting messages, the next one first. Each line says whose message it is. With --json it is the full message, which is personal
data.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withOutbox(cmd, con, args[0], func(ctx context.Context, d outbox.Store) error {
				records, err := d.Read(ctx, 0, limit)
				if err != nil {
					return exit.With(exit.Local, err)
				}
				var all []outboxRecord
				for _, r := range records {
					all = append(all, recordOf(r))
				}
				return printRecords(con, all, asJSON, "Nothing waits.")
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, one line for each message")
	cmd.Flags().IntVar(&limit, "limit", 20, "how many messages to show at most")
	return cmd
}

func printRecords(con console.Console, all []outboxRecord, asJSON bool, none string) error {
	if asJSON {
		out := json.NewEncoder(con.Out)
		out.SetEscapeHTML(false)
		for _, o := range all {
			if err := out.Encode(o); err != nil {
				return err
			}
		}
		return nil
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(con.Out, none)
		return err
	}
	t := tabwriter.NewWriter(con.Out, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "SEQUENCE\tSTORED\tTYPE\tMESSAGE ID\tOF")
	if all[0].Rejected != nil {
		fmt.Fprint(t, "\tREASON")
	}
	fmt.Fprintln(t)
	for _, o := range all {
		typ, id, who := o.about()
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s", o.Seq, o.At.Local().Format(time.DateTime), typ, printed.Line(id), printed.Line(who))
		if o.Rejected != nil {
			fmt.Fprintf(t, "\t%s", printed.Line(o.Reason))
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

func newOutboxPurge(con console.Console) *cobra.Command {
	var ids []string
	var file string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "purge DIR --id ID", Short: "Remove all messages of a person, waiting or rejected, permanently", Args: cobra.ExactArgs(1),
		Long: `Remove all messages of a person, waiting or rejected: each message whose user id, anonymous id, previous id or object id is one of the ids,
or whose trait email is one of the addresses. The files keep no part of these messages. First make the service reject the person, with
Config.Guard: otherwise the service can store new messages. Messages that the service has in memory or is sending at that moment may
still be sent. A damaged message does not show whose it is, so remove damaged messages too: ciokit outbox dead drop. In PostgreSQL,
VACUUM removes the bytes from the tables; the server's log and backups keep them.`,
		Example: `  ciokit outbox purge /var/lib/orders/outbox --id 42 --id jane@example.com`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if file != "" {
				more, err := (&erasePerson{file: file}).read(con)
				if err != nil {
					return err
				}
				ids = append(ids, more...)
			}
			if len(ids) == 0 {
				return exit.Fail(exit.Usage, "say whose messages to remove: --id ID, once for each id and address of the person, or --id-file FILE")
			}
			return withOutbox(cmd, con, args[0], func(ctx context.Context, d outbox.Store) error {
				return purgeOutbox(ctx, con, d, args[0], ids, asJSON)
			})
		},
	}
	cmd.Flags().StringArrayVar(&ids, "id", nil, "an id or email address of the person; can be given several times; it stays in the history of a shell")
	cmd.Flags().StringVar(&file, "id-file", "", "file with the ids and addresses, one on each line; - is standard input, which leaves no trace")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func purgeOutbox(ctx context.Context, con console.Console, d outbox.Store, dir string, ids []string, asJSON bool) error {
	queued, dead, err := d.Purge(ctx, outbox.Of(ids...))
	if err != nil {
		return exit.With(exit.Local, err)
	}
	var copies []outbox.Damage
	if _, onDisk := d.(*outbox.Disk); onDisk {
		if copies, err = outbox.ReadDamages(dir); err != nil {
			return exit.With(exit.Local, err)
		}
	}
	if asJSON {
		return json.NewEncoder(con.Out).Encode(map[string]int{"queued": queued, "dead": dead, "copies_of_damaged_files": len(copies)})
	}
	fmt.Fprintf(con.Out, "%s removed from the queue, %s from the dead letters.\n", plural.Count(int64(queued), "message", "messages"), plural.Count(int64(dead), "message", "messages"))
	for _, c := range copies {
		fmt.Fprintf(con.Out, "The copy of damaged files in %s may also contain messages of this person; remove the copy when you do not need it.\n", c.Copy)
	}
	return nil
}

// sequences reads the given numbers, or returns the numbers of all dead letters.
func sequences(cmd *cobra.Command, d outbox.Store, dir string, args []string, all bool) (seqs []uint64, err error) {
	list := nextOutbox(cmd, "outbox dead list", dir)
	switch {
	case all && len(args) > 0:
		return nil, exit.Fail(exit.Usage, "give either --all or numbers, not both")
	case !all && len(args) == 0:
		return nil, exit.Fail(exit.Usage, "give the numbers of dead letters, or --all; to see the numbers: %s", list)
	}
	for _, arg := range args {
		n, err := strconv.ParseUint(arg, 10, 63)
		if err != nil || n == 0 {
			return nil, exit.Fail(exit.Usage, "%q is not the number of a dead letter; to see the numbers: %s", arg, list)
		}
		seqs = append(seqs, n)
	}
	if all {
		err = eachLetter(cmd.Context(), d, func(l outbox.DeadLetter) error {
			seqs = append(seqs, l.Seq)
			return nil
		})
	}
	return seqs, err
}

// eachLetter calls f with each dead letter.
func eachLetter(ctx context.Context, d outbox.Store, f func(outbox.DeadLetter) error) error {
	for after := uint64(0); ; {
		letters, err := d.Dead(ctx, after, 500)
		if err != nil {
			return exit.With(exit.Local, err)
		}
		if len(letters) == 0 {
			return nil
		}
		for _, l := range letters {
			if err := f(l); err != nil {
				return err
			}
			after = l.Seq
		}
	}
}

func notThere(err error) bool { return errors.Is(err, fs.ErrNotExist) }
