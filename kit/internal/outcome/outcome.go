// Package outcome sorts requests for metrics into a few kinds, so that kit/otel and kit/prom count alike.
package outcome

import (
	"errors"

	"github.com/ciokit/cio"
)

// The kinds of outcome that a request has.
const (
	Accepted     = "accepted"     // 2xx
	Refused      = "refused"      // 400, 413: a message in it is at fault
	Unauthorized = "unauthorized" // 401, 403: the write key
	RateLimited  = "rate_limited" // 429
	Unavailable  = "unavailable"  // 408 and 5xx
	NoAnswer     = "no_answer"    // the connection failed, or no answer came in time
	Canceled     = "canceled"     // the caller's context ended
	Other        = "other"        // anything else, such as a redirect
)

// Of returns the kind of a request that ended with err; nil is Accepted.
func Of(err *cio.APIError) string {
	switch {
	case err == nil:
		return Accepted
	case errors.Is(err, cio.ErrInvalid):
		return Refused
	case errors.Is(err, cio.ErrUnauthorized):
		return Unauthorized
	case errors.Is(err, cio.ErrRateLimited):
		return RateLimited
	case err.Status == 0 && errors.Is(err, cio.ErrUnavailable):
		return NoAnswer
	case err.Status == 0:
		return Canceled
	case errors.Is(err, cio.ErrUnavailable):
		return Unavailable
	}
	return Other
}
