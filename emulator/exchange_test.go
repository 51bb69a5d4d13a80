package emulator

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestExchangeStreams reads an answer while the handler is still writing it.
func TestExchangeStreams(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := &transport{handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, line := range []string{"one\n", "two\n"} {
				_, _ = io.WriteString(w, line)
				w.(http.Flusher).Flush()
				wait(r.Context(), time.Minute)
			}
		})}
		start := time.Now()
		resp := roundTrip(t, rt, t.Context(), http.MethodGet)
		defer resp.Body.Close()
		if resp.ContentLength != -1 || resp.Header.Get("Content-Length") != "" {
			t.Errorf("a length is promised: %d", resp.ContentLength)
		}
		lines := bufio.NewReader(resp.Body)
		for i, want := range []string{"one\n", "two\n", ""} {
			line, err := lines.ReadString('\n')
			if line != want || (err == io.EOF) != (want == "") {
				t.Errorf("line %d: %q, %v", i, line, err)
			}
			if d := time.Since(start); d != time.Duration(i)*time.Minute {
				t.Errorf("line %d came after %v", i, d)
			}
		}
	})
}

// TestExchangeEndsWithItsReader checks that a handler notices when its reader
// has closed the answer. Otherwise synctest would find its goroutine.
func TestExchangeEndsWithItsReader(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"close", "cancel"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var wrote error
				rt := &transport{handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.(http.Flusher).Flush()
					<-r.Context().Done()
					_, wrote = io.WriteString(w, "too late")
				})}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				resp := roundTrip(t, rt, ctx, http.MethodGet)
				if end == "close" {
					resp.Body.Close()
				} else {
					cancel()
					if _, err := io.ReadAll(resp.Body); !errors.Is(err, context.Canceled) {
						t.Errorf("read after cancel: %v", err)
					}
				}
				synctest.Wait()
				if wrote == nil {
					t.Error("the handler could write")
				}
			})
		})
	}
}

// TestExchangeLikeNetHTTP compares what clients get from handlers in process
// and over a socket.
func TestExchangeLikeNetHTTP(t *testing.T) {
	t.Parallel()
	handlers := map[string]http.HandlerFunc{
		"nothing": func(http.ResponseWriter, *http.Request) {},
		"a long answer": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			for range 100 {
				_, _ = io.WriteString(w, strings.Repeat("x", 100))
			}
			w.Header().Set("Too-Late", "1")
		},
		"a stated length": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.Header().Set("Content-Length", "5")
			_, _ = io.WriteString(w, "hello")
		},
		"no content": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNoContent)
			if _, err := io.WriteString(w, "x"); !errors.Is(err, http.ErrBodyNotAllowed) {
				panic(err)
			}
		},
		"two statuses": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusTeapot)
			w.Header().Set("Too-Late", "1")
		},
		"aborted": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"aborted with a status": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusOK)
			panic(http.ErrAbortHandler)
		},
		"aborted halfway": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = io.WriteString(w, "half")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		},
		"the request": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = io.WriteString(w, strings.Join([]string{r.Method, r.RequestURI, r.URL.String(), r.Proto, r.URL.EscapedPath()}, " "))
		},
	}
	for name, handler := range handlers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(handler)
			defer server.Close()
			server.Client().Transport.(*http.Transport).DisableKeepAlives = true // a POST is not repeated on a connection that the server has just closed
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
				look := func(rt http.RoundTripper, base string) string {
					req, err := http.NewRequestWithContext(t.Context(), method, base+"/a%2Fb?c=d#e", http.NoBody)
					if err != nil {
						t.Fatal(err)
					}
					resp, err := rt.RoundTrip(req)
					if err != nil {
						return "no answer"
					}
					defer resp.Body.Close()
					text, err := io.ReadAll(resp.Body)
					end := ""
					if err != nil {
						end = " broken"
					}
					return resp.Status + " " + resp.Header.Get("Content-Type") + " " + resp.Header.Get("Content-Length") +
						resp.Header.Get("Too-Late") + " " + string(text) + end
				}
				got, want := look(&transport{handler: handler}, "http://server"), look(server.Client().Transport, server.URL)
				if got != want {
					t.Errorf("%s: in process %.200q\nover TCP %.200q", method, got, want)
				}
			}
		})
	}
}

func TestExchangeBrokenHalfway(t *testing.T) {
	t.Parallel()
	rt := &transport{handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})}
	resp := roundTrip(t, rt, t.Context(), http.MethodGet)
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); string(text) != "half" || !errors.Is(err, ErrnoReset) {
		t.Errorf("%q, %v", text, err)
	}
}

func roundTrip(t *testing.T, rt http.RoundTripper, ctx context.Context, method string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, "http://server/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}
