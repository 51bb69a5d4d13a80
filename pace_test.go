package cio_test

import (
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
)

// most returns the largest number of calls in any window of that length, which includes both ends.
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
		// The window here is a tenth longer than the server's window: not even a window of that length has more.
		if got := most(s.seen(), 3300*time.Millisecond); got != 3000 {
			t.Errorf("%d requests within 3.3 s", got)
		}
		if took := time.Since(start); len(s.seen()) != 10_000 || took < 9900*time.Millisecond || took > 9901*time.Millisecond {
			t.Errorf("%d requests took %v", len(s.seen()), took)
		}
	})
}

// late is a transport that delays requests on their way. It records when each arrived.
type late struct {
	delay func(n int) time.Duration

	mu       sync.Mutex
	n        int
	arrivals []call
}

func (l *late) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	d := l.delay(l.n)
	l.n++
	l.mu.Unlock()
	time.Sleep(d)
	io.Copy(io.Discard, r.Body)
	r.Body.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.arrivals = append(l.arrivals, call{at: time.Now()})
	return status(200, "{}"), nil
}

// For any delay of requests on their way, no more requests than the limit arrive within a window, as long as the delays differ by at most a tenth of
// the window.
func TestRateLimitHoldsAtTheServer(t *testing.T) {
	t.Parallel()
	const slack = 300 * time.Millisecond
	seeded := func(seed uint64) func(int) time.Duration {
		r := rand.New(rand.NewPCG(seed, 0))
		base := time.Duration(r.IntN(3)) * 150 * time.Millisecond // all have this delay
		return func(n int) time.Duration {
			switch seed % 3 {
			case 0: // at random
				return base + time.Duration(r.Int64N(int64(slack)+1))
			case 1: // few are late
				if r.IntN(20) > 0 {
					return base
				}
			case 2: // runs of consecutive requests are late
				if n/(100+int(seed))%2 == 0 {
					return base
				}
			}
			return base + slack
		}
	}
	for name, delay := range map[string]func(int) time.Duration{
		"the first are late": func(n int) time.Duration { return slack * time.Duration(1-min(n/3000, 1)) },
		"seed 3":             seeded(3), "seed 4": seeded(4), "seed 5": seeded(5),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &late{delay: delay}
				c := newClient(t, l, nil)
				m := mustEncode(t, cio.Page{UserID: "u1"})
				var wg sync.WaitGroup
				for range 1000 {
					wg.Go(func() {
						for range 9 {
							if err := c.Send(t.Context(), m); err != nil {
								t.Error(err)
							}
						}
					})
				}
				wg.Wait()
				if got := most(l.arrivals, 3*time.Second); len(l.arrivals) != 9000 || got > 3000 || got < 2500 {
					t.Errorf("%d of %d requests arrived within 3 s", got, len(l.arrivals))
				}
			})
		})
	}
}

// Real connections, the default limit, and 32 calls at once, some of which are late.
func TestRateLimitAtARealServer(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes seven seconds")
	}
	const calls, limit, window = 6500, 3000, 3 * time.Second
	var mu sync.Mutex
	var arrivals []call
	var least, longest time.Duration = time.Hour, 0
	begin := time.Now()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := time.Now()
		io.Copy(io.Discard, r.Body)
		started, _ := time.ParseDuration(r.Header.Get("X-Started"))
		mu.Lock()
		defer mu.Unlock()
		arrivals = append(arrivals, call{at: now})
		took := now.Sub(begin) - started
		least, longest = min(least, took), max(longest, took)
	}))
	defer srv.Close()
	transport := &http.Transport{MaxIdleConnsPerHost: 32}
	defer transport.CloseIdleConnections()
	client, err := cio.NewClient(cio.Config{APIKey: testKey, BaseURL: srv.URL, HTTPClient: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.Header.Set("X-Started", time.Since(begin).String())
		if rand.IntN(50) == 0 {
			time.Sleep(rand.N(window / 20))
		}
		return transport.RoundTrip(r)
	})}})
	if err != nil {
		t.Fatal(err)
	}
	m := mustEncode(t, cio.Page{UserID: "u1"})
	var left atomic.Int64
	left.Store(calls)
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := client.Send(t.Context(), m); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	slices.SortFunc(arrivals, func(a, b call) int { return a.at.Compare(b.at) })
	got := most(arrivals, window)
	t.Logf("%d of %d calls arrived within %v; on their way they took %v to %v", got, len(arrivals), window, least, longest)
	if longest-least > window/10 {
		t.Skipf("this machine held calls up for %v, longer than they are allowed for", longest-least)
	}
	if got > limit || len(arrivals) != calls {
		t.Errorf("%d of %d calls within %v", got, len(arrivals), window)
	}
}

// A redirect causes another request, and a transport that repeats a request asks for its body again. The server counts all of them.
func TestFurtherRequestsKeepToTheRateLimit(t *testing.T) {
	t.Parallel()
	for name, further := range map[string]func(r *http.Request, s *server) (*http.Response, error){
		"a redirect": func(r *http.Request, s *server) (*http.Response, error) {
			if r.URL.Host == "cdp.customer.io" {
				s.RoundTrip(r)
				resp := status(307, "", "Location", "https://cdp-eu.customer.io"+r.URL.Path)
				resp.Request = r
				return resp, nil
			}
			return s.RoundTrip(r)
		},
		"a repeat of the transport": func(r *http.Request, s *server) (*http.Response, error) {
			s.RoundTrip(r)
			again, err := r.GetBody()
			if err != nil {
				return nil, err
			}
			r = r.Clone(r.Context())
			r.Body = again
			return s.RoundTrip(r)
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &server{}
			c := newClient(t, roundTripper(func(r *http.Request) (*http.Response, error) { return further(r, s) }), func(cfg *cio.Config) {
				cfg.RateLimit, cfg.RateWindow, cfg.Timeout = 10, time.Second, time.Hour // a call that waits long for its turn must not time out
			})
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					for range 25 {
						if err := c.Send(t.Context(), cio.Page{UserID: "u1"}); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			if got := most(s.seen(), time.Second); len(s.seen()) != 200 || got != 10 {
				t.Errorf("%s: %d of %d requests within a second", name, got, len(s.seen()))
			}
		})
	}
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
		// The 100th request was refused. After that, half as many requests are made until successful answers have raised the limit again.
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
		c := newClient(t, s, func(cfg *cio.Config) { cfg.RateLimit, cfg.RateWindow = 1, math.MaxInt64 })
		if err := c.Send(t.Context(), tracks(1)...); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := c.Send(ctx, tracks(1)...)
		var sendErr *cio.SendError
		if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &sendErr) || sendErr.Failures[0].Outcome != cio.OutcomeUnsent || len(s.seen()) != 1 {
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

func TestRateLimitHasABound(t *testing.T) {
	t.Parallel()
	if _, err := cio.NewClient(cio.Config{APIKey: "k", Region: cio.RegionUS, RateLimit: 1 << 30}); err == nil || !strings.Contains(err.Error(), "RateLimit") {
		t.Errorf("got %v", err)
	}
}
