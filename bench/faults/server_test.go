package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// call posts a body and returns the status, 0 for no answer.
func call(t *testing.T, address, body string, strict bool) (status int, retryAfter string) {
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
		return 0, ""
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return resp.StatusCode, resp.Header.Get("Retry-After")
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
	}{
		{name: "none", body: body(0), statuses: []int{200, 200}, processed: 2},
		{name: "one message alone", body: `{"uuid":"m0","properties":{"seq":0}}`, statuses: []int{200}, processed: 1},
		{name: "other contents", body: `{"batch":[{"messageId":"m0","properties":{"seq":-1}}]}`, statuses: []int{200}, processed: 1, changed: 1},
		{name: "not JSON", body: `{`, statuses: []int{400}},
		{name: "an outage", fault: outage(500, time.Hour), body: body(0), statuses: []int{500, 500}},
		{name: "an outage that is over", fault: outage(500, 0), body: body(0), statuses: []int{200}, processed: 1},
		{name: "rate limited", fault: always(action{status: 429, retryAfter: 2}), body: body(0), statuses: []int{429}, retryAfter: "2"},
		{name: "reset before", fault: first(1, action{resetFirst: true}), body: body(0), statuses: []int{0, 200}, processed: 1},
		{name: "reset after", fault: first(1, action{resetLast: true}), body: body(0), statuses: []int{0, 200}, processed: 2},
		{name: "refuses another message", fault: refuse(400, 7), body: body(0), statuses: []int{200}, processed: 1},
		{name: "refuses this one", fault: refuse(400, 0), body: body(1, 0), statuses: []int{400}},
		{name: "too large, strict", body: large, strict: true, statuses: []int{400}},
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
			var last string
			for i, want := range c.statuses {
				var got int
				if got, last = call(t, address, c.body, c.strict); got != want {
					t.Errorf("call %d: got %d, want %d", i+1, got, want)
				}
			}
			stop()
			if s.processed[0] != c.processed || s.changed != c.changed || last != c.retryAfter {
				t.Errorf("processed %d, changed %d, Retry-After %q", s.processed[0], s.changed, last)
			}
		})
	}
}
