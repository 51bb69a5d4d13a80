// Package sqldb reads the rows of a query of a PostgreSQL, MySQL, MariaDB or SQLite database as a source.Source, in bounded memory.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	_ "modernc.org/sqlite"             // the driver sqlite

	"github.com/ciokit/cio/kit/source"
)

// IsURL reports whether a name is one that Open takes: a URL that begins with postgres, postgresql, mysql, mariadb or sqlite.
func IsURL(name string) bool {
	scheme, _, ok := strings.Cut(name, ":")
	switch scheme {
	case "postgres", "postgresql", "mysql", "mariadb", "sqlite":
		return ok
	}
	return false
}

// Name is a URL without user and password, to be shown.
func Name(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		scheme, _, _ := strings.Cut(raw, ":")
		return scheme + " database"
	}
	if u.Opaque != "" {
		return u.Scheme + ":" + u.Opaque
	}
	return u.Scheme + "://" + u.Host + u.Path
}

// Open runs a query and returns its rows. URLs are postgres://user:password@host:5432/database, mysql://user:password@host:3306/database (or
// mariadb://), with the parameters of the drivers pgx and go-sql-driver after a question mark, and sqlite:FILE. The query runs in a
// transaction that reads only. No error holds the password.
//
// Cells are JSON, and lose no digit: integers and decimals become numbers with their digits, floating point numbers the shortest that reads
// back as the same, truth values true and false, JSON itself, binary data base64 text, times with a zone RFC 3339 in UTC, dates
// 2006-01-02, everything else its text. A NaN or an infinity, which JSON does not have, makes a bad row. NULL is absent.
//
// Whether the same query gives the same rows in the same order is up to it: messages that are to keep their ids need a messageId in the
// mapping. A row's Line is its number in the result.
func Open(ctx context.Context, rawURL, query string) (source.Source, error) {
	if strings.TrimSpace(query) == "" {
		return nil, errors.New("sqldb: the query is empty; give one such as SELECT id, email FROM customers")
	}
	driver, dsn, err := dataSource(rawURL)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, fmt.Errorf("sqldb: %s: the connection string is wrong", Name(rawURL)) // the driver's words may quote it
	}
	db.SetMaxOpenConns(1)
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stopped := context.AfterFunc(ctx, cancel) // until the rows begin to come; from then on Close ends it
	defer stopped()
	tx, err := db.BeginTx(run, &sql.TxOptions{ReadOnly: driver != "sqlite"})
	if err != nil {
		cancel()
		return nil, errors.Join(fmt.Errorf("sqldb: %s cannot be reached: %w", Name(rawURL), err), db.Close())
	}
	rows, err := tx.QueryContext(run, query)
	if err != nil {
		cancel()
		return nil, errors.Join(&source.FormatError{Problem: "the query fails: " + err.Error(), Hint: "try it in the database's own shell"}, db.Close())
	}
	types, err := rows.ColumnTypes()
	if err != nil {
		cancel()
		return nil, errors.Join(err, db.Close())
	}
	return newResult(db, rows, types, cancel), nil
}

// dataSource turns a URL into what a driver takes.
func dataSource(raw string) (driver, dsn string, err error) {
	scheme, rest, _ := strings.Cut(raw, ":")
	if scheme == "sqlite" {
		file := strings.TrimPrefix(rest, "//")
		if _, err := os.Stat(file); err != nil {
			return "", "", err // the driver would make an empty database
		}
		return "sqlite", "file:" + (&url.URL{Path: file}).EscapedPath() + "?mode=ro", nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" && u.Query().Get("host") == "" && u.Query().Get("socket") == "" { // of a Unix socket
		return "", "", fmt.Errorf("sqldb: this is no URL of a database; give one such as %s://user:password@host/database", scheme)
	}
	if scheme == "postgres" || scheme == "postgresql" {
		return "pgx", raw, nil
	}
	cfg := mysql.NewConfig()
	password, _ := u.User.Password()
	cfg.User, cfg.Passwd, cfg.Net, cfg.Addr, cfg.DBName = u.User.Username(), password, "tcp", u.Host, strings.TrimPrefix(u.Path, "/")
	if u.Port() == "" {
		cfg.Addr = net.JoinHostPort(u.Hostname(), "3306")
	}
	if socket := u.Query().Get("socket"); socket != "" {
		cfg.Net, cfg.Addr = "unix", socket
	}
	cfg.Params = map[string]string{"time_zone": "'+00:00'"}
	if tls := u.Query().Get("tls"); tls != "" {
		cfg.TLSConfig = tls
	}
	return "mysql", cfg.FormatDSN(), nil
}
