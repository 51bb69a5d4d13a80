package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/ciokit/cio/kit/source"
)

const (
	// pageRows and pageBytes bound the rows that are read at once.
	pageRows  = 512
	pageBytes = 256 << 10
)

// page is a run of rows.
type page struct {
	rows []source.Row
	err  error // why there are no more
}

// result is a Source of the rows of a query. They are read on a goroutine of its own, so that waiting for them can be given up.
type result struct {
	dialect *dialect
	db      *sql.DB
	tx      *sql.Tx
	run     context.Context // of the query; ended by cancel
	cancel  context.CancelFunc
	url     string // for its password, which no error may hold
	asked   Query

	target    *target
	statement string   // the one that was asked
	query     string   // what runs for it
	declared  []string // types of the columns, where query has hidden them

	rows    *sql.Rows // of the query; nil until read begins, where order is set
	order   *order    // nil if the rows come as they come
	columns []source.Column
	types   []*sql.ColumnType
	writers []writer // one for each column

	pages   chan page
	quit    chan struct{} // closed when nobody wants rows any more
	slots   []int         // for each column its place among the selected ones, or -1
	chosen  int
	before  int64 // rows that are not read again
	mark    []byte
	reading bool
	last    page
	once    sync.Once
	bytes   int64
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

// Resume goes on behind the row with this mark, which needs Query.OrderBy. It is an error later, when the rows are read, if rows have
// appeared before that place: they would be skipped.
func (r *result) Resume(_ context.Context, rows int64, mark []byte) (bool, error) {
	if r.order == nil {
		return false, errors.New("sqldb: the rows of a query without an order cannot be gone on with; name the columns that tell them apart")
	}
	if _, err := r.order.values(mark); err != nil {
		return false, err
	}
	r.before, r.mark = rows, mark
	return true, nil
}

// start runs the query, where Open has not.
func (r *result) start() error {
	if r.order == nil {
		return nil
	}
	total, err := r.order.check(r.run, r.tx)
	if err != nil {
		return err
	}
	var values []any
	if r.mark != nil {
		if values, err = r.order.values(r.mark); err != nil {
			return err
		}
		left, err := r.order.countAfter(r.run, r.tx, values)
		if err != nil {
			return fmt.Errorf("sqldb: the rows that are left cannot be counted: %w", err)
		}
		if n := total - left; n > r.before {
			return &source.FormatError{Problem: fmt.Sprintf("%d rows lie before the place where the run stopped, which had read %d there: rows have appeared that would be skipped", n, r.before),
				Hint: "begin a new load from the first row"}
		}
	}
	r.rows, err = r.order.rowsAfter(r.run, r.tx, values)
	return err
}

// read reads all rows.
func (r *result) read() {
	hand := func(p page) bool {
		p.err = masked(r.url, p.err)
		select {
		case r.pages <- p:
			return p.err == nil
		case <-r.quit:
			return false
		}
	}
	if err := r.start(); err != nil {
		hand(page{err: err})
		return
	}
	width := len(r.columns)
	if r.order != nil && r.dialect.rawKeys {
		width += len(r.order.keys)
	}
	values := make([]any, width)
	into := make([]any, len(values))
	for i := range values {
		into[i] = &values[i]
	}
	for ordinal := r.before; ; {
		p := page{}
		for size := 0; len(p.rows) < pageRows && size < pageBytes; {
			if !r.rows.Next() {
				if p.err = r.rows.Err(); p.err == nil {
					p.err = io.EOF
				}
				break
			}
			if p.err = r.rows.Scan(into...); p.err != nil {
				break
			}
			row := r.row(values[:len(r.columns)], ordinal)
			if r.order != nil {
				if row.Mark, p.err = r.order.mark(values); p.err != nil {
					break
				}
			}
			ordinal++
			size += len(row.Raw)
			p.rows = append(p.rows, row)
		}
		if !hand(p) {
			return
		}
	}
}

// row writes a row as a JSON object, of which its cells are parts.
func (r *result) row(values []any, ordinal int64) source.Row {
	row := source.Row{Line: ordinal + 1, Ordinal: ordinal}
	ends := make([][2]int, len(values))
	raw := []byte{'{'}
	for i, v := range values {
		if i > 0 {
			raw = append(raw, ',')
		}
		raw = append(appendText(raw, r.columns[i].Name), ':')
		start := len(raw)
		var err error
		if raw, err = r.writers[i](raw, v); err != nil {
			if r.slots[i] >= 0 && row.Err == nil {
				row.Err = &source.RowError{Rule: source.RuleNoJSON, Hint: fmt.Sprintf("column %s: %v", r.columns[i].Name, err)}
			}
			raw = append(raw[:start], "null"...)
		}
		ends[i] = [2]int{start, len(raw)}
	}
	row.Raw = append(raw, '}')
	if row.Err != nil {
		return row
	}
	row.Cells = make([]source.Cell, r.chosen)
	for i, slot := range r.slots {
		if text := row.Raw[ends[i][0]:ends[i][1]:ends[i][1]]; slot >= 0 && string(text) != "null" {
			row.Cells[slot] = source.Cell{Kind: source.JSON, Bytes: text}
		}
	}
	return row
}

// Next is as Source has it.
func (r *result) Next(ctx context.Context, b *source.Batch) error {
	b.Rows = b.Rows[:0]
	if r.slots == nil {
		return errors.New("sqldb: Next was called before Select")
	}
	if !r.reading {
		r.reading = true
		go r.read()
	}
	if r.last.err != nil {
		b.Offset = r.bytes
		return r.last.err
	}
	select {
	case r.last = <-r.pages:
	case <-ctx.Done():
		return ctx.Err()
	}
	for _, row := range r.last.rows {
		r.bytes += int64(len(row.Raw))
	}
	b.Rows, b.Offset = r.last.rows, r.bytes
	if len(b.Rows) == 0 {
		return r.last.err
	}
	return nil
}

func (r *result) Info() source.Info {
	return source.Info{Name: Name(r.url), Files: files(r.url), Whole: true}
}

// Fingerprint is that of the query; empty without an order, because then nobody knows that the rows come in the same one again.
func (r *result) Fingerprint() (string, error) {
	if r.order == nil {
		return "", nil
	}
	return r.asked.fingerprint(r.url), nil
}

// Changed tells nothing: the rows of a query are those of one moment.
func (r *result) Changed(context.Context) (string, error) { return "", nil }

// Close ends the query.
func (r *result) Close() error {
	r.once.Do(func() { close(r.quit) })
	r.cancel()
	return masked(r.url, r.db.Close())
}
