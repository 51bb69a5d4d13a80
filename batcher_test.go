package cio_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/events"
)

func newBatcher(t testing.TB, c *cio.Client, cfg cio.BatcherConfig) *cio.Batcher {
	t.Helper()
	b, err := cio.NewBatcher(c, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// reports collects reports and fails the test if two come for one message.
type reports struct {
	t    testing.TB
	mu   sync.Mutex
	byID map[string]cio.Report
	busy atomic.Bool
}

func collect(t testing.TB) *reports { return &reports{t: t, byID: map[string]cio.Report{}} }

func (r *reports) add(rep cio.Report) {
	if r.busy.Swap(true) {
		r.t.Error("two reports at once")
	}
	r.mu.Lock()
	if _, ok := r.byID[rep.MessageID]; ok {
		r.t.Errorf("a second report for %s", rep.MessageID)
	}
	r.byID[rep.MessageID] = rep
	r.mu.Unlock()
	r.busy.Store(false)
}

func (r *reports) count() (accepted, failed int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rep := range r.byID {
		if rep.Err == nil {
			accepted++
		} else {
			failed++
		}
	}
	return accepted, failed
}

func TestBatcherDelivers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := emulator.New(emulator.Config{})
		rep := collect(t)
		b := newBatcher(t, clientOf(t, srv, nil), cio.BatcherConfig{OnReport: rep.add})
		for i, m := range tracks(5000) {
			if err := b.Enqueue(t.Context(), m); err != nil {
				t.Fatal(i, err)
			}
		}
		if err := b.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if st := b.Stats(); st.Enqueued != 5000 || st.Accepted != 5000 || st.Queued != 0 || st.InFlight != 0 {
			t.Errorf("%+v", st)
		}
		if err := b.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if a, f := rep.count(); a != 5000 || f != 0 {
			t.Errorf("%d accepted, %d failed", a, f)
		}
		for id, r := range rep.byID {
			if fmt.Sprint("m", r.Tag) != id || r.Attempts != 1 || r.Encoded.Len() != 0 {
				t.Errorf("%s: %+v", id, r)
			}
		}
		if stats, _ := srv.Stats(testKey); stats.Events != 5000 || stats.Requests > 16 {
			t.Errorf("%+v", stats)
		}
	})
}

// A message does not wait for others longer than MaxDelay.
func TestBatcherMaxDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		b := newBatcher(t, newClient(t, s, nil), cio.BatcherConfig{MaxDelay: 2 * time.Second})
		defer b.Close(t.Context())
		start := time.Now()
		for range 3 {
			if err := b.Enqueue(t.Context(), cio.Page{UserID: "u1"}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(1999 * time.Millisecond)
		synctest.Wait()
		if n := len(s.seen()); n != 0 {
			t.Errorf("%d requests before the delay", n)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if got := s.seen(); len(got) != 1 || got[0].path != "/v1/batch" || got[0].at.Sub(start) != 2*time.Second {
			t.Errorf("%+v", got)
		}
	})
}

func TestBatcherSendsOneAlone(t *testing.T) {
	t.Parallel()
	s := &server{}
	b := newBatcher(t, newClient(t, s, nil), cio.BatcherConfig{})
	if err := b.Enqueue(t.Context(), cio.Alias{UserID: "a", PreviousID: "b"}); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.seen(); len(got) != 1 || got[0].path != "/v1/alias" || !json.Valid([]byte(got[0].body)) {
		t.Errorf("%+v", got)
	}
}

// With random faults, sizes and identities, the messages of each person arrive in order, and once if no answer was lost.
func TestBatcherKeepsOrder(t *testing.T) {
	t.Parallel()
	seeds, first := uint64(20), uint64(0)
	if os.Getenv("CIOKIT_DEEP") == "1" {
		seeds, first = 150, rand.Uint64N(1_000_000)
	}
	if os.Getenv("CIOKIT_FULL") == "1" {
		seeds, first = 1000, 0
	}
	const shards = 4
	for shard := range uint64(shards) {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			t.Parallel()
			for seed := first + shard; seed < first+seeds && !t.Failed(); seed += shards {
				synctest.Test(t, func(t *testing.T) { orderUnderFaults(t, seed) })
				if t.Failed() {
					t.Errorf("with seed %d", seed)
				}
			}
		})
	}
}

func orderUnderFaults(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 1))
	srv := emulator.New(emulator.Config{Refuse: func(m emulator.Message) (string, bool) {
		return "test", strings.HasPrefix(m.MessageID, "bad")
	}})
	for range r.IntN(12) {
		faults := []emulator.Fault{{Status: 500}, {Status: 429, RetryAfter: 2}, {Reset: true}, {DelayMS: 15_000}, {Status: 503}, {DelayMS: 100}}
		f := faults[r.IntN(len(faults))]
		f.Count, f.Every = 1+r.IntN(3), 1+r.IntN(3)
		if err := srv.AddFault(f); err != nil {
			t.Fatal(err)
		}
	}
	rep := collect(t)
	client := clientOf(t, srv, func(cfg *cio.Config) { cfg.MaxMessageBytes, cfg.MaxBatchBytes = 2000, 4000+r.IntN(20_000) })
	b := newBatcher(t, client, cio.BatcherConfig{Concurrency: 1 + r.IntN(8), MaxBytes: 1 << 20, MaxBatchMessages: 1 + r.IntN(100), OnReport: rep.add, MaxDelay: time.Duration(r.IntN(1000)) * time.Millisecond})

	people := []int{10, 100, 1000}[r.IntN(3)]
	n := 500 + r.IntN(2000)
	bad := 0
	sent := make(map[string][]string)
	for i := range n {
		who := fmt.Sprintf("p%d", r.IntN(people))
		id := fmt.Sprintf("m%d", i)
		if r.IntN(200) == 0 {
			id = "bad" + id
			bad++
		} else {
			sent[who] = append(sent[who], id)
		}
		m := cio.Track{UserID: who, Event: cio.Named("Step", map[string]any{"x": strings.Repeat("x", r.IntN(300))}), MessageID: id}
		if err := b.Enqueue(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if r.IntN(500) == 0 {
			time.Sleep(time.Duration(r.IntN(700)) * time.Millisecond)
		}
	}
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a, f := rep.count(); a != n-bad || f != bad {
		t.Errorf("%d accepted and %d failed of %d with %d bad", a, f, n, bad)
	}
	for who, ids := range sent {
		p, err := srv.Person(testKey, who)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range p.Events {
			got = append(got, e.MessageID)
		}
		if fmt.Sprint(got) != fmt.Sprint(ids) {
			t.Errorf("%s: got %v, want %v", who, got, ids)
		}
	}
}

// blackHole reads requests and answers none of them until it is opened.
type blackHole struct {
	server
	open chan struct{}
}

func (h *blackHole) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-h.open:
	case <-r.Context().Done():
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
		return nil, r.Context().Err()
	}
	return h.server.RoundTrip(r)
}

func TestBatcherIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &blackHole{open: make(chan struct{})}
		client := newClient(t, h, func(cfg *cio.Config) { cfg.MaxMessageBytes, cfg.MaxBatchBytes, cfg.Timeout = 1000, 10_000, time.Hour })
		const limit = 400_000
		b := newBatcher(t, client, cio.BatcherConfig{Concurrency: 4, MaxBytes: limit, MaxBatchMessages: 100})
		n := 0
		for ; ; n++ {
			err := b.TryEnqueue(cio.Page{UserID: fmt.Sprint(n)})
			if errors.Is(err, cio.ErrQueueFull) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		st := b.Stats()
		if st.QueuedBytes > limit || st.QueuedBytes < limit/3 || st.Queued != int64(n) {
			t.Errorf("%d messages, %+v", n, st)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		full := 0
		for i := 0; full == 0; i++ { // a lane can still have room
			if err := b.Enqueue(ctx, cio.Page{UserID: "one"}); errors.Is(err, context.DeadlineExceeded) {
				full++
			} else if err != nil {
				t.Fatal(err)
			} else {
				n++
			}
		}
		waited := make(chan error)
		go func() { waited <- b.Enqueue(t.Context(), cio.Page{UserID: "one"}) }()
		synctest.Wait()
		select {
		case err := <-waited:
			t.Fatalf("did not wait: %v", err)
		default:
		}
		close(h.open)
		if err := <-waited; err != nil {
			t.Fatal(err)
		}
		if err := b.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if st := b.Stats(); st.Accepted != int64(n+1) {
			t.Errorf("%d enqueued, %+v", n+1, st)
		}
	})
}

// If memory is needed, messages that wait for a fuller batch are sent.
func TestBatcherUnderPressureSendsWhatItHas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, &server{}, func(cfg *cio.Config) { cfg.MaxMessageBytes, cfg.MaxBatchBytes = 1000, 5000 })
		b := newBatcher(t, client, cio.BatcherConfig{Concurrency: 4, MaxBytes: 40_000 + 4*2*10*16, MaxBatchMessages: 10, MaxDelay: time.Hour})
		start := time.Now()
		for i := range 1000 {
			if err := b.Enqueue(t.Context(), cio.Page{UserID: fmt.Sprint(i % 7)}); err != nil {
				t.Fatal(err)
			}
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("waited %v", waited)
		}
		if err := b.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestBatcherCloseDuringAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(int, call) (*http.Response, error) { return status(503, ""), nil }}
		rep := collect(t)
		b := newBatcher(t, newClient(t, s, nil), cio.BatcherConfig{OnReport: rep.add})
		for _, m := range tracks(3000) {
			if err := b.Enqueue(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		start := time.Now()
		err := b.Close(ctx)
		var left *cio.UnacceptedError
		if !errors.As(err, &left) || !errors.Is(err, context.DeadlineExceeded) || len(left.Messages) != 3000 || time.Since(start) > 31*time.Second {
			t.Fatalf("got %v after %v", err, time.Since(start))
		}
		if a, f := rep.count(); a != 0 || f != 3000 {
			t.Errorf("%d accepted, %d failed", a, f)
		}
		for _, r := range rep.byID {
			if !errors.Is(r.Err, cio.ErrClosed) || r.Encoded.MessageID() != r.MessageID {
				t.Fatalf("%+v", r)
			}
		}
		if again := b.Close(t.Context()); again != err {
			t.Errorf("the second Close returned %v", again)
		}
		if err := b.Enqueue(t.Context(), cio.Page{UserID: "u"}); !errors.Is(err, cio.ErrClosed) {
			t.Errorf("Enqueue after Close: %v", err)
		}
		if err := b.TryEnqueue(cio.Page{UserID: "u"}); !errors.Is(err, cio.ErrClosed) {
			t.Errorf("TryEnqueue after Close: %v", err)
		}

		// Messages that were handed back are stored, read and enqueued again, with the same ids.
		stored, err := json.Marshal(left.Messages)
		if err != nil {
			t.Fatal(err)
		}
		var restored []cio.Encoded
		if err := json.Unmarshal(stored, &restored); err != nil {
			t.Fatal(err)
		}
		srv := emulator.New(emulator.Config{})
		second := newBatcher(t, clientOf(t, srv, nil), cio.BatcherConfig{})
		for _, m := range restored {
			if err := second.Enqueue(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		if err := second.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		messages, _ := srv.Messages(emulator.MessagesQuery{Key: testKey})
		for _, m := range messages.Messages {
			if _, ok := rep.byID[m.MessageID]; !ok {
				t.Fatalf("%s is a new id", m.MessageID)
			}
		}
		if len(messages.Messages) != 3000 {
			t.Errorf("%d messages arrived", len(messages.Messages))
		}
	})
}

// A transport that ignores its context cannot block Close.
func TestBatcherCloseOverADeafTransport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		deaf := roundTripper(func(r *http.Request) (*http.Response, error) {
			<-release
			r.Body.Close()
			return status(200, "{}"), nil
		})
		rep := collect(t)
		b := newBatcher(t, newClient(t, deaf, nil), cio.BatcherConfig{OnReport: rep.add, MaxDelay: -1})
		for _, m := range tracks(10) {
			if err := b.Enqueue(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		err := b.Close(ctx)
		var left *cio.UnacceptedError
		if !errors.As(err, &left) || len(left.Messages) != 10 || time.Since(start) > 2*time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		close(release) // too late: nothing more is reported
		synctest.Wait()
		if a, f := rep.count(); a != 0 || f != 10 {
			t.Errorf("%d accepted, %d failed", a, f)
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestBatcherPausesForAKeyThatIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := emulator.New(emulator.Config{Keys: []string{"good"}})
		rep := collect(t)
		client := clientOf(t, srv, func(cfg *cio.Config) { cfg.MaxMessageBytes, cfg.MaxBatchBytes = 1000, 5000 })
		b := newBatcher(t, client, cio.BatcherConfig{OnReport: rep.add, MaxBytes: 150_000, MaxBatchMessages: 100, Concurrency: 4})
		n := 0
		var err error
		for ; err == nil; n++ {
			err = b.Enqueue(t.Context(), cio.Page{UserID: fmt.Sprint(n)})
		}
		n-- // the last message was not enqueued
		if !errors.Is(err, cio.ErrUnauthorized) {
			t.Fatalf("a full queue: %v", err)
		}
		if err := b.Flush(t.Context()); !errors.Is(err, cio.ErrUnauthorized) || !errors.Is(b.Stats().Stopped, cio.ErrUnauthorized) {
			t.Errorf("flush: %v, %+v", err, b.Stats())
		}
		requests := client.Stats().Requests
		time.Sleep(time.Hour)
		if again := client.Stats().Requests; again-requests > 12 || requests > 4*2+2 {
			t.Errorf("%d requests, an hour later %d", requests, again)
		}
		if err := client.SetAPIKey("bad too"); err == nil {
			t.Error("a key with a space was accepted")
		}
		if err := client.SetAPIKey("good"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := b.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if a, f := rep.count(); a != n || f != 0 {
			t.Errorf("%d accepted, %d failed of %d", a, f, n)
		}
	})
}

func TestBatcherClosedWhileTheKeyIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := emulator.New(emulator.Config{Keys: []string{"good"}})
		b := newBatcher(t, clientOf(t, srv, nil), cio.BatcherConfig{})
		for _, m := range tracks(100) {
			if err := b.Enqueue(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		err := b.Close(t.Context())
		var left *cio.UnacceptedError
		if !errors.As(err, &left) || !errors.Is(err, cio.ErrUnauthorized) || len(left.Messages) != 100 {
			t.Errorf("got %v", err)
		}
	})
}

// Messages are kept also when a retry does not help, and are retried from time to time.
func TestBatcherWaitsOutAWrongAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		s.answer = func(n int, _ call) (*http.Response, error) {
			if n < 3 {
				return status(404, "no such page"), nil
			}
			return status(200, "{}"), nil
		}
		b := newBatcher(t, newClient(t, s, nil), cio.BatcherConfig{Concurrency: 1, MaxDelay: -1})
		if err := b.Enqueue(t.Context(), cio.Page{UserID: "u1"}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if st := b.Stats(); st.Stopped == nil || st.Queued != 1 {
			t.Errorf("%+v", st)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if st := b.Stats(); st.Stopped != nil || st.Accepted != 1 || len(s.seen()) != 4 {
			t.Errorf("%+v after %d requests", st, len(s.seen()))
		}
		if err := b.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// Without OnReport, too, a rejection is known: Close returns it.
func TestBatcherWithoutOnReport(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{Refuse: func(m emulator.Message) (string, bool) { return "test", m.MessageID == "m7" }})
	b := newBatcher(t, clientOf(t, srv, nil), cio.BatcherConfig{Concurrency: 2})
	for _, m := range tracks(20) {
		if err := b.Enqueue(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	err := b.Close(t.Context())
	var left *cio.UnacceptedError
	if !errors.As(err, &left) || len(left.Messages) != 0 || left.Rejected != 1 || fmt.Sprint(left.RejectedIDs) != "[m7]" {
		t.Errorf("got %v", err)
	}
}

func TestBatcherEnqueueWhileClosing(t *testing.T) {
	t.Parallel()
	for range 8 {
		srv := emulator.New(emulator.Config{})
		rep := collect(t)
		b := newBatcher(t, clientOf(t, srv, nil), cio.BatcherConfig{OnReport: rep.add})
		var in atomic.Int64
		var wg sync.WaitGroup
		started := make(chan struct{}, 8)
		for g := range 8 {
			wg.Go(func() {
				for i := 0; ; i++ {
					err := b.Enqueue(t.Context(), cio.Page{UserID: fmt.Sprint(g), MessageID: fmt.Sprintf("%d-%d", g, i)})
					if errors.Is(err, cio.ErrClosed) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
					if in.Add(1); i == 0 {
						started <- struct{}{}
					}
				}
			})
		}
		for range 8 {
			<-started
		}
		if err := b.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		if a, f := rep.count(); int64(a) != in.Load() || f != 0 {
			t.Fatalf("%d enqueued, %d accepted, %d failed", in.Load(), a, f)
		}
	}
}

// The callback can enqueue messages without waiting: the queue is not locked while it runs.
func TestBatcherTryEnqueueFromTheCallback(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := emulator.New(emulator.Config{})
		var b *cio.Batcher
		more := 100
		seen := 0
		b = newBatcher(t, clientOf(t, srv, nil), cio.BatcherConfig{MaxDelay: -1, OnReport: func(cio.Report) {
			seen++
			if more--; more >= 0 {
				if err := b.TryEnqueue(cio.Page{UserID: "u1"}); err != nil {
					t.Error(err)
				}
			}
		}})
		if err := b.Enqueue(t.Context(), cio.Page{UserID: "u1"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if err := b.Close(t.Context()); err != nil || seen != 101 {
			t.Errorf("%d reports, %v", seen, err)
		}
	})
}

func TestBatcherCompresses(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{})
	client := clientOf(t, srv, nil)
	b := newBatcher(t, client, cio.BatcherConfig{Compress: true, Concurrency: 1})
	for _, m := range tracks(1000) {
		if err := b.Enqueue(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	stats, _ := srv.Stats(testKey)
	if stats.Events != 1000 || client.Stats().Bytes*3 > stats.Bytes {
		t.Errorf("%d events; %d bytes sent for %d", stats.Events, client.Stats().Bytes, stats.Bytes)
	}
}

// The emulator accepts a batch and the answer is lost: the retry has the same ids.
func TestBatcherRepeatsWithTheSameIDs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := emulator.New(emulator.Config{})
		inner := srv.Transport()
		lost := false
		rt := roundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := inner.RoundTrip(r)
			if err == nil && !lost {
				lost = true
				resp.Body.Close()
				return nil, io.ErrUnexpectedEOF
			}
			return resp, err
		})
		b := newBatcher(t, newClient(t, rt, nil), cio.BatcherConfig{Concurrency: 1})
		for _, m := range tracks(10) {
			if err := b.Enqueue(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		messages, _ := srv.Messages(emulator.MessagesQuery{})
		ids := map[string]int{}
		for _, m := range messages.Messages {
			ids[m.MessageID]++
		}
		if len(messages.Messages) != 20 || len(ids) != 10 {
			t.Errorf("%d messages with %d ids", len(messages.Messages), len(ids))
		}
	})
}

// Several Batchers on one Client share its rate.
func TestBatchersShareTheRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		client := newClient(t, s, func(cfg *cio.Config) { cfg.RateLimit = 30 })
		var batchers []*cio.Batcher
		for range 4 {
			batchers = append(batchers, newBatcher(t, client, cio.BatcherConfig{MaxDelay: -1, MaxBatchMessages: 1}))
		}
		for i := range 300 {
			if err := batchers[i%4].Enqueue(t.Context(), cio.Page{UserID: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
		}
		for _, b := range batchers {
			if err := b.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if got := most(s.seen(), 3*time.Second); got != 30 || len(s.seen()) != 300 {
			t.Errorf("%d requests, at most %d within 3 s", len(s.seen()), got)
		}
	})
}

// A Flush ends with its context, and no message is lost by that.
func TestBatcherFlushEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &blackHole{open: make(chan struct{})}
		b := newBatcher(t, newClient(t, h, func(cfg *cio.Config) { cfg.Timeout = time.Hour }), cio.BatcherConfig{})
		for _, m := range tracks(10) {
			if err := b.Enqueue(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := b.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("flush: %v", err)
		}
		if st := b.Stats(); st.Queued != 10 || st.InFlight == 0 || st.Oldest != time.Minute {
			t.Errorf("%+v", st)
		}
		close(h.open)
		if err := b.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestNewBatcherRefuses(t *testing.T) {
	t.Parallel()
	client := newClient(t, &server{}, nil)
	for _, cfg := range []cio.BatcherConfig{{Concurrency: -1}, {MaxBytes: -1}, {MaxBatchMessages: -1}, {MaxBytes: 100_000}} {
		if _, err := cio.NewBatcher(client, cfg); err == nil {
			t.Errorf("%+v was accepted", cfg)
		}
	}
}

func TestEnqueueAllocations(t *testing.T) {
	client := newClient(t, &server{}, func(cfg *cio.Config) { cfg.RateLimit = -1 })
	b := newBatcher(t, client, cio.BatcherConfig{MaxDelay: time.Hour})
	defer b.Close(t.Context())
	for _, c := range []struct {
		name string
		m    cio.Message
		most float64
	}{
		{"a generated event", cio.Track{UserID: "u1", Event: events.OrderCompleted{OrderID: "o1", Total: new(12.5), Currency: "EUR", Products: []events.Product{{SKU: "s", Quantity: new(2)}}}}, 0},
		{"a map of scalars", cio.Track{UserID: "u1", Event: cio.Named("Order Shipped", map[string]any{"order_id": "o1", "total": 12.5, "n": 3})}, 1},
		{"an encoded message", mustEncode(t, cio.Page{UserID: "u1"}), 1}, // the identity, which is read from it
	} {
		ctx := t.Context()
		for range 100 { // fill the pools
			b.Enqueue(ctx, c.m)
		}
		if n := testing.AllocsPerRun(200, func() {
			if err := b.Enqueue(ctx, c.m); err != nil {
				t.Fatal(err)
			}
		}); n > c.most {
			t.Errorf("%s: %v allocations, want at most %v", c.name, n, c.most)
		}
	}
}

func mustEncode(t testing.TB, m cio.Message) cio.Encoded {
	t.Helper()
	e, err := cio.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func BenchmarkEnqueueTyped(b *testing.B) {
	m := cio.Message(cio.Track{UserID: "user-123456", Event: events.OrderCompleted{OrderID: "o-1234567", Total: new(129.95), Currency: "EUR", Products: []events.Product{{SKU: "tea-001", Quantity: new(2), Price: new(64.97)}}}})
	benchmarkEnqueue(b, m)
}

func BenchmarkEnqueueMap(b *testing.B) {
	m := cio.Message(cio.Track{UserID: "user-123456", Event: cio.Named("Order Shipped", map[string]any{"order_id": "o-1234567", "total": 129.95, "currency": "EUR", "quantity": 2, "sku": "tea-001", "price": 64.97})})
	benchmarkEnqueue(b, m)
}

func benchmarkEnqueue(b *testing.B, m cio.Message) {
	sink := roundTripper(func(r *http.Request) (*http.Response, error) {
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
		return status(200, "{}"), nil
	})
	client := newClient(b, sink, func(cfg *cio.Config) { cfg.RateLimit = -1 })
	batcher := newBatcher(b, client, cio.BatcherConfig{})
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if err := batcher.Enqueue(ctx, m); err != nil {
			b.Fatal(err)
		}
	}
	if err := batcher.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}

func TestNewBatcherRefusesWrongConfigs(t *testing.T) {
	c, err := cio.NewClient(cio.Config{APIKey: "key", Region: cio.RegionEU})
	if err != nil {
		t.Fatal(err)
	}
	for want, make := range map[string]func() (*cio.Batcher, error){
		"needs a Client":       func() (*cio.Batcher, error) { return cio.NewBatcher(nil, cio.BatcherConfig{}) },
		"must not be negative": func() (*cio.Batcher, error) { return cio.NewBatcher(c, cio.BatcherConfig{MaxBytes: -1}) },
	} {
		if b, err := make(); b != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, %v; want an error with %q", b, err, want)
		}
	}
}
