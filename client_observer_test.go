package cio_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
)

type observed struct {
	mu   sync.Mutex
	seen []cio.RequestInfo
}

func (o *observed) ObserveRequest(r cio.RequestInfo) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.seen = append(o.seen, r)
}

func TestObserver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := emulator.New(emulator.Config{})
		if err := srv.AddFault(emulator.Fault{Count: 1, Status: 503, DelayMS: 2000}); err != nil {
			t.Fatal(err)
		}
		o := &observed{}
		client := clientOf(t, srv, func(cfg *cio.Config) { cfg.Observer = o })
		if err := client.Send(t.Context(), tracks(3)...); err != nil {
			t.Fatal(err)
		}
		if len(o.seen) != 2 {
			t.Fatalf("%+v", o.seen)
		}
		first, second := o.seen[0], o.seen[1]
		if first.Operation != "batch" || first.Messages != 3 || first.Attempt != 1 || first.Err == nil || first.Err.Status != 503 || first.Duration != 2*time.Second {
			t.Errorf("%+v", first)
		}
		if second.Attempt != 2 || second.Err != nil || second.Bytes != first.Bytes || int64(second.Bytes)*2 != client.Stats().Bytes {
			t.Errorf("%+v", second)
		}
	})
}

// The log has a line for each change of state and one for each minute that a state lasts, not for each message or try. It contains no personal data.
func TestLogOfAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		begun := time.Now()
		srv := emulator.New(emulator.Config{})
		if err := srv.AddFault(emulator.Fault{Count: 200, Status: 503}); err != nil {
			t.Fatal(err)
		}
		client := clientOf(t, srv, func(cfg *cio.Config) {
			cfg.BaseURL, cfg.Logger = "https://emulator", slog.New(slog.NewTextHandler(&log, nil))
		})
		b := newBatcher(t, client, cio.BatcherConfig{})
		for range 2000 {
			if err := b.Enqueue(t.Context(), cio.Identify{UserID: "private-id", Traits: map[string]any{"email": "private@example.com"}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if most := 2 + int(time.Since(begun)/time.Minute); len(lines) > most || !strings.Contains(lines[0], "will be retried") || !strings.Contains(lines[len(lines)-1], "succeed again") || strings.Contains(log.String(), "private") {
			t.Errorf("%s", log.String())
		}
	})
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  *cio.APIError
		want string
	}{
		{nil, "accepted"},
		{&cio.APIError{Status: 400}, "rejected"},
		{&cio.APIError{Status: 413}, "rejected"},
		{&cio.APIError{Status: 401}, "unauthorized"},
		{&cio.APIError{Status: 403}, "unauthorized"},
		{&cio.APIError{Status: 429}, "rate_limited"},
		{&cio.APIError{Status: 408}, "unavailable"},
		{&cio.APIError{Status: 503}, "unavailable"},
		{&cio.APIError{Err: errors.New("reset")}, "no_answer"},
		{&cio.APIError{Err: context.Canceled}, "canceled"},
		{&cio.APIError{Status: 301}, "other"},
		{&cio.APIError{Status: 404}, "other"},
	} {
		if got := (cio.RequestInfo{Err: c.err}).Outcome(); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.err, got, c.want)
		}
	}
}

type observerFunc func(cio.RequestInfo)

func (f observerFunc) ObserveRequest(i cio.RequestInfo) { f(i) }

// If an Observer panics, no message is lost.
func TestAnObserverThatPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		rep := collect(t)
		client := newClient(t, w, func(c *cio.Config) { c.Observer = observerFunc(func(cio.RequestInfo) { panic("its own fault") }) })
		b := newBatcher(t, client, cio.BatcherConfig{OnReport: rep.add})
		if err := b.Enqueue(t.Context(), message(1, 0, "")); err != nil {
			t.Fatal(err)
		}
		if err := b.Close(t.Context()); err != nil || len(rep.byID) != 1 {
			t.Error(err)
		}
	})
}
