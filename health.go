package cio

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// sayEvery is how often at most the log is told of a trouble that lasts or comes and goes.
const sayEvery = time.Minute

// health tells the log when requests begin to fail, now and then that they still do, and when they succeed again.
type health struct {
	failing  atomic.Bool
	mu       sync.Mutex
	since    time.Time
	failures int
	last     *APIError
	said     time.Time
	told     bool // of this trouble
}

func (h *health) bad(log *slog.Logger, err *APIError) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	if h.failures++; h.failures == 1 {
		h.since, h.told = now, false
		h.failing.Store(true)
	}
	h.last = err
	if !h.said.IsZero() && now.Sub(h.said) < sayEvery {
		return
	}
	h.said, h.told = now, true
	log.Warn("a request failed; it will be tried again", "operation", err.Operation, "status", err.Status, "reason", err.Message, "failures", h.failures)
}

func (h *health) good(log *slog.Logger) {
	if !h.failing.Load() {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failures == 0 {
		return
	}
	if h.told {
		log.Info("requests succeed again", "failures", h.failures, "after", time.Since(h.since).Round(time.Millisecond))
	}
	h.failures, h.last = 0, nil
	h.failing.Store(false)
}

// now returns what requests fail with, nil while they succeed.
func (h *health) now() error {
	if !h.failing.Load() {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last == nil {
		return nil
	}
	return h.last
}
