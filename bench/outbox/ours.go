package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/outbox/postgres"
)

// message returns a message of about 300 bytes.
func message(n int) cio.Track {
	return cio.Track{UserID: fmt.Sprintf("customer-%06d", n%people), MessageID: fmt.Sprintf("message-%09d", n), Event: cio.Named("Order Completed", map[string]any{
		"order_id": fmt.Sprintf("order-%09d", n), "total": 99.5, "currency": "EUR", "coupon": "none", "note": "please leave it with the neighbours",
	})}
}

// ours returns how many messages a second the workers drained.
func (b *bench) ours(ctx context.Context) (perSecond float64, err error) {
	err = b.inSchema(ctx, "ours", func(schema string, pool *pgxpool.Pool) error {
		sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // it is on loopback
			_, _ = io.WriteString(w, `{"success":true}`)
		}))
		defer sink.Close()
		if err := postgres.Migrate(ctx, b.url, schema); err != nil {
			return err
		}
		cfg := cio.Config{APIKey: "key", BaseURL: sink.URL, RateLimit: -1}
		client, err := cio.NewClient(cfg)
		if err != nil {
			return err
		}
		queue, err := postgres.NewQueue(client, postgres.QueueConfig{Schema: schema})
		if err != nil {
			return err
		}
		var workers []*postgres.Worker
		defer func() {
			for _, w := range workers {
				_ = w.Close(ctx) // everything is sent, or the run has failed
			}
		}()
		for range b.workers {
			w, err := postgres.Start(ctx, postgres.WorkerConfig{URL: b.url, Schema: schema, Client: cfg})
			if err != nil {
				return err
			}
			workers = append(workers, w)
		}
		if err := shared(ctx, workers); err != nil {
			return err
		}
		tx, err := pool.Begin(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback(ctx) }() // after a commit it does nothing
		var some []cio.Message
		for n := range b.messages {
			some = append(some, message(n))
			if len(some) == 1000 || n == b.messages-1 {
				if err := queue.Enqueue(ctx, tx, some...); err != nil {
					return err
				}
				some = some[:0]
			}
		}
		begun := time.Now()
		if err := tx.Commit(ctx); err != nil {
			return err
		}
		if err := drained(ctx, pool, schema); err != nil {
			return err
		}
		perSecond = b.perSecond(time.Since(begun))
		accepted := int64(0)
		for _, w := range workers {
			if err := w.Close(ctx); err != nil {
				return err
			}
			accepted += w.Stats().Accepted
		}
		if accepted != int64(b.messages) {
			return fmt.Errorf("%d of %d messages were accepted", accepted, b.messages)
		}
		return nil
	})
	return perSecond, err
}

// shared waits until all workers have an equal share of the lanes.
func shared(ctx context.Context, workers []*postgres.Worker) error {
	for {
		most, all := 0, 0
		for _, w := range workers {
			n := len(w.Lanes())
			most, all = max(most, n), all+n
		}
		if all == 64 && most <= (64+len(workers)-1)/len(workers) {
			return nil
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
}

// drained waits until the queue is empty.
func drained(ctx context.Context, pool *pgxpool.Pool, schema string) error {
	for {
		var some bool
		if err := pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM "+pgx.Identifier{schema}.Sanitize()+".queue)").Scan(&some); err != nil || !some {
			return err
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
