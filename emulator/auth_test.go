package emulator_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	basic := func(userinfo string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(userinfo))
	}
	const message = `{"userId":"u","event":"e"}`
	withKey := func(key string) string { return strings.Replace(message, "{", `{"writeKey":"`+key+`",`, 1) }
	tests := []struct {
		name          string
		authorization string
		body          string
		permissive    int
		strict        int
		rule          string
	}{
		{"header", basic("known:"), message, 200, 200, ""},
		{"body", "", withKey("known"), 200, 200, ""},
		{"header before body", basic("known:"), withKey("other"), 200, 200, ""},
		{"unknown", basic("other:"), message, 200, 401, "unknown-key"},
		{"unknown in the body", "", withKey("other"), 200, 401, "unknown-key"},
		{"reserved", basic("_unknown:"), message, 200, 401, "unknown-key"},
		{"none", "", message, 401, 401, "missing-key"},
		{"empty", basic(":"), message, 401, 401, "missing-key"},
		{"bearer", "Bearer known", message, 401, 401, "bearer-key"},
		{"bearer in lower case", "bearer known", message, 401, 401, "bearer-key"},
		{"bearer without a token", "Bearer ", message, 401, 401, "missing-key"},
		{"bearer, and a key in the body", "Bearer other", withKey("known"), 200, 200, ""},
		{"without a colon", basic("known"), message, 401, 401, "key-without-colon"},
		{"without a colon, and a key in the body", basic("other"), withKey("known"), 200, 200, ""},
		{"another scheme", "Digest known", message, 401, 401, "missing-key"},
		{"not base64", "Basic ???", message, 401, 401, "missing-key"},
		{"password", basic("known:secret"), message, 200, 401, "password-with-key"},
		{"no key and no JSON", "", "{", 400, 400, "malformed-body"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for mode, want := range []int{test.permissive, test.strict} {
				c := newClient(t, emulator.Config{Keys: []string{"known", "second"}})
				c.key = ""
				c.strict = mode == 1
				if test.authorization != "" {
					c.header.Set("Authorization", test.authorization)
				}
				a := c.post("/v1/track", test.body, want)
				if strings.Contains(a.body, "secret") || strings.Contains(a.body, "other") {
					t.Errorf("answer %s repeats a credential", a.body)
				}
				if test.rule == "" {
					if s, err := c.srv.Stats("known"); err != nil || s.Events != 1 {
						t.Errorf("stats %+v, %v; want the event", s, err)
					}
					continue
				}
				c.key = emulator.UnknownKey
				if r := c.last(); r.Rule != test.rule {
					t.Errorf("rule %q, want %q", r.Rule, test.rule)
				}
				if s := c.stats(); s.Requests != 1 || s.People != 0 {
					t.Errorf("stats %+v, want one request and nobody", s)
				}
			}
		})
	}
}

func TestWorkspaces(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{MaxWorkspaces: 2})
	if s, err := c.srv.Stats(""); err != nil || s != (emulator.Stats{}) {
		t.Errorf("no workspace: %+v, %v; want zeros", s, err)
	}
	c.key = "one"
	c.post("/v1/identify", `{"userId":"u","traits":{"in":"one"}}`, 200)
	if s, err := c.srv.Stats(""); err != nil || s.People != 1 {
		t.Errorf("the only workspace: %+v, %v", s, err)
	}
	c.key = "two"
	c.post("/v1/identify", `{"userId":"u","traits":{"in":"two"}}`, 200)
	c.post("/v1/identify", `{"userId":"v"}`, 200)
	if _, err := c.srv.Stats(""); !errors.Is(err, emulator.ErrAmbiguous) || !strings.Contains(err.Error(), "2") {
		t.Errorf("two workspaces and no key: %v", err)
	}
	if got := c.traits("u"); got != `{"in":"two"}` {
		t.Errorf("traits %s", got)
	}
	c.key = "one"
	if got := c.traits("u"); got != `{"in":"one"}` {
		t.Errorf("traits %s", got)
	}
	if s := c.stats(); s.People != 1 {
		t.Errorf("%+v", s)
	}
	c.key = "three"
	c.strict = true
	c.post("/v1/identify", `{"userId":"u"}`, http.StatusUnauthorized)
	if got := strings.Join(c.srv.Keys(), ","); got != "one,two" {
		t.Errorf("keys %s", got)
	}
	if s, err := c.srv.Stats("three"); err != nil || s != (emulator.Stats{}) {
		t.Errorf("a key not seen: %+v, %v; want zeros", s, err)
	}
	if err := c.srv.ResetWorkspace("one"); err != nil {
		t.Fatal(err)
	}
	if s, _ := c.srv.Stats("one"); s != (emulator.Stats{}) {
		t.Errorf("after its reset: %+v", s)
	}
	if s, _ := c.srv.Stats("two"); s.People != 2 {
		t.Errorf("after the other's reset: %+v", s)
	}
	c.srv.Reset()
	if got := c.srv.Keys(); len(got) != 0 {
		t.Errorf("keys after reset: %v", got)
	}
	if s, err := c.srv.Stats(emulator.UnknownKey); err != nil || s != (emulator.Stats{}) {
		t.Errorf("unknown after reset: %+v, %v", s, err)
	}

	listed := emulator.New(emulator.Config{Keys: []string{"a"}})
	if _, err := listed.Stats("b"); !errors.Is(err, emulator.ErrNotFound) {
		t.Errorf("a key that is not listed: %v", err)
	}
	listed.Reset()
	if got := listed.Keys(); len(got) != 1 {
		t.Errorf("listed keys after reset: %v", got)
	}
}
