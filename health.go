package cio

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// health tells the log when requests begin to fail and when they succeed again, once each.
type health struct {
	failing  atomic.Bool
	mu       sync.Mutex
	since    time.Time
	failures int
}

func (h *health) bad(log *slog.Logger, err *APIError) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failures++; h.failures > 1 {
		return
	}
	h.since = time.Now()
	h.failing.Store(true)
	log.Warn("a request failed; it will be tried again", "operation", err.Operation, "status", err.Status, "reason", err.Message)
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
	log.Info("requests succeed again", "failures", h.failures, "after", time.Since(h.since).Round(time.Millisecond))
	h.failures = 0
	h.failing.Store(false)
}
