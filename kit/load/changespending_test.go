package load

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/load/internal/snapshot"
	"github.com/ciokit/cio/kit/source"
)

// killed leaves the pending file of a killed run next to a snapshot.
func killed(t *testing.T, file, run string) {
	t.Helper()
	if err := os.WriteFile(file+snapshot.PendingSuffix, []byte(`{"run":"`+run+`"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A load of everything that ends early knows only of the rows that it has sent itself.
func TestFullLoadThatEndsEarlyForgetsTheRest(t *testing.T) {
	t.Parallel()
	const in = "id,n\na,1\nb,1\nc,1\n"
	c := newChanging(t, people)
	c.want(in, 0, "a b c")
	killed(t, c.job.Changes.Snapshot, "") // that run may have sent another value of c
	c.job.Changes.Full, c.job.Limit = true, 1
	c.want(in, 0, "a")
	c.job.Changes.Full, c.job.Limit = false, 0
	c.want(in, 1, "b c")
	c.want(in, 3, "")
}

// While a load is under way, no other load can begin with its snapshot or remove another run's pending file.
func TestLoadsOfOneSnapshotAtOnce(t *testing.T) {
	t.Parallel()
	for _, first := range []bool{true, false} {
		c := newChanging(t, people)
		if !first {
			c.want("id,n\na,1\n", 0, "a")
		}
		tried := 0
		other := c.job
		c.client.send = func(context.Context, int, []cio.Message) error {
			for _, full := range []bool{true, false} {
				second := other
				second.Changes.Full = full
				second.Client, second.Source = new(fakeClient), mustSource(t, "id,n\nb,1\n", source.Config{})
				var pending *snapshot.PendingError
				if _, err := Run(t.Context(), second); !errors.As(err, &pending) || !pending.Running {
					t.Errorf("first %v, full %v: %v", first, full, err)
				}
				tried++
			}
			return nil
		}
		c.want("id,n\na,2\n", 0, "a")
		if tried != 2 {
			t.Errorf("%d other loads", tried)
		}
		if _, err := os.Stat(c.job.Changes.Snapshot + snapshot.PendingSuffix); !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
	}
}

// The pending file of the snapshot to be renewed counts too, even if this run compares with another snapshot.
func TestPendingRunOfTheSnapshotToBeRenewed(t *testing.T) {
	t.Parallel()
	c := newChanging(t, people)
	c.want("id,n\na,1\n", 0, "a")
	data, err := os.ReadFile(c.job.Changes.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	c.job.Changes.DiffWith = filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(c.job.Changes.DiffWith, data, 0o600); err != nil {
		t.Fatal(err)
	}
	killed(t, c.job.Changes.Snapshot, "X")
	var pending *snapshot.PendingError
	if _, err := c.load("id,n\na,2\n"); !errors.As(err, &pending) || pending.Run != "X" || pending.Running || pending.File != c.job.Changes.Snapshot {
		t.Error(err)
	}
	if _, err := os.Stat(c.job.Changes.DiffWith + snapshot.PendingSuffix); !errors.Is(err, os.ErrNotExist) {
		t.Error("a load that did not begin said that it was under way: ", err)
	}
	if _, err := os.Stat(c.job.Changes.Snapshot + snapshot.PendingSuffix); err != nil {
		t.Error("the other run's pending file was removed: ", err)
	}
}

// The same file with two paths is locked once.
func TestDiffWithTheSnapshotByAnotherPath(t *testing.T) {
	t.Parallel()
	c := newChanging(t, people)
	c.want("id,n\na,1\n", 0, "a")
	dir := filepath.Dir(c.job.Changes.Snapshot)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Skip(err)
	}
	if _, err := os.Stat(link); err != nil {
		t.Skip("wine makes links that are none: ", err)
	}
	c.job.Changes.DiffWith = filepath.Join(link, filepath.Base(c.job.Changes.Snapshot))
	c.want("id,n\na,1\nb,1\n", 1, "b")
}

// After a killed first load there is no snapshot to compare with, so the next load sends everything.
func TestFirstLoadThatWasKilled(t *testing.T) {
	t.Parallel()
	c := newChanging(t, people)
	killed(t, c.job.Changes.Snapshot, "20260131-120000-a1b2c3")
	c.want("id,n\na,1\n", 0, "a")
	c.want("id,n\na,1\n", 1, "")
}

// keyed is a client with a write key.
type keyed struct {
	fakeClient
	target, key string
}

func (k *keyed) Target() string             { return k.target }
func (k *keyed) KeyHash(salt []byte) []byte { return slices.Concat(salt[:4], []byte(k.key)) }

// With a snapshot that was made with another write key, perhaps that of another workspace, nothing is left out and nobody is deleted.
func TestSnapshotOfAnotherKey(t *testing.T) {
	t.Parallel()
	c := newMirroring(t, people)
	load := func(client *keyed, in string) (Summary, error) {
		job := c.job
		job.Client, job.Source = client, mustSource(t, in, source.Config{})
		return Run(t.Context(), job)
	}
	const target = "https://cdp.customer.io"
	if s, err := load(&keyed{target: target, key: "one"}, "id,n\na,1\nb,1\n"); err != nil || s.Accepted != 2 {
		t.Fatal(err)
	}
	if s, err := load(&keyed{target: target, key: "one"}, "id,n\na,1\nb,1\n"); err != nil || s.Unchanged != 2 {
		t.Fatal(err, s.Unchanged)
	}
	var bad *snapshot.Error
	for _, other := range []*keyed{{target: target, key: "two"}, {target: "https://cdp-eu.customer.io", key: "one"}} {
		if s, err := load(other, "id,n\na,1\n"); !errors.As(err, &bad) || bad.Hint == "" || s.Accepted > 0 || len(other.accepted) > 0 {
			t.Errorf("%s: %v", other.target, err)
		}
	}
	c.job.Changes.Full = true // the key was replaced
	if s, err := load(&keyed{target: target, key: "two"}, "id,n\na,1\n"); err != nil || s.Accepted != 1 || s.Left != 0 {
		t.Error(err, counts(s), s.Left)
	}
	c.job.Changes.Full = false
	if s, err := load(&keyed{target: target, key: "two"}, "id,n\na,1\n"); err != nil || s.Unchanged != 1 || s.Left != 0 {
		t.Error(err, counts(s), s.Left)
	}
}

// A plan that was approved with a replaced key is what the load then does.
func TestPlanWithAnotherKey(t *testing.T) {
	t.Parallel()
	c := newMirroring(t, people)
	load := func(key, in string) (Plan, error, error) {
		job := c.job
		job.Client, job.Source = &keyed{key: key}, mustSource(t, in, source.Config{})
		plan, refused := MakePlan(t.Context(), job, AllRows)
		job.Source, job.Approved = mustSource(t, in, source.Config{}), &plan
		_, err := Run(t.Context(), job)
		return plan, refused, err
	}
	if _, refused, err := load("one", "id,n\na,1\nb,1\n"); refused != nil || err != nil {
		t.Fatal(refused, err)
	}
	if _, refused, err := load("two", "id,n\na,1\n"); !errors.As(refused, new(*snapshot.Error)) || !errors.As(err, new(*snapshot.Error)) {
		t.Errorf("the plan says %v, and the load %v", refused, err)
	}
	c.job.Changes.Full = true
	if plan, refused, err := load("two", "id,n\na,1\n"); refused != nil || err != nil || plan.Left != 0 {
		t.Errorf("%d would leave: %v, %v", plan.Left, refused, err)
	}
}

// A run cannot be resumed after another load has renewed its snapshot. The files that the run kept, which can contain ids in clear text, are removed.
func TestSupersededRun(t *testing.T) {
	t.Parallel()
	c := newChanging(t, people)
	c.job.Changes.IDs = true
	c.want("id,n\na,1\nb,1\n", 0, "a b")
	dir := t.TempDir()
	journal, err := createJournal(dir, JournalHeader{})
	if err != nil {
		t.Fatal(err)
	}
	id := journal.Header().ID
	c.job.journal, c.job.BatchBytes = journal, 1
	c.client.send = func(_ context.Context, call int, m []cio.Message) error {
		if call == 2 { // the second of this load
			return all(len(m), cio.OutcomeUnsent, &cio.APIError{Status: 503})
		}
		return nil
	}
	in := "id,n\na,2\n" + strings.Repeat("z,bad\n", 2*chunkRows) + "b,2\n"
	if s, err := c.load(in); !errors.Is(err, ErrGaveUp) || journal.Last().Row == 0 {
		t.Fatal(err, counts(s), journal.Last().Row)
	}
	if err := journal.Close(); err != nil {
		t.Fatal(err)
	}
	c.job.journal, c.client.send = nil, nil
	c.want("id,n\na,2\nb,2\n", 1, "b")
	for range 2 {
		if c.job.journal, err = openJournal(dir, id); err != nil {
			t.Fatal(err)
		}
		if _, err := c.load(in); !errors.Is(err, ErrSuperseded) || errors.Is(err, ErrSnapshot) || strings.Contains(err.Error(), "could not") || len(c.sent) > 0 {
			t.Error(err, c.sent)
		}
		if err := c.job.journal.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, id, snapshot.SpoolFile)); !errors.Is(err, os.ErrNotExist) {
			t.Error("what the run kept is left: ", err)
		}
	}
	c.job.journal = nil
	c.want("id,n\na,2\nb,2\n", 2, "")
}
