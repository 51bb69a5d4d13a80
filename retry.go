package cio

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// Retryable reports whether the same messages may be accepted later without anything being changed: after a 408, a 429, a 5xx other than 501
// and 505, an answer that is not the API's, or no answer at all, unless the context ended or the server's certificate was refused. It is the
// only judge of that in this module (api-facts 1.6, after Customer.io's own Node client).
//
// Of a *SendError it says whether that holds for any message that was not refused. Of an *UndeliveredError it says whether messages were
// handed back for such a reason, or because the context of Close ended.
func Retryable(err error) bool {
	var all *SendError
	if errors.As(err, &all) {
		for i := range all.Failures {
			if f := &all.Failures[i]; f.Outcome != Refused && Retryable(f.Err) {
				return true
			}
		}
		return false
	}
	var left *UndeliveredError
	if errors.As(err, &left) {
		var api *APIError
		return len(left.Messages) > 0 && (!errors.As(left.Err, &api) || isContextEnd(api.Err) || Retryable(api))
	}
	var api *APIError
	if !errors.As(err, &api) || api.proven {
		return false
	}
	switch api.verdict() {
	case passing, foreign, odd:
		return true
	}
	return false
}

// passing reports whether what went wrong may pass by itself.
func (e *APIError) passing() bool {
	switch e.Status {
	case 0:
		var certificate *tls.CertificateVerificationError
		return e.Err != nil && !isContextEnd(e.Err) && !errors.As(e.Err, &certificate) && !errors.Is(e.Err, http.ErrSchemeMismatch)
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	}
	return e.Status >= 500
}

func isContextEnd(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// Backoff between tries: full jitter over base * 2^n, capped.
const (
	backoffBase   = 250 * time.Millisecond
	backoffCap    = 10 * time.Second
	maxRetryAfter = 300 * time.Second
)

// backoff returns how long to wait after the given number of failed tries; floor is what the server asked for.
func backoff(failures int, floor time.Duration) time.Duration {
	ceiling := backoffCap
	if shift := failures - 1; shift < 6 {
		ceiling = min(backoffCap, backoffBase<<shift)
	}
	return min(floor, maxRetryAfter) + rand.N(ceiling)
}

// retryAfter reads the header in both of its forms, seconds and a date; 0 where there is none or it makes no sense.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if v == "" {
		return 0
	}
	if n, err := strconv.ParseInt(v, 10, 64); err == nil {
		return min(max(0, time.Duration(min(n, int64(maxRetryAfter/time.Second)))*time.Second), maxRetryAfter)
	}
	if t, err := http.ParseTime(v); err == nil {
		return min(max(0, t.Sub(now)), maxRetryAfter)
	}
	return 0
}
