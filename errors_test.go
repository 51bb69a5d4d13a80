package cio_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
)

// The text says which message is wrong if there were several, and names no message if there was one.
func TestAMessageErrorNamesTheMessageAmongSeveral(t *testing.T) {
	t.Parallel()
	client := newClient(t, &server{}, nil)
	batcher := newBatcher(t, client, cio.BatcherConfig{})
	invalid, valid := cio.Page{Name: "Home"}, cio.Page{UserID: "u1"}
	const alone = "cio: userId: missing-identity: set UserID or AnonymousID; the API drops a page call without either"
	_, encode := cio.Encode(invalid)
	_, under := client.Encode(invalid)
	var e cio.Encoded
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"Encode":                      {encode, alone},
		"Client.Encode":               {under, alone},
		"Enqueue":                     {batcher.Enqueue(t.Context(), invalid), alone},
		"TryEnqueue":                  {batcher.TryEnqueue(invalid), alone},
		"Send of one":                 {client.Send(t.Context(), invalid), alone},
		"Send, the first of two":      {client.Send(t.Context(), invalid, valid), "cio: messages[0]: userId: missing-identity: set UserID or AnonymousID; the API drops a page call without either"},
		"Send, the second of two":     {client.Send(t.Context(), valid, invalid), "cio: messages[1]: userId: missing-identity: set UserID or AnonymousID; the API drops a page call without either"},
		"Send, a nil":                 {client.Send(t.Context(), nil), "cio: message-is-nil: give a message, not nil"},
		"UnmarshalJSON":               {e.UnmarshalJSON([]byte(`{"type":"page","messageId":"m","timestamp":"2026-01-01T00:00:00Z"}`)), alone},
		"json.Unmarshal":              {json.Unmarshal([]byte(`{"type":"page","messageId":"m"}`), &e), "cio: timestamp: not-an-iso-8601-time: the message has no time; give the time when it happened as RFC 3339 text, such as 2026-01-31T12:00:00Z"},
		"the zero value":              {&cio.MessageError{}, "cio: invalid message"},
		"a value of another package":  {&cio.MessageError{Field: "userId", Rule: cio.RuleGuard, Hint: "no", Err: errors.New("asked to be forgotten")}, "cio: userId: refused-by-guard: no (asked to be forgotten)"},
		"a value with an index by it": {&cio.MessageError{Index: 2, Rule: cio.RuleGuard}, "cio: messages[2]: refused-by-guard"},
	} {
		var m *cio.MessageError
		if !errors.As(c.err, &m) || m.Error() != c.want {
			t.Errorf("%s: %v\nwant %s", name, m, c.want)
		}
		if text := strings.TrimPrefix(c.want, "cio: "); c.err == nil || !strings.Contains(c.err.Error(), text) {
			t.Errorf("%s: the complete error is %v", name, c.err)
		}
	}
	if got := client.Send(t.Context(), invalid).Error(); got != "cio: not accepted (rejected): "+strings.TrimPrefix(alone, "cio: ") {
		t.Error(got)
	}
}

// Neither errors nor logs show the content of a message.
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

func TestRetryableOfSeveral(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(_ int, c call) (*http.Response, error) {
			if strings.Contains(c.body, `"m0"`) {
				return status(400, rejection), nil
			}
			return status(503, ""), nil
		}}
		err := newClient(t, s, nil).Send(t.Context(), tracks(3)...)
		if !cio.Retryable(err) {
			t.Errorf("two of three could be sent again: %v", err)
		}
		s.answer = func(int, call) (*http.Response, error) { return status(400, rejection), nil }
		if err := newClient(t, s, nil).Send(t.Context(), tracks(3)...); cio.Retryable(err) {
			t.Errorf("all are refused: %v", err)
		}
	})
}

// An Observer owns the error that it gets: nobody changes it later.
func TestAnErrorIsNotChangedOnceSomebodyHasIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []*cio.APIError
		w := newWorld(t, func(_ int, _ call, ids []string) *http.Response {
			switch ids[0] {
			case "u1-0":
				return status(503, "")
			case "u2-0":
				return status(403, page)
			}
			return nil
		})
		client := newClient(t, w, func(c *cio.Config) {
			c.Observer = observerFunc(func(i cio.RequestInfo) {
				if i.Err != nil {
					seen = append(seen, i.Err)
				}
			})
		})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := client.Send(ctx, message(1, 0, "")); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if err := client.Send(t.Context(), message(2, 0, ""), message(3, 0, "")); !errors.Is(err, cio.ErrInvalid) {
			t.Error(err)
		}
		for _, err := range seen {
			if err.Err != nil || errors.Is(err, cio.ErrInvalid) {
				t.Errorf("%v was changed: %v", err, err.Err)
			}
		}
	})
}
