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

// connectTimeout is how long a server has to accept the connection, if the URL does not say it.
const connectTimeout = 10 * time.Second

// target is the database of a URL.
type target struct {
	dialect   *dialect
	connector driver.Connector
	local     bool          // there is no network in between
	timeout   time.Duration // until the connection is accepted
	tlsMode   tlsMode
	state     atomic.Pointer[tls.ConnectionState] // of the last connection; nil if it is not encrypted

	// setup is called with each connection that must be read only; nil if there is nothing to do.
	setup func(context.Context, driver.Conn) error
}

// newTarget reads a URL. No error contains a part of it that may belong to a password.
func newTarget(raw string) (*target, error) {
	scheme, rest, _ := strings.Cut(raw, ":")
	d := schemes[scheme]
	switch d {
	case nil:
		return nil, badURL("must begin with postgres:, mysql:, mariadb: or sqlite:")
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

// open returns the database, which uses one connection.
func (t *target) open() *sql.DB {
	c := t.connector
	if t.setup != nil {
		c = connector{c, t.setup}
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(1)
	return db
}

// connection says how safe the connection to the database is.
func (t *target) connection() *source.Connection {
	return secured(t.state.Load(), t.tlsMode, t.local)
}

// connector sets up the connections that another one makes.
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

// unknownParam returns the error for an unknown parameter. It names the parameter only if the parameters contain no password: the name could be a
// part of it, cut off by an & or a =.
func (a *address) unknownParam(name string, known []string) error {
	which := "an unknown parameter"
	if a.get("password") == "" && a.get("sslpassword") == "" {
		which = "the unknown parameter " + name
	}
	return badURL("has " + which + "; no parameter is ignored, because it may have been meant to keep the connection safe. Besides those of TLS, the known parameters are " + strings.Join(known, ", "))
}

// transaction begins a transaction in which values keep their form.
func (t *target) transaction(ctx context.Context, db *sql.DB, rawURL string) (*sql.Tx, error) {
	connecting, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	err := db.PingContext(connecting)
	if err != nil && ctx.Err() == nil && (connecting.Err() != nil || t.dialect.reasonOf(err, true).timeout) {
		return nil, unreachable(fmt.Sprintf("sqldb: %s has not answered within %s; check the host, the port, and any firewall in between", Name(rawURL), t.timeout))
	}
	var tx *sql.Tx
	if err == nil {
		tx, err = db.BeginTx(ctx, t.dialect.transaction)
	}
	if err != nil {
		return nil, t.refused(rawURL, err)
	}
	if t.dialect == postgres {
		if _, err := tx.ExecContext(ctx, postgresSession); err != nil {
			return nil, t.dialect.explain("sqldb: the session cannot be set up", err)
		}
	}
	return tx, nil
}

// refused is the error for a connection that cannot be made.
func (t *target) refused(rawURL string, err error) error {
	r, problem := t.dialect.reasonOf(err, true), " cannot be reached: "
	switch {
	case t.dialect == sqlite:
		problem = " cannot be opened: "
	case r.answered:
		problem = " does not accept the connection: "
	}
	text := "sqldb: " + Name(rawURL) + problem + mask(rawURL, r.text)
	if r.hint != "" {
		text += "; " + r.hint
	}
	return unreachable(text)
}

// grammar returns the grammar of the transaction's session.
func (d *dialect) grammar(ctx context.Context, tx *sql.Tx) (grammar, error) {
	switch d {
	case postgres:
		return postgresGrammar(ctx, tx)
	case mysqlServer:
		return mysqlGrammar(ctx, tx)
	}
	return grammarOf(d), nil
}
