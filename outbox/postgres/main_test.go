package postgres_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/outbox/postgres"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib"
)

// The test binary is also a worker process that the tests kill.
func TestMain(m *testing.M) {
	if schema := os.Getenv("CIOKIT_OUTBOX_WORKER"); schema != "" {
		if err := child(schema); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// deep says whether the long cases run, full whether they run completely.
var deep, full = os.Getenv("CIOKIT_DEEP") != "", os.Getenv("CIOKIT_FULL") != ""

func counted(short, long, all int) int {
	switch {
	case full:
		return all
	case deep:
		return long
	}
	return short
}

func child(schema string) error {
	_, err := postgres.Start(context.Background(), config(os.Getenv("CIOKIT_POSTGRES_URL"), schema, os.Getenv("CIOKIT_OUTBOX_SINK")))
	if err != nil {
		return err
	}
	fmt.Println("started")
	_, _ = io.Copy(io.Discard, os.Stdin) // until the process that started it kills it, or ends
	return nil
}

func config(url, schema, sink string) postgres.WorkerConfig {
	return postgres.WorkerConfig{URL: url, Schema: schema, Client: cio.Config{APIKey: emulator.TestKey, BaseURL: sink, RateLimit: -1},
		Batcher: cio.BatcherConfig{MaxDelay: -1}, Poll: 50 * time.Millisecond, Logger: slog.New(slog.DiscardHandler)}
}

// startChild starts a process with a worker, and returns when it has begun.
func startChild(t testing.TB, schema, sink string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CIOKIT_OUTBOX_WORKER="+schema, "CIOKIT_OUTBOX_SINK="+sink)
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 200)
	n, _ := out.Read(b) // its output shows whether it began
	if !strings.HasPrefix(string(b[:n]), "started") {
		_ = cmd.Process.Kill()
		t.Fatalf("the worker does not start: %s", b[:n])
	}
	return cmd
}

// place is a schema with a queue, and a server that accepts messages.
type place struct {
	url, schema string
	sink        *emulator.Server
	web         *httptest.Server
	queue       *postgres.Queue
	pool        *pgxpool.Pool
}

func newPlace(t testing.TB) *place {
	t.Helper()
	p := &place{sink: emulator.New(emulator.Config{})}
	p.url, p.schema = fresh(t)
	p.web = httptest.NewServer(p.sink)
	t.Cleanup(p.web.Close)
	client, err := cio.NewClient(cio.Config{APIKey: emulator.TestKey, BaseURL: p.web.URL})
	if err != nil {
		t.Fatal(err)
	}
	if p.queue, err = postgres.NewQueue(client, postgres.QueueConfig{Schema: p.schema}); err != nil {
		t.Fatal(err)
	}
	if p.pool, err = pgxpool.New(t.Context(), p.url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.pool.Close)
	return p
}

func (p *place) start(t testing.TB, change func(*postgres.WorkerConfig)) *postgres.Worker {
	t.Helper()
	cfg := config(p.url, p.schema, p.web.URL)
	if change != nil {
		change(&cfg)
	}
	w, err := postgres.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close(context.Background()) }) // a test that cares has closed it
	return w
}

func track(user, id string) cio.Track {
	return cio.Track{UserID: user, Event: cio.Named("Thing Done", nil), MessageID: id}
}

func (p *place) begin(t testing.TB) pgx.Tx {
	t.Helper()
	tx, err := p.pool.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

func (p *place) enqueue(t testing.TB, tx pgx.Tx, user, id string) {
	t.Helper()
	if err := p.queue.Enqueue(context.Background(), tx, track(user, id)); err != nil {
		t.Fatal(err)
	}
}

func commit(t testing.TB, tx pgx.Tx) {
	t.Helper()
	if err := tx.Commit(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// arrived returns the ids of the accepted messages, in order.
func (p *place) arrived() (ids []string) {
	page, err := p.sink.Messages(emulator.MessagesQuery{Key: emulator.TestKey, Verdict: emulator.VerdictAccepted})
	if err != nil {
		return nil // nothing has come
	}
	for _, m := range page.Messages {
		ids = append(ids, m.MessageID)
	}
	slices.Reverse(ids) // the newest come first
	return ids
}

func waitFor(t testing.TB, what string, is func() bool) {
	t.Helper()
	for begun := time.Now(); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > 2*time.Minute {
			t.Fatalf("%s: not after two minutes", what)
		}
	}
}

func (p *place) waitArrived(t testing.TB, n int) []string {
	t.Helper()
	waitFor(t, fmt.Sprintf("%d messages arrive", n), func() bool { return len(p.arrived()) >= n })
	return p.arrived()
}

// empty waits until nothing is in the queue.
func (p *place) empty(t testing.TB) {
	t.Helper()
	waitFor(t, "the queue is empty", func() bool {
		var n int
		err := p.pool.QueryRow(context.Background(), "SELECT count(*) FROM "+pgx.Identifier{p.schema}.Sanitize()+".queue").Scan(&n)
		return err == nil && n == 0
	})
}

func openSQL(t testing.TB, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // nothing is open
	return db
}
