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

	"github.com/go-sql-driver/mysql"

	"github.com/ciokit/cio/kit/source"
)

// Query says which rows to read.
type Query struct {
	// SQL is the query, without a semicolon. Required.
	SQL string
	// OrderBy names columns of the query's result that together tell each of its rows from all others. The rows come in their order, and
	// a run that ended early can be resumed behind any of them. No row may have a NULL there, and no two rows may be the same in them, as the
	// database compares them; that is checked before the first row is handed out, by a query that counts them. Default: the rows come as the
	// database gives them, and nothing can be resumed.
	OrderBy []string
	// ReadAhead is how many bytes of rows may wait in a temporary file while nobody wants them yet; default DefaultReadAhead, negative for none.
	// The file has no name, mode 0600, and is gone when the process is. Once it is full, or the disk is, the query waits for whoever reads.
	ReadAhead int64
	// StallTimeout is how long no row may come while they are read; default 10 minutes.
	StallTimeout time.Duration
	// MaxRowBytes is the longest row, as JSON of its selected columns; default source.DefaultMaxRowBytes. A longer one is a bad row. It bounds the
	// memory that a row takes, beside what the driver needs for the values as they come.
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

// fingerprint tells a query of a database from other ones, without the password. It says nothing of the rows.
func (q Query) fingerprint(rawURL string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", place(rawURL), q.SQL, q.OrderBy))
	return hex.EncodeToString(sum[:])
}

// Open opens a query and returns its rows. URLs are postgres://user:password@host:5432/database, mysql://user:password@host:3306/database (or
// mariadb://), with parameters after a question mark, and sqlite:FILE. A parameter that is not known is refused, because it may have been meant
// to keep the connection safe; the spellings of TLS of either database's clients are understood. No error holds any part of the password.
//
// The query is one statement that reads, SELECT, WITH, TABLE or VALUES. It runs in a transaction that reads only, and sees one state of the
// database, that of the first Next. Its rows are read as fast as the database gives them, and wait in memory and on disk until they are wanted,
// so that the transaction does not last longer when they go out slowly. What it calls may still write: a function of the database that opens a connection of its own, for which the user should have no
// right.
//
// Cells are JSON, and lose no digit: integers and decimals become numbers with their digits, floating point numbers the shortest that reads
// back as the same, truth values true and false, JSON itself, binary data base64 text, times ISO 8601, in UTC where the column has a zone,
// dates 2006-01-02, everything else its text. A value that JSON or ISO 8601 cannot write, such as a NaN or MySQL's date of zeros, makes a
// bad row if its column is selected. NULL is absent. docs/load.md has the whole table.
//
// A row's Raw is an object of its selected columns. The others are not asked for, where the database allows that.
//
// Without OrderBy it is up to the query whether it gives the same rows in the same order again: messages that are to keep their ids need a
// messageId in the mapping. A row's Line is its number in the result.
//
// The Source is a source.Connected and, with OrderBy, a source.Resumer. A run that is resumed is handed all rows again, and is told by a
// *source.ChangedError in place of the row behind those of before if any of these has appeared, gone or got another key: going on would skip
// rows. If only other columns of them have changed, among those that are selected, Info says so.
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
	stopped := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) }) // until it is open; from then on Close ends it
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

// ErrUnreachable is a database that does not answer, or does not let the user in.
var ErrUnreachable = errors.New("sqldb: the database cannot be reached")

// unreachable is why.
type unreachable string

func (u unreachable) Error() string        { return string(u) }
func (u unreachable) Is(target error) bool { return target == ErrUnreachable }

// duplicateColumn is what MySQL calls two equal names in a query that stands in another one.
const duplicateColumn = 1060

func queryError(err error) error {
	hint := "try it in the database's own shell"
	if e := new(mysql.MySQLError); errors.As(err, &e) && e.Number == duplicateColumn {
		hint = "with an order every column needs a name of its own: name the columns instead of *, or rename one with AS"
	}
	return &source.FormatError{Problem: "the query fails: " + err.Error(), Hint: hint}
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
