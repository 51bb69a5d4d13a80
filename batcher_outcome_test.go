package cio_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
)

// Whatever callbacks and the server do, each message has exactly one outcome: it is reported or handed back. Stats count it once.
func TestEachMessageHasOneOutcome(t *testing.T) {
	t.Parallel()
	seeds, first := uint64(80), uint64(0)
	if os.Getenv("CIOKIT_DEEP") == "1" {
		seeds, first = 150, rand.Uint64N(1_000_000)
	}
	if os.Getenv("CIOKIT_FULL") == "1" {
		seeds, first = 500, 0
	}
	const shards = 4
	for shard := range uint64(shards) {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			t.Parallel()
			for seed := first + shard; seed < first+seeds && !t.Failed(); seed += shards {
				synctest.Test(t, func(t *testing.T) { oneOutcome(t, seed) })
				if t.Failed() {
					t.Errorf("with seed %d", seed)
				}
			}
		})
	}
}

func oneOutcome(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 4))
	var mu sync.Mutex
	chance := func(n int) bool {
		mu.Lock()
		defer mu.Unlock()
		return r.IntN(n) == 0
	}
	between := func(most time.Duration) time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return time.Duration(r.Int64N(int64(most)))
	}
	troubles := []answer{{503, ""}, {401, ""}, {403, page}, {400, rejection}, {400, "bad"}, {200, page}, {429, ""}, {404, ""}}
	share := 3 + r.IntN(30)
	bad := map[string]bool{} // rejected by the API
	w := newWorld(t, func(_ int, _ call, ids []string) *http.Response {
		if slices.ContainsFunc(ids, func(id string) bool { return bad[id] }) {
			return status(400, rejection)
		}
		if chance(share) {
			mu.Lock()
			defer mu.Unlock()
			a := troubles[r.IntN(len(troubles))]
			if a.body == rejection && len(ids) == 1 {
				return nil
			}
			return a.response()
		}
		return nil
	})
	w.delay = between(200 * time.Millisecond)
	var b *cio.Batcher
	hang := make(chan struct{})
	reported := map[string]int{}
	failed := map[string]bool{}
	closed := false
	extra := 0
	callback := func(rep cio.Report) {
		mu.Lock()
		if closed {
			t.Errorf("%s was reported after Close", rep.MessageID)
		}
		reported[rep.MessageID]++
		failed[rep.MessageID] = rep.Err != nil && !errors.Is(rep.Err, cio.ErrClosed)
		mu.Unlock()
		switch {
		case chance(300):
			<-hang
		case chance(50):
			time.Sleep(between(3 * time.Second))
		case chance(50):
			panic("a callback's own fault")
		case chance(50):
			runtime.Goexit()
		case chance(50):
			if b.TryEnqueue(message(5000+extra, 0, "")) == nil {
				mu.Lock()
				extra++
				mu.Unlock()
			}
		case chance(100):
			b.Stats()
		}
	}
	b = newBatcher(t, newClient(t, w, nil), cio.BatcherConfig{OnReport: callback, Concurrency: 1 + r.IntN(8), MaxBatchMessages: 1 + r.IntN(100), MaxDelay: time.Duration(r.IntN(500)) * time.Millisecond})
	n := 50 + r.IntN(800)
	var ids []string
	for i := range n {
		m := message(r.IntN(100), i, "")
		ids = append(ids, m.MessageID)
		if r.IntN(50) == 0 {
			bad[m.MessageID] = true
		}
	}
	enqueued := 0
	for i, id := range ids {
		var user int
		fmt.Sscanf(id, "u%d-", &user)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		err := b.Enqueue(ctx, message(user, i, ""))
		cancel()
		if err != nil {
			break
		}
		enqueued++
		if chance(40) {
			time.Sleep(between(2 * time.Second))
		}
	}
	ids = ids[:enqueued]
	ctx, cancel := context.WithTimeout(t.Context(), between(20*time.Second))
	err := b.Close(ctx)
	bound, _ := ctx.Deadline()
	cancel()
	if late := time.Since(bound); late > 10*time.Second && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Close returned %v after its context ended", late)
	}
	mu.Lock()
	closed = true
	mu.Unlock()
	st := b.Stats()
	close(hang)
	synctest.Wait()
	time.Sleep(time.Minute)
	synctest.Wait()

	back := map[string]int{}
	var left *cio.UnacceptedError
	if errors.As(err, &left) {
		for _, m := range left.Messages {
			back[m.MessageID()]++
		}
	} else if err != nil {
		t.Errorf("Close: %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	for i := range extra {
		ids = append(ids, message(5000+i, 0, "").MessageID)
	}
	both := 0
	for _, id := range ids {
		switch {
		case reported[id] > 1 || back[id] > 1:
			t.Errorf("%s: %d reports, handed back %d times", id, reported[id], back[id])
		case reported[id] == 0 && back[id] == 0:
			t.Errorf("%s is lost", id)
		case failed[id] && !bad[id] && w.took[id] > 0:
			t.Errorf("%s was reported as rejected, and the API accepted it", id)
		case failed[id] && back[id] > 0:
			both++
		}
	}
	if sum := st.Accepted + st.Rejected + int64(len(back)); both > 0 || sum != st.Enqueued || st.Enqueued != int64(len(ids)) {
		t.Errorf("%d with two outcomes; %+v, %d handed back, %d enqueued", both, st, len(back), len(ids))
	}
}

// A settled batch returns to the pool while a later batch of its lane waits with a message set aside. The next user of the pooled batch must not
// change what the lane remembers of its messages.
func TestASettledBatchIsNobodysAnyMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var client *cio.Client
		times := 0 // how often the first disliked message was sent
		w := newWorld(t, func(_ int, _ call, ids []string) *http.Response {
			switch {
			case slices.Contains(ids, "u1-1"): // to make room for several spans
				return status(400, rejection)
			case slices.Contains(ids, "u1-3"):
				if times++; times == 2 { // other messages are accepted at this moment
					if err := client.Send(context.Background(), message(2, 0, "")); err != nil {
						t.Error(err)
					}
				}
				return status(403, page)
			case slices.Contains(ids, "u1-4"):
				return status(403, page)
			}
			return nil
		})
		client = newClient(t, w, nil)
		rep := collect(t)
		b := newBatcher(t, client, cio.BatcherConfig{OnReport: rep.add, Concurrency: 32})
		ids := []string{}
		enqueue := func(user, n int) {
			m := message(user, n, "")
			ids = append(ids, m.MessageID)
			if err := b.Enqueue(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		for n := range 3 {
			enqueue(1, n)
		}
		if err := b.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		enqueue(1, 3)
		time.Sleep(time.Second) // it is set aside
		enqueue(1, 4)
		time.Sleep(1200 * time.Millisecond) // the first is rejected and its batch returned to the pool, the second is set aside
		if st := b.Stats(); st.Rejected != 2 || st.Queued != 1 {
			t.Fatalf("%+v", st)
		}
		for user := range 20 {
			enqueue(100+user, 0)
		}
		time.Sleep(time.Minute)
		if st := b.Stats(); st.Queued != 0 || st.Rejected != 3 {
			t.Errorf("%+v", st)
		}
		w.check(ids, rep, b.Close(t.Context()), map[string]bool{"u1-1": true, "u1-3": true, "u1-4": true})
		for id, n := range w.took {
			if n != 1 {
				t.Errorf("%s arrived %d times", id, n)
			}
		}
	})
}

// A transport that ignores its context delivers its answer after Close. Its lane still ends.
func TestALateAnswerAfterClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := roundTripper(func(r *http.Request) (*http.Response, error) {
			r.Body.Close()
			time.Sleep(5 * time.Second) // ignores the context
			return status(200, "{}"), nil
		})
		rep := collect(t)
		client := newClient(t, rt, func(c *cio.Config) { c.AcceptAny2xx = true })
		b := newBatcher(t, client, cio.BatcherConfig{OnReport: rep.add, MaxDelay: -1})
		if err := b.Enqueue(t.Context(), message(1, 0, "")); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := b.Close(ctx); err == nil {
			t.Error("no error")
		}
		time.Sleep(10 * time.Second)
		// synctest panics if a goroutine is left behind.
	})
}
