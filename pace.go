package cio

import (
	"context"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// pacer lets at most limit requests into any window of time. It remembers when the last ones started, which is exact. A token bucket would
// let a burst of twice the limit into one window.
//
// A server counts requests when they arrive, and some take longer to arrive than others. If two start a window apart, and the first is slow
// and the second is quick, they arrive less than a window apart. So no more than limit may start within the window plus the difference of
// their delays. The slack is for that difference.
type pacer struct {
	max    int
	window time.Duration // the server's
	span   time.Duration // limit starts at most within it: the window and its slack
	log    *slog.Logger

	mu      sync.Mutex
	limit   int         // at most max, less after a 429
	good    int         // good answers under a lowered limit
	starts  []time.Time // a ring of the last max starts
	next    int         // where the next start goes
	lowered time.Time   // when limit was last halved
}

// rateSlack is the part of a window by which the delays of requests may differ: 300 ms of 3 s. That is enough for one lost packet, which
// TCP sends again after 200 ms or more. It costs a tenth of the rate.
const rateSlack = 10

// newPacer returns nil for no limit.
func newPacer(limit int, window time.Duration, log *slog.Logger) *pacer {
	if limit < 0 {
		return nil
	}
	return &pacer{max: limit, limit: limit, window: window, span: window + min(window/rateSlack, math.MaxInt64-1-window), log: log, starts: make([]time.Time, limit)}
}

// wait returns when a request may start, or with the error of the context.
func (p *pacer) wait(ctx context.Context) error {
	if p == nil {
		return ctx.Err()
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		d := p.take()
		if d <= 0 {
			return nil
		}
		if err := sleep(ctx, d); err != nil {
			return err
		}
	}
}

// admitAgain is how long a request waits before Config.Admit is called again.
const admitAgain = time.Second

// admit returns when a request may start, or with the error of the context.
func (c *Client) admit(ctx context.Context) error {
	if err := c.pace.wait(ctx); err != nil || c.cfg.Admit == nil {
		return err
	}
	for said := false; ; said = true {
		err := c.cfg.Admit(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			return nil
		case !said:
			c.log.Warn("Config.Admit refuses requests; it is called again every second", "error", err)
		}
		if err := sleep(ctx, admitAgain); err != nil {
			return err
		}
	}
}

// take records a start and returns 0, or returns how long to wait before the next attempt.
func (p *pacer) take() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	oldest := p.starts[(p.next-p.limit+p.max)%p.max]
	// Not in the same instant either, because both ends belong to a span.
	if d := p.span - now.Sub(oldest); !oldest.IsZero() && d >= 0 {
		return d + 1
	}
	p.starts[p.next] = now
	p.next = (p.next + 1) % p.max
	return 0
}

// limited halves the limit after a 429. It does not if the request had started before the limit was last halved.
func (p *pacer) limited(started time.Time) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !started.After(p.lowered) || p.limit == 1 {
		return
	}
	p.limit = max(1, p.limit/2)
	p.lowered = time.Now()
	p.log.Warn("rate limited by Customer.io; the request rate is halved", "requests", p.limit, "window", p.window)
}

// recoverEvery is how many good answers raise a lowered limit by one. A halved limit is back at its full value after the requests of four
// to five windows.
const recoverEvery = 4

// accepted raises a lowered limit again.
func (p *pacer) accepted() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limit == p.max {
		return
	}
	if p.good++; p.good%recoverEvery != 0 {
		return
	}
	if p.limit++; p.limit == p.max {
		p.log.Info("the request rate is back at its limit", "requests", p.limit, "window", p.window)
	}
}

// sleep returns nil after d, or the error of the context if it ends before.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sleepUnless is sleep that ends when one of the channels is closed.
func sleepUnless(ctx context.Context, d time.Duration, end, other <-chan struct{}) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-end:
	case <-other:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// Backoff between tries: full jitter over base * 2^n, capped.
const (
	backoffBase   = 250 * time.Millisecond
	backoffCap    = 10 * time.Second
	maxRetryAfter = 300 * time.Second
)

// backoff returns how long to wait after that number of failed tries; floor is what the server asked for.
func backoff(failures int, floor time.Duration) time.Duration {
	ceiling := backoffCap
	if shift := failures - 1; shift < 6 {
		ceiling = min(backoffCap, backoffBase<<shift)
	}
	return min(floor, maxRetryAfter) + rand.N(ceiling)
}

// retryAfter reads the header in both of its forms, seconds and a date; 0 if it is absent or makes no sense.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if v == "" {
		return 0
	}
	if n, err := strconv.ParseInt(v, 10, 64); err == nil {
		return min(max(0, time.Duration(min(n, int64(maxRetryAfter/time.Second)))*time.Second), maxRetryAfter)
	}
	if t, err := http.ParseTime(v); err == nil {
		return min(max(0, t.Sub(now)), maxRetryAfter)
	}
	return 0
}

// signal wakes all who wait for it.
type signal struct {
	mu sync.Mutex
	ch chan struct{}
}

// wait returns a channel that the next send closes.
func (s *signal) wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

func (s *signal) send() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}
