package cio_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
)

// impatient gives up after the first try.
func impatient(c *cio.Config) { c.MaxElapsed = time.Nanosecond }

// TestAcceptance lists which bodies of a 2xx mean acceptance.
func TestAcceptance(t *testing.T) {
	t.Parallel()
	type row struct {
		status int
		body   string
		want   bool
	}
	var rows []row
	for _, status := range []int{200, 201, 202, 204} {
		for _, body := range []string{
			"", " \r\n\t", "\ufeff", "\ufeff \n", "{}", " {} ", "\ufeff{}\n", "[]", "null", "true", `"OK"`, "1",
			`{"success":true}`, `{"success":null}`, `{"ok":false}`, `{"SUCCESS":false}`, `{"data":{"success":false}}`, `{"data":{"error":"x"}}`,
			`{"error":null}`, `{"error":""}`, `{"error":false}`, `{"errors":[]}`, `{"errors":{}}`, `{"errors":null}`, `{"meta":{}}`, `{"meta":null}`,
			`{"meta":{"error":null,"errors":[]}}`, `{"meta":"error"}`, `{"Error":"x"}`, `[{"error":"x"}]`, `{"message":"queued","code":7}`,
		} {
			rows = append(rows, row{status, body, true})
		}
		for _, body := range []string{
			"OK", "<html></html>", "<!DOCTYPE html><title>Log in</title>", "{", `{"success":tru`, "{}{}", "{} x", "not found", "\x00", "{'success':true}", "\xff{}", "\ufeff\ufeff{}x",
			`{"success":false}`, `{"success" : false , "x":1}`, `{"x":1,"success":false}`, `{"succe\u0073s":false}`, `{"error":"quota"}`, `{"error":{"code":1}}`, `{"error":true}`, `{"error":["x"]}`,
			`{"errors":["x"]}`, `{"errors":"x"}`, `{"errors":{"a":1}}`, `{"meta":{"error":"x"}}`, `{"meta":{"errors":["x"]}}`, `{"success":true,"errors":["x"]}`,
		} {
			rows = append(rows, row{status, body, false})
		}
	}
	for _, status := range []int{203, 205, 206, 207, 208, 226, 250, 299} {
		for _, body := range []string{"", "{}", `{"success":true}`} {
			rows = append(rows, row{status, body, false})
		}
	}
	for _, contentType := range []string{"", "application/json", "text/plain", "text/html; charset=utf-8", "nonsense"} {
		for _, r := range rows {
			s := &server{answer: func(int, call) (*http.Response, error) {
				return status(r.status, r.body, "Content-Type", contentType), nil
			}}
			client := newClient(t, s, impatient)
			err := client.Send(t.Context(), tracks(2)...)
			if r.want {
				if err != nil {
					t.Errorf("%d %q as %q: %v", r.status, r.body, contentType, err)
				}
				continue
			}
			checkForeign(t, fmt.Sprintf("%d %q as %q", r.status, r.body, contentType), err)
			if st := client.Stats(); st.Accepted != 0 || st.Rejected != 0 || len(s.seen()) != 1 {
				t.Errorf("%d %q: %+v after %d requests", r.status, r.body, st, len(s.seen()))
			}
			any2xx := newClient(t, s, func(c *cio.Config) { c.AcceptAny2xx = true })
			if err := any2xx.Send(t.Context(), tracks(2)...); err != nil {
				t.Errorf("%d %q with AcceptAny2xx: %v", r.status, r.body, err)
			}
		}
	}
}

// If a 2xx describes a failure, the error quotes the description, so that it does not merge with the sentence around it.
func TestFailureWithSuccessIsQuoted(t *testing.T) {
	t.Parallel()
	s := &server{answer: func(int, call) (*http.Response, error) {
		return status(200, `{"success":false,"error":"quota exceeded"}`, "Content-Type", "application/json"), nil
	}}
	err := newClient(t, s, impatient).Send(t.Context(), tracks(1)...)
	if want := `the call failed, "quota exceeded", instead of`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

// checkForeign checks the error of a Send whose answer did not come from the API.
func checkForeign(t *testing.T, what string, err error) {
	t.Helper()
	var failed *cio.SendError
	if !errors.As(err, &failed) || failed.Accepted != 0 || !errors.Is(err, cio.ErrNotAPI) || !errors.Is(err, cio.ErrUnavailable) || errors.Is(err, cio.ErrInvalid) || !cio.Retryable(err) {
		t.Errorf("%s: %v", what, err)
		return
	}
	for _, f := range failed.Failures {
		if f.Outcome != cio.OutcomeUnknown {
			t.Errorf("%s: %v", what, f.Outcome)
		}
	}
}

// An independent model of the rule agrees with the client on random answers.
func TestAcceptanceAgreesWithAModel(t *testing.T) {
	t.Parallel()
	seed := uint64(0)
	if os.Getenv("CIOKIT_FULL") == "1" {
		seed = rand.Uint64()
	}
	r := rand.New(rand.NewPCG(seed, 1))
	pieces := []string{"{", "}", "[", "]", `"success"`, `"error"`, `"errors"`, `"meta"`, `"x"`, ":", ",", "false", "true", "null", `""`, `"a"`, "1", " ", "\ufeff", "<", "OK"}
	whole := []string{`{"success":false}`, `{"success":true,"errors":[1]}`, `{"meta":{"errors":{}}}`, `{"error":{}}`, "{}"}
	for range 3000 {
		body := ""
		switch r.IntN(3) {
		case 0:
			for range r.IntN(8) {
				body += pieces[r.IntN(len(pieces))]
			}
		case 1:
			body = whole[r.IntN(len(whole))]
			at := r.IntN(len(body) + 1)
			body = body[:at] + pieces[r.IntN(len(pieces))] + body[at:]
		default:
			value := func() string {
				return []string{"false", "true", "null", `""`, `"a"`, "[]", "[0]", "{}", `{"a":1}`, "0", "1"}[r.IntN(11)]
			}
			body = fmt.Sprintf(`{%q:%s,%q:%s,"meta":{%q:%s}}`, []string{"success", "y"}[r.IntN(2)], value(), []string{"error", "errors", "z"}[r.IntN(3)], value(), []string{"error", "errors", "z"}[r.IntN(3)], value())
		}
		code := []int{200, 200, 200, 201, 202, 204, 203, 207}[r.IntN(8)]
		s := &server{answer: func(int, call) (*http.Response, error) { return status(code, body), nil }}
		err := newClient(t, s, impatient).Send(t.Context(), tracks(1)...)
		if want := modelAccepts(code, body); (err == nil) != want {
			t.Fatalf("seed %d: %d %q: accepted %t, the model says %t: %v", seed, code, body, err == nil, want, err)
		}
		if err != nil {
			checkForeign(t, fmt.Sprintf("%d %q", code, body), err)
		}
	}
}

func modelAccepts(code int, body string) bool {
	if code != 200 && code != 201 && code != 202 && code != 204 {
		return false
	}
	body = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(body), "\ufeff"))
	if body == "" {
		return true
	}
	if !json.Valid([]byte(body)) {
		return false
	}
	var v any
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber() // a number can be larger than any float64
	if d.Decode(&v) != nil {
		return false
	}
	full := func(v any) bool {
		switch v := v.(type) {
		case nil:
			return false
		case string:
			return strings.TrimSpace(v) != ""
		case json.Number:
			f, err := v.Float64()
			return err != nil || f != 0
		case []any:
			return len(v) > 0
		case map[string]any:
			return len(v) > 0
		}
		return v != false
	}
	top, _ := v.(map[string]any)
	meta, _ := top["meta"].(map[string]any)
	return top["success"] != false && !full(top["error"]) && !full(top["errors"]) && !full(meta["error"]) && !full(meta["errors"])
}

// An answer that breaks off, is too long or does not end in time counts as a lost connection.
func TestAnAnswerThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body io.Reader
		took time.Duration
		said string
	}{
		"breaks off":             {io.MultiReader(strings.NewReader("{"), failing{io.ErrUnexpectedEOF}), 0, "broke off: unexpected EOF"},
		"breaks off after all":   {io.MultiReader(strings.NewReader("{}"), failing{io.ErrUnexpectedEOF}), 0, "broke off"},
		"breaks off with spaces": {io.MultiReader(strings.NewReader(" "), failing{io.ErrUnexpectedEOF}), 0, "broke off"},
		"64 KiB and a byte":      {strings.NewReader(`"` + strings.Repeat("x", 64<<10-1) + `"`), 0, "longer than any answer"},
		"endless":                {endlessText{}, 0, "longer than any answer"},
		"does not end":           {nil, 7 * time.Second, "no answer within 7s"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt := roundTripper(func(r *http.Request) (*http.Response, error) {
					io.Copy(io.Discard, r.Body)
					r.Body.Close()
					resp := status(200, "", "Content-Type", "application/json", "Server", "edge")
					resp.Request = r
					if resp.Body = io.NopCloser(c.body); c.body == nil {
						resp.Body = io.NopCloser(endless{r.Context()})
					}
					return resp, nil
				})
				start := time.Now()
				client := newClient(t, rt, func(cfg *cio.Config) { cfg.MaxElapsed, cfg.Timeout = time.Nanosecond, 7*time.Second })
				err := client.Send(t.Context(), tracks(2)...)
				checkForeign(t, name, err)
				if took := time.Since(start); took != c.took || !strings.Contains(err.Error(), c.said) || !strings.Contains(err.Error(), "application/json, Server: edge, from cdp.customer.io") {
					t.Errorf("%v after %v", err, took)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) { // exactly 64 KiB is an answer
		s := &server{answer: func(int, call) (*http.Response, error) {
			return status(200, `"`+strings.Repeat("x", 64<<10-2)+`"`), nil
		}}
		if err := newClient(t, s, impatient).Send(t.Context(), tracks(1)...); err != nil {
			t.Error(err)
		}
	})
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

type endlessText struct{}

func (endlessText) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// A request that is repeated after an answer from something other than the API has the same ids.
func TestAPageIsTriedAgainWithTheSameIDs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		s.answer = func(n int, _ call) (*http.Response, error) {
			if n < 6 {
				return status(200, "<html>back soon</html>"), nil
			}
			return status(200, "{}"), nil
		}
		if err := newClient(t, s, nil).Send(t.Context(), tracks(10)...); err != nil {
			t.Fatal(err)
		}
		for i, c := range s.seen() {
			if c.body != s.seen()[0].body {
				t.Errorf("try %d sent another body", i)
			}
		}
	})
}

// big is a Send of over 400 KB in one request.
func big() []cio.Message {
	msgs := tracks(14)
	for i := range msgs {
		msgs[i] = cio.Track{UserID: "u", Event: cio.Named("Big Thing", map[string]any{"x": strings.Repeat("y", 30_000)}), MessageID: fmt.Sprint("m", i)}
	}
	return msgs
}

// earlyClient returns a client of a server that answers on bare TCP before it has read more than the headers. Little fits into the buffers
// between them.
func earlyClient(t *testing.T, answer string, change func(*cio.Config)) *cio.Client {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				in := bufio.NewReaderSize(conn, 16)
				for line := ""; line != "\r\n"; {
					if line, err = in.ReadString('\n'); err != nil {
						return
					}
				}
				io.WriteString(conn, answer)
				<-t.Context().Done()
			}()
		}
	}()
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err == nil {
			err = conn.(*net.TCPConn).SetWriteBuffer(4 << 10)
		}
		return conn, err
	}
	cfg := cio.Config{APIKey: testKey, BaseURL: "http://" + l.Addr().String(), MaxElapsed: time.Nanosecond, RateLimit: -1, HTTPClient: &http.Client{Transport: &http.Transport{DialContext: dial}}}
	if change != nil {
		change(&cfg)
	}
	c, err := cio.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A success that arrives before the whole request was sent does not count.
func TestAnEarlyAnswer(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
	client := earlyClient(t, ok, nil)
	for range 20 {
		err := client.Send(t.Context(), big()...)
		checkForeign(t, "early", err)
		if err != nil && !strings.Contains(err.Error(), "before the whole request was sent") {
			t.Error(err)
		}
	}
	// An informational answer is allowed to arrive early.
	client = earlyClient(t, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", func(c *cio.Config) { c.Timeout = 100 * time.Millisecond })
	if err := client.Send(t.Context(), big()...); err == nil || !strings.Contains(err.Error(), "no answer within") {
		t.Errorf("%v", err)
	}
	client = earlyClient(t, ok, func(c *cio.Config) { c.AcceptAny2xx = true })
	if err := client.Send(t.Context(), big()...); err != nil {
		t.Error(err)
	}
	// A transport that never reads the body, as in many tests.
	deaf := roundTripper(func(r *http.Request) (*http.Response, error) {
		r.Body.Close()
		return status(200, "{}"), nil
	})
	checkForeign(t, "deaf", newClient(t, deaf, impatient).Send(t.Context(), tracks(1)...))
}

// Good requests of all sizes raise no false alarm: over reused connections, over connections that are closed after each answer, and over HTTP/2.
func TestNoFalseAlarm(t *testing.T) {
	t.Parallel()
	n := 600
	if os.Getenv("CIOKIT_DEEP") == "1" {
		n = 1_000
	}
	if os.Getenv("CIOKIT_FULL") == "1" {
		n = 100_000
	}
	large := big()
	for i, m := range large {
		large[i] = mustEncode(t, m)
	}
	for name, closes := range map[string]bool{"kept": false, "closed": true, "http2": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got atomic.Int64
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				if got.Add(1); closes {
					w.Header().Set("Connection", "close")
				}
				io.WriteString(w, "{}")
			}))
			if name == "http2" {
				srv.EnableHTTP2 = true
				srv.StartTLS()
			} else {
				srv.Start()
			}
			defer srv.Close()
			cfg := cio.Config{APIKey: testKey, BaseURL: srv.URL, MaxElapsed: time.Nanosecond, RateLimit: -1}
			if name == "http2" {
				cfg.HTTPClient = srv.Client()
			}
			client, err := cio.NewClient(cfg)
			if err != nil {
				t.Fatal(err)
			}
			each := n
			if closes {
				each = n / 10
			}
			var wg sync.WaitGroup
			for g := range 8 {
				wg.Go(func() {
					for i := g; i < each; i += 8 {
						msgs := large[:1]
						if i%20 == 0 {
							msgs = large
						}
						if err := client.Send(t.Context(), msgs...); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			if got.Load() != int64(each) {
				t.Errorf("%d requests, %d sent", got.Load(), each)
			}
		})
	}
}

func FuzzAcceptance(f *testing.F) {
	for _, s := range []string{"", "{}", `{"success":false}`, "<html>", `{"meta":{"errors":["x"]}}`, "\ufeff{}"} {
		f.Add(200, "application/json", s)
		f.Add(403, "text/html", s)
		f.Add(400, "", s)
	}
	f.Fuzz(func(t *testing.T, code int, contentType, body string) {
		if code < 200 || code > 599 || code >= 300 && code < 400 {
			t.Skip("no status of an answer that ends here: redirects have tests of their own")
		}
		s := &server{answer: func(int, call) (*http.Response, error) { return status(code, body, "Content-Type", contentType), nil }}
		err := newClient(t, s, func(c *cio.Config) { c.AcceptAny2xx = false; impatient(c) }).Send(t.Context(), tracks(1)...)
		if (err == nil) != (code < 300 && len(body) <= 64<<10 && modelAccepts(code, body)) {
			t.Errorf("%d %q: %v", code, body, err)
		}
		if err != nil && (len(err.Error()) > 2000 || strings.ContainsAny(err.Error(), "\n\x00\x1b")) {
			t.Errorf("%q", err)
		}
	})
}

// A rejection that lists what is wrong with each message of a large batch comes from the API, however long it is.
func TestALongRefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(_ int, _ call, ids []string) *http.Response {
			return status(400, `{"meta":{"errors":["`+strings.Repeat(`messages: a reason that takes some room","`, 80*len(ids))+`"]}}`, "Content-Type", "application/json")
		})
		rep := collect(t)
		b := newBatcher(t, newClient(t, w, nil), cio.BatcherConfig{OnReport: rep.add})
		for i := range 100 {
			if err := b.Enqueue(t.Context(), message(i, 0, "")); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(20 * time.Second)
		if st := b.Stats(); st.Rejected != 100 || st.Stopped != nil {
			t.Errorf("%+v", st)
		}
		b.Close(t.Context())
	})
}

// An answer that quotes the request does not appear in errors.
func TestAnswersThatQuote(t *testing.T) {
	t.Parallel()
	for _, code := range []int{200, 400, 401, 403, 404, 413, 422, 503} {
		for _, body := range []string{
			`blocked: {"userId":"jane"}`, `blocked: {"userId" : "jane"}`, `blocked: {'userId': 'jane'}`, `{&quot;userId&quot;:&quot;jane&quot;}`, `blocked jane@example.com`,
			`<html><title>blocked jane@example.com</title>`, `<html><title>{'userId': 'jane'}</title>`, `{"message":"blocked jane@example.com"}`, `{"message":"blocked {'userId': 'jane'}"}`,
			`{"error":"blocked jane@example.com"}`, `blocked userId=jane&email=jane%40example.com`, `{"meta":{"errors":["bad {\"userId\": \"jane\"}"]}}`, `{\"userId\": \"jane\"}`,
		} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(int, call, []string) *http.Response { return status(code, body) })
				err := newClient(t, w, impatient).Send(t.Context(), message(1, 0, ""))
				if err != nil && strings.Contains(err.Error(), "jane") {
					t.Errorf("%d %s: %v", code, body, err)
				}
			})
		}
	}
}
