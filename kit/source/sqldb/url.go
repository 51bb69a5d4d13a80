package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	_ "modernc.org/sqlite"             // the driver sqlite
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

// Name is a URL without user, password and parameters, to be shown.
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

// HasPassword reports whether a URL holds a password.
func HasPassword(raw string) bool { return len(secrets(raw)) > 0 }

// secrets returns the passwords in a URL, as they stand there and as they are meant.
func secrets(raw string) []string {
	var list []string
	add := func(s string) {
		if s != "" {
			list = append(list, s)
		}
	}
	u, err := url.Parse(raw)
	if err != nil { // what stands where the password does
		if _, rest, ok := strings.Cut(raw, "://"); ok {
			if at := strings.LastIndexByte(rest, '@'); at >= 0 {
				_, password, _ := strings.Cut(rest[:at], ":")
				add(password)
			}
		}
		return list
	}
	password, _ := u.User.Password()
	add(password)
	if _, written, ok := strings.Cut(u.User.String(), ":"); ok {
		add(written)
	}
	for _, name := range []string{"password", "sslpassword"} {
		add(u.Query().Get(name))
	}
	return list
}

// mask puts asterisks where text holds a password of the URL.
func mask(rawURL, text string) string {
	for _, s := range secrets(rawURL) {
		text = strings.ReplaceAll(text, s, "***")
	}
	return text
}

// dialect is what differs between the databases.
type dialect struct {
	name        string
	driver      string // of database/sql
	transaction *sql.TxOptions
	quote       byte // of names
	numbered    bool // placeholders are $1, $2
	rawKeys     bool // the driver changes values by the declared type of their column
	prepared    bool // only a prepared statement gives floating point numbers with all their digits
}

var (
	readOnly = &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}

	postgres    = &dialect{name: "PostgreSQL", driver: "pgx", transaction: readOnly, quote: '"', numbered: true}
	mysqlServer = &dialect{name: "MySQL", driver: "mysql", transaction: readOnly, quote: '`', prepared: true}
	sqlite      = &dialect{name: "SQLite", driver: "sqlite", quote: '"', rawKeys: true}
)

func (d *dialect) identifier(name string) string {
	q := string(d.quote)
	return q + strings.ReplaceAll(name, q, q+q) + q
}

// query runs a query. The statement that it may prepare ends with the transaction.
func (d *dialect) query(ctx context.Context, tx *sql.Tx, query string, args ...any) (*sql.Rows, error) {
	if !d.prepared {
		return tx.QueryContext(ctx, query, args...)
	}
	stmt, err := tx.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

// files are those that a database is in and that are beside it while it is written to, if it is one of files.
func files(raw string) []string {
	if scheme, rest, _ := strings.Cut(raw, ":"); scheme == "sqlite" {
		file := strings.TrimPrefix(rest, "//")
		return []string{file, file + "-wal", file + "-journal", file + "-shm"}
	}
	return nil
}

// dataSource turns a URL into what a driver takes.
func dataSource(raw string) (d *dialect, dsn string, err error) {
	scheme, rest, _ := strings.Cut(raw, ":")
	if scheme == "sqlite" {
		file := strings.TrimPrefix(rest, "//")
		if _, err := os.Stat(file); err != nil {
			return nil, "", err // the driver would make an empty database
		}
		return sqlite, "file:" + (&url.URL{Path: file}).EscapedPath() + "?mode=ro", nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" && u.Query().Get("host") == "" && u.Query().Get("socket") == "" { // of a Unix socket
		return nil, "", fmt.Errorf("sqldb: this is no URL of a database; give one such as %s://user:password@host/database", scheme)
	}
	if scheme == "postgres" || scheme == "postgresql" {
		return postgres, raw, nil
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
	return mysqlServer, cfg.FormatDSN(), nil
}
