package sqldb

import (
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// failure opens a query and reads its rows. It returns the error, in which the place of the database is PLACE.
func failure(t *testing.T, rawURL, query string, orderBy ...string) string {
	t.Helper()
	src, err := Open(t.Context(), rawURL, Query{SQL: query, OrderBy: orderBy})
	if err == nil {
		defer src.Close()
		if err = src.Select([]string{"a"}); err == nil {
			var b source.Batch
			for err == nil {
				err = src.Next(t.Context(), &b)
			}
		}
	}
	if err == io.EOF {
		return ""
	}
	if strings.Contains(err.Error(), "unguessable") || strings.ContainsAny(err.Error(), "\n") {
		t.Errorf("%q: the error contains the password, or several lines", err)
	}
	return strings.ReplaceAll(err.Error(), Name(rawURL), "PLACE")
}

const (
	listens = "; check the host and the port, and that the server runs and accepts connections from this machine"
	noTLS   = "sqldb: PLACE does not accept the connection: the server does not offer TLS; turn TLS on in the server, or set sslmode=disable in the URL: then the password and the rows are not encrypted on their way"
	ending  = " cannot be reached: connection refused" + listens
)

// Each error of a connection has the message of the server or the system once, in one line, and says what to do. An error of a driver repeats it for
// each attempt.
func TestUnreachableServersAreExplained(t *testing.T) {
	t.Parallel()
	serve := func(answer string) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = io.ReadFull(c, make([]byte, 8)) // a client of PostgreSQL speaks first
				_, _ = io.WriteString(c, answer)
				c.Close()
			}
		}()
		return l.Addr().String()
	}
	noTLSMySQL, _ := listen(t, 0, oldHandshake)
	file := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(file, []byte(strings.Repeat("id,email\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ url, want string }{
		{"postgres://me:unguessable@127.0.0.1:1/shop", "sqldb: PLACE" + ending},
		{"postgres://me:unguessable@127.0.0.1:1/shop?sslmode=disable", "sqldb: PLACE" + ending},
		{"mysql://me:unguessable@127.0.0.1:1/shop", "sqldb: PLACE" + ending},
		{"mariadb://me:unguessable@127.0.0.1:1/shop", "sqldb: PLACE" + ending},
		{"postgres://me:unguessable@127.0.0.1:1,127.0.0.1:2/shop", "sqldb: PLACE cannot be reached: 127.0.0.1:1: connection refused, 127.0.0.1:2: connection refused" + listens},
		{"mysql://me:unguessable@localhost/shop?socket=/nowhere/socket", "sqldb: PLACE cannot be reached: no such file or directory; check the path of the socket, and that the server runs"},
		{"postgres://me:unguessable@" + serve("N") + "/shop?sslmode=require", noTLS},
		{"mysql://me:unguessable@" + noTLSMySQL + "/shop?tls=true", noTLS},
		{"postgres://me:unguessable@" + serve("HTTP/1.0 400 Bad Request\r\n\r\n") + "/shop?sslmode=disable", "sqldb: PLACE cannot be reached: its answer is not that of a PostgreSQL server; check the host and the port"},
		{"sqlite:" + file, "sqldb: PLACE cannot be opened: file is not a database (26); check that the file is an SQLite database that is not encrypted"},
		{"sqlite:" + filepath.Dir(file), "sqldb: PLACE is a directory; give the file of the database"},
	} {
		if strings.Contains(tt.want, "no such file") && os.PathSeparator != '/' || os.PathSeparator != '/' && strings.Contains(tt.want, "refused") {
			continue // Windows has other words
		}
		if got := failure(t, tt.url, "SELECT 1 AS a"); got != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", tt.url, got, tt.want)
		}
	}
	for _, scheme := range []string{"postgres", "mysql"} {
		got := failure(t, scheme+"://me:unguessable@no-host.invalid/shop", "SELECT 1 AS a")
		if !strings.HasPrefix(got, "sqldb: PLACE cannot be reached: ") || !strings.Contains(got, "; check the name of the host") || strings.Count(got, "no-host") > 0 {
			t.Errorf("an unknown host: %s", got) // the words depend on the resolver
		}
	}
}

// An error of a query says what the server says, once, and what to do.
func TestWrongQueriesOfSQLiteAreExplained(t *testing.T) {
	t.Parallel()
	file := "sqlite:" + sqliteFile(t, "CREATE TABLE t (a, b);")
	for query, want := range map[string]string{
		"SELECT a FROM missing":      "no such table: missing; check the name of the table, and that this is the right file",
		"SELECT missing FROM t":      "no such column: missing; check the name of the column",
		"SELECT missing(a) FROM t":   "no such function: missing; check the name of the function",
		"SELECT FROM FROM":           `near "FROM": syntax error; try it in the database's own shell`,
		"SELECT load_extension('x')": "not authorized to use function: load_extension; a query can only read, and cannot attach other files or load extensions",
	} {
		if got := failure(t, file, query); got != "source: the query fails: "+want {
			t.Errorf("%s:\n%s\nwant\n%s", query, got, want)
		}
	}
}

func TestServersExplained(t *testing.T) {
	for variable, cases := range map[string][]struct{ change, query, want string }{
		"CIOKIT_POSTGRES_URL": {
			{"password", "SELECT 1 AS a", `sqldb: PLACE does not accept the connection: password authentication failed for user "ciokit" (SQLSTATE 28P01); check the user and the password`},
			{"database", "SELECT 1 AS a", `sqldb: PLACE does not accept the connection: database "nothing" does not exist (SQLSTATE 3D000); check the name of the database in the URL`},
			{"target_session_attrs=standby", "SELECT 1 AS a", "sqldb: PLACE does not accept the connection: server is not in hot standby mode; check target_session_attrs in the URL, and that one of its hosts is such a server"},
			{"sslmode=verify-ca", "SELECT 1 AS a", "sqldb: PLACE does not accept the connection: x509: certificate signed by unknown authority; name the file of the authority that signed the server's certificate with sslrootcert=FILE in the URL"},
			{"", "SELECT a FROM nothing", `source: the query fails: relation "nothing" does not exist (SQLSTATE 42P01); check the name of the table, its schema, and the database in the URL`},
			{"", "SELECT nothing AS a", `source: the query fails: column "nothing" does not exist (SQLSTATE 42703); check the name of the column; PostgreSQL reads a name without double quotes in lower case`},
			{"", "SELECT relnames AS a FROM pg_class", `source: the query fails: column "relnames" does not exist (SQLSTATE 42703); Perhaps you meant to reference the column "pg_class.relname"`},
			{"", "SELECT FROM FROM", `source: the query fails: syntax error at or near "FROM" (SQLSTATE 42601); try it in the database's own shell`},
			{"", "SELECT 1/(3-n) AS a FROM generate_series(1, 3) AS n", "sqldb: the query failed while its rows were read: division by zero (SQLSTATE 22012)"},
			{"statement_timeout=50", "SELECT 1 AS a, pg_sleep(2)", "source: the query fails: canceling statement due to statement timeout (SQLSTATE 57014); raise the limit in the URL with statement_timeout=MILLISECONDS (0 for none), or make the query faster"},
		},
		"CIOKIT_MARIADB_URL": {
			{"password", "SELECT 1 AS a", "sqldb: PLACE does not accept the connection: Error 1045 (28000): Access denied for user 'ciokit'@'localhost' (using password: YES); check the user and the password, and from which hosts the user can connect"},
			{"database", "SELECT 1 AS a", "sqldb: PLACE does not accept the connection: Error 1044 (42000): Access denied for user 'ciokit'@'%' to database 'nothing'; check the name of the database in the URL, and the rights of the user on it (GRANT SELECT)"},
			{"sslmode=verify-ca", "SELECT 1 AS a", "sqldb: PLACE does not accept the connection: x509: certificate signed by unknown authority; name the file of the authority that signed the server's certificate with sslrootcert=FILE in the URL"},
			{"", "SELECT a FROM nothing", "source: the query fails: Error 1146 (42S02): Table 'ciokit.nothing' doesn't exist; check the name of the table, and the database in the URL; names of tables may be case sensitive"},
			{"", "SELECT nothing AS a", "source: the query fails: Error 1054 (42S22): Unknown column 'nothing' in 'SELECT'; check the name of the column"},
			{"max_statement_time=0.05", "SELECT 1 AS a, SLEEP(2)", "sqldb: the query failed while its rows were read: Error 1969 (70100): Query execution was interrupted (max_statement_time exceeded); raise the limit in the URL with max_statement_time=SECONDS (0 for none), or make the query faster"},
		},
	} {
		t.Run(variable, func(t *testing.T) {
			raw := server(t, variable)
			for _, tt := range cases {
				u, err := url.Parse(raw)
				if err != nil {
					t.Fatal(err)
				}
				switch name, value, _ := strings.Cut(tt.change, "="); name {
				case "":
				case "password":
					u.User = url.UserPassword("ciokit", "unguessable")
				case "database":
					u.Path = "/nothing"
				default:
					q := u.Query()
					q.Set(name, value)
					u.RawQuery = q.Encode()
				}
				if got := failure(t, u.String(), tt.query); got != tt.want {
					t.Errorf("%s, %s:\n%s\nwant\n%s", tt.change, tt.query, got, tt.want)
				}
			}
		})
	}
}

// An error of no known type keeps its text, in one line.
func TestUnknownErrorsKeepTheirText(t *testing.T) {
	t.Parallel()
	if got := postgres.explain("sqldb: trouble", errors.New("something\nnew")).Error(); got != `sqldb: trouble: something\nnew` {
		t.Error(got)
	}
}
