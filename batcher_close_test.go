package cio_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
)

// The context that ends first counts, whichever call of Close it belongs to.
func TestBatcherASecondCloseHasItsOwnContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(int, call) (*http.Response, error) { return status(503, ""), nil }}
		b := newBatcher(t, newClient(t, s, nil), cio.BatcherConfig{})
		if err := b.Enqueue(t.Context(), cio.Page{UserID: "u1"}); err != nil {
			t.Fatal(err)
		}
		first := make(chan error, 1)
		go func() { first <- b.Close(context.Background()) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		err := b.Close(ctx)
		var left *cio.UnacceptedError
		if !errors.As(err, &left) || len(left.Messages) != 1 || time.Since(start) > time.Minute+time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if other := <-first; other != err {
			t.Errorf("the first Close returned %v", other)
		}
	})
}

// A callback that never returns cannot block Close forever. Nothing is reported after that Close.
func TestBatcherCloseOverAHungCallback(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		calls := 0
		b := newBatcher(t, newClient(t, &server{}, nil), cio.BatcherConfig{Concurrency: 1, OnReport: func(cio.Report) {
			calls++
			<-release
		}})
		for _, m := range tracks(3) {
			if err := b.Enqueue(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		err := b.Close(ctx)
		var left *cio.UnacceptedError
		if !errors.As(err, &left) || len(left.Messages) != 2 || time.Since(start) > 4*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		close(release)
		synctest.Wait()
		if calls != 1 {
			t.Errorf("%d calls", calls)
		}
	})
}

// After SetAPIKey, Close tries the new key.
func TestBatcherClosesWithANewKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		old := "Basic " + base64.StdEncoding.EncodeToString([]byte(testKey+":"))
		s.answer = func(_ int, c call) (*http.Response, error) {
			if c.header.Get("Authorization") == old {
				return status(401, ""), nil
			}
			return status(200, "{}"), nil
		}
		client := newClient(t, s, nil)
		b := newBatcher(t, client, cio.BatcherConfig{})
		if err := b.Enqueue(t.Context(), cio.Page{UserID: "u1"}); err != nil {
			t.Fatal(err)
		}
		if err := b.Flush(t.Context()); !errors.Is(err, cio.ErrUnauthorized) {
			t.Fatal(err)
		}
		if err := client.SetAPIKey("another"); err != nil {
			t.Fatal(err)
		}
		if err := b.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// If the answer to a message cannot be fixed by a retry, the message blocks its own lane and no other.
func TestBatcherOneStuckMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(_ int, c call) (*http.Response, error) {
			if strings.Contains(c.body, "poison") {
				return status(404, "no"), nil
			}
			return status(200, "{}"), nil
		}}
		b := newBatcher(t, newClient(t, s, nil), cio.BatcherConfig{})
		if err := b.Enqueue(t.Context(), cio.Page{UserID: "poison"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		for i := range 200 {
			if err := b.Enqueue(t.Context(), cio.Page{UserID: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		st := b.Stats()
		if st.Accepted < 150 || st.Stopped == nil || len(s.seen()) > 300 {
			t.Errorf("%+v after %d requests", st, len(s.seen()))
		}
		var left *cio.UnacceptedError
		if err := b.Close(t.Context()); !errors.As(err, &left) || len(left.Messages) != int(st.Queued) {
			t.Errorf("%v", err)
		}
	})
}

func TestBatcherReportsTheIDAsGiven(t *testing.T) {
	t.Parallel()
	rep := collect(t)
	b := newBatcher(t, newClient(t, &server{}, nil), cio.BatcherConfig{OnReport: rep.add})
	ids := []string{"order \"7\" \\ \u00e9\n", strings.Repeat("x", 9000), "plain"}
	for _, id := range ids {
		if err := b.Enqueue(t.Context(), cio.Page{UserID: "u1", MessageID: id}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if _, ok := rep.byID[id]; !ok {
			t.Errorf("no report for %q", id)
		}
	}
}

// A transport that does not close bodies, as in many tests, costs memory but does not break the Batcher.
func TestBatcherOverATransportThatDoesNotClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := roundTripper(func(r *http.Request) (*http.Response, error) {
			io.Copy(io.Discard, r.Body)
			return status(200, "{}"), nil
		})
		b := newBatcher(t, newClient(t, rt, nil), cio.BatcherConfig{MaxDelay: -1})
		for range 1000 {
			if err := b.Enqueue(t.Context(), cio.Page{UserID: "u1"}); err != nil {
				t.Fatal(err)
			}
			if err := b.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// A Flush that waits when Close gives up returns an error. A Flush whose messages were all settled before returns nil.
func TestBatcherFlushBesideClose(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		down           bool // from the second message on
		hung           bool // OnReport does not return for the last message
		late           bool // Flush is called after Close
		whole, partial bool // whether the Flush of everything, and that of the first message, says ErrClosed
	}{
		{name: "outage", down: true, whole: true},
		{name: "outage, after Close", down: true, late: true, whole: true, partial: true},
		{name: "everything is accepted"},
		{name: "everything is accepted, after Close", late: true},
		{name: "a callback that does not return", hung: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &server{answer: func(_ int, got call) (*http.Response, error) {
					if c.down && strings.Contains(got.body, "second") {
						return status(503, ""), nil
					}
					return status(200, "{}"), nil
				}}
				release := make(chan struct{})
				defer close(release)
				b := newBatcher(t, newClient(t, s, nil), cio.BatcherConfig{Concurrency: 1, MaxDelay: -1, OnReport: func(r cio.Report) {
					if c.hung && r.MessageID == "second" {
						<-release
					}
				}})
				first, all := make(chan error, 1), make(chan error, 1)
				enqueue := func(id string, flushed chan error) {
					if err := b.Enqueue(t.Context(), cio.Page{UserID: "u1", MessageID: id}); err != nil {
						t.Fatal(err)
					}
					if !c.late {
						go func() { flushed <- b.Flush(context.Background()) }()
					}
					synctest.Wait()
				}
				enqueue("first", first)
				enqueue("second", all)
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				_ = b.Close(ctx) // what it returns is tested elsewhere
				if c.late {
					all <- b.Flush(context.Background())
					first <- b.Flush(context.Background())
				}
				if err := <-all; errors.Is(err, cio.ErrClosed) != c.whole || !c.whole && err != nil {
					t.Errorf("Flush of everything says %v", err)
				}
				if err := <-first; errors.Is(err, cio.ErrClosed) != c.partial || !c.partial && err != nil {
					t.Errorf("Flush of the first says %v", err)
				}
			})
		})
	}
}
