package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
)

// loadFrom runs a load of one person and returns its exit code and its output.
func loadFrom(t *testing.T, to string, more ...string) (code int, said string) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("XDG_STATE_HOME", dir)
	t.Setenv("CUSTOMERIO_API_KEY", "k")
	for name, text := range map[string]string{"in.csv": "id,n\nu1,1\n", "map.yaml": "messages:\n  - identify: {userId: $id, traits: {n: $n}}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := new(syncBuffer)
	args := append([]string{"load", filepath.Join(dir, "in.csv"), "--mapping", filepath.Join(dir, "map.yaml"), "--to", to, "--give-up-after", "1s"}, more...)
	code = run(t.Context(), args, console.New(strings.NewReader(""), out, out))
	return code, out.String()
}

// TestWorkspaceBehindLoopback runs servers on this machine that forward everything to a workspace, which an emulator plays. Without --yes, nothing
// is sent to it through any of them, and the check changes nothing. An emulator needs no --yes, even through another server.
func TestWorkspaceBehindLoopback(t *testing.T) {
	workspace := emulator.New(emulator.Config{Keys: []string{"k"}})
	inner := httptest.NewServer(workspace)
	defer inner.Close()
	target, err := url.Parse(inner.URL)
	if err != nil {
		t.Fatal(err)
	}
	passing := func(change func(*http.Response)) http.Handler {
		return &httputil.ReverseProxy{
			Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
			ModifyResponse: func(r *http.Response) error { change(r); return nil },
		}
	}
	plain := func(r *http.Response) { r.Header.Del(emulator.Header) }
	for _, c := range []struct {
		name string
		at   func(t *testing.T) string
		real bool
	}{
		{"ciokit proxy", func(t *testing.T) string {
			return start(t, "proxy", "--addr", "127.0.0.1:0", "--to", inner.URL, "--quiet").base
		}, true},
		{"a proxy before a proxy", func(t *testing.T) string {
			second := start(t, "proxy", "--addr", "127.0.0.1:0", "--to", inner.URL, "--quiet")
			return start(t, "proxy", "--addr", "127.0.0.1:0", "--to", second.base, "--quiet").base
		}, true},
		{"an API without the header", func(t *testing.T) string { return serving(t, passing(plain)) }, true},
		{"an API that answers all preflights", func(t *testing.T) string {
			next := passing(plain)
			return serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodOptions {
					w.WriteHeader(http.StatusOK)
					return
				}
				next.ServeHTTP(w, r)
			}))
		}, true},
		{"inspection of an emulator, calls to an API", func(t *testing.T) string {
			beside, next := emulator.New(emulator.Config{}), passing(plain)
			return serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/_emulator/") {
					beside.ServeHTTP(w, r)
					return
				}
				next.ServeHTTP(w, r)
			}))
		}, true},
		{"a redirect to an emulator", func(t *testing.T) string {
			return serving(t, http.RedirectHandler(inner.URL, http.StatusTemporaryRedirect))
		}, true},
		{"another value", func(t *testing.T) string {
			return serving(t, passing(func(r *http.Response) { r.Header.Set(emulator.Header, "0") }))
		}, true},
		{"an emulator", func(t *testing.T) string { return inner.URL }, false},
		{"an emulator with a path", func(t *testing.T) string { return inner.URL + "/v1" }, false},
		{"an emulator behind a tunnel", func(t *testing.T) string { return tunnel(t, target.Host) }, false},
		{"an emulator behind a web server", func(t *testing.T) string { return serving(t, passing(func(*http.Response) {})) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := workspace.Reset(); err != nil {
				t.Fatal(err)
			}
			if err := workspace.AddFault(emulator.Fault{Status: 503, Count: 1}); err != nil { // the check must not use it up
				t.Fatal(err)
			}
			to := c.at(t)
			code, said := loadFrom(t, to, "--dry-run")
			if code != exit.OK {
				t.Fatalf("dry run: code %d: %s", code, said)
			}
			code, said = loadFrom(t, to)
			stats, err := workspace.Stats("k")
			if err != nil {
				t.Fatal(err)
			}
			if !c.real {
				if code != exit.OK || stats.People != 1 || !strings.Contains(said, "(1 repeated)") || strings.Contains(said, "Sending to") {
					t.Errorf("code %d, %d people: %s", code, stats.People, said)
				}
				return
			}
			if code != exit.Guard || stats.Requests != 0 {
				t.Errorf("code %d, %d requests: %s", code, stats.Requests, said)
			}
			for _, want := range []string{"which is not an emulator", "This load would send to http://127.0.0.1:", "add --yes"} {
				if !strings.Contains(said, want) {
					t.Errorf("it does not say %q: %s", want, said)
				}
			}
		})
	}
}

func serving(t *testing.T, h http.Handler) string {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// tunnel forwards connections to an address, and returns its own URL.
func tunnel(t *testing.T, to string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				near.Close()
				continue
			}
			go func() { io.Copy(far, near); far.Close() }()
			go func() { io.Copy(near, far); near.Close() }()
		}
	}()
	return "http://" + l.Addr().String()
}

// TestNothingAnswers: if no server listens, the error asks for an emulator or --yes.
func TestNothingAnswers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	to := "http://" + l.Addr().String()
	l.Close()
	if code, said := loadFrom(t, to); code != exit.Unavailable || !strings.Contains(said, "no server answers on "+to) {
		t.Errorf("code %d: %s", code, said)
	}
	if code, said := loadFrom(t, to, "--yes"); code != exit.Unavailable || !strings.Contains(said, "unsent") {
		t.Errorf("with --yes: code %d: %s", code, said)
	}
}

// TestResumeElsewhere resumes a load that began on an emulator against another server, and the other way round.
func TestResumeElsewhere(t *testing.T) {
	workspace := emulator.New(emulator.Config{Keys: []string{"k"}})
	var hidden atomic.Bool // what it is
	at := serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hidden.Load() {
			w = &bareWriter{ResponseWriter: w}
		}
		workspace.ServeHTTP(w, r)
	}))
	for _, began := range []bool{true, false} {
		hidden.Store(!began)
		dir := t.TempDir()
		t.Setenv("XDG_STATE_HOME", dir)
		t.Setenv("CUSTOMERIO_API_KEY", "wrong") // is refused, and the load can be resumed
		for name, text := range map[string]string{"in.csv": "id,n\nu1,1\n", "map.yaml": "messages:\n  - identify: {userId: $id, traits: {n: $n}}\n"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		out := new(syncBuffer)
		code := run(t.Context(), []string{"load", filepath.Join(dir, "in.csv"), "--mapping", filepath.Join(dir, "map.yaml"), "--to", at, "--yes", "--give-up-after", "1s"}, console.New(strings.NewReader(""), out, out))
		_, id, _ := strings.Cut(out.String(), "--resume ")
		id, _, _ = strings.Cut(id, "\n")
		if code != exit.Key || id == "" {
			t.Fatalf("code %d: %s", code, out)
		}
		hidden.Store(began)
		out = new(syncBuffer)
		code = run(t.Context(), []string{"load", "--resume", id, "--yes"}, console.New(strings.NewReader(""), out, out))
		if code != exit.Guard || !strings.Contains(out.String(), "start a new load") {
			t.Errorf("began on an emulator: %v; code %d: %s", began, code, out)
		}
	}
}

// bareWriter removes the emulator's header.
type bareWriter struct{ http.ResponseWriter }

func (w *bareWriter) WriteHeader(status int) {
	w.Header().Del(emulator.Header)
	w.ResponseWriter.WriteHeader(status)
}

func (w *bareWriter) Write(p []byte) (int, error) {
	w.Header().Del(emulator.Header)
	return w.ResponseWriter.Write(p)
}

func (w *bareWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
