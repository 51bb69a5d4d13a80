package load

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/load/internal/snapshot"
	"github.com/ciokit/cio/kit/source"
	"github.com/ciokit/cio/kit/source/sqldb"
)

// failingSource cannot be read.
type failingSource struct{ source.Resumer }

func (failingSource) Next(context.Context, *source.Batch) error {
	return errors.New("the server went away")
}

// A killed load of a table may have sent rows that are not recorded. However a run that resumes it ends early, and however the table has changed, no
// later load may leave out rows that the workspace does not have.
func TestQueryThatWasKilledAndEndsEarlyAgain(t *testing.T) {
	t.Parallel()
	unsent := func(status int) func(context.CancelFunc, int) error {
		return func(_ context.CancelFunc, n int) error {
			return all(n, cio.OutcomeUnsent, &cio.APIError{Status: status})
		}
	}
	const moves = "DELETE FROM people WHERE id = 'u1'" // before the mark
	for name, tt := range map[string]struct {
		change string // before it is resumed
		end    func(stop context.CancelFunc, n int) error
		reason error // nil: it ends well
		marked bool  // it leaves the mark of the killed run
	}{
		"a row before went": {moves, nil, ErrInputChanged, true},
		"interrupted":       {"", func(stop context.CancelFunc, n int) error { stop(); return all(n, cio.OutcomeUnsent, context.Canceled) }, ErrInterrupted, true},
		"gives up":          {"", unsent(503), ErrGaveUp, false},
		"key refused":       {"", func(_ context.CancelFunc, n int) error { return all(n, cio.OutcomeUnsent, cio.ErrUnauthorized) }, ErrKeyRefused, false},
		"too many errors": {"", func(_ context.CancelFunc, n int) error {
			return all(n, cio.OutcomeRejected, &cio.APIError{Status: 400})
		}, ErrTooManyErrors, false},
		"reading fails":    {"fail", nil, ErrSource, true},
		"comes to its end": {"", nil, nil, false},
	} {
		for _, back := range []string{"before it goes on", "behind"} {
			t.Run(name+", changed back "+back, func(t *testing.T) {
				q := newQueryTable(t, 3000)
				q.execute("ALTER TABLE people ADD n INTEGER DEFAULT 1")
				state := make(workspace)
				dead := killable{dir: filepath.Join(q.dir, "state")}
				if err := os.MkdirAll(dead.dir, 0o700); err != nil {
					t.Fatal(err)
				}
				runs := filepath.Join(dead.dir, "runs")
				server := func(end func(n int) error) {
					q.client.send = func(_ context.Context, _ int, messages []cio.Message) error {
						if end != nil {
							if err := end(len(messages)); err != nil {
								return err
							}
						}
						for _, m := range messages {
							state.apply(text(m))
						}
						return nil
					}
				}
				job := func() Job {
					j := q.job(false)
					src, err := sqldb.Open(t.Context(), "sqlite:"+filepath.Join(q.dir, "people.db"), sqldb.Query{SQL: "SELECT id, email, n FROM people", OrderBy: []string{"email"}})
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { src.Close() })
					j.Source = src
					j.Mapping = mustMapping(t, "messages:\n  - identify: {userId: $id, traits: {email: $email, n: $n}}\n")
					j.Changes, j.MaxErrors = ChangeOnly{Snapshot: filepath.Join(dead.dir, "snapshot")}, 3
					return j
				}
				server(nil)
				if _, err := Run(t.Context(), job()); err != nil {
					t.Fatal(err)
				}
				q.execute("UPDATE people SET n = 2")
				var l *Load
				calls := 0
				server(func(n int) error {
					if dead.dead {
						return all(n, cio.OutcomeUnsent, &cio.APIError{Status: 503})
					}
					if calls++; calls == 60 {
						for j, err := ReadJournal(runs, l.ID()); err == nil && j.Last().Row == 0; { // it is written concurrently with the sending
							time.Sleep(time.Millisecond)
							j, err = ReadJournal(runs, l.ID())
						}
						dead.die(t) // and this request arrives
					}
					return nil
				})
				var err error
				if l, err = Start(runs, job()); err != nil {
					t.Fatal(err)
				}
				l.Run(t.Context())
				if !dead.dead {
					t.Fatal("it was not killed")
				}
				dead.bury(t)

				if back == "before it goes on" {
					q.execute("UPDATE people SET n = 1")
				}
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				server(nil)
				if tt.end != nil {
					server(func(n int) error { return tt.end(stop, n) })
				}
				again := job()
				if tt.change == "fail" {
					again.Source = failingSource{again.Source.(source.Resumer)}
				} else if tt.change != "" {
					q.execute(tt.change)
				}
				if l, err = Resume(runs, l.ID(), again); err != nil {
					t.Fatal(err)
				}
				if l.Last().Row == 0 {
					t.Fatal("it begins from the first row")
				}
				if _, err = l.Run(ctx); !errors.Is(err, tt.reason) {
					t.Fatalf("%v", err)
				}
				_, stat := os.Stat(filepath.Join(dead.dir, "snapshot"+snapshot.PendingSuffix))
				if left := stat == nil; left != tt.marked {
					t.Errorf("it ended with %v, and the mark is left: %v", err, left)
				}

				q.execute("UPDATE people SET n = 1")
				server(nil)
				next := job()
				_, err = Run(t.Context(), next)
				if errors.As(err, new(*snapshot.PendingError)) != tt.marked {
					t.Fatalf("the next load: %v", err)
				}
				if err != nil {
					next = job()
					next.Changes.Full = true
					if _, err = Run(t.Context(), next); err != nil {
						t.Fatal(err)
					}
				}
				for thing, n := range state {
					if n != "1" && !(tt.change == moves && strings.HasSuffix(thing, " u1")) {
						t.Errorf("%s has n %s", thing, n)
						return
					}
				}
			})
		}
	}
}
