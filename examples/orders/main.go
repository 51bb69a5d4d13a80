// Command orders is a small service that accepts orders over HTTP and sends an event for each to Customer.io through an outbox. It answers
// 202 when the event is on disk. From then on the event will arrive, even if Customer.io cannot be reached now, or the service is killed.
//
//	export CUSTOMERIO_API_KEY=... CUSTOMERIO_REGION=eu
//	go run ./examples/orders -listen 127.0.0.1:8080 -outbox /var/lib/orders/outbox
//	curl -d '{"order_id": "50314", "customer_id": "42", "total": 99.5}' http://127.0.0.1:8080/orders
//	curl http://127.0.0.1:8080/health
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

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/events"
	"github.com/ciokit/cio/outbox"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "the address to listen on")
	dir := flag.String("outbox", "outbox", "the directory of the outbox")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, *listen, *dir); err != nil {
		slog.Error("the service has ended", "error", err)
		os.Exit(1)
	}
}

// serve accepts orders until ctx ends.
func serve(ctx context.Context, listen, dir string) (err error) {
	client, err := cio.NewClient(cio.ConfigFromEnv())
	if err != nil {
		return err
	}
	box, err := outbox.Open(client, outbox.Config{Dir: dir})
	if err != nil {
		return err
	}
	// Messages that are not sent by then stay on disk and are sent after the next start.
	defer func() { err = errors.Join(err, within(5*time.Second, box.Close)) }()

	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	slog.Info("accepting orders", "address", listener.Addr().String(), "waiting", box.Stats().Queued)
	s := &service{box: box}
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
	box *outbox.Outbox
}

// order is the body of a request.
type order struct {
	OrderID    string  `json:"order_id"`
	CustomerID string  `json:"customer_id"`
	Total      float64 `json:"total"`
}

// order accepts an order. The message id is made from the order id: if a client posts an order twice, because it got no answer, both events
// have the same id.
func (s *service) order(w http.ResponseWriter, r *http.Request) {
	var o order
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 10_000)).Decode(&o); err != nil {
		http.Error(w, "an order must be a JSON object with order_id, customer_id and total", http.StatusBadRequest)
		return
	}
	err := s.box.Enqueue(r.Context(), cio.Track{
		UserID:    o.CustomerID,
		Event:     events.OrderCompleted{OrderID: o.OrderID, Total: &o.Total},
		MessageID: "order-" + o.OrderID,
	})
	switch {
	case errors.Is(err, cio.ErrInvalid):
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
	case err != nil: // the disk is full, or fails: the client must post the order again
		slog.Error("an order was not accepted", "order", o.OrderID, "error", err)
		http.Error(w, "try again later", http.StatusServiceUnavailable)
	default:
		w.WriteHeader(http.StatusAccepted)
	}
}

// health reports how many messages wait, and why if they wait for long.
func (s *service) health(w http.ResponseWriter, _ *http.Request) {
	st := s.box.Stats()
	if st.Failing != nil || st.Oldest > 15*time.Minute {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = fmt.Fprintf(w, "waiting: %d, the oldest for %s; dead letters: %d; stopped: %v; disk: %v\n", st.Queued, st.Oldest.Round(time.Second), st.Dead, st.Stopped, st.Failing)
}
