package emulator_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio/emulator"
)

// outcome is the result of one identify call for a new person.
func outcome(t *testing.T, srv *emulator.Server, n int) string {
	t.Helper()
	start := time.Now()
	req, err := http.NewRequest(http.MethodPost, "http://emulator/v1/identify", strings.NewReader(fmt.Sprintf(`{"userId":"u%d"}`, n)))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("key", "")
	resp, err := srv.Transport().RoundTrip(req)
	took := ""
	if d := time.Since(start); d > 0 {
		took = " after " + d.String()
	}
	stored := func() bool {
		_, err := srv.Person("key", fmt.Sprintf("u%d", n))
		return err == nil
	}
	if err != nil {
		if !errors.Is(err, emulator.ErrnoReset) {
			t.Fatalf("call %d: %v", n, err)
		}
		if stored() {
			return "reset but done" + took
		}
		return "reset" + took
	}
	defer resp.Body.Close()
	_, err = io.ReadAll(resp.Body)
	effect := ""
	if after := resp.Header.Get("Retry-After"); after != "" {
		effect = " retry after " + after
	}
	if errors.Is(err, emulator.ErrnoReset) {
		effect += " cut"
	} else if err != nil {
		t.Fatal(err)
	}
	if !stored() {
		effect += " nothing"
	}
	if d := time.Since(start); d > 0 && !strings.Contains(effect, "cut") {
		took = " after " + d.String()
	}
	return fmt.Sprint(resp.StatusCode) + effect + took
}

// shareOf describes 20 calls. A fault affects the half of them that the seed
// chooses: between four and sixteen calls fail, the same ones every time.
func shareOf(seed uint64, wrong string) string {
	var calls []string
	srv := emulator.New(emulator.Config{})
	if err := srv.AddFault(emulator.Fault{Share: 0.5, Seed: seed, Drop: true}); err != nil {
		return err.Error()
	}
	fired := 0
	for range 20 {
		w := httptest.NewRecorder()
		srv.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "http://localhost/v1/identify", strings.NewReader(`{"writeKey":"k","userId":"u"}`)))
		now := srv.Faults()[0].Fired
		calls = append(calls, map[bool]string{true: wrong, false: "200"}[now > fired])
		fired = now
	}
	if fired < 4 || fired > 16 {
		return fmt.Sprintf("%d of 20 go wrong", fired)
	}
	return strings.Join(calls, ", ")
}

func TestFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		faults []emulator.Fault
		want   string
	}{
		{"status with Retry-After", []emulator.Fault{{Count: 2, Status: 429, RetryAfter: 1}},
			"429 retry after 1 nothing, 429 retry after 1 nothing, 200, 200"},
		{"every third, for ever", []emulator.Fault{{Every: 3, Status: 500}},
			"200, 200, 500 nothing, 200, 200, 500 nothing, 200, 200, 500 nothing"},
		{"every second, twice", []emulator.Fault{{Every: 2, Count: 2, Status: 503}},
			"200, 503 nothing, 200, 503 nothing, 200, 200"},
		{"reset", []emulator.Fault{{Count: 1, Reset: true}}, "reset, 200"},
		{"drop", []emulator.Fault{{Count: 1, Drop: true}}, "200 nothing, 200"},
		{"delay alone", []emulator.Fault{{Count: 1, DelayMS: 30_000}}, "200 after 30s, 200"},
		{"delay and status", []emulator.Fault{{Count: 1, DelayMS: 1500, Status: 504}}, "504 nothing after 1.5s, 200"},
		{"delay and reset", []emulator.Fault{{Count: 1, DelayMS: 1, Reset: true}}, "reset after 1ms, 200"},
		{"a queue", []emulator.Fault{{Count: 1, Status: 500}, {Count: 1, Every: 2, Reset: true}, {Count: 1, Drop: true}},
			"500 nothing, 200, reset, 200 nothing, 200"},
		{"accepted, then 500", []emulator.Fault{{Count: 1, Status: 500, After: true}}, "500, 200"},
		{"reset after processing", []emulator.Fault{{Count: 1, Reset: true, After: true}}, "reset but done, 200"},
		{"processed, then slow", []emulator.Fault{{Count: 1, DelayMS: 9000, After: true}}, "200 after 9s, 200"},
		{"slow body", []emulator.Fault{{Count: 1, SlowMS: 2000}}, "200 after 2s, 200"},
		{"slow error", []emulator.Fault{{Count: 1, SlowMS: 6100, Status: 500, Body: "12345678901234567890 1234567890123456789 1234567890123456789."}}, "500 nothing after 6.1s, 200"},
		{"truncated", []emulator.Fault{{Count: 1, Truncate: true}}, "200 cut nothing, 200"},
		{"truncated after processing", []emulator.Fault{{Count: 1, Truncate: true, After: true}}, "200 cut, 200"},
		{"truncated error", []emulator.Fault{{Count: 1, Truncate: true, Status: 502, SlowMS: 1}}, "502 cut nothing, 200"},
		{"a header", []emulator.Fault{{Count: 1, Status: 503, Headers: map[string]string{"Retry-After": "soon"}}},
			"503 retry after soon nothing, 200"},
		{"another path", []emulator.Fault{{Path: "/v1/batch", Status: 500}, {Path: "/v1/i", Count: 2, Status: 501}}, "501 nothing, 501 nothing, 200"},
		{"paths side by side", []emulator.Fault{{Every: 2, Status: 500}, {Path: "/v1/identify", Count: 2, Status: 501}}, "501 nothing, 500 nothing, 501 nothing, 500 nothing"},
		{"a share", []emulator.Fault{{Share: 0.5, Seed: 1, Status: 500}}, shareOf(1, "500 nothing")},
		{"the same share of another seed", []emulator.Fault{{Share: 0.5, Seed: 2, Drop: true}}, shareOf(2, "200 nothing")},
		{"all of it", []emulator.Fault{{Share: 1, Drop: true}}, "200 nothing, 200 nothing"},
		{"a status without a body", []emulator.Fault{{Count: 1, Status: 204}}, "204 nothing, 200"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := emulator.New(emulator.Config{})
				for _, f := range test.faults {
					if err := srv.AddFault(f); err != nil {
						t.Fatal(err)
					}
				}
				var got []string
				applied := 0
				for n := range strings.Count(test.want, ",") + 1 {
					o := outcome(t, srv, n)
					got = append(got, o)
					if !strings.Contains(o, "nothing") && o != "reset" && !strings.HasPrefix(o, "reset after") {
						applied++
					}
				}
				if s := strings.Join(got, ", "); s != test.want {
					t.Errorf("got  %s\nwant %s", s, test.want)
				}
				if s, err := srv.Stats(""); err != nil || s.Requests != uint64(applied) || s.People != applied || s.Messages.Accepted != uint64(applied) {
					t.Errorf("stats %+v, %v; want %d of each", s, err, applied)
				}
			})
		})
	}
}

func TestFaultStates(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{})
	for _, f := range []emulator.Fault{{Count: 1, Every: 2, Status: 500}, {Drop: true}, {Reset: true}} {
		if err := srv.AddFault(f); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 5 {
		outcome(t, srv, n)
	}
	var got []string
	for _, f := range srv.Faults() {
		got = append(got, fmt.Sprintf("%s %d/%d", f.State, f.Fired, f.Seen))
	}
	if want := "[done 1/2 active 3/3 waiting 0/0]"; fmt.Sprint(got) != want {
		t.Errorf("states %v, want %s", got, want)
	}
	srv.ClearFaults()
	if o := outcome(t, srv, 5); !strings.HasPrefix(o, "200") || strings.Contains(o, "nothing") || len(srv.Faults()) != 0 {
		t.Errorf("after clearing: %s, %v", o, srv.Faults())
	}
	if err := srv.AddFault(emulator.Fault{Drop: true}); err != nil {
		t.Fatal(err)
	}
	srv.Reset()
	if len(srv.Faults()) != 0 {
		t.Error("a reset of the server keeps faults")
	}
}

func TestFaultsRefused(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]emulator.Fault{
		"does nothing":      {Count: 1},
		"count":             {Count: -1, Status: 500},
		"every":             {Every: -1, Status: 500},
		"between 200":       {Status: 199},
		"599":               {Status: 600},
		"retry_after must":  {Status: 429, RetryAfter: -1},
		"retry_after needs": {RetryAfter: 1, Drop: true},
		"delay_ms":          {DelayMS: -1},
		"exclude":           {Status: 500, Reset: true},
		"each other":        {Drop: true, Reset: true},
		"path":              {Path: "/_emulator/", Drop: true},
		"share must":        {Share: 1.5, Drop: true},
		"share and":         {Share: 0.5, Every: 2, Drop: true},
		"need a status":     {Headers: map[string]string{"A": "b"}, Drop: true},
		`"A b"`:             {Headers: map[string]string{"A b": "c"}, Status: 500},
		`"B"`:               {Headers: map[string]string{"B": "c\r\nD: e"}, Status: 500},
		"65536 bytes":       {Body: strings.Repeat("x", 65_537), Status: 500},
		"slow_ms":           {SlowMS: -1},
		"truncate":          {Reset: true, Truncate: true},
		"after and":         {After: true, Drop: true},
		"for_ms":            {ForMS: -1, Drop: true},
		"contains may":      {Contains: strings.Repeat("x", 1001), Drop: true},
		"nodes must":        {Nodes: 1, Drop: true},
		"and 1000":          {Nodes: 1001, Drop: true},
		"body_bytes need":   {BodyBytes: 1, Drop: true},
		"body_bytes must":   {BodyBytes: -2, Status: 200},
		"104857600":         {BodyBytes: 100<<20 + 1, Status: 200},
		"longer":            {BodyBytes: 2, Body: "xxx", Status: 200},
		"has no body":       {BodyBytes: 2, Status: 204},
		"body_bytes and":    {BodyBytes: 2, Status: 200, SlowMS: 1},
		"with an end":       {BodyBytes: -1, Status: 200, Truncate: true},
		"need the body":     {Early: true, Status: 200, After: true},
		"which need":        {Early: true, Status: 200, Contains: "x"},
		"early needs":       {Early: true, DelayMS: 1},
	} {
		srv := emulator.New(emulator.Config{})
		if err := srv.AddFault(f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want one about %q", f, err, want)
		}
		if len(srv.Faults()) != 0 {
			t.Errorf("%+v was queued", f)
		}
	}
	srv := emulator.New(emulator.Config{})
	for range 1000 {
		if err := srv.AddFault(emulator.Fault{Drop: true}); err != nil {
			t.Fatal(err)
		}
	}
	if err := srv.AddFault(emulator.Fault{Drop: true}); err == nil {
		t.Error("the queue has no end")
	}
}

// TestResetOverTCP checks what a client of a real connection gets.
func TestResetOverTCP(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"http", "https", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			srv := emulator.New(emulator.Config{})
			if err := srv.AddFault(emulator.Fault{Count: 1, Reset: true}); err != nil {
				t.Fatal(err)
			}
			server := serve(t, srv, protocol)
			body := `{"userId":"u","event":"` + strings.Repeat("e", 20_000) + `"}`
			call := func() (*http.Response, error) {
				req, err := http.NewRequest(http.MethodPost, server.URL+"/v1/track", strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				req.GetBody = nil // so that net/http does not repeat the request
				req.SetBasicAuth("key", "")
				return server.Client().Do(req)
			}
			resp, err := call()
			if err == nil {
				resp.Body.Close()
				t.Fatalf("answered %s, want a broken connection", resp.Status)
			}
			if protocol == "http" {
				var op *net.OpError
				if !errors.Is(err, emulator.ErrnoReset) || !errors.As(err, &op) {
					t.Errorf("error %v, want a reset of the TCP connection", err)
				}
			}
			if s, _ := srv.Stats("key"); s != (emulator.Stats{}) {
				t.Errorf("the call had an effect: %+v", s)
			}
			resp, err = call()
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if s, _ := srv.Stats("key"); resp.StatusCode != http.StatusOK || s.Events != 1 {
				t.Errorf("the call after: %s, %+v", resp.Status, s)
			}
		})
	}
}

// atEnd calls do when the body has been read to its end.
type atEnd struct {
	io.ReadCloser
	do func()
}

func (b atEnd) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.do()
	}
	return n, err
}

// TestDelayEndsWithItsCaller closes a real connection during a delay.
func TestDelayEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{})
	if err := srv.AddFault(emulator.Fault{Count: 1, DelayMS: 3_600_000}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	hangUp := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = atEnd{r.Body, cancel}
		srv.ServeHTTP(w, r)
	})
	server := serve(t, hangUp, "http") // Close waits for the handler
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/v1/identify", strings.NewReader(`{"userId":"u"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("key", "")
	if resp, err := server.Client().Do(req); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v, %v; want the cancellation", resp, err)
	}
	server.Close()
	if s, _ := srv.Stats("key"); s.People != 0 {
		t.Errorf("the call had an effect: %+v", s)
	}
	if f := srv.Faults(); f[0].Fired != 1 {
		t.Errorf("the fault did not fire: %+v", f)
	}
}
