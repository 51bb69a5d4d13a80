package emulator_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio/emulator"
)

// serve runs handler on a loopback socket until the test ends.
func serve(t *testing.T, handler http.Handler, protocol string) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	switch protocol {
	case "http":
		server.Start()
	case "https":
		server.StartTLS()
	case "h2":
		server.EnableHTTP2 = true
		server.StartTLS()
	}
	t.Cleanup(server.Close)
	return server
}

// watchedBody says whether it was closed, and can block its readers until then.
type watchedBody struct {
	io.Reader
	closed chan struct{}
	once   sync.Once
}

func newWatchedBody(text string) *watchedBody {
	return &watchedBody{Reader: strings.NewReader(text), closed: make(chan struct{})}
}

func (b *watchedBody) Close() error {
	b.once.Do(func() { close(b.closed) })
	return nil
}

func (b *watchedBody) isClosed() bool {
	select {
	case <-b.closed:
		return true
	default:
		return false
	}
}

// endless blocks its reader until the body is closed.
type endless struct{ *watchedBody }

func (b endless) Read([]byte) (int, error) {
	<-b.closed
	return 0, net.ErrClosed
}

func request(t *testing.T, ctx context.Context, method, path string, body io.ReadCloser) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, "http://cdp.customer.io"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("key", "")
	return req
}

func TestTransportClosesBodies(t *testing.T) {
	t.Parallel()
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	tests := []struct {
		name  string
		fault emulator.Fault
		ctx   context.Context
		body  string
		limit int
		fails bool
	}{
		{"accepted", emulator.Fault{}, t.Context(), `{"userId":"u"}`, 0, false},
		{"refused", emulator.Fault{}, t.Context(), `{`, 0, false},
		{"not read to its end", emulator.Fault{}, t.Context(), `{"userId":"u"}`, 3, false},
		{"status", emulator.Fault{Status: 500}, t.Context(), `{"userId":"u"}`, 0, false},
		{"reset", emulator.Fault{Reset: true}, t.Context(), `{"userId":"u"}`, 0, true},
		{"cancelled before", emulator.Fault{}, cancelled, `{"userId":"u"}`, 0, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv := emulator.New(emulator.Config{MaxBodyBytes: test.limit})
			if !reflect.ValueOf(test.fault).IsZero() {
				if err := srv.AddFault(test.fault); err != nil {
					t.Fatal(err)
				}
			}
			body := newWatchedBody(test.body)
			resp, err := srv.Transport().RoundTrip(request(t, test.ctx, http.MethodPost, "/v1/identify", body))
			if (err != nil) != test.fails {
				t.Fatalf("error %v", err)
			}
			if err == nil {
				defer resp.Body.Close()
			}
			if !body.isClosed() {
				t.Error("the body is still open")
			}
		})
	}
}

func TestTransportWithoutURL(t *testing.T) {
	t.Parallel()
	body := newWatchedBody("")
	resp, err := emulator.New(emulator.Config{}).Transport().RoundTrip(&http.Request{Body: body})
	if err == nil {
		resp.Body.Close()
		t.Fatal("no error")
	}
	if !body.isClosed() {
		t.Error("the body is still open")
	}
}

func TestTransportReset(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{})
	if err := srv.AddFault(emulator.Fault{Reset: true}); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: srv.Transport()}
	resp, err := client.Do(request(t, t.Context(), http.MethodPost, "/v1/identify", newWatchedBody(`{}`)))
	if err == nil {
		resp.Body.Close()
		t.Fatal("no error")
	}
	var op *net.OpError
	var netErr net.Error
	if !errors.Is(err, emulator.ErrnoReset) || !errors.As(err, &op) || !errors.As(err, &netErr) || netErr.Timeout() {
		t.Errorf("error %v is not that of a connection that was reset", err)
	}
}

// TestTransportContext ends calls that hang, in every way that a call can end.
func TestTransportContext(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	t.Run("deadline during a delay", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			srv := emulator.New(emulator.Config{})
			if err := srv.AddFault(emulator.Fault{DelayMS: 3_600_000}); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			body := newWatchedBody(`{"userId":"u"}`)
			start := time.Now()
			resp, err := srv.Transport().RoundTrip(request(t, ctx, http.MethodPost, "/v1/identify", body))
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("%v, %v", resp, err)
			}
			if d := time.Since(start); d != time.Minute {
				t.Errorf("took %v", d)
			}
			synctest.Wait()
			if s, _ := srv.Stats(""); s.Requests != 0 || !body.isClosed() {
				t.Errorf("%+v, body closed %v", s, body.isClosed())
			}
		})
	})
	t.Run("cause", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			srv := emulator.New(emulator.Config{})
			if err := srv.AddFault(emulator.Fault{DelayMS: 3_600_000}); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(boom) })
			resp, err := srv.Transport().RoundTrip(request(t, ctx, http.MethodPost, "/v1/identify", newWatchedBody(`{}`)))
			if !errors.Is(err, boom) {
				t.Fatalf("%v, %v", resp, err)
			}
		})
	})
	t.Run("a client's timeout", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			srv := emulator.New(emulator.Config{})
			if err := srv.AddFault(emulator.Fault{DelayMS: 3_600_000}); err != nil {
				t.Fatal(err)
			}
			client := &http.Client{Transport: srv.Transport(), Timeout: 10 * time.Second}
			resp, err := client.Do(request(t, t.Context(), http.MethodPost, "/v1/identify", newWatchedBody(`{}`)))
			var timeout net.Error
			if !errors.As(err, &timeout) || !timeout.Timeout() {
				t.Fatalf("%v, %v", resp, err)
			}
		})
	})
	t.Run("a body that never ends", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			srv := emulator.New(emulator.Config{})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			body := endless{newWatchedBody("")}
			resp, err := srv.Transport().RoundTrip(request(t, ctx, http.MethodPost, "/v1/identify", body))
			if !errors.Is(err, context.DeadlineExceeded) || !body.isClosed() {
				t.Fatalf("%v, %v", resp, err)
			}
		})
	})
}

// TestTransportLikeNetHTTP compares answers in process with those over a
// socket.
func TestTransportLikeNetHTTP(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ method, path, body string }{
		{http.MethodPost, "/v1/identify", `{"userId":"u","traits":{"a":"` + strings.Repeat("x", 5000) + `"}}`},
		{http.MethodPost, "/v1/track", `{`},
		{http.MethodGet, "/v1/track", ""},
		{http.MethodHead, "/_emulator/stats", ""},
		{http.MethodGet, "/_emulator/stats", ""},
		{http.MethodGet, "/_emulator/people/u", ""},
		{http.MethodGet, "/_emulator/messages?limit=1", ""},
		{http.MethodPost, "/_emulator/faults", `{"count":1,"status":204}`},
		{http.MethodPost, "/v1/identify", `{"userId":"u"}`},
	} {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			config := emulator.Config{Now: newClock().now}
			inProcess, overTCP := emulator.New(config), emulator.New(config)
			server := serve(t, overTCP, "http")
			read := func(rt http.RoundTripper, base, method, path, body string) string {
				req, err := http.NewRequest(method, base+path, strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				req.SetBasicAuth("key", "")
				resp, err := rt.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				text, err := io.ReadAll(resp.Body)
				if err != nil {
					t.Fatal(err)
				}
				resp.Header.Del("Date")
				// Both report "not known" as the length of an answer in chunks.
				return encode(t, []any{resp.Status, resp.Proto, resp.Header, resp.ContentLength, string(text)})
			}
			for _, call := range []struct{ method, path, body string }{
				{http.MethodPost, "/v1/identify", `{"userId":"u","traits":{"a":"` + strings.Repeat("y", 5000) + `"}}`},
				test,
			} {
				got := read(inProcess.Transport(), "http://cdp.customer.io", call.method, call.path, call.body)
				want := read(server.Client().Transport, server.URL, call.method, call.path, call.body)
				if got != want {
					t.Errorf("in process %s\nover TCP   %s", got, want)
				}
			}
		})
	}
}

// TestTransportClosedEarly closes the answer's body before reading it.
func TestTransportClosedEarly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := emulator.New(emulator.Config{})
		resp, err := srv.Transport().RoundTrip(request(t, t.Context(), http.MethodGet, "/_emulator/stats", nil))
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
		if n, err := resp.Body.Read(make([]byte, 1)); n != 0 || err == nil || errors.Is(err, io.EOF) {
			t.Errorf("read after close: %d, %v", n, err)
		}
	})
}

// TestTransportConcurrently has many writers and readers of one server.
func TestTransportConcurrently(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := emulator.New(emulator.Config{MaxMessages: 50})
		if err := srv.AddFault(emulator.Fault{Every: 7, Status: 500}); err != nil {
			t.Fatal(err)
		}
		const writers, calls = 16, 50
		var group sync.WaitGroup
		for range writers {
			group.Go(func() {
				client := &http.Client{Transport: srv.Transport()}
				for range calls {
					for {
						resp, err := client.Do(request(t, t.Context(), http.MethodPost, "/v1/batch", io.NopCloser(strings.NewReader(
							`{"batch":[{"type":"identify","userId":"u","anonymousId":"a","traits":{"a":1}},{"type":"track","userId":"u","event":"e"},{"type":"track","anonymousId":"a","event":"f"}]}`))))
						if err != nil {
							t.Error(err)
							return
						}
						resp.Body.Close()
						if resp.StatusCode == http.StatusOK {
							break
						}
					}
				}
			})
			group.Go(func() {
				for range calls {
					if p, err := srv.Person("", "u"); err == nil && p.ID != "u" {
						t.Errorf("person %+v", p)
					}
					if _, err := srv.Messages(emulator.MessagesQuery{}); err != nil {
						t.Error(err)
					}
					if _, err := srv.Stats(""); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		s, err := srv.Stats("")
		if err != nil || s.People != 1 || s.Events != 2*writers*calls || s.Messages.Accepted != 3*writers*calls {
			t.Errorf("%+v, %v", s, err)
		}
	})
}
