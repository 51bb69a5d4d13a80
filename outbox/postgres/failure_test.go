package postgres_test

import (
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/ciokit/cio/outbox/postgres"
	"github.com/jackc/pgx/v5/pgconn"
)

// An error of the connection has the message of the server or the system once, in one line, names the host, and says what to do.
func TestConnectionsExplained(t *testing.T) {
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
				_, _ = io.ReadFull(c, make([]byte, 8)) // a client speaks first
				_, _ = io.WriteString(c, answer)
				c.Close()
			}
		}()
		return l.Addr().String()
	}
	const runs = "; check the host and the port, and that the server runs and accepts connections from this machine"
	refused := "connection refused"
	if os.PathSeparator != '/' {
		refused = "" // Windows has other words
	}
	for address, want := range map[string]string{
		"postgres://me:unguessable@127.0.0.1:1/shop":                                           "outbox/postgres: the database on 127.0.0.1:1 cannot be reached: " + refused,
		"postgres://me:unguessable@127.0.0.1:1,127.0.0.1:2/shop":                               "outbox/postgres: the database on 127.0.0.1:1, 127.0.0.1:2 cannot be reached: 127.0.0.1:1: " + refused,
		"postgres://me:unguessable@no-host.invalid/shop":                                       "outbox/postgres: the database on no-host.invalid:5432 cannot be reached: ",
		"postgres://me:unguessable@" + serve("N") + "/shop?sslmode=require":                    " does not accept the connection: the server does not offer TLS; turn TLS on in the server, or set sslmode=disable in the address: then the password and the messages are not encrypted on their way",
		"postgres://me:unguessable@" + serve("HTTP/1.0 400 Bad\r\n\r\n") + "/?sslmode=disable": " cannot be reached: its answer is not that of a PostgreSQL server; check the host and the port",
	} {
		_, err := postgres.OpenStore(t.Context(), postgres.StoreConfig{URL: address})
		if err == nil || !strings.Contains(err.Error(), want) || strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), "unguessable") || !strings.Contains(err.Error(), "; check ") && !strings.Contains(err.Error(), "; turn ") {
			t.Errorf("%s:\n%v\nwant\n%s", address, err, want)
		}
		if strings.HasSuffix(want, ": connection refused") && (!strings.HasSuffix(err.Error(), runs) || strings.Count(err.Error(), "127.0.0.1:1: ") > 1) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// A server's own message comes once, with what to do, and stays in the chain.
func TestServerExplained(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"user":     ` does not accept the connection: password authentication failed for user "ciokit" (SQLSTATE 28P01); check the user and the password`,
		"database": ` does not accept the connection: database "nothing" does not exist (SQLSTATE 3D000); check the name of the database in the address`,
		"schema":   `outbox/postgres: the tables are not there; run ciokit outbox migrate URL, or call Migrate (relation "cio_outbox_nothing.settings" does not exist (SQLSTATE 42P01))`,
	} {
		u, err := url.Parse(server(t))
		if err != nil {
			t.Fatal(err)
		}
		schema := ""
		switch name {
		case "user":
			u.User = url.UserPassword("ciokit", "unguessable")
		case "database":
			u.Path = "/nothing"
		case "schema":
			schema = "cio_outbox_nothing"
		}
		_, err = postgres.OpenStore(t.Context(), postgres.StoreConfig{URL: u.String(), Schema: schema})
		if pg := new(pgconn.PgError); err == nil || !strings.HasSuffix(err.Error(), want) || strings.Contains(err.Error(), "unguessable") || !errors.As(err, &pg) {
			t.Errorf("%s:\n%v\nwant\n%s", name, err, want)
		}
	}
}
