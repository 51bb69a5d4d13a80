package emulator_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio/emulator"
)

// counted counts how much of a request's body the transport has read.
type counted struct {
	io.Reader
	n atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// patience is how long the bare client waits for a whole answer. Only an
// endless answer takes that long.
const patience = 2500 * time.Millisecond

// seen describes a call as a bare client with that patience sees it: the
// status, the type, how the body ends, and whether the call had an effect.
func seen(t *testing.T, client *http.Client, srv *emulator.Server, base, id, event string, patience time.Duration) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	body := fmt.Sprintf(`{"userId":%q,"event":%q,"properties":{"x":"%s"}}`, id, event, strings.Repeat("x", 20_000))
	sent := &counted{Reader: strings.NewReader(body)}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/v1/track", sent)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = int64(len(body))
	req.SetBasicAuth("key", "")
	resp, err := client.Do(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	early := ""
	if sent.n.Load() < int64(len(body)) {
		early = " early"
	}
	text, err := io.ReadAll(resp.Body)
	how := fmt.Sprintf("%.20q", text)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		how = fmt.Sprintf("%q without end", strings.TrimRight(string(text), " "))
	case errors.Is(err, emulator.ErrnoReset), errors.Is(err, io.ErrUnexpectedEOF):
		how += " cut"
	case err != nil:
		how += " " + err.Error()
	case len(text) > 64<<10:
		how += fmt.Sprintf(" in %d bytes", len(text))
	}
	if _, err := srv.Person("key", id); err == nil {
		how += " done"
	}
	contentType, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	return fmt.Sprintf("%d %s %s%s", resp.StatusCode, strings.TrimPrefix(contentType, "application/"), how, early)
}

const good = `200 json "{}" done`

// situations lists what each preset does to consecutive calls, and to one call
// 6 seconds later.
var situations = map[string]struct {
	event string
	want  []string
	later string
}{
	"stray-401":        {"e", []string{`401 json "{\"meta\":{\"errors\":[\""`, good}, good},
	"node-401":         {"e", []string{`401 json "{\"meta\":{\"errors\":[\""`, `401 json "{\"meta\":{\"errors\":[\""`}, `401 json "{\"meta\":{\"errors\":[\""`},
	"every-second-401": {"e", []string{good, `401 json "{\"meta\":{\"errors\":[\""`, good}, `401 json "{\"meta\":{\"errors\":[\""`},
	"firewall-403":     {"1 UNION SELECT 2", []string{`403 text/html "<!DOCTYPE html>\n<htm"`, `403 text/html "<!DOCTYPE html>\n<htm"`}, `403 text/html "<!DOCTYPE html>\n<htm"`},
	"html-200":         {"e", []string{`200 text/html "<!DOCTYPE html>\n<htm"`, `200 text/html "<!DOCTYPE html>\n<htm"`}, good},
	"gateway-400":      {"e", []string{`400 text/plain "Bad Request\n"`, `400 text/plain "Bad Request\n"`}, good},
	"json-400":         {"e", []string{`400 json "{\"meta\":{\"errors\":[\""`}, `400 json "{\"meta\":{\"errors\":[\""`},
	"failed-200":       {"e", []string{`200 json "{\"success\":false,\"er"`}, good},
	"multi-207":        {"e", []string{`207 json "{}"`}, good},
	"odd-203":          {"e", []string{`203 json "{}"`}, good},
	"early-200":        {"e", []string{`200 json "{}" early`, `200 json "{}" early`}, good},
	"broken-200":       {"e", []string{`200 json "{" cut`}, good},
	"long-200":         {"e", []string{`200 json "{}                  " in 70000 bytes`}, good},
	"endless-200":      {"e", []string{`200 json "{}" without end`}, good},
}

// TestPresets makes calls in each situation, in process and in the time of a
// bubble.
func TestPresets(t *testing.T) {
	t.Parallel()
	if len(situations) != len(emulator.Presets()) {
		t.Errorf("%d situations are tested, there are %d", len(situations), len(emulator.Presets()))
	}
	for _, p := range emulator.Presets() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := situations[p.Name]
				srv := emulator.New(emulator.Config{})
				if err := srv.AddFault(p.Fault); err != nil {
					t.Fatal(err)
				}
				client := &http.Client{Transport: srv.Transport()}
				for i, want := range s.want {
					if got := seen(t, client, srv, "http://emulator", fmt.Sprint("u", i), s.event, patience); got != want {
						t.Errorf("call %d: %s, want %s", i, got, want)
					}
				}
				<-time.After(6 * time.Second)
				if got := seen(t, client, srv, "http://emulator", "later", s.event, patience); got != s.later {
					t.Errorf("later: %s, want %s", got, s.later)
				}
				if p.Name == "firewall-403" {
					if got := seen(t, client, srv, "http://emulator", "innocent", "e", patience); got != good {
						t.Errorf("another body: %s", got)
					}
				}
			})
		})
	}
}

// TestPresetsOverTCP does the same over connections, which hide little.
func TestPresetsOverTCP(t *testing.T) {
	t.Parallel()
	for _, p := range emulator.Presets() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			s := situations[p.Name]
			srv := emulator.New(emulator.Config{})
			server := serve(t, srv, "http")
			for _, send := range []func() (*http.Response, error){
				func() (*http.Response, error) {
					return http.Post(server.URL+"/_emulator/faults", "application/json", strings.NewReader(`{"preset":"`+p.Name+`"}`))
				},
				func() (*http.Response, error) {
					return http.PostForm(server.URL+"/faults", url.Values{"preset": {p.Name}}) // as the page does
				},
			} {
				srv.ClearFaults()
				resp, err := send()
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if resp.StatusCode != http.StatusOK || len(srv.Faults()) != 1 {
					t.Fatalf("the fault is not queued: %s", resp.Status)
				}
				client := &http.Client{Transport: &http.Transport{}}
				defer client.CloseIdleConnections()
				wait := time.Minute // on a busy machine answers are slow
				if strings.Contains(s.want[0], "without end") {
					wait = patience
				}
				got := seen(t, client, srv, server.URL, "u", s.event, wait)
				// How much of a body a socket accepts before the answer arrives
				// depends on the system.
				want := strings.TrimSuffix(s.want[0], " early")
				if strings.TrimSuffix(got, " early") != want {
					t.Errorf("%s, want %s", got, want)
				}
			}
		})
	}
}

// TestEarlyOverTCP waits for the answer before it sends the body. Only an early
// fault answers then.
func TestEarlyOverTCP(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{})
	if err := srv.AddFault(emulator.Fault{Count: 1, Drop: true, Early: true}); err != nil {
		t.Fatal(err)
	}
	server := serve(t, srv, "http")
	reader, writer := io.Pipe()
	req, err := http.NewRequest(http.MethodPost, server.URL+"/v1/batch", reader)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = 400_000
	resp, err := (&http.Client{Transport: &http.Transport{}}).Do(req) // nothing is written before the answer
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || string(text) != "{}" {
		t.Errorf("%s %q, %v", resp.Status, text, err)
	}
	writer.CloseWithError(errors.New("no more"))
}

// TestNodes uses several connections: a connection to the bad node stays bad
// until the client makes a new one.
func TestNodes(t *testing.T) {
	t.Parallel()
	for _, over := range []string{"in process", "http", "h2"} {
		t.Run(over, func(t *testing.T) {
			t.Parallel()
			srv := emulator.New(emulator.Config{})
			if err := srv.AddFault(emulator.Fault{Nodes: 3, Status: 401}); err != nil {
				t.Fatal(err)
			}
			base, client := "http://emulator", &http.Client{Transport: srv.Transport()}
			if over != "in process" {
				server := serve(t, srv, over)
				base, client = server.URL, server.Client()
			}
			var statuses []string
			for range 7 {
				for range 2 {
					statuses = append(statuses, fmt.Sprint(track(t, client, base, "key", "u", "e")))
				}
				client.CloseIdleConnections()
			}
			if got, want := strings.Join(statuses, " "), "401 401 200 200 200 200 401 401 200 200 200 200 401 401"; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if f := srv.Faults()[0]; f.Seen != 6 || f.Fired != 6 {
				t.Errorf("%d seen, %d fired", f.Seen, f.Fired)
			}
		})
	}
}

// TestConnectionsInProcess makes calls at the same time, one that is cut, and
// one that does not keep its connection.
func TestConnectionsInProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := emulator.New(emulator.Config{})
		client := &http.Client{Transport: srv.Transport()}
		for _, f := range []emulator.Fault{{Path: "/v1/t", Nodes: 2, Status: 401}, {Path: "/v1/page", DelayMS: 1000}, {Path: "/v1/screen", Count: 1, Reset: true}} {
			if err := srv.AddFault(f); err != nil {
				t.Fatal(err)
			}
		}
		call := func(path string, last bool) int {
			req := request(t, t.Context(), http.MethodPost, path, io.NopCloser(strings.NewReader(`{"userId":"u"}`)))
			req.Close = last
			resp, err := client.Do(req)
			if err != nil {
				return 0
			}
			_ = resp.Body.Close()
			return resp.StatusCode
		}
		var got []int
		got = append(got, call("/v1/track", false)) // the first connection
		held := make(chan int)
		go func() { held <- call("/v1/page", false) }() // uses it
		synctest.Wait()
		got = append(got, call("/v1/track", false), <-held) // so this one opens the second
		got = append(got, call("/v1/track", false))         // the last used connection is the first
		got = append(got, call("/v1/track", true))          // which is closed after this call
		got = append(got, call("/v1/track", false))         // the second
		got = append(got, call("/v1/screen", false))        // which is cut by the fault
		got = append(got, call("/v1/track", false))         // the third
		if s := fmt.Sprint(got); s != "[401 200 200 401 401 200 0 401]" {
			t.Errorf("statuses %s", s)
		}
	})
}

// TestFaultsOfADuration queues three outages, and moves the clock.
func TestFaultsOfADuration(t *testing.T) {
	t.Parallel()
	clock := newClock()
	srv := emulator.New(emulator.Config{Now: clock.now})
	for _, f := range []emulator.Fault{{ForMS: 5000, Status: 500}, {ForMS: 2000, Count: 2, Every: 2, Status: 503}, {Path: "/v1/batch", ForMS: 1, Status: 504}} {
		if err := srv.AddFault(f); err != nil {
			t.Fatal(err)
		}
	}
	client := &http.Client{Transport: srv.Transport()}
	var got []string
	call := func() { got = append(got, fmt.Sprint(track(t, client, "http://emulator", "key", "u", "e"))) }
	states := func() {
		var s []string
		for _, f := range srv.Faults() {
			s = append(s, f.State)
		}
		got = append(got, strings.Join(s, ","))
	}
	clock.advance(time.Hour) // there was no call, so the outage has not begun
	call()
	clock.advance(4999 * time.Millisecond)
	call()
	clock.advance(time.Millisecond)
	states()
	clock.advance(time.Hour)
	call()
	call()
	srv.AdvanceClock(1999 * time.Millisecond) // the server's clock, not the real one
	call()
	srv.AdvanceClock(time.Millisecond)
	call()
	states()
	want := "500 500 done,active,active 200 503 200 200 done,done,active"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

// TestContainsReadsWhatWasMeant searches for a text in bodies that are
// compressed, too large or not JSON.
func TestContainsReadsWhatWasMeant(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{MaxBodyBytes: 100_000})
	if err := c.srv.AddFault(emulator.Fault{Contains: `"needle"`, Status: 403}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		body   string
		zipped bool
		want   int
	}{
		{`{"userId":"needle"}`, false, 403},
		{`{"userId":"needle"}`, true, 403},
		{`{"userId":"a needle"}`, true, 200},
		{`"needle`, false, 400},
		{`{"needle"`, false, 403},
		{strings.Repeat(" ", 50_000) + `"needle"`, true, 403},
		{strings.Repeat(" ", 200_000) + `"needle"`, true, 200},
	} {
		c.header.Del("Content-Encoding")
		body := test.body
		if test.zipped {
			c.header.Set("Content-Encoding", "gzip")
			body = gzipped(t, body)
		}
		if a := c.do(http.MethodPost, "/v1/identify", body); a.status != test.want {
			t.Errorf("%.40s, zipped %v: status %d, want %d", test.body, test.zipped, a.status, test.want)
		}
	}
}

func TestParseFault(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"stray-401":   "1 call: answers 401",
		" html-200\n": "all calls, for 5000 ms: answers 200",
		`{"preset":"html-200","for_ms":0,"count":2}`:               "2 calls: answers 200",
		`{"preset":"html-200","body":"<p>"}`:                       "all calls, for 5000 ms: answers 200",
		`{"status":503,"every":3,"path":"/v1/b"}`:                  "all calls to /v1/b, each third: answers 503",
		`{"contains":"x\"y","nodes":2,"reset":true,"early":false}`: `all calls that contain "x\"y" on one connection of 2: cuts the connection`,
		`{"early":true,"drop":true,"every":4}`:                     "all calls, each 4th: answers 200 and does nothing, before the body is read",
		`{"status":200,"body_bytes":-1}`:                           "all calls: answers 200, with a body that never ends",
		`{"status":200,"body_bytes":70000}`:                        "all calls: answers 200, with a body of 70000 bytes",
	} {
		f, err := emulator.ParseFault(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := f.Scope() + ": " + f.Effect(); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"":                                "the names are stray-401, node-401",
		"html":                            `no fault named "html"`,
		`{"preset":"html"}`:               `no fault named "html"`,
		`{"preset":1,"status":500}`:       "preset",
		`{"preset":null}`:                 "does nothing",
		`{"stauts":500}`:                  "stauts",
		`{"status":500}{}`:                "after the object",
		`{"status":`:                      "cannot be read",
		`{"status":99}`:                   "status",
		`{}`:                              "does nothing",
		`{"preset":"html-200","nodes":1}`: "nodes",
	} {
		if f, err := emulator.ParseFault(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v; want an error about %s", text, f, err, want)
		}
	}
	// A caller who changes the returned preset does not change the preset
	// itself.
	emulator.Presets()[4].Fault.Headers["Content-Type"] = "x"
	f, err := emulator.ParseFault(`{"preset":"html-200","headers":{"Server":"nginx"}}`)
	if err != nil || f.Headers["Content-Type"] != "text/html; charset=utf-8" || f.Headers["Server"] != "nginx" {
		t.Errorf("%+v, %v", f.Headers, err)
	}
	if again, _ := emulator.ParseFault("html-200"); again.Headers["Server"] != "gateway" {
		t.Errorf("one fault changed the next: %v", again.Headers)
	}
}

func FuzzParseFault(f *testing.F) {
	for _, p := range emulator.Presets() {
		f.Add(p.Name)
		f.Add(`{"preset":"` + p.Name + `","count":2}`)
	}
	f.Add(`{"status":200,"body":"x","body_bytes":-1,"headers":{"A":"b"}}`)
	f.Add(`{"preset":null,"PRESET":"html-200"}`)
	f.Fuzz(func(t *testing.T, text string) {
		fault, err := emulator.ParseFault(text)
		if err != nil {
			return
		}
		if err := emulator.New(emulator.Config{}).AddFault(fault); err != nil {
			t.Errorf("%q is read and refused: %v", text, err)
		}
		// A fault that is listed can be queued again.
		again, err := emulator.ParseFault(encode(t, fault))
		if err != nil || encode(t, again) != encode(t, fault) {
			t.Errorf("%q: %+v became %+v, %v", text, fault, again, err)
		}
		if fault.Scope() == "" || fault.Effect() == "" {
			t.Errorf("%q is not described", text)
		}
	})
}

// TestLargeAnswerWaitsForItsReader limits the memory of an answer that nobody
// reads.
func TestLargeAnswerWaitsForItsReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := emulator.New(emulator.Config{})
		const size = 100 << 20
		if err := srv.AddFault(emulator.Fault{Status: 200, BodyBytes: size}); err != nil {
			t.Fatal(err)
		}
		before := heapInUse()
		resp, err := srv.Transport().RoundTrip(request(t, t.Context(), http.MethodPost, "/v1/track", nil))
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if grown := heapInUse() - before; grown > 4<<20 {
			t.Errorf("%d bytes are held for a reader who has read nothing", grown)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		if n != size || err != nil || resp.ContentLength != size {
			t.Errorf("%d of %d bytes, %v", n, resp.ContentLength, err)
		}
		// If a reader closes the answer, the handler ends. Otherwise the bubble
		// would report it.
		resp, err = srv.Transport().RoundTrip(request(t, t.Context(), http.MethodPost, "/v1/track", nil))
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		_ = resp.Body.Close()
	})
}
