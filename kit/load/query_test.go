package load

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
	"github.com/ciokit/cio/kit/source/sqldb"
)

// queryTable is a table of people in SQLite, identified by their addresses, with loads of it.
type queryTable struct {
	t      *testing.T
	dir    string
	client *fakeClient
}

func newQueryTable(t *testing.T, people int) *queryTable {
	q := &queryTable{t, t.TempDir(), &fakeClient{}}
	q.execute("CREATE TABLE people (id TEXT, email TEXT)")
	q.execute(fmt.Sprintf("WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n+1 FROM c WHERE n < %d) INSERT INTO people SELECT 'u' || n, printf('p%%05d@x.example', n * 10) FROM c", people-1))
	return q
}

func (q *queryTable) execute(statements ...string) {
	q.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(q.dir, "people.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		q.t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := db.ExecContext(q.t.Context(), s); err != nil {
			q.t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		q.t.Fatal(err)
	}
}

func (q *queryTable) job(mirror bool) Job {
	q.t.Helper()
	src, err := sqldb.Open(q.t.Context(), "sqlite:"+filepath.Join(q.dir, "people.db"), sqldb.Query{SQL: "SELECT id, email FROM people", OrderBy: []string{"email"}})
	if err != nil {
		q.t.Fatal(err)
	}
	q.t.Cleanup(func() { src.Close() })
	job := Job{Source: src, Mapping: mustMapping(q.t, "messages:\n  - identify: {userId: $id, traits: {email: $email}}\n"), Client: q.client, BatchBytes: 2000}
	if mirror {
		job.Changes = ChangeOnly{Snapshot: filepath.Join(q.dir, "snapshot"), IDs: true, Mirror: MirrorDelete, Full: true}
	}
	return job
}

func (q *queryTable) runs() string { return filepath.Join(q.dir, "runs") }

// interrupted starts a load that is interrupted when some rows, but not all, are settled, and returns its id and the number of these rows.
func (q *queryTable) interrupted(mirror bool) (id string, rows int64) {
	q.t.Helper()
	ctx, cancel := context.WithCancel(q.t.Context())
	defer cancel()
	from := q.client.calls
	q.client.send = func(ctx context.Context, call int, m []cio.Message) error {
		if call-from < 40 {
			return nil
		}
		cancel()
		return all(len(m), cio.OutcomeUnsent, ctx.Err())
	}
	l, err := Start(q.runs(), q.job(mirror))
	if err != nil {
		q.t.Fatal(err)
	}
	if _, err := l.Run(ctx); !errors.Is(err, ErrInterrupted) || l.Last().Row == 0 || len(l.Last().Mark) == 0 || l.Last().Who == "" {
		q.t.Fatalf("%v, %+v", err, l.Last())
	}
	q.client.send = nil
	return l.ID(), l.Last().Row
}

// resume resumes a load.
func (q *queryTable) resume(id string, mirror bool) (*Load, Summary, error) {
	q.t.Helper()
	l, err := Resume(q.runs(), id, q.job(mirror))
	if err != nil {
		q.t.Fatal(err)
	}
	s, err := l.Run(q.t.Context())
	return l, s, err
}

// sent returns the people who were sent, and those who were deleted.
func (q *queryTable) sent() (people, deleted []string) {
	for _, m := range q.client.accepted {
		_, id, _ := strings.Cut(m, `"userId":"`)
		id, _, _ = strings.Cut(id, `"`)
		if strings.Contains(m, `"User Deleted"`) {
			deleted = append(deleted, id)
		} else {
			people = append(people, id)
		}
	}
	return people, deleted
}

// A load of a table is resumed if the earlier rows have not changed, and otherwise reports what is wrong, for any number of rows.
func TestResumedQuery(t *testing.T) {
	t.Parallel()
	const appear = "INSERT INTO people SELECT 'new' || id, 'a' || email FROM people LIMIT 50" // before all others
	for name, tt := range map[string]struct {
		change  []string
		refused bool
		rows    int64
	}{
		"nothing":                           {nil, false, 2000},
		"rows appear after the mark":        {[]string{"INSERT INTO people VALUES ('z', 'z@x.example')"}, false, 2001},
		"rows disappear after the mark":     {[]string{"DELETE FROM people WHERE id = 'u1999'"}, false, 1999},
		"an address changes after the mark": {[]string{"UPDATE people SET email = 'z@x.example' WHERE id = 'u1999'"}, false, 2000},
		"50 appear":                         {[]string{appear}, true, 0},
		"50 appear and 50 go":               {[]string{"DELETE FROM people WHERE rowid BETWEEN 11 AND 60", appear}, true, 0},
		"two change places":                 {[]string{"UPDATE people SET id = CASE id WHEN 'u3' THEN 'u1990' ELSE 'u3' END WHERE id IN ('u3', 'u1990')"}, true, 0},
		"one comes forward as another goes": {[]string{"UPDATE people SET email = 'p00015@x.example' WHERE id = 'u1990'", "DELETE FROM people WHERE id = 'u5'"}, true, 0},
		"all go":                            {[]string{"DELETE FROM people"}, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			q := newQueryTable(t, 2000)
			id, settled := q.interrupted(false)
			if settled < 100 {
				t.Fatalf("only %d rows are settled", settled)
			}
			before, _ := q.sent()
			q.execute(tt.change...)
			l, s, err := q.resume(id, false)
			people, _ := q.sent()
			if tt.refused {
				var changed *source.ChangedError
				if !errors.Is(err, ErrInputChanged) || !errors.As(err, &changed) || errors.Is(err, ErrSource) || len(people) != len(before) || l.CanResume() || l.Last().End != ErrInputChanged.Error() {
					t.Fatalf("%v, %d more were sent, %+v", err, len(people)-len(before), l.Last())
				}
				if !strings.Contains(err.Error(), fmt.Sprintf("the first %d rows", settled)) || !strings.Contains(err.Error(), "begin a new load") {
					t.Error(err)
				}
				return
			}
			slices.Sort(people)
			if people = slices.Compact(people); err != nil || s.Rows != tt.rows || !s.Complete || len(people) < 1999 {
				t.Errorf("%v, %s, %d people", err, counts(s), len(people))
			}
		})
	}
}

// A mirror that was killed and resumed deletes nobody who is in the table: a customer's new address moves her row to a part that the load has already
// read, while another person who was read there leaves.
func TestResumedMirrorOfAQuery(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change  []string
		deleted []string
		changed bool
		later   []string // deleted by the next load; in the last case u5's address is hers
	}{
		"nothing changes":       {nil, []string{"u1998"}, false, nil},
		"another person leaves": {[]string{"DELETE FROM people WHERE id = 'u1997'"}, []string{"u1997", "u1998"}, false, nil},
		"her address changes, and one who was read leaves": {[]string{"UPDATE people SET email = 'a@x.example' WHERE id = 'u1990'", "DELETE FROM people WHERE id = 'u5'"}, nil, true, []string{"u1998", "u5"}},
		"she takes the place of one who was read":          {[]string{"DELETE FROM people WHERE id IN ('u5', 'u1990')", "INSERT INTO people VALUES ('u1990', 'p00050@x.example')"}, nil, true, []string{"u1998"}},
	} {
		t.Run(name, func(t *testing.T) {
			q := newQueryTable(t, 2000)
			if _, err := Run(t.Context(), q.job(true)); err != nil {
				t.Fatal(err)
			}
			q.execute("DELETE FROM people WHERE id = 'u1998'")
			id, _ := q.interrupted(true)
			q.execute(tt.change...)
			_, s, err := q.resume(id, true)
			_, deleted := q.sent()
			slices.Sort(deleted)
			if errors.Is(err, ErrInputChanged) != tt.changed || err != nil && !tt.changed || !slices.Equal(deleted, tt.deleted) || s.Removed != int64(len(tt.deleted)) {
				t.Errorf("%v, deleted %v", err, deleted)
			}
			if !tt.changed {
				return
			}
			// The next load finds the people who have left.
			q.client.accepted = nil
			job := q.job(true)
			s, err = Run(t.Context(), job)
			_, deleted = q.sent()
			if slices.Sort(deleted); err != nil || !slices.Equal(deleted, tt.later) {
				t.Errorf("%v, %s, deleted %v", err, counts(s), deleted)
			}
		})
	}
}

// If only values of earlier rows have changed, a load is resumed. A mirror then deletes nobody and reports it, however often it is resumed.
func TestResumedQueryWithOtherValues(t *testing.T) {
	t.Parallel()
	q := newQueryTable(t, 2000)
	q.execute("ALTER TABLE people ADD plan TEXT")
	job := func(mirror bool) Job {
		src, err := sqldb.Open(t.Context(), "sqlite:"+filepath.Join(q.dir, "people.db"), sqldb.Query{SQL: "SELECT id, email, plan FROM people", OrderBy: []string{"id"}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { src.Close() })
		j := q.job(mirror)
		j.Source, j.Mapping = src, mustMapping(t, "messages:\n  - identify: {userId: $id, traits: {email: $email, plan: $plan}}\n")
		return j
	}
	for _, mirror := range []bool{false, true} {
		if _, err := Run(t.Context(), job(mirror)); err != nil {
			t.Fatal(err)
		}
		q.execute("DELETE FROM people WHERE rowid = (SELECT max(rowid) FROM people)")
		stopped := func(run func(context.Context) error) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			from := q.client.calls
			q.client.send = func(ctx context.Context, call int, m []cio.Message) error {
				if call-from < 40 {
					return nil
				}
				cancel()
				return all(len(m), cio.OutcomeUnsent, ctx.Err())
			}
			if err := run(ctx); !errors.Is(err, ErrInterrupted) {
				t.Fatal(err)
			}
			q.client.send = nil
		}
		var id string
		stopped(func(ctx context.Context) error {
			l, err := Start(q.runs(), job(mirror))
			if err != nil {
				t.Fatal(err)
			}
			id = l.ID()
			_, err = l.Run(ctx)
			return err
		})
		q.execute("UPDATE people SET plan = 'pro' WHERE id = 'u0'")
		stopped(func(ctx context.Context) error {
			l, err := Resume(q.runs(), id, job(mirror))
			if err != nil {
				t.Fatal(err)
			}
			_, err = l.Run(ctx)
			return err
		})
		l, err := Resume(q.runs(), id, job(mirror))
		if err != nil {
			t.Fatal(err)
		}
		s, err := l.Run(t.Context())
		if !s.Complete || s.Removed != 0 || (err != nil) != mirror || mirror && (!errors.Is(err, ErrInputChanged) || s.Left != 1 || !strings.Contains(err.Error(), "rows, which were read before the load was resumed, have changed")) {
			t.Errorf("mirror %v: %v, %s, left %d", mirror, err, counts(s), s.Left)
		}
		q.execute("UPDATE people SET plan = NULL")
	}
}

// A load that an earlier version began is refused, with its version.
func TestResumedQueryOfAnEarlierVersion(t *testing.T) {
	t.Parallel()
	q := newQueryTable(t, 2000)
	id, _ := q.interrupted(false)
	j, err := openJournal(q.runs(), id)
	if err != nil {
		t.Fatal(err)
	}
	last := j.Last()
	last.Mark, last.Who = []byte(`[{"kind":"text","text":"p00050@x.example"}]`), ""
	if err := errors.Join(j.write(last), j.Close()); err != nil {
		t.Fatal(err)
	}
	before := len(q.client.accepted)
	if _, _, err := q.resume(id, false); err == nil || !strings.Contains(err.Error(), "begun by an earlier version of this program") || len(q.client.accepted) != before {
		t.Errorf("got %v", err)
	}
}
