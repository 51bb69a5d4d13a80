package emulator

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// FuzzMembers compares reading the members of valid JSON with encoding/json.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` { } `, `{"a":1,"b":[{"c":"]}"}],"a":null}`, `[1,"\"",{"x":[]},[[]]]`,
		`{"\u0061\"":"\\","":{}}`, "\t{\n\"a\" : true ,\r\"b\" : -1.5e+3 }", `[]`, `[ ]`, `{"a":{"b":{"c":{}}}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if checkJSON([]byte(text)).rule == noRule {
			got := make(map[string]any)
			for name, raw := range rawjson.Members(text) {
				got[name] = decodeAny(t, raw)
			}
			var want map[string]any
			if err := json.Unmarshal([]byte(text), &want); err != nil {
				return // a number that does not fit into a float64
			}
			// encoding/json does not merge into a value of type any, so the
			// last name counts here too.
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("members of %q: %v, want %v", text, got, want)
			}
			for name := range want {
				if !reflect.DeepEqual(decodeAny(t, rawjson.Member(text, name)), want[name]) {
					t.Fatalf("member %q of %q: %s", name, text, rawjson.Member(text, name))
				}
			}
		}
		if trimmed := strings.TrimSpace(text); json.Valid([]byte(text)) && trimmed[0] == '[' {
			got := []any{}
			for raw := range rawjson.Elements(text) {
				got = append(got, decodeAny(t, raw))
			}
			var want []any
			if err := json.Unmarshal([]byte(text), &want); err == nil && !reflect.DeepEqual(got, want) {
				t.Fatalf("elements of %q: %v, want %v", text, got, want)
			}
		}
	})
}

func decodeAny(t *testing.T, raw string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(raw), &v); err != nil && !strings.Contains(err.Error(), "number") {
		t.Fatalf("raw value %q: %v", raw, err)
	}
	return v
}

// FuzzDates checks that converted dates are valid JSON, and that nothing but
// dates changes.
func FuzzDates(f *testing.F) {
	for _, seed := range []string{`{"a":"2021-01-01"}`, `{"a":{"b":"2021-01-01T00:00:00.123456+0100","\"":[1]}}`, `"0000-01-01T00:00:00+23:59"`, `"2021-01-01T00:00:00.1234567Z"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if !json.Valid([]byte(raw)) {
			return
		}
		raw = strings.TrimSpace(raw)
		got := unixDates(raw, 0)
		if !json.Valid([]byte(got)) {
			t.Fatalf("%s became %s", raw, got)
		}
		if !strings.Contains(raw, "-") && !strings.Contains(raw, `\u002`) && got != raw {
			t.Fatalf("%s became %s, without a date in it", raw, got)
		}
	})
}

func TestParseISO(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want string // "" if it is not a date
	}{
		{"2021-01-02", "2021-01-02T00:00:00Z"},
		{"2021-01-02T03:04", "2021-01-02T03:04:00Z"},
		{"2021-01-02T03:04Z", "2021-01-02T03:04:00Z"},
		{"2021-01-02T03:04+01:00", "2021-01-02T02:04:00Z"},
		{"2021-01-02T03:04-0130", "2021-01-02T04:34:00Z"},
		{"2021-01-02T03:04:05", "2021-01-02T03:04:05Z"},
		{"2021-01-02T03:04:05Z", "2021-01-02T03:04:05Z"},
		{"2021-01-02T03:04:05+0100", "2021-01-02T02:04:05Z"},
		{"2021-01-02T03:04:05.1", "2021-01-02T03:04:05.1Z"},
		{"2021-01-02T03:04:05.123456Z", "2021-01-02T03:04:05.123456Z"},
		{"2021-01-02T03:04:05.123456-05:00", "2021-01-02T08:04:05.123456Z"},
		{"2020-02-29", "2020-02-29T00:00:00Z"},
		{"2021-01-02T03:04:05.1234567Z", ""},
		{"2021-02-29", ""},
		{"2021-01-02T", ""},
		{"2021-01-02T03", ""},
		{"2021-01-02T03:04:", ""},
		{"2021-01-02T03:04:5", ""},
		{"2021-01-02T03:04:05.", ""},
		{"2021-01-02T03:04.5", ""},
		{"2021-01-02T24:00:00Z", ""},
		{"2021-01-02 03:04:05", ""},
		{"2021-01-02t03:04:05z", ""},
		{"2021-01-02T03:04:05Z ", ""},
		{"2021-1-2", ""},
		{"20210102", ""},
		{"0000-01-01T00:00:00+01:00", ""},
		{"", ""},
	}
	for _, test := range tests {
		at, ok := parseISO(test.text, 6)
		got := ""
		if ok {
			got = at.Format(time.RFC3339Nano)
		}
		if got != test.want {
			t.Errorf("%q: %q, want %q", test.text, got, test.want)
		}
	}
	if _, ok := parseISO("2021-01-02T03:04:05.123456789Z", 9); !ok {
		t.Error("a timestamp may have nine digits")
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	tests := []struct {
		userID, email string
		want          identifier
	}{
		{"u", "a@b.example", identifier{byID, "u"}},
		{"00012", "", identifier{byID, "00012"}},
		{"A@b.example", "c@d.example", identifier{byEmail, "a@b.example"}},
		{"", "A@b.example", identifier{byEmail, "a@b.example"}},
		{"cio_3000001", "a@b.example", identifier{byCustomerIOID, "3000001"}},
		{"cio_", "", identifier{byID, "cio_"}},
		{"a@b", "", identifier{byID, "a@b"}},
		{"@b.example", "", identifier{byID, "@b.example"}},
		{"a b@c.example", "", identifier{byID, "a b@c.example"}},
		{"a@b@c.example", "", identifier{byID, "a@b@c.example"}},
		{"a@b..example", "", identifier{byID, "a@b..example"}},
		{"a@b.example.", "", identifier{byID, "a@b.example."}},
	}
	for _, test := range tests {
		if got, known := resolve(test.userID, test.email); got != test.want || !known {
			t.Errorf("resolve(%q, %q) = %v, %v; want %v", test.userID, test.email, got, known, test.want)
		}
	}
	if got, known := resolve("", ""); known {
		t.Errorf("nobody resolves to %v", got)
	}
}

// TestRules checks that the table is complete, and that its texts have the form
// that answers need.
func TestRules(t *testing.T) {
	t.Parallel()
	kebab := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	seen := make(map[string]bool)
	for _, r := range Rules() {
		if !kebab.MatchString(r.ID) || seen[r.ID] {
			t.Errorf("rule %q: not in kebab case, or twice", r.ID)
		}
		seen[r.ID] = true
		if !strings.HasSuffix(r.Reason, ".") || !strings.HasSuffix(r.Hint, ".") {
			t.Errorf("rule %s: reason and hint must be sentences: %q, %q", r.ID, r.Reason, r.Hint)
		}
		switch r.Effect {
		case EffectRefuses, EffectRejectsAlways, EffectDropsAlways, EffectWarns:
		default:
			t.Errorf("rule %s: effect %q", r.ID, r.Effect)
		}
	}
	if got := (finding{ruleCallTooLarge, "", "5 bytes"}).export().Reason; got != "The call is larger than one call may be (5 bytes)." {
		t.Errorf("reason %q", got)
	}
}

func TestAssumptions(t *testing.T) {
	t.Parallel()
	config := reflect.TypeFor[Config]()
	for _, a := range Assumptions() {
		if a.Switch != "" {
			if _, found := config.FieldByName(a.Switch); !found {
				t.Errorf("%q: Config has no field %s", a.Behaviour, a.Switch)
			}
		}
		if !slices.Contains([]string{high, medium, low}, a.Confidence) || a.Source == "" || !strings.HasSuffix(a.Behaviour, ".") {
			t.Errorf("incomplete: %+v", a)
		}
	}
}

// TestCatalogue compares what the code does with semantic events with what the
// generated catalogue says about them.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	if len(semanticEvents) != 72 || len(semanticByFold) != 72 {
		t.Fatalf("%d semantic events, %d after folding; want 72", len(semanticEvents), len(semanticByFold))
	}
	for _, e := range semanticEvents {
		ws := newWorkspace(&Config{MaxMessages: 1}, "key")
		m := decodedMessage{kind: kindTrack, userID: "u", anonymousID: "a", event: e.name,
			properties: `{"objectId":"o"}`, context: `{"device":{"token":"t"}}`}
		m.validate()
		if m.broken.rule != noRule {
			t.Errorf("%s: refused: %+v", e.name, m.broken)
			continue
		}
		ws.apply(&m, time.Time{})
		if acts := ws.events == 0; acts != e.acts {
			t.Errorf("%s: acts %v, the catalogue says %v", e.name, acts, e.acts)
		}
		for _, by := range []string{"userId", "anonymousId"} {
			without := decodedMessage{kind: kindTrack, userID: "u", anonymousID: "a", event: e.name,
				properties: m.properties, context: m.context}
			if by == "userId" {
				without.userID = ""
			} else {
				without.anonymousID = ""
			}
			without.validate()
			if needed := without.broken.rule != noRule; needed != (e.by == by) {
				t.Errorf("%s: needs %s %v, the catalogue says it needs %q", e.name, by, needed, e.by)
			}
		}
	}
}

func TestFormerRulesAreRead(t *testing.T) {
	t.Parallel()
	for former, want := range map[string]ruleID{"request-refused": ruleOtherMessage, "refused-by-config": ruleConfigRefuse, "missing-event": ruleMissingEvent} {
		if got := ruleByID(former); got != want {
			t.Errorf("%s is read as %s", former, ruleTable[got].ID)
		}
	}
}
