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
	db      *sql.DB
	rows    *sql.Rows
	cancel  context.CancelFunc
	columns []source.Column
	writers []writer // one for each column

	pages    chan page
	quit     chan struct{} // closed when nobody wants rows any more
	slots    []int         // the selected columns
	selected bool
	last     page
	once     sync.Once
	bytes    int64
}

func newResult(db *sql.DB, rows *sql.Rows, types []*sql.ColumnType, cancel context.CancelFunc) *result {
	r := &result{db: db, rows: rows, cancel: cancel, pages: make(chan page, 1), quit: make(chan struct{})}
	for _, t := range types {
		r.columns = append(r.columns, source.Column{Name: t.Name(), Kind: source.JSON, Type: t.DatabaseTypeName()})
		r.writers = append(r.writers, writerOf(t.DatabaseTypeName()))
	}
	return r
}

func (r *result) Columns(context.Context) ([]source.Column, error) { return r.columns, nil }

func (r *result) Select(names []string) error {
	for _, name := range names {
		slot := slices.IndexFunc(r.columns, func(c source.Column) bool { return c.Name == name })
		if slot < 0 {
			return fmt.Errorf("sqldb: the query has no column %q", name)
		}
		if slices.ContainsFunc(r.columns[slot+1:], func(c source.Column) bool { return c.Name == name }) {
			return fmt.Errorf("sqldb: the query has two columns %q; rename one with AS", name)
		}
		r.slots = append(r.slots, slot)
	}
	r.selected = true
	go r.read()
	return nil
}

// read reads all rows.
func (r *result) read() {
	values := make([]any, len(r.columns))
	into := make([]any, len(values))
	for i := range values {
		into[i] = &values[i]
	}
	ordinal := int64(0)
	for {
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
			row := r.row(values, ordinal)
			ordinal++
			size += len(row.Raw)
			p.rows = append(p.rows, row)
		}
		select {
		case r.pages <- p:
		case <-r.quit:
			return
		}
		if p.err != nil {
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
		raw = appendText(raw, r.columns[i].Name)
		raw = append(raw, ':')
		start := len(raw)
		var err error
		if raw, err = r.writers[i](raw, v); err != nil && row.Err == nil {
			row.Err = &source.RowError{Rule: RuleNoJSON, Hint: fmt.Sprintf("column %s: %v", r.columns[i].Name, err)}
		}
		if v == nil {
			start = len(raw)
		}
		ends[i] = [2]int{start, len(raw)}
	}
	row.Raw = append(raw, '}')
	if row.Err != nil {
		return row
	}
	row.Cells = make([]source.Cell, len(r.slots))
	for i, slot := range r.slots {
		if at := ends[slot]; at[0] < at[1] {
			row.Cells[i] = source.Cell{Kind: source.JSON, Bytes: row.Raw[at[0]:at[1]:at[1]]}
		}
	}
	return row
}

// Next is as Source has it.
func (r *result) Next(ctx context.Context, b *source.Batch) error {
	b.Rows = b.Rows[:0]
	if !r.selected {
		return errors.New("sqldb: Next was called before Select")
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

// Size is not known.
func (r *result) Size() int64 { return 0 }

// Close ends the query.
func (r *result) Close() error {
	r.once.Do(func() { close(r.quit) })
	r.cancel()
	return r.db.Close()
}
