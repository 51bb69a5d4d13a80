package appapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/emulator"
)

// workspace is an emulated workspace with a client for each of its APIs, without sockets.
func workspace(t *testing.T) (*emulator.Instance, *cio.Client, *appapi.Client) {
	t.Helper()
	srv := emulator.Config{}.InProcess(t)
	send, err := cio.NewClient(cio.Config{APIKey: srv.Key, BaseURL: srv.URL, HTTPClient: srv.Client()})
	if err != nil {
		t.Fatal(err)
	}
	read, err := appapi.NewClient(appapi.Config{APIKey: srv.Key, BaseURL: srv.URL, HTTPClient: srv.Client(), RateLimit: -1})
	if err != nil {
		t.Fatal(err)
	}
	return srv, send, read
}

func TestReadsBackWhatWasSent(t *testing.T) {
	t.Parallel()
	_, send, read := workspace(t)
	ctx := t.Context()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	err := send.Send(ctx,
		cio.Identify{UserID: "../u+1 %", Traits: map[string]any{"email": "ann@example.com", "logins": 3, "plan": "pro"}},
		cio.SetDevice{UserID: "../u+1 %", Token: "t1", Platform: cio.PlatformIOS, Timestamp: at, Attributes: map[string]any{"push_enabled": true}},
		cio.Relate{UserID: "../u+1 %", ObjectID: "acme", TypeID: "2", Attributes: map[string]any{"role": "admin"}},
		cio.Track{UserID: "../u+1 %", Event: cio.Named("Signed Up", map[string]any{"seats": 5}), Timestamp: at},
	)
	if err != nil {
		t.Fatal(err)
	}
	byID, err := read.Customers().Attributes(ctx, appapi.ByID("../u+1 %"))
	if err != nil {
		t.Fatal(err)
	}
	if byID.Identifiers.Email != "ann@example.com" || byID.Attributes["logins"] != "3" || byID.Attributes["plan"] != "pro" || byID.Set["plan"].IsZero() || byID.Unsubscribed {
		t.Errorf("%+v", byID)
	}
	if want := (appapi.Device{Token: "t1", Platform: "ios", LastUsed: at, Attributes: map[string]string{"push_enabled": "true"}}); len(byID.Devices) != 1 || fmt.Sprint(byID.Devices[0]) != fmt.Sprint(want) {
		t.Errorf("devices %+v, want %+v", byID.Devices, want)
	}
	for _, id := range []appapi.CustomerID{appapi.ByEmail("ann@example.com"), appapi.ByCIOID(byID.Identifiers.CIOID), appapi.ByCIOID("cio_" + byID.Identifiers.CIOID)} {
		if c, err := read.Customers().Attributes(ctx, id); err != nil || c.Identifiers != byID.Identifiers {
			t.Errorf("%v: %+v, %v", id, c.Identifiers, err)
		}
	}
	if found, err := read.Customers().ByEmail(ctx, "ann@example.com"); err != nil || !slices.Equal(found, []appapi.Identifiers{byID.Identifiers}) {
		t.Errorf("by email: %v, %v", found, err)
	}
	if found, err := read.Customers().ByEmail(ctx, "bob@example.com"); err != nil || len(found) != 0 {
		t.Errorf("by the email of nobody: %v, %v", found, err)
	}
	for r, err := range read.Customers().Relationships(ctx, appapi.ByID("../u+1 %")) {
		if err != nil || r.TypeID != "2" || r.Object.ID != "acme" || string(r.Attributes["role"]) != `"admin"` {
			t.Errorf("%+v, %v", r, err)
		}
	}
	var seen []string
	for a, err := range read.Customers().Activities(ctx, appapi.ByID("../u+1 %"), appapi.ActivityQuery{PageSize: 1}) {
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, a.Type)
		if a.Type == appapi.ActivityEvent && (a.Name != "Signed Up" || !a.At.Equal(at) || string(a.Data.JSON()) != `{"seats":5}` || a.Customer.ID != "../u+1 %") {
			t.Errorf("%+v", a)
		}
	}
	if want := []string{"event", "add_relationship", "device_change", "attribute_change", "profile_create"}; !slices.Equal(seen, want) {
		t.Errorf("activities %q, want %q", seen, want)
	}
}

func TestWhatIsGone(t *testing.T) {
	t.Parallel()
	_, send, read := workspace(t)
	if err := send.Send(t.Context(), cio.Identify{UserID: "u1"}, cio.DeletePerson{UserID: "u1"}); err != nil {
		t.Fatal(err)
	}
	_, err := read.Customers().Attributes(t.Context(), appapi.ByID("u1"))
	if !errors.Is(err, appapi.ErrNotFound) || strings.Contains(err.Error(), "u1") {
		t.Errorf("attributes: %v", err)
	}
	for _, err := range read.Customers().Relationships(t.Context(), appapi.ByID("u1")) {
		if !errors.Is(err, appapi.ErrNotFound) {
			t.Errorf("relationships: %v", err)
		}
	}
	deleted := 0
	for a, err := range read.Activities().List(t.Context(), appapi.ActivityQuery{Deleted: true, Customer: appapi.ByID("u1"), Type: appapi.ActivityProfileDelete}) {
		if err != nil || a.Customer.ID != "u1" {
			t.Errorf("%+v, %v", a, err)
		}
		deleted++
	}
	if deleted != 1 {
		t.Errorf("%d deletions", deleted)
	}
	for _, id := range []appapi.CustomerID{{}, appapi.ByID(""), appapi.ByCIOID("")} {
		if _, err := read.Customers().Attributes(t.Context(), id); err == nil || errors.Is(err, appapi.ErrUnavailable) {
			t.Errorf("nobody: %v", err)
		}
	}
}

// Failures that can be temporary are retried, and others are not.
func TestRetries(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault    emulator.Fault
		is       error
		attempts int
		waits    time.Duration // at least
	}{
		"a 429 with Retry-After": {emulator.Fault{Count: 2, Status: 429, RetryAfter: 7}, nil, 3, 14 * time.Second},
		"a 503":                  {emulator.Fault{Count: 3, Status: 503}, nil, 4, 0},
		"a reset":                {emulator.Fault{Count: 1, Reset: true}, nil, 2, 0},
		"half an answer":         {emulator.Fault{Count: 1, Truncate: true}, nil, 2, 0},
		"a hang":                 {emulator.Fault{Count: 1, DelayMS: 60_000}, nil, 2, 10 * time.Second},
		"a 403":                  {emulator.Fault{Count: 1, Status: 403}, appapi.ErrUnauthorized, 1, 0},
		"an outage":              {emulator.Fault{Status: 500}, appapi.ErrUnavailable, 0, 40 * time.Second},
		"a refusal for good":     {emulator.Fault{Status: 429, RetryAfter: 90}, appapi.ErrRateLimited, 1, 0},
		"a redirect":             {emulator.Fault{Count: 1, Status: 302, Headers: map[string]string{"Location": "http://elsewhere.example/"}}, errAny, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, _, read := workspace(t)
				srv.Fault(tc.fault)
				started := time.Now()
				_, err := read.Customers().ByEmail(t.Context(), "ann@example.com")
				var api *appapi.APIError
				if tc.is == nil && err != nil || tc.is != nil && (!errors.As(err, &api) || tc.is != errAny && !errors.Is(err, tc.is)) {
					t.Fatal(err)
				}
				if api != nil && tc.attempts > 0 && api.Attempts != tc.attempts {
					t.Errorf("%d attempts, want %d", api.Attempts, tc.attempts)
				}
				if took := time.Since(started); took < tc.waits || took > 90*time.Second {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

var errAny = errors.New("any")

// No window of a second has more than ten requests, even if requests are delayed by up to a tenth of it.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := emulator.Config{}.InProcess(t)
		var starts []time.Time
		transport := roundTrip(func(r *http.Request) (*http.Response, error) {
			starts = append(starts, time.Now())
			return srv.Client().Transport.RoundTrip(r)
		})
		read, err := appapi.NewClient(appapi.Config{APIKey: srv.Key, BaseURL: srv.URL, HTTPClient: &http.Client{Transport: transport}})
		if err != nil {
			t.Fatal(err)
		}
		for range 35 {
			if _, err := read.Customers().ByEmail(t.Context(), "ann@example.com"); err != nil {
				t.Fatal(err)
			}
		}
		for i := 10; i < len(starts); i++ {
			if d := starts[i].Sub(starts[i-10]); d <= 1100*time.Millisecond {
				t.Errorf("requests %d to %d within %v", i-10, i, d)
			}
		}
		if total := starts[34].Sub(starts[0]); total > 4*time.Second {
			t.Errorf("35 requests took %v", total)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		for err == nil {
			_, err = read.Customers().ByEmail(ctx, "ann@example.com")
		}
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, appapi.ErrUnavailable) {
			t.Errorf("a wait that ended: %v", err)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAnswersThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"<html>login</html>": "not the JSON that is documented",
		`{"cio_relationships":[{"object_type_id":1,"identifiers":{"object_id":"o"}}],"next":"a"}`: "names the page itself",
	} {
		var calls atomic.Int32
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			calls.Add(1)
			fmt.Fprint(w, body)
		}))
		defer server.Close()
		read, err := appapi.NewClient(appapi.Config{APIKey: "k", BaseURL: server.URL + "/v1/"})
		if err != nil {
			t.Fatal(err)
		}
		var last error
		for _, err := range read.Customers().Relationships(t.Context(), appapi.ByID("u1")) {
			last = err
		}
		if last == nil || !strings.Contains(last.Error(), want) || calls.Load() > 2 {
			t.Errorf("%s: %v after %d calls", body, last, calls.Load())
		}
	}
}

func TestErrorsSayWhatTheServerSaid(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"meta":{"error":"no  such\nkey"}}`:                      "no such key; the key is not accepted",
		`{"meta":{"errors":["one","two"]}}`:                       "one; two; the key",
		`{"errors":[{"detail":"scoped","status":"403"}]}`:         "scoped; the key",
		`<html>` + strings.Repeat("x", 1000):                      "403 Forbidden: the key",
		`{"meta":{"error":"` + strings.Repeat("y ", 9999) + `"}}`: "y ...; the key",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, body)
		}))
		defer server.Close()
		read, err := appapi.NewClient(appapi.Config{APIKey: "secret-key", BaseURL: server.URL})
		if err != nil {
			t.Fatal(err)
		}
		_, err = read.Customers().Attributes(t.Context(), appapi.ByEmail("ann@example.com"))
		if !errors.Is(err, appapi.ErrUnauthorized) || !strings.Contains(err.Error(), want) || len(err.Error()) > 600 ||
			strings.Contains(err.Error(), "secret-key") || strings.Contains(err.Error(), "ann@") {
			t.Errorf("%.60s: %v", body, err)
		}
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		cfg  appapi.Config
		want string // the text is in the error, or it is the target
	}{
		"us":             {appapi.Config{APIKey: "k", Region: cio.RegionUS}, "https://api.customer.io"},
		"eu":             {appapi.Config{APIKey: "k", Region: cio.RegionEU}, "https://api-eu.customer.io"},
		"a URL":          {appapi.Config{APIKey: "k", BaseURL: "http://127.0.0.1:1/v1/"}, "http://127.0.0.1:1"},
		"no key":         {appapi.Config{Region: cio.RegionEU}, "CUSTOMERIO_APP_API_KEY"},
		"a key and more": {appapi.Config{APIKey: "k k", Region: cio.RegionEU}, "together with the key"},
		"no region":      {appapi.Config{APIKey: "k"}, "CUSTOMERIO_REGION"},
		"another region": {appapi.Config{APIKey: "k", Region: "mars"}, "us or eu"},
		"no URL":         {appapi.Config{APIKey: "k", BaseURL: "customer.io"}, "CUSTOMERIO_APP_BASE_URL"},
		"credentials":    {appapi.Config{APIKey: "k", BaseURL: "http://a:secret@b"}, "without credentials"},
		"negative":       {appapi.Config{APIKey: "k", Region: cio.RegionUS, Timeout: -1}, "Timeout"},
	} {
		c, err := appapi.NewClient(tc.cfg)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = c.Target()
		}
		if !strings.Contains(got, tc.want) || strings.Contains(got, "secret") {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

func TestKeysAreNotPrinted(t *testing.T) {
	t.Parallel()
	cfg := appapi.Config{APIKey: "secret-key", Region: cio.RegionEU}
	c, err := appapi.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprint(cfg), fmt.Sprintf("%+v %#v %q", cfg, cfg, &cfg), fmt.Sprintf("%+v %#v %x", c, c, c), cfg.LogValue().String(), c.LogValue().String(), string(encoded)} {
		if strings.Contains(s, "secret") {
			t.Error(s)
		}
	}
}

func TestReadsObjectsBack(t *testing.T) {
	t.Parallel()
	_, send, read := workspace(t)
	err := send.Send(t.Context(), cio.SetObject{TypeID: "2", ObjectID: "a/../b +%", Attributes: map[string]any{"name": "Acme", "employees": 329}})
	if err != nil {
		t.Fatal(err)
	}
	o, err := read.Objects().Attributes(t.Context(), "2", "a/../b +%")
	if err != nil || o.TypeID != "2" || fmt.Sprint(o.Attributes) != "map[employees:329 name:Acme]" {
		t.Errorf("%+v, %v", o, err)
	}
	if _, err := read.Objects().Attributes(t.Context(), "1", "a/../b +%"); !errors.Is(err, appapi.ErrNotFound) {
		t.Errorf("another type: %v", err)
	}
	if _, err := read.Objects().Attributes(t.Context(), "", "a"); err == nil {
		t.Error("a missing type did not cause an error")
	}
}

// The answers have the form that the API's document gives. Numbers of types come as text or as numbers.
func TestReadsTypesAndWorkspaces(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/object_types":
			fmt.Fprint(w, `{"types":[{"id":"1","name":"Companies","enabled":true},{"id":2,"name":"Courses","enabled":false}]}`)
		case "/v1/workspaces":
			fmt.Fprint(w, `{"workspaces":[{"id":33,"name":"Tests","people":4}]}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()
	read, err := appapi.NewClient(appapi.Config{APIKey: "k", BaseURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	types, err := read.Objects().Types(t.Context())
	if err != nil || len(types) != 2 || types[0].ID != "1" || types[0].Name != "Companies" || !types[0].Enabled || types[1].ID != "2" || types[1].Enabled {
		t.Errorf("%v, %v", types, err)
	}
	workspaces, err := read.Workspaces(t.Context())
	if err != nil || len(workspaces) != 1 || workspaces[0].ID != "33" || workspaces[0].Name != "Tests" || workspaces[0].People != 4 {
		t.Errorf("%v, %v", workspaces, err)
	}
}
