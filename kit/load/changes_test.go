package load

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/load/internal/snapshot"
	"github.com/ciokit/cio/kit/source"
)

// changing is a series of loads with one snapshot.
type changing struct {
	t      *testing.T
	client *fakeClient
	job    Job
	sent   []string // by the last load
}

func newChanging(t *testing.T, mapping string) *changing {
	c := &changing{t: t, client: new(fakeClient)}
	c.job = Job{Mapping: mustMapping(t, mapping), Client: c.client, Changes: ChangeOnly{Snapshot: filepath.Join(t.TempDir(), "snapshot")}}
	return c
}

func (c *changing) load(in string) (Summary, error) {
	c.t.Helper()
	c.client.accepted = nil
	job := c.job
	job.Source = mustSource(c.t, in, source.Config{})
	s, err := Run(c.t.Context(), job)
	checkSum(c.t, s)
	c.sent = slices.Clone(c.client.accepted)
	return s, err
}

// want loads and checks how many rows are unchanged and whose rows are sent: the users, in their order.
func (c *changing) want(in string, unchanged int64, users string) Summary {
	c.t.Helper()
	s, err := c.load(in)
	if err != nil {
		c.t.Fatal(err)
	}
	if got := c.users(); s.Unchanged != unchanged || got != users {
		c.t.Errorf("load %q: %d unchanged, sent %q; want %d, %q", in, s.Unchanged, got, unchanged, users)
	}
	return s
}

func (c *changing) users() string {
	var users []string
	for _, m := range c.sent {
		_, rest, _ := strings.Cut(m, `"userId":"`)
		user, _, _ := strings.Cut(rest, `"`)
		if strings.Contains(m, `"event":"User Deleted"`) {
			user = "-" + user
		}
		if strings.Contains(m, `"event":"User Suppressed"`) {
			user = "!" + user
		}
		users = append(users, user)
	}
	return strings.Join(users, " ")
}

func TestUnchangedRowsAreLeftOut(t *testing.T) {
	t.Parallel()
	c := newChanging(t, people)
	c.want("id,n\na,1\nb,2\nc,3\n", 0, "a b c")
	c.want("id,n\na,1\nb,2\nc,3\n", 3, "")
	c.want("id,n\nc,3\nb,20\na,1\nd,4\n", 2, "b d")
	c.want("id,n\nb,2\na,1\nc,3\nd,4\n", 3, "b")                     // only the last load counts, not earlier ones
	c.want("n,id,more\n1,a,x\n2,b,y\n", 2, "")                       // columns that the mapping does not read do not count
	c.want("id,n\nc,3\na,1\n", 1, "c")                               // people who were not in the input are forgotten
	c.want("id,n\na,1\na,2\n", 1, "a")                               // c is gone; a has a second row
	c.want("id,n\na,2\na,1\n", 0, "a a")                             // in another order they have another effect
	c.want("id,n\na,1\n", 0, "a")                                    // one of them alone cannot be compared
	c.want("id,n\na,5\na,1\n", 0, "a a")                             // the second has not changed, but the first is sent before it
	c.want("id,n\n", 0, "")                                          // an input without rows is a mistake
	c.want("id,n\nz,1\nz,1\n", 0, "z z")                             // two equal rows are sent as before
	c.want("id,n\nz,1\nz,1\n", 2, "")                                // and left out together
	c.job.Mapping = mustMapping(t, people+"    when: =n != \"7\"\n") // another mapping, the same messages
	c.want("id,n\nz,1\ny,7\n", 1, "")
	c.job.Mapping = mustMapping(t, "messages:\n  - identify: {userId: $id, traits: {n: $n}}\n")
	c.want("id,n\nz,1\n", 0, "z")
	c.job.Changes.Full = true
	c.want("id,n\nz,1\n", 0, "z")
	c.job.Changes.Full = false
	c.want("id,n\nz,1\n", 1, "")
}

// Each kind of message is distinguished from others of its kind by what it is about.
func TestWhatRowsAreAbout(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, mapping, first, second, sent string }{
		{"an event by its messageId", "messages:\n  - track: {userId: $id, event: E, messageId: [$o], properties: {n: $n}}\n", "id,o,n\na,1,x\na,2,y\n", "id,o,n\na,2,y\na,1,z\n", "a"},
		{"an event without one by all it says", "messages:\n  - track: {userId: $id, event: E, timestamp: 2021-01-01T00:00:00Z, properties: {n: $n}}\n", "id,n\na,x\na,y\n", "id,n\na,z\na,y\na,x\n", "a"},
		{"a device by its token", "messages:\n  - set_device: {userId: $id, token: $t, platform: ios, attributes: {n: $n}}\n", "id,t,n\na,1,x\na,2,y\n", "id,t,n\na,2,y\na,1,z\n", "a"},
		{"a relationship by both its ends", "messages:\n  - relate: {userId: $id, objectId: $o, attributes: {n: $n}}\n", "id,o,n\na,1,x\na,2,y\nb,1,x\n", "id,o,n\nb,1,x\na,2,z\na,1,x\n", "a"},
		{"a person by the email address", "messages:\n  - identify: {traits: {email: $e, n: $n}}\n", "e,n\nA@x.example,1\nb@x.example,2\n", "e,n\na@x.example,1\nb@x.example,2\n", ""},
		{"a deletion by the person it is of", "messages:\n  - identify: {userId: $id}\n    when: =s != \"gone\"\n  - delete_person: {userId: $id}\n    when: =s == \"gone\"\n", "id,s\na,\nb,gone\n", "id,s\na,gone\nb,\n", "-a b"},
		{"the context except the library", "messages:\n  - identify: {userId: $id, context: {ip: $ip}}\n", "id,ip\na,1\nb,2\n", "id,ip\na,1\nb,3\n", "b"},
		{"a time that the mapping gives", "messages:\n  - identify: {userId: $id, timestamp: $at}\n", "id,at\na,2021-01-01\nb,2021-01-01\n", "id,at\na,2021-01-01\nb,2021-01-02\n", "b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newChanging(t, tt.mapping)
			if s, err := c.load(tt.first); err != nil || s.Unchanged != 0 {
				t.Fatal(err, s.Unchanged)
			}
			if s, err := c.load(tt.first); err != nil || len(c.sent) > 0 || s.Unchanged != s.Rows {
				t.Fatal(err, c.sent)
			}
			if _, err := c.load(tt.second); err != nil {
				t.Fatal(err)
			}
			if got := c.users(); got != tt.sent {
				t.Errorf("sent %q, want %q: %q", got, tt.sent, c.sent)
			}
		})
	}
}

// A value that returns to that of an old snapshot has changed.
func TestFlippingBack(t *testing.T) {
	t.Parallel()
	c := newChanging(t, "messages:\n  - identify: {userId: $id}\n    when: =s != \"gone\"\n  - delete_person: {userId: $id}\n    when: =s == \"gone\"\n")
	c.want("id,s\na,\nb,\n", 0, "a b")
	c.job.Limit = 1 // b is not read, and stays
	c.want("id,s\na,gone\nb,\n", 0, "-a")
	c.want("id,s\na,\nb,\n", 0, "a")
	c.job.Limit = 0
	c.want("id,s\na,\nb,\n", 2, "")
}

// A row that was not accepted is sent again: rejected here, rejected by the API, not sent, or without an answer.
func TestWhatWasNotAcceptedIsTriedAgain(t *testing.T) {
	t.Parallel()
	c := newChanging(t, people)
	c.want("id,n\na,1\nb,2\nc,3\n", 0, "a b c")
	c.client.send = func(_ context.Context, _ int, m []cio.Message) error {
		return failures(len(m), map[int]cio.Failure{0: {Outcome: cio.OutcomeRejected, Err: &cio.APIError{Status: 400}}})
	}
	c.want("id,n\na,10\nb,20\nc,x\n", 0, "b")
	c.client.send = nil
	c.want("id,n\na,10\nb,20\nc,3\n", 1, "a c")
	c.client.send = func(_ context.Context, _ int, m []cio.Message) error {
		return all(len(m), cio.OutcomeUnknown, &cio.APIError{Status: 500})
	}
	if s, err := c.load("id,n\na,11\nb,20\nc,3\nd,4\n"); !errors.Is(err, ErrGaveUp) || s.Unchanged != 2 || s.Unsent != 2 {
		t.Fatal(err, counts(s))
	}
	c.client.send = nil
	c.want("id,n\na,10\nb,20\nc,3\nd,4\n", 2, "a d") // the last value of a can have been 11
}

// For rows that were not reached, the snapshot keeps what it has.
func TestInterruptedRunKeepsTheRest(t *testing.T) {
	t.Parallel()
	c := newChanging(t, people)
	var in strings.Builder
	in.WriteString("id,n\n")
	for i := range 3000 {
		fmt.Fprintf(&in, "p%d,1\n", i)
	}
	if _, err := c.load(in.String()); err != nil {
		t.Fatal(err)
	}
	c.job.Limit = 1000
	if s, err := c.load(strings.ReplaceAll(in.String(), ",1\n", ",2\n")); err != nil || s.Accepted != 1000 {
		t.Fatal(err, counts(s))
	}
	c.job.Limit = 0
	if s, err := c.load(in.String()); err != nil || s.Accepted != 1000 || s.Unchanged != 2000 {
		t.Fatal(err, counts(s), s.Unchanged)
	}
}

func TestMirror(t *testing.T) {
	t.Parallel()
	twenty := func(without ...int) string {
		var in strings.Builder
		in.WriteString("id,n\n")
		for i := range 20 {
			if !slices.Contains(without, i) {
				fmt.Fprintf(&in, "p%02d,%d\n", i, i)
			}
		}
		return in.String()
	}
	start := func(t *testing.T, mirror Mirror) *changing {
		c := newChanging(t, people)
		c.job.Changes.IDs, c.job.Changes.Mirror = true, mirror
		if s, err := c.load(twenty()); err != nil || s.Accepted != 20 || s.Left != 0 {
			t.Fatal(err, counts(s))
		}
		return c
	}
	t.Run("who left is deleted, once", func(t *testing.T) {
		c := start(t, MirrorDelete)
		s := c.want(twenty(3, 5)+"p99,1\n", 18, "p99 -p03 -p05")
		if s.Left != 2 || s.Removed != 2 || s.Messages != 3 || s.Accepted != 3 || s.Rows != 19 {
			t.Errorf("%s, %+v", counts(s), s)
		}
		c.want(twenty(3, 5)+"p99,1\n", 19, "")
		c.want(twenty(), 18, "p03 p05 -p99") // a person who returns is new
	})
	t.Run("or suppressed", func(t *testing.T) {
		start(t, MirrorSuppress).want(twenty(7), 19, "!p07")
	})
	t.Run("a row that is refused keeps its person", func(t *testing.T) {
		c := start(t, MirrorDelete)
		c.want(strings.Replace(twenty(1), "p00,0", "p00,zero", 1), 18, "-p01")
	})
	t.Run("a row of an unknown person keeps everybody", func(t *testing.T) {
		c := start(t, MirrorDelete)
		s := c.want(strings.Replace(twenty(1), "p00,0", "p00", 1), 18, "")
		if s.Left != 2 || s.LeftAlone != 2 || s.Removed != 0 {
			t.Errorf("%+v", s)
		}
		c.want(twenty(1), 18, "p00 -p01")
	})
	t.Run("upsert keeps who left until a mirror", func(t *testing.T) {
		c := start(t, "")
		c.want(twenty(1), 19, "")
		c.job.Changes.Mirror = MirrorDelete
		c.want(twenty(1), 19, "-p01")
	})
	t.Run("an empty input deletes nobody", func(t *testing.T) {
		c := start(t, MirrorDelete)
		if s, err := c.load("id,n\n"); !errors.Is(err, ErrShrunk) || len(c.sent) > 0 || s.Left != 20 {
			t.Error(err, c.sent)
		}
		c.job.Changes.MaxShrink, c.job.MaxDeletes = 100, 100
		if _, err := c.load("id,n\n"); err != nil || len(c.sent) != 20 {
			t.Error(err, c.sent)
		}
	})
	t.Run("a shrunken input deletes nobody", func(t *testing.T) {
		c := start(t, MirrorDelete)
		rest := twenty(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
		if s, err := c.load(rest); !errors.Is(err, ErrShrunk) || len(c.sent) > 0 || s.Left != 11 || s.Removed != 0 {
			t.Error(err, c.sent)
		}
		c.job.Changes.MaxShrink = 60 // the snapshot still has them
		if s, err := c.load(rest); err != nil || s.Removed != 11 {
			t.Error(err, c.sent)
		}
	})
	t.Run("no more than MaxDeletes", func(t *testing.T) {
		c := start(t, MirrorDelete)
		c.job.MaxDeletes = 1
		if s, err := c.load(twenty(1, 2)); !errors.Is(err, ErrTooManyDeletes) || len(c.sent) > 0 || s.Left != 2 {
			t.Error(err, c.sent)
		}
		c.job.MaxDeletes = 2
		c.want(twenty(1, 2), 18, "-p01 -p02")
	})
	t.Run("a guard is honoured", func(t *testing.T) {
		c := start(t, MirrorDelete)
		c.client.encode = func(m cio.Message) (cio.Encoded, error) {
			if d, ok := m.(cio.DeletePerson); ok && d.UserID == "p01" {
				return cio.Encoded{}, &cio.MessageError{Field: "userId", Rule: cio.RuleGuard, Hint: "no"}
			}
			return cio.Encode(m)
		}
		var rejects strings.Builder
		c.job.Rejects = &rejects
		s := c.want(twenty(1, 2), 18, "-p02")
		if s.Guarded != 1 || s.Rejected != 1 || s.Removed != 1 || !strings.Contains(rejects.String(), `{"file":"(left the input)"`) {
			t.Errorf("%+v, %s", s, &rejects)
		}
		c.want(twenty(1, 2), 18, "")
	})
	t.Run("who could not be deleted is tried again", func(t *testing.T) {
		c := start(t, MirrorDelete)
		c.client.send = func(_ context.Context, _ int, m []cio.Message) error {
			return all(len(m), cio.OutcomeUnsent, &cio.APIError{Status: 503})
		}
		if s, err := c.load(twenty(1)); !errors.Is(err, ErrGaveUp) || s.Unsent != 1 {
			t.Error(err, counts(s))
		}
		c.client.send = nil
		c.want(twenty(1), 19, "-p01")
	})
	t.Run("who left while nothing could be sent is deleted later", func(t *testing.T) {
		c := start(t, MirrorDelete)
		c.client.send = func(_ context.Context, _ int, m []cio.Message) error {
			return all(len(m), cio.OutcomeUnsent, cio.ErrUnauthorized)
		}
		if s, err := c.load(twenty(1) + "p99,1\n"); !errors.Is(err, ErrKeyRefused) || s.Left != 1 || s.Removed != 0 {
			t.Error(err, counts(s))
		}
		c.client.send = nil
		c.want(twenty(1)+"p99,1\n", 19, "p99 -p01")
	})
	t.Run("who all were deleted are new when they come back", func(t *testing.T) {
		c := start(t, MirrorDelete)
		c.job.Changes.MaxShrink = 100
		if s, err := c.load("id,n\n"); err != nil || s.Removed != 20 {
			t.Fatal(err, counts(s))
		}
		if s, err := c.load(twenty()); err != nil || s.Accepted != 20 || s.Unchanged != 0 {
			t.Error(err, counts(s), s.Unchanged)
		}
	})
	t.Run("a dry run reports how many", func(t *testing.T) {
		c := start(t, MirrorDelete)
		c.job.DryRun = true
		if s, err := c.load(twenty(1, 2)); err != nil || len(c.sent) > 0 || s.Left != 2 || s.Unchanged != 18 {
			t.Error(err, s)
		}
		c.job.DryRun = false
		c.want(twenty(1, 2), 18, "-p01 -p02")
	})
}

// A killed run leaves a pending file, because nobody knows what it sent.
func TestPendingRun(t *testing.T) {
	t.Parallel()
	c := newChanging(t, people)
	c.want("id,n\na,1\n", 0, "a")
	pending := c.job.Changes.Snapshot + snapshot.PendingSuffix
	ctx, cancel := context.WithCancel(t.Context())
	c.client.send = func(context.Context, int, []cio.Message) error {
		if _, err := os.Stat(pending); err != nil {
			t.Error(err)
		}
		cancel()
		return all(1, cio.OutcomeUnknown, ctx.Err())
	}
	job := c.job
	job.Source = mustSource(t, "id,n\na,2\n", source.Config{})
	if _, err := Run(ctx, job); !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
	if _, err := os.Stat(pending); !errors.Is(err, os.ErrNotExist) {
		t.Error("an interrupted run can tell what it did: ", err)
	}
	if err := os.WriteFile(pending, []byte("{\"run\":\"20260131-120000-a1b2c3\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.client.send = nil
	var killed *snapshot.PendingError
	if _, err := c.load("id,n\na,3\n"); !errors.As(err, &killed) || killed.Run != "20260131-120000-a1b2c3" || len(c.sent) > 0 {
		t.Error(err)
	}
	c.job.Changes.Full = true
	c.want("id,n\na,1\n", 0, "a")
	c.job.Changes.Full = false
	c.want("id,n\na,1\n", 1, "")
}

func TestSnapshotsThatDoNotFit(t *testing.T) {
	t.Parallel()
	c := newChanging(t, people)
	client, server := emulated(t, cio.Config{})
	job := c.job
	job.Client = client
	job.Source = mustSource(t, "id,n\na,1\n", source.Config{})
	if _, err := Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	if p, err := server.Person("", "a"); err != nil || p.ID == "" {
		t.Fatal(err)
	}
	info, err := snapshot.ReadInfo(job.Changes.Snapshot)
	if err != nil || info.Entries != 1 || info.Target != client.Target() || info.HasIDs {
		t.Errorf("%+v, %v", info, err)
	}
	var bad *snapshot.Error
	elsewhere, err := cio.NewClient(cio.Config{APIKey: "k", Region: cio.RegionEU})
	if err != nil {
		t.Fatal(err)
	}
	job.Client, job.Source = elsewhere, mustSource(t, "id,n\na,1\n", source.Config{})
	if _, err := Run(t.Context(), job); !errors.As(err, &bad) || !strings.Contains(err.Error(), "another") && !strings.Contains(err.Error(), "this load goes to") {
		t.Error(err)
	}
	if err := os.Truncate(job.Changes.Snapshot, 40); err != nil {
		t.Fatal(err)
	}
	if _, err := c.load("id,n\na,1\n"); !errors.As(err, &bad) || len(c.sent) > 0 {
		t.Error(err)
	}
	c.job.Changes.DiffWith = filepath.Join(t.TempDir(), "none")
	if _, err := c.load("id,n\na,1\n"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	for _, wrong := range []ChangeOnly{{Snapshot: "s", Mirror: MirrorDelete}, {Mirror: MirrorDelete, IDs: true}, {IDs: true}, {MaxShrink: 101}, {Snapshot: "s", IDs: true, Mirror: "bury"}} {
		c.job.Changes = wrong
		if _, err := c.load("id,n\na,1\n"); err == nil || !strings.Contains(err.Error(), "ChangeOnly.") {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
}

// The plan says how many rows would be left out and how many people deleted. For that it reads all of the input.
func TestPlanOfChanges(t *testing.T) {
	t.Parallel()
	c := newChanging(t, people)
	c.job.Changes.IDs = true
	c.want("id,n\na,1\nb,2\nc,3\nd,4\n", 0, "a b c d")
	job := c.job
	job.Changes.Mirror = MirrorDelete
	job.Source = mustSource(t, "id,n\na,1\nb,20\ne,5\nd,x\n", source.Config{})
	plan, err := MakePlan(t.Context(), job, 1)
	if err != nil || plan.Sampled != 4 || !plan.Complete || plan.Unchanged != 1 || plan.Left != 1 || plan.Rejected != 1 || plan.Kinds[0].Count != 2 {
		t.Errorf("%v: %+v", err, plan)
	}
	c.want("id,n\na,1\nb,2\nc,3\nd,4\n", 4, "") // it has changed nothing
}

// A mirror that is interrupted while it deletes resumes only the deletions, with the same message ids.
func TestResumedMirror(t *testing.T) {
	t.Parallel()
	c := newChanging(t, people)
	c.job.Changes.IDs = true
	c.want("id,n\na,1\nb,2\nc,3\nd,4\n", 0, "a b c d")
	c.job.Changes.Mirror, c.job.Changes.MaxShrink = MirrorDelete, 90
	dir := t.TempDir()
	journal, err := createJournal(dir, JournalHeader{Source: "people.csv"})
	if err != nil {
		t.Fatal(err)
	}
	const in = "id,n\na,1\nb,20\n"
	var first []string
	c.client.send = func(_ context.Context, _ int, m []cio.Message) error {
		for _, one := range m {
			e, err := cio.Encode(one)
			if err != nil {
				t.Error(err)
			}
			if e.Type() == cio.TypeTrack {
				first = append(first, e.MessageID())
			}
		}
		if len(first) > 0 {
			return all(len(m), cio.OutcomeUnknown, &cio.APIError{Status: 500})
		}
		return nil
	}
	c.job.journal = journal
	if s, err := c.load(in); !errors.Is(err, ErrGaveUp) || s.Accepted != 1 || s.Unsent != 2 || s.Left != 2 || s.Removed != 0 {
		t.Fatal(err, counts(s))
	}
	id := journal.Header().ID
	if err := journal.Close(); err != nil {
		t.Fatal(err)
	}
	if c.job.journal, err = openJournal(dir, id); err != nil {
		t.Fatal(err)
	}
	defer c.job.journal.Close()
	c.client.send = nil
	s, err := c.load(in)
	if err != nil || s.Rows != 2 || s.Unchanged != 1 || s.Removed != 2 || s.Accepted != 3 || c.users() != "-c -d" {
		t.Fatalf("%v: %s, sent %q", err, counts(s), c.users())
	}
	for i, m := range c.client.accepted {
		if !strings.Contains(m, first[i]) {
			t.Errorf("%s has another id than %s", m, first[i])
		}
	}
	if last := c.job.journal.Last(); last.End != EndComplete || last.Removed != 2 || last.Unchanged != 1 {
		t.Errorf("the journal ends with %+v", last)
	}
	if _, err := os.Stat(filepath.Join(dir, id, snapshot.SpoolFile)); !errors.Is(err, os.ErrNotExist) {
		t.Error("the spool is left: ", err)
	}
	c.job.journal = nil
	c.want(in, 2, "")
}
