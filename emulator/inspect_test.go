package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// get returns the body of an inspection path, without its final newline.
func (c *client) get(path string, want int) string {
	c.t.Helper()
	a := c.do(http.MethodGet, "/_emulator/"+path, "")
	if a.status != want {
		c.t.Errorf("GET %s: status %d, want %d; %s", path, a.status, want, a.body)
	}
	return strings.TrimSuffix(a.body, "\n")
}

func TestInspectionShapes(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{Now: newClock().now})
	const zeros = `{"people":0,"events":0,"objects":0,"relationships":0,"devices":0,"suppressed":0,"messages":{"accepted":0,"dropped":0,"rejected":0},"requests":0,"bytes":0}`
	if got := c.get("stats", 200); got != zeros {
		t.Errorf("stats %s\nwant %s", got, zeros)
	}
	if got := c.get("messages", 200); got != `{"messages":[],"next":0}` {
		t.Errorf("messages %s", got)
	}
	c.get("people/u", 404)
	c.post("/v1/identify", `{"userId":"u/1 ?%","traits":{"email":"a@b.example","total":12.30,"html":"<&>"}}`, 200)
	c.post("/v1/track", `{"userId":"u/1 ?%","event":"e","messageId":"m","timestamp":"2021-01-01T00:00:00Z"}`, 200)
	c.post("/v1/track", `{"userId":"u/1 ?%","event":""}`, 200)

	person := `{"id":"u/1 ?%","email":"a@b.example","traits":{"email":"a@b.example","html":"<&>","total":12.30},` +
		`"events":[{"name":"e","type":"track","timestamp":"2021-01-01T00:00:00Z","properties":{},"messageId":"m"}],` +
		`"devices":[],"relationships":[],"suppressed":false}`
	for _, path := range []string{"people/u%2F1%20%3F%25", "people/a@b.example", "people/email:A@b.example", "people/cio_00000001", "people/cio_00000001?key=key"} {
		if got := c.get(path, 200); got != person {
			t.Errorf("%s: %s\nwant %s", path, got, person)
		}
	}
	want := `{"messages":[{"sequence":3,"request":3,"index":0,"receivedAt":"2026-01-02T03:04:05Z","verdict":"dropped",` +
		`"rule":"missing-event","field":"event","reason":"The track call has no event name.","hint":"Set event to a name that is not blank.",` +
		`"type":"track","userId":"u/1 ?%%","message":{"userId":"u/1 ?%%","event":""}}],"next":%d}`
	if got, want := c.get("messages?limit=1", 200), fmt.Sprintf(want, 3); got != want {
		t.Errorf("messages %s\nwant %s", got, want)
	}
	if got, want := c.get("messages?verdict=dropped", 200), fmt.Sprintf(want, 0); got != want {
		t.Errorf("dropped messages %s\nwant %s", got, want)
	}
	stats := `{"people":1,"events":1,"objects":0,"relationships":0,"devices":0,"suppressed":0,"messages":{"accepted":2,"dropped":1,"rejected":0},"requests":3,"bytes":`
	if got := c.get("stats?key=key", 200); !strings.HasPrefix(got, stats) {
		t.Errorf("stats %s\nwant %s...", got, stats)
	}
	if a := c.do(http.MethodPost, "/_emulator/reset", ""); a.status != 200 || c.get("stats", 200) != zeros {
		t.Errorf("reset: %d %s, stats %s", a.status, a.body, c.get("stats", 200))
	}
}

func TestMessagesDefaultLimit(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	c.post("/v1/batch", `{"batch":[`+strings.Repeat(`{"type":"identify","userId":"u"},`, 149)+`{"type":"track"}]}`, 200)
	var answer struct{ Messages []emulator.Record }
	for query, want := range map[string]int{"": 100, "?limit=120": 120, "?limit=1000": 150, "?verdict=dropped": 1, "?verdict=rejected": 0} {
		if err := json.Unmarshal([]byte(c.get("messages"+query, 200)), &answer); err != nil || len(answer.Messages) != want {
			t.Errorf("messages%s: %d, want %d; %v", query, len(answer.Messages), want, err)
		}
	}
}

func TestInspectionRefuses(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	tests := []struct {
		method, path, body string
		status             int
		names              string // in the error
	}{
		{"GET", "stats?keys=a", "", 400, "keys"},
		{"GET", "stats?key=a&key=b", "", 400, "key"},
		{"GET", "stats?%zz", "", 400, "query"},
		{"GET", "people/u?verdict=dropped", "", 400, "verdict"},
		{"GET", "messages?verdict=lost", "", 400, "rejected"},
		{"GET", "messages?limit=0", "", 400, "limit"},
		{"GET", "messages?limit=all", "", 400, "limit"},
		{"GET", "faults?key=a", "", 400, "key"},
		{"POST", "faults", `{"statis":500}`, 400, "statis"},
		{"POST", "faults", `{"status":"500"}`, 400, "status"},
		{"POST", "faults", `{"status":500}{}`, 400, "after"},
		{"POST", "faults", ``, 400, "body"},
		{"POST", "faults", `{"count":1}`, 400, "does nothing"},
		{"POST", "faults?key=a", `{"status":500}`, 400, "key"},
		{"POST", "reset", `{"faults":true}`, 400, "faults"},
		{"POST", "reset?all=1", ``, 400, "all"},
		{"POST", "stats", "", 405, "GET"},
		{"GET", "reset", "", 405, "POST"},
		{"PUT", "faults", "", 405, "DELETE or GET or POST"},
		{"GET", "", "", 404, ""},
		{"GET", "people/", "", 404, ""},
		{"GET", "people/nobody", "", 404, ""},
		{"GET", "../v1/batch", "", 404, ""},
	}
	for _, test := range tests {
		a := c.do(test.method, "/_emulator/"+test.path, test.body)
		var answer struct{ Error string }
		if err := json.Unmarshal([]byte(a.body), &answer); err != nil || a.status != test.status || answer.Error == "" || !strings.Contains(answer.Error, test.names) {
			t.Errorf("%s %s %s: %d %s, want %d with %q", test.method, test.path, test.body, a.status, a.body, test.status, test.names)
		}
	}
	if got := c.srv.Faults(); len(got) != 0 {
		t.Errorf("a refused fault was queued: %v", got)
	}
	for _, key := range []string{"one", "two"} {
		c.key = key
		c.post("/v1/identify", `{"userId":"u"}`, 200)
	}
	for _, path := range []string{"stats", "messages", "people/u"} {
		if got := c.get(path, 400); !strings.Contains(got, "there are 2") {
			t.Errorf("%s with two workspaces: %s", path, got)
		}
	}
	if a := c.do("POST", "/_emulator/reset?key=one", ""); a.status != 200 || len(c.srv.Keys()) != 2 {
		t.Errorf("reset of one: %d %s", a.status, a.body)
	}
	if got := c.get("stats?key=one", 200); !strings.Contains(got, `"people":0`) {
		t.Errorf("after its reset: %s", got)
	}
	if got := c.get("stats?key=two", 200); !strings.Contains(got, `"people":1`) {
		t.Errorf("after the other's reset: %s", got)
	}
}

func TestFaultsOverHTTP(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	const fault = `"count":1,"every":1,"status":429,"retry_after":1,"delay_ms":0,"reset":false,"drop":false`
	want := `{"faults":[{` + fault + `,"state":"active","seen":0,"fired":0}]}`
	if a := c.do("POST", "/_emulator/faults", `{`+fault+`}`); a.status != 200 || strings.TrimSpace(a.body) != want {
		t.Errorf("POST: %d %s, want %s", a.status, a.body, want)
	}
	if a := c.post("/v1/identify", `{"userId":"u"}`, 429); a.header.Get("Retry-After") != "1" {
		t.Errorf("header %v", a.header)
	}
	if got, want := c.get("faults", 200), `{"faults":[{`+fault+`,"state":"done","seen":1,"fired":1}]}`; got != want {
		t.Errorf("GET: %s, want %s", got, want)
	}
	if a := c.do("DELETE", "/_emulator/faults", ""); a.status != 200 || strings.TrimSpace(a.body) != `{"faults":[]}` {
		t.Errorf("DELETE: %d %s", a.status, a.body)
	}
}

// TestHostAndOrigin checks that web pages cannot reach the server through the
// browser of their visitor.
func TestHostAndOrigin(t *testing.T) {
	t.Parallel()
	tests := []struct {
		host   string
		header map[string]string
		want   int
	}{
		{"localhost", nil, 200},
		{"LOCALHOST:8110", nil, 200},
		{"app.localhost:8110", nil, 200},
		{"localhost.", nil, 200},
		{"127.0.0.1:8110", nil, 200},
		{"[::1]:8110", nil, 200},
		{"::1", nil, 200},
		{"192.168.1.2", nil, 200},
		{"emulator:8110", nil, 200},
		{"evil.example", nil, 403},
		{"evil.example:8110", nil, 403},
		{"localhost.evil.example", nil, 403},
		{"127.0.0.1.evil.example", nil, 403},
		{"notlocalhost", nil, 403},
		{"", nil, 403},
		{"localhost:8110", map[string]string{"Origin": "http://localhost:8110"}, 200},
		{"localhost:8110", map[string]string{"Origin": "http://localhost:3000"}, 403},
		{"localhost:8110", map[string]string{"Origin": "https://evil.example"}, 403},
		{"localhost:8110", map[string]string{"Origin": "null"}, 403},
		{"localhost:8110", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"localhost:8110", map[string]string{"Sec-Fetch-Site": "same-origin"}, 200},
	}
	srv := emulator.New(emulator.Config{AllowHosts: []string{"Emulator"}})
	for _, test := range tests {
		for _, path := range []string{"/_emulator/stats", "/v1/identify"} {
			method, body, want := http.MethodGet, "", test.want
			if path != "/_emulator/stats" {
				method, body = http.MethodPost, `{"userId":"u"}`
				if test.header != nil {
					want = 200 // pages of every origin can call the API
				}
			}
			r := httptest.NewRequest(method, path, strings.NewReader(body))
			r.Host = test.host
			r.SetBasicAuth("key", "")
			for name, value := range test.header {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			srv.ServeHTTP(w, r)
			if w.Code != want {
				t.Errorf("%s, host %q, %v: %d, want %d", path, test.host, test.header, w.Code, want)
			}
		}
	}
}

func TestJournalIsBounded(t *testing.T) {
	t.Parallel()
	message := func(i int) string { return fmt.Sprintf(`{"type":"track","userId":"u%04d"}`, i) }
	size := len(message(0))
	tests := []struct {
		name   string
		config emulator.Config
		want   int
	}{
		{"by number", emulator.Config{MaxMessages: 7}, 7},
		{"by bytes", emulator.Config{MaxJournalBytes: 10*size + size/2}, 10},
		{"one", emulator.Config{MaxMessages: 1}, 1},
		{"none", emulator.Config{MaxMessages: -1}, 0},
		{"no message fits", emulator.Config{MaxJournalBytes: size - 1}, 1000},
		{"neither", emulator.Config{}, 1000},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, test.config)
			for i := 0; i < 1000; {
				var batch []string
				for range 1 + i%13 {
					if i < 1000 {
						batch = append(batch, message(i))
						i++
					}
				}
				c.post("/v1/batch", `{"batch":[`+strings.Join(batch, ",")+`]}`, 200)
			}
			records, err := c.srv.Messages(emulator.MessagesQuery{})
			if err != nil || len(records.Messages) != test.want {
				t.Fatalf("%d records, %v; want %d", len(records.Messages), err, test.want)
			}
			for i, r := range records.Messages {
				n := 999 - i
				want := message(n)
				if test.config.MaxJournalBytes == size-1 {
					want = "" // it is listed without its body
				}
				if r.Sequence != uint64(n+1) || string(r.Raw) != want {
					t.Fatalf("record %d: sequence %d, %s; want message %d", i, r.Sequence, r.Raw, n)
				}
			}
			if got := c.stats().Messages.Dropped; got != 1000 {
				t.Errorf("%d counted, want 1000", got)
			}
		})
	}
}
