package main

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/destination"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
)

// regions plays Customer.io's two regions: each is an emulator that knows one key.
func regions() http.RoundTripper {
	us, eu := emulator.New(emulator.Config{Keys: []string{"us-key"}}), emulator.New(emulator.Config{Keys: []string{"eu-key"}})
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		if strings.Contains(r.URL.Host, "-eu.") {
			return eu.Transport().RoundTrip(r)
		}
		return us.Transport().RoundTrip(r)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// examined runs a doctor with a transport and returns its output and its exit code.
func examined(t *testing.T, cfg cio.Config, app string, over http.RoundTripper) (string, int) {
	t.Helper()
	client, err := cio.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Timeout = 5 * time.Second
	d := &doctor{cfg: cfg, app: app, samples: 2, wire: newRecorder(over), found: diagnosis{Target: client.Target()}}
	d.examine(t.Context())
	var out strings.Builder
	err = d.tell(t.Context(), console.New(nil, &out, &out), false)
	var ended *exit.Error
	if errors.As(err, &ended) {
		return out.String(), ended.Code
	}
	return out.String(), exit.OK
}

func TestDoctorTellsRegionsApart(t *testing.T) {
	t.Parallel()
	redirect := roundTrip(func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		w.Header().Set("Location", "https://track.elsewhere.example/v1/track")
		w.WriteHeader(http.StatusMovedPermanently)
		return w.Result(), nil
	})
	for name, tc := range map[string]struct {
		region cio.Region
		key    string
		over   http.RoundTripper
		code   int
		want   []string
	}{
		"right":        {cio.RegionEU, "eu-key", regions(), exit.OK, []string{"ok    region      eu accepts the key", "ok    key "}},
		"wrong":        {cio.RegionUS, "eu-key", regions(), exit.Key, []string{"fail  region      us is wrong: the region eu accepts the key", "--to eu, or CUSTOMERIO_REGION=eu"}},
		"wrong key":    {cio.RegionEU, "no-key", regions(), exit.Key, []string{"skip  region      not known: us does not accept the key either", "fail  key         not accepted: 401"}},
		"a redirect":   {cio.RegionEU, "eu-key", redirect, exit.Unavailable, []string{"fail  region ", "use the other region", "skip  key "}},
		"app api, too": {cio.RegionEU, "eu-key", regions(), exit.OK, []string{"ok    app api     the key is accepted"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said, code := examined(t, cio.Config{APIKey: tc.key, Region: tc.region}, strings.Repeat("eu-key", map[bool]int{true: 1}[name == "app api, too"]), tc.over)
			if code != tc.code {
				t.Errorf("exit code %d, want %d\n%s", code, tc.code, said)
			}
			for _, want := range tc.want {
				if !strings.Contains(said, want) {
					t.Errorf("it does not say %q:\n%s", want, said)
				}
			}
			if strings.Contains(said, "eu-key") || strings.Contains(said, "no-key") {
				t.Errorf("it says the key:\n%s", said)
			}
		})
	}
}

// An answer that is not the API's makes the check of the connection fail. A page that refuses the key is not confused with the API.
func TestDoctorTellsStrangersApart(t *testing.T) {
	t.Parallel()
	const page = "<!DOCTYPE html><title>Sign in</title>"
	for name, tc := range map[string]struct {
		status     int
		kind, body string
		code       int
		want       []string
		not        string
	}{
		"a sign-in page":        {200, "text/html", page, exit.Unavailable, []string{"fail  connection ", `answered with 200`, `an HTML page titled "Sign in" instead of the API's answer`, "sign-in page of a network", "skip  key "}, "ok    key"},
		"text":                  {200, "text/plain", "OK", exit.Unavailable, []string{"fail  connection ", "skip  key "}, "ok    key"},
		"a failure with 200":    {200, "application/json", `{"success":false}`, exit.Unavailable, []string{"fail  connection ", "skip  key "}, "ok    key"},
		"207":                   {207, "application/json", `{}`, exit.Unavailable, []string{"fail  connection ", "skip  key "}, "ok    key"},
		"a firewall's page":     {403, "text/html", page, exit.Unavailable, []string{"fail  connection ", "answered with 403", "skip  key "}, "not taken"},
		"a gateway's 400":       {400, "text/plain", "Bad Request", exit.Unavailable, []string{"fail  connection ", "skip  key "}, "not taken"},
		"a page that says 401":  {401, "text/html", page, exit.Key, []string{"warn  connection ", "instead of Customer.io", "fail  key         not accepted: 401"}, "ok    connection"},
		"401 by the API":        {401, "application/json", `{"meta":{"error":"unauthorized"}}`, exit.Key, []string{"ok    connection ", "fail  key         not accepted: 401"}, "page"},
		"403 in the API's form": {403, "application/json", `{"meta":{"error":"forbidden"}}`, exit.Key, []string{"ok    connection ", "fail  key         not accepted: 403"}, "page"},
		"an answer of success":  {200, "application/json", `{"success":true}`, exit.OK, []string{"ok    connection ", "ok    key "}, "fail"},
		"one without a body":    {204, "", "", exit.OK, []string{"ok    connection ", "ok    key "}, "fail"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			over := roundTrip(func(r *http.Request) (*http.Response, error) {
				if r.Body != nil {
					io.Copy(io.Discard, r.Body)
					r.Body.Close()
				}
				return &http.Response{StatusCode: tc.status, Header: http.Header{"Content-Type": {tc.kind}}, Body: io.NopCloser(strings.NewReader(tc.body)), Request: r}, nil
			})
			said, code := examined(t, cio.Config{APIKey: "secret-key", BaseURL: "http://127.0.0.1:1"}, "", over)
			if code != tc.code || strings.Contains(said, tc.not) || strings.Contains(said, "secret-key") {
				t.Errorf("exit code %d, want %d, without %q\n%s", code, tc.code, tc.not, said)
			}
			for _, want := range tc.want {
				if !strings.Contains(said, want) {
					t.Errorf("it does not say %q:\n%s", want, said)
				}
			}
		})
	}
}

func TestDoctorLooksAtCertificates(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{})
	server := httptest.NewUnstartedServer(srv)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it logs clients that do not trust it
	server.StartTLS()
	defer server.Close()
	plain := httptest.NewServer(srv)
	defer plain.Close()
	untrusting := &http.Transport{}
	defer untrusting.CloseIdleConnections()
	said, code := examined(t, cio.Config{APIKey: "key", BaseURL: server.URL}, "", untrusting)
	if code != exit.Unavailable || !strings.Contains(said, "fail  tls         the certificate, issued by Acme Co, was not issued by an authority") || !strings.Contains(said, "SSL_CERT_FILE") {
		t.Errorf("%d\n%s", code, said)
	}
	trusting := server.Client().Transport.(*http.Transport).Clone()
	defer trusting.CloseIdleConnections()
	said, code = examined(t, cio.Config{APIKey: "key", BaseURL: server.URL}, "", trusting)
	if code != exit.OK || !strings.Contains(said, "ok    tls         TLS 1.3, issued by Acme Co") {
		t.Errorf("%d\n%s", code, said)
	}
	named := trusting.Clone()
	named.TLSClientConfig.ServerName = "another.name"
	defer named.CloseIdleConnections()
	said, code = examined(t, cio.Config{APIKey: "key", BaseURL: server.URL}, "", named)
	if code != exit.Unavailable || !strings.Contains(said, "is for another name") {
		t.Errorf("%d\n%s", code, said)
	}
	expired := trusting.Clone()
	expired.TLSClientConfig.Time = func() time.Time { return time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC) }
	defer expired.CloseIdleConnections()
	said, code = examined(t, cio.Config{APIKey: "key", BaseURL: server.URL}, "", expired)
	if code != exit.Unavailable || !strings.Contains(said, "first check the clock of this machine") {
		t.Errorf("%d\n%s", code, said)
	}
	said, code = examined(t, cio.Config{APIKey: "key", BaseURL: "https" + strings.TrimPrefix(plain.URL, "http")}, "", trusting)
	if code != exit.Unavailable || !strings.Contains(said, "write http:// in --to") {
		t.Errorf("%d\n%s", code, said)
	}
}

// Slow answers get advice, and are not a failure.
func TestDoctorMeasures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := emulator.Config{}.InProcess(t)
		srv.Fault(emulator.Fault{DelayMS: 2000})
		said, code := examined(t, cio.Config{APIKey: srv.Key, BaseURL: srv.URL}, "", srv.Client().Transport)
		if code != exit.OK || !strings.Contains(said, "warn  latency     median 2000.0 ms, 90% within 2000.0, 99% within 2000.0, of 2 calls") || !strings.Contains(said, "--concurrency") {
			t.Errorf("%d\n%s", code, said)
		}
	})
}

// The limits in the doctor's text are the real ones.
func TestDoctorNamesTheLimits(t *testing.T) {
	t.Parallel()
	at := func(size int) error {
		event := func(filler string) cio.Track {
			return cio.Track{UserID: "u1", MessageID: "m1", Timestamp: time.Unix(0, 0), Event: cio.Named("Filler", map[string]any{"filler": filler})}
		}
		e, err := cio.Encode(event(""))
		if err == nil {
			_, err = cio.Encode(event(strings.Repeat("x", size-e.Len())))
		}
		return err
	}
	if err := at(32_000); err != nil {
		t.Error(err)
	}
	if err := at(32_001); !errors.Is(err, cio.ErrTooLarge) {
		t.Error(err)
	}
	d := &doctor{}
	d.checkLimits()
	if said := d.found.Checks[0].Said; !strings.Contains(said, "32,000") || !strings.Contains(said, "475,000") || !strings.Contains(said, "3,000 requests in any 3 seconds") {
		t.Error(said)
	}
}

func TestLatencies(t *testing.T) {
	t.Parallel()
	var took []time.Duration
	for i := range 200 {
		took = append(took, time.Duration(200-i)*time.Millisecond)
	}
	if got, want := latencies(took), (latencyStats{200, 1, 100, 180, 198, 200}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if !slices.Contains(took[:1], 200*time.Millisecond) {
		t.Error("the samples were sorted in place")
	}
	if got, want := latencies(took[:1]), (latencyStats{1, 200, 200, 200, 200, 200}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// If the user's own server fails, the advice is not about Customer.io.
func TestDoctorNamesTheServer(t *testing.T) {
	for status, want := range map[int]string{
		http.StatusNotImplemented:      "a retry does not help",
		http.StatusInternalServerError: "check the log of the server on 127.0.0.1",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		defer server.Close()
		said, code := examined(t, cio.Config{APIKey: "key", BaseURL: server.URL}, "", server.Client().Transport)
		if code != exit.Unavailable || !strings.Contains(said, want) || strings.Contains(said, "status.customer.io") {
			t.Errorf("%d: exit code %d\n%s", status, code, said)
		}
	}
	for target, theirs := range map[string]bool{"https://cdp.customer.io": true, "https://cdp-eu.customer.io": true, "http://127.0.0.1:8110": false, "https://customer.io.example.com": false, "https://notcustomer.io": false} {
		var d doctor
		d.found.Target = target
		if said := d.mending(&cio.APIError{Status: http.StatusServiceUnavailable}); strings.Contains(said, "status.customer.io") != theirs {
			t.Errorf("%s: %s", target, said)
		}
	}
}

// Without a key, every command sends the emulator's key to an address of this machine, and no key to any other address.
func TestKeyOfThisMachine(t *testing.T) {
	for _, name := range []string{"CUSTOMERIO_API_KEY", "CUSTOMERIO_REGION", "CUSTOMERIO_BASE_URL"} {
		t.Setenv(name, "")
	}
	con := console.New(nil, io.Discard, io.Discard)
	for to, want := range map[string]string{"emulator": destination.EmulatorKey, "http://127.0.0.1:1": destination.EmulatorKey, "http://localhost:1/v1": destination.EmulatorKey, "https://[::1]:1": destination.EmulatorKey,
		"eu": "", "https://example.com": "", "http://127.0.0.1.example.com": ""} {
		live, err := workspaceOf(con, to)
		if err != nil || live.APIKey != want {
			t.Errorf("doctor --to %s: key %q, %v, want %q", to, live.APIKey, err, want)
		}
		if key, err := (destination.Flags{To: to}).Key(con); err != nil || key != want {
			t.Errorf("load --to %s: key %q, %v, want %q", to, key, err, want)
		}
	}
}
