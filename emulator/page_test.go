package emulator_test

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio/emulator"
)

// TestPageIsNotFoundAsJSON checks that a client with a wrong path never has to
// read HTML.
func TestPageIsNotFoundAsJSON(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	for path, want := range map[string]string{
		"/v1": "application/json", "/nowhere": "application/json", "/_page/nothing": "application/json", "/_page/../page.go": "application/json",
		"/_page/layout.html": "application/json", "/people/nobody": "text/html", "/requests/99": "text/html", "/requests/x": "text/html",
	} {
		a := c.do(http.MethodGet, path, "")
		if a.status != http.StatusNotFound || !strings.HasPrefix(a.header.Get("Content-Type"), want) {
			t.Errorf("%s: %d %s, want 404 %s", path, a.status, a.header.Get("Content-Type"), want)
		}
	}
	if a := c.do(http.MethodDelete, "/people", ""); a.status != http.StatusNotFound || !strings.Contains(a.body, "unknown-path") {
		t.Errorf("DELETE: %d %s", a.status, a.body)
	}
}

// TestPageOfNoRequest checks that /requests leads to the list of requests.
func TestPageOfNoRequest(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	read := func() string {
		t.Helper()
		a := c.do(http.MethodGet, "/requests", "")
		if a.status != http.StatusNotFound || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			t.Errorf("%d %s", a.status, a.header.Get("Content-Type"))
		}
		return a.body
	}
	if body := read(); !strings.Contains(body, "There is no request yet.") || !strings.Contains(body, `href="/messages"`) {
		t.Errorf("without requests: %s", body)
	}
	c.send(`{"type":"identify","userId":"u1"}`)
	c.send(`{"type":"identify","userId":"u2"}`)
	if body := read(); !strings.Contains(body, `href="/requests/2">The newest request, 2`) || !strings.Contains(body, "/_emulator/requests") {
		t.Errorf("with requests: %s", body)
	}
}

// TestPageEscapes sends markup in every place that a view shows.
func TestPageEscapes(t *testing.T) {
	t.Parallel()
	const evil = `<script>alert(1)</script>\"'><img src=x onerror=alert(1)>`
	c := newClient(t, emulator.Config{})
	c.key = `<script>alert("key")</script>`
	c.header.Set("User-Agent", "<script>alert(2)</script>")
	e := `"` + evil + `"`
	c.send(`{"type":"identify","userId":`+e+`,"anonymousId":`+e+`,"messageId":`+e+`,"traits":{`+e+`:`+e+`,"email":"<script>@x.example"}}`,
		`{"type":"track","userId":`+e+`,"event":`+e+`,"messageId":`+e+`,"properties":{`+e+`:`+e+`}}`,
		`{"type":"group","userId":`+e+`,"groupId":`+e+`,"traits":{"objectTypeId":`+e+`,`+e+`:`+e+`,"relationshipAttributes":{`+e+`:`+e+`}}}`,
		`{"type":"track","userId":`+e+`,"event":"Device Created or Updated","properties":{`+e+`:1},"context":{"device":{"token":`+e+`,"type":`+e+`}}}`,
		`{"type":`+e+`,"userId":`+e+`}`)
	c.post("/v1/batch", `<script>alert(3)</script>`, http.StatusBadRequest)
	if err := c.srv.AddFault(emulator.Fault{Path: "/v1/<script>", Drop: true}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/people", "/people?q=" + "%3Cscript%3E", "/people/cio_00000001", "/events", "/objects", "/objects?q=%3Cscript%3E", "/messages",
		"/messages?show=not+accepted", "/messages?show=%3Cscript%3E", "/messages?person=%3Cscript%3E&event=%3Cscript%3E", "/messages/1", "/messages/2", "/messages/5", "/messages/6", "/requests/1", "/requests/2", "/requests/5", "/requests/6", "/faults", "/workspaces",
		"/snapshots", "/behaviours", "/people/%3Cscript%3E", "/?done=%3Cscript%3E"} {
		a := c.do(http.MethodGet, path, "")
		if a.status != 200 && a.status != 404 && (a.status != 400 || !strings.Contains(path, "show=%3C")) {
			t.Errorf("%s: status %d", path, a.status)
		}
		// The page's own script has a src attribute and no content.
		if strings.Count(a.body, "<script") != strings.Count(a.body, `<script src="/_page/page.js"`) || strings.Contains(a.body, "<img src=x") {
			t.Errorf("%s contains sent text as markup:\n%s", path, a.body)
		}
		if policy := a.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
}

// TestPageOrigin checks what other pages can make a browser do.
func TestPageOrigin(t *testing.T) {
	t.Parallel()
	form := "application/x-www-form-urlencoded"
	tests := []struct {
		method, path string
		header       map[string]string
		want         int
	}{
		{"GET", "/", nil, 200},
		{"GET", "/", map[string]string{"Host": "evil.example"}, 403},
		{"GET", "/", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 200},
		{"GET", "/", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, 403},
		{"GET", "/_page/stream", map[string]string{"Origin": "https://evil.example"}, 403},
		{"GET", "/people", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403},
		{"POST", "/faults/clear", map[string]string{"Content-Type": form, "Origin": "http://localhost:8110"}, 303},
		{"POST", "/faults/clear", map[string]string{"Content-Type": form, "Origin": "https://evil.example"}, 403},
		{"POST", "/faults/clear", map[string]string{"Content-Type": form, "Origin": "null"}, 403},
		{"POST", "/workspaces/reset", map[string]string{"Content-Type": form, "Sec-Fetch-Site": "cross-site"}, 403},
		{"POST", "/faults/clear", map[string]string{"Content-Type": "text/plain"}, 404},
	}
	srv := emulator.New(emulator.Config{})
	for _, test := range tests {
		r := httptest.NewRequest(test.method, "http://localhost:8110"+test.path, strings.NewReader("a=b"))
		for name, value := range test.header {
			if name == "Host" {
				r.Host = value
			}
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		srv.ServeHTTP(w, r)
		if w.Code != test.want {
			t.Errorf("%s %s %v: %d, want %d", test.method, test.path, test.header, w.Code, test.want)
		}
	}
}

// TestPageMasksKeys searches every view for a key that could be a real one.
func TestPageMasksKeys(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	c.key = "0123456789abcdef0123"
	c.post("/v1/identify", `{"userId":"u","writeKey":"`+c.key+`"}`, 200)
	c.post("/v1/batch", `{"writeKey":"`+c.key+`","batch":[{"type":"identify","userId":"u","writeKey":"`+c.key+`"}]}`, 200)
	for _, path := range []string{"/", "/workspaces", "/requests/1", "/requests/2", "/people/u", "/_emulator/workspaces", "/_emulator/requests"} {
		a := c.do(http.MethodGet, path, "")
		if a.status != 200 || strings.Contains(a.body, c.key) {
			t.Errorf("%s: %d, shows the key: %v", path, a.status, strings.Contains(a.body, c.key))
		}
	}
}

// TestStream reads the live updates: first the state, then each change.
func TestStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, emulator.Config{})
		type update struct {
			Stats emulator.Stats
			Rows  []struct {
				Name, Verdict, Type, Link, Why string
				Count                          int
			}
		}
		stream := c.stream("")
		next := func() (u update) {
			stream(&u)
			return u
		}
		if u := next(); len(u.Rows) != 0 || u.Stats.Requests != 0 {
			t.Errorf("first %+v", u)
		}
		start := time.Now()
		synctest.Wait()
		for i := range 30 {
			c.send(fmt.Sprintf(`{"type":"track","userId":"u","event":"e%d"}`, i))
		}
		seen := 0
		for seen < 30 {
			for _, row := range next().Rows {
				seen += row.Count
			}
		}
		if took := time.Since(start); seen != 30 || took > 2*time.Second {
			t.Errorf("%d messages after %v", seen, took)
		}
		// A burst makes a few rows. Messages that were not accepted are above
		// the others.
		batch := strings.Repeat(`{"type":"track","userId":"u","event":"Bought & sold"},`, 40) + strings.Repeat(`{"type":"track","userId":"u"},`, 3)
		for i := range 20 {
			batch += fmt.Sprintf(`{"type":"page","userId":"u","name":"p%d"},`, i)
		}
		c.send(batch + `{"type":"identify","userId":"u2"}`)
		u := next()
		var got []string
		for _, row := range u.Rows {
			got = append(got, fmt.Sprintf("%d %s %s %s %s", row.Count, row.Verdict, row.Type, row.Name, row.Why))
		}
		if want := "18 accepted others  |1 accepted page p18 |1 accepted page p19 |1 accepted identify  |40 accepted track Bought & sold |3 dropped track  missing-event"; strings.Join(got, "|") != want {
			t.Errorf("the burst is shown as\n%s, want\n%s", strings.Join(got, "|"), want)
		}
		if link := u.Rows[4].Link; !strings.Contains(link, "verdict=accepted") || !strings.Contains(link, "event=Bought+%26+sold") {
			t.Errorf("it links to %s", link)
		}
	})
}

// TestPageIsFast fills a server and measures the time of every view: with
// 100,000 people and 1,000,000 messages if CIOKIT_DEEP=1, otherwise a tenth.
func TestPageIsFast(t *testing.T) {
	people, messages := 10_000, 100_000
	if os.Getenv("CIOKIT_DEEP") == "1" {
		people, messages = 100_000, 1_000_000
	}
	limit := 100 * time.Millisecond
	if raceDetector {
		people, messages, limit = 1_000, 10_000, time.Second
	}
	c := newClient(t, emulator.Config{MaxMessages: messages, MaxJournalBytes: 1 << 30})
	var batch strings.Builder
	for i := range messages {
		if batch.Len() > 0 {
			batch.WriteByte(',')
		}
		n := i % people
		switch {
		case i < people:
			fmt.Fprintf(&batch, `{"type":"identify","userId":"user-%d","traits":{"email":"user%d@example.com","name":"Person Number %d","plan":"pro","city":"Ulm"}}`, n, n, n)
		case i%50_000 == 7:
			batch.WriteString(`{"type":"track","userId":"nobody"}`)
		default:
			fmt.Fprintf(&batch, `{"type":"track","userId":"user-%d","event":"Order Completed","properties":{"order_id":"o%d","total":12.50}}`, n*n%people, i)
		}
		if batch.Len() > 470_000 || i == messages-1 {
			c.post("/v1/batch", `{"batch":[`+batch.String()+`]}`, http.StatusOK)
			batch.Reset()
		}
	}
	for _, path := range []string{"/", "/people", "/people?q=number+7", "/people?q=not-there", "/people?before=500", "/people/user-0", "/people/user-1?before=50",
		"/events", "/events/track/Order%20Completed", "/objects", "/messages", "/messages?show=not+accepted", "/messages?show=rejected", "/requests/3", "/faults", "/workspaces", "/behaviours",
		"/messages?q=not-there", "/messages?event=Order", "/messages?person=user-7", "/messages/1?q=not-there"} {
		limit := limit
		if strings.ContainsAny(path, "?") && strings.HasPrefix(path, "/messages") {
			limit *= 10 // all texts are searched
		}
		best := time.Hour
		for range 3 { // other processes can slow the machine down
			start := time.Now()
			if a := c.do(http.MethodGet, path, ""); a.status != http.StatusOK {
				t.Fatalf("%s: %d", path, a.status)
			}
			best = min(best, time.Since(start))
		}
		t.Logf("%-36s %v", path, best)
		if best > limit {
			t.Errorf("%s took %v", path, best)
		}
	}
}

// TestFaultForm fills in every field of the form.
func TestFaultForm(t *testing.T) {
	t.Parallel()
	for form, want := range map[string]string{
		"preset=node-401": "all calls on one connection of 2: answers 401",
		"outcome=status&status=200&content_type=text/html&body=%3Cp%3E&body_bytes=70000&for_ms=5000&contains=x+y&nodes=2": `all calls that contain "x y" on one connection of 2, for 5000 ms: answers 200, with a body of 70000 bytes`,
		"outcome=drop&early=1&count=2":            "2 calls: answers 200 and does nothing, before the body is read",
		"outcome=status&status=200&body_bytes=-1": "all calls: answers 200, with a body that never ends",
	} {
		c := newClient(t, emulator.Config{})
		c.header.Set("Content-Type", "application/x-www-form-urlencoded")
		if a := c.do(http.MethodPost, "/faults", form); a.status != http.StatusSeeOther {
			t.Errorf("%s: %d", form, a.status)
			continue
		}
		f := c.srv.Faults()[0]
		if got := f.Scope() + ": " + f.Effect(); got != want {
			t.Errorf("%s: %s, want %s", form, got, want)
		}
		if f.Body == "<p>" && f.Headers["Content-Type"] != "text/html" {
			t.Errorf("%s: headers %v", form, f.Headers)
		}
		if page := c.do(http.MethodGet, "/faults", "").body; !strings.Contains(page, html.EscapeString(f.Effect())) || !strings.Contains(page, "endless-200") {
			t.Errorf("%s: the page does not show it", form)
		}
	}
	for _, form := range []string{"preset=none", "outcome=status&status=200&nodes=x", "outcome=status&status=200&for_ms=-1"} {
		c := newClient(t, emulator.Config{})
		c.header.Set("Content-Type", "application/x-www-form-urlencoded")
		if a := c.do(http.MethodPost, "/faults", form); a.status != http.StatusBadRequest || len(c.srv.Faults()) != 0 {
			t.Errorf("%s: %d", form, a.status)
		}
	}
}

// The views take no lock: they show what pagedata.go has read, so that no view
// can block calls while it is written.
func TestViewsTakeNoLock(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("page*.go")
	if err != nil || len(files) < 5 {
		t.Fatalf("%q, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(file, "_test.go") && file != "pagedata.go" && strings.Contains(string(text), ".mu.") {
			t.Errorf("%s locks something", file)
		}
	}
}
