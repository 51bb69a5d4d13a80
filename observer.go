package cio

import "time"

// Observer is told of every request, for metrics and traces. It is called on the goroutine that made the request and must be safe for
// concurrent use. How much is queued is in Batcher.Stats.
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

func (c *Client) observe(r *request, err *APIError, took time.Duration) {
	if c.observer != nil {
		c.observer.ObserveRequest(RequestInfo{Operation: r.operation, Messages: r.messages, Bytes: len(r.body), Attempt: r.attempts, Err: err, Duration: took})
	}
}
