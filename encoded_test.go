package cio_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/internal/wire"
)

func TestEncodedIsStoredAndReadBack(t *testing.T) {
	t.Parallel()
	for _, m := range []cio.Message{
		cio.Identify{UserID: "u1", Traits: map[string]any{"email": "A@b.example", "note": "\uFFFD genuine"}, Tag: 7},
		cio.Track{AnonymousID: "a1", Event: cio.Named("X", map[string]any{"n": json.Number("12.00")})},
		cio.Track{UserID: "u1", Event: deviceEvent{"t"}},
		cio.Page{UserID: "u1"}, cio.Screen{UserID: "u1"}, cio.Group{GroupID: "g"}, cio.Alias{UserID: "a", PreviousID: "b"},
	} {
		e, err := cio.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		stored, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var back cio.Encoded
		if err := json.Unmarshal(stored, &back); err != nil {
			t.Fatalf("%s: %v", stored, err)
		}
		a, _ := e.MarshalJSON()
		b, _ := back.MarshalJSON()
		if !bytes.Equal(a, b) || back.MessageID() != e.MessageID() || back.Type() != e.Type() || back.Identity() != e.Identity() {
			t.Errorf("%s came back as %s, about %+v", a, b, back.Identity())
		}
		if back.Tag() != 0 || back.WithTag(9).Tag() != 9 {
			t.Errorf("tag %d", back.Tag())
		}
		s := &server{}
		if err := newClient(t, s, nil).Send(t.Context(), back); err != nil {
			t.Fatal(err)
		}
		if got := s.seen()[0]; got.body != string(a) || got.path != "/v1/"+string(e.Type()) {
			t.Errorf("sent %s to %s", got.body, got.path)
		}
	}
}

func TestEncodedUnmarshalRefuses(t *testing.T) {
	t.Parallel()
	const meta = `"messageId":"m","timestamp":"2026-01-01T00:00:00Z"`
	for _, c := range []struct {
		in, field string
		rule      cio.Rule
	}{
		{`{`, "", cio.RuleNotMessage},
		{`[]`, "", cio.RuleNotMessage},
		{`{` + meta + `,"userId":"u"}`, "type", cio.RuleNotMessage},
		{`{"type":"delete",` + meta + `,"userId":"u"}`, "type", cio.RuleNotMessage},
		{`{"type":"page",` + meta + `,"userId":7}`, "userId", cio.RuleNotMessage},
		{`{"type":"page",` + meta + `,"UserID":"u"}`, "userId", cio.RuleNoIdentity},
		{`{"type":"page","timestamp":"2026-01-01T00:00:00Z","userId":"u"}`, "messageId", cio.RuleNoMessageID},
		{`{"type":"page","messageId":"m","userId":"u"}`, "timestamp", cio.RuleTime},
		{`{"type":"page","messageId":"m","timestamp":1767225600,"userId":"u"}`, "timestamp", cio.RuleTime},
		{`{"type":"page","messageId":"m","timestamp":"yesterday","userId":"u"}`, "timestamp", cio.RuleTime},
		{`{"type":"track",` + meta + `,"userId":"u","event":" "}`, "event", cio.RuleNoEvent},
		{`{"type":"track",` + meta + `,"userId":"u","event":"X","properties":[]}`, "properties", cio.RuleNotObject},
		{`{"type":"page",` + meta + `,"userId":"u","context":7}`, "context", cio.RuleNotObject},
		{`{"type":"track",` + meta + `,"userId":"u","event":"Device Deleted"}`, "context.device.token", cio.RuleRequired},
		{"{\"type\":\"page\"," + meta + ",\"userId\":\"\xff\"}", "", cio.RuleUTF8},
	} {
		var e cio.Encoded
		err := e.UnmarshalJSON([]byte(c.in))
		var m *cio.MessageError
		if !errors.As(err, &m) || m.Field != c.field || m.Rule != c.rule {
			t.Errorf("%s: got %v, want %q breaks %s", c.in, err, c.field, c.rule)
		}
	}
}

func TestEncodedHidesItsData(t *testing.T) {
	t.Parallel()
	e, err := cio.Encode(cio.Identify{UserID: "u1", Traits: map[string]any{"email": "ann@example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if s := fmt.Sprintf(verb, e); strings.Contains(s, "ann") || !strings.Contains(s, e.MessageID()) {
			t.Errorf("%s prints %s", verb, s)
		}
	}
}

// FuzzEncoded checks that everything that is accepted as a message is sent as valid JSON, which is accepted again with the same id.
func FuzzEncoded(f *testing.F) {
	f.Add([]byte(`{"type":"track","messageId":"m","timestamp":"2026-01-01T00:00:00Z","userId":"u","event":"X","properties":{"a":[1,"\ufffd"]}}`))
	f.Add([]byte(`{"type":"identify","messageId":"m","timestamp":"2026-01-01T00:00:00Z","traits":{"email":"a@b.example"}}`))
	f.Add([]byte(`{"type":"alias","messageId":"m","timestamp":"2026-01-01T00:00:00Z","userId":"u","previousId":"p","type":"page"}`))
	f.Add([]byte(` { "type" : "page", "messageId" : "first", "timestamp":"2026-01-01T00:00:00Z", "userId":"u", "messageId" : "l\u0061st" } `))
	f.Add([]byte(`{"type":"page","messageId":"\ufffd","timestamp":"2026-01-01T00:00:00Z","userId":"u"}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var e cio.Encoded
		if e.UnmarshalJSON(in) != nil {
			return
		}
		out, _ := e.MarshalJSON()
		var again cio.Encoded
		if err := again.UnmarshalJSON(out); err != nil || !json.Valid(out) || again.MessageID() != e.MessageID() || again.Identity() != e.Identity() {
			t.Fatalf("%q was accepted, but not %q (%v)", in, out, err)
		}
		var members struct {
			MessageID string `json:"messageId"`
		}
		if err := json.Unmarshal(out, &members); err != nil || !caseFolds(out) && e.MessageID() != members.MessageID {
			t.Fatalf("%q has the id %q, not %q (%v)", in, e.MessageID(), members.MessageID, err)
		}
		e.Warnings()
	})
}

// caseFolds reports whether encoding/json finds the id under a name with other upper and lower case letters.
func caseFolds(message []byte) bool {
	for name := range wire.Members(message) {
		if strings.EqualFold(string(name), "messageId") && string(name) != "messageId" {
			return true
		}
	}
	return false
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
