package emulator_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio/emulator"
)

// client calls one server in process, with the write key "key" unless a test
// sets another.
type client struct {
	t      testing.TB
	srv    *emulator.Server
	key    string
	strict bool
	header http.Header
}

func newClient(t testing.TB, config emulator.Config) *client {
	return &client{t: t, srv: emulator.New(config), key: "key", header: http.Header{}}
}

// answer is an HTTP answer that has been read.
type answer struct {
	status int
	header http.Header
	body   string
}

func (c *client) do(method, path, body string) answer {
	c.t.Helper()
	req, err := http.NewRequest(method, "http://emulator"+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	for name, values := range c.header {
		req.Header[name] = values
	}
	if c.key != "" {
		req.SetBasicAuth(c.key, "")
	}
	if c.strict {
		req.Header.Set("X-Strict-Mode", "1")
	}
	resp, err := c.srv.Transport().RoundTrip(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(text)}
}

// post sends one call and fails the test if the status is not want.
func (c *client) post(path, body string, want int) answer {
	c.t.Helper()
	a := c.do(http.MethodPost, path, body)
	if a.status != want {
		c.t.Fatalf("POST %s %.200s: status %d, want %d; %s", path, body, a.status, want, a.body)
	}
	return a
}

// send posts each message as a separate batch in permissive mode.
func (c *client) send(messages ...string) {
	c.t.Helper()
	for _, m := range messages {
		c.post("/v1/batch", `{"batch":[`+m+`]}`, http.StatusOK)
	}
}

// stream opens the live updates of the page with a query, until the test ends,
// and returns a function that reads the next update into its argument.
func (c *client) stream(query string) (next func(update any)) {
	c.t.Helper()
	ctx, cancel := context.WithCancel(c.t.Context())
	c.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://emulator/_page/stream?w=&after=0"+query, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	resp, err := c.srv.Transport().RoundTrip(req)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { resp.Body.Close() })
	lines := bufio.NewScanner(resp.Body)
	return func(update any) {
		c.t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), update); err != nil {
					c.t.Fatal(err)
				}
				return
			}
		}
		c.t.Fatal("the stream ended")
	}
}

func (c *client) stats() emulator.Stats {
	c.t.Helper()
	stats, err := c.srv.Stats(c.key)
	if err != nil {
		c.t.Fatal(err)
	}
	return stats
}

// last returns the newest record.
func (c *client) last() emulator.Record {
	c.t.Helper()
	records, err := c.srv.Messages(emulator.MessagesQuery{Key: c.key, Limit: 1})
	if err != nil || len(records.Messages) != 1 {
		c.t.Fatalf("messages: %v, %v; want one", records, err)
	}
	return records.Messages[0]
}

// person returns the JSON of a person, or "" if there is none.
func (c *client) person(id string) string {
	c.t.Helper()
	p, err := c.srv.Person(c.key, id)
	if err != nil {
		return ""
	}
	return encode(c.t, p)
}

// traits returns the JSON of a person's traits.
func (c *client) traits(id string) string {
	c.t.Helper()
	p, err := c.srv.Person(c.key, id)
	if err != nil {
		c.t.Fatalf("person %s: %v", id, err)
	}
	return encode(c.t, p.Traits)
}

// events returns the names of a person's events.
func (c *client) events(id string) string {
	c.t.Helper()
	p, err := c.srv.Person(c.key, id)
	if err != nil {
		c.t.Fatalf("person %s: %v", id, err)
	}
	var names []string
	for _, e := range p.Events {
		names = append(names, e.Name)
	}
	return strings.Join(names, ",")
}

func encode(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func gzipped(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// movableClock is a clock that a test can move.
type movableClock struct{ at time.Time }

func newClock() *movableClock {
	return &movableClock{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

func (c *movableClock) now() time.Time          { return c.at }
func (c *movableClock) advance(d time.Duration) { c.at = c.at.Add(d) }

func warnings(r emulator.Record) string {
	var ids []string
	for _, w := range r.Warnings {
		ids = append(ids, w.Rule)
	}
	return strings.Join(ids, ",")
}
