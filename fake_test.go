package cio_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ciokit/cio"
)

const testKey = "k3y-s3cret"

// call is one request that the fake server got.
type call struct {
	path   string
	header http.Header
	body   string
	at     time.Time
}

// ids returns the message ids in the call's body, in order.
func (c call) ids(t testing.TB) []string {
	t.Helper()
	var one struct {
		MessageID string `json:"messageId"`
		Batch     []struct {
			MessageID string `json:"messageId"`
		} `json:"batch"`
	}
	if err := json.Unmarshal([]byte(c.body), &one); err != nil {
		t.Fatalf("body %q: %v", c.body, err)
	}
	if one.MessageID != "" {
		return []string{one.MessageID}
	}
	var ids []string
	for _, m := range one.Batch {
		ids = append(ids, m.MessageID)
	}
	return ids
}

// server is a transport that answers with a function. It reads each request to the end, as a server would.
type server struct {
	mu     sync.Mutex
	calls  []call
	answer func(n int, c call) (*http.Response, error) // n counts from 0
}

func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	r.Body.Close()
	if err != nil {
		return nil, err
	}
	c := call{path: r.URL.Path, header: r.Header, body: string(body), at: time.Now()}
	s.mu.Lock()
	n := len(s.calls)
	s.calls = append(s.calls, c)
	s.mu.Unlock()
	if s.answer == nil {
		return status(200, "{}"), nil
	}
	resp, err := s.answer(n, c)
	if resp != nil {
		resp.Request = r
	}
	return resp, err
}

func (s *server) seen() []call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]call(nil), s.calls...)
}

func status(code int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: code, Status: fmt.Sprint(code), Header: h, Body: io.NopCloser(strings.NewReader(body)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
}

func newClient(t testing.TB, s http.RoundTripper, change func(*cio.Config)) *cio.Client {
	t.Helper()
	cfg := cio.Config{APIKey: testKey, Region: cio.RegionUS, HTTPClient: &http.Client{Transport: s}}
	if change != nil {
		change(&cfg)
	}
	c, err := cio.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// tracks returns n messages with the ids m0, m1, ...
func tracks(n int) []cio.Message {
	msgs := make([]cio.Message, n)
	for i := range msgs {
		msgs[i] = cio.Track{UserID: fmt.Sprintf("u%d", i), Event: cio.Named("Thing Done", map[string]any{"n": i}), MessageID: fmt.Sprintf("m%d", i), Tag: uint64(i)}
	}
	return msgs
}
