package cio_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio"
)

// A body that a transport requests a second time counts as sent too.
func TestABodyTakenAgainMayHaveArrived(t *testing.T) {
	t.Parallel()
	rt := roundTripper(func(r *http.Request) (*http.Response, error) {
		r.Body.Close() // as net/http does on a connection that is found closed
		again, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		io.Copy(io.Discard, again)
		again.Close()
		return nil, io.ErrUnexpectedEOF
	})
	err := newClient(t, rt, func(c *cio.Config) { c.MaxElapsed = time.Nanosecond }).Send(t.Context(), cio.Page{UserID: "u1"})
	var failed *cio.SendError
	if !errors.As(err, &failed) || failed.Failures[0].Outcome != cio.OutcomeUnknown {
		t.Errorf("got %v", err)
	}
}

// Redirects go only from Customer.io to Customer.io: an emulator or a proxy must not redirect data to other hosts.
func TestRedirectFromElsewhereIsNotFollowed(t *testing.T) {
	t.Parallel()
	s := &server{answer: func(int, call) (*http.Response, error) {
		return status(307, "", "Location", "https://cdp.customer.io/v1/track"), nil
	}}
	err := newClient(t, s, func(c *cio.Config) { c.BaseURL = "http://127.0.0.1:8110" }).Send(t.Context(), tracks(1)...)
	if err == nil || len(s.seen()) != 1 || !strings.Contains(err.Error(), "not followed") {
		t.Errorf("%v after %d requests", err, len(s.seen()))
	}
}

type endless struct{ ctx context.Context }

func (e endless) Read([]byte) (int, error) {
	<-e.ctx.Done()
	return 0, e.ctx.Err()
}
