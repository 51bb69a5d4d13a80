package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
	"os"
	"strings"
	"testing"
)

// server returns the URL of a server that was started before the tests: eval "$(bash .ci/databases start)".
func server(t *testing.T, variable string) string {
	t.Helper()
	url := os.Getenv(variable)
	if url == "" {
		t.Skipf("%s names no server; .ci/databases starts one", variable)
	}
	return url
}

// execute runs statements on a server.
func execute(t *testing.T, url string, statements ...string) {
	t.Helper()
	target, err := newTarget(url)
	if err != nil {
		t.Fatal(err)
	}
	target.setup = nil
	if target.dialect == mysqlServer {
		target.setup = func(ctx context.Context, c driver.Conn) error { // for the dates that only old servers accept
			_, err := c.(driver.ExecerContext).ExecContext(ctx, "SET SESSION sql_mode = 'ALLOW_INVALID_DATES'", nil)
			return err
		}
	}
	db := target.open()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, errors.Join(err, db.Close()))
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// No error contains the password, however the connection or the query fails, also if the password is escaped.
func TestPasswordInNoError(t *testing.T) {
	postgres, maria := server(t, "CIOKIT_POSTGRES_URL"), server(t, "CIOKIT_MARIADB_URL")
	const secret = "hunter2 %/@"
	wrong := func(url string) string {
		scheme, rest, _ := strings.Cut(url, "://")
		_, host, _ := strings.Cut(rest, "@")
		return scheme + "://ciokit:hunter2%20%25%2F%40@" + host
	}
	for _, tt := range []struct{ url, query string }{
		{wrong(postgres), "SELECT 1"}, {wrong(maria), "SELECT 1"},
		{strings.Replace(wrong(postgres), "sslmode=disable", "sslmode=nonsense", 1), "SELECT 1"},
		{wrong(maria) + "?tls=nonsense", "SELECT 1"},
		{wrong(postgres) + "&password=" + "hunter2%20%25%2F%40", "SELECT 1"},
		{"postgres://ciokit:hunter2 %/@@127.0.0.1:1/db", "SELECT 1"},
		{"mysql://ciokit:hunter2 %/@@127.0.0.1:1/db", "SELECT 1"},
		{"postgres://ciokit@127.0.0.1:1/db?password=hunter2%20%25%2F%40", "SELECT 1"},
	} {
		src, err := Open(t.Context(), tt.url, Query{SQL: tt.query})
		if err == nil {
			src.Close()
			t.Errorf("%s opens", tt.url)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

// Two equal names in a query with an order are the user's mistake, and the error says how to fix it.
func TestEqualNamesInOrder(t *testing.T) {
	url := server(t, "CIOKIT_MARIADB_URL")
	if err := runs(t, url, "SELECT 1 AS id, 2 AS a, 3 AS a"); err != nil {
		t.Error(err)
	}
	if err := runs(t, url, "SELECT 1 AS id, 2 AS a, 3 AS a", "id"); err == nil || !strings.Contains(err.Error(), "rename one with AS") {
		t.Errorf("got %v", err)
	}
}
