package outbox

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	sqlite "modernc.org/sqlite"
)

// conn is one connection to the database, for one goroutine at a time. It calls the driver directly, because database/sql would take longer for each
// row than SQLite does.
type conn struct {
	c     driver.Conn
	stmts map[string]driver.Stmt
	// version is the version of the file's format.
	version int
}

func connect(path, query string) (*conn, error) {
	c, err := (&sqlite.Driver{}).Open(fileURI(path, query))
	if err != nil {
		return nil, err
	}
	return &conn{c: c, stmts: make(map[string]driver.Stmt), version: schemaVersion}, nil
}

func (c *conn) close() error {
	if c == nil {
		return nil
	}
	var errs []error
	for _, s := range c.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, c.c.Close())...)
}

func (c *conn) prepared(text string) (driver.Stmt, error) {
	if s := c.stmts[text]; s != nil {
		return s, nil
	}
	s, err := c.c.Prepare(text)
	if err == nil {
		c.stmts[text] = s
	}
	return s, err
}

func named(args []driver.Value) []driver.NamedValue {
	all := make([]driver.NamedValue, len(args))
	for i, v := range args {
		all[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return all
}

// exec runs a statement and returns how many rows it changed.
func (c *conn) exec(text string, args ...driver.Value) (int64, error) {
	s, err := c.prepared(text)
	if err != nil {
		return 0, err
	}
	r, err := s.(driver.StmtExecContext).ExecContext(context.Background(), named(args))
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// query calls row for each row of the answer. row may keep the values, but not the slice.
func (c *conn) query(text string, row func(v []driver.Value) error, args ...driver.Value) (err error) {
	s, err := c.prepared(text)
	if err != nil {
		return err
	}
	rows, err := s.(driver.StmtQueryContext).QueryContext(context.Background(), named(args))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	values := make([]driver.Value, len(rows.Columns()))
	for {
		if err := rows.Next(values); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := row(values); err != nil {
			return err
		}
	}
}

// one returns the single row of an answer; nil if there is none.
func (c *conn) one(text string, args ...driver.Value) (row []driver.Value, err error) {
	err = c.query(text, func(v []driver.Value) error {
		row = append(row[:0], v...)
		return nil
	}, args...)
	return row, err
}

// number returns the value of an integer column.
func number(v driver.Value) (int64, error) {
	n, ok := v.(int64)
	if !ok {
		return 0, damagedf("a column for a number contains something else")
	}
	return n, nil
}

// numbers returns the values of integer columns.
func numbers(v []driver.Value) ([]int64, error) {
	all := make([]int64, len(v))
	for i := range v {
		n, err := number(v[i])
		if err != nil {
			return nil, err
		}
		all[i] = n
	}
	return all, nil
}

// octets returns the value of a blob column.
func octets(v driver.Value) ([]byte, error) {
	switch b := v.(type) {
	case []byte:
		return b, nil
	case nil: // the driver returns nil for an empty blob
		return nil, nil
	}
	return nil, damagedf("a column for bytes contains something else")
}

// SQLite's error codes. The low byte is the kind.
const (
	codeSQL     = 1 // also for a header that SQLite does not understand
	codeBusy    = 5
	codeIO      = 10
	codeCorrupt = 11
	codeFull    = 13
	codeNotADB  = 26
	codeIOWrite = 10 | 3<<8
)

// codeOf returns SQLite's code of an error, 0 if the error is not from SQLite.
func codeOf(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

func extendedCodeOf(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// isDamage reports whether the error says that the file is not what was written.
func isDamage(err error) bool {
	code := codeOf(err)
	return errors.Is(err, ErrDamaged) || code == codeCorrupt || code == codeNotADB
}

func damagedf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

type driverValue = driver.Value

// script runs several statements.
func (c *conn) script(text string) error {
	_, err := c.c.(driver.ExecerContext).ExecContext(context.Background(), text, nil)
	return err
}
