package load

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
)

// openFile writes a file and opens it.
func openFile(t *testing.T, name, text string) source.Source {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	src, err := source.Open(name, source.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return src
}

// A file that changes while it is loaded ends the load. The rows that were read are counted, and nobody is deleted.
func TestInputThatChanges(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "in.csv")
	for _, journal := range []bool{false, true} {
		for what, change := range map[string]func() error{
			"cut":   func() error { return os.Truncate(name, 40) },
			"grown": func() error { return os.WriteFile(name, []byte(manyPeople(30)), 0o600) },
		} {
			t.Run(fmt.Sprint(what, " journal ", journal), func(t *testing.T) {
				c := newMirroring(t, people)
				if _, err := c.load(manyPeople(20)); err != nil {
					t.Fatal(err)
				}
				c.client.send = func(context.Context, int, []cio.Message) error { return change() }
				c.client.accepted = nil
				job := c.job
				job.Source = openFile(t, name, manyPeople(20, 1)+"new,1\n")
				run := func() (Summary, error) { return Run(t.Context(), job) }
				var l *Load
				if journal {
					var err error
					if l, err = Start(t.TempDir(), job); err != nil {
						t.Fatal(err)
					}
					run = func() (Summary, error) { return l.Run(t.Context()) }
				}
				s, err := run()
				checkSum(t, s)
				if !errors.Is(err, ErrInputChanged) || s.Rows != 20 || s.Accepted != 1 || s.Left != 1 || s.Removed != 0 || strings.Contains(strings.Join(c.client.accepted, ""), "User Deleted") {
					t.Errorf("%v: %s", err, counts(s))
				}
				if l != nil && (l.Last().End != ErrInputChanged.Error() || l.CanResume()) {
					t.Errorf("the journal says %q", l.Last().End)
				}
				c.client.send = nil
				if s, err := c.load(manyPeople(20, 1) + "new,1\n"); err != nil || s.Removed != 1 {
					t.Error(err, s.Removed)
				}
			})
		}
	}
}

// A load does what was approved: another input, or other people to delete, end the load.
func TestApproval(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "in.csv")
	for _, tt := range []struct {
		name, in string
		changed  bool
	}{{"as approved", manyPeople(20, 1, 2), false}, {"others", manyPeople(20, 3, 4), true}, {"more", manyPeople(20, 1, 2, 3), true}, {"the same people, another row", strings.Replace(manyPeople(20, 1, 2), "p05,1", "p05,2", 1), true}} {
		t.Run(tt.name, func(t *testing.T) {
			c := newMirroring(t, people)
			if _, err := c.load(manyPeople(20)); err != nil {
				t.Fatal(err)
			}
			job := c.job
			job.Source = openFile(t, name, manyPeople(20, 1, 2))
			plan, err := MakePlan(t.Context(), job, 0)
			if err != nil || plan.Left != 2 {
				t.Fatal(err, plan.Left)
			}
			job.Source, job.Approved = openFile(t, name, tt.in), &plan
			if s, err := Run(t.Context(), job); errors.Is(err, ErrInputChanged) != tt.changed || (s.Removed == 0) != tt.changed {
				t.Errorf("%v: %d removed", err, s.Removed)
			}
		})
	}
	c := newMirroring(t, people) // the snapshot can be another one too
	if _, err := c.load(manyPeople(20)); err != nil {
		t.Fatal(err)
	}
	job := c.job
	job.Source = openFile(t, name, manyPeople(20, 1))
	plan, err := MakePlan(t.Context(), job, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.load(manyPeople(22)); err != nil {
		t.Fatal(err)
	}
	job.Source, job.Approved = openFile(t, name, manyPeople(20, 1)), &plan
	if s, err := Run(t.Context(), job); !errors.Is(err, ErrInputChanged) || s.Removed != 0 {
		t.Error(err, s.Removed)
	}
}

// An input that could be incomplete deletes nobody.
func TestExpectedRows(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pipe    bool
		expect  RowRange
		removed int64
	}{{true, RowRange{}, 0}, {true, RowRange{19, 19}, 1}, {true, RowRange{20, 20}, 0}, {true, RowRange{10, 18}, 0}, {true, RowRange{1, 100}, 1}, {false, RowRange{}, 1}, {false, RowRange{20, 30}, 0}, {false, RowRange{19, 30}, 1}} {
		c := newMirroring(t, people)
		if _, err := c.load(manyPeople(20)); err != nil {
			t.Fatal(err)
		}
		job := c.job
		job.Source, job.ExpectRows = mustSource(t, manyPeople(20, 1), source.Config{}), tt.expect
		if tt.pipe {
			job.Source = job.Source.(wholeSource).Source
		}
		if s, err := Run(t.Context(), job); s.Removed != tt.removed || errors.Is(err, ErrNotWhole) != (tt.removed == 0) {
			t.Errorf("pipe %v, %s rows: %v: %d removed", tt.pipe, tt.expect, err, s.Removed)
		}
	}
	if _, err := Run(t.Context(), Job{Source: mustSource(t, "id\n", source.Config{}), Mapping: mustMapping(t, people), Client: new(fakeClient), ExpectRows: RowRange{3, 2}}); err == nil {
		t.Error("an invalid range was accepted")
	}
}

// The bounds apply to the whole load, however often it is resumed. New bounds of a resumed run apply from then on.
func TestBoundsOfALoad(t *testing.T) {
	t.Parallel()
	const mapping = "messages:\n  - identify: {userId: $id}\n    when: =n != \"9\"\n  - delete_person: {userId: $id}\n    when: =n == \"9\"\n"
	var in strings.Builder
	in.WriteString("id,n\n")
	for i := range 4 * chunkRows {
		fmt.Fprintf(&in, "u%d,%d\n", i, map[bool]int{true: 9, false: 1}[i%64 == 63])
	}
	name, dir := filepath.Join(t.TempDir(), "in.csv"), t.TempDir()
	deleted, refused := make(map[string]bool), 0
	client := &fakeClient{send: func(_ context.Context, _ int, m []cio.Message) error {
		fates := make(map[int]cio.Failure)
		for i := range m {
			who := m[i].(*cio.Encoded).Identity().UserID
			if strings.Contains(text(m[i]), "User Deleted") {
				deleted[who] = true
			}
			if strings.HasSuffix(who, "00") {
				refused++
				fates[i] = cio.Failure{Outcome: cio.OutcomeRejected, Err: &cio.APIError{Status: 400}}
			}
		}
		if len(fates) > 0 {
			return failures(len(m), fates)
		}
		return nil
	}}
	job := Job{Source: openFile(t, name, in.String()), Mapping: mustMapping(t, mapping), Client: client, MaxDeletes: 5, BatchBytes: 3000, MaxErrors: Unlimited}
	l, err := Start(dir, job)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Run(t.Context()); !errors.Is(err, ErrTooManyDeletes) || len(deleted) > 5 || l.Last().Row == 0 {
		t.Fatal(err, len(deleted), l.Last().Row)
	}
	resume := func(deletes, errs int64) error {
		t.Helper()
		again := job
		again.MaxDeletes, again.MaxErrors = deletes, errs
		src, err := source.Open(name, source.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		again.Source = src
		l, err := Resume(dir, l.ID(), again)
		if err != nil {
			t.Fatal(err)
		}
		s, err := l.Run(t.Context())
		checkSum(t, s)
		return err
	}
	for range 3 {
		if err := resume(0, 0); !errors.Is(err, ErrTooManyDeletes) || len(deleted) > 5 {
			t.Errorf("%v: %d deleted", err, len(deleted))
		}
	}
	if err := resume(9, 0); !errors.Is(err, ErrTooManyDeletes) || len(deleted) > 9 {
		t.Errorf("%v: %d deleted", err, len(deleted))
	}
	if err := resume(0, 0); !errors.Is(err, ErrTooManyDeletes) || len(deleted) > 9 {
		t.Errorf("%v: %d deleted", err, len(deleted))
	}
	had := refused
	if err := resume(1000, int64(1)); !errors.Is(err, ErrTooManyErrors) || refused > had {
		t.Errorf("%v: %d refused, %d before", err, refused, had)
	}
	if err := resume(0, Unlimited); err != nil || len(deleted) != 16 {
		t.Errorf("%v: %d deleted", err, len(deleted))
	}
}
