package cio_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
)

func TestPointersToMessages(t *testing.T) {
	t.Parallel()
	s := &server{}
	c := newClient(t, s, nil)
	e := mustEncode(t, cio.Page{UserID: "u1"})
	if err := c.Send(t.Context(), &e, &cio.Page{UserID: "u1"}); err != nil {
		t.Errorf("pointers: %v", err)
	}
	var identify *cio.Identify
	var encoded *cio.Encoded
	for _, m := range []cio.Message{&cio.Encoded{}, encoded, identify} {
		if err := c.Send(t.Context(), m); !errors.Is(err, cio.ErrInvalid) {
			t.Errorf("%T: %v", m, err)
		}
		if _, err := cio.Encode(m); !errors.Is(err, cio.ErrInvalid) {
			t.Errorf("%T: %v", m, err)
		}
	}
	if n := len(s.seen()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// A body that a transport takes a second time counts as sent, too.
func TestABodyTakenAgainMayHaveArrived(t *testing.T) {
	t.Parallel()
	rt := roundTripper(func(r *http.Request) (*http.Response, error) {
		r.Body.Close() // as net/http does on a connection found dead
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
	if !errors.As(err, &failed) || failed.Failures[0].Outcome != cio.Unknown {
		t.Errorf("got %v", err)
	}
}

// Neither errors nor logs show what is in a message.
func TestDataStaysOutOfErrorsAndLogs(t *testing.T) {
	t.Parallel()
	const secret = "078-05-1120"
	var log bytes.Buffer
	echo := &server{answer: func(_ int, c call) (*http.Response, error) { return status(400, "cannot parse: "+c.body), nil }}
	client := newClient(t, echo, func(c *cio.Config) { c.Logger = slog.New(slog.NewJSONHandler(&log, nil)) })
	_, invalid := cio.Encode(cio.Identify{UserID: "u1", Traits: struct {
		SSN json.Number `json:"ssn"`
	}{secret}})
	echoed := client.Send(t.Context(), cio.Identify{UserID: "u1", Traits: map[string]any{"ssn": secret}})
	if invalid == nil || echoed == nil {
		t.Fatal("accepted")
	}
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "message", mustEncode(t, cio.Identify{UserID: "u1", Traits: map[string]any{"ssn": secret}}))
	for _, text := range []string{invalid.Error(), echoed.Error(), log.String()} {
		if strings.Contains(text, secret) {
			t.Errorf("it shows in %s", text)
		}
	}
}

func TestTheKeyIsMaskedBeforeATextIsCut(t *testing.T) {
	t.Parallel()
	const key = "s3cr3t-0123456789abcdef"
	s := &server{answer: func(int, call) (*http.Response, error) {
		return status(400, strings.Repeat("x", 480)+" "+key+" tail"), nil
	}}
	err := newClient(t, s, func(c *cio.Config) { c.APIKey = key }).Send(t.Context(), cio.Page{UserID: "u1"})
	if err == nil || strings.Contains(err.Error(), key[:6]) {
		t.Errorf("got %v", err)
	}
}

func TestAbsentAndPaddedJSON(t *testing.T) {
	t.Parallel()
	for _, m := range []cio.Message{
		cio.Identify{UserID: "a", Traits: json.RawMessage(nil)},
		cio.Identify{UserID: "a", Traits: map[string]any{"x": json.RawMessage(nil)}},
		cio.Track{UserID: "a", Event: cio.Named("X", json.RawMessage(" {\n} "))},
		cio.Track{UserID: "a", Event: brokenEvent{" {\"a\": 1}\n"}},
	} {
		e, err := cio.Encode(m)
		if err != nil {
			t.Errorf("%+v: %v", m, err)
			continue
		}
		if b, _ := e.MarshalJSON(); bytes.ContainsAny(b, " \n") {
			t.Errorf("%q", b)
		}
	}
}

func TestRetryableOfSeveral(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(_ int, c call) (*http.Response, error) {
			if strings.Contains(c.body, `"m0"`) {
				return status(400, refusal), nil
			}
			return status(503, ""), nil
		}}
		err := newClient(t, s, nil).Send(t.Context(), tracks(3)...)
		if !cio.Retryable(err) {
			t.Errorf("two of three could be sent again: %v", err)
		}
		s.answer = func(int, call) (*http.Response, error) { return status(400, refusal), nil }
		if err := newClient(t, s, nil).Send(t.Context(), tracks(3)...); cio.Retryable(err) {
			t.Errorf("all are refused: %v", err)
		}
	})
}

// Redirects lead from Customer.io to Customer.io alone: an emulator or a proxy must not send data out.
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

func TestRateLimitHasABound(t *testing.T) {
	t.Parallel()
	if _, err := cio.NewClient(cio.Config{APIKey: "k", Region: cio.US, RateLimit: 1 << 30}); err == nil || !strings.Contains(err.Error(), "RateLimit") {
		t.Errorf("got %v", err)
	}
}
