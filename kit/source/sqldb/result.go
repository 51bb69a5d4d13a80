package sqldb

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"github.com/ciokit/cio/kit/source"
)

// result is a Source of the rows of a query. It reads them on a goroutine of its own, ahead of the reader, so that the query and its transaction last
// only as long as the database needs.
type result struct {
	dialect *dialect
	db      *sql.DB
	run     context.Context // of the query; cancel ends it
	cancel  context.CancelCauseFunc
	url     string // for its password, which must not be in any error
	asked   Query

	target    *target
	statement string // the query of the caller
	query     string // the query that runs

	order   *order // nil for the order of the database
	nests   bool   // the query can be a subquery without a change of the order of its rows
	columns []source.Column
	slots   []int // for each column its place among the selected ones, or -1
	chosen  int
	reading bool
	ahead   *backlog
	total   atomic.Int64 // rows of the query, if order is set

	// What Next has handed out.
	page   *page
	all    []source.Row // of the page
	cells  []source.Cell
	from   int // where the last batch begins in all
	to     int // where it ends
	handed int64
	bytes  int64
	digest *digest // of all rows except the last ones; nil if order is nil
	added  int     // rows of the page that are in digest

	before  int64 // rows that an earlier run has read; 0 for none
	was     mark  // of those rows
	differs bool  // some of them have changed
	broken  error // why nothing more is handed out
}

func (r *result) Columns(context.Context) ([]source.Column, error) { return r.columns, nil }

func (r *result) Select(names []string) error {
	r.slots = make([]int, len(r.columns))
	for i := range r.slots {
		r.slots[i] = -1
	}
	r.chosen = len(names)
	for slot, name := range names {
		at := slices.IndexFunc(r.columns, func(c source.Column) bool { return c.Name == name })
		switch {
		case at < 0:
			return fmt.Errorf("sqldb: the query has no column %q", name)
		case slices.ContainsFunc(r.columns[at+1:], func(c source.Column) bool { return c.Name == name }):
			return fmt.Errorf("sqldb: the query has two columns %q; rename one with AS", name)
		case r.slots[at] >= 0:
			return fmt.Errorf("sqldb: the column %q is selected twice", name)
		}
		r.slots[at] = slot
	}
	return nil
}

// Resume makes Next compare the first rows with those that an earlier run has read. This needs Query.OrderBy. They are handed out again.
func (r *result) Resume(_ context.Context, rows int64, text []byte) (bool, error) {
	if r.order == nil {
		return false, errors.New("sqldb: a query without an order cannot be resumed; name the columns that identify its rows")
	}
	was, err := parseMark(text)
	if err != nil {
		return false, err
	}
	r.before, r.was, r.differs = rows, was, was.Differs
	return false, nil
}

// Next is described in source.Source.
func (r *result) Next(ctx context.Context, b *source.Batch) error {
	b.Rows, b.Mark, b.Offset = b.Rows[:0], nil, r.bytes
	switch {
	case r.slots == nil:
		return errors.New("sqldb: Next was called before Select")
	case r.broken != nil:
		return r.broken
	case !r.reading:
		r.reading = true
		go r.read()
	}
	r.digestTo(r.to)
	if r.before > 0 && r.handed == r.before {
		if r.broken = r.compare(); r.broken != nil {
			return r.broken
		}
	}
	if r.to == len(r.all) {
		if err := r.turn(ctx); err != nil {
			return err
		}
	}
	r.from, r.to = r.to, len(r.all)
	if r.handed < r.before {
		r.to = min(r.to, r.from+int(min(r.before-r.handed, pageRows)))
	}
	b.Rows = r.all[r.from:r.to]
	for i := range b.Rows {
		r.bytes += int64(len(b.Rows[i].Raw))
	}
	r.handed += int64(len(b.Rows))
	if b.Offset = r.bytes; r.digest != nil {
		b.Mark = r.mark
	}
	return nil
}

// turn takes the next page.
func (r *result) turn(ctx context.Context) error {
	if r.page != nil {
		r.ahead.done(r.page)
	}
	r.page, r.all, r.from, r.to, r.added = nil, r.all[:0], 0, 0, 0
	p, err := r.ahead.take(ctx)
	if err == io.EOF && r.handed < r.before {
		r.broken = r.changed()
		return r.broken
	}
	if err == nil {
		r.page = p
		r.all, r.cells = p.appendRows(r.all, r.cells, r.chosen)
	}
	return err
}

// digestTo adds the rows of the page up to that one to the digest.
func (r *result) digestTo(to int) {
	if r.digest == nil || r.page == nil {
		return
	}
	r.digest.add(r.page, r.added, to, r.chosen)
	r.added = to
}

// mark is Batch.Mark.
func (r *result) mark(n int) []byte {
	r.digestTo(r.from + n)
	text, _ := json.Marshal(mark{Keys: sum(r.digest.keys), Rows: sum(r.digest.rows), Total: r.total.Load(), Differs: r.differs}) // never fails
	return text
}

// compare compares what was handed out with what an earlier run has read.
func (r *result) compare() error {
	if sum(r.digest.keys) != r.was.Keys {
		return r.changed()
	}
	r.differs = r.differs || sum(r.digest.rows) != r.was.Rows
	return nil
}

// changed returns the error for earlier rows that have changed.
func (r *result) changed() error {
	return &source.ChangedError{Problem: fmt.Sprintf("the first %d rows by %s are not those that the load had read when it ended: the query had %d rows then and has %d now, and some before that place were added, were removed or got another %s, so continuing would skip rows",
		r.before, r.order.names(), r.was.Total, r.total.Load(), r.order.names()), Hint: "nothing more was sent; begin a new load from the first row"}
}

func (r *result) Info() source.Info {
	info := source.Info{Name: Name(r.url), Files: files(r.url), Whole: true, ReadAhead: r.ahead.most}
	if r.differs {
		info.Differs = fmt.Sprintf("some of the first %d rows, which were read before the load was resumed, have changed", r.before)
	}
	return info
}

// Fingerprint identifies the query. It is empty without an order, because the rows may then come in another order.
func (r *result) Fingerprint() (string, error) {
	if r.order == nil {
		return "", nil
	}
	return r.asked.fingerprint(r.url), nil
}

// Changed returns no reason: the rows of a query are those of one moment.
func (r *result) Changed(context.Context) (string, error) { return "", nil }

// Close ends the query.
func (r *result) Close() error {
	r.cancel(errClosed)
	return masked(r.url, errors.Join(r.ahead.close(), r.db.Close()))
}

var errClosed = errors.New("sqldb: the query was closed")
