package postgres_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/outbox/postgres"
)

// clocked answers requests and notes when they were made.
type clocked struct {
	mu    sync.Mutex
	times []time.Time
}

func (c *clocked) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.times = append(c.times, time.Now())
	c.mu.Unlock()
	_, _ = io.Copy(io.Discard, r.Body) // it is in memory
	_ = r.Body.Close()
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"success":true}`)), Request: r}, nil
}

// TestWorkersShareTheLimit has workers, ten in the long run, with more to send than the limit lets go.
func TestWorkersShareTheLimit(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	sink := &clocked{}
	limit, window, messages, workers := 80, time.Second, 120, 4
	if deep {
		limit, window, messages, workers = 320, 3*time.Second, 700, 10
	}
	var all []*postgres.Worker
	for range workers {
		all = append(all, p.start(t, func(c *postgres.WorkerConfig) {
			c.Client = cio.Config{APIKey: "key", BaseURL: "http://sink.invalid", RateLimit: limit, RateWindow: window, HTTPClient: &http.Client{Transport: sink}}
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
	if most > limit {
		t.Errorf("%d requests within %v, of %d that may be", most, window, limit)
	}
	took := sink.times[len(sink.times)-1].Sub(sink.times[0])
	t.Logf("%d requests in %v, at most %d within %v", len(sink.times), took, most, window)
}
