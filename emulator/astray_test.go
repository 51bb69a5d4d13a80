package emulator_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// TestAstray makes calls whose path or method the API does not have. Each is
// answered in JSON, reported to OnRequest, and counted in the workspace of its
// key.
func TestAstray(t *testing.T) {
	t.Parallel()
	const track = `{"userId":"u","event":"e"}`
	const batch = `{"batch":[{"type":"track","userId":"u","event":"e"},{"type":"identify","userId":"u"}]}`
	tests := []struct {
		method, path, body string
		status             int
		rule, says         string
		messages           uint64
		shown              string
	}{
		{"POST", "/track", track, 404, "unknown-path", "it lacks /v1", 1, "/track"},
		{"POST", "/batch", batch, 404, "unknown-path", "it lacks /v1", 2, "/batch"},
		{"POST", "/b", batch, 404, "unknown-path", "it lacks /v1", 2, "/b"},
		{"POST", "/v1/v1/track", track, 404, "unknown-path", "it has /v1 twice", 1, "/v1/v1/track"},
		{"POST", "//v1/track", track, 404, "unknown-path", "two slashes", 1, "//v1/track"},
		{"POST", "/v1//batch", batch, 404, "unknown-path", "two slashes", 2, "/v1//batch"},
		{"POST", "/v1/track/", track, 404, "unknown-path", "", 1, "/v1/track/"},
		{"POST", "/v1/trak", track, 404, "unknown-path", "no such path", 1, "/v1/*"},
		{"POST", "/v1", track, 404, "unknown-path", "", 1, "/v1"},
		{"POST", "/", track, 404, "unknown-path", "", 1, "/"},
		{"POST", "/events", track, 404, "unknown-path", "", 1, "/events"},
		{"POST", "/people", "", 404, "unknown-path", "", 1, "/*"},
		{"PUT", "/messages", track, 404, "unknown-path", "", 1, "/*"},
		{"PUT", "/api/v1/customers/ann@shop.example", `{"email":"ann@shop.example"}`, 404, "unknown-path", "Track API", 1, "/api/v1/customers/*"},
		{"POST", "/api/v1/customers/ann/events", `{"name":"e"}`, 404, "unknown-path", "Track API", 1, "/api/v1/customers/*/events"},
		{"DELETE", "/api/v1/customers/ann/devices/token", "", 404, "unknown-path", "Track API", 1, "/api/v1/customers/*/devices/*"},
		{"POST", "/api/v2/batch", batch, 404, "unknown-path", "Track API", 1, "/api/v2/batch"},
		{"GET", "/api/v1/accounts/region", "", 404, "unknown-path", "Track API", 1, "/api/v1/accounts/region"},
		{"GET", "//v1/projects/secretkey/settings", "", 404, "unknown-path", "two slashes", 1, "//v1/projects/*/settings"},
		{"GET", "/v1/analytics-js/snippet/secretkey/analytics.min.js", "", 404, "unknown-path", "cdnURL", 1, "/v1/analytics-js/snippet/*/analytics.min.js"},
		{"GET", "/v1/track", "", 405, "wrong-method", "POST", 1, "/v1/track"},
		{"PUT", "/v1/batch", batch, 405, "wrong-method", "POST", 2, "/v1/batch"},
		{"POST", "/track", "{", 404, "unknown-path", "it lacks /v1", 1, "/track"},
		{"POST", "/track", "", 404, "unknown-path", "it lacks /v1", 1, "/track"},
	}
	for _, strict := range []bool{false, true} {
		for _, test := range tests {
			var told []emulator.Request
			c := newClient(t, emulator.Config{Keys: []string{"key"}, OnRequest: func(r emulator.Request) { told = append(told, r) }})
			c.strict = strict
			// A fault affects only calls of the API.
			if err := c.srv.AddFault(emulator.Fault{Path: "/v1/nothing", Status: 500}); err != nil {
				t.Fatal(err)
			}
			a := c.do(test.method, test.path, test.body)
			var answer struct {
				Code, Message string
				Meta          struct{ Errors []string }
			}
			if err := json.Unmarshal([]byte(a.body), &answer); err != nil || !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") || a.header.Get(emulator.Header) != "1" {
				t.Fatalf("%s %s: %s %q, %v", test.method, test.path, a.header.Get("Content-Type"), a.body, err)
			}
			if a.status != test.status || answer.Code == "" || len(answer.Meta.Errors) != 1 || !strings.Contains(answer.Message, test.rule) || !strings.Contains(answer.Message, test.says) {
				t.Errorf("%s %s: %d %s; want %d with %s, %q", test.method, test.path, a.status, a.body, test.status, test.rule, test.says)
			}
			if got := c.stats(); got.Requests != 1 || got.Messages != (emulator.MessageCounts{Rejected: test.messages}) || got.People+got.Events > 0 {
				t.Errorf("%s %s: %+v", test.method, test.path, got)
			}
			if len(told) != 1 || told[0].Path != test.shown || told[0].Status != test.status {
				t.Errorf("%s %s: reported %+v, want %s", test.method, test.path, told, test.shown)
			}
			text := encode(t, told)
			if strings.Contains(text, "secretkey") || strings.Contains(text, "ann") || strings.Contains(a.body, "secretkey") {
				t.Errorf("%s %s: a key or a person is in %s %s", test.method, test.path, text, a.body)
			}
		}
	}
}

// TestAstrayInThePage shows such a call. It cannot be repeated.
func TestAstrayInThePage(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	c.post("/batch", `{"batch":[{"type":"identify","userId":"u"}]}`, http.StatusNotFound)
	a := c.do(http.MethodGet, "/requests/1", "")
	if a.status != 200 || !strings.Contains(a.body, "unknown-path") || strings.Contains(a.body, "/requests/1/replay") || strings.Contains(a.body, `id="curl"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	c.header.Set("Content-Type", "application/x-www-form-urlencoded")
	if a := c.do(http.MethodPost, "/requests/1/replay", ""); a.status != http.StatusNotFound {
		t.Errorf("replay: %d", a.status)
	}
}

// TestForeignHost calls the server under a name that it does not accept, such
// as the name of a container.
func TestForeignHost(t *testing.T) {
	t.Parallel()
	var told []emulator.Request
	srv := emulator.New(emulator.Config{OnRequest: func(r emulator.Request) { told = append(told, r) }})
	for _, path := range []string{"/v1/track", "/track", "/v1/projects/k/settings"} {
		told = nil
		w := httptest.NewRecorder()
		srv.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "http://emulator:8110"+path, strings.NewReader(`{"userId":"u","event":"e"}`)))
		if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "--allow-host") || len(told) != 1 || told[0].Rules[0] != "foreign-host" {
			t.Errorf("%s: %d %s, reported %+v", path, w.Code, w.Body, told)
		}
	}
	told = nil
	w := httptest.NewRecorder()
	srv.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://emulator:8110/_emulator/stats", nil))
	if w.Code != http.StatusForbidden || len(told) > 0 {
		t.Errorf("the inspection: %d, reported %+v", w.Code, told)
	}
	if keys := srv.Keys(); len(keys) > 0 {
		t.Errorf("workspaces %v", keys)
	}
}

// TestReadingOpensNothing reads with keys under which nothing was sent,
// everywhere that a key is accepted.
func TestReadingOpensNothing(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{})
	for _, path := range []string{"/v1/customers?email=a@b.example", "/v1/customers/u/attributes", "/v1/customers/u/relationships", "/v1/customers/u/activities",
		"/v1/activities", "/v1/projects/other/settings", "/_emulator/stats?key=other", "/_emulator/people?key=other", "/_emulator/messages?key=other",
		"/_emulator/snapshot?key=other", "/?w=other", "/track", "/v1/track", "/api/v1/customers/u"} {
		for _, authorization := range []string{"Bearer other", "Basic b3RoZXI6"} {
			r := httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil)
			r.Header.Set("Authorization", authorization)
			w := httptest.NewRecorder()
			srv.ServeHTTP(w, r)
			if keys := srv.Keys(); len(keys) > 0 {
				t.Fatalf("%s with %s opened %v", path, authorization, keys)
			}
			if strings.HasPrefix(authorization, "Bearer") && strings.HasPrefix(path, "/v1/activities") && w.Code != http.StatusOK {
				t.Errorf("%s: %d %s, want an empty log", path, w.Code, w.Body)
			}
		}
	}
}
