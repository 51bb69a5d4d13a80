package cio

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// parcel is a run of encoded messages on its way to the server, numbered from 0.
type parcel interface {
	// body returns the request that carries the messages from lo to hi: its endpoint and its body, which stays as it is until each reader
	// that was handed out has been closed.
	body(lo, hi int) *request
	// accepted and failed settle messages, each of them once, in their order.
	accepted(lo, hi, attempts int)
	failed(lo, hi int, o Outcome, err *APIError)
}

// delivery brings a parcel to acceptance. Send and Batcher differ only in what they do when it stops.
type delivery struct {
	c   *Client
	ctx context.Context
	// maxElapsed is how long it keeps trying without an acceptance; negative: until ctx ends.
	maxElapsed time.Duration
	progress   time.Time // of the last acceptance
}

// run settles the messages from lo to hi in their order. If something stops it that is no message's fault, it returns that and the
// first message that is not settled; nothing behind that one is settled either.
func (d *delivery) run(p parcel, lo, hi int) (next int, stop *APIError) {
	r := p.body(lo, hi)
	err := d.post(r)
	if err == nil {
		d.progress = time.Now()
		d.c.counters.accepted.Add(int64(hi - lo))
		p.accepted(lo, hi, r.attempts)
		return hi, nil
	}
	if !err.refusal() {
		return lo, err
	}
	if hi-lo == 1 || d.c.permissive {
		d.c.counters.refused.Add(int64(hi - lo))
		p.failed(lo, hi, Refused, err)
		return hi, nil
	}
	mid := lo + (hi-lo)/2
	if next, stop = d.run(p, lo, mid); stop != nil {
		return next, stop
	}
	return d.run(p, mid, hi)
}

// post makes one request, and makes it again as long as it may pass.
func (d *delivery) post(r *request) *APIError {
	c := d.c
	if r.release != nil {
		defer func() { r.release(r.holders.Load() > 0) }()
	}
	for {
		if err := c.pace.wait(d.ctx); err != nil {
			e := c.noAnswer(d.ctx, r, err)
			e.Attempts, e.reached = r.attempts, r.reached
			return e
		}
		err := c.try(d.ctx, r)
		if err == nil {
			c.health.good(c.log)
			return nil
		}
		if !Retryable(err) {
			return err
		}
		pause := backoff(r.attempts, r.delay)
		if d.maxElapsed >= 0 && time.Since(d.progress)+pause > d.maxElapsed {
			return err
		}
		c.health.bad(c.log, err)
		if end := sleep(d.ctx, pause); end != nil {
			err.Err = errors.Join(err.Err, end)
			return err
		}
	}
}

// refusal reports whether the answer is about the messages, not about the key, the address or the server. A 400 in HTML is some proxy's.
func (e *APIError) refusal() bool {
	switch e.Status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return !e.html
	case http.StatusRequestEntityTooLarge:
		return true
	}
	return false
}

// outcome is what is known of messages that a stop left unsettled.
func (e *APIError) outcome() Outcome {
	if e.reached {
		return Unknown
	}
	return Unsent
}
