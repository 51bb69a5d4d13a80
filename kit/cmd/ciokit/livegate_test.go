package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
)

// TestLiveThroughAProxy makes ciokit proxy forward everything to a workspace that drops it. Nothing counts as proven because the proxy has seen it.
func TestLiveThroughAProxy(t *testing.T) {
	dropped := emulator.New(emulator.Config{Keys: []string{"k"}, Refuse: func(m emulator.Message) (string, bool) { return "dropped", !strings.Contains(m.Event, "Deleted") }})
	workspace := httptest.NewServer(dropped)
	defer workspace.Close()
	proxy := start(t, "proxy", "--addr", "127.0.0.1:0", "--to", workspace.URL, "--quiet").base
	for name, value := range map[string]string{"CUSTOMERIO_API_KEY": "k", "CUSTOMERIO_REGION": "", "CUSTOMERIO_BASE_URL": "", "CUSTOMERIO_APP_API_KEY": "",
		"CUSTOMERIO_APP_BASE_URL": "", "CIOKIT_LIVE_WORKSPACE": "", "XDG_STATE_HOME": t.TempDir()} {
		t.Setenv(name, value)
	}
	live := func(args ...string) (int, string) {
		out := new(syncBuffer)
		code := run(t.Context(), append([]string{"live"}, args...), console.New(strings.NewReader(""), out, out))
		return code, out.String()
	}
	for _, app := range []string{"", "k"} {
		t.Setenv("CUSTOMERIO_APP_API_KEY", app)
		for _, command := range []string{"run", "probe"} {
			code, said := live(command, "--to", proxy, "--workspace", "Tests", "--rate", "-1")
			if code != exit.Usage || !strings.Contains(said, "proves nothing about the workspace") || !strings.Contains(said, "CUSTOMERIO_REGION") {
				t.Errorf("%s, App API key %q: code %d: %s", command, app, code, said)
			}
		}
	}
	if s, err := dropped.Stats("k"); err != nil || s.Requests != 0 {
		t.Fatalf("%d requests were made, %v", s.Requests, err)
	}
	// The workspace itself is read, and it is empty.
	t.Setenv("CUSTOMERIO_APP_BASE_URL", workspace.URL)
	code, said := live("run", "--to", proxy, "--rate", "-1", "--area", "devices")
	if code != exit.Usage || !strings.Contains(said, "--workspace NAME") {
		t.Errorf("no name: code %d: %s", code, said)
	}
	code, said = live("run", "--to", proxy, "--workspace", "Tests", "--rate", "-1", "--area", "devices", "--permissive", "--wait", "1ms")
	if code == exit.OK || !strings.Contains(said, "0 passed, 1 failed") || !strings.Contains(said, "read back from "+workspace.URL) || !strings.Contains(said, `the workspace "Tests"`) {
		t.Errorf("code %d: %s", code, said)
	}
}
