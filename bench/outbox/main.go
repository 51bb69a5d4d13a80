// Command outbox measures how fast four workers of outbox/postgres drain a backlog, compared with four clients of River, a job queue on
// PostgreSQL. Both run on the same server, one after the other, with the same messages.
//
//	export CIOKIT_POSTGRES_URL=postgres://...
//	GOWORK=off go run . -messages 200000 -rounds 3
//
// The differences are to River's advantage. Its jobs do nothing; our messages are posted over HTTP connections to a server in this process,
// which reads and drops them. Its time ends when the last job has begun; ours ends when the last row is deleted. Its jobs have no order;
// ours keep the order of each person.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

func main() {
	b := bench{url: os.Getenv("CIOKIT_POSTGRES_URL")}
	flag.IntVar(&b.messages, "messages", 200_000, "messages of each round")
	flag.IntVar(&b.workers, "workers", 4, "workers of each")
	rounds := flag.Int("rounds", 3, "rounds; each drains the backlog once with each of the two")
	flag.Parse()
	log.SetFlags(0)
	slog.SetDefault(slog.New(slog.DiscardHandler))
	if b.url == "" {
		log.Fatal("CIOKIT_POSTGRES_URL names no server; .ci/databases starts one")
	}
	if err := b.report(context.Background(), *rounds); err != nil {
		log.Fatal(err)
	}
}

type bench struct {
	url               string
	messages, workers int
}

// people is how many people the messages belong to.
const people = 10_000

// report runs rounds, and prints the speed of each.
func (b *bench) report(ctx context.Context, rounds int) error {
	var ours, rivers []float64
	for n := range rounds {
		a, err := b.ours(ctx)
		if err != nil {
			return fmt.Errorf("outbox/postgres: %w", err)
		}
		r, err := b.river(ctx)
		if err != nil {
			return fmt.Errorf("river: %w", err)
		}
		ours, rivers = append(ours, a), append(rivers, r)
		fmt.Printf("round %d: outbox/postgres %.0f messages/s, River %.0f jobs/s, %.1f times\n", n+1, a, r, a/r)
	}
	fmt.Printf("median: outbox/postgres %.0f messages/s, River %.0f jobs/s, %.1f times\n", median(ours), median(rivers), median(ours)/median(rivers))
	return nil
}

func median(all []float64) float64 {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2]
}

// inSchema runs f with a new empty schema, and with connections for it.
func (b *bench) inSchema(ctx context.Context, name string, f func(schema string, pool *pgxpool.Pool) error) (err error) {
	schema := fmt.Sprintf("bench_%s_%d", name, os.Getpid())
	pool, err := pgxpool.New(ctx, b.url)
	if err != nil {
		return err
	}
	defer pool.Close()
	quoted := pgx.Identifier{schema}.Sanitize()
	if _, err := pool.Exec(ctx, "CREATE SCHEMA "+quoted); err != nil {
		return err
	}
	defer func() {
		_, dropped := pool.Exec(context.WithoutCancel(ctx), "DROP SCHEMA "+quoted+" CASCADE")
		err = errors.Join(err, dropped)
	}()
	return f(schema, pool)
}

// perSecond returns the number of messages a second.
func (b *bench) perSecond(took time.Duration) float64 { return float64(b.messages) / took.Seconds() }
