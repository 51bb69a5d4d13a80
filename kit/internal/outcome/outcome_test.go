package outcome_test

import (
	"context"
	"errors"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/internal/outcome"
)

func TestOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  *cio.APIError
		want string
	}{
		{nil, outcome.Accepted},
		{&cio.APIError{Status: 400}, outcome.Refused},
		{&cio.APIError{Status: 413}, outcome.Refused},
		{&cio.APIError{Status: 401}, outcome.Unauthorized},
		{&cio.APIError{Status: 403}, outcome.Unauthorized},
		{&cio.APIError{Status: 429}, outcome.RateLimited},
		{&cio.APIError{Status: 408}, outcome.Unavailable},
		{&cio.APIError{Status: 503}, outcome.Unavailable},
		{&cio.APIError{Err: errors.New("reset")}, outcome.NoAnswer},
		{&cio.APIError{Err: context.Canceled}, outcome.Canceled},
		{&cio.APIError{Status: 301}, outcome.Other},
		{&cio.APIError{Status: 404}, outcome.Other},
	} {
		if got := outcome.Of(c.err); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.err, got, c.want)
		}
	}
}
