package emulator_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// sdkSettings are the settings as the browser SDK reads them, with its defaults
// for missing ones.
type sdkSettings struct {
	Integrations map[string]struct {
		APIKey   string
		APIHost  string
		Protocol string
	}
	Metrics *struct{ SampleRate *float64 }
}

// remote is the address to which the browser SDK sends, as its plugin for
// Customer.io builds it.
func (s sdkSettings) remote() string {
	own := s.Integrations["Customer.io Data Pipelines"]
	if own.APIHost == "" {
		own.APIHost = "cdp.customer.io/v1"
	}
	if own.Protocol == "" {
		own.Protocol = "https"
	}
	return own.Protocol + "://" + own.APIHost
}

// reports says whether the SDK reports on itself. It does so to Customer.io
// unless the settings turn it off.
func (s sdkSettings) reports() bool {
	return s.Metrics == nil || s.Metrics.SampleRate == nil || *s.Metrics.SampleRate > 0
}

func askSettings(t *testing.T, client *http.Client, base, key string) (status int, text string, settings sdkSettings) {
	t.Helper()
	resp, err := client.Get(base + "/v1/projects/" + key + "/settings")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode == http.StatusOK {
		if err := json.Unmarshal(body, &settings); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
	}
	return resp.StatusCode, string(body), settings
}

// TestSettings asks for the settings as a browser SDK does at its start, under
// each name of the server. With the answer, the SDK must send to that name and
// nowhere else.
func TestSettings(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{AllowHosts: []string{"cio.shop.example"}})
	plain, secure := httptest.NewServer(srv), httptest.NewTLSServer(srv)
	defer plain.Close()
	defer secure.Close()
	port := plain.URL[strings.LastIndex(plain.URL, ":"):]
	for base, client := range map[string]*http.Client{
		plain.URL:                      http.DefaultClient,
		secure.URL:                     secure.Client(),
		"http://localhost" + port:      http.DefaultClient,
		"http://cio.shop.example:8110": {Transport: srv.Transport()},
		"http://[::1]:8110":            {Transport: srv.Transport()},
	} {
		status, text, got := askSettings(t, client, base, "a%2Fkey")
		if status != http.StatusOK || got.remote() != base+"/v1" || got.Integrations["Customer.io Data Pipelines"].APIKey != "a/key" || got.reports() {
			t.Errorf("%s: %d %s; it would send to %s, reports %v", base, status, text, got.remote(), got.reports())
		}
	}
	if keys := srv.Keys(); len(keys) > 0 {
		t.Errorf("a question opened %d workspaces", len(keys))
	}
	listed := emulator.New(emulator.Config{Keys: []string{"known"}})
	if status, text, _ := askSettings(t, &http.Client{Transport: listed.Transport()}, "http://localhost", "other"); status != http.StatusNotFound || strings.Contains(text, "integrations") {
		t.Errorf("an unknown key: %d %s", status, text)
	}
}

// TestForwardedSettings has another server answer. Whatever it says, the result
// names this server, or it is not settings.
func TestForwardedSettings(t *testing.T) {
	t.Parallel()
	const own = `"Customer.io Data Pipelines"`
	for name, test := range map[string]struct {
		answer string
		status int
		want   int
		keeps  string // in addition to what is always there
		key    string
	}{
		"nothing of ours":   {`{"integrations":{}}`, 200, 200, "", "k"},
		"no integrations":   {`{"plan":{"track":{}}}`, 200, 200, `"plan":{"track":{}}`, "k"},
		"null":              {`{"integrations":{` + own + `:null}}`, 200, 200, "", "k"},
		"as it is":          {`{"integrations":{` + own + `:{"apiKey":"real","apiHost":"cdp.customer.io/v1","retryQueue":false},"Other":{"id":9007199254740993}},"metrics":{"sampleRate":1,"host":"cdp.customer.io/v1"}}`, 200, 200, `"Other":{"id":9007199254740993}`, "real"},
		"in Europe":         {`{"integrations":{` + own + `:{"apiKey":"","apiHost":"cdp-eu.customer.io/v1","protocol":"https","deliveryStrategy":{"strategy":"batching"}}}}`, 200, 200, `"deliveryStrategy":{"strategy":"batching"}`, "k"},
		"another type":      {`{"integrations":{` + own + `:"on"}}`, 200, 502, "", ""},
		"a list":            {`{"integrations":[]}`, 200, 502, "", ""},
		"not an object":     {`[]`, 200, 502, "", ""},
		"null for all":      {`null`, 200, 502, "", ""},
		"a page":            {`<html>`, 200, 502, "", ""},
		"nothing":           {``, 200, 502, "", ""},
		"an unknown key":    {`no such source`, 404, 404, "", ""},
		"a redirect":        {``, 302, 502, "", ""},
		"a permanent one":   {`{"integrations":{}}`, 308, 502, "", ""},
		"not changed":       {``, 304, 502, "", ""},
		"another 2xx":       {`{"integrations":{}}`, 203, 200, "", "k"},
		"an unreachable":    {``, 0, 502, "", ""},
		"a duplicate field": {`{"integrations":{` + own + `:{"apiHost":"a","apiHost":"b"}}}`, 200, 200, "", "k"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := emulator.New(emulator.Config{Forward: func(r *http.Request) (*http.Response, error) {
				if test.status == 0 {
					return nil, &url.Error{Op: "Get", URL: r.URL.String(), Err: io.ErrUnexpectedEOF}
				}
				if r.Method != http.MethodGet || r.URL.Path != "/v1/projects/k/settings" || r.Header.Get("If-None-Match") != "" {
					t.Errorf("passed on: %s %s %v", r.Method, r.URL, r.Header)
				}
				w := httptest.NewRecorder()
				w.Header().Set("Location", "https://cdp.customer.io/v1/projects/k/settings")
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.answer)
				return w.Result(), nil
			}})
			req, err := http.NewRequest(http.MethodGet, "http://localhost:8111/v1/projects/k/settings", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("If-None-Match", `"x"`)
			resp, err := srv.Transport().RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != test.want {
				t.Fatalf("%d %s, %v; want %d", resp.StatusCode, body, err, test.want)
			}
			if test.want != http.StatusOK {
				if strings.Contains(string(body), "projects/k") {
					t.Errorf("the error contains the key: %s", body)
				}
				if strings.Contains(string(body), "integrations") || resp.StatusCode == http.StatusBadGateway && resp.Header.Get("Location") != "" {
					t.Errorf("what could not be read went through: %v %s", resp.Header, body)
				}
				return
			}
			var got sdkSettings
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatalf("%s: %v", body, err)
			}
			if got.remote() != "http://localhost:8111/v1" || got.reports() || got.Integrations["Customer.io Data Pipelines"].APIKey != test.key || !strings.Contains(string(body), test.keeps) {
				t.Errorf("%s: it would send to %s, reports %v", body, got.remote(), got.reports())
			}
		})
	}
}
