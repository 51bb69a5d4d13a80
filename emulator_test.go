package cio_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
)

func clientOf(t testing.TB, srv *emulator.Server, change func(*cio.Config)) *cio.Client {
	t.Helper()
	return newClient(t, srv.Transport(), func(cfg *cio.Config) {
		cfg.BaseURL = "http://emulator"
		if change != nil {
			change(cfg)
		}
	})
}

// After each kind of temporary failure, everything is accepted, once.
func TestFaultsThatPass(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault emulator.Fault
	}{
		{"500 for the first ten", emulator.Fault{Count: 10, Status: 500}},
		{"500 for every third", emulator.Fault{Every: 3, Status: 500}},
		{"429 with Retry-After for the first ten", emulator.Fault{Count: 10, Status: 429, RetryAfter: 1}},
		{"resets", emulator.Fault{Count: 5, Reset: true}},
		{"a hang of 30 s", emulator.Fault{Count: 1, DelayMS: 30_000}},
		{"503 after a while", emulator.Fault{Count: 4, DelayMS: 2000, Status: 503}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := emulator.New(emulator.Config{})
				if err := srv.AddFault(c.fault); err != nil {
					t.Fatal(err)
				}
				client := clientOf(t, srv, func(cfg *cio.Config) { cfg.MaxMessageBytes, cfg.MaxBatchBytes = 1000, 5000 })
				if err := client.Send(t.Context(), tracks(200)...); err != nil {
					t.Fatal(err)
				}
				stats, err := srv.Stats(testKey)
				if err != nil || stats.Messages.Accepted != 200 || stats.Events != 200 || stats.People != 200 {
					t.Errorf("%+v, %v", stats, err)
				}
				if client.Stats().Retries == 0 {
					t.Error("nothing went wrong")
				}
			})
		})
	}
}

// Here the emulator's strict mode decides, not the client: the client's limits are removed.
func TestServerRefusesInAStrictBatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		bad := []string{"m3", "m250", "m499"}
		srv := emulator.New(emulator.Config{Refuse: func(m emulator.Message) (string, bool) {
			return "test-refuses", slices.Contains(bad, m.MessageID)
		}})
		client := clientOf(t, srv, nil)
		err := client.Send(t.Context(), tracks(500)...)
		var sendErr *cio.SendError
		if !errors.As(err, &sendErr) || sendErr.Accepted != 497 || len(sendErr.Failures) != 3 {
			t.Fatalf("got %v", err)
		}
		for i, f := range sendErr.Failures {
			if f.MessageID != bad[i] || f.Outcome != cio.OutcomeRejected || !errors.Is(f.Err, cio.ErrInvalid) {
				t.Errorf("%+v", f)
			}
		}
		if stats, _ := srv.Stats(testKey); stats.Events != 497 || stats.Messages.Accepted != 497 {
			t.Errorf("%+v", stats)
		}
	})
}

func TestUnknownKeyInStrictMode(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{Keys: []string{"another"}})
	if err := clientOf(t, srv, nil).Send(t.Context(), tracks(3)...); !errors.Is(err, cio.ErrUnauthorized) {
		t.Errorf("strict: %v", err)
	}
	// This is what strict mode is for: without it the same call looks like a success.
	if err := clientOf(t, srv, func(cfg *cio.Config) { cfg.Permissive = true }).Send(t.Context(), tracks(3)...); err != nil {
		t.Errorf("permissive: %v", err)
	}
}

// Over real sockets, connections are kept alive, the client waits for a server that is down at first, and nothing is lost or doubled.
func TestOverLoopback(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{})
	connections := 0
	server := httptest.NewUnstartedServer(srv)
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections++ // the requests are made one after another
		}
	}
	server.Start()
	defer server.Close()
	client, err := cio.NewClient(cio.Config{APIKey: testKey, BaseURL: server.URL + "/v1", MaxMessageBytes: 1000, MaxBatchBytes: 3000})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Send(t.Context(), tracks(300)...); err != nil {
		t.Fatal(err)
	}
	stats, err := srv.Stats(testKey)
	if err != nil || stats.Events != 300 || int64(stats.Requests) != client.Stats().Requests || stats.Requests < 10 {
		t.Errorf("%+v, %v, client %+v", stats, err, client.Stats())
	}
	if connections != 1 {
		t.Errorf("%d connections for %d requests", connections, stats.Requests)
	}

	if err := srv.AddFault(emulator.Fault{Count: 2, Reset: true}); err != nil {
		t.Fatal(err)
	}
	if err := client.Send(t.Context(), cio.Page{UserID: "u1"}); err != nil {
		t.Error(err)
	}
	if got := client.Stats().Retries; got != 2 {
		t.Errorf("%d retries after two resets", got)
	}
}

func TestServerThatIsDown(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	client, err := cio.NewClient(cio.Config{APIKey: testKey, BaseURL: "http://" + addr, MaxElapsed: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	err = client.Send(t.Context(), tracks(2)...)
	var sendErr *cio.SendError
	if !errors.As(err, &sendErr) || sendErr.Failures[0].Outcome != cio.OutcomeUnsent || !errors.Is(err, cio.ErrUnavailable) || !cio.Retryable(err) {
		t.Errorf("got %v", err)
	}
}

// Many messages with a fault at every step: all of them arrive.
func TestManyFaults(t *testing.T) {
	t.Parallel()
	n := 20_000
	if os.Getenv("CIOKIT_DEEP") == "1" {
		n = 30_000
	}
	synctest.Test(t, func(t *testing.T) {
		srv := emulator.New(emulator.Config{MaxEventsPerPerson: 10})
		for i := range 300 {
			faults := []emulator.Fault{{Status: 500}, {Status: 429, RetryAfter: 2}, {Reset: true}, {DelayMS: 11_000}, {Status: 408}}
			f := faults[i%len(faults)]
			f.Count, f.Every = 1, 1+i%3
			if err := srv.AddFault(f); err != nil {
				t.Fatal(err)
			}
		}
		client := clientOf(t, srv, func(cfg *cio.Config) { cfg.MaxMessageBytes, cfg.MaxBatchBytes, cfg.MaxElapsed = 1000, 20_000, -1 })
		msgs := make([]cio.Message, n)
		for i := range msgs {
			msgs[i] = cio.Page{UserID: fmt.Sprint(i % 1000)}
		}
		if err := client.Send(context.Background(), msgs...); err != nil {
			t.Fatal(err)
		}
		if stats, err := srv.Stats(testKey); err != nil || stats.Messages.Accepted != uint64(n) {
			t.Errorf("%+v, %v", stats, err)
		}
	})
}
