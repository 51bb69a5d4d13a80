package appapi

import (
	"context"
	"sync"
	"time"
)

// span is the time for which the limit holds here: 1.1 times the second over which the server counts. So no more requests arrive within a
// second, as long as their delays differ by at most a tenth of a second.
const span = time.Second + time.Second/10

// pacer lets at most a fixed number of requests start within any span.
type pacer struct {
	mu     sync.Mutex
	starts []time.Time // a ring of the last ones
	next   int
}

// newPacer returns nil for no limit.
func newPacer(limit int) *pacer {
	if limit < 0 {
		return nil
	}
	return &pacer{starts: make([]time.Time, limit)}
}

// wait returns when a request may start, or with the context's error.
func (p *pacer) wait(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil || p == nil {
			return err
		}
		pause := p.take()
		if pause <= 0 {
			return nil
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// take records a start and returns 0, or returns how long to wait before the next attempt.
func (p *pacer) take() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if oldest := p.starts[p.next]; !oldest.IsZero() && now.Sub(oldest) <= span {
		return span - now.Sub(oldest) + 1
	}
	p.starts[p.next] = now
	p.next = (p.next + 1) % len(p.starts)
	return 0
}

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
