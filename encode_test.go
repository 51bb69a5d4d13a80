package cio_test

import (
	"encoding/json"
	"errors"
	"math"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
)

type trialStarted struct {
	Plan string `json:"plan"`
}

func (trialStarted) EventName() string { return "Trial Started" }

// deviceEvent is an event that writes its own properties and has a part in the context.
type deviceEvent struct{ token string }

func (deviceEvent) EventName() string                     { return "Device Created or Updated" }
func (deviceEvent) AppendJSON(dst []byte) ([]byte, error) { return append(dst, `{"os":"14"}`...), nil }
func (e deviceEvent) EventContext() any {
	return map[string]any{"device": map[string]any{"token": e.token, "type": "ios"}}
}

type brokenEvent struct{ json string }

func (brokenEvent) EventName() string                       { return "Broken" }
func (e brokenEvent) AppendJSON(dst []byte) ([]byte, error) { return append(dst, e.json...), nil }

var (
	at      = time.Date(2026, 1, 31, 13, 0, 0, 500_000_000, time.FixedZone("CET", 3600))
	library = `"library":{"name":"ciokit-go","version":"` + cio.Version + `"}`
)

func TestEncode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		in   cio.Message
		want string // after type, messageId and timestamp
	}{
		{"identify", cio.Identify{UserID: "u1", Traits: map[string]any{"plan": "pro", "age": nil}},
			`"userId":"u1","traits":{"age":null,"plan":"pro"},"context":{` + library + `}}`},
		{"identify by email", cio.Identify{Traits: struct {
			Email string `json:"email"`
		}{"A@b.example"}},
			`"traits":{"email":"A@b.example"},"context":{` + library + `}}`},
		{"identify by a raw email", cio.Identify{AnonymousID: "a1", Traits: json.RawMessage(`{ "email": "a@b.example" }`)},
			`"anonymousId":"a1","traits":{"email":"a@b.example"},"context":{` + library + `}}`},
		{"track", cio.Track{UserID: "u1", AnonymousID: "a1", Event: cio.Named(" Signed Up ", nil)},
			`"userId":"u1","anonymousId":"a1","event":"Signed Up","context":{` + library + `}}`},
		{"track of a struct", cio.Track{UserID: "u1", Event: trialStarted{Plan: "pro"}},
			`"userId":"u1","event":"Trial Started","properties":{"plan":"pro"},"context":{` + library + `}}`},
		{"track with an event in the context", cio.Track{UserID: "u1", Event: deviceEvent{"t1"}, Context: map[string]any{"device": map[string]any{"name": "phone"}, "ip": "203.0.113.7"}},
			`"userId":"u1","event":"Device Created or Updated","properties":{"os":"14"},"context":{` + library + `,"device":{"token":"t1","type":"ios","name":"phone"},"ip":"203.0.113.7"}}`},
		{"page", cio.Page{AnonymousID: "a1", Name: "Home", Category: "Site", Properties: map[string]string{"url": "https://shop.example/?a=1&b=2"}},
			`"anonymousId":"a1","name":"Home","category":"Site","properties":{"url":"https://shop.example/?a=1&b=2"},"context":{` + library + `}}`},
		{"screen", cio.Screen{UserID: "u1", Name: "Cart"}, `"userId":"u1","name":"Cart","context":{` + library + `}}`},
		{"group", cio.Group{GroupID: "acme", Traits: map[string]any{"objectTypeId": "2", "relationshipAttributes": map[string]any{"role": "admin"}}, UserID: "u1"},
			`"userId":"u1","groupId":"acme","traits":{"objectTypeId":"2","relationshipAttributes":{"role":"admin"}},"context":{` + library + `}}`},
		{"alias", cio.Alias{UserID: "new", PreviousID: "old", Integrations: map[string]bool{"All": true}},
			`"userId":"new","previousId":"old","integrations":{"All":true},"context":{` + library + `}}`},
		{"a nil map is absent", cio.Page{UserID: "u1", Properties: map[string]any(nil)}, `"userId":"u1","context":{` + library + `}}`},
		{"text is escaped", cio.Page{UserID: "u\"1\\\n\x00"}, `"userId":"u\"1\\\n\u0000","context":{` + library + `}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			// Every message is made again with its own id and time.
			m := withMeta(c.in, "id-1", at)
			e, err := cio.Encode(m)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := e.MarshalJSON()
			want := `{"type":"` + string(e.Type()) + `","messageId":"id-1","timestamp":"2026-01-31T12:00:00.5Z",` + c.want
			if string(got) != want {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
			if !json.Valid(got) || e.MessageID() != "id-1" || e.Len() != len(want) {
				t.Errorf("valid %t, id %q, length %d", json.Valid(got), e.MessageID(), e.Len())
			}
		})
	}
}

func withMeta(m cio.Message, id string, at time.Time) cio.Message {
	switch m := m.(type) {
	case cio.Identify:
		m.MessageID, m.Timestamp = id, at
		return m
	case cio.Track:
		m.MessageID, m.Timestamp = id, at
		return m
	case cio.Page:
		m.MessageID, m.Timestamp = id, at
		return m
	case cio.Screen:
		m.MessageID, m.Timestamp = id, at
		return m
	case cio.Group:
		m.MessageID, m.Timestamp = id, at
		return m
	case cio.Alias:
		m.MessageID, m.Timestamp = id, at
		return m
	}
	panic("no such message")
}

func TestEncodeFillsInIDAndTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hex := regexp.MustCompile(`^[0-9a-f]{32}$`)
		seen := map[string]bool{}
		for range 1000 {
			e, err := cio.Encode(cio.Page{UserID: "u1"})
			if err != nil {
				t.Fatal(err)
			}
			if !hex.MatchString(e.MessageID()) || seen[e.MessageID()] {
				t.Fatalf("message id %q", e.MessageID())
			}
			seen[e.MessageID()] = true
			b, _ := e.AppendJSON(nil)
			if want := `"messageId":"` + e.MessageID() + `","timestamp":"2000-01-01T00:00:00.000Z"`; !strings.Contains(string(b), want) {
				t.Fatalf("got %s, want %s in it", b, want)
			}
		}
	})
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	loop := map[string]any{}
	loop["self"] = loop
	track := func(name string, properties any) cio.Track {
		return cio.Track{UserID: "u1", AnonymousID: "a1", Event: cio.Named(name, properties)}
	}
	for _, c := range []struct {
		name  string
		in    cio.Message
		field string
		rule  cio.Rule
	}{
		{"nil", nil, "", cio.RuleNil},
		{"identify nobody", cio.Identify{Traits: map[string]any{"plan": "pro"}}, "userId", cio.RuleNoIdentity},
		{"identify by an empty email", cio.Identify{Traits: map[string]any{"email": ""}}, "userId", cio.RuleNoIdentity},
		{"identify by an email that is not text", cio.Identify{Traits: map[string]any{"email": 1}}, "userId", cio.RuleNoIdentity},
		{"identify by a nested email", cio.Identify{Traits: map[string]any{"x": map[string]any{"email": "a@b.example"}}}, "userId", cio.RuleNoIdentity},
		{"anonymous identify", cio.Identify{AnonymousID: "a1", Traits: map[string]any{"plan": "pro"}}, "userId", cio.RuleAnonymousIdentify},
		{"track nobody", cio.Track{Event: cio.Named("X", nil)}, "userId", cio.RuleNoIdentity},
		{"track without an event", cio.Track{UserID: "u1"}, "event", cio.RuleNoEvent},
		{"track without a name", track(" \t", nil), "event", cio.RuleNoEvent},
		{"page nobody", cio.Page{Name: "Home"}, "userId", cio.RuleNoIdentity},
		{"screen nobody", cio.Screen{Name: "Home"}, "userId", cio.RuleNoIdentity},
		{"group without an id", cio.Group{UserID: "u1"}, "groupId", cio.RuleNoGroup},
		{"alias without a user", cio.Alias{PreviousID: "a"}, "userId", cio.RuleNoIdentity},
		{"alias without a previous id", cio.Alias{UserID: "a"}, "previousId", cio.RuleNoPreviousID},
		{"alias to itself", cio.Alias{UserID: "a", PreviousID: "a"}, "previousId", cio.RuleSameID},

		{"traits that are not an object", cio.Identify{UserID: "u1", Traits: []string{"a"}}, "traits", cio.RuleNotObject},
		{"properties that are not an object", track("X", 12), "properties", cio.RuleNotObject},
		{"context that is not an object", cio.Page{UserID: "u1", Context: "x"}, "context", cio.RuleNotObject},
		{"integrations that are not an object", cio.Page{UserID: "u1", Integrations: true}, "integrations", cio.RuleNotObject},
		{"raw bytes that are not JSON", track("X", json.RawMessage(`{"a":`)), "properties", cio.RuleNotObject},
		{"an event that writes no JSON", cio.Track{UserID: "u1", Event: brokenEvent{`{"a":1`}}, "properties", cio.RuleNotObject},
		{"an event that breaks out", cio.Track{UserID: "u1", Event: brokenEvent{`{}},{"type":"track"`}}, "properties", cio.RuleNotObject},

		{"a user id that is not UTF-8", cio.Page{UserID: "u\xff"}, "userId", cio.RuleUTF8},
		{"an event that is not UTF-8", track("X\xc3", nil), "event", cio.RuleUTF8},
		{"a message id that is not UTF-8", cio.Page{UserID: "u1", MessageID: "\xff"}, "messageId", cio.RuleUTF8},
		{"a trait that is not UTF-8", cio.Identify{UserID: "u1", Traits: map[string]any{"tags": []string{"ok", "\xff"}}}, "traits.tags[1]", cio.RuleUTF8},
		{"a struct's text that is not UTF-8", cio.Track{UserID: "u1", Event: trialStarted{"\xff"}}, "properties.plan", cio.RuleUTF8},
		{"raw bytes that are not UTF-8", track("X", json.RawMessage("{\"a\":\"\xff\"}")), "properties", cio.RuleUTF8},
		{"a context that is not UTF-8", cio.Page{UserID: "u1", Context: map[string]any{"a": map[string]any{"b": "\xff"}}}, "context.a.b", cio.RuleUTF8},

		{"NaN", track("X", map[string]any{"a": map[string]any{"price": math.NaN()}}), "properties.a.price", cio.RuleNumber},
		{"infinity", cio.Identify{UserID: "u1", Traits: map[string]float64{"a": math.Inf(1)}}, "traits", cio.RuleNumber},
		{"a map that contains itself", track("X", loop), "properties." + strings.Repeat("self.", 20), cio.RuleTooDeep},
		{"a channel", track("X", map[string]any{"c": make(chan int)}), "properties.c", cio.RuleNotEncodable},
		{"a year after 9999", cio.Page{UserID: "u1", Timestamp: time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)}, "timestamp", cio.RuleTime},
		{"too large", track("X", map[string]any{"html": strings.Repeat("x", 32_000)}), "properties.html", cio.RuleTooLarge},

		{"an object type that is a word", cio.Group{GroupID: "g", Traits: map[string]any{"objectTypeId": "company"}}, "traits.objectTypeId", cio.RuleObjectType},
		{"relationship attributes in a list", cio.Group{GroupID: "g", Traits: map[string]any{"relationshipAttributes": []int{1}}}, "traits.relationshipAttributes", cio.RuleNotObject},
		{"delete an anonymous person", cio.Track{AnonymousID: "a1", Event: cio.Named("User Deleted", nil)}, "userId", cio.RuleRequired},
		{"suppress an anonymous person", cio.Track{AnonymousID: "a1", Event: cio.Named("User Suppressed", nil)}, "userId", cio.RuleRequired},
		{"unsuppress an anonymous person", cio.Track{AnonymousID: "a1", Event: cio.Named("User Unsuppressed", nil)}, "userId", cio.RuleRequired},
		{"a device without a token", track("Device Created or Updated", nil), "context.device.token", cio.RuleRequired},
		{"a device without a platform", cio.Track{UserID: "u1", Event: cio.Named("Device Created or Updated", nil), Context: json.RawMessage(`{"device":{"token":"t"}}`)}, "context.device.type", cio.RuleRequired},
		{"a device without a person", cio.Track{AnonymousID: "a1", Event: deviceEvent{"t"}}, "userId", cio.RuleRequired},
		{"delete a device without a token", track("Device Deleted", nil), "context.device.token", cio.RuleRequired},
		{"delete no object", track("Object Deleted", nil), "properties.objectId", cio.RuleRequired},
		{"delete an object without an anonymous id", cio.Track{UserID: "u1", Event: cio.Named("Object Deleted", map[string]any{"objectId": "o"})}, "anonymousId", cio.RuleRequired},
		{"delete a relationship to nothing", track("Relationship Deleted", map[string]any{"objectId": ""}), "properties.objectId", cio.RuleRequired},
		{"report no delivery", track("Report Delivery Event", map[string]any{"metric": "opened"}), "properties.deliveryId", cio.RuleRequired},
		{"report no metric", track("Report Delivery Event", map[string]any{"deliveryId": "d"}), "properties.metric", cio.RuleRequired},
		{"report no action", track("Report Content Event", nil), "properties.actionType", cio.RuleRequired},
		{"the zero Encoded", cio.Encoded{}, "", cio.RuleNotMessage},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := cio.Encode(c.in)
			var m *cio.MessageError
			if !errors.As(err, &m) {
				t.Fatalf("got %v, want a *MessageError", err)
			}
			if m.Field != c.field || m.Rule != c.rule || m.Hint == "" {
				t.Errorf("got %q breaks %s (%s), want %q breaks %s", m.Field, m.Rule, m.Hint, c.field, c.rule)
			}
			if !errors.Is(err, cio.ErrInvalid) || errors.Is(err, cio.ErrTooLarge) != (c.rule == cio.RuleTooLarge) {
				t.Errorf("%v is classified wrongly", err)
			}
		})
	}
}

// A rejected message must leave nothing in the pooled buffer for the next message.
func TestEncodeAfterRefusal(t *testing.T) {
	t.Parallel()
	for range 100 {
		if _, err := cio.Encode(cio.Track{UserID: "u1", Event: cio.Named("X", map[string]any{"a": math.NaN()})}); err == nil {
			t.Fatal("NaN was accepted")
		}
		e, err := cio.Encode(cio.Page{UserID: "u1", MessageID: "m", Timestamp: at})
		if err != nil {
			t.Fatal(err)
		}
		b, _ := e.MarshalJSON()
		if want := `{"type":"page","messageId":"m","timestamp":"2026-01-31T12:00:00.5Z","userId":"u1","context":{` + library + `}}`; string(b) != want {
			t.Fatalf("got %s", b)
		}
	}
}

func TestMessageSizeIsExact(t *testing.T) {
	t.Parallel()
	size := func(fill int) cio.Message {
		return cio.Track{UserID: "u1", MessageID: "m", Timestamp: at, Event: cio.Named("X", map[string]any{"x": strings.Repeat("e", fill)})}
	}
	e, err := cio.Encode(size(1))
	if err != nil {
		t.Fatal(err)
	}
	full := 32_000 - e.Len() + 1
	if e, err = cio.Encode(size(full)); err != nil || e.Len() != 32_000 {
		t.Errorf("%d bytes: %v", e.Len(), err)
	}
	if _, err = cio.Encode(size(full + 1)); !errors.Is(err, cio.ErrTooLarge) {
		t.Errorf("one byte more: %v", err)
	}
}

func TestEncodedIsACopy(t *testing.T) {
	t.Parallel()
	properties := map[string]any{"a": 1}
	e, err := cio.Encode(cio.Track{UserID: "u1", Event: cio.Named("X", properties)})
	if err != nil {
		t.Fatal(err)
	}
	before, _ := e.MarshalJSON()
	properties["a"] = 2
	before[0] = 'x'
	after, _ := e.MarshalJSON()
	if after[0] != '{' || !strings.Contains(string(after), `"a":1`) {
		t.Errorf("the message changed with its source: %s", after)
	}
}

func TestDefaultContext(t *testing.T) {
	t.Parallel()
	s := &server{}
	c := newClient(t, s, func(cfg *cio.Config) {
		cfg.Context = map[string]any{"app": map[string]any{"name": "shop", "version": "1"}, "locale": "de-DE"}
	})
	if err := c.Send(t.Context(), cio.Page{UserID: "u1", Context: map[string]any{"app": map[string]any{"version": "2"}}}); err != nil {
		t.Fatal(err)
	}
	if want := `"context":{` + library + `,"app":{"name":"shop","version":"2"},"locale":"de-DE"}`; !strings.Contains(s.seen()[0].body, want) {
		t.Errorf("got %s, want %s in it", s.seen()[0].body, want)
	}
}

func TestOmitLibrary(t *testing.T) {
	t.Parallel()
	own := map[string]any{"locale": "de-DE"}
	for _, c := range []struct {
		name    string
		context any // of the Config
		message cio.Message
		want    string // after the user id
	}{
		{"no context", nil, cio.Page{UserID: "u1"}, `}`},
		{"an empty context", map[string]any{}, cio.Page{UserID: "u1", Context: map[string]any{}}, `}`},
		{"a context that is null", (map[string]any)(nil), cio.Page{UserID: "u1", Context: json.RawMessage("null")}, `}`},
		{"the Config's", own, cio.Page{UserID: "u1"}, `,"context":{"locale":"de-DE"}}`},
		{"the message's", nil, cio.Page{UserID: "u1", Context: own}, `,"context":{"locale":"de-DE"}}`},
		{"both", own, cio.Page{UserID: "u1", Context: map[string]any{"ip": "203.0.113.7"}}, `,"context":{"locale":"de-DE","ip":"203.0.113.7"}}`},
		{"a library of one's own", map[string]any{"library": map[string]any{"name": "ours"}}, cio.Page{UserID: "u1"}, `,"context":{"library":{"name":"ours"}}}`},
		{"a device's", nil, cio.DeleteDevice{UserID: "u1", Token: "t"}, `,"event":"Device Deleted","context":{"device":{"token":"t"}}}`},
		{"a device's over the Config's", own, cio.DeleteDevice{UserID: "u1", Token: "t"}, `,"event":"Device Deleted","context":{"locale":"de-DE","device":{"token":"t"}}}`},
		{"another client's message", nil, mustEncode(t, cio.Page{UserID: "u1"}), `,"context":{` + library + `}}`},
	} {
		s := &server{}
		client := newClient(t, s, func(cfg *cio.Config) { cfg.OmitLibrary, cfg.Context = true, c.context })
		err := client.Send(t.Context(), c.message)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if _, got, _ := strings.Cut(s.seen()[0].body, `"userId":"u1"`); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
		// In a batch each message has its own context, and the batch has none.
		if err := client.Send(t.Context(), c.message, cio.Page{UserID: "u1"}); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var batch map[string]json.RawMessage
		if err := json.Unmarshal([]byte(s.seen()[1].body), &batch); err != nil || len(batch) != 1 || !strings.Contains(string(batch["batch"]), `"userId":"u1"`+c.want+`,{`) {
			t.Errorf("%s: %v, sent %s", c.name, err, s.seen()[1].body)
		}
	}
	for _, m := range []cio.Message{cio.Identify{UserID: "u1"}, cio.Track{UserID: "u1", Event: trialStarted{"pro"}}, cio.Group{GroupID: "g"}, cio.Alias{UserID: "a", PreviousID: "b"}, cio.SetObject{ObjectID: "o"}} {
		if b, _ := withoutLibrary(m).MarshalJSON(); !json.Valid(b) || strings.Contains(string(b), "context") {
			t.Errorf("%T: %s", m, b)
		}
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	s := &server{}
	forgotten := errors.New("asked to be forgotten")
	var asked []cio.Identity
	c := newClient(t, s, func(cfg *cio.Config) {
		cfg.Guard = func(id cio.Identity) error {
			asked = append(asked, id)
			if id.Email == "ann@example.com" {
				return forgotten
			}
			return nil
		}
	})
	stored, err := cio.Encode(cio.Identify{UserID: "7", Traits: map[string]any{"email": "Ann@Example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []cio.Message{cio.Identify{UserID: "7", Traits: map[string]any{"email": "ANN@example.com"}}, stored} {
		err := c.Send(t.Context(), m)
		var refused *cio.MessageError
		if !errors.Is(err, forgotten) || !errors.As(err, &refused) || refused.Rule != cio.RuleGuard {
			t.Errorf("got %v", err)
		}
	}
	if err := c.Send(t.Context(), cio.Alias{UserID: "a", PreviousID: "b"}, cio.Group{GroupID: "g", UserID: "c"}); err != nil {
		t.Error(err)
	}
	if len(s.seen()) != 1 || len(asked) != 4 || asked[2] != (cio.Identity{UserID: "a", PreviousID: "b"}) || asked[3] != (cio.Identity{UserID: "c", GroupID: "g"}) {
		t.Errorf("%d requests; asked about %+v", len(s.seen()), asked)
	}
}

func TestAllowAnonymousIdentify(t *testing.T) {
	t.Parallel()
	m := cio.Identify{AnonymousID: "a1", Traits: map[string]any{"plan": "pro"}}
	allows := newClient(t, &server{}, func(cfg *cio.Config) { cfg.AllowAnonymousIdentify = true })
	e, err := allows.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := allows.Send(t.Context(), e); err != nil {
		t.Error(err)
	}
	if err := newClient(t, &server{}, nil).Send(t.Context(), e); !errors.Is(err, cio.ErrInvalid) {
		t.Errorf("a strict client sent it: %v", err)
	}
}

func BenchmarkEncodeMap(b *testing.B) {
	m := cio.Track{UserID: "u1", Event: cio.Named("Order Completed", map[string]any{"order_id": "o-1234567", "total": 129.95, "currency": "EUR", "quantity": 3})}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cio.Encode(m); err != nil {
			b.Fatal(err)
		}
	}
}
