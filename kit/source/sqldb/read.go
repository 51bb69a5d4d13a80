package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// begin runs the query.
func (r *result) begin(tx *sql.Tx) (rows *sql.Rows, err error) {
	if again, err := r.checked(r.run, tx, r.statement); err != nil || again != r.statement {
		return nil, errors.Join(errors.New("sqldb: the settings of the session have changed since the query was checked"), err)
	}
	if r.order == nil {
		if rows, err = r.dialect.query(r.run, tx, r.selection().query); err != nil {
			return nil, r.dialect.queryError(err)
		}
		return rows, nil
	}
	total, err := r.order.check(r.run, tx)
	if err != nil {
		return nil, err
	}
	r.total.Store(total)
	if rows, err = r.dialect.query(r.run, tx, r.selection().query); err != nil {
		return nil, r.dialect.queryError(err)
	}
	return rows, nil
}

// read reads all rows into the backlog, and then closes the connection to the database.
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
	r.db.Close() // everything is read
	r.ahead.end(masked(r.url, err))
}

// readAll returns io.EOF, or why the rows end before their end.
func (r *result) readAll(alive *alive) error {
	tx, err := r.target.transaction(r.run, r.db, r.url)
	if err != nil {
		return err
	}
	defer tx.Rollback() // there is nothing to undo
	rows, err := r.begin(tx)
	if err != nil {
		return err
	}
	defer rows.Close() // its error is also returned by Err
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
		if err = rows.Err(); err != nil {
			err = r.dialect.explain("sqldb: the query failed while its rows were read", err)
		}
	}
	if !put() {
		return errClosed
	}
	if err == nil {
		return io.EOF
	}
	return err
}

// alive says that a query still sends rows.
type alive struct {
	rows  atomic.Int64
	waits atomic.Bool // for something else than the database
}

// watch calls stalled if no row has arrived for the timeout, at the latest after twice the timeout, until the function that it returns is called.
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
