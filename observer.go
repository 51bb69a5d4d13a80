package cio

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// Observer is told of every request, for metrics and traces. It is called on the goroutine that made the request and must be safe for
// concurrent use; it holds up that request, and where it panics that is logged and sending goes on. How much is queued is in Batcher.Stats.
type Observer interface {
	ObserveRequest(RequestInfo)
}

// RequestInfo is one HTTP request that has ended.
type RequestInfo struct {
	// Operation is the endpoint: identify, track, page, screen, group, alias or batch.
	Operation string
	// Messages is how many it carried, Bytes the size of its body.
	Messages, Bytes int
	// Attempt counts from 1; more than that is a repeat.
	Attempt int
	// Err is nil if the request was accepted, otherwise what went wrong. Its Status is 0 where no answer came.
	Err *APIError
	// Duration is how long it took, the answer included and waiting for the rate limit excluded.
	Duration time.Duration
}

// Outcome is the kind of the request's end, as a label of a metric: accepted; refused (400 or 413, for a message in it); unauthorized (401 or
// 403); rate_limited (429); unavailable (408 and 5xx); no_answer, where the connection failed or no answer came in time; canceled, where the
// caller's context ended; and other, such as a redirect.
func (r RequestInfo) Outcome() string {
	switch err := r.Err; {
	case err == nil:
		return "accepted"
	case errors.Is(err, ErrInvalid):
		return "refused"
	case errors.Is(err, ErrUnauthorized):
		return "unauthorized"
	case errors.Is(err, ErrRateLimited):
		return "rate_limited"
	case err.Status == 0 && errors.Is(err, ErrUnavailable):
		return "no_answer"
	case err.Status == 0:
		return "canceled"
	case errors.Is(err, ErrUnavailable):
		return "unavailable"
	}
	return "other"
}

func (c *Client) observe(r *request, err *APIError, took time.Duration) {
	if c.observer == nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			if _, logged := c.warned.LoadOrStore("an Observer panicked", true); !logged {
				c.alarm().Error("the Observer panicked (logged once); sending goes on", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			}
		}
	}()
	c.observer.ObserveRequest(RequestInfo{Operation: r.operation, Messages: r.messages, Bytes: len(r.body), Attempt: r.attempts, Err: err, Duration: took})
}
