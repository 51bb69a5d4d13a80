package erasure_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/erasure"
)

// appOf reads from the emulator.
func appOf(t testing.TB, srv *emulator.Server) *appapi.Client {
	t.Helper()
	return newApp(t, appapi.Config{APIKey: emulator.TestKey, BaseURL: "http://emulator", HTTPClient: &http.Client{Transport: srv.Transport()}})
}

func newApp(t testing.TB, cfg appapi.Config) *appapi.Client {
	t.Helper()
	cfg.RateLimit = -1
	app, err := appapi.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return app
}

// workspace is an App API with people. Unlike in the emulator, several people can share an address.
type workspace struct {
	people []appapi.Identifiers
	// status, if not 0, is the status of every answer. The answer's text names the person.
	status int
	asked  atomic.Int64
}

func (w *workspace) app(t testing.TB) *appapi.Client {
	t.Helper()
	srv := httptest.NewServer(w)
	t.Cleanup(srv.Close)
	return newApp(t, appapi.Config{APIKey: "k", BaseURL: srv.URL, MaxElapsed: 1})
}

func (w *workspace) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.asked.Add(1)
	answer := func(status int, value any) {
		rw.WriteHeader(status)
		_ = json.NewEncoder(rw).Encode(value)
	}
	if w.status != 0 {
		answer(w.status, map[string]any{"meta": map[string]any{"error": "about " + r.URL.String()}})
		return
	}
	if r.URL.Path == "/v1/activities" {
		answer(200, map[string]any{"activities": []any{}, "next": ""})
		return
	}
	if r.URL.Path == "/v1/customers" {
		results := []appapi.Identifiers{}
		for _, p := range w.people {
			if strings.EqualFold(p.Email, r.URL.Query().Get("email")) {
				results = append(results, p)
			}
		}
		answer(200, map[string]any{"results": results})
		return
	}
	who := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/v1/customers/"), "/attributes")
	for _, p := range w.people {
		if r.URL.Query().Get("id_type") == "cio_id" && "cio_"+p.CIOID == who || r.URL.Query().Get("id_type") == "" && p.ID == who {
			answer(200, map[string]any{"customer": map[string]any{"identifiers": p}})
			return
		}
	}
	answer(404, map[string]any{"errors": []any{map[string]any{"detail": "not found"}}})
}

func TestResolve(t *testing.T) {
	t.Parallel()
	type target = erasure.Target
	w := &workspace{people: []appapi.Identifiers{
		{ID: "u1", Email: "Ann@example.com", CIOID: "01"},
		{ID: "u2", Email: "shared@example.com", CIOID: "02"},
		{ID: "u3", Email: "shared@example.com", CIOID: "03"},
		{Email: "only@example.com", CIOID: "04"},
		{ID: "mail@example.com", Email: "other@example.com", CIOID: "05"},
		{ID: "cio_99", CIOID: "06"},
		{ID: "U1", CIOID: "07"},
		{ID: " odd ", Email: "odd@example.com", CIOID: "08"},
		{ID: "same@example.com", Email: "same@example.com", CIOID: "09"},
	}}
	app := w.app(t)
	for name, tt := range map[string]struct {
		in   []target
		all  bool
		want []target
		sum  erasure.Resolved
		err  string
	}{
		"an id":                  {in: people("u1"), want: []target{{ID: "u1", Also: []string{"cio_01", "Ann@example.com"}}}, sum: erasure.Resolved{Named: 1, Targets: 1}},
		"another case":           {in: people("U1"), want: []target{{ID: "U1", Also: []string{"cio_07"}}}, sum: erasure.Resolved{Named: 1, Targets: 1}},
		"an address":             {in: people("ANN@example.com"), want: []target{{ID: "ANN@example.com", Also: []string{"u1", "cio_01"}}}, sum: erasure.Resolved{Named: 1, Targets: 1}},
		"a cio_id":               {in: people("cio_01"), want: []target{{ID: "u1", Also: []string{"cio_01", "Ann@example.com"}}}, sum: erasure.Resolved{Named: 1, Targets: 1}},
		"one by three names":     {in: people("cio_01", "u1", "ann@example.com"), want: []target{{ID: "u1", Also: []string{"cio_01", "Ann@example.com"}}}, sum: erasure.Resolved{Named: 3, Targets: 1, Doubles: 2}},
		"nobody":                 {in: people("gone", "gone@example.com", "cio_77", "gone"), want: people("gone", "gone@example.com", "cio_77"), sum: erasure.Resolved{Named: 4, Targets: 3, Gone: 3, Doubles: 1}},
		"no id":                  {in: people("only@example.com"), want: []target{{ID: "only@example.com", Also: []string{"cio_04"}}}, sum: erasure.Resolved{Named: 1, Targets: 1}},
		"an id like an address":  {in: people("mail@example.com"), want: []target{{ID: "cio_05", Also: []string{"mail@example.com", "other@example.com"}}}, sum: erasure.Resolved{Named: 1, Targets: 1, ByCIOID: 1}},
		"the address is the id":  {in: people("same@example.com"), want: []target{{ID: "same@example.com", Also: []string{"cio_09"}}}, sum: erasure.Resolved{Named: 1, Targets: 1}},
		"an id like a cio_id":    {in: people("cio_06"), want: []target{{ID: "cio_06", Also: []string{"cio_99"}}}, sum: erasure.Resolved{Named: 1, Targets: 1, ByCIOID: 1}},
		"an id with spaces":      {in: people("odd@example.com"), want: []target{{ID: "odd@example.com", Also: []string{"cio_08"}}}, sum: erasure.Resolved{Named: 1, Targets: 1, Odd: 1}},
		"shared":                 {in: people("u1", "shared@example.com", "SHARED@example.com"), err: "2 of the named addresses have several profiles, 4 together (target 2, 3)"},
		"shared, all":            {in: people("shared@example.com"), all: true, want: []target{{ID: "u2", Also: []string{"cio_02", "shared@example.com"}}, {ID: "u3", Also: []string{"cio_03", "shared@example.com"}}}, sum: erasure.Resolved{Named: 1, Targets: 2, Shared: 1}},
		"one of those who share": {in: people("u3"), want: []target{{ID: "u3", Also: []string{"cio_03"}}}, sum: erasure.Resolved{Named: 1, Targets: 1, Kept: 1}},
		"all who share, by ids":  {in: people("u3", "u2"), want: []target{{ID: "u3", Also: []string{"cio_03", "shared@example.com"}}, {ID: "u2", Also: []string{"cio_02", "shared@example.com"}}}, sum: erasure.Resolved{Named: 2, Targets: 2}},
		"other names stay":       {in: []target{{ID: "u1", Also: []string{"old@example.com"}}, {ID: "gone", Also: []string{"x"}}}, want: []target{{ID: "u1", Also: []string{"cio_01", "Ann@example.com", "old@example.com"}}, {ID: "gone", Also: []string{"x"}}}, sum: erasure.Resolved{Named: 2, Targets: 2, Gone: 1}},
		"no identifier":          {in: people("u1", " "), err: "target 2: it has spaces"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, sum, err := erasure.Resolve(context.Background(), app, tt.in, erasure.ResolveConfig{Shared: tt.all})
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), "shared@") || got != nil {
					t.Errorf("%v, %v, want %q", got, err, tt.err)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, tt.want) || sum != tt.sum {
				t.Errorf("%+v\nwant %+v\n%+v\nwant %+v\n%v", got, tt.want, sum, tt.sum, err)
			}
		})
	}
}

// If the App API refuses, or answers with another person, Resolve ends, and no error contains an identifier or a text of the server.
func TestResolveRefused(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]error{401: appapi.ErrUnauthorized, 403: appapi.ErrUnauthorized, 429: appapi.ErrRateLimited, 503: appapi.ErrUnavailable, 400: nil, 302: nil} {
		w := &workspace{status: status}
		for _, id := range []string{"person-one", "person-one@example.com", "cio_person-one"} {
			got, _, err := erasure.Resolve(context.Background(), w.app(t), people(id), erasure.ResolveConfig{})
			if got != nil || err == nil || want != nil && !errors.Is(err, want) || strings.Contains(err.Error(), "one") || strings.Contains(err.Error(), "about") {
				t.Errorf("%d: %v, %v", status, got, err)
			}
			if !strings.Contains(err.Error(), fmt.Sprint(status)) && status != 429 {
				t.Errorf("%d: %v", status, err)
			}
		}
	}
	other := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		p := appapi.Identifiers{ID: "somebody", Email: "somebody@example.com", CIOID: "ff"}
		_ = json.NewEncoder(rw).Encode(map[string]any{"results": []any{p}, "customer": map[string]any{"identifiers": p}})
	}))
	defer other.Close()
	app := newApp(t, appapi.Config{APIKey: "k", BaseURL: other.URL})
	for _, id := range []string{"u1", "u1@example.com", "cio_01"} {
		if got, _, err := erasure.Resolve(context.Background(), app, people(id), erasure.ResolveConfig{}); err == nil || !strings.Contains(err.Error(), "another person") {
			t.Errorf("%s: %v, %v", id, got, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := erasure.Resolve(ctx, app, people("u1"), erasure.ResolveConfig{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A plan made from what Resolve returns for people of the emulator erases them and nobody else.
func TestResolveAndRun(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	o.identified(t, 20)
	if err := o.client.Send(context.Background(), cio.Identify{UserID: "alone@example.com"}); err != nil {
		t.Fatal(err)
	}
	named := people("person3@example.com", "person-4", "alone@example.com", "nobody@example.com", "PERSON4@example.com")
	targets, sum, err := erasure.Resolve(context.Background(), appOf(t, o.srv), named, erasure.ResolveConfig{})
	if err != nil || sum != (erasure.Resolved{Named: 5, Targets: 4, Gone: 1, Doubles: 1}) {
		t.Fatalf("%+v, %v", sum, err)
	}
	o.ran(t, targets, "receipt")
	for i := range 20 {
		_, err := o.srv.Person(emulator.TestKey, fmt.Sprintf("person-%d", i))
		if gone := err != nil; gone != (i == 3 || i == 4) {
			t.Errorf("person-%d is gone: %v", i, gone)
		}
	}
	if _, err := o.srv.Person(emulator.TestKey, "alone@example.com"); err == nil {
		t.Error("who has an address alone is there")
	}
}
