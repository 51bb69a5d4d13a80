package load

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
)

// Two rows of a file can say different things about a person. Until the second row is settled, what the first row said does not count as what the
// workspace has, however often the load is interrupted before.
func TestInterruptedTwiceBeforeALaterRowOfOnePerson(t *testing.T) {
	t.Parallel()
	for _, other := range []bool{false, true} {
		t.Run(fmt.Sprint("compared with another snapshot ", other), func(t *testing.T) {
			dir := t.TempDir()
			rows := func(first, last string) string {
				var b strings.Builder
				b.WriteString("id,n\n" + first + "\n")
				for i := range 3 * chunkRows {
					fmt.Fprintf(&b, "u%d,1\n", i)
				}
				return b.String() + last
			}
			client := &fakeClient{}
			job := func(in string) Job {
				return Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, people), Client: client, Concurrency: 1, BatchBytes: 2000,
					Changes: ChangeOnly{Snapshot: filepath.Join(dir, "snapshot")}, Fingerprint: "the same"}
			}
			if other {
				first := job(rows("x,1", ""))
				first.Changes.Snapshot = filepath.Join(dir, "other")
				if _, err := Run(t.Context(), first); err != nil {
					t.Fatal(err)
				}
			}
			compared := func(in string) Job {
				j := job(in)
				if other {
					j.Changes.DiffWith = filepath.Join(dir, "other")
					in = strings.ReplaceAll(in, ",1\n", ",3\n") // so that they are sent
					j.Source = mustSource(t, strings.Replace(in, "x,3\n", "y,3\n", 1), source.Config{})
				}
				return j
			}
			twice := rows("x,1", "x,2\n")
			l, err := Start(filepath.Join(dir, "runs"), compared(twice))
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			client.send = func(_ context.Context, _ int, messages []cio.Message) error {
				for _, m := range messages {
					if strings.Contains(text(m), `"n":2`) {
						stop()
						return all(len(messages), cio.OutcomeUnknown, context.Canceled) // it arrives
					}
				}
				return nil
			}
			if _, err := l.Run(ctx); !errors.Is(err, ErrInterrupted) || l.Last().Row == 0 {
				t.Fatal(err, l.Last().Row)
			}
			again := compared(twice)
			again.Source = stopping{again.Source}
			if l, err = Resume(filepath.Join(dir, "runs"), l.ID(), again); err != nil {
				t.Fatal(err)
			}
			client.send = nil
			if _, err := l.Run(t.Context()); !errors.Is(err, ErrSource) {
				t.Fatal(err)
			}
			client.accepted = nil
			next := job("id,n\nx,1\n")
			if _, err := Run(t.Context(), next); err != nil {
				t.Fatal(err)
			}
			if len(client.accepted) != 1 {
				t.Errorf("the workspace has 2 of x, and nobody says 1: %q", client.accepted)
			}
		})
	}
}

// stopping cannot be read.
type stopping struct{ source.Source }

func (stopping) Next(context.Context, *source.Batch) error { return errors.New("the disk went away") }
