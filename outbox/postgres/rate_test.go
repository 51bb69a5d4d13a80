package postgres_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/outbox/postgres"
)

// clocked answers requests, and records when they arrived, and the longest time that one was on its way.
type clocked struct {
	mu      sync.Mutex
	times   []time.Time
	slowest time.Duration
}

func (c *clocked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	sent, _ := strconv.ParseInt(r.Header.Get("Sent"), 10, 64) // stamped has set it
	c.mu.Lock()
	c.times, c.slowest = append(c.times, now), max(c.slowest, now.Sub(time.Unix(0, sent)))
	c.mu.Unlock()
	_, _ = io.Copy(io.Discard, r.Body) // it is on loopback
	_, _ = io.WriteString(w, `{"success":true}`)
}

// stamped says in each request when it was made.
type stamped struct{ *http.Transport }

func (s stamped) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Sent", strconv.FormatInt(time.Now().UnixNano(), 10))
	return s.Transport.RoundTrip(r)
}

// TestWorkersShareTheLimit runs several workers, ten in the long run, with more to send than the limit allows. It counts requests when they arrive,
// as Customer.io does.
func TestWorkersShareTheLimit(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	sink := &clocked{}
	web := httptest.NewServer(sink)
	t.Cleanup(web.Close)
	limit, window, messages, workers := 80, 3*time.Second, 100, 4
	if deep {
		limit, messages, workers = 320, 700, 10
	}
	var all []*postgres.Worker
	for range workers {
		all = append(all, p.start(t, func(c *postgres.WorkerConfig) {
			c.Client = cio.Config{APIKey: "key", BaseURL: web.URL, RateLimit: limit, RateWindow: window, HTTPClient: &http.Client{Transport: stamped{&http.Transport{MaxIdleConnsPerHost: 100}}}}
			c.Batcher = cio.BatcherConfig{MaxDelay: -1, MaxBatchMessages: 1}
		}))
	}
	waitFor(t, "all have their part", func() bool {
		return !slices.ContainsFunc(all, func(w *postgres.Worker) bool { return len(w.Lanes()) == 0 || len(w.Lanes()) > (64+workers-1)/workers })
	})
	tx := p.begin(t)
	for n := range messages {
		p.enqueue(t, tx, fmt.Sprint("u", n), fmt.Sprint("m", n))
	}
	commit(t, tx)
	p.empty(t)
	sink.mu.Lock()
	defer sink.mu.Unlock()
	slices.SortFunc(sink.times, time.Time.Compare)
	most := 0
	for i, from := 0, 0; i < len(sink.times); i++ {
		for sink.times[i].Sub(sink.times[from]) > window {
			from++
		}
		most = max(most, i-from+1)
	}
	if sink.slowest > window/6 && most > limit {
		t.Skipf("a request was on its way for %v: this machine stood still, and nothing can be said", sink.slowest)
	}
	if most > limit {
		t.Errorf("%d requests within %v, of %d that may be", most, window, limit)
	}
	took := sink.times[len(sink.times)-1].Sub(sink.times[0])
	t.Logf("%d requests in %v, at most %d of %d within %v; the slowest was on its way for %v", len(sink.times), took, most, limit, window, sink.slowest)
}
