package main

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// answer is the result of a call; status 0 means no answer.
type answer struct {
	status           int
	retryAfter, kind string
	body             string
}

// call posts a body over a connection of its own.
func call(t *testing.T, address, body string, strict bool) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/v1/batch", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.GetBody = nil // the transport must not repeat it by itself
	if strict {
		req.Header.Set("X-Strict-Mode", "1")
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return answer{}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header.Get("Retry-After"), resp.Header.Get("Content-Type"), string(text)}
}

func body(ids ...int) string {
	var items []string
	for _, i := range ids {
		items = append(items, fmt.Sprintf(`{"messageId":"m%d","properties":{"seq":%d}}`, i, i))
	}
	return `{"batch":[` + strings.Join(items, ",") + `]}`
}

func TestServerFaults(t *testing.T) {
	large := `{"batch":[{"messageId":"m0","properties":{"seq":0,"text":"` + text(40<<10) + `"}}]}`
	for _, c := range []struct {
		name       string
		fault      func(request) action
		body       string
		strict     bool
		statuses   []int
		retryAfter string
		processed  uint8
		changed    int
		culprit    bool // message 0 was rejected because of its content
		kind, says string
	}{
		{name: "none", body: body(0), statuses: []int{200, 200}, processed: 2},
		{name: "one message alone", body: `{"uuid":"m0","properties":{"seq":0}}`, statuses: []int{200}, processed: 1},
		{name: "other contents", body: `{"batch":[{"messageId":"m0","properties":{"seq":-1}}]}`, statuses: []int{200}, processed: 1, changed: 1},
		{name: "not JSON", body: `{`, statuses: []int{400}, kind: "application/json", says: apiError},
		{name: "an outage", fault: outage(500, time.Hour), body: body(0), statuses: []int{500, 500}, kind: "application/json"},
		{name: "an outage that is over", fault: outage(500, 0), body: body(0), statuses: []int{200}, processed: 1},
		{name: "rate limited", fault: always(action{status: 429, retryAfter: 2}), body: body(0), statuses: []int{429}, retryAfter: "2"},
		{name: "reset before", fault: first(1, action{resetFirst: true}), body: body(0), statuses: []int{0, 200}, processed: 1},
		{name: "reset after", fault: first(1, action{resetLast: true}), body: body(0), statuses: []int{0, 200}, processed: 2},
		{name: "reset after, each time", fault: always(action{resetLast: true}), body: body(0), statuses: []int{0, 0}, processed: 2},
		{name: "refuses another message", fault: refuse(7, action{status: 400}), body: body(0), statuses: []int{200}, processed: 1},
		{name: "refuses this one", fault: refuse(0, action{status: 400}), body: body(1, 0), statuses: []int{400}, culprit: true, kind: "application/json", says: apiError},
		{name: "refuses its neighbour", fault: refuse(1, action{status: 400}), body: body(1, 0), statuses: []int{400}},
		{name: "a firewall's page", fault: refuse(0, action{status: 403, body: firewallPage}), body: body(1, 0), statuses: []int{403, 403}, culprit: true, kind: "text/html; charset=utf-8", says: firewallPage},
		{name: "a page with 200 is not acceptance", fault: always(action{status: 200, body: signInPage}), body: body(0), statuses: []int{200, 200}, kind: "text/html; charset=utf-8", says: signInPage},
		{name: "a page with 200 that is over", fault: during(0, action{status: 200, body: signInPage}), body: body(0), statuses: []int{200}, processed: 1, says: "{}"},
		{name: "400 in plain text", fault: always(action{status: 400, body: "Bad Request\n"}), body: body(0), statuses: []int{400}, kind: "text/plain; charset=utf-8", says: "Bad Request\n"},
		{name: "a stray 401", fault: first(1, action{status: 401}), body: body(0), statuses: []int{401, 200, 200}, processed: 2},
		{name: "two nodes, requests in turn", fault: nodes(func(r request) int64 { return int64(r.n) }), body: body(0), statuses: []int{401, 200, 401, 200}, processed: 2},
		{name: "two nodes, connections in turn", fault: nodes(func(r request) int64 { return r.conn }), body: body(0), statuses: []int{401, 200, 401, 200}, processed: 2},
		{name: "too large, strict", body: large, strict: true, statuses: []int{400}, culprit: true, kind: "application/json"},
		{name: "too many for one request, strict", body: `{"batch":[` + strings.Repeat(strings.TrimSuffix(strings.TrimPrefix(body(0), `{"batch":[`), "]}")+",", 12_000) + `{}]}`, strict: true, statuses: []int{400}},
		{name: "too large, permissive", body: large, statuses: []int{200}},
		{name: "delayed", fault: always(action{delay: time.Millisecond}), body: body(0), statuses: []int{200}, processed: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(2, c.fault, true)
			address, stop, err := s.start("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			var last answer
			for i, want := range c.statuses {
				if last = call(t, address, c.body, c.strict); last.status != want {
					t.Errorf("call %d: got %d, want %d", i+1, last.status, want)
				}
			}
			stop()
			f, answered := s.fates[0], c.processed > 0 && slices.Contains(c.statuses, http.StatusOK)
			if f.processed != c.processed || s.changed != c.changed || f.culprit != c.culprit || f.answered != answered || last.retryAfter != c.retryAfter {
				t.Errorf("%+v, changed %d, Retry-After %q", f, s.changed, last.retryAfter)
			}
			if arrived := !s.last.IsZero(); arrived != (c.processed > 0) {
				t.Errorf("the last of %d arrived at %v", c.processed, s.last)
			}
			if c.kind != "" && last.kind != c.kind || c.says != "" && last.body != c.says {
				t.Errorf("the last answer was %s: %s", last.kind, last.body)
			}
		})
	}
}

// A connection always reaches the same node.
func TestNodesByConnection(t *testing.T) {
	t.Parallel()
	s := newServer(1, nodes(func(r request) int64 { return r.conn }), true)
	address, stop, err := s.start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for i, want := range []int{http.StatusUnauthorized, http.StatusOK, http.StatusUnauthorized} {
		client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}}
		defer client.CloseIdleConnections()
		for range 3 {
			resp, err := client.Post("http://"+address+"/v1/batch", "application/json", strings.NewReader(body(0)))
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("connection %d: answered %d", i+1, resp.StatusCode)
			}
		}
	}
}
