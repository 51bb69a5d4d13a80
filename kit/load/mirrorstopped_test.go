package load

import (
	"bytes"
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
)

// crash keeps links to the files that a load removes when it ends, to restore the files of a process that is killed before.
type crash struct {
	t        *testing.T
	snapshot string
	was      []byte // the snapshot that the load began with; nil for none
	kept     string // its pending file, while it grows
}

// crashing must be called before the load, with its client.
func crashing(t *testing.T, file string, client *fakeClient) *crash {
	t.Helper()
	k := &crash{t: t, snapshot: file, kept: filepath.Join(t.TempDir(), "word")}
	var err error
	if k.was, err = os.ReadFile(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	before := client.send
	client.send = func(ctx context.Context, call int, m []cio.Message) error {
		if err := os.Link(file+snapshot.PendingSuffix, k.kept); err != nil && !errors.Is(err, os.ErrExist) {
			t.Error(err)
		}
		if before == nil {
			return nil
		}
		return before(ctx, call, m)
	}
	return k
}

// late restores the files as they are when the new snapshot has its name.
func (k *crash) late() {
	k.t.Helper()
	if err := os.Rename(k.kept, k.snapshot+snapshot.PendingSuffix); err != nil {
		k.t.Fatal(err)
	}
}

// early restores the files as they are before that.
func (k *crash) early() {
	k.t.Helper()
	k.late()
	err := os.Remove(k.snapshot)
	if k.was != nil {
		err = os.WriteFile(k.snapshot, k.was, 0o600)
	}
	if err != nil {
		k.t.Fatal(err)
	}
}

// After a load with another mapping that ends before everything is sent, nobody is left out: the next load counts the people who have left, and
// deletes those whom the mapping itself has made.
func TestNewMappingThatEndsEarly(t *testing.T) {
	t.Parallel()
	const before, during, after = "id,n\na,1\nb,1\nc,1\nd,1\n", "id,n\nx,2\na,2\nb,2\nc,2\n", "id,n\na,2\nb,2\nc,2\n"
	for _, tt := range []struct {
		name    string
		stop    func(*changing, context.CancelFunc)
		killed  bool
		alone   int64  // people who are counted
		removed string // by the load after that
	}{
		{"refusals", func(c *changing, _ context.CancelFunc) {
			c.job.MaxErrors = None
			c.client.send = func(_ context.Context, _ int, m []cio.Message) error {
				return failures(len(m), map[int]cio.Failure{1: {Outcome: cio.OutcomeRejected, Err: &cio.APIError{Status: 400}}, 2: {Outcome: cio.OutcomeRejected, Err: &cio.APIError{Status: 400}}})
			}
		}, false, 2, ""},
		{"an outage", func(c *changing, _ context.CancelFunc) {
			c.client.send = func(_ context.Context, _ int, m []cio.Message) error {
				return failures(len(m), map[int]cio.Failure{1: {Outcome: cio.OutcomeUnsent, Err: &cio.APIError{Status: 503}}})
			}
		}, false, 2, ""},
		{"an interruption", func(c *changing, cancel context.CancelFunc) {
			c.job.BatchBytes = 1
			c.client.send = func(ctx context.Context, _ int, m []cio.Message) error {
				if m[0].(*cio.Encoded).Identity().UserID == "x" {
					return nil
				}
				cancel()
				return all(len(m), cio.OutcomeUnsent, ctx.Err())
			}
		}, false, 2, ""},
		{"kill -9", func(*changing, context.CancelFunc) {}, true, 2, "-x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newMirroring(t, people)
			c.want(before, 0, "a b c d")
			c.job.Mapping, c.job.Changes.NewMapping = mustMapping(t, people+"# another\n"), true
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			tt.stop(c, cancel)
			killed := crashing(t, c.job.Changes.Snapshot, c.client)
			job := c.job
			job.Source = mustSource(t, during, source.Config{})
			s, err := Run(ctx, job)
			if (err == nil) != tt.killed || s.Removed != 0 || !tt.killed && s.LeftAlone != 0 {
				t.Fatalf("%v: removed %d, left alone %d", err, s.Removed, s.LeftAlone)
			}
			if tt.killed {
				killed.early()
			}
			c.client.send, c.job.MaxErrors = nil, 0
			c.job.Changes.NewMapping, c.job.Changes.Full = false, true
			if _, err := c.load(after); !errors.As(err, new(*snapshot.Error)) || len(c.sent) > 0 {
				t.Fatalf("the load after it must say that another mapping is meant: %v", err)
			}
			c.job.Changes.NewMapping = true
			if s, err := c.load(after); err != nil || s.Left != tt.alone || s.LeftAlone != tt.alone || s.Removed != 0 || strings.Contains(c.users(), "-") {
				t.Errorf("%v: left %d, left alone %d: %s", err, s.Left, s.LeftAlone, c.users())
			}
			c.job.Changes.NewMapping, c.job.Changes.Full = false, false
			c.want(after, 3, tt.removed)
			c.want(after, 3, "")
		})
	}
}

// A resumed load counts the people who have left as if it had not been interrupted.
func TestNewMappingThatIsResumed(t *testing.T) {
	t.Parallel()
	c := newMirroring(t, people)
	c.want("id,n\na,1\nb,1\nc,1\n", 0, "a b c")
	c.job.Mapping, c.job.Changes.NewMapping = mustMapping(t, people+"# another\n"), true
	name := filepath.Join(t.TempDir(), "in.csv")
	if err := os.WriteFile(name, []byte("id,n\na,2\n"+strings.Repeat("z,bad\n", 2*chunkRows)+"b,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	job, dir := c.job, t.TempDir()
	job.BatchBytes = 1
	c.client.send = func(_ context.Context, _ int, m []cio.Message) error {
		if m[0].(*cio.Encoded).Identity().UserID == "b" {
			return all(len(m), cio.OutcomeUnsent, &cio.APIError{Status: 503})
		}
		return nil
	}
	load := func(begin func() (*Load, error)) (string, Summary, error) {
		t.Helper()
		l, err := begin()
		if err != nil {
			t.Fatal(err)
		}
		s, err := l.Run(t.Context())
		return l.ID(), s, err
	}
	open := func() {
		t.Helper()
		var err error
		if job.Source, err = source.Open(name, source.Config{}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { job.Source.Close() })
	}
	open()
	id, s, err := load(func() (*Load, error) { return Start(dir, job) })
	if !errors.Is(err, ErrGaveUp) || s.LeftAlone != 0 {
		t.Fatal(err, s.LeftAlone)
	}
	c.client.send = nil
	open()
	if _, s, err = load(func() (*Load, error) { return Resume(dir, id, job) }); err != nil || s.LeftAlone != 1 || s.Removed != 0 {
		t.Errorf("%v: left alone %d", err, s.LeftAlone)
	}
	c.job.Changes.NewMapping = false
	c.want("id,n\na,2\nb,2\n", 2, "")
}

// A process is killed when the new snapshot has its name, and before it has recorded its end. Whether it is resumed or another load follows, nobody
// is deleted twice and nobody is forgotten, and an approval of that load is valid.
func TestKilledBehindTheNewSnapshot(t *testing.T) {
	t.Parallel()
	filler := strings.Repeat("f,1\n", 2*chunkRows) // so that there is a row from which it can be resumed
	before := "id,n\na,1\nb,1\nc,1\nd,1\n" + filler
	for _, resumed := range []bool{false, true} {
		t.Run(map[bool]string{false: "another load", true: "resumed"}[resumed], func(t *testing.T) {
			c := newMirroring(t, people)
			c.job.MaxDeletes = 10
			name, dir := filepath.Join(t.TempDir(), "in.csv"), t.TempDir()
			// approved loads the text after its plan has been made, with a journal or without one, and checks who is deleted.
			approved := func(text, id string, journal bool, want string, left int64) *Load {
				t.Helper()
				if id == "" {
					if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				job := c.job
				open := func() source.Source {
					src, err := source.Open(name, source.Config{})
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { src.Close() })
					return src
				}
				job.Source = open()
				if id == "" {
					plan, err := MakePlan(t.Context(), job, AllRows)
					if err != nil || plan.Left != left {
						t.Fatalf("%v: the plan has %d leave, want %d", err, plan.Left, left)
					}
					job.Source, job.Approved = open(), &plan
				}
				c.client.accepted = nil
				var l *Load
				var err error
				switch {
				case id != "":
					l, err = Resume(dir, id, job)
				case journal:
					l, err = Start(dir, job)
				}
				if err != nil {
					t.Fatal(err)
				}
				run := func(ctx context.Context) (Summary, error) { return Run(ctx, job) }
				if l != nil {
					run = l.Run
				}
				s, err := run(t.Context())
				c.sent = c.client.accepted
				var deleted []string
				for _, id := range strings.Fields(c.users()) {
					if id[0] == '-' {
						deleted = append(deleted, id)
					}
				}
				if got := strings.Join(deleted, " "); err != nil || got != want || s.Left != left {
					t.Fatalf("%v: deleted %q, want %q; %d left, want %d", err, got, want, s.Left, left)
				}
				return l
			}
			approved(before, "", false, "", 0)
			// A load that has made x is killed; the next one deletes x, who has left, and d, and is killed at its end.
			c.job.Changes.Full = true
			killed := crashing(t, c.job.Changes.Snapshot, c.client)
			approved(before+"x,1\n", "", false, "", 0)
			killed.early()
			c.client.send = nil
			killed = crashing(t, c.job.Changes.Snapshot, c.client)
			after := "id,n\na,1\nb,1\nc,1\n" + filler
			spool := filepath.Join(t.TempDir(), "spool")
			linked := c.client.send
			c.client.send = func(ctx context.Context, call int, m []cio.Message) error {
				if found, _ := filepath.Glob(filepath.Join(dir, "*", snapshot.SpoolFile)); len(found) == 1 {
					if err := os.Link(found[0], spool); err != nil && !errors.Is(err, os.ErrExist) {
						t.Error(err)
					}
				}
				if data, err := m[0].(*cio.Encoded).AppendJSON(nil); resumed && (err != nil || bytes.Contains(data, []byte("User Deleted"))) {
					// All rows are before it. The journal is written concurrently with the load, and its second to last checkpoint must have a row.
					for at := int64(0); at == 0 && ctx.Err() == nil; time.Sleep(time.Millisecond) {
						ids, err := filepath.Glob(filepath.Join(dir, "*", journalFile))
						if err != nil || len(ids) != 1 {
							t.Error(ids, err)
							break
						}
						if j, err := ReadJournal(dir, filepath.Base(filepath.Dir(ids[0]))); err == nil {
							at = j.Last().Row
						}
					}
				}
				return linked(ctx, call, m)
			}
			l := approved(after, "", resumed, "-d -x", 2)
			killed.late()
			c.client.send = nil
			if resumed {
				journal := filepath.Join(dir, l.ID(), journalFile)
				lines, err := os.ReadFile(journal)
				if err == nil {
					lines = lines[:strings.LastIndexByte(strings.TrimSuffix(string(lines), "\n"), '\n')+1]
					err = errors.Join(os.WriteFile(journal, lines, 0o600), os.Rename(spool, filepath.Join(dir, l.ID(), snapshot.SpoolFile)))
				}
				if err != nil {
					t.Fatal(err)
				}
				if j, err := ReadJournal(dir, l.ID()); err != nil || j.Last().Row == 0 || j.Last().End != "" {
					t.Fatal(err, j.Last())
				}
				approved("", l.ID(), true, "", 0)
			}
			c.job.Changes.Full = false
			approved(after, "", false, "", 0)
			approved(strings.Replace(after, "c,1\n", "", 1), "", false, "-c", 1)
			approved(strings.Replace(after, "c,1\n", "", 1), "", false, "", 0)
		})
	}
}

// If another load was killed, what a load sent before it ended early may be outdated, and people of that load must not be forgotten.
func TestResumeAfterAnotherLoadWasKilled(t *testing.T) {
	t.Parallel()
	c := newMirroring(t, people)
	c.job.Changes.Full, c.job.BatchBytes = true, 1
	in := "id,n\na,2\n" + strings.Repeat("z,bad\n", 2*chunkRows) + "b,2\n"
	name, dir := filepath.Join(t.TempDir(), "in.csv"), t.TempDir()
	if err := os.WriteFile(name, []byte(in), 0o600); err != nil {
		t.Fatal(err)
	}
	c.want("id,n\na,1\nb,1\n", 0, "a b")
	c.client.send = func(_ context.Context, _ int, m []cio.Message) error {
		if m[0].(*cio.Encoded).Identity().UserID == "b" {
			return all(len(m), cio.OutcomeUnsent, &cio.APIError{Status: 503})
		}
		return nil
	}
	job := c.job
	open := func() {
		t.Helper()
		var err error
		if job.Source, err = source.Open(name, source.Config{}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { job.Source.Close() })
	}
	open()
	l, err := Start(dir, job)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Run(t.Context()); !errors.Is(err, ErrGaveUp) || l.Last().Row == 0 {
		t.Fatal(err, l.Last().Row)
	}
	c.client.send = nil
	killed := crashing(t, c.job.Changes.Snapshot, c.client)
	c.want("id,n\na,3\nb,3\nx,3\n", 0, "a b x")
	killed.early()
	c.client.send = nil
	open()
	again, err := Resume(dir, l.ID(), job)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := again.Run(t.Context()); !errors.As(err, new(*snapshot.PendingError)) || s.Accepted > 1 {
		t.Errorf("%v: accepted %d", err, s.Accepted)
	}
	c.want("id,n\na,2\nb,2\n", 0, "a b -x")
	c.job.Changes.Full = false
	c.want("id,n\na,2\nb,2\n", 2, "")
}

// People whom a load names instead of deleting are in its rejects when it has ended, even if deletions stopped it first and it was resumed.
func TestNamedAgainAfterDeletionsStopped(t *testing.T) {
	t.Parallel()
	c := newMirroring(t, people)
	c.want("id,n\na,1\nb,1\nd,1\n", 0, "a b d")
	c.client.send = unanswered("x")
	if _, err := c.load("id,n\na,1\nb,1\nd,1\nx,1\n"); !errors.Is(err, ErrGaveUp) {
		t.Fatal(err)
	}
	dir, tmp := t.TempDir(), t.TempDir()
	name, denied := filepath.Join(tmp, "in.csv"), filepath.Join(tmp, "denied")
	if err := errors.Join(os.WriteFile(name, []byte("id,n\na,2\n"), 0o600), os.WriteFile(denied, []byte("d\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	deny, err := ReadDenyList(denied, DenyConfig{})
	if err != nil {
		t.Fatal(err)
	}
	job := c.job
	job.RejectsFile, job.Deny = filepath.Join(tmp, "rejects.jsonl"), deny
	c.client.send = func(_ context.Context, _ int, m []cio.Message) error {
		if strings.Contains(text(m[0]), "User Deleted") {
			return all(len(m), cio.OutcomeUnsent, &cio.APIError{Status: 503})
		}
		return nil
	}
	id := ""
	for _, begin := range []func() (*Load, error){func() (*Load, error) { return Start(dir, job) }, func() (*Load, error) { return Resume(dir, id, job) }} {
		if job.Source, err = source.Open(name, source.Config{}); err != nil {
			t.Fatal(err)
		}
		defer job.Source.Close()
		l, err := begin()
		if err != nil {
			t.Fatal(err)
		}
		resumed := id != ""
		id = l.ID()
		s, err := l.Run(t.Context())
		if s.Left != 3 || s.Rejected != 2 || resumed && (err != nil || s.Removed != 1) || !resumed && (!errors.Is(err, ErrGaveUp) || s.Removed != 0) {
			t.Errorf("%v: %d left, %d removed, %d rejected", err, s.Left, s.Removed, s.Rejected)
		}
		c.client.send = nil
	}
	rejects, err := os.ReadFile(job.RejectsFile)
	if err != nil || strings.Count(string(rejects), "\n") != 2 || !strings.Contains(string(rejects), `\"x\"`) || !strings.Contains(string(rejects), `\"d\"`) {
		t.Errorf("%v: %s", err, rejects)
	}
	c.want("id,n\na,2\n", 1, "") // a person who was named is not named again
}
