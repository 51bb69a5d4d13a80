package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// wrap adds the name of the package to an error. If there is no connection, or if tables or rights are missing, or nothing can be written, it adds
// what to do. The text is one line, without the password. The errors of the driver and of the server are in the chain.
func wrap(err error) error {
	var pg *pgconn.PgError
	var connect *pgconn.ConnectError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &pg) && (pg.Code == "42P01" || pg.Code == "3F000" || pg.Code == "42703"): // no such table, schema, column
		return fmt.Errorf("%w (%w)", ErrNotMigrated, &failure{serverText(pg), err})
	case strings.HasPrefix(err.Error(), "outbox"):
		return err
	case errors.As(err, &pg) && pg.Code == "25006" || strings.Contains(err.Error(), "read only connection"): // pgx says this before any query
		text := "the connection can only read"
		if pg != nil {
			text = serverText(pg)
		}
		return &failure{"outbox/postgres: " + text + "; give the address of the primary, or of all servers (postgres://db1,db2/name), and check that default_transaction_read_only is off for the user", err}
	case errors.As(err, &connect):
		return &failure{"outbox/postgres: " + connection(connect), err}
	case errors.As(err, &pg) && pg.Code == "42501": // insufficient_privilege
		return &failure{"outbox/postgres: the database's user lacks a right: " + serverText(pg) + "; GRANT it. Migrate needs CREATE in the database, or in a schema that exists. A worker needs SELECT, INSERT, UPDATE and DELETE on the schema's tables. Enqueue needs INSERT on queue. All need USAGE on the schema and on its sequence", err}
	}
	return fmt.Errorf("outbox/postgres: %w", err)
}

// failure is an error with a text for people.
type failure struct {
	text string
	err  error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.err }

// serverText is the message of the server with its code.
func serverText(e *pgconn.PgError) string {
	return strings.Join(strings.Fields(e.Message), " ") + " (SQLSTATE " + e.Code + ")"
}

// connection says why there is no connection, and what to do. The driver tries all hosts, with and without TLS, and its own text has a message for
// each attempt; here equal ones are one.
func connection(err *pgconn.ConnectError) string {
	hosts, several := hostsOf(err.Config)
	var texts []string
	answered, hint := false, ""
	for _, leaf := range attempts(err) {
		a := attemptOf(leaf)
		text := a.text
		if several && a.address != "" {
			text = a.address + ": " + text
		}
		if !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
		if hint == "" || a.answered && !answered { // what a server says is the better clue
			hint = a.hint
		}
		answered = answered || a.answered
	}
	problem := "cannot be reached"
	if answered {
		problem = "does not accept the connection"
	}
	text := "the database on " + hosts + " " + problem + ": " + strings.Join(texts, ", ")
	if hint != "" {
		text += "; " + hint
	}
	return text
}

// hostsOf names the hosts of a configuration, and says whether there are several. It names a port only if it cannot be a password: if an address lost
// its host, the user and the password are in the place of host and port.
func hostsOf(cfg *pgconn.Config) (string, bool) {
	name := func(host string, port uint16) string {
		if cfg.Password == "" && port != 5432 && host != "localhost" && net.ParseIP(host) == nil || strings.HasPrefix(host, "/") {
			return host
		}
		return net.JoinHostPort(host, fmt.Sprint(port))
	}
	names := []string{name(cfg.Host, cfg.Port)}
	for _, other := range cfg.Fallbacks {
		if n := name(other.Host, other.Port); !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return strings.Join(names, ", "), len(names) > 1
}

// attempts returns what went wrong in each attempt: the first error of a known type, or the innermost one.
func attempts(err error) (list []error) {
	switch e := err.(type) {
	case *pgconn.PgError, *net.DNSError, *net.OpError, *tls.CertificateVerificationError, tls.RecordHeaderError, tls.AlertError:
		return []error{err}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			list = append(list, attempts(inner)...)
		}
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			list = attempts(inner)
		}
	}
	if list == nil {
		list = []error{err}
	}
	return list
}

// attempt is what went wrong in an attempt to connect.
type attempt struct {
	text, hint string
	address    string // empty if the server answered
	answered   bool
}

const withoutTLS = "turn TLS on in the server, or set sslmode=disable in the address: then the password and the messages are not encrypted on their way"

func attemptOf(err error) attempt {
	switch e := err.(type) {
	case *pgconn.PgError:
		return attempt{text: serverText(e), hint: connectHints[e.Code], answered: true}
	case *net.DNSError:
		if e.IsNotFound {
			return attempt{text: e.Err, hint: "check the name of the host", address: e.Name}
		}
		return attempt{text: "its name cannot be looked up: " + e.Err, hint: "check the name of the host, and the DNS of this machine", address: e.Name}
	case *net.OpError:
		inner := error(e)
		for next := e.Err; next != nil; next = errors.Unwrap(next) {
			inner = next
		}
		a := attempt{text: inner.Error(), hint: "check that a PostgreSQL server listens on this host and port, and look into its log"}
		if e.Timeout() {
			return attempt{text: notInTime, hint: firewall, address: opAddress(e)}
		}
		if e.Op == "dial" {
			a.address = opAddress(e)
			a.hint = "check the host and the port, and that the server runs and accepts connections from this machine"
			if e.Net == "unix" {
				a.hint = "check the path of the socket, and that the server runs"
			}
		}
		return a
	case *tls.CertificateVerificationError:
		return attempt{text: e.Err.Error(), hint: certificateHint(e.Err), answered: true}
	case tls.RecordHeaderError:
		return attempt{text: "its answer is not TLS", hint: withoutTLS, answered: true}
	case tls.AlertError:
		return attempt{text: e.Error(), hint: "check which versions of TLS the server accepts, and whether it wants a certificate (sslcert=FILE and sslkey=FILE in the address)", answered: true}
	}
	switch {
	case strings.Contains(err.Error(), "server refused TLS connection"): // pgx has no type for it
		return attempt{text: "the server does not offer TLS", hint: withoutTLS, answered: true}
	case err == io.EOF, err == io.ErrUnexpectedEOF:
		return attempt{text: "the connection broke", hint: "check that a PostgreSQL server listens on this host and port, and look into its log"}
	case err == context.DeadlineExceeded:
		return attempt{text: notInTime, hint: firewall}
	case strings.Contains(err.Error(), "invalid body length"), strings.Contains(err.Error(), "received unexpected message"): // nor for these
		return attempt{text: "its answer is not that of a PostgreSQL server", hint: "check the host and the port"}
	}
	return attempt{text: strings.Join(strings.Fields(err.Error()), " ")}
}

const (
	notInTime = "it has not answered in time"
	firewall  = "check the host, the port, and any firewall in between"
)

func opAddress(e *net.OpError) string {
	if e.Addr == nil {
		return ""
	}
	return e.Addr.String()
}

func certificateHint(err error) string {
	switch {
	case errors.As(err, new(x509.UnknownAuthorityError)):
		return "name the file of the authority that signed the server's certificate with sslrootcert=FILE in the address"
	case errors.As(err, new(x509.HostnameError)):
		return "give the host by a name that the server's certificate has; sslmode=verify-ca checks who signed it, but not the name"
	}
	return "check the server's certificate, and the clock of this machine"
}

// connectHints are what to do about an SQLSTATE when the connection is made.
var connectHints = map[string]string{
	"28P01": "check the user and the password",
	"28000": "check the user, and whether pg_hba.conf of the server admits it from this machine, to this database, and with this sslmode",
	"3D000": "check the name of the database in the address",
	"42501": "GRANT the user CONNECT on the database",
	"53300": "wait until other connections have ended, or raise the server's limit (max_connections, or that of the user or the database)",
	"57P03": "the server is starting or stopping; try again in a minute",
	"42704": "check the parameters in the address",
	"22023": "check the values of the parameters in the address",
}
