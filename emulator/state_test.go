package emulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio/emulator"
)

// TestTraits sends identify calls for u and compares the traits that result.
func TestTraits(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		config   emulator.Config
		traits   []string
		want     string
		warnings string // of the last call
	}{
		{"merged", emulator.Config{}, []string{`{"a":1,"b":"x"}`, `{"b":"y","c":true}`}, `{"a":1,"b":"y","c":true}`, ""},
		{"null and the empty string remove", emulator.Config{}, []string{`{"a":1,"b":2,"c":3}`, `{"a":null,"b":"","d":null}`}, `{"c":3}`, ""},
		{"numbers keep their text", emulator.Config{}, []string{`{"a":12.30,"b":12345678901234567890.10,"c":1E400,"d":-0}`}, `{"a":12.30,"b":12345678901234567890.10,"c":1E400,"d":-0}`, ""},
		{"escapes", emulator.Config{}, []string{`{"\u0061\n":"\u00e9\ud83d\ude00"}`}, `{"a\n":"\u00e9\ud83d\ude00"}`, ""},
		{"dates", emulator.Config{}, []string{`{"a":"2021-01-01","b":"2021-01-01T00:00:01Z","c":"2021-01-01T01:00:00+01:00","d":"20210101","e":"2021-13-01","f":"at 2021-01-01"}`},
			`{"a":1609459200,"b":1609459201,"c":1609459200,"d":"20210101","e":"2021-13-01","f":"at 2021-01-01"}`, ""},
		{"nested dates", emulator.Config{}, []string{`{"a":{"b":{"c":"2021-01-01","d":1.0}},"e":["2021-01-01"]}`},
			`{"a":{"b":{"c":1609459200,"d":1.0}},"e":["2021-01-01"]}`, ""},
		{"dates kept", emulator.Config{KeepDates: true}, []string{`{"a":"2021-01-01"}`}, `{"a":"2021-01-01"}`, ""},
		{"createdAt", emulator.Config{}, []string{`{"createdAt":"2021-01-01"}`}, `{"created_at":1609459200}`, ""},
		{"subscription preferences", emulator.Config{},
			[]string{`{"cio_subscription_preferences":{"topics":{"topic_1":true,"topic_2":true},"channels":{"email":true}}}`,
				`{"cio_subscription_preferences.topics.topic_1":false,"cio_subscription_preferences.topics.topic_3":true}`,
				`{"cio_subscription_preferences.topics.topic_2":null}`},
			`{"cio_subscription_preferences":{"channels":{"email":true},"topics":{"topic_1":false,"topic_3":true}}}`, ""},
		{"subscription preferences from nothing", emulator.Config{},
			[]string{`{"cio_subscription_preferences.channels.sms":false}`},
			`{"cio_subscription_preferences":{"channels":{"sms":false}}}`, ""},
		{"other dots are names", emulator.Config{}, []string{`{"a.b":1}`}, `{"a.b":1}`, ""},
		{"reserved", emulator.Config{}, []string{`{"cio_id":"1","id":"other","a":1}`}, `{"a":1}`, "reserved-trait,reserved-trait"},
		{"long name", emulator.Config{}, []string{`{"` + strings.Repeat("n", 151) + `":1}`}, `{"` + strings.Repeat("n", 151) + `":1}`, "attribute-name-length"},
		{"long value", emulator.Config{}, []string{`{"a":"` + strings.Repeat("é", 501) + `"}`}, `{"a":"` + strings.Repeat("é", 501) + `"}`, "attribute-value-length"},
		{"value at the limit", emulator.Config{}, []string{`{"a":"` + strings.Repeat(`\u00e9`, 500) + `"}`}, `{"a":"` + strings.Repeat(`\u00e9`, 500) + `"}`, ""},
		{"repeated name: the last wins", emulator.Config{}, []string{`{"a":1,"a":2}`}, `{"a":2}`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, test.config)
			for _, traits := range test.traits {
				c.send(`{"type":"identify","userId":"u","traits":` + traits + `}`)
			}
			if got := c.traits("u"); got != test.want {
				t.Errorf("traits %s\nwant   %s", got, test.want)
			}
			if got := warnings(c.last()); got != test.warnings {
				t.Errorf("warnings %q, want %q", got, test.warnings)
			}
		})
	}
}

func TestAttributeCountWarns(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	var many []string
	for i := range 301 {
		many = append(many, fmt.Sprintf(`"a%d":1`, i))
	}
	c.send(`{"type":"identify","userId":"u","traits":{` + strings.Join(many[:300], ",") + `}}`)
	if got := warnings(c.last()); got != "" {
		t.Errorf("300 traits: warnings %q", got)
	}
	c.send(`{"type":"identify","userId":"u","traits":{` + many[300] + `}}`)
	if got := warnings(c.last()); got != "attribute-count" {
		t.Errorf("the 301st trait: warnings %q", got)
	}
}

// TestIdentity lists messages, the resulting people, and the result of the last
// message.
func TestIdentity(t *testing.T) {
	t.Parallel()
	const email = `"traits":{"email":"Ann@Example.com"}`
	tests := []struct {
		name     string
		config   emulator.Config
		messages []string
		people   int
		find     string // an identifier
		id       string // and the person who is found by it
		email    string
		rule     string
		warnings string
	}{
		{"by id", emulator.Config{}, []string{`{"type":"identify","userId":"00012"}`}, 1, "00012", "00012", "", "", ""},
		{"ids have case", emulator.Config{}, []string{`{"type":"identify","userId":"U"}`, `{"type":"identify","userId":"u"}`}, 2, "U", "U", "", "", ""},
		{"emails have none", emulator.Config{}, []string{`{"type":"identify",` + email + `}`, `{"type":"identify","userId":"ann@example.COM"}`}, 1, "email:ANN@example.com", "", "Ann@Example.com", "", ""},
		{"an email as userId sets the trait", emulator.Config{}, []string{`{"type":"track","event":"e","userId":"a@b.example"}`}, 1, "a@b.example", "", "a@b.example", "", ""},
		{"by cio_id", emulator.Config{}, []string{`{"type":"identify","userId":"u"}`, `{"type":"identify","userId":"cio_00000001",` + email + `}`}, 1, "cio_00000001", "u", "Ann@Example.com", "", ""},
		{"nobody's cio_id", emulator.Config{}, []string{`{"type":"identify","userId":"cio_00000001"}`}, 0, "", "", "", "unknown-cio-id", ""},
		{"a new id with a known email", emulator.Config{}, []string{`{"type":"identify",` + email + `}`, `{"type":"identify","userId":"u",` + email + `}`}, 1, "u", "u", "Ann@Example.com", "", ""},
		{"an id is replaced through the email", emulator.Config{}, []string{`{"type":"identify","userId":"old",` + email + `}`, `{"type":"identify","userId":"new",` + email + `}`}, 1, "new", "new", "Ann@Example.com", "", "id-replaced"},
		{"an email of another person", emulator.Config{}, []string{`{"type":"identify","userId":"v"}`, `{"type":"identify","userId":"u",` + email + `}`, `{"type":"identify","userId":"v",` + email + `}`}, 2, "v", "v", "", "", "email-taken"},
		{"an email is kept", emulator.Config{}, []string{`{"type":"identify","userId":"u",` + email + `}`, `{"type":"identify","userId":"u","traits":{"email":"b@b.example"}}`}, 1, "u", "u", "Ann@Example.com", "", "email-kept"},
		{"an email in another spelling", emulator.Config{}, []string{`{"type":"identify","userId":"u",` + email + `}`, `{"type":"identify","userId":"u","traits":{"email":"ann@example.com"}}`}, 1, "u", "u", "ann@example.com", "", ""},
		{"an email is kept by the email", emulator.Config{}, []string{`{"type":"identify",` + email + `}`, `{"type":"identify","userId":"ann@example.com","traits":{"email":"b@b.example"}}`}, 1, "ann@example.com", "", "Ann@Example.com", "", "email-kept"},
		{"an email changes by cio_id", emulator.Config{}, []string{`{"type":"identify","userId":"u",` + email + `}`, `{"type":"identify","userId":"cio_00000001","traits":{"email":"b@b.example"}}`}, 1, "b@b.example", "u", "b@b.example", "", ""},
		{"an email changes by a setting", emulator.Config{ChangeEmails: true}, []string{`{"type":"identify","userId":"u",` + email + `}`, `{"type":"identify","userId":"u","traits":{"email":"b@b.example"}}`}, 1, "b@b.example", "u", "b@b.example", "", ""},
		{"an email is set by id", emulator.Config{}, []string{`{"type":"identify","userId":"u"}`, `{"type":"identify","userId":"u",` + email + `}`}, 1, "u", "u", "Ann@Example.com", "", ""},
		{"an id changes by cio_id", emulator.Config{}, []string{`{"type":"identify","userId":"u",` + email + `}`, `{"type":"identify","userId":"cio_00000001","traits":{"id":"v"}}`}, 1, "v", "v", "Ann@Example.com", "", ""},
		{"an id is kept by a switch", emulator.Config{KeepIDs: true}, []string{`{"type":"identify","userId":"u"}`, `{"type":"identify","userId":"cio_00000001","traits":{"id":"v"}}`}, 1, "u", "u", "", "", "reserved-trait"},
		{"a deletion by cio_id", emulator.Config{}, []string{`{"type":"identify","userId":"w"}`, `{"type":"identify","userId":"u"}`, `{"type":"track","userId":"cio_00000001","event":"User Deleted"}`}, 1, "u", "u", "", "", ""},
		{"a deletion by an id like a cio_id", emulator.Config{PlainCIOIDs: true}, []string{`{"type":"identify","userId":"u"}`, `{"type":"track","userId":"cio_00000001","event":"User Deleted"}`}, 1, "u", "u", "", "", "nothing-to-delete"},
		{"a suppression of an id like a cio_id", emulator.Config{PlainCIOIDs: true}, []string{`{"type":"identify","userId":"u"}`, `{"type":"track","userId":"cio_00000001","event":"User Suppressed"}`, `{"type":"track","userId":"u","event":"Ordered"}`}, 1, "u", "u", "", "", ""},
		{"an id is set by cio_id", emulator.Config{KeepIDs: true}, []string{`{"type":"identify",` + email + `}`, `{"type":"identify","userId":"cio_00000001","traits":{"id":"v"}}`}, 1, "v", "v", "Ann@Example.com", "", ""},
		{"an id of another person", emulator.Config{}, []string{`{"type":"identify","userId":"u"}`, `{"type":"identify","userId":"v"}`, `{"type":"identify","userId":"cio_00000001","traits":{"id":"v"}}`}, 2, "u", "u", "", "", "reserved-trait"},
		{"an id of a suppressed person", emulator.Config{}, []string{`{"type":"identify","userId":"u"}`, `{"type":"track","userId":"v","event":"User Suppressed"}`, `{"type":"identify","userId":"cio_00000001","traits":{"id":"v"}}`}, 1, "u", "u", "", "", "reserved-trait"},
		{"an id does not change by id", emulator.Config{}, []string{`{"type":"identify","userId":"u"}`, `{"type":"identify","userId":"u","traits":{"id":"v"}}`}, 1, "u", "u", "", "", "reserved-trait"},
		{"an email is removed", emulator.Config{}, []string{`{"type":"identify","userId":"u",` + email + `}`, `{"type":"identify","userId":"u","traits":{"email":null}}`}, 1, "u", "u", "", "", ""},
		{"the only identifier stays", emulator.Config{}, []string{`{"type":"identify","userId":"a@b.example","traits":{"email":null}}`}, 1, "a@b.example", "", "a@b.example", "", "reserved-trait"},
		{"an id by trait", emulator.Config{}, []string{`{"type":"identify","userId":"a@b.example","traits":{"id":"u"}}`}, 1, "u", "u", "a@b.example", "", ""},
		{"a numeric id", emulator.Config{}, []string{`{"type":"identify","userId":12}`}, 1, "12", "12", "", "", "numeric-id"},
		{"an event creates a person", emulator.Config{}, []string{`{"type":"track","userId":"u","event":"e"}`}, 1, "u", "u", "", "", ""},
		{"an event creates nobody", emulator.Config{DropUnknownPeople: true}, []string{`{"type":"track","userId":"u","event":"e"}`}, 0, "", "", "", "unknown-person", ""},
		{"a long id", emulator.Config{}, []string{`{"type":"identify","userId":"` + strings.Repeat("u", 151) + `"}`}, 1, strings.Repeat("u", 151), strings.Repeat("u", 151), "", "", "id-length"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, test.config)
			c.send(test.messages...)
			if got := c.stats().People; got != test.people {
				t.Errorf("%d people, want %d", got, test.people)
			}
			r := c.last()
			if r.Rule != test.rule || warnings(r) != test.warnings {
				t.Errorf("rule %q, warnings %q; want %q, %q", r.Rule, warnings(r), test.rule, test.warnings)
			}
			if test.find == "" {
				return
			}
			p, err := c.srv.Person("", test.find)
			if err != nil || p.ID != test.id || p.Email != test.email {
				t.Errorf("person %s: id %q, email %q, error %v; want %q, %q", test.find, p.ID, p.Email, err, test.id, test.email)
			}
		})
	}
}

// TestGoneIdentifiers searches for people by identifiers that they had before.
func TestGoneIdentifiers(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{ChangeEmails: true})
	c.send(`{"type":"identify","userId":"old","traits":{"email":"a@b.example"}}`,
		`{"type":"identify","userId":"new","traits":{"email":"a@b.example"}}`,
		`{"type":"identify","userId":"new","traits":{"email":"c@d.example"}}`)
	for _, id := range []string{"old", "a@b.example", "email:a@b.example"} {
		if got := c.person(id); got != "" {
			t.Errorf("%s is still found: %s", id, got)
		}
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	clock := newClock()
	c := newClient(t, emulator.Config{Now: clock.now})
	c.send(
		`{"type":"track","userId":"u","event":" Order Completed ","messageId":"m1","timestamp":"2021-01-01T00:00:00.5+01:00","properties":{"total":12.30,"at":"2021-01-01"}}`,
		`{"type":"page","userId":"u","name":"Home","properties":{"url":"/"}}`,
		`{"type":"screen","userId":"u","name":"Main","originalTimestamp":"2021-01-02"}`,
		`{"type":"track","userId":"u","event":"late","timestamp":1609459200500}`,
	)
	want := `[{"name":"Order Completed","type":"track","timestamp":"2020-12-31T23:00:00.5Z","properties":{"total":12.30,"at":"2021-01-01"},"messageId":"m1"},` +
		`{"name":"Home","type":"page","timestamp":"2026-01-02T03:04:05Z","properties":{"url":"/"},"messageId":""},` +
		`{"name":"Main","type":"screen","timestamp":"2021-01-02T00:00:00Z","properties":{},"messageId":""},` +
		`{"name":"late","type":"track","timestamp":"2021-01-01T00:00:00.5Z","properties":{},"messageId":""}]`
	p, err := c.srv.Person("", "u")
	if err != nil {
		t.Fatal(err)
	}
	if got := encode(t, p.Events); got != want {
		t.Errorf("events\n%s\nwant\n%s", got, want)
	}
	if got := warnings(c.last()); got != "integer-timestamp" {
		t.Errorf("warnings %q", got)
	}
	c.send(`{"type":"page","userId":"u","timestamp":"2026-01-02T03:09:06Z"}`)
	if got := warnings(c.last()); got != "future-timestamp,missing-url" {
		t.Errorf("warnings %q", got)
	}
}

func TestMaxEventsPerPerson(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{MaxEventsPerPerson: 2})
	for i := range 5 {
		c.send(fmt.Sprintf(`{"type":"track","userId":"u","event":"e%d"}`, i), fmt.Sprintf(`{"type":"track","anonymousId":"a","event":"a%d"}`, i))
	}
	if got := c.events("u"); got != "e3,e4" {
		t.Errorf("events %s, want the newest two", got)
	}
	if got := c.stats().Events; got != 10 {
		t.Errorf("%d events counted, want 10", got)
	}
	c.send(`{"type":"identify","userId":"u","anonymousId":"a"}`)
	if got := c.events("u"); got != "a3,a4" {
		t.Errorf("events after the merge %s", got)
	}
	c.send(`{"type":"track","userId":"u","event":"User Deleted"}`)
	if got := c.stats().Events; got != 0 {
		t.Errorf("%d events counted after the deletion, want 0", got)
	}
}

func TestAnonymousEvents(t *testing.T) {
	t.Parallel()
	clock := newClock()
	c := newClient(t, emulator.Config{Now: clock.now})
	c.send(`{"type":"track","anonymousId":"a","event":"too old"}`)
	clock.advance(time.Hour)
	c.send(`{"type":"track","anonymousId":"a","event":"in time"}`, `{"type":"group","anonymousId":"a","groupId":"g","traits":{"relationshipAttributes":{"role":"admin"}}}`)
	if s := c.stats(); s.Events != 2 || s.People != 0 || s.Relationships != 0 {
		t.Errorf("before: %+v", s)
	}
	clock.advance(30 * 24 * time.Hour)
	c.send(`{"type":"identify","userId":"u","anonymousId":"a"}`)
	if got := c.events("u"); got != "in time" {
		t.Errorf("events %s", got)
	}
	if s := c.stats(); s.Events != 1 || s.Relationships != 1 {
		t.Errorf("after: %+v", s)
	}
	c.send(`{"type":"track","anonymousId":"a","event":"later"}`)
	if got := c.events("u"); got != "in time,later" {
		t.Errorf("events %s", got)
	}
	c.send(`{"type":"identify","userId":"v","anonymousId":"a"}`)
	if got := warnings(c.last()); got != "anonymous-id-taken" {
		t.Errorf("a second person: warnings %q", got)
	}
	if got := c.events("v"); got != "" {
		t.Errorf("the second person has %s", got)
	}
	c.send(`{"type":"track","anonymousId":"b","event":"nobody's"}`)
	clock.advance(31 * 24 * time.Hour)
	c.send(`{"type":"track","anonymousId":"c","event":"fresh"}`)
	if got := c.stats().Events; got != 3 {
		t.Errorf("%d events, want two of u and the fresh one", got)
	}
}

func TestAnonymousIDAsTrait(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	c.send(`{"type":"track","anonymousId":"a","event":"e"}`, `{"type":"identify","userId":"u","traits":{"anonymous_id":"a"}}`)
	if got := c.events("u"); got != "e" {
		t.Errorf("events %q", got)
	}
}

func TestObjects(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	c.send(
		`{"type":"group","groupId":"g","userId":"u","traits":{"name":"ACME","since":"2021-01-01","relationshipAttributes":{"role":"admin","x":1}}}`,
		`{"type":"group","groupId":"g","userId":"u","traits":{"object_type_id":"1","name":"Acme","relationshipAttributes":{"x":null}}}`,
		`{"type":"group","groupId":"g","userId":"v","traits":{"objectTypeId":2}}`,
		`{"type":"group","groupId":"h","objectTypeId":"3","traits":{"a":1}}`,
		`{"type":"identify","userId":"w","traits":{"objectId":"g","objectTypeId":"2","relationshipAttributes":{"role":"user"},"plan":"basic"}}`,
	)
	if s := c.stats(); s.Objects != 3 || s.Relationships != 3 || s.People != 3 {
		t.Errorf("%+v", s)
	}
	object, err := c.srv.Object("", "", "g")
	if err != nil || encode(t, object) != `{"objectTypeId":"1","objectId":"g","attributes":{"name":"Acme","since":1609459200},"people":1}` {
		t.Errorf("object %s, %v", encode(t, object), err)
	}
	if _, err := c.srv.Object("", "3", "h"); err == nil {
		t.Error("an objectTypeId beside traits was obeyed")
	}
	want := map[string]string{
		"u": `[{"objectTypeId":"1","objectId":"g","attributes":{"role":"admin"}}]`,
		"v": `[{"objectTypeId":"2","objectId":"g","attributes":{}}]`,
		"w": `[{"objectTypeId":"2","objectId":"g","attributes":{"role":"user"}}]`,
	}
	for id, relationships := range want {
		p, err := c.srv.Person("", id)
		if err != nil || encode(t, p.Relationships) != relationships {
			t.Errorf("%s: %s, %v; want %s", id, encode(t, p.Relationships), err, relationships)
		}
	}
	if got := c.traits("w"); got != `{"plan":"basic"}` {
		t.Errorf("traits %s", got)
	}

	c.send(`{"type":"track","userId":"w","event":"Relationship Deleted","properties":{"objectId":"g","objectTypeId":2}}`)
	if s := c.stats(); s.Relationships != 2 || s.Objects != 3 {
		t.Errorf("after Relationship Deleted: %+v", s)
	}
	if object, err := c.srv.Object("", "2", "g"); err != nil || object.People != 1 {
		t.Errorf("after Relationship Deleted: %+v, %v; want v alone", object, err)
	}
	c.send(`{"type":"track","anonymousId":"x","event":"Object Deleted","properties":{"objectId":"g"}}`)
	if s := c.stats(); s.Relationships != 1 || s.Objects != 2 || s.Events != 0 {
		t.Errorf("after Object Deleted: %+v", s)
	}
	c.send(`{"type":"track","anonymousId":"x","event":"Object Deleted","properties":{"objectId":"g"}}`)
	if got := warnings(c.last()); got != "nothing-to-delete" {
		t.Errorf("deleting it again: warnings %q", got)
	}
}

func TestObjectLimitsWarn(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{MaxCallBytes: -1})
	var traits []string
	for i := range 101 {
		traits = append(traits, fmt.Sprintf(`"a%d":"%s"`, i, strings.Repeat("x", 998)))
	}
	c.send(`{"type":"group","groupId":"g","traits":{` + strings.Join(traits, ",") + `}}`)
	if got := warnings(c.last()); got != "attribute-bytes" {
		t.Errorf("warnings %q", got)
	}
}

func TestDevices(t *testing.T) {
	t.Parallel()
	clock := newClock()
	c := newClient(t, emulator.Config{Now: clock.now})
	event := func(name, token, more string) string {
		return `{"type":"track","userId":"u","event":"` + name + `","context":{"device":{"token":"` + token + `","type":"ios"},"app":{"namespace":"com.acme"}}` + more + `}`
	}
	c.send(event("Device Created or Updated", "t1", `,"properties":{"os":"17","app_version":"1"}`),
		event("Device Created or Updated", "t2", ""),
		event("Device Created or Updated", "t1", `,"properties":{"os":"18","app_version":null}`))
	p, err := c.srv.Person("", "u")
	want := `[{"token":"t1","type":"ios","attributes":{"app_identifier":"com.acme","os":"18"},"updatedAt":"2026-01-02T03:04:05Z"},` +
		`{"token":"t2","type":"ios","attributes":{"app_identifier":"com.acme"},"updatedAt":"2026-01-02T03:04:05Z"}]`
	if err != nil || encode(t, p.Devices) != want {
		t.Errorf("devices %s, %v\nwant %s", encode(t, p.Devices), err, want)
	}
	c.send(event("Device Deleted", "t1", ""))
	if s := c.stats(); s.Devices != 1 || s.Events != 0 {
		t.Errorf("%+v", s)
	}
	c.send(event("Device Deleted", "t1", ""))
	if got := warnings(c.last()); got != "nothing-to-delete" {
		t.Errorf("warnings %q", got)
	}
	c.send(`{"type":"track","userId":"u","event":"Device Created or Updated","context":{"device":{"token":"t3","type":"fridge"}}}`)
	if got := warnings(c.last()); got != "device-type" {
		t.Errorf("warnings %q", got)
	}
}

func TestBatchContextIsTheDefault(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	c.post("/v1/batch", `{"batch":[
		{"type":"track","userId":"u","event":"Device Created or Updated","context":{"app":{"namespace":"own"}}},
		{"type":"track","userId":"v","event":"Device Created or Updated","context":{"device":{"token":"own","type":"ios"}}}
	],"context":{"device":{"token":"shared","type":"android"},"app":{"namespace":"shared"}}}`, http.StatusOK)
	for id, want := range map[string]string{"u": "shared android own", "v": "own ios shared"} {
		p, err := c.srv.Person("", id)
		if err != nil || len(p.Devices) != 1 {
			t.Fatalf("%s: %+v, %v", id, p, err)
		}
		d := p.Devices[0]
		if got := fmt.Sprint(d.Token, " ", d.Type, " ", strings.Trim(string(d.Attributes["app_identifier"]), `"`)); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
}

func TestDeletePerson(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	everything := []string{
		`{"type":"identify","userId":"u","anonymousId":"a","traits":{"email":"a@b.example"}}`,
		`{"type":"track","userId":"u","event":"e"}`,
		`{"type":"group","userId":"u","groupId":"g"}`,
		`{"type":"track","userId":"u","event":"Device Created or Updated","context":{"device":{"token":"t","type":"ios"}}}`,
	}
	c.send(everything...)
	c.send(`{"type":"track","userId":"a@b.example","event":"User Deleted"}`)
	s := c.stats()
	s.Messages, s.Requests, s.Bytes = emulator.MessageCounts{}, 0, 0
	if s != (emulator.Stats{Objects: 1}) {
		t.Errorf("after the deletion: %+v, want the object alone", s)
	}
	c.send(`{"type":"track","userId":"u","event":"User Deleted"}`)
	if r := c.last(); r.Verdict != accepted || warnings(r) != "nothing-to-delete" {
		t.Errorf("deleting nobody: %s, %q", r.Verdict, warnings(r))
	}
	c.send(everything...)
	if s := c.stats(); s.People != 1 || s.Events != 1 || s.Relationships != 1 || s.Devices != 1 {
		t.Errorf("sent again: %+v", s)
	}
}

func TestSuppression(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	c.send(`{"type":"identify","userId":"u","traits":{"email":"A@b.example"}}`, `{"type":"track","userId":"u","event":"e"}`,
		`{"type":"track","userId":"u","event":"User Suppressed"}`)
	if s := c.stats(); s.People != 0 || s.Events != 0 || s.Suppressed != 1 {
		t.Errorf("%+v", s)
	}
	refused := []string{
		`{"type":"identify","userId":"u"}`,
		`{"type":"identify","traits":{"email":"a@B.example"}}`,
		`{"type":"identify","userId":"v","traits":{"email":"a@b.example"}}`,
		`{"type":"track","userId":"u","event":"e"}`,
		`{"type":"page","userId":"a@b.example","properties":{"url":"/"}}`,
		`{"type":"group","userId":"u","groupId":"g"}`,
		`{"type":"identify","userId":"cio_00000001"}`,
		`{"type":"track","userId":"u","event":"Device Created or Updated","context":{"device":{"token":"t","type":"ios"}}}`,
	}
	c.strict = true // it is not an error of the call that a person is suppressed
	for _, m := range refused {
		c.send(m)
		if r := c.last(); r.Verdict != dropped || r.Rule != "suppressed" {
			t.Errorf("%s: %s, rule %q", m, r.Verdict, r.Rule)
		}
	}
	if s := c.stats(); s.People != 0 || s.Events != 0 || s.Objects != 0 || s.Messages.Dropped != uint64(len(refused)) {
		t.Errorf("%+v", s)
	}
	if got, want := c.person("u"), `{"id":"u","email":"","traits":{},"events":[],"devices":[],"relationships":[],"suppressed":true}`; got != want {
		t.Errorf("person %s, want %s", got, want)
	}
	c.send(`{"type":"track","userId":"u","event":"User Suppressed"}`)
	if got := c.stats().Suppressed; got != 1 {
		t.Errorf("%d suppressed after the same again", got)
	}
	c.send(`{"type":"track","userId":"a@b.example","event":"User Unsuppressed"}`, `{"type":"identify","userId":"u"}`)
	if s := c.stats(); s.Suppressed != 0 || s.People != 1 {
		t.Errorf("after unsuppressing: %+v", s)
	}
	if got := c.traits("u"); got != `{}` {
		t.Errorf("traits %s came back", got)
	}
}

func TestAlias(t *testing.T) {
	t.Parallel()
	messages := []string{
		`{"type":"identify","userId":"old","anonymousId":"a","traits":{"email":"a@b.example","plan":"basic","only_old":1}}`,
		`{"type":"track","userId":"old","event":"before"}`,
		`{"type":"group","userId":"old","groupId":"g","traits":{"relationshipAttributes":{"role":"admin"}}}`,
		`{"type":"track","userId":"old","event":"Device Created or Updated","context":{"device":{"token":"t","type":"ios"}}}`,
		`{"type":"identify","userId":"new","traits":{"plan":"pro"}}`,
		`{"type":"alias","previousId":"old","userId":"new"}`,
	}
	c := newClient(t, emulator.Config{})
	c.send(messages...)
	if s := c.stats(); s.People != 2 || c.last().Verdict != accepted {
		t.Errorf("by default: %+v", s)
	}

	c = newClient(t, emulator.Config{MergeOnAlias: true})
	c.send(messages...)
	if s := c.stats(); s.People != 1 || s.Events != 1 || s.Devices != 1 || s.Relationships != 1 {
		t.Errorf("merging: %+v", s)
	}
	if c.person("old") != "" || c.person("email:a@b.example") != c.person("new") {
		t.Error("the old person is still there, or the email is not the new one's")
	}
	if got := c.traits("new"); got != `{"email":"a@b.example","only_old":1,"plan":"pro"}` {
		t.Errorf("traits %s", got)
	}
	c.send(`{"type":"track","anonymousId":"a","event":"after"}`)
	if got := c.events("new"); got != "before,after" {
		t.Errorf("events %s", got)
	}
	c.send(`{"type":"track","userId":"new","event":"User Deleted"}`)
	if s := c.stats(); s.People != 0 || s.Events != 0 || s.Devices != 0 || s.Relationships != 0 {
		t.Errorf("after deleting the merged person: %+v", s)
	}
}

// TestIdempotentIdentify sends the same people twice, as a load that runs twice
// does.
func TestIdempotentIdentify(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	var before string
	for range 2 {
		for i := range 100 {
			c.send(fmt.Sprintf(`{"type":"identify","userId":"%05d","traits":{"email":"u%d@b.example","orders":%d}}`, i, i, i))
		}
		if before == "" {
			before = c.person("00042")
		}
	}
	if s := c.stats(); s.People != 100 || c.person("00042") != before {
		t.Errorf("%+v, %s; before %s", s, c.person("00042"), before)
	}
}
