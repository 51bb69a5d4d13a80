package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/ciokit/cio"
)

// job is a message as a job of River.
type job struct {
	Message json.RawMessage `json:"message"`
}

func (job) Kind() string { return "message" }

// instant is a worker that does nothing.
type instant struct {
	river.WorkerDefaults[job]
	left *atomic.Int64
	done chan struct{}
}

func (w *instant) Work(context.Context, *river.Job[job]) error {
	if w.left.Add(-1) == 0 {
		close(w.done)
	}
	return nil
}

// river returns how many jobs a second River's clients have begun. They fetch like those of River's own benchmark, and each has ten
// connections.
func (b *bench) river(ctx context.Context) (perSecond float64, err error) {
	err = b.inSchema(ctx, "river", func(schema string, pool *pgxpool.Pool) error {
		migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: schema, Logger: slog.Default()})
		if err != nil {
			return err
		}
		if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
			return err
		}
		worker := &instant{left: new(atomic.Int64), done: make(chan struct{})}
		worker.left.Store(int64(b.messages))
		var clients []*river.Client[pgx.Tx]
		var pools []*pgxpool.Pool
		defer func() {
			for _, c := range clients {
				_ = c.StopAndCancel(ctx) // all jobs have run, or the run has failed
			}
			for _, p := range pools {
				p.Close()
			}
		}()
		for range b.workers {
			own, err := pgxpool.ParseConfig(b.url)
			if err != nil {
				return err
			}
			own.MaxConns = 10
			p, err := pgxpool.NewWithConfig(ctx, own)
			if err != nil {
				return err
			}
			pools = append(pools, p)
			workers := river.NewWorkers()
			river.AddWorker(workers, worker)
			c, err := river.NewClient(riverpgxv5.New(p), &river.Config{Schema: schema, Logger: slog.Default(), Workers: workers,
				FetchCooldown: 2 * time.Millisecond, FetchPollInterval: 20 * time.Millisecond, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 2000}}})
			if err != nil {
				return err
			}
			if err := c.Start(ctx); err != nil {
				return err
			}
			clients = append(clients, c)
		}
		tx, err := pool.Begin(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback(ctx) }() // after a commit it does nothing
		var some []river.InsertManyParams
		for n := range b.messages {
			e, err := cio.Encode(message(n))
			if err != nil {
				return err
			}
			text, err := e.AppendJSON(nil)
			if err != nil {
				return err
			}
			some = append(some, river.InsertManyParams{Args: job{text}})
			if len(some) == 1000 || n == b.messages-1 {
				if _, err := clients[0].InsertManyFastTx(ctx, tx, some); err != nil {
					return err
				}
				some = some[:0]
			}
		}
		if _, err := tx.Exec(ctx, "ANALYZE "+pgx.Identifier{schema, "river_job"}.Sanitize()); err != nil { // as on a server that has had time for it
			return err
		}
		begun := time.Now()
		if err := tx.Commit(ctx); err != nil {
			return err
		}
		select {
		case <-worker.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		perSecond = b.perSecond(time.Since(begun))
		return nil
	})
	return perSecond, err
}
