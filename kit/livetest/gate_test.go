package livetest

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
)

// Neither a key and a region nor a file allow anything.
func TestAllowed(t *testing.T) {
	t.Parallel()
	all := map[string]string{"CUSTOMERIO_API_KEY": "k", "CUSTOMERIO_REGION": "eu", WorkspaceEnv: "Tests", LiveEnv: "1"}
	without := func(name string) func(string) string {
		return func(n string) string {
			if n == name {
				return ""
			}
			return all[n]
		}
	}
	for _, tc := range []struct {
		live, without string
		ok            bool
		err           string
	}{
		{"1", "", true, ""},
		{"", "", false, ""},
		{"0", "", false, ""},
		{"yes", "", false, "CIOKIT_LIVE must be 1"},
		{"1", WorkspaceEnv, false, "CIOKIT_LIVE_WORKSPACE"},
		{"1", "CUSTOMERIO_API_KEY", false, "CUSTOMERIO_API_KEY"},
		{"1", "CUSTOMERIO_REGION", false, "CUSTOMERIO_REGION"},
	} {
		name, ok, err := Allowed(tc.live, without(tc.without))
		if ok != tc.ok || ok != (name == "Tests") || (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%+v: %q, %t, %v", tc, name, ok, err)
		}
	}
}

// recorder is a proxy that passes nothing on, and records the requests.
type recorder struct {
	url string

	mu     sync.Mutex
	wanted []string
}

func newRecorder(t *testing.T) *recorder {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	r := &recorder{url: "http://" + l.Addr().String()}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			line, _ := bufio.NewReader(conn).ReadString('\n')
			r.mu.Lock()
			r.wanted = append(r.wanted, strings.TrimSpace(line))
			r.mu.Unlock()
			fmt.Fprint(conn, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			conn.Close()
		}
	}()
	return r
}

func (r *recorder) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.wanted)
}

// With the variables that every user of Customer.io has set, the test of a real workspace sends nothing; with those that allow it, it would.
func TestOrdinaryVariablesSendNothing(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		env   []string
		sends bool
	}{
		"ordinary":                      {[]string{"CUSTOMERIO_APP_API_KEY=app-key"}, false},
		"allowed, no workspace":         {[]string{LiveEnv + "=1"}, false},
		"a workspace, not allowed":      {[]string{WorkspaceEnv + "=Tests"}, false},
		"allowed, and the workspace":    {[]string{LiveEnv + "=1", WorkspaceEnv + "=Tests"}, true},
		"the same, with an App API key": {[]string{LiveEnv + "=1", WorkspaceEnv + "=Tests", "CUSTOMERIO_APP_API_KEY=app-key"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := newRecorder(t)
			cmd := exec.Command(self, "-test.run=^TestWorkspace$", "-test.v")
			cmd.Env = append(os.Environ(), LiveEnv+"=", WorkspaceEnv+"=", "CUSTOMERIO_APP_API_KEY=", "CUSTOMERIO_BASE_URL=", "CUSTOMERIO_API_KEY=a-key", "CUSTOMERIO_REGION=eu",
				"HTTPS_PROXY="+proxy.url, "HTTP_PROXY="+proxy.url, "ALL_PROXY="+proxy.url, "NO_PROXY=", "XDG_STATE_HOME="+t.TempDir(), giveUpEnv+"=1")
			cmd.Env = append(cmd.Env, tc.env...)
			said, err := cmd.CombinedOutput()
			if sent := proxy.all(); (len(sent) > 0) != tc.sends {
				t.Errorf("it asked for %v\n%s", sent, said)
			} else if tc.sends && !strings.Contains(sent[0], "-eu.customer.io:443") {
				t.Errorf("it asked for %v", sent)
			}
			if allowed := slices.Contains(tc.env, LiveEnv+"=1"); (err != nil) != allowed {
				t.Errorf("it ended with %v\n%s", err, said)
			}
		})
	}
}

// Nothing is sent to a workspace that was not named, or that the account does not have.
func TestWorkspaceIsConfirmed(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		workspace string
		app       bool
		list      string // the App API's answer
		err       error
		says      string
	}{
		{"it is not named", "", true, `{"workspaces":[{"id":1,"name":"Production"}]}`, ErrNoWorkspace, ""},
		{"it is not named, no App API key", "", false, "", ErrNoWorkspace, ""},
		{"another", "Tests", true, `{"workspaces":[{"id":1,"name":"Production"}]}`, ErrAnotherWorkspace, ""},
		{"almost", "tests", true, `{"workspaces":[{"id":1,"name":"Tests"}]}`, ErrAnotherWorkspace, ""},
		{"the only one", "Tests", true, `{"workspaces":[{"id":1,"name":"Tests"}]}`, nil, `the workspace "Tests", as the App API says`},
		{"one of two", "Tests", true, `{"workspaces":[{"id":1,"name":"Production"},{"id":2,"name":"Tests"}]}`, nil, "one of 2 in the account"},
		{"it does not tell", "Tests", true, "", nil, "the App API did not confirm it"},
		{"no App API key", "Tests", false, "", nil, "without an App API key it cannot be checked"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			srv := emulator.Config{}.InProcess(t)
			cfg := Config{APIKey: srv.Key, Region: cio.RegionEU, Workspace: tc.workspace, RateLimit: -1, LedgerDir: t.TempDir(), HTTPClient: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				if r.URL.Path == "/v1/workspaces" && tc.list != "" {
					answer := httptest.NewRecorder()
					answer.WriteString(tc.list)
					return answer.Result(), nil
				}
				return srv.Client().Transport.RoundTrip(r)
			})}}
			if tc.app {
				cfg.AppAPIKey = srv.Key
			}
			s, err := Open(t.Context(), cfg)
			if !errors.Is(err, tc.err) || err == nil && tc.err != nil {
				t.Fatalf("%v, want %v", err, tc.err)
			}
			if err != nil {
				if n := srv.Stats().Requests; n != 0 {
					t.Errorf("%d requests were made", n)
				}
				return
			}
			if where := s.Where(); !strings.Contains(where, tc.says) || !strings.Contains(where, "https://cdp-eu.customer.io (region eu)") || tc.app != strings.Contains(where, "read back from https://api-eu.customer.io") {
				t.Errorf("it says %s", where)
			}
		})
	}
}

// A server that passes calls on and answers questions from its own memory is not read from.
func TestOwnMemoryIsNoProof(t *testing.T) {
	t.Parallel()
	upstream := emulator.New(emulator.Config{Keys: []string{"k"}})
	proxy := httptest.NewServer(emulator.New(emulator.Config{Forward: func(r *http.Request) (*http.Response, error) {
		r.URL.Scheme, r.URL.Host = "http", "upstream"
		return upstream.Transport().RoundTrip(r)
	}}))
	defer proxy.Close()
	cfg := Config{APIKey: "k", AppAPIKey: "k", BaseURL: proxy.URL, Workspace: "Tests", LedgerDir: t.TempDir()}
	for _, app := range []string{"", proxy.URL, proxy.URL + "/"} {
		cfg.AppBaseURL = app
		if _, err := Open(t.Context(), cfg); !errors.Is(err, ErrOwnMemory) || !strings.Contains(err.Error(), "CUSTOMERIO_APP_API_KEY and CUSTOMERIO_REGION") {
			t.Errorf("%q: %v", app, err)
		}
	}
	if s, err := upstream.Stats("k"); err != nil || s.Requests != 0 {
		t.Errorf("%d requests were made, %v", s.Requests, err)
	}
	// The workspace behind it is read at its own address.
	app := httptest.NewServer(upstream)
	defer app.Close()
	cfg.AppBaseURL = app.URL
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Real() || !strings.Contains(s.Where(), "read back from "+app.URL) {
		t.Errorf("real: %t; %s", s.Real(), s.Where())
	}
	cfg.AppBaseURL, cfg.Region = "", cio.RegionEU
	w, err := cfg.dial(t.Context())
	if err != nil || w.app.Target() != "https://api-eu.customer.io" {
		t.Errorf("%v, %v", w, err)
	}
}
