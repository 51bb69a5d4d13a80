package cio_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
)

// most returns the largest number of calls in any window of that length, both ends included.
func most(calls []call, window time.Duration) int {
	top := 0
	for lo, hi := 0, 0; hi < len(calls); hi++ {
		for calls[hi].at.Sub(calls[lo].at) > window {
			lo++
		}
		top = max(top, hi-lo+1)
	}
	return top
}

func TestRateLimitHoldsInEveryWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		c := newClient(t, s, nil)
		start := time.Now()
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				for range 200 {
					if err := c.Send(t.Context(), cio.Page{UserID: "u1"}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if got := most(s.seen(), 3*time.Second); got != 3000 {
			t.Errorf("%d requests within 3 s", got)
		}
		if took := time.Since(start); len(s.seen()) != 10_000 || took < 9*time.Second || took > 9*time.Second+time.Millisecond {
			t.Errorf("%d requests took %v", len(s.seen()), took)
		}
	})
}

func TestRateLimitIsHalvedAndRestored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		s.answer = func(n int, c call) (*http.Response, error) {
			if n == 99 {
				return status(429, "", "Retry-After", "60"), nil
			}
			return status(200, "{}"), nil
		}
		c := newClient(t, s, func(cfg *cio.Config) { cfg.RateLimit, cfg.RateWindow = 100, time.Second })
		for range 800 {
			if err := c.Send(t.Context(), cio.Page{UserID: "u1"}); err != nil {
				t.Fatal(err)
			}
		}
		calls := s.seen()
		// The 100th was refused; from then on half as many go until good answers have opened the limit again.
		after := calls[100:]
		first := 0
		for first < len(after) && after[first].at.Sub(after[0].at) < time.Second {
			first++
		}
		if first < 50 || first >= 100 {
			t.Errorf("%d requests in the second after the pause", first)
		}
		if got := most(calls[500:], time.Second); got != 100 {
			t.Errorf("at most %d requests a second at the end", got)
		}
	})
}

func TestRateLimitWaitEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		c := newClient(t, s, func(cfg *cio.Config) { cfg.RateLimit, cfg.RateWindow = 1, time.Hour })
		if err := c.Send(t.Context(), tracks(1)...); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := c.Send(ctx, tracks(1)...)
		var sendErr *cio.SendError
		if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &sendErr) || sendErr.Failures[0].Outcome != cio.Unsent || len(s.seen()) != 1 {
			t.Errorf("got %v after %d requests", err, len(s.seen()))
		}
	})
}

func TestNoRateLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, &server{}, func(cfg *cio.Config) { cfg.RateLimit = -1 })
		start := time.Now()
		for range 5000 {
			if err := c.Send(t.Context(), cio.Page{UserID: "u1"}); err != nil {
				t.Fatal(err)
			}
		}
		if time.Since(start) != 0 {
			t.Errorf("waited %v", time.Since(start))
		}
	})
}
