// Package sqldb reads the rows of a query of a PostgreSQL, MySQL, MariaDB or SQLite database as a source.Source, in bounded memory.
package sqldb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ciokit/cio/kit/source"
)

// Query says which rows to read.
type Query struct {
	// SQL is the query, without a semicolon. It is required.
	SQL string
	// OrderBy names columns of the query's result that together identify each of its rows. The rows come in their order, and a run that ended early
	// can be resumed after any of them. No row may have a NULL in these columns, and no two rows may be equal in them, as the database compares them.
	// A query that counts the rows checks this before the first row is handed out. Default: the rows come in the database's order, and a run cannot
	// be resumed.
	OrderBy []string
	// ReadAhead is how many bytes of rows can wait in a temporary file until they are read; default DefaultReadAhead, negative for none. The file has
	// no name and mode 0600, and disappears with the process. If the file or the disk is full, the query waits for the reader.
	ReadAhead int64
	// StallTimeout is how long the database may send no row while rows are being read; default 10 minutes.
	StallTimeout time.Duration
	// MaxRowBytes is the longest row, as JSON of its selected columns; default source.DefaultMaxRowBytes. A longer one is a bad row. It bounds the
	// memory for a row, in addition to what the driver needs for the values that it receives.
	MaxRowBytes int
}

// DefaultReadAhead is the default of Query.ReadAhead.
const DefaultReadAhead = 8_000_000_000

func (q Query) withDefaults() Query {
	if q.ReadAhead == 0 {
		q.ReadAhead = DefaultReadAhead
	}
	if q.StallTimeout <= 0 {
		q.StallTimeout = 10 * time.Minute
	}
	if q.MaxRowBytes <= 0 {
		q.MaxRowBytes = source.DefaultMaxRowBytes
	}
	return q
}

// fingerprint identifies a query of a database, without the password. It does not depend on the rows.
func (q Query) fingerprint(rawURL string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", place(rawURL), q.SQL, q.OrderBy))
	return hex.EncodeToString(sum[:])
}

// Open opens a query and returns its rows. URLs are postgres://user:password@host:5432/database, mysql://user:password@host:3306/database (or
// mariadb://), with parameters after a question mark, and sqlite:FILE. An unknown parameter is an error, because it may have been meant to make the
// connection safe. The names of the TLS parameters in the clients of either database are known. No error contains any part of the password.
//
// The query is one statement that reads: SELECT, WITH, TABLE or VALUES. It runs in a read-only transaction, and sees one state of the database, that
// of the first Next. Its rows are read as fast as the database sends them. They wait in memory and on disk until they are wanted, so that the
// transaction does not last longer if they are sent slowly. A function that the query calls may still write, if it opens a connection of its own: the
// user should have no right to do that.
//
// Cells are JSON without loss of digits. Integers and decimals become numbers with their digits. Floating point numbers become the shortest number
// that reads back as the same. Truth values become true and false, JSON stays JSON, binary data becomes base64 text, and dates become 2006-01-02.
// Times become ISO 8601, in UTC if the column has a zone. Everything else becomes its text. A value that JSON or ISO 8601 cannot represent, such as a
// NaN or MySQL's date of zeros, makes a bad row if its column is selected. NULL is absent. docs/load.md has the whole table.
//
// A row's Raw is an object of its selected columns. The other columns are not requested, if the database allows that.
//
// Without OrderBy, only the query decides whether the same rows come in the same order again. Messages that must keep their ids then need a messageId
// in the mapping. A row's Line is its number in the result.
//
// The Source is a source.Connected and, with OrderBy, a source.Resumer. A resumed run receives all rows again. If any of the earlier rows was added,
// was removed or got another key, it receives a *source.ChangedError in place of the row after them: continuing would skip rows. If only other
// selected columns of them have changed, Info says so.
func Open(ctx context.Context, rawURL string, q Query) (source.Source, error) {
	if strings.Trim(q.SQL, "; \t\r\n") == "" {
		return nil, errEmptyQuery
	}
	q = q.withDefaults()
	t, err := newTarget(rawURL)
	if err != nil {
		return nil, err
	}
	db := t.open()
	run, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stopped := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) }) // until it is open; after that Close ends it
	defer stopped()
	r := &result{target: t, dialect: t.dialect, db: db, run: run, cancel: cancel, url: rawURL, asked: q, ahead: newBacklog(q.ReadAhead)}
	if err = r.describe(q.SQL); err == nil && len(q.OrderBy) > 0 {
		r.order, err = newOrder(r.dialect, r.columns, r.query, q.OrderBy)
		r.digest = newDigest()
	}
	if err != nil {
		cancel(errClosed)
		return nil, masked(rawURL, errors.Join(err, db.Close()))
	}
	r.asked.SQL = r.statement
	return r, nil
}

// ErrUnreachable says that the database does not answer, or does not accept the user.
var ErrUnreachable = errors.New("sqldb: the database cannot be reached")

// unreachable is the reason.
type unreachable string

func (u unreachable) Error() string        { return string(u) }
func (u unreachable) Is(target error) bool { return target == ErrUnreachable }

func (d *dialect) queryError(err error) error {
	r := d.reasonOf(err, false)
	if r.hint == "" {
		r.hint = "try it in the database's own shell"
	}
	return &source.FormatError{Problem: "the query fails: " + r.text, Hint: r.hint}
}

// masked removes the password of a URL from the text of an error.
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
