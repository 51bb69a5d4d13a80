package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/ciokit/cio/kit/source"
)

// begin runs the query.
func (r *result) begin(tx *sql.Tx) (rows *sql.Rows, err error) {
	if again, err := r.checked(r.run, tx, r.statement); err != nil || again != r.statement {
		return nil, errors.Join(errors.New("sqldb: the settings of the session are others than a moment ago"), err)
	}
	if r.order == nil {
		if rows, err = r.dialect.query(r.run, tx, r.query); err != nil {
			return nil, queryError(err)
		}
		return rows, nil
	}
	total, err := r.order.check(r.run, tx)
	if err != nil {
		return nil, err
	}
	r.total.Store(total)
	return r.order.rows(r.run, tx)
}

// read reads all rows into the backlog, and lets go of the database.
func (r *result) read() {
	alive := &alive{}
	stop := alive.watch(r.asked.StallTimeout, func() {
		r.cancel(fmt.Errorf("sqldb: %s has sent nothing for %s", Name(r.url), r.asked.StallTimeout))
	})
	err := r.readAll(alive)
	stop()
	if r.run.Err() != nil && err != io.EOF {
		err = context.Cause(r.run)
	}
	r.db.Close() // all that was to be read is read
	r.ahead.end(masked(r.url, err))
}

// readAll returns io.EOF, or why the rows end before that.
func (r *result) readAll(alive *alive) error {
	tx, err := r.target.transaction(r.run, r.db, r.url)
	if err != nil {
		return err
	}
	defer tx.Rollback() // which has nothing to undo
	rows, err := r.begin(tx)
	if err != nil {
		return err
	}
	defer rows.Close() // whose error is that of Err
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	w, err := r.newRowWriter(types)
	if err != nil {
		return err
	}
	p, n := r.ahead.empty(), int64(0)
	p.reset(n)
	put := func() bool {
		alive.waits.Store(true)
		defer alive.waits.Store(false)
		return p.rows == 0 || r.ahead.put(p)
	}
	for rows.Next() {
		alive.rows.Add(1)
		if err = rows.Scan(w.into...); err == nil {
			err = w.write(p)
		}
		if err != nil {
			break
		}
		if n++; p.full() {
			if !put() {
				return errClosed
			}
			p = r.ahead.empty()
			p.reset(n)
		}
	}
	if err == nil {
		err = rows.Err()
	}
	if !put() {
		return errClosed
	}
	if err == nil {
		return io.EOF
	}
	return err
}

// alive says that a query is.
type alive struct {
	rows  atomic.Int64
	waits atomic.Bool // not for the database
}

// watch calls stalled when no row has come for so long, or up to twice as long, until the function that it returns is called.
func (a *alive) watch(timeout time.Duration, stalled func()) (stop func()) {
	quit := make(chan struct{})
	go func() {
		tick := time.NewTicker(timeout)
		defer tick.Stop()
		for seen := int64(-1); ; {
			select {
			case <-tick.C:
			case <-quit:
				return
			}
			switch now := a.rows.Load(); {
			case a.waits.Load():
				seen = -1
			case now == seen:
				stalled()
				return
			default:
				seen = now
			}
		}
	}()
	return func() { close(quit) }
}

// rowWriter writes rows as JSON objects, of which the cells are parts.
type rowWriter struct {
	order   *order
	columns []source.Column
	slots   []int
	names   [][]byte // of the columns, as members begin
	writers []writer // one for each column
	values  []any    // of the row at hand, and behind them those that only the order needs
	into    []any    // pointers to them
	cells   [][2]int
}

// newRowWriter makes a writer for rows of these types, which must be those that the query was described with.
func (r *result) newRowWriter(types []*sql.ColumnType) (*rowWriter, error) {
	w := &rowWriter{order: r.order, columns: r.columns, slots: r.slots, cells: make([][2]int, r.chosen), values: make([]any, len(types)), into: make([]any, len(types))}
	for i := range w.values {
		w.into[i] = &w.values[i]
	}
	own := types[:min(len(r.columns), len(types))]
	for i, t := range own {
		if t.Name() != r.columns[i].Name {
			break
		}
		w.names = append(w.names, append(appendText([]byte{','}, t.Name()), ':'))
		typ := t.DatabaseTypeName()
		if r.dialect == sqlite { // whose query may have hidden it
			typ = r.columns[i].Type
		}
		w.writers = append(w.writers, r.dialect.writerOf(typ))
	}
	extra := 0
	if r.order != nil && r.dialect.rawKeys {
		extra = len(r.order.keys)
	}
	if len(w.names) != len(r.columns) || len(types) != len(r.columns)+extra {
		return nil, &source.FormatError{Problem: "the query has other columns than a moment ago", Hint: "somebody has changed a table or a view; load it again"}
	}
	if len(w.names) > 0 {
		w.names[0][0] = '{'
	}
	return w, nil
}

// write adds the row at hand to the page.
func (w *rowWriter) write(p *page) (err error) {
	var bad *source.RowError
	for i, name := range w.names {
		p.raw = append(p.raw, name...)
		start := len(p.raw)
		if p.raw, err = w.writers[i](p.raw, w.values[i]); err != nil {
			p.raw = append(p.raw[:start], "null"...)
		}
		slot := w.slots[i]
		switch {
		case slot < 0:
		case err != nil:
			w.cells[slot] = [2]int{1, 0}
			if bad == nil {
				bad = &source.RowError{Rule: RuleNoJSON, Hint: fmt.Sprintf("column %s: %v", w.columns[i].Name, err)}
				if err == errNotUTF8 {
					bad.Rule = source.RuleNotUTF8
				}
			}
		case string(p.raw[start:]) == "null":
			w.cells[slot] = [2]int{}
		default:
			w.cells[slot] = [2]int{start, len(p.raw)}
		}
	}
	if p.raw = append(p.raw, '}'); w.order != nil {
		if p.keys, err = w.order.appendKeys(p.keys, w.values); err != nil {
			return err
		}
	}
	return p.add(w.cells, bad)
}
