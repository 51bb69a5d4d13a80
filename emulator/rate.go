package emulator

import "time"

const (
	// rateWindow is the time in which [Config].RateLimit calls are allowed
	// (docs/rules.md#rate-retries-gzip).
	rateWindow   = 3 * time.Second
	maxRateLimit = 1_000_000
)

// pace remembers when the last calls were allowed, as many as the limit.
type pace struct {
	at   []time.Time
	next int // the oldest, once at is full
}

// allow reports whether a call at now stays within limit calls in any
// rateWindow, and counts it if so.
func (p *pace) allow(now time.Time, limit int) bool {
	if len(p.at) < limit {
		p.at = append(p.at, now)
		return true
	}
	// A clock that was set back must not lock everybody out.
	if since := now.Sub(p.at[p.next]); since >= 0 && since < rateWindow {
		return false
	}
	p.at[p.next] = now
	p.next = (p.next + 1) % limit
	return true
}
