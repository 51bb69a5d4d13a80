package sqldb

import (
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ciokit/cio/kit/source"
)

// connectTimeout is how long a server may take to let the user in, where the URL does not say.
const connectTimeout = 10 * time.Second

// target is the database that a URL names.
type target struct {
	dialect   *dialect
	connector driver.Connector
	local     bool          // no network lies between
	timeout   time.Duration // until the user is let in
	tlsMode   tlsMode
	state     atomic.Pointer[tls.ConnectionState] // of the last connection; nil if it is not encrypted

	// setup is called with each connection that is to read only; nil for nothing to do.
	setup func(context.Context, driver.Conn) error
}

// newTarget reads a URL. No error holds a part of it that may belong to a password.
func newTarget(raw string) (*target, error) {
	scheme, rest, _ := strings.Cut(raw, ":")
	d := schemes[scheme]
	switch d {
	case nil:
		return nil, badURL("begins with none of postgres:, mysql:, mariadb: and sqlite:")
	case sqlite:
		return sqliteTarget(sqlitePath(rest, runtime.GOOS == "windows"))
	}
	a, err := parseAddress(raw)
	if err != nil {
		return nil, err
	}
	asked, err := a.readTLS()
	if err != nil {
		return nil, err
	}
	if d == postgres {
		return postgresTarget(a, asked)
	}
	return mysqlTarget(a, asked)
}

// open returns the database, which is read over one connection.
func (t *target) open() *sql.DB {
	c := t.connector
	if t.setup != nil {
		c = connector{c, t.setup}
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(1)
	return db
}

// connection says how safe the way to the database is.
func (t *target) connection() *source.Connection {
	return secured(t.state.Load(), t.tlsMode, t.local)
}

// connector sets up what another one connects.
type connector struct {
	driver.Connector
	setup func(context.Context, driver.Conn) error
}

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.setup(ctx, conn); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// unknownParam says that a parameter is not known. Its name is told only where no password stands among the parameters, of which it may be a
// part, cut off by an & or a =.
func (a *address) unknownParam(name string, known []string) error {
	which := "a parameter that is not known"
	if a.get("password") == "" && a.get("sslpassword") == "" {
		which = "the parameter " + name + ", which is not known"
	}
	return badURL("has " + which + "; nothing is ignored, because it may have been meant to keep the connection safe. Besides those of TLS, known are " + strings.Join(known, ", "))
}

// transaction begins one, in which values come as they are.
func (t *target) transaction(ctx context.Context, db *sql.DB, rawURL string) (*sql.Tx, error) {
	connecting, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	err := db.PingContext(connecting)
	if err != nil && connecting.Err() != nil && ctx.Err() == nil {
		return nil, unreachable(fmt.Sprintf("sqldb: %s has not answered within %s; look whether the host and the port are right, and whether a firewall is between", Name(rawURL), t.timeout))
	}
	var tx *sql.Tx
	if err == nil {
		tx, err = db.BeginTx(ctx, t.dialect.transaction)
	}
	if err != nil {
		return nil, unreachable("sqldb: " + Name(rawURL) + " cannot be reached: " + mask(rawURL, err.Error()))
	}
	if t.dialect == postgres {
		if _, err := tx.ExecContext(ctx, postgresSession); err != nil {
			return nil, fmt.Errorf("sqldb: the session cannot be set up: %w", err)
		}
	}
	return tx, nil
}

// grammar is that of the transaction's session.
func (d *dialect) grammar(ctx context.Context, tx *sql.Tx) (grammar, error) {
	switch d {
	case postgres:
		return postgresGrammar(ctx, tx)
	case mysqlServer:
		return mysqlGrammar(ctx, tx)
	}
	return grammarOf(d), nil
}
