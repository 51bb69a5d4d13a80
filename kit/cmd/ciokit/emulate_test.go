package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
)

// running is a command that listens.
type running struct {
	base   string
	banner string
	out    *syncBuffer
	stop   func() int
}

// syncBuffer is written by the command while the test reads it.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

var listening = regexp.MustCompile(`listens on (https?://\S+)\.`)

// start runs a command in this process until it says where it listens.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	r := &running{out: new(syncBuffer)}
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, args, console.New(strings.NewReader(""), r.out, writer))
		writer.Close()
	}()
	r.stop = sync.OnceValue(func() int { cancel(); return <-code })
	t.Cleanup(func() { r.stop() })
	lines := bufio.NewScanner(reader)
	for lines.Scan() {
		r.banner += lines.Text() + "\n"
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			r.base = m[1]
		}
		if strings.HasPrefix(lines.Text(), "Ctrl-C") {
			break
		}
	}
	go io.Copy(io.Discard, reader)
	if r.base == "" {
		t.Fatalf("%v does not listen: %s", args, r.banner)
	}
	return r
}

func (r *running) post(t *testing.T, client *http.Client, key, path, body string) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, r.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(key, "")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

func TestEmulateLines(t *testing.T) {
	r := start(t, "emulate", "--addr", "127.0.0.1:0", "--strict", "--rate-limit", "3")
	for _, say := range []string{"not Customer.io", r.base + "/v1, with any write key", "emulate --help", "page:     " + r.base + "/"} {
		if !strings.Contains(r.banner, say) {
			t.Errorf("the banner lacks %q: %s", say, r.banner)
		}
	}
	if n := strings.Count(r.banner, "\n"); n != 5 {
		t.Errorf("the banner has %d lines: %s", n, r.banner)
	}
	const key = "a-key-that-is-long-enough-to-be-real"
	var statuses []int
	for _, body := range []string{`{"userId":"u"}`, `{}`, `{"userId":"u"}`, `{"userId":"u"}`} {
		statuses = append(statuses, r.post(t, http.DefaultClient, key, "/v1/identify", body))
	}
	if got := statuses; got[0] != 200 || got[1] != 400 || got[2] != 200 || got[3] != 429 {
		t.Errorf("statuses %v", got)
	}
	lines := strings.Split(strings.TrimSpace(r.out.String()), "\n")
	want := []string{` 200 strict .* identify .* 14 B  1 accepted$`, ` 400 .* 1 REJECTED  missing-identity$`, ` 1 accepted$`, ` 429 .* 1 REJECTED  rate-limited$`}
	if len(lines) != len(want) {
		t.Fatalf("lines: %q", lines)
	}
	for i, line := range lines {
		if !regexp.MustCompile(want[i]).MatchString(line) {
			t.Errorf("line %q, want %s", line, want[i])
		}
	}
	if strings.Contains(r.out.String()+r.banner, key) {
		t.Error("the key is in the output")
	}
	if code := r.stop(); code != exit.OK {
		t.Errorf("exit code %d", code)
	}
}

// The links of the banner work: they show calls with an unknown key and calls to an unknown path.
func TestEmulateBannerLinks(t *testing.T) {
	r := start(t, "emulate", "--addr", "127.0.0.1:0", "--key", "known")
	for _, call := range []struct{ key, path, body string }{
		{"other", "/v1/identify", `{"userId":"u"}`}, {"known", "/identify", `{"userId":"u"}`}, {"known", "/v1/track", `{"userId":"u"}`},
	} {
		r.post(t, http.DefaultClient, call.key, call.path, call.body)
	}
	found := ""
	for _, query := range regexp.MustCompile(`\?\w+=\w+`).FindAllString(r.banner, -1) {
		link := r.base + "/_emulator/messages" + query
		resp, err := http.Get(link)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %s, %v", link, resp.StatusCode, text, err)
		}
		found += string(text)
	}
	for _, rule := range []string{"unknown-key", "unknown-path", "missing-event"} {
		if !strings.Contains(found, `"rule":"`+rule+`"`) {
			t.Errorf("no link of the banner leads to %s: %s", rule, r.banner)
		}
	}
	if lines := strings.Split(strings.TrimSpace(r.out.String()), "\n"); len(lines) != 3 || !strings.HasSuffix(lines[1], "1 REJECTED  unknown-path") {
		t.Errorf("lines %q", lines)
	}
}

// settings are what a browser SDK requests at its start.
func (r *running) settings(t *testing.T, client *http.Client) string {
	t.Helper()
	resp, err := client.Get(r.base + "/v1/projects/k/settings")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("settings: %d %s, %v", resp.StatusCode, text, err)
	}
	return string(text)
}

func TestEmulateEnvironment(t *testing.T) {
	t.Setenv("CIOKIT_STRICT", "true")
	t.Setenv("CIOKIT_JSON", "true")
	t.Setenv("CIOKIT_KEY", "one,two")
	t.Setenv("CIOKIT_ADDR", "127.0.0.1:0")
	r := start(t, "emulate", "--key", "three")
	if status := r.post(t, http.DefaultClient, "one", "/v1/identify", `{"userId":"u"}`); status != http.StatusUnauthorized {
		t.Errorf("a flag does not win: status %d", status)
	}
	r.post(t, http.DefaultClient, "three", "/v1/identify", `{"userId":"u"}`)
	var requests []emulator.Request
	for decoder := json.NewDecoder(strings.NewReader(r.out.String())); decoder.More(); {
		var request emulator.Request
		if err := decoder.Decode(&request); err != nil {
			t.Fatal(err)
		}
		requests = append(requests, request)
	}
	if len(requests) != 2 || !requests[1].Strict || requests[1].Messages.Accepted != 1 || requests[0].Rules[0] != "unknown-key" {
		t.Errorf("%+v", requests)
	}

	var errs strings.Builder
	t.Setenv("CIOKIT_RATE_LIMIT", "many")
	if code := run(t.Context(), []string{"emulate"}, console.New(nil, io.Discard, &errs)); code != exit.Usage || !strings.Contains(errs.String(), "CIOKIT_RATE_LIMIT") || strings.Contains(errs.String(), "many") {
		t.Errorf("code %d: %s", code, errs.String())
	}
}

func TestEmulateDatabase(t *testing.T) {
	db := filepath.Join(t.TempDir(), "shop.db")
	for i, want := range []int{1, 2} {
		r := start(t, "emulate", "--addr", "127.0.0.1:0", "--quiet", "--db", db)
		r.post(t, http.DefaultClient, "k", "/v1/identify", `{"userId":"u`+string(rune('0'+i))+`"}`)
		resp, err := http.Get(r.base + "/_emulator/stats")
		if err != nil {
			t.Fatal(err)
		}
		var stats emulator.Stats
		err = json.NewDecoder(resp.Body).Decode(&stats)
		resp.Body.Close()
		if err != nil || stats.People != want {
			t.Errorf("run %d: %+v, %v", i, stats, err)
		}
		if code := r.stop(); code != exit.OK || r.out.String() != "" {
			t.Errorf("exit code %d, output %q", code, r.out.String())
		}
	}
}

// TestEmulateDamagedDatabase damages a file in several ways, none of which may be
// an empty start or a trace.
func TestEmulateDamagedDatabase(t *testing.T) {
	db := filepath.Join(t.TempDir(), "shop.db")
	r := start(t, "emulate", "--addr", "127.0.0.1:0", "--quiet", "--db", db)
	for range 50 {
		r.post(t, http.DefaultClient, "k", "/v1/identify", `{"userId":"u","traits":{"note":"hello"}}`)
	}
	r.stop()
	whole, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"cut":           whole[:len(whole)/3],
		"one meta page": append(make([]byte, 4096), whole[4096:]...),
		"a letter":      bytes.Replace(whole, []byte("hello"), []byte("hallo"), -1), // some are on free pages
		"emptied":       {},
		"a table":       []byte("id,email\n"),
	} {
		if err := os.WriteFile(db, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		var errs strings.Builder
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a database that opens would run forever
		code := run(ctx, []string{"emulate", "--addr", "127.0.0.1:0", "--db", db}, console.New(nil, io.Discard, &errs))
		cancel()
		said := errs.String()
		if code != exit.Local || !strings.Contains(said, db) || !strings.Contains(said, "damaged") || !strings.Contains(said, "eplace it with a backup") || strings.Contains(said, "goroutine") || strings.Count(said, "\n") != 1 {
			t.Errorf("%s: code %d, %s", name, code, said)
		}
	}
}

func TestEmulateTLS(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cert.pem")
	r := start(t, "emulate", "--addr", "127.0.0.1:0", "--tls", "--tls-cert", file)
	pem, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) || strings.Contains(string(pem), "PRIVATE") {
		t.Fatalf("certificate file: %s", pem)
	}
	trusting := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	if status := r.post(t, trusting, "k", "/v1/identify", `{"userId":"u"}`); status != 200 {
		t.Errorf("status %d", status)
	}
	if got := r.settings(t, trusting); !strings.Contains(got, `"apiHost":"`+strings.TrimPrefix(r.base, "https://")+`/v1"`) || !strings.Contains(got, `"protocol":"https"`) {
		t.Errorf("settings %s", got)
	}
	if _, err := http.Get(r.base + "/_emulator/health"); err == nil {
		t.Error("a client that does not know the certificate trusts it")
	}
}

func TestEmulateUsage(t *testing.T) {
	for want, args := range map[string][]string{
		"cannot be used together": {"emulate", "--quiet", "--json"},
		"needs --tls":             {"emulate", "--tls-cert", "x"},
		"say where":               {"proxy"},
		"the names are stray-401": {"emulate", "--fault", "portal"},
		"stauts":                  {"emulate", "--fault", `{"stauts":500}`},
		"--fault: count":          {"emulate", "--fault", `{"status":500,"count":-1}`},
		"--to must be us":         {"proxy", "--to", "mars"},
	} {
		var errs strings.Builder
		if code := run(t.Context(), args, console.New(nil, io.Discard, &errs)); code != exit.Usage || !strings.Contains(errs.String(), want) {
			t.Errorf("%v: code %d, %s; want %q", args, code, errs.String(), want)
		}
	}
}

// TestProxy forwards calls to an emulator that plays the real API.
func TestProxy(t *testing.T) {
	real := emulator.New(emulator.Config{Keys: []string{"k"}, Refuse: func(m emulator.Message) (string, bool) { return "no", m.UserID == "odd" }})
	server := httptest.NewServer(real)
	defer server.Close()
	r := start(t, "proxy", "--addr", "127.0.0.1:0", "--to", server.URL+"/v1", "--strict")
	if !strings.Contains(r.banner, "forwards every call to "+server.URL) {
		t.Errorf("the banner does not say where calls go: %s", r.banner)
	}
	// The settings of the real server name that server; through the proxy they name the proxy.
	if got := r.settings(t, http.DefaultClient); !strings.Contains(got, `"apiHost":"`+strings.TrimPrefix(r.base, "http://")+`/v1"`) || !strings.Contains(got, `"metrics":{"sampleRate":0}`) {
		t.Errorf("settings %s", got)
	}
	for _, body := range []string{`{"userId":"u"}`, `{}`} {
		if status := r.post(t, http.DefaultClient, "k", "/v1/identify", body); status != 200 {
			t.Errorf("%s: status %d, not that of the other server", body, status)
		}
	}
	resp, err := http.Get(r.base + "/_emulator/health")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.Header.Get(emulator.Header) != "" {
		t.Error("the proxy says that it is an emulator")
	}
	stats, err := real.Stats("k")
	if err != nil || stats.People != 1 || stats.Messages.Dropped != 1 {
		t.Errorf("the other server has %+v, %v", stats, err)
	}
	lines := strings.Split(strings.TrimSpace(r.out.String()), "\n")
	if len(lines) != 2 || strings.Contains(lines[0], "DIFFERS") || !strings.HasSuffix(lines[1], "DIFFERS") {
		t.Errorf("lines %q", lines)
	}
}

// A call that a fault answers is not processed, and its line still says so.
func TestEmulateSaysWhatAFaultDoes(t *testing.T) {
	r := start(t, "emulate", "--addr", "127.0.0.1:0")
	for _, f := range []string{`{"status":503,"retry_after":2,"count":1}`, `{"delay_ms":1,"status":500,"after":true,"count":1}`} {
		resp, err := http.Post(r.base+"/_emulator/faults", "application/json", strings.NewReader(f))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	for range 3 {
		r.post(t, http.DefaultClient, "key", "/v1/identify", `{"userId":"u"}`)
	}
	r.stop()
	got := regexp.MustCompile(`(?m)^\S+ `).ReplaceAllString(r.out.String(), "")
	want := `FAULT identify: answers 503, asks to wait 2 s
FAULT identify: waits 1 ms, answers 500, after the call is processed
200 permissive identify          14 B  1 accepted
200 permissive identify          14 B  1 accepted
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestEmulateFaults gives faults at start, by name and as JSON.
func TestEmulateFaults(t *testing.T) {
	t.Setenv("CIOKIT_FAULT", `{"status":500}`) // a flag has priority
	r := start(t, "emulate", "--addr", "127.0.0.1:0", "--quiet", "--fault", "stray-401", "--fault", `{"preset":"html-200","for_ms":0,"count":1}`)
	for _, say := range []string{"with 1 call: answers 401.", "with 1 call: answers 200."} {
		if !strings.Contains(r.banner, say) {
			t.Errorf("the banner lacks %q: %s", say, r.banner)
		}
	}
	var statuses []int
	for range 3 {
		statuses = append(statuses, r.post(t, http.DefaultClient, "key", "/v1/identify", `{"userId":"u"}`))
	}
	resp, err := http.Get(r.base + "/_emulator/stats")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var stats emulator.Stats
	if err := json.NewDecoder(resp.Body).Decode(&stats); err != nil || stats.Requests != 1 || statuses[0] != 401 || statuses[1] != 200 || statuses[2] != 200 {
		t.Errorf("statuses %v, %+v, %v; want 401, a 200 that is a page, and a 200", statuses, stats, err)
	}
}

// TestHintsNameFlags: hints of the emulator name flags, not Go fields.
func TestHintsNameFlags(t *testing.T) {
	t.Parallel()
	cmd := &cobra.Command{}
	new(emulateFlags).add(cmd, "127.0.0.1:0")
	field := regexp.MustCompile(`Config\.([A-Za-z]+)`)
	for _, rule := range emulator.Rules() {
		for _, text := range []string{rule.Reason, rule.Hint} {
			for _, m := range field.FindAllStringSubmatch(text, -1) {
				name := regexp.MustCompile(`[A-Z]`).ReplaceAllStringFunc(m[1], func(c string) string { return "-" + strings.ToLower(c) })[1:]
				name = strings.TrimSuffix(name, "s")
				if rule.ID != "config-refuse" && !strings.Contains(text, "--"+name) { // only a program can set it
					t.Errorf("%s names %s and no flag: %s", rule.ID, m[0], text)
				}
			}
		}
		for _, m := range regexp.MustCompile(`--([a-z-]+)`).FindAllStringSubmatch(rule.Reason+" "+rule.Hint, -1) {
			if cmd.Flags().Lookup(m[1]) == nil {
				t.Errorf("%s names --%s, which ciokit emulate does not have", rule.ID, m[1])
			}
		}
	}
}
