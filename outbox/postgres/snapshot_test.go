package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/outbox/postgres"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// instant accepts every request at once, and counts messages.
type instant struct{ messages *atomic.Int64 }

func (i instant) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body) // it is in memory
	_ = r.Body.Close()
	i.messages.Add(int64(bytes.Count(body, []byte(`"messageId"`))))
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"success":true}`)), Request: r}, nil
}

// inDatabase returns a place in a new database. A snapshot in another database does not keep its dead rows.
func inDatabase(t testing.TB, name string, sink instant) *place {
	t.Helper()
	u, err := url.Parse(server(t))
	if err != nil {
		t.Fatal(err)
	}
	name = fmt.Sprintf("outbox_%s_%d", name, os.Getpid())
	execute(t, u.String(), "CREATE DATABASE "+name)
	t.Cleanup(func() { execute(t, server(t), "DROP DATABASE "+name+" WITH (FORCE)") })
	u.Path = "/" + name
	p := &place{url: u.String(), schema: postgres.DefaultSchema}
	if err := postgres.Migrate(t.Context(), p.url, ""); err != nil {
		t.Fatal(err)
	}
	client, err := cio.NewClient(cio.Config{APIKey: "key", BaseURL: "http://sink.invalid"})
	if err != nil {
		t.Fatal(err)
	}
	if p.queue, err = postgres.NewQueue(client, postgres.QueueConfig{}); err != nil {
		t.Fatal(err)
	}
	if p.pool, err = pgxpool.New(t.Context(), p.url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.pool.Close)
	for range 2 {
		w, err := postgres.Start(t.Context(), postgres.WorkerConfig{URL: p.url, Client: cio.Config{APIKey: "key", BaseURL: "http://sink.invalid", RateLimit: -1, HTTPClient: &http.Client{Transport: sink}}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = w.Close(context.Background()) }) // the remaining messages are not needed
	}
	return p
}

// put commits messages of many people in one transaction.
func (p *place) put(n int) error {
	return pgx.BeginFunc(context.Background(), p.pool, func(tx pgx.Tx) error {
		for some := range slices.Chunk(make([]struct{}, n), 1000) {
			messages := make([]cio.Message, len(some))
			for i := range messages {
				messages[i] = cio.Track{UserID: fmt.Sprint("u", i%997), Event: cio.Named("Thing Done", nil)}
			}
			if err := p.queue.Enqueue(context.Background(), tx, messages...); err != nil {
				return err
			}
		}
		return nil
	})
}

// TestHeldSnapshot keeps a snapshot open for minutes in one database, and a transaction that has written something in another one. So no deleted row
// goes away there, while 800 messages a second are enqueued. Then it drains backlogs in turn in these databases and in one without either, and
// compares the times. The promise is about the snapshot only: with an open transaction that has written, lanes are read from where it could have a
// row.
func TestHeldSnapshot(t *testing.T) {
	if !full {
		t.Skip("CIOKIT_FULL is not set")
	}
	names := []string{"free", "snapshot", "written"}
	var all []*place
	var sinks []instant
	for n, name := range names {
		sinks = append(sinks, instant{new(atomic.Int64)})
		p := inDatabase(t, name, sinks[n])
		all = append(all, p)
		if n == 0 {
			continue
		}
		tx, err := p.pool.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
		if err != nil {
			t.Fatal(err)
		}
		statement := "SELECT count(*) FROM cio_outbox.queue"
		if name == "written" {
			statement = "SELECT pg_current_xact_id()" // as after an UPDATE
		}
		if _, err := tx.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback(context.Background()) }() // it has changed nothing
	}
	enqueuing, stop := context.WithCancel(t.Context())
	var inserts sync.WaitGroup
	defer inserts.Wait()
	defer stop()
	for _, p := range all {
		inserts.Go(func() {
			begun := time.Now()
			for n := time.Duration(0); enqueuing.Err() == nil; n++ {
				if err := p.put(8); err != nil {
					t.Error(err)
					return
				}
				time.Sleep(time.Until(begun.Add((n + 1) * 10 * time.Millisecond)))
			}
		})
	}
	time.Sleep(5 * time.Minute)
	const backlog = 30_000
	took := make([][]time.Duration, len(all))
	for range 15 {
		for n, p := range all {
			from := sinks[n].messages.Load()
			if err := p.put(backlog); err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			waitFor(t, "the backlog is gone", func() bool { return sinks[n].messages.Load() >= from+backlog })
			took[n] = append(took[n], time.Since(begun))
		}
	}
	// The shortest of several times is the time on a machine on which nothing else runs.
	for n, some := range took {
		slices.Sort(some)
		t.Logf("%s: %d messages are drained in %v and more, %v in the median", names[n], backlog, some[0], some[len(some)/2])
		if names[n] == "snapshot" && some[0] > took[0][0]*5/4 {
			t.Errorf("%s costs more than a fifth", names[n])
		}
	}
}
