// Command orders-postgres is a small service that accepts orders over HTTP, stores them in PostgreSQL, and sends an event for each to
// Customer.io through an outbox in the same database. The order and its event are committed together, or neither is. You can start it
// several times, on one machine or on several: each process accepts orders, and each sends a part of the waiting messages.
//
//	export CUSTOMERIO_API_KEY=... CUSTOMERIO_REGION=eu
//	go run ./examples/orders-postgres -listen 127.0.0.1:8080 -database postgres://orders@127.0.0.1/orders
//	curl -d '{"order_id": "50314", "customer_id": "42", "total": 99.5}' http://127.0.0.1:8080/orders
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/events"
	"github.com/ciokit/cio/outbox/postgres"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "the address to listen on")
	database := flag.String("database", "", "the address of the database")
	schema := flag.String("schema", "", "the schema of the outbox")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, *listen, *database, *schema); err != nil {
		slog.Error("the service has ended", "error", err)
		os.Exit(1)
	}
}

// serve accepts orders, and sends waiting messages, until ctx ends.
func serve(ctx context.Context, listen, database, schema string) (err error) {
	cfg := cio.ConfigFromEnv()
	client, err := cio.NewClient(cfg)
	if err != nil {
		return err
	}
	if err := postgres.Migrate(ctx, database, schema); err != nil {
		return err
	}
	pool, err := pgxpool.New(ctx, database)
	if err != nil {
		return err
	}
	defer pool.Close()
	if _, err := pool.Exec(ctx, "CREATE TABLE IF NOT EXISTS orders (id text PRIMARY KEY, customer text NOT NULL, total float8 NOT NULL)"); err != nil {
		return err
	}
	queue, err := postgres.NewQueue(client, postgres.QueueConfig{Schema: schema})
	if err != nil {
		return err
	}
	worker, err := postgres.Start(ctx, postgres.WorkerConfig{URL: database, Schema: schema, Client: cfg})
	if err != nil {
		return err
	}
	// Messages that are not sent by then are sent by another process, or after the next start.
	defer func() { err = errors.Join(err, within(5*time.Second, worker.Close)) }()

	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	slog.Info("accepting orders", "address", listener.Addr().String())
	s := &service{pool: pool, queue: queue, worker: worker}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders", s.order)
	mux.HandleFunc("GET /health", s.health)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return within(5*time.Second, server.Shutdown)
	}
}

// within calls f with a context that ends after d.
func within(d time.Duration, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return f(ctx)
}

type service struct {
	pool   *pgxpool.Pool
	queue  *postgres.Queue
	worker *postgres.Worker
}

// order is the body of a request.
type order struct {
	OrderID    string  `json:"order_id"`
	CustomerID string  `json:"customer_id"`
	Total      float64 `json:"total"`
}

// order stores an order and its event in one transaction. If a client posts the order again, because it got no answer, the answer says that
// the order exists, and no second event is sent.
func (s *service) order(w http.ResponseWriter, r *http.Request) {
	var o order
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 10_000)).Decode(&o); err != nil {
		http.Error(w, "an order must be a JSON object with order_id, customer_id and total", http.StatusBadRequest)
		return
	}
	err := pgx.BeginFunc(r.Context(), s.pool, func(tx pgx.Tx) error {
		done, err := tx.Exec(r.Context(), "INSERT INTO orders (id, customer, total) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", o.OrderID, o.CustomerID, o.Total)
		if err != nil || done.RowsAffected() == 0 {
			return err
		}
		return s.queue.Enqueue(r.Context(), tx, cio.Track{
			UserID:    o.CustomerID,
			Event:     events.OrderCompleted{OrderID: o.OrderID, Total: &o.Total},
			MessageID: "order-" + o.OrderID,
		})
	})
	switch {
	case errors.Is(err, cio.ErrInvalid):
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
	case err != nil: // the database fails: the client must post the order again
		slog.Error("an order was not accepted", "order", o.OrderID, "error", err)
		http.Error(w, "try again later", http.StatusServiceUnavailable)
	default:
		w.WriteHeader(http.StatusAccepted)
	}
}

// health reports how many messages wait in the lanes of this process, and why if they wait for long.
func (s *service) health(w http.ResponseWriter, _ *http.Request) {
	st := s.worker.Stats()
	if st.Failing != nil || st.Oldest > 15*time.Minute {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = fmt.Fprintf(w, "lanes: %d, waiting: %d, the oldest for %s; dead letters: %d; stopped: %v; database: %v\n", len(s.worker.Lanes()), st.Queued, st.Oldest.Round(time.Second), st.Dead, st.Stopped, st.Failing)
}
