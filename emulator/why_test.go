package emulator_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio/emulator"
)

// TestWhy finds the messages that set the values of traits.
func TestWhy(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{MergeOnAlias: true})
	start := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	c.srv.SetClock(start, true)
	for _, m := range []string{
		`{"type":"track","messageId":"m1","anonymousId":"visitor","event":"Seen"}`,
		`{"type":"identify","messageId":"m2","userId":"u","anonymousId":"visitor","traits":{"email":"a@b.example","plan":"basic","score":1}}`,
		`{"type":"identify","messageId":"m3","userId":"u","traits":{"plan":"pro","score":1}}`,
		`{"type":"identify","messageId":"m4","userId":"old","traits":{"city":"Ulm","plan":"free"}}`,
		`{"type":"alias","messageId":"m5","previousId":"old","userId":"u"}`,
		`{"type":"identify","messageId":"m6","userId":"new-id","traits":{"email":"A@b.example"}}`,
		`{"type":"track","messageId":"m7","userId":"new-id","event":"Seen"}`,
	} {
		c.send(m)
		c.srv.AdvanceClock(time.Minute)
	}
	why, err := c.srv.Why("key", "a@b.example")
	if err != nil {
		t.Fatal(err)
	}
	if why.ID != "new-id" || why.Created.MessageID != "m2" || !why.SeenAt.Equal(start.Add(6*time.Minute)) || strings.Join(why.AnonymousIDs, " ") != "visitor" {
		t.Errorf("%+v", why)
	}
	for name, want := range map[string]string{"email": "m6", "plan": "m3", "score": "m2", "city": "m4"} {
		if got := why.Traits[name].By; got.MessageID != want || got.Type != "identify" {
			t.Errorf("trait %s by %+v, want %s", name, got, want)
		}
	}
	if by := why.Traits["plan"].By; by.Sequence != 3 || !by.ReceivedAt.Equal(start.Add(2*time.Minute)) {
		t.Errorf("plan: %+v", by)
	}
	var merges []string
	for _, m := range why.Merges {
		merges = append(merges, encode(t, []any{m.Kind, m.From, m.Events, m.By.MessageID}))
	}
	want := `["anonymous","visitor",1,"m2"] ["alias","old",0,"m5"] ["email","u",0,"m6"]`
	if got := strings.Join(merges, " "); got != want {
		t.Errorf("merges %s\nwant   %s", got, want)
	}
	// The journal confirms what the answer says.
	records, err := c.srv.Messages(emulator.MessagesQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records.Messages {
		if r.Sequence == why.Traits["plan"].By.Sequence && r.MessageID != "m3" {
			t.Errorf("message %d is %s", r.Sequence, r.MessageID)
		}
	}
	if _, err := c.srv.Why("", "nobody"); !errors.Is(err, emulator.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
	a := c.do(http.MethodGet, "/_emulator/why/new-id?key=key", "")
	var sent emulator.Why
	if err := json.Unmarshal([]byte(a.body), &sent); err != nil || encode(t, sent) != encode(t, why) {
		t.Errorf("over HTTP: %s, %v", a.body, err)
	}
}

// TestShapes counts the types that arrived under each name.
func TestShapes(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	c.send(`{"type":"track","userId":"u","event":"Order Completed","properties":{"amount":1,"at":"2026-01-02","tags":[1],"note":null}}`,
		`{"type":"track","userId":"u","event":"Order Completed","properties":{"amount":2.5,"gift":true,"to":{}}}`,
		`{"type":"track","userId":"u","event":"Order Completed","properties":{"amount":"3","at":"2026-13-02"}}`,
		`{"type":"page","userId":"u","name":"Order Completed"}`,
		`{"type":"track","event":"Order Completed","properties":{"amount":{}}}`, // dropped
		`{"type":"identify","userId":"u","traits":{"born":"2001-02-03T04:05:06Z","plan":"a"}}`,
		`{"type":"identify","userId":"u","traits":{"plan":1}}`)
	a := c.do(http.MethodGet, "/_emulator/shapes", "")
	var got struct {
		Traits emulator.Shape
		Events []emulator.Shape
	}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		t.Fatal(err)
	}
	describe := func(s emulator.Shape) string { return encode(t, []any{s.Name, s.Type, s.Count, s.Fields}) }
	if len(got.Events) != 2 || describe(got.Events[0]) != `["Order Completed","page",1,[]]` ||
		describe(got.Events[1]) != `["Order Completed","track",3,[`+
			`{"name":"amount","types":{"number":2,"string":1}},{"name":"at","types":{"date":1,"string":1}},{"name":"gift","types":{"boolean":1}},`+
			`{"name":"note","types":{"null":1}},{"name":"tags","types":{"array":1}},{"name":"to","types":{"object":1}}]]` {
		t.Errorf("events %s", encode(t, got.Events))
	}
	if describe(got.Traits) != `["","identify",2,[{"name":"born","types":{"date":1}},{"name":"plan","types":{"number":1,"string":1}}]]` {
		t.Errorf("traits %s", encode(t, got.Traits))
	}
}

// TestShapesAreBounded sends names that contain data.
func TestShapesAreBounded(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	var events, fields []string
	for i := range 2_100 {
		events = append(events, `{"type":"track","userId":"u","event":"e`+string(rune('a'+i%26))+strings.Repeat("x", i/26)+`"}`)
	}
	for i := range 510 {
		fields = append(fields, `"f`+string(rune('a'+i%26))+strings.Repeat("x", i/26)+`":1`)
	}
	c.post("/v1/batch", `{"batch":[{"type":"identify","userId":"u","traits":{`+strings.Join(fields, ",")+`}},`+strings.Join(events, ",")+`]}`, 200)
	shapes, err := c.srv.EventShapes(emulator.EventShapesQuery{})
	if err != nil || len(shapes) != 2_000 {
		t.Errorf("%d events, %v", len(shapes), err)
	}
	traits, err := c.srv.Traits("")
	if err != nil || len(traits.Fields) != 500 {
		t.Errorf("%d traits, %v", len(traits.Fields), err)
	}
}
