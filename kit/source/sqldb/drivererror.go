package sqldb

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	sqlitedriver "modernc.org/sqlite"

	"github.com/ciokit/cio/kit/internal/printed"
)

// reason is what an error of a driver says, for people.
type reason struct {
	text     string // the message of the server, the system or the driver, in one line
	hint     string // what to do; empty if that is not clear
	address  string // whose error it is; empty if the server answered, or if there is only one
	answered bool   // by the server
	timeout  bool   // nobody answered in time
}

// reasonOf returns the reason of an error. A driver tries several addresses, with and without TLS, and its error has a message for each attempt:
// equal ones are given once. connecting says that the connection was not ready.
func (d *dialect) reasonOf(err error, connecting bool) reason {
	all := d.reasons(err, connecting)
	r := all[0]
	if slices.ContainsFunc(all, func(other reason) bool { return other.text != r.text || other.address != r.address }) {
		var texts []string
		for _, other := range all {
			text := other.text
			if other.address != "" {
				text = other.address + ": " + text
			}
			if !slices.Contains(texts, text) {
				texts = append(texts, text)
			}
			if r.hint == "" || other.answered && !r.answered { // what a server says is the better clue
				r.hint = other.hint
			}
			r.answered, r.timeout = r.answered || other.answered, r.timeout && other.timeout
		}
		r.text = strings.Join(texts, ", ")
	}
	return r
}

// reasons returns the reasons of all attempts, at least one.
func (d *dialect) reasons(err error, connecting bool) (list []reason) {
	for _, leaf := range leaves(err) {
		r := d.leaf(leaf, connecting)
		if r.text == "" {
			r.text = leaf.Error()
		}
		r.text = printed.Line(strings.TrimSuffix(r.text, ": %!w(<nil>)")) // an error of pgx ends in this
		list = append(list, r)
	}
	return list
}

// leaves returns the errors that an error of a driver is made of: the first known one of each attempt. An error that is unknown is whole, except one
// of pgx's about a connection, which repeats the user, the database and the address in front of what is wrong.
func leaves(err error) []error {
	if _, ok := err.(*pgconn.ConnectError); ok {
		return deepest(err)
	}
	if inner := deepest(err); slices.ContainsFunc(inner, known) {
		return inner
	}
	return []error{err}
}

func deepest(err error) (list []error) {
	if known(err) {
		return []error{err}
	}
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			list = append(list, deepest(inner)...)
		}
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			list = deepest(inner)
		}
	}
	if list == nil {
		list = []error{err}
	}
	return list
}

// known reports whether leaf knows the type of an error.
func known(err error) bool {
	switch err.(type) {
	case *pgconn.PgError, *mysql.MySQLError, *sqlitedriver.Error, *net.DNSError, *tls.CertificateVerificationError, tls.RecordHeaderError, tls.AlertError,
		x509.UnknownAuthorityError, x509.HostnameError, x509.CertificateInvalidError, *pgproto3.ExceededMaxBodyLenErr:
		return true
	case *net.OpError:
		return !errors.As(err, new(*net.DNSError)) && !errors.As(err, new(tls.AlertError))
	}
	return err == mysql.ErrInvalidConn || err == mysql.ErrNoTLS || err == io.EOF || err == io.ErrUnexpectedEOF
}

// leaf returns the reason of a single error. Its text is empty if it is that of the error.
func (d *dialect) leaf(err error, connecting bool) reason {
	broken := "the server or a timeout ended it; look into the server's log, and run the command again"
	if connecting {
		broken = "check that " + d.server() + " listens on this host and port, and look into its log"
	}
	switch e := err.(type) {
	case *pgconn.PgError:
		r := reason{text: e.Message + " (SQLSTATE " + e.Code + ")", hint: postgresHints[e.Code], answered: true}
		if !connecting && e.Hint != "" {
			r.hint = strings.TrimSuffix(e.Hint, ".") // such as the name of the column that is nearest
		}
		return r
	case *mysql.MySQLError:
		return reason{hint: mysqlHints[e.Number], answered: true}
	case *sqlitedriver.Error:
		return sqliteReason(e)
	case *net.DNSError:
		r := reason{text: e.Err, hint: "check the name of the host", address: e.Name}
		if !e.IsNotFound {
			r.text, r.hint = "its name cannot be looked up: "+e.Err, "check the name of the host, and the DNS of this machine"
		}
		return r
	case *net.OpError:
		inner := error(e)
		for next := e.Err; next != nil; next = errors.Unwrap(next) {
			inner = next
		}
		r := reason{text: inner.Error(), hint: broken, timeout: e.Op == "dial" && e.Timeout()}
		if connecting && e.Timeout() {
			r.hint = "check the host, the port, and any firewall in between"
		} else if e.Op == "dial" {
			r.hint = "check the host and the port, and that the server runs and accepts connections from this machine"
			if e.Net == "unix" {
				r.hint = "check the path of the socket, and that the server runs"
			}
		}
		if e.Op == "dial" && e.Addr != nil {
			r.address = e.Addr.String()
		}
		return r
	case *tls.CertificateVerificationError:
		r := d.leaf(e.Err, connecting)
		if r.text == "" {
			r.text = e.Err.Error()
		}
		return r
	case x509.UnknownAuthorityError:
		return reason{hint: "name the file of the authority that signed the server's certificate with sslrootcert=FILE in the URL", answered: true}
	case x509.HostnameError:
		return reason{hint: "give the host by a name that the server's certificate has; sslmode=verify-ca checks who signed it, but not the name", answered: true}
	case x509.CertificateInvalidError:
		return reason{hint: "check the server's certificate, and the clock of this machine", answered: true}
	case tls.RecordHeaderError:
		return reason{text: "its answer is not TLS", hint: withoutTLS, answered: true}
	case tls.AlertError:
		return reason{hint: "check which versions of TLS the server accepts, and whether it wants a certificate (sslcert=FILE and sslkey=FILE in the URL)", answered: true}
	case *pgproto3.ExceededMaxBodyLenErr:
		return reason{text: "its answer is not that of " + d.server(), hint: "check the host and the port"}
	}
	switch text := err.Error(); {
	case strings.Contains(text, "missing argument with index"), strings.Contains(text, "missing named argument"), strings.Contains(text, "arguments, got 0"), strings.Contains(text, "not enough args to execute query"):
		return reason{text: "the query has a parameter, such as ? or $1, and no value is given for it", hint: "write the value into the query", answered: true}
	case err == mysql.ErrNoTLS, strings.Contains(err.Error(), "server refused TLS connection"): // pgx has no type for it
		return reason{text: "the server does not offer TLS", hint: withoutTLS, answered: true}
	case err == mysql.ErrInvalidConn, err == io.EOF, err == io.ErrUnexpectedEOF:
		return reason{text: "the connection broke", hint: broken}
	case err == context.DeadlineExceeded:
		return reason{text: "it has not answered in time", timeout: true, hint: "check the host, the port, and any firewall in between"}
	case connecting && (strings.Contains(err.Error(), "standby mode") || strings.Contains(err.Error(), "read only")): // nor for what target_session_attrs rejects
		return reason{hint: "check target_session_attrs in the URL, and that one of its hosts is such a server", answered: true}
	case connecting && strings.Contains(err.Error(), "received unexpected message"): // nor for this
		return reason{text: "its answer is not that of " + d.server(), hint: "check the host and the port"}
	}
	return reason{}
}

const withoutTLS = "turn TLS on in the server, or set sslmode=disable in the URL: then the password and the rows are not encrypted on their way"

// server names the kind of server.
func (d *dialect) server() string {
	if d == postgres {
		return "a PostgreSQL server"
	}
	return "a MySQL or MariaDB server"
}

// postgresHints are what to do about an SQLSTATE.
var postgresHints = map[string]string{
	"28P01": "check the user and the password",
	"28000": "check the user, and whether pg_hba.conf of the server admits it from this machine, to this database, and with this sslmode",
	"3D000": "check the name of the database in the URL",
	"42501": "check the rights of the user: it needs CONNECT on the database, USAGE on the schema and SELECT on the tables (GRANT)",
	"53300": "wait until other connections have ended, or raise the server's limit (max_connections, or that of the user or the database)",
	"57P03": "the server is starting or stopping; run the command again in a minute",
	"57P01": "an administrator ended the connection or the server; run the command again",
	"42704": "check the names and the parameters in the URL and in the query",
	"22023": "check the values of the parameters in the URL and in the query",
	"42P02": "write the value into the query in place of the parameter",
	"08P01": "if the query has a parameter such as $1, write its value into the query",
	"42P01": "check the name of the table, its schema, and the database in the URL",
	"3F000": "check the name of the schema, and the database in the URL",
	"42703": "check the name of the column; PostgreSQL reads a name without double quotes in lower case",
	"42883": "check the name of the function, and the types of its arguments",
	"57014": "raise the limit in the URL with statement_timeout=MILLISECONDS (0 for none), or make the query faster",
	"25006": "a query can only read",
}

// mysqlHints are what to do about an error number of MySQL or MariaDB.
var mysqlHints = map[uint16]string{
	1045: "check the user and the password, and from which hosts the user can connect",
	1698: "check the user and the password, and from which hosts the user can connect",
	1130: "check from which hosts the user can connect",
	1129: "remove the block on the server with mariadb-admin flush-hosts or mysqladmin flush-hosts",
	1044: "check the name of the database in the URL, and the rights of the user on it (GRANT SELECT)",
	1049: "check the name of the database in the URL",
	1046: "add the name of the database to the URL",
	1040: "wait until other connections have ended, or raise the server's limit (max_connections)",
	1203: "wait until other connections of the user have ended, or raise the limit (max_user_connections)",
	1226: "wait until other connections of the user have ended, or raise the limit of the user",
	1820: "give the user a new password on the server",
	1862: "give the user a new password on the server",
	3118: "unlock the user on the server (ALTER USER ... ACCOUNT UNLOCK)",
	4151: "unlock the user on the server (ALTER USER ... ACCOUNT UNLOCK)",
	3159: "the server accepts only encrypted connections: set sslmode=require in the URL",
	1146: "check the name of the table, and the database in the URL; names of tables may be case sensitive",
	1054: "check the name of the column",
	1305: "check the name of the function",
	1142: "check the rights of the user: it needs SELECT on the tables (GRANT)",
	1143: "check the rights of the user: it needs SELECT on the columns (GRANT)",
	1792: "a query can only read",
	1969: "raise the limit in the URL with max_statement_time=SECONDS (0 for none), or make the query faster",
	3024: "raise the limit in the URL with max_execution_time=MILLISECONDS (0 for none), or make the query faster",
	// Two equal names in a subquery.
	1060: "with an order every column needs its own name: name the columns instead of *, or rename one with AS",
}

// sqliteHints are what to do about a primary result code of SQLite.
var sqliteHints = map[int]string{
	5:  "wait until the program that writes to the file has ended",
	6:  "wait until the program that writes to the file has ended",
	8:  "check the rights on the file and its directory: a file in WAL mode needs a -shm file next to it",
	10: "check the disk, and the rights on the file and its directory",
	11: "check the file with sqlite3 FILE 'PRAGMA integrity_check'",
	14: "check the rights on the file and its directory",
	23: "a query can only read, and cannot attach other files or load extensions",
	26: "check that the file is an SQLite database that is not encrypted",
}

// sqliteReason is the reason of an error of SQLite. It has one code for most mistakes in a query, so only its text says more. The text is never
// translated.
func sqliteReason(e *sqlitedriver.Error) reason {
	text := e.Error()
	if rest, ok := strings.CutPrefix(text, "SQL logic error: "); ok {
		text = strings.TrimSuffix(rest, " (1)")
	}
	r := reason{text: text, hint: sqliteHints[e.Code()&0xff], answered: true}
	switch {
	case strings.HasPrefix(text, "no such table: "):
		r.hint = "check the name of the table, and that this is the right file"
	case strings.HasPrefix(text, "no such column: "):
		r.hint = "check the name of the column"
	case strings.HasPrefix(text, "no such function: "):
		r.hint = "check the name of the function"
	case strings.HasPrefix(text, "not authorized"):
		r.hint = sqliteHints[23]
	}
	return r
}

// explained is an error of a driver with the text for people.
type explained struct {
	text string
	err  error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.err }

// explain returns an error of a driver as: problem: its message; what to do.
func (d *dialect) explain(problem string, err error) error {
	r := d.reasonOf(err, false)
	text := problem + ": " + r.text
	if r.hint != "" {
		text += "; " + r.hint
	}
	return &explained{text, err}
}
