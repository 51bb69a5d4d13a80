package emulator_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// TestTraitConflicts sends traits that cannot be stored as they were sent.
func TestTraitConflicts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		traits   string
		want     string // the traits of u afterwards
		warnings string
	}{
		{"an email that is not a string", `{"email":5}`, `{"email":"u@b.example"}`, "reserved-trait"},
		{"a blank email", `{"email":" "}`, `{"email":"u@b.example"}`, "reserved-trait"},
		{"the email in another case", `{"email":"U@b.example"}`, `{"email":"U@b.example"}`, ""},
		{"the same id", `{"id":"u"}`, `{"email":"u@b.example"}`, ""},
		{"an id that is not a string", `{"id":{}}`, `{"email":"u@b.example"}`, "reserved-trait"},
		{"an anonymous_id that is not a string", `{"anonymous_id":5}`, `{"email":"u@b.example"}`, "reserved-trait"},
		{"a preference too deep", `{"cio_subscription_preferences.a.b.c.d.e.f.g.h.i":1}`, `{"email":"u@b.example"}`, "reserved-trait"},
		{"a long name of a long value", `{"` + strings.Repeat("n", 200) + `":"` + strings.Repeat("v", 2000) + `"}`,
			`{"email":"u@b.example","` + strings.Repeat("n", 200) + `":"` + strings.Repeat("v", 2000) + `"}`, "attribute-name-length,attribute-value-length"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, emulator.Config{})
			c.send(`{"type":"identify","userId":"u","traits":{"email":"u@b.example"}}`, `{"type":"identify","userId":"u","traits":`+test.traits+`}`)
			r := c.last()
			if got := c.traits("u"); got != test.want || warnings(r) != test.warnings || r.Verdict != accepted {
				t.Errorf("traits %s\nwant   %s\n%s, warnings %q, want %q", got, test.want, r.Verdict, warnings(r), test.warnings)
			}
			for _, w := range r.Warnings {
				if len(w.Field)+len(w.Reason) > 400 {
					t.Errorf("the warning repeats what was sent: %d bytes", len(w.Field)+len(w.Reason))
				}
			}
			if c.person("email:u@b.example") == "" {
				t.Error("the person lost the email address")
			}
		})
	}
}

func TestIDTakenByTrait(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	c.send(`{"type":"identify","userId":"u"}`, `{"type":"identify","userId":"a@b.example","traits":{"id":"u"}}`)
	if got := warnings(c.last()); got != "reserved-trait" || c.stats().People != 2 {
		t.Errorf("warnings %q, %+v", got, c.stats())
	}
	c.send(`{"type":"track","userId":"gone","event":"User Suppressed"}`, `{"type":"identify","userId":"a@b.example","traits":{"id":"gone"}}`)
	if got := warnings(c.last()); got != "reserved-trait" {
		t.Errorf("a suppressed id by trait: warnings %q", got)
	}
	c.send(`{"type":"identify","userId":"a@b.example","traits":{"id":7}}`)
	if c.person("7") == "" {
		t.Error("a numeric id in a trait was not accepted")
	}
}

func TestAliasOfNobody(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{MergeOnAlias: true})
	c.send(`{"type":"alias","previousId":"old","userId":"new"}`)
	if r := c.last(); r.Verdict != accepted || warnings(r) != "nothing-to-delete" || c.stats().People != 0 {
		t.Errorf("%s, %q, %+v", r.Verdict, warnings(r), c.stats())
	}
	c.send(`{"type":"identify","userId":"u"}`, `{"type":"alias","previousId":"u","userId":"u"}`)
	if c.stats().People != 1 {
		t.Errorf("merging a person into themselves: %+v", c.stats())
	}
	c.send(`{"type":"track","userId":"gone","event":"User Suppressed"}`, `{"type":"alias","previousId":"u","userId":"gone"}`)
	if r := c.last(); r.Rule != "suppressed" || c.stats().People != 1 {
		t.Errorf("merging into a suppressed person: rule %q, %+v", r.Rule, c.stats())
	}
}

// TestDeletedObjectStaysDeleted identifies an anonymousId that had a
// relationship to an object which was then deleted.
func TestDeletedObjectStaysDeleted(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	c.send(`{"type":"group","anonymousId":"a","groupId":"g"}`, `{"type":"group","anonymousId":"a","groupId":"h"}`,
		`{"type":"track","anonymousId":"x","event":"Object Deleted","properties":{"objectId":"g"}}`,
		`{"type":"identify","userId":"u","anonymousId":"a"}`)
	if s := c.stats(); s.Objects != 1 || s.Relationships != 1 {
		t.Errorf("%+v, want h alone", s)
	}
	c.send(`{"type":"group","anonymousId":"a","groupId":"i"}`)
	if s := c.stats(); s.Objects != 2 || s.Relationships != 2 {
		t.Errorf("%+v, want the person related through their anonymousId", s)
	}
	c.send(`{"type":"track","userId":"u","event":"Relationship Deleted","properties":{"objectId":"nothing"}}`)
	if got := warnings(c.last()); got != "nothing-to-delete" {
		t.Errorf("warnings %q", got)
	}
}

func TestSettingsOfUnknownKey(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{Keys: []string{"known"}})
	if a := c.do(http.MethodGet, "/v1/projects/known/settings", ""); a.status != http.StatusOK {
		t.Errorf("known: %d", a.status)
	}
	if a := c.do(http.MethodGet, "/v1/projects/other/settings", ""); a.status != http.StatusNotFound {
		t.Errorf("unknown: %d", a.status)
	}
}
