// Package sqldb reads the rows of a query of a PostgreSQL, MySQL, MariaDB or SQLite database as a source.Source, in bounded memory.
package sqldb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/ciokit/cio/kit/source"
)

// Query says which rows to read.
type Query struct {
	// SQL is the query, without a semicolon. Required.
	SQL string
	// OrderBy names columns of the query's result that together tell each of its rows from all others. The rows come in their order, and
	// a run that ended early can be resumed behind any of them. The columns must be whole numbers, decimals, text, UUIDs, dates, times or
	// binary data, and no row may have a NULL there; both are checked, and that no two rows are the same in them, before the first row is
	// handed out, by a query that counts them. Default: the rows come as the database gives them, and nothing can be resumed.
	OrderBy []string
}

// fingerprint tells a query of a database from other ones, without the password. It says nothing of the rows.
func (q Query) fingerprint(rawURL string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", Name(rawURL), q.SQL, q.OrderBy))
	return hex.EncodeToString(sum[:])
}

// Open opens a query and returns its rows. URLs are postgres://user:password@host:5432/database, mysql://user:password@host:3306/database (or
// mariadb://), with parameters after a question mark, and sqlite:FILE. A parameter that is not known is refused, because it may have been meant
// to keep the connection safe; the spellings of TLS of either database's clients are understood. No error holds any part of the password.
//
// The query is one statement that reads, SELECT, WITH, TABLE or VALUES. It runs in a transaction that reads only, and sees one state of the
// database. What it calls may still write: a function of the database that opens a connection of its own, for which the user should have no
// right.
//
// Cells are JSON, and lose no digit: integers and decimals become numbers with their digits, floating point numbers the shortest that reads
// back as the same, truth values true and false, JSON itself, binary data base64 text, times ISO 8601, in UTC where the column has a zone,
// dates 2006-01-02, everything else its text. A value that JSON or ISO 8601 cannot write, such as a NaN or MySQL's date of zeros, makes a
// bad row if its column is selected. NULL is absent. docs/load.md has the whole table.
//
// Without OrderBy it is up to the query whether it gives the same rows in the same order again: messages that are to keep their ids need a
// messageId in the mapping. A row's Line is its number in the result.
//
// The Source is a source.Resumer and a source.Connected.
func Open(ctx context.Context, rawURL string, q Query) (source.Source, error) {
	if strings.Trim(q.SQL, "; \t\r\n") == "" {
		return nil, errEmptyQuery
	}
	t, err := newTarget(rawURL)
	if err != nil {
		return nil, err
	}
	db := t.open()
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stopped := context.AfterFunc(ctx, cancel) // until the rows begin to come; from then on Close ends it
	defer stopped()
	fail := func(err error) (source.Source, error) {
		cancel()
		return nil, masked(rawURL, errors.Join(err, db.Close()))
	}
	r := &result{target: t, dialect: t.dialect, db: db, run: run, cancel: cancel, url: rawURL, pages: make(chan page, 1), quit: make(chan struct{})}
	if err := r.begin(q.SQL); err != nil {
		return fail(err)
	}
	q.SQL = r.statement
	r.asked = q
	if len(q.OrderBy) == 0 {
		if r.rows, err = r.dialect.query(run, r.tx, r.query); err != nil {
			return fail(queryError(err))
		}
		return r.describe(r.rows, fail)
	}
	describing := "SELECT * FROM (\n" + r.query + "\n) AS q WHERE 1 = 0"
	if r.dialect == sqlite {
		describing = r.query // it would rename the second of two equal names, and reads no row before it is asked
	}
	rows, err := r.dialect.query(run, r.tx, describing)
	if err != nil {
		return fail(queryError(err))
	}
	src, err := r.describe(rows, fail)
	if err != nil {
		return nil, err
	}
	if err := rows.Close(); err != nil {
		return fail(err)
	}
	if r.order, err = newOrder(r.dialect, r.columns, r.types, r.query, q.OrderBy); err != nil {
		return fail(err)
	}
	return src, nil
}

// begin begins the transaction, and takes the query for what may run in it.
func (r *result) begin(query string) (err error) {
	if r.dialect == sqlite { // whose connection cannot be asked any more when the transaction has it
		if r.statement, err = grammarOf(sqlite).statement(query); err != nil {
			return err
		}
		if r.query, r.declared, err = undated(r.run, r.db, r.statement); err != nil {
			return queryError(err)
		}
		r.tx, err = r.target.transaction(r.run, r.db, r.url)
		return err
	}
	if r.tx, err = r.target.transaction(r.run, r.db, r.url); err != nil {
		return err
	}
	g, err := r.dialect.grammar(r.run, r.tx)
	if err != nil {
		return fmt.Errorf("sqldb: the settings of the session cannot be read: %w", err)
	}
	r.statement, err = g.statement(query)
	r.query = r.statement
	return err
}

// ErrUnreachable is a database that does not answer, or does not let the user in.
var ErrUnreachable = errors.New("sqldb: the database cannot be reached")

// unreachable is why.
type unreachable string

func (u unreachable) Error() string        { return string(u) }
func (u unreachable) Is(target error) bool { return target == ErrUnreachable }

func queryError(err error) error {
	return &source.FormatError{Problem: "the query fails: " + err.Error(), Hint: "try it in the database's own shell"}
}

// masked takes the password of a URL out of what an error says.
func masked(rawURL string, err error) error {
	if err == nil {
		return nil
	}
	text := mask(rawURL, err.Error())
	var format *source.FormatError
	switch {
	case text == err.Error():
		return err
	case errors.As(err, &format):
		return &source.FormatError{Problem: mask(rawURL, format.Problem), Hint: format.Hint}
	}
	return errors.New(text)
}
