package postgres_test

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ciokit/cio/outbox"
	"github.com/ciokit/cio/outbox/outboxtest"
	"github.com/ciokit/cio/outbox/postgres"
	"github.com/jackc/pgx/v5"
)

// server returns the address of a server.
func server(t testing.TB) string {
	t.Helper()
	url := os.Getenv("CIOKIT_POSTGRES_URL")
	if url == "" {
		t.Skip("CIOKIT_POSTGRES_URL names no server; .ci/databases starts one")
	}
	return url
}

var schemas atomic.Int64

// fresh returns the address of a server, and a new schema in it with the tables.
func fresh(t testing.TB) (url, schema string) {
	t.Helper()
	url = server(t)
	schema = fmt.Sprintf("outbox %d %d", os.Getpid(), schemas.Add(1)) // a name that must be quoted
	if err := postgres.Migrate(t.Context(), url, schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { execute(t, url, "DROP SCHEMA "+pgx.Identifier{schema}.Sanitize()+" CASCADE") })
	return url, schema
}

func execute(t testing.TB, url, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatal(err)
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	server(t)
	outboxtest.Run(t, func(t testing.TB) outboxtest.Place {
		url, schema := fresh(t)
		return outboxtest.Place{Open: func(t testing.TB, maxBytes int64) outbox.Store {
			s, err := postgres.OpenStore(t.Context(), postgres.StoreConfig{URL: url, Schema: schema, MaxBytes: maxBytes})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() }) // before its schema is dropped
			return s
		}}
	})
}
