package emulator_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio/emulator"
)

// TestSwitches shows what each switch of an assumption changes: the statuses of
// calls in strict mode, and the verdicts of their messages.
func TestSwitches(t *testing.T) {
	t.Parallel()
	big := `{"userId":"u","traits":{"x":"` + strings.Repeat("x", 33_000) + `"}}`
	const suppress = `{"userId":"s","event":"User Suppressed"}`
	type step struct{ path, body string }
	tests := []struct {
		name    string
		config  emulator.Config
		lax     bool // without the header
		steps   []step
		status  int // of the last step
		verdict string
		people  int
	}{
		{"strict by header", emulator.Config{}, false, []step{{"/v1/identify", `{}`}}, 400, "rejected missing-identity", 0},
		{"permissive", emulator.Config{}, true, []step{{"/v1/identify", `{}`}}, 200, "dropped missing-identity", 0},
		{"forced strict", emulator.Config{Strict: true}, true, []step{{"/v1/identify", `{}`}}, 400, "rejected missing-identity", 0},
		{"oversize", emulator.Config{}, false, []step{{"/v1/identify", big}}, 400, "rejected call-too-large", 0},
		{"oversize dropped", emulator.Config{DropOversize: true}, false, []step{{"/v1/identify", big}}, 200, "dropped call-too-large", 0},
		{"oversize batch dropped", emulator.Config{DropOversize: true, MaxBatchBytes: 50}, false,
			[]step{{"/v1/batch", `{"batch":[{"type":"identify","userId":"u"},{"type":"identify","userId":"v"}]}`}}, 200, "dropped batch-too-large,dropped batch-too-large", 0},
		{"oversize item dropped", emulator.Config{DropOversize: true, MaxCallBytes: 40}, false,
			[]step{{"/v1/batch", `{"batch":[{"type":"identify","userId":"u"},{"type":"identify","userId":"u","traits":{"a":1}}]}`}}, 200, "dropped other-message-invalid,dropped message-too-large", 0},
		{"oversize body dropped", emulator.Config{DropOversize: true, MaxBodyBytes: 100}, false, []step{{"/v1/identify", big}}, 200, "dropped body-too-large", 0},
		{"complete batch refused", emulator.Config{}, false,
			[]step{{"/v1/batch", `{"batch":[{"type":"identify","userId":"u"},{"type":"identify"}]}`}}, 400, "rejected other-message-invalid,rejected missing-identity", 0},
		{"batch refused by item", emulator.Config{RefuseItems: true}, false,
			[]step{{"/v1/batch", `{"batch":[{"type":"identify","userId":"u"},{"type":"identify"}]}`}}, 400, "accepted,rejected missing-identity", 1},
		{"suppressed", emulator.Config{}, false, []step{{"/v1/track", suppress}, {"/v1/identify", `{"userId":"s"}`}}, 200, "dropped suppressed", 0},
		{"suppressed rejected", emulator.Config{RejectSuppressed: true}, false,
			[]step{{"/v1/track", suppress}, {"/v1/identify", `{"userId":"s"}`}}, 400, "rejected suppressed", 0},
		{"suppressed rejected in strict mode only", emulator.Config{RejectSuppressed: true}, true,
			[]step{{"/v1/track", suppress}, {"/v1/track", `{"userId":"s","event":"e"}`}}, 200, "dropped suppressed", 0},
		{"suppressed can be unsuppressed", emulator.Config{RejectSuppressed: true}, false,
			[]step{{"/v1/track", suppress}, {"/v1/track", `{"userId":"s","event":"User Unsuppressed"}`}}, 200, "accepted", 0},
		{"a duplicate", emulator.Config{}, false,
			[]step{{"/v1/track", `{"messageId":"m","userId":"u","event":"e"}`}, {"/v1/track", `{"messageId":"m","userId":"u","event":"e"}`}}, 200, "accepted", 1},
		{"a duplicate dropped", emulator.Config{DedupWindow: time.Hour}, false,
			[]step{{"/v1/track", `{"messageId":"m","userId":"u","event":"e"}`}, {"/v1/track", `{"messageId":"m","userId":"u","event":"e"}`}}, 200, "dropped duplicate", 1},
		{"a duplicate in its batch", emulator.Config{DedupWindow: time.Hour}, false,
			[]step{{"/v1/batch", `{"batch":[{"type":"identify","messageId":"m","userId":"u"},{"type":"identify","messageId":"m","userId":"v"}]}`}}, 200, "accepted,dropped duplicate", 1},
		{"what was dropped has no duplicate", emulator.Config{DedupWindow: time.Hour, DropUnknownPeople: true}, false,
			[]step{{"/v1/track", `{"messageId":"m","userId":"u","event":"e"}`}, {"/v1/identify", `{"userId":"u"}`}, {"/v1/track", `{"messageId":"m","userId":"u","event":"e"}`}}, 200, "accepted", 1},
		{"without an id", emulator.Config{DedupWindow: time.Hour}, false,
			[]step{{"/v1/track", `{"userId":"u","event":"e"}`}, {"/v1/track", `{"userId":"u","event":"e"}`}}, 200, "accepted", 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, test.config)
			c.strict = !test.lax
			var a answer
			for _, step := range test.steps {
				a = c.do(http.MethodPost, step.path, step.body)
			}
			if a.status != test.status {
				t.Errorf("status %d, want %d; %s", a.status, test.status, a.body)
			}
			records, err := c.srv.Messages(emulator.MessagesQuery{Key: c.key})
			if err != nil {
				t.Fatal(err)
			}
			var verdicts []string
			for _, r := range records.Messages {
				if r.Request == records.Messages[0].Request {
					verdicts = append([]string{strings.TrimSpace(string(r.Verdict) + " " + r.Rule)}, verdicts...)
				}
			}
			if got := strings.Join(verdicts, ","); got != test.verdict {
				t.Errorf("verdicts %q, want %q", got, test.verdict)
			}
			if got := c.stats().People; got != test.people {
				t.Errorf("%d people, want %d", got, test.people)
			}
		})
	}
}

// TestDedupWindowEnds moves the clock past the window.
func TestDedupWindowEnds(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{DedupWindow: time.Hour})
	c.srv.SetClock(time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC), true)
	var got []string
	for range 4 {
		c.send(`{"type":"track","messageId":"m","userId":"u","event":"e"}`)
		got = append(got, string(c.last().Verdict))
		c.srv.AdvanceClock(40 * time.Minute)
	}
	if want := "accepted dropped accepted dropped"; strings.Join(got, " ") != want {
		t.Errorf("every 40 minutes: %v, want %s", got, want)
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{RateLimit: 3})
	c.srv.SetClock(time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC), true)
	var got []int
	for range 8 {
		got = append(got, c.do(http.MethodPost, "/v1/identify", `{"userId":"u"}`).status)
		c.srv.AdvanceClock(600 * time.Millisecond)
	}
	// The fourth and fifth calls are 1.8 and 2.4 s after the first, the sixth
	// is 3 s after it.
	want := []int{200, 200, 200, 429, 429, 200, 200, 200}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("statuses %v, want %v", got, want)
		}
	}
	if s := c.stats(); s.Messages != (emulator.MessageCounts{Accepted: 6, Rejected: 2}) {
		t.Errorf("%+v", s.Messages)
	}
	c.srv.SetClock(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), true)
	if a := c.do(http.MethodPost, "/v1/identify", `{"userId":"u"}`); a.status != http.StatusOK {
		t.Errorf("after the clock was set back: %d", a.status)
	}
}

// TestBrowserCalls makes the calls that a browser allows to a page of another
// origin.
func TestBrowserCalls(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{})
	call := func(method, path string, header map[string]string) *http.Response {
		r := httptest.NewRequest(method, "http://localhost:8110"+path, strings.NewReader(`{"userId":"u","writeKey":"k"}`))
		r.Header.Set("Origin", "https://shop.example")
		for name, value := range header {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		srv.ServeHTTP(w, r)
		return w.Result()
	}
	preflight := call(http.MethodOptions, "/v1/i", map[string]string{"Access-Control-Request-Method": "POST", "Access-Control-Request-Private-Network": "true"})
	if preflight.StatusCode != http.StatusNoContent || preflight.Header.Get("Access-Control-Allow-Origin") != "*" ||
		!strings.Contains(preflight.Header.Get("Access-Control-Allow-Headers"), "Authorization") ||
		preflight.Header.Get("Access-Control-Allow-Private-Network") != "true" {
		t.Errorf("preflight: %d %v", preflight.StatusCode, preflight.Header)
	}
	if post := call(http.MethodPost, "/v1/i", nil); post.StatusCode != http.StatusOK || post.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("post: %d %v", post.StatusCode, post.Header)
	}
	if err := srv.AddFault(emulator.Fault{Count: 1, Status: 429, RetryAfter: 1}); err != nil {
		t.Fatal(err)
	}
	if post := call(http.MethodPost, "/v1/i", nil); post.StatusCode != 429 || post.Header.Get("Access-Control-Expose-Headers") != "Retry-After" {
		t.Errorf("fault: %d %v", post.StatusCode, post.Header)
	}
	for _, method := range []string{http.MethodGet, http.MethodOptions} {
		if a := call(method, "/_emulator/stats", map[string]string{"Access-Control-Request-Method": "GET"}); a.StatusCode != http.StatusForbidden || a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s of the inspection: %d %v", method, a.StatusCode, a.Header)
		}
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	real := newClock()
	c := newClient(t, emulator.Config{Now: real.now})
	c.key = ""
	steps := []struct {
		method, body string
		status       int
		want         string
	}{
		{"GET", "", 200, `{"now":"2026-01-02T03:04:05Z","stopped":false,"offset_ms":0}`},
		{"POST", `{"advance_ms":2000}`, 200, `{"now":"2026-01-02T03:04:07Z","stopped":false,"offset_ms":2000}`},
		{"POST", `{"stopped":true}`, 200, `{"now":"2026-01-02T03:04:07Z","stopped":true,"offset_ms":2000}`},
		{"tick", "", 200, `{"now":"2026-01-02T03:04:07Z","stopped":true,"offset_ms":-58000}`},
		{"POST", `{"advance_ms":-1000}`, 200, `{"now":"2026-01-02T03:04:06Z","stopped":true,"offset_ms":-59000}`},
		{"POST", `{"at":"2026-01-05T00:00:00+01:00"}`, 200, `{"now":"2026-01-04T23:00:00Z","stopped":false,"offset_ms":244495000}`},
		{"tick", "", 200, `{"now":"2026-01-04T23:01:00Z","stopped":false,"offset_ms":244495000}`},
		{"POST", `{}`, 400, `{"error":"the body changes nothing: set at, advance_ms or stopped"}`},
		{"POST", `{"advance_ms":9000000000000000}`, 400, `{"error":"advance_ms is limited to a hundred years"}`},
		{"DELETE", "", 200, `{"now":"2026-01-02T03:06:05Z","stopped":false,"offset_ms":0}`},
	}
	for i, step := range steps {
		if step.method == "tick" {
			real.advance(time.Minute)
			step.method = http.MethodGet
		}
		a := c.do(step.method, "/_emulator/clock", step.body)
		if a.status != step.status || strings.TrimSpace(a.body) != step.want {
			t.Errorf("step %d: %d %s, want %s", i, a.status, a.body, step.want)
		}
	}
	if a := c.do(http.MethodGet, "/_emulator/health", ""); a.status != 200 || strings.TrimSpace(a.body) != `{"status":"ok"}` {
		t.Errorf("health: %d %s", a.status, a.body)
	}
}
