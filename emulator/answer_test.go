package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

const (
	accepted = emulator.VerdictAccepted
	dropped  = emulator.VerdictDropped
	rejected = emulator.VerdictRejected
)

// TestAnswers is the error table: each body in both modes, with the verdict
// that the newest record keeps.
func TestAnswers(t *testing.T) {
	t.Parallel()
	padded := func(n int) string {
		const frame = `{"userId":"u","event":"e","properties":{"p":""}}`
		return fmt.Sprintf(`{"userId":"u","event":"e","properties":{"p":"%s"}}`, strings.Repeat("x", n-len(frame)))
	}
	item := func(n int) string { return `{"type":"track",` + padded(n - len(`"type":"track",`))[1:] }
	batchOf := func(n int) string {
		// Items that are below their limit by one, and a last item that fills
		// up to n.
		var b strings.Builder
		b.WriteString(`{"batch":[`)
		for b.Len()+30_000+100 < n {
			b.WriteString(item(30_000) + ",")
		}
		b.WriteString(item(n - b.Len() - 2))
		return b.String() + "]}"
	}
	tests := []struct {
		name       string
		path, body string
		permissive int
		strict     int
		verdicts   [2]emulator.Verdict
		rule       string
		field      string
	}{
		{"identify", "/v1/identify", `{"userId":"u","traits":{}}`, 200, 200, [2]emulator.Verdict{accepted, accepted}, "", ""},
		{"identify by email", "/v1/identify", `{"userId":"","traits":{"email":"a@b.example"}}`, 200, 200, [2]emulator.Verdict{accepted, accepted}, "", ""},
		{"anonymous identify", "/v1/identify", `{"anonymousId":"a","traits":{"x":1}}`, 200, 200, [2]emulator.Verdict{dropped, dropped}, "anonymous-identify", "userId"},
		{"identify nobody", "/v1/identify", `{"traits":{"x":1}}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "missing-identity", "userId"},
		{"track", "/v1/track", `{"userId":"u","event":"e"}`, 200, 200, [2]emulator.Verdict{accepted, accepted}, "", ""},
		{"track without event", "/v1/track", `{"userId":"u"}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "missing-event", "event"},
		{"track with a blank event", "/v1/track", `{"userId":"u","event":"  "}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "missing-event", "event"},
		{"track with null event", "/v1/track", `{"userId":"u","event":null}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "missing-event", "event"},
		{"track nobody", "/v1/track", `{"event":"e"}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "missing-identity", "userId"},
		{"track a group", "/v1/track", `{"event":"e","groupId":"g"}`, 200, 200, [2]emulator.Verdict{accepted, accepted}, "", ""},
		{"track with a numeric event", "/v1/track", `{"userId":"u","event":5}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "field-type", "event"},
		{"track with array properties", "/v1/track", `{"userId":"u","event":"e","properties":[]}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "field-type", "properties"},
		{"track with string integrations", "/v1/track", `{"userId":"u","event":"e","integrations":"All"}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "field-type", "integrations"},
		{"track with a boolean userId", "/v1/track", `{"userId":true,"event":"e"}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "field-type", "userId"},
		{"bad timestamp", "/v1/track", `{"userId":"u","event":"e","timestamp":"yesterday"}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "timestamp-format", "timestamp"},
		{"fractional timestamp", "/v1/track", `{"userId":"u","event":"e","timestamp":1.5}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "timestamp-format", "timestamp"},
		{"page", "/v1/page", `{"anonymousId":"a","properties":{"url":"/"}}`, 200, 200, [2]emulator.Verdict{accepted, accepted}, "", ""},
		{"page of nobody", "/v1/page", `{"properties":{}}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "missing-identity", "userId"},
		{"screen of nobody", "/v1/screen", `{"name":"n"}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "missing-identity", "userId"},
		{"group of nobody", "/v1/group", `{"groupId":"g","traits":{}}`, 200, 200, [2]emulator.Verdict{accepted, accepted}, "", ""},
		{"group without ID", "/v1/group", `{"userId":"u"}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "missing-group-id", "groupId"},
		{"group with odd relationship", "/v1/group", `{"groupId":"g","traits":{"relationshipAttributes":3}}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "field-type", "traits.relationshipAttributes"},
		{"alias", "/v1/alias", `{"userId":"u","previousId":"v"}`, 200, 200, [2]emulator.Verdict{accepted, accepted}, "", ""},
		{"alias without userId", "/v1/alias", `{"previousId":"v"}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "missing-user-id", "userId"},
		{"alias without previousId", "/v1/alias", `{"userId":"u"}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "missing-previous-id", "previousId"},
		{"device without token", "/v1/track", `{"userId":"u","event":"Device Deleted"}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "missing-device-token", "context.device.token"},
		{"device of nobody", "/v1/track", `{"anonymousId":"u","event":"Device Deleted","context":{"device":{"token":"t"}}}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "missing-user-id", "userId"},
		{"delete an anonymous user", "/v1/track", `{"anonymousId":"u","event":"User Deleted"}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "missing-user-id", "userId"},
		{"delete an object without anonymousId", "/v1/track", `{"userId":"u","event":"Object Deleted","properties":{"objectId":"o"}}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "missing-anonymous-id", "anonymousId"},
		{"delete no object", "/v1/track", `{"anonymousId":"x","event":"Object Deleted"}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "missing-object-id", "properties.objectId"},
		{"delete no relationship", "/v1/track", `{"userId":"x","event":"Relationship Deleted"}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "missing-object-id", "properties.objectId"},
		{"report of nobody", "/v1/track", `{"event":"Report Delivery Event"}`, 200, 200, [2]emulator.Verdict{accepted, accepted}, "", ""},
		{"not JSON", "/v1/track", `{"userId":"u",}`, 400, 400, [2]emulator.Verdict{rejected, rejected}, "malformed-body", ""},
		{"cut JSON", "/v1/batch", `{"batch":[{"type":"tr`, 400, 400, [2]emulator.Verdict{rejected, rejected}, "malformed-body", ""},
		{"empty", "/v1/track", ``, 400, 400, [2]emulator.Verdict{rejected, rejected}, "malformed-body", ""},
		{"an array", "/v1/track", `[]`, 400, 400, [2]emulator.Verdict{rejected, rejected}, "malformed-body", ""},
		{"two objects", "/v1/track", `{}{}`, 400, 400, [2]emulator.Verdict{rejected, rejected}, "malformed-body", ""},
		{"not UTF-8", "/v1/track", "{\"userId\":\"\xff\",\"event\":\"e\"}", 400, 400, [2]emulator.Verdict{rejected, rejected}, "malformed-body", ""},
		{"empty batch", "/v1/batch", `{"batch":[]}`, 200, 200, [2]emulator.Verdict{"", ""}, "", ""},
		{"no batch", "/v1/batch", `{"messages":[]}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "missing-batch", "batch"},
		{"batch of no array", "/v1/batch", `{"batch":{}}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "missing-batch", "batch"},
		{"batch with odd context", "/v1/batch", `{"batch":[{"type":"track","userId":"u","event":"e"}],"context":1}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "field-type", "context"},
		{"item without type", "/v1/batch", `{"batch":[{"userId":"u","event":"e"}]}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "missing-type", "type"},
		{"item of unknown type", "/v1/batch", `{"batch":[{"type":"Track","userId":"u","event":"e"}]}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "unknown-type", "type"},
		{"item that is not an object", "/v1/batch", `{"batch":[null]}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "not-an-object", ""},
		{"alias in a batch", "/v1/batch", `{"batch":[{"type":"alias","userId":"u","previousId":"v"}]}`, 200, 200, [2]emulator.Verdict{accepted, accepted}, "", ""},
		{"call at the limit", "/v1/track", padded(32_768), 200, 200, [2]emulator.Verdict{accepted, accepted}, "", ""},
		{"call over the limit", "/v1/track", padded(32_769), 200, 400, [2]emulator.Verdict{dropped, rejected}, "call-too-large", ""},
		{"item at the limit", "/v1/batch", `{"batch":[` + item(32_768) + `]}`, 200, 200, [2]emulator.Verdict{accepted, accepted}, "", ""},
		{"item over the limit", "/v1/batch", `{"batch":[` + item(32_769) + `]}`, 200, 400, [2]emulator.Verdict{dropped, rejected}, "message-too-large", ""},
		{"batch at the limit", "/v1/batch", batchOf(512_000), 200, 200, [2]emulator.Verdict{accepted, accepted}, "", ""},
		{"batch over the limit", "/v1/batch", batchOf(512_001), 200, 400, [2]emulator.Verdict{dropped, rejected}, "batch-too-large", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for mode, want := range []int{test.permissive, test.strict} {
				c := newClient(t, emulator.Config{})
				c.strict = mode == 1
				a := c.post(test.path, test.body, want)
				if want == http.StatusOK && a.body != "{}" {
					t.Errorf("body %q, want {}", a.body)
				}
				if want != http.StatusOK {
					var answer struct {
						Code, Message string
						Meta          struct {
							Errors []string `json:"errors"`
						} `json:"meta"`
					}
					if err := json.Unmarshal([]byte(a.body), &answer); err != nil || len(answer.Meta.Errors) == 0 || answer.Code == "" || answer.Message == "" {
						t.Errorf("body %s: meta.errors, code or message is missing, error %v", a.body, err)
					} else if !strings.Contains(answer.Meta.Errors[0], test.rule) {
						t.Errorf("errors %q do not name the rule %s", answer.Meta.Errors, test.rule)
					}
				}
				verdict := test.verdicts[mode]
				if verdict == "" {
					if got := c.stats().Messages; got != (emulator.MessageCounts{}) {
						t.Errorf("messages %+v, want none", got)
					}
					continue
				}
				r := c.last()
				if r.Verdict != verdict || r.Rule != test.rule || r.Field != test.field {
					t.Errorf("strict %v: %s, rule %q at %q; want %s, %q at %q",
						c.strict, r.Verdict, r.Rule, r.Field, verdict, test.rule, test.field)
				}
				if r.Rule != "" && (r.Reason == "" || r.Hint == "") {
					t.Errorf("reason %q, hint %q: both are needed", r.Reason, r.Hint)
				}
				stats := c.stats()
				if verdict != accepted && (stats.People > 0 || stats.Events > 0 || stats.Objects > 0) {
					t.Errorf("a %s message had an effect: %+v", verdict, stats)
				}
			}
		})
	}
}

func TestBatchRefusedWhole(t *testing.T) {
	t.Parallel()
	const batch = `{"batch":[
		{"type":"identify","userId":"u1"},
		{"type":"track","userId":"u1"},
		{"type":"identify","userId":"u2"},
		{"type":"nonsense","userId":"u1"}]}`
	c := newClient(t, emulator.Config{})
	c.strict = true
	a := c.post("/v1/batch", batch, http.StatusBadRequest)
	for _, want := range []string{"batch[1].event", "batch[3].type"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("answer %s does not name %s", a.body, want)
		}
	}
	if strings.Contains(a.body, "batch[0]") || strings.Contains(a.body, "nonsense") {
		t.Errorf("answer %s blames the innocent or repeats what was sent", a.body)
	}
	if got := encode(t, c.stats()); !strings.Contains(got, `"people":0`) || !strings.Contains(got, `{"accepted":0,"dropped":0,"rejected":4}`) {
		t.Errorf("stats %s", got)
	}
	records, err := c.srv.Messages(emulator.MessagesQuery{Verdict: rejected})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range records.Messages {
		got = append(got, fmt.Sprintf("%d %s", r.Index, r.Rule))
	}
	want := "[3 unknown-type 2 other-message-invalid 1 missing-event 0 other-message-invalid]"
	if fmt.Sprint(got) != want {
		t.Errorf("records %v, want %s", got, want)
	}

	c.strict = false
	c.post("/v1/batch", batch, http.StatusOK)
	if s := c.stats(); s.People != 2 || s.Messages.Accepted != 2 || s.Messages.Dropped != 2 {
		t.Errorf("permissive: %+v, want the two good messages applied", s)
	}
}

func TestOversizeItemTakesItsBatchAlong(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{MaxCallBytes: 100})
	c.post("/v1/batch", `{"batch":[{"type":"identify","userId":"u1"},{"type":"identify","userId":"u2","traits":{"x":"`+
		strings.Repeat("x", 100)+`"}}]}`, http.StatusOK)
	if s := c.stats(); s.People != 0 || s.Messages.Dropped != 2 {
		t.Errorf("%+v, want both dropped", s)
	}
}

func TestManyErrorsAreCounted(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	c.strict = true
	a := c.post("/v1/batch", `{"batch":[`+strings.Repeat(`{},`, 99)+`{}]}`, http.StatusBadRequest)
	if !strings.Contains(a.body, "batch[19]") || strings.Contains(a.body, "batch[20]") || !strings.Contains(a.body, "80 more") {
		t.Errorf("answer %s", a.body)
	}
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{Refuse: func(m emulator.Message) (string, bool) {
		var properties struct{ Properties struct{ Bad bool } }
		if err := json.Unmarshal(m.Raw, &properties); err != nil {
			return "unreadable", true
		}
		return "bad-property", m.Type == "track" && m.UserID == "u" && m.Event == "e" && properties.Properties.Bad
	}})
	batch := `{"batch":[{"type":"track","userId":"u","event":"e"},{"type":"track","userId":"u","event":" e ","properties":{"bad":true}}]}`
	c.strict = true
	if a := c.post("/v1/batch", batch, http.StatusBadRequest); !strings.Contains(a.body, "batch[1]") || !strings.Contains(a.body, "bad-property") {
		t.Errorf("answer %s", a.body)
	}
	c.strict = false
	c.post("/v1/batch", batch, http.StatusOK)
	if s := c.stats(); s.Events != 1 || s.Messages != (emulator.MessageCounts{Accepted: 1, Dropped: 1, Rejected: 2}) {
		t.Errorf("%+v", s)
	}
	if r := c.last(); r.Rule != "bad-property" || r.Verdict != dropped {
		t.Errorf("record %+v", r)
	}
}

func TestPathsAndMethods(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	for path, body := range map[string]string{
		"/v1/identify": `{"userId":"u"}`, "/v1/i": `{"userId":"u"}`,
		"/v1/track": `{"userId":"u","event":"e"}`, "/v1/t": `{"userId":"u","event":"e"}`,
		"/v1/page": `{"userId":"u"}`, "/v1/p": `{"userId":"u"}`,
		"/v1/screen": `{"userId":"u"}`, "/v1/s": `{"userId":"u"}`,
		"/v1/group": `{"groupId":"g"}`, "/v1/g": `{"groupId":"g"}`,
		"/v1/alias": `{"userId":"u","previousId":"v"}`, "/v1/a": `{"userId":"u","previousId":"v"}`,
		"/v1/batch": `{"batch":[]}`, "/v1/b": `{"batch":[]}`,
	} {
		c.post(path, body, http.StatusOK)
		if a := c.do(http.MethodGet, path, ""); a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != "POST" {
			t.Errorf("GET %s: %d, Allow %q", path, a.status, a.header.Get("Allow"))
		}
	}
	if got := c.stats().Messages; got != (emulator.MessageCounts{Accepted: 12, Rejected: 14}) {
		t.Errorf("messages %+v, want 12 accepted, and 14 rejected that were no POST", got)
	}
	for _, path := range []string{"/", "/v1", "/v1/", "/v1/batch/", "/v1//batch", "/v2/batch", "/v1/x", "/v1/projects/k", "/v1/projects//settings", "/v1/projects/a/b/settings"} {
		if a := c.do(http.MethodPost, path, "{}"); a.status != http.StatusNotFound {
			t.Errorf("POST %s: %d, want 404", path, a.status)
		}
	}
	if a := c.do(http.MethodPost, "/v1/projects/k/settings", ""); a.status != http.StatusMethodNotAllowed {
		t.Errorf("POST settings: %d", a.status)
	}
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	const body = `{"userId":"u","event":"e"}`
	tests := []struct {
		name     string
		encoding string
		body     string
		want     int
		rule     string
	}{
		{"gzip", "gzip", gzipped(t, body), 200, ""},
		{"identity", "identity", body, 200, ""},
		{"not gzip", "gzip", body, 400, "malformed-gzip"},
		{"cut gzip", "gzip", gzipped(t, body)[:20], 400, "malformed-gzip"},
		{"gzip and then something", "gzip", gzipped(t, body) + "x", 400, "malformed-gzip"},
		{"another encoding", "br", body, 400, "unknown-encoding"},
		{"gzip twice", "gzip", gzipped(t, gzipped(t, body)), 400, "malformed-body"},
		{"too large when decompressed", "gzip", gzipped(t, strings.Repeat(" ", 40_000)+body), 200, "call-too-large"},
		{"a bomb", "gzip", gzipped(t, strings.Repeat(" ", 3<<20)+body), 200, "body-too-large"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, emulator.Config{MaxBodyBytes: 1 << 20})
			c.header.Set("Content-Encoding", test.encoding)
			c.header.Set("Content-Type", "text/plain")
			c.post("/v1/track", test.body, test.want)
			if got := c.last().Rule; got != test.rule {
				t.Errorf("rule %q, want %q", got, test.rule)
			}
		})
	}
}

func TestBodyTooLarge(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{MaxBodyBytes: 1000})
	body := `{"batch":[` + strings.Repeat(" ", 1000) + `]}`
	c.post("/v1/batch", body, http.StatusOK)
	c.strict = true
	c.post("/v1/batch", body, http.StatusBadRequest)
	if s := c.stats(); s.Messages != (emulator.MessageCounts{Dropped: 1, Rejected: 1}) {
		t.Errorf("%+v", s)
	}
}

func TestLimitsAreSwitchable(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{MaxCallBytes: -1, MaxBatchBytes: -1})
	big := `{"type":"track","userId":"u","event":"e","properties":{"p":"` + strings.Repeat("x", 600_000) + `"}}`
	c.post("/v1/track", big, http.StatusOK)
	c.post("/v1/batch", `{"batch":[`+big+`]}`, http.StatusOK)
	if s := c.stats(); s.Messages.Accepted != 2 || s.Bytes < 1_200_000 {
		t.Errorf("%+v", s)
	}
}

// TestStrictModeIsOneExactly sends the header with values that have no meaning.
func TestStrictModeIsOneExactly(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]int{"1": 400, "": 200, "0": 200, "2": 200, "true": 200, "11": 200} {
		c := newClient(t, emulator.Config{})
		c.header.Set("X-Strict-Mode", value)
		c.post("/v1/track", `{"userId":"u"}`, want)
	}
}
