package emulator_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// TestForward compares the answer to the client with what the two servers said.
func TestForward(t *testing.T) {
	t.Parallel()
	var seen *http.Request
	var seenBody string
	real := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		seen, seenBody = r, string(text)
		w.Header().Set("Retry-After", "7")
		w.Header().Set("Server", "edge")
		w.Header().Set(emulator.Header, "1") // another emulator sets it in its own answers
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"meta":{"error":"slow down"}}`)
	}))
	defer real.Close()
	var told []emulator.Request
	broken := false
	c := newClient(t, emulator.Config{
		Forward: func(r *http.Request) (*http.Response, error) {
			if broken {
				return nil, errors.New("no route")
			}
			r.URL.Scheme, r.URL.Host, r.Host = "http", real.Listener.Addr().String(), ""
			return http.DefaultTransport.RoundTrip(r)
		},
		OnRequest: func(r emulator.Request) { told = append(told, r) },
	})
	c.strict = true
	sent := gzipped(t, `{"userId":"u"}`)
	c.header.Set("Content-Encoding", "gzip")
	a := c.do(http.MethodPost, "/v1/identify", sent)
	if a.status != 429 || a.header.Get("Retry-After") != "7" || a.body != `{"meta":{"error":"slow down"}}` || a.header.Get("Server") != "edge" {
		t.Errorf("the caller got %+v", a)
	}
	if key, _, _ := seen.BasicAuth(); key != "key" || seen.URL.Path != "/v1/identify" || seen.Header.Get("X-Strict-Mode") != "1" ||
		seen.Header.Get("Content-Encoding") != "gzip" || seenBody != sent {
		t.Errorf("the other server got %v %v", seen.URL, seen.Header)
	}
	broken = true
	if a := c.do(http.MethodPost, "/v1/identify", sent); a.status != http.StatusBadGateway {
		t.Errorf("without a route: %+v", a)
	}
	requests, err := c.srv.Requests(emulator.RequestsQuery{})
	if err != nil || len(requests.Requests) != 2 || len(told) != 2 {
		t.Fatalf("%d requests, %d reported, %v", len(requests.Requests), len(told), err)
	}
	if r := requests.Requests[1]; r.Status != 200 || r.Upstream == nil || r.Upstream.Status != 429 || r.Upstream.Body != a.body || told[0].Upstream.Status != 429 {
		t.Errorf("%+v", r)
	}
	if r := requests.Requests[0]; r.Upstream == nil || r.Upstream.Error != "no route" {
		t.Errorf("%+v", r)
	}
	if a := c.do(http.MethodGet, "/", ""); strings.Contains(a.body, "leaves this machine") || !strings.Contains(a.body, "forwards calls to another server") {
		t.Error("the page says that nothing leaves")
	}
	// A call that a fault affects is not forwarded.
	if err := c.srv.AddFault(emulator.Fault{Count: 1, Status: 500}); err != nil {
		t.Fatal(err)
	}
	seen = nil
	broken = false
	if a := c.do(http.MethodPost, "/v1/identify", sent); a.status != 500 || seen != nil {
		t.Errorf("a fault: %d, passed on %v", a.status, seen != nil)
	}
}

// TestHeaderSaysWhatItIs calls everything that answers, with and without a
// server behind it. An answer of the other server must not look like one of an
// emulator, whichever of the two sends it.
func TestHeaderSaysWhatItIs(t *testing.T) {
	t.Parallel()
	forwards := emulator.Config{Forward: func(r *http.Request) (*http.Response, error) {
		if r.URL.Query().Has("broken") {
			return nil, errors.New("no route")
		}
		w := httptest.NewRecorder()
		w.Header().Set(emulator.Header, "1")
		w.WriteHeader(http.StatusOK)
		return w.Result(), nil
	}}
	for want, config := range map[string]emulator.Config{"1": {}, "": forwards} {
		c := newClient(t, config)
		for _, call := range []struct{ method, path, body string }{
			{"POST", "/v1/identify", `{"userId":"u"}`},
			{"POST", "/v1/batch", `{`},
			{"POST", "/v1/track?broken=1", `{}`},
			{"GET", "/v1/track", ""},
			{"GET", "/v1/nothing", ""},
			{"GET", "/v1/projects/key/settings", ""},
			{"GET", "/v1/customers?email=a@b.example", ""},
			{"GET", "/_emulator/health", ""},
			{"GET", "/_emulator/nothing", ""},
			{"GET", "/", ""},
			{"GET", "/people/nobody", ""},
		} {
			if got := c.do(call.method, call.path, call.body).header.Values(emulator.Header); strings.Join(got, ",") != want {
				t.Errorf("%s %s, forwarding %v: header %q, want %q", call.method, call.path, config.Forward != nil, got, want)
			}
		}
		if err := c.srv.AddFault(emulator.Fault{Count: 1, Status: 500}); err != nil {
			t.Fatal(err)
		}
		if got := c.do("POST", "/v1/identify", `{}`).header.Get(emulator.Header); got != want {
			t.Errorf("with a fault, forwarding %v: header %q, want %q", config.Forward != nil, got, want)
		}
	}
}

// TestForwardPassesNoPart has the other server answer with more than the limit.
func TestForwardPassesNoPart(t *testing.T) {
	t.Parallel()
	for length, want := range map[int]int{1 << 20: http.StatusOK, 1<<20 + 1: http.StatusBadGateway} {
		c := newClient(t, emulator.Config{Forward: func(*http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			_, _ = io.WriteString(w, strings.Repeat(" ", length))
			return w.Result(), nil
		}})
		if a := c.do(http.MethodPost, "/v1/identify", `{"userId":"u"}`); a.status != want {
			t.Errorf("an answer of %d bytes: status %d, want %d", length, a.status, want)
		}
	}
}
