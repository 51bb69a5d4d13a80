package cio_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/ciokit/cio"
)

// The text says which message it is where there were several, and nothing of it where there was one.
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
		"json.Unmarshal":              {json.Unmarshal([]byte(`{"type":"page","messageId":"m"}`), &e), "cio: timestamp: not-an-iso-8601-time: give the time as RFC 3339 text, such as 2026-01-31T12:00:00Z; the API would read a bare integer as milliseconds"},
		"the zero value":              {&cio.MessageError{}, "cio: invalid message"},
		"a value of another package":  {&cio.MessageError{Field: "userId", Rule: cio.RuleGuard, Hint: "no", Err: errors.New("asked to be forgotten")}, "cio: userId: refused-by-guard: no (asked to be forgotten)"},
		"a value with an index by it": {&cio.MessageError{Index: 2, Rule: cio.RuleGuard}, "cio: messages[2]: refused-by-guard"},
	} {
		var m *cio.MessageError
		if !errors.As(c.err, &m) || m.Error() != c.want {
			t.Errorf("%s: %v\nwant %s", name, m, c.want)
		}
		if text := strings.TrimPrefix(c.want, "cio: "); c.err == nil || !strings.Contains(c.err.Error(), text) {
			t.Errorf("%s: the whole error is %v", name, c.err)
		}
	}
	if got := client.Send(t.Context(), invalid).Error(); got != "cio: not accepted (refused): "+strings.TrimPrefix(alone, "cio: ") {
		t.Error(got)
	}
}
