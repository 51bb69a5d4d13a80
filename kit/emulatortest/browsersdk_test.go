package emulatortest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/internal/sdks"
)

// gate passes the requests of a browser to the hosts that are open, and blocks all others.
type gate struct {
	mu     sync.Mutex
	open   []string
	passed map[string]int // by host
	held   []string       // URLs
}

// guard puts a gate in front of all requests of the browser's tab.
func guard(t *testing.T, ctx context.Context) *gate {
	t.Helper()
	g := &gate{passed: make(map[string]int)}
	err := chromedp.Listen(ctx, func(event any) {
		paused, ok := event.(*fetch.EventRequestPaused)
		if !ok {
			return
		}
		answer := send(fetch.FailRequest, fetch.FailRequestParams{RequestID: paused.RequestID, ErrorReason: network.ErrorReasonBlockedByClient})
		if g.lets(paused.Request.URL) {
			answer = send(fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: paused.RequestID})
		}
		// Not in this goroutine: the browser answers only after the listener has returned.
		go func() { _ = chromedp.Do(ctx, answer) }()
	})
	if err != nil {
		t.Fatal(err)
	}
	// Without a network, a browser reports that it is offline, and the SDK waits.
	do(t, ctx, send(fetch.Enable, fetch.EnableParams{}), send(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `Object.defineProperty(Navigator.prototype, "onLine", { get: () => true })`}))
	return g
}

func (g *gate) lets(address string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	u, err := url.Parse(address)
	if err == nil && (u.Scheme == "data" || u.Scheme == "blob" || slices.Contains(g.open, u.Host)) {
		g.passed[u.Host]++
		return true
	}
	g.held = append(g.held, address)
	return false
}

// let opens the gate to these URLs and to no others.
func (g *gate) let(urls ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open, g.held, g.passed = nil, nil, make(map[string]int)
	for _, address := range urls {
		g.open = append(g.open, strings.TrimPrefix(address, "http://"))
	}
}

func (g *gate) stopped() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.held)
}

// browserCalls is every call of the browser SDK. The first two are made before the person is identified.
const browserCalls = `
	await analytics.track("Seen", { place: "home" });
	await analytics.page("Docs", "Pricing", { plan: "pro" });
	await analytics.identify("b1", { email: "b1@example.com", plan: "pro" });
	await analytics.track("Order Completed", { total: 12.5 });
	await analytics.page();
	await analytics.screen("Cart");
	await analytics.group("acme", { objectTypeId: "2", name: "Acme" });
	await analytics.alias("b1", "b0");
	await analytics.identify("b1", { plan: "team" });`

const browserCallCount = 9

// TestBrowserSDK runs @customerio/cdp-analytics-browser, as published, in Chromium. Only its cdnURL is set. A gate blocks every request to a host
// other than the page's and the emulator's.
func TestBrowserSDK(t *testing.T) {
	t.Parallel()
	umd := filepath.Join("..", "..", ".ci", "sdk", "node_modules", "@customerio", "cdp-analytics-browser", "dist", "umd")
	if _, err := os.Stat(umd); err != nil {
		t.Skip("the SDKs are not installed; npm ci in .ci/sdk installs them")
	}
	// Other hosts have no address, in case a request avoids the gate.
	ctx := bounded(t, newBrowser(t, chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")))
	gate := guard(t, ctx)
	shop := http.NewServeMux()
	shop.Handle("/umd/", http.StripPrefix("/umd/", http.FileServer(http.Dir(umd))))
	shop.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!doctype html><title>Shop</title><link rel="icon" href="data:,"><script src="/umd/index.js"></script>`)
	})
	run := func(t *testing.T, base, key, options string) {
		t.Helper()
		site := httptest.NewServer(shop) // a new origin, so the browser remembers nothing
		t.Cleanup(site.Close)
		gate.let(site.URL, base)
		code := ""
		for _, s := range sdks.Snippets {
			if strings.HasSuffix(s.Package, "-browser") {
				code = s.For(base, quoted(key))
			}
		}
		code = strings.TrimSuffix(code, ")") + options + ")"
		do(t, ctx, send(network.ClearBrowserCookies, cdp.Empty{}), chromedp.Navigate(site.URL+"/?utm_source=test"),
			chromedp.Evaluate[chromedp.Void](`window.said = ""; (async () => {
				const { AnalyticsBrowser } = AnalyticsNext;
				const analytics = `+code+`;`+browserCalls+`
			})().then(() => said = "done", (e) => said = String(e))`),
			eventually(`said !== ""`))
		if said := get(t, ctx, chromedp.Evaluate[string](`said`)); said != "done" {
			t.Errorf("the SDK says %q", said)
		}
	}
	check := func(t *testing.T, cio *emulator.Instance) {
		t.Helper()
		waiting, cancel := context.WithTimeout(t.Context(), browserTimeout)
		defer cancel()
		cio.Wait(waiting, func() bool { return cio.Stats().Messages.Accepted >= browserCallCount })
		do(t, ctx, chromedp.Navigate("about:blank")) // the SDK sends these when the user leaves the page
		if m := cio.Stats().Messages; m != (emulator.MessageCounts{Accepted: browserCallCount}) {
			t.Errorf("messages %+v, want %d accepted", m, browserCallCount)
		}
		p := cio.Person("b1")
		names := eventNames(cio, "b1")
		if p.Email != "b1@example.com" || string(p.Traits["plan"]) != `"team"` || len(p.Relationships) != 1 || p.Relationships[0].ObjectTypeID != "2" {
			t.Errorf("%+v", p)
		}
		for _, want := range []string{"track Seen", "track Order Completed", "page Pricing", "screen Cart"} {
			if !strings.Contains(names, want) {
				t.Errorf("events %s, without %s", names, want)
			}
		}
		if held := gate.stopped(); len(held) > 0 {
			t.Errorf("it called %q", held)
		}
	}
	const batching = `, { integrations: { "Customer.io Data Pipelines": { deliveryStrategy: { strategy: "batching", config: { timeout: 50 } } } } }`
	for _, test := range []struct {
		name, options string
		config        emulator.Config
	}{
		{"permissive", "", emulator.Config{}},
		{"strict", "", emulator.Config{Strict: true}},
		{"permissive, in batches", batching, emulator.Config{}},
		{"strict, in batches", batching, emulator.Config{Strict: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.options != "" && os.Getenv("CIOKIT_DEEP") == "" {
				t.Skip("batches are sent with CIOKIT_DEEP=1")
			}
			cio := test.config.Start(t)
			run(t, cio.URL, cio.Key, test.options)
			check(t, cio)
		})
	}
	t.Run("through a recorder", func(t *testing.T) {
		behind := emulator.Start(t)
		front := emulator.Config{Forward: func(r *http.Request) (*http.Response, error) {
			r.URL.Scheme, r.URL.Host, r.Host = "http", strings.TrimPrefix(behind.URL, "http://"), ""
			return http.DefaultTransport.RoundTrip(r)
		}}.Start(t)
		run(t, front.URL, front.Key, "")
		check(t, front) // the gate does not see the server behind it
		if m := behind.Stats().Messages; m != (emulator.MessageCounts{Accepted: browserCallCount}) {
			t.Errorf("passed on: %+v", m)
		}
	})
	// The gate notices a leak: settings without a host make the SDK send to Customer.io.
	t.Run("settings without a host", func(t *testing.T) {
		old := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", "*")
			fmt.Fprint(w, `{"integrations":{"Customer.io Data Pipelines":{}}}`)
		}))
		defer old.Close()
		run(t, old.URL, "k", "")
		held := strings.Join(gate.stopped(), "\n")
		if strings.Count(held, "https://cdp.customer.io/v1/") < browserCallCount {
			t.Errorf("the gate held %q", held)
		}
	})
}
