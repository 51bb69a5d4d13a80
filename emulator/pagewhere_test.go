package emulator_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// An address that names a workspace by its write key, or names none, leads to
// the workspace that has the requested thing. If several have it, the page
// offers the choice. No address of the page contains the key.
func TestPageFindsTheWorkspace(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{Keys: []string{"first", "second", "third"}})
	send := func(key string, messages ...string) {
		c.key = key
		for _, m := range messages {
			c.send(m)
		}
	}
	send("first", `{"type":"identify","userId":"ann"}`, `{"type":"identify","userId":"bob"}`, `{"type":"track","userId":"ann","event":"Bought"}`)
	send("second", `{"type":"identify","userId":"ann"}`, `{"type":"identify","userId":"a/b"}`)
	send("astray", `{"type":"identify","userId":"astray1"}`)
	handles := make(map[string]string)
	for _, ws := range c.srv.Workspaces() {
		key, _ := c.srv.KeyOf(ws.Handle)
		handles[key] = ws.Handle
	}
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		c.srv.ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1"+path, nil))
		return w
	}
	for _, test := range []struct {
		path   string
		status int
		to     string // the key of the workspace that it leads to
		said   string
	}{
		{"/messages?key=first", 302, "first", ""},
		{"/messages?key=second&verdict=accepted", 302, "second", ""},
		{"/?key=third", 302, "third", ""},
		{"/messages/1?key=second", 302, "second", ""},
		{"/people/ann?key=first", 302, "first", ""},
		{"/?key=" + emulator.UnknownKey, 302, emulator.UnknownKey, ""},
		{"/messages?key=nobody-has-it", 404, "", "No workspace has that write key."},
		{"/messages/3", 302, "first", ""},
		{"/messages/1", 300, "", "Several workspaces have it."},
		{"/messages/99", 404, "", "There is no such message."},
		{"/requests/3", 302, "first", ""},
		{"/requests/1", 300, "", "Several workspaces have it."},
		{"/people/bob", 302, "first", ""},
		{"/people/a%2Fb", 302, "second", ""},
		{"/people/ann", 300, "", "Several workspaces have it."},
		{"/people/nobody", 404, "", ""},
		{"/events/track/Bought", 302, "first", ""},
		{"/messages/3?w=gone-since", 302, "first", ""},
		{"/messages", 200, "", ""},
		{"/messages/3?w=" + handles["first"], 200, "", ""},
		{"/messages/3?w=" + handles["second"], 404, "", "There is no such message."},
	} {
		w := get(test.path)
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.said) {
			t.Errorf("%s: %d\n%s", test.path, w.Code, w.Body)
			continue
		}
		for _, secret := range []string{"nobody-has-it", "key="} {
			if strings.Contains(w.Header().Get("Location"), secret) || strings.Contains(w.Body.String(), secret) {
				t.Errorf("%s: the answer contains %q", test.path, secret)
			}
		}
		if test.to == "" {
			continue
		}
		to, err := url.Parse(w.Header().Get("Location"))
		asked, _ := url.Parse(test.path)
		if err != nil || to.EscapedPath() != asked.EscapedPath() || to.Query().Get("w") != handles[test.to] || to.Query().Get("verdict") != asked.Query().Get("verdict") {
			t.Errorf("%s leads to %s, want workspace %s", test.path, to, handles[test.to])
		}
		if w := get(to.String()); w.Code != http.StatusOK {
			t.Errorf("%s: %d", to, w.Code)
		}
	}
	// The page shows the workspace of the last valid call, and not the later
	// calls with unknown keys.
	if body := get("/messages").Body.String(); !strings.Contains(body, "w="+handles["second"]) || strings.Contains(body, "astray1") {
		t.Errorf("the page without a workspace shows\n%s", body)
	}
}

// Calls with an unknown key are shown only if there is nothing else.
func TestPageShowsWhatWentAstray(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{Keys: []string{"first"}})
	c.key = "astray"
	c.send(`{"type":"identify","userId":"astray1"}`)
	w := httptest.NewRecorder()
	c.srv.ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1/messages", nil))
	if !strings.Contains(w.Body.String(), "astray1") {
		t.Errorf("it shows\n%s", w.Body)
	}
}
