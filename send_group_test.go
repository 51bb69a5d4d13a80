package cio_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
)

// Sends of a group give up together: MaxElapsed after the last acceptance in any of them, after a last try at that time.
func TestSendGroupGivesUpTogether(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		begin    []time.Duration // when Sends begin
		accept   time.Duration   // when something is accepted; 0: never
		gaveUpAt time.Duration
	}{
		{"one", []time.Duration{0}, 0, 2 * time.Minute},
		{"side by side", []time.Duration{0, 30 * time.Second, 119 * time.Second}, 0, 2 * time.Minute},
		{"something is accepted meanwhile", []time.Duration{0, 10 * time.Second}, time.Minute, 3 * time.Minute},
		{"and again with a Send that began late", []time.Duration{0, 100 * time.Second}, 90 * time.Second, 210 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &server{answer: func(_ int, c call) (*http.Response, error) {
					if strings.Contains(c.body, "good") {
						return status(200, "{}"), nil
					}
					return status(503, "try later", "Retry-After", "45"), nil
				}}
				client := newClient(t, s, nil)
				var group cio.SendGroup
				start := time.Now()
				var all sync.WaitGroup
				for _, at := range tt.begin {
					all.Go(func() {
						time.Sleep(at)
						if err := client.Send(group.Context(t.Context(), nil), tracks(3)...); !errors.Is(err, cio.ErrUnavailable) || time.Since(start) != tt.gaveUpAt {
							t.Errorf("the Send that began at %v gave up at %v: %v", at, time.Since(start), err)
						}
					})
				}
				if tt.accept > 0 {
					time.Sleep(tt.accept)
					if err := client.Send(group.Context(t.Context(), nil), cio.Page{UserID: "good"}); err != nil {
						t.Error(err)
					}
				}
				all.Wait()
				if calls := s.seen(); !calls[len(calls)-1].at.Equal(start.Add(tt.gaveUpAt)) {
					t.Errorf("the last try was at %v", calls[len(calls)-1].at.Sub(start))
				}
				time.Sleep(time.Hour) // while no Send runs, no time counts
				start = time.Now()
				client.Send(group.Context(t.Context(), nil), tracks(1)...)
				if took := time.Since(start); took != 2*time.Minute {
					t.Errorf("the next Send gave up after %v", took)
				}
			})
		})
	}
}

// A rejection is known at once, and Stop lets the requests that are under way finish.
func TestSendGroupStop(t *testing.T) {
	t.Parallel()
	for _, side := range []int{1, 3, 8} {
		synctest.Test(t, func(t *testing.T) {
			s := &server{answer: func(int, call) (*http.Response, error) {
				time.Sleep(time.Second)
				return status(400, `{"meta":{"error":"no-such-luck"}}`), nil
			}}
			client := newClient(t, s, nil)
			var group cio.SendGroup
			var refused, told atomic.Int64
			var underway int
			var once sync.Once
			var all sync.WaitGroup
			for range side {
				all.Go(func() {
					seen := make(map[int]bool)
					err := client.Send(group.Context(t.Context(), func(lo, hi int, err error) {
						if !errors.Is(err, cio.ErrInvalid) || hi != lo+1 || seen[lo] {
							t.Errorf("reported %d to %d: %v", lo, hi, err)
						}
						seen[lo] = true
						if told.Add(1) >= 20 {
							once.Do(func() { underway = group.Stop() })
						}
					}), tracks(500)...)
					var failed *cio.SendError
					if !errors.As(err, &failed) || failed.Accepted != 0 || len(failed.Failures) != 500 {
						t.Fatalf("%v", err)
					}
					for _, f := range failed.Failures {
						switch {
						case f.Outcome == cio.OutcomeRejected:
							if refused.Add(1); !seen[f.Index] {
								t.Errorf("%d was not reported", f.Index)
							}
						case f.Outcome != cio.OutcomeUnsent || !errors.Is(f.Err, cio.ErrStopped):
							t.Errorf("%d is %v: %v", f.Index, f.Outcome, f.Err)
						}
					}
				})
			}
			all.Wait()
			if n := refused.Load(); n != told.Load() || n < 20 || n > int64(20+side-1) || underway > (side-1)*500 || side > 1 && underway == 0 {
				t.Errorf("%d side by side: %d were refused, %d reported, %d under way", side, n, told.Load(), underway)
			}
			before := len(s.seen())
			if err := client.Send(group.Context(t.Context(), nil), tracks(2)...); !errors.Is(err, cio.ErrStopped) || !errors.Is(err, context.Canceled) || cio.Retryable(err) || len(s.seen()) != before {
				t.Errorf("a Send after Stop: %v", err)
			}
		})
	}
}

// Stop ends the pause before another try.
func TestSendGroupStopEndsPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(int, call) (*http.Response, error) { return status(503, "", "Retry-After", "100"), nil }}
		var group cio.SendGroup
		start := time.Now()
		go func() {
			time.Sleep(3 * time.Second)
			group.Stop()
		}()
		err := newClient(t, s, nil).Send(group.Context(t.Context(), nil), tracks(2)...)
		if !errors.Is(err, cio.ErrStopped) || time.Since(start) != 3*time.Second || len(s.seen()) != 1 {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}
