package cio_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
)

func TestSendOneGoesToItsEndpoint(t *testing.T) {
	t.Parallel()
	for path, m := range map[string]cio.Message{
		"/v1/identify": cio.Identify{UserID: "u1"},
		"/v1/track":    cio.Track{UserID: "u1", Event: cio.Named("X", nil)},
		"/v1/page":     cio.Page{UserID: "u1"},
		"/v1/screen":   cio.Screen{UserID: "u1"},
		"/v1/group":    cio.Group{GroupID: "g"},
		"/v1/alias":    cio.Alias{UserID: "a", PreviousID: "b"},
	} {
		s := &server{}
		if err := newClient(t, s, nil).Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		got := s.seen()
		if len(got) != 1 || got[0].path != path {
			t.Fatalf("%s: %+v", path, got)
		}
		want := http.Header{"Authorization": {"Basic azN5LXMzY3JldDo="}, "Content-Type": {"application/json"}, "User-Agent": {"ciokit-go/" + cio.Version}, "X-Strict-Mode": {"1"}}
		if h := got[0].header; fmt.Sprint(h) != fmt.Sprint(want) {
			t.Errorf("%s: headers %v, want %v", path, h, want)
		}
	}
}

func TestPermissiveLeavesOutTheHeader(t *testing.T) {
	t.Parallel()
	s := &server{}
	if err := newClient(t, s, func(c *cio.Config) { c.Permissive = true }).Send(t.Context(), tracks(2)...); err != nil {
		t.Fatal(err)
	}
	if v, ok := s.seen()[0].header["X-Strict-Mode"]; ok {
		t.Errorf("X-Strict-Mode: %v", v)
	}
}

func TestSendNothing(t *testing.T) {
	t.Parallel()
	s := &server{}
	if err := newClient(t, s, nil).Send(t.Context()); err != nil || len(s.seen()) != 0 {
		t.Errorf("%v, %d requests", err, len(s.seen()))
	}
}

// Batches are as full as the limit allows, and not one byte larger.
func TestSendSplitsByExactBytes(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{700, 701, 702, 1000, 475_000} {
		s := &server{}
		c := newClient(t, s, func(cfg *cio.Config) { cfg.MaxMessageBytes, cfg.MaxBatchBytes = 600, limit })
		msgs := tracks(57)
		if err := c.Send(t.Context(), msgs...); err != nil {
			t.Fatal(err)
		}
		var ids []string
		calls := s.seen()
		for i, got := range calls {
			if got.path == "/v1/batch" && len(got.body) > limit {
				t.Errorf("limit %d: request %d has %d bytes", limit, i, len(got.body))
			}
			if i+1 < len(calls) {
				next, err := cio.Encode(msgs[len(ids)+len(got.ids(t))])
				if err != nil {
					t.Fatal(err)
				}
				if room := limit - len(got.body); room > next.Len() {
					t.Errorf("limit %d: request %d leaves %d bytes, the next message takes %d", limit, i, room, next.Len())
				}
			}
			ids = append(ids, got.ids(t)...)
		}
		for i, id := range ids {
			if id != fmt.Sprintf("m%d", i) {
				t.Fatalf("limit %d: message %d has id %s", limit, i, id)
			}
		}
		st := c.Stats()
		if len(ids) != 57 || st.Accepted != 57 || st.Requests != int64(len(calls)) {
			t.Errorf("limit %d: %d arrived, %+v", limit, len(ids), st)
		}
	}
}

func TestSendListsAllInvalidAndSendsNothing(t *testing.T) {
	t.Parallel()
	s := &server{}
	msgs := tracks(5)
	msgs[1] = cio.Track{UserID: "u1"}
	msgs[3] = cio.Group{Tag: 33}
	err := newClient(t, s, nil).Send(t.Context(), msgs...)
	var sendErr *cio.SendError
	if !errors.As(err, &sendErr) || !errors.Is(err, cio.ErrInvalid) || len(s.seen()) != 0 {
		t.Fatalf("got %v after %d requests", err, len(s.seen()))
	}
	var refused []int
	for i, f := range sendErr.Failures {
		if f.Index != i || (f.Outcome != cio.OutcomeRejected && f.Outcome != cio.OutcomeUnsent) {
			t.Errorf("failure %d: %+v", i, f)
		}
		var m *cio.MessageError
		if errors.As(f.Err, &m) {
			refused = append(refused, m.Index)
		}
	}
	if fmt.Sprint(refused) != "[1 3]" || sendErr.Total != 5 || sendErr.Accepted != 0 || len(sendErr.Failures) != 5 {
		t.Errorf("refused %v in %+v", refused, sendErr)
	}
	for _, want := range []string{"messages[1]: event: missing-event", "messages[3]: groupId: missing-group-id"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
}

// The outcome that an answer has for a message, and for the messages after it.
func TestAnswers(t *testing.T) {
	t.Parallel()
	html := "<!DOCTYPE html><html><head><title>502</title></head><body>" + strings.Repeat("x", 5000) + "</body></html>"
	for _, c := range []struct {
		name    string
		answer  func() (*http.Response, error)
		outcome cio.Outcome // 0: accepted
		is      error
		said    string // in the error
	}{
		{"200", func() (*http.Response, error) { return status(200, "{}"), nil }, 0, nil, ""},
		{"201 with another body", func() (*http.Response, error) { return status(201, `{"success":true}`), nil }, 0, nil, ""},
		{"200 with an empty body", func() (*http.Response, error) { return status(200, ""), nil }, 0, nil, ""},
		{"204", func() (*http.Response, error) { return status(204, ""), nil }, 0, nil, ""},
		{"200 that breaks off", func() (*http.Response, error) { return broken(status(200, `{"succ`)), nil }, cio.OutcomeUnknown, cio.ErrNotAPI, "broke off: connection reset"},
		{"200 with a page", func() (*http.Response, error) {
			return status(200, "<html><title>Sign in</title>", "Content-Type", "text/html", "Server", "nginx"), nil
		}, cio.OutcomeUnknown, cio.ErrNotAPI, `an HTML page titled "Sign in" instead of the API's answer (text/html, Server: nginx, from cdp.customer.io)`},
		{"500 that breaks off", func() (*http.Response, error) { return broken(status(500, `{"meta`)), nil }, cio.OutcomeUnknown, cio.ErrUnavailable, "{\"meta"},
		{"400", func() (*http.Response, error) {
			return status(400, `{"meta":{"errors":["userId is required","event too"]}}`), nil
		}, cio.OutcomeRejected, cio.ErrInvalid, "userId is required; event too"},
		{"400 in another shape", func() (*http.Response, error) { return status(400, `{"meta":{"error":"bad json"}}`), nil }, cio.OutcomeRejected, cio.ErrInvalid, "bad json"},
		{"400 of the Track API", func() (*http.Response, error) {
			return status(400, `{"errors":[{"reason":"required","field":"event","message":"missing"}]}`), nil
		}, cio.OutcomeRejected, cio.ErrInvalid, "required: event: missing"},
		{"400 with a code", func() (*http.Response, error) {
			return status(400, `{"code":"invalid_request","message":"too big"}`), nil
		}, cio.OutcomeRejected, cio.ErrInvalid, "invalid_request; too big"},
		{"400 that says the same twice", func() (*http.Response, error) {
			return status(400, `{"meta":{"errors":["userId is required"]},"code":"bad_request","message":"userId is required"}`), nil
		}, cio.OutcomeRejected, cio.ErrInvalid, "400 Bad Request: userId is required"},
		{"400 in plain text", func() (*http.Response, error) { return status(400, "no\nway\x00 at all"), nil }, cio.OutcomeUnsent, cio.ErrNotAPI, `the text "no way at all"`},
		{"400 in HTML", func() (*http.Response, error) { return status(400, html), nil }, cio.OutcomeUnsent, cio.ErrNotAPI, "an HTML page"},
		{"400 in JSON of a gateway", func() (*http.Response, error) { return status(400, `{"message":"Bad Request"}`), nil }, cio.OutcomeUnsent, cio.ErrNotAPI, "Bad Request"},
		{"400 with an empty object", func() (*http.Response, error) { return status(400, `{}`), nil }, cio.OutcomeUnsent, cio.ErrNotAPI, "400 Bad Request"},
		{"413", func() (*http.Response, error) {
			return status(413, `{"meta":{"error":"too large"}}`), nil
		}, cio.OutcomeRejected, cio.ErrTooLarge, "413 Request Entity Too Large"},
		{"413 without a body", func() (*http.Response, error) { return status(413, ""), nil }, cio.OutcomeUnsent, cio.ErrNotAPI, "an empty answer"},
		{"403 with a page", func() (*http.Response, error) {
			return status(403, "<!DOCTYPE html><title>Attention Required!</title>"), nil
		}, cio.OutcomeUnsent, cio.ErrNotAPI, "Attention Required!"},
		{"401 with a page", func() (*http.Response, error) { return status(401, html), nil }, cio.OutcomeUnsent, cio.ErrUnauthorized, "an HTML page"},
		{"403 without a body", func() (*http.Response, error) { return status(403, ""), nil }, cio.OutcomeUnsent, cio.ErrUnauthorized, "region us"},
		{"403 in a word", func() (*http.Response, error) { return status(403, "Forbidden"), nil }, cio.OutcomeUnsent, cio.ErrUnauthorized, "Forbidden"},
		{"401", func() (*http.Response, error) { return status(401, `{}`), nil }, cio.OutcomeUnsent, cio.ErrUnauthorized, "CUSTOMERIO_API_KEY"},
		{"403", func() (*http.Response, error) { return status(403, `{}`), nil }, cio.OutcomeUnsent, cio.ErrUnauthorized, "region us"},
		{"404", func() (*http.Response, error) { return status(404, "nothing here"), nil }, cio.OutcomeUnsent, nil, "nothing here"},
		{"301", func() (*http.Response, error) {
			return status(301, "", "Location", "https://cdp-eu.customer.io/v1/track"), nil
		}, cio.OutcomeUnsent, nil, "region us"},
		{"302", func() (*http.Response, error) { return status(302, "", "Location", "/elsewhere"), nil }, cio.OutcomeUnsent, nil, "cio.RegionEU"},
		{"307 to another host", func() (*http.Response, error) {
			return status(307, "", "Location", "https://cdp.customer.io.evil.example/"), nil
		}, cio.OutcomeUnsent, nil, "not followed"},
		{"307 without TLS", func() (*http.Response, error) {
			return status(307, "", "Location", "http://cdp-eu.customer.io/v1/track"), nil
		}, cio.OutcomeUnsent, nil, "not followed"},
		{"308 to nowhere", func() (*http.Response, error) { return status(308, ""), nil }, cio.OutcomeUnsent, nil, "Location"},
		{"501", func() (*http.Response, error) { return status(501, ""), nil }, cio.OutcomeUnknown, cio.ErrUnavailable, "501"},
		{"505", func() (*http.Response, error) { return status(505, ""), nil }, cio.OutcomeUnknown, cio.ErrUnavailable, "505"},
		{"502 in HTML", func() (*http.Response, error) {
			return status(502, html, "Content-Type", "text/html; charset=utf-8"), nil
		}, cio.OutcomeUnknown, cio.ErrUnavailable, "an HTML page"},
		{"429", func() (*http.Response, error) { return status(429, ""), nil }, cio.OutcomeUnsent, cio.ErrRateLimited, "429"},
		{"a reset", func() (*http.Response, error) { return nil, syscall.ECONNRESET }, cio.OutcomeUnknown, cio.ErrUnavailable, "reset"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{answer: func(int, call) (*http.Response, error) { return c.answer() }}
				client := newClient(t, s, nil)
				err := client.Send(t.Context(), tracks(1)...)
				if c.outcome == 0 {
					if err != nil || client.Stats().Accepted != 1 {
						t.Fatalf("got %v, want it accepted", err)
					}
					return
				}
				var sendErr *cio.SendError
				if !errors.As(err, &sendErr) || len(sendErr.Failures) != 1 || sendErr.Failures[0].Outcome != c.outcome {
					t.Fatalf("got %+v, want %v", err, c.outcome)
				}
				if f := sendErr.Failures[0]; f.MessageID != "m0" || client.Stats().Accepted != 0 {
					t.Errorf("failure %+v, stats %+v", f, client.Stats())
				}
				for _, sentinel := range []error{cio.ErrInvalid, cio.ErrTooLarge, cio.ErrUnauthorized, cio.ErrRateLimited, cio.ErrUnavailable, cio.ErrNotAPI} {
					want := sentinel == c.is || sentinel == cio.ErrInvalid && c.is == cio.ErrTooLarge || sentinel == cio.ErrUnavailable && c.is == cio.ErrNotAPI && c.outcome == cio.OutcomeUnknown
					if errors.Is(err, sentinel) != want {
						t.Errorf("errors.Is(%v) is %t", sentinel, !want)
					}
				}
				if text := err.Error(); !strings.Contains(text, c.said) || len(text) > 1000 || strings.ContainsAny(text, "\n\x00") || strings.Contains(text, "; bad_request") {
					t.Errorf("%q lacks %q", text, c.said)
				}
			})
		})
	}
}

// broken makes the answer's body end in an error.
func broken(r *http.Response) *http.Response {
	r.Body = brokenBody{strings.NewReader(`{"meta`)}
	return r
}

type brokenBody struct{ r *strings.Reader }

func (b brokenBody) Read(p []byte) (int, error) {
	if b.r.Len() == 0 {
		return 0, syscall.ECONNRESET
	}
	return b.r.Read(p)
}
func (brokenBody) Close() error { return nil }

func TestRedirectToCustomerIOIsFollowed(t *testing.T) {
	t.Parallel()
	for _, code := range []int{307, 308} {
		s := &server{}
		s.answer = func(n int, c call) (*http.Response, error) {
			if n == 0 {
				return status(code, "", "Location", "https://cdp-eu.customer.io/v1/track?moved=1"), nil
			}
			return status(200, "{}"), nil
		}
		if err := newClient(t, s, nil).Send(t.Context(), tracks(1)...); err != nil {
			t.Fatal(err)
		}
		got := s.seen()
		if len(got) != 2 || got[0].body != got[1].body || got[1].header.Get("Authorization") == "" || got[1].header.Get("X-Strict-Mode") != "1" {
			t.Errorf("%d: %+v", code, got)
		}
	}
}

func TestRedirectLoopEnds(t *testing.T) {
	t.Parallel()
	s := &server{}
	s.answer = func(n int, c call) (*http.Response, error) {
		return status(307, "", "Location", fmt.Sprintf("https://cdp.customer.io/v1/track?n=%d", n)), nil
	}
	err := newClient(t, s, nil).Send(t.Context(), tracks(1)...)
	if err == nil || !strings.Contains(err.Error(), "redirects") || len(s.seen()) != 4 {
		t.Errorf("%v after %d requests", err, len(s.seen()))
	}
}

// rejection is a body in one of the forms in which the API rejects messages.
const rejection = `{"meta":{"errors":["bad"]}}`

func TestBisect(t *testing.T) {
	t.Parallel()
	bad := []string{"m7", "m8", "m499"}
	s := &server{}
	seen := map[string]int{}
	s.answer = func(_ int, c call) (*http.Response, error) {
		for _, id := range c.ids(t) {
			if slices.Contains(bad, id) {
				return status(400, `{"meta":{"errors":["refused `+id+`"]}}`), nil
			}
		}
		for _, id := range c.ids(t) {
			seen[id]++
		}
		return status(200, "{}"), nil
	}
	c := newClient(t, s, nil)
	err := c.Send(t.Context(), tracks(500)...)
	var sendErr *cio.SendError
	if !errors.As(err, &sendErr) || sendErr.Accepted != 497 || len(sendErr.Failures) != 3 {
		t.Fatalf("got %v", err)
	}
	for i, index := range []int{7, 8, 499} {
		f := sendErr.Failures[i]
		var api *cio.APIError
		if f.Index != index || f.Tag != uint64(index) || f.Outcome != cio.OutcomeRejected || !errors.As(f.Err, &api) || api.Message != "refused "+bad[i] || api.Operation != "track" {
			t.Errorf("failure %d: %+v", i, f)
		}
	}
	if len(seen) != 497 {
		t.Errorf("%d messages arrived", len(seen))
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s arrived %d times", id, n)
		}
	}
	if st := c.Stats(); st.Accepted != 497 || st.Rejected != 3 || st.Requests > 60 || st.Retries != 0 {
		t.Errorf("%+v", st)
	}
}

// If a server fails permanently in the middle of a bisection, every message still has an outcome.
func TestBisectThatIsCutShort(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		s.answer = func(n int, c call) (*http.Response, error) {
			switch n {
			case 0, 1:
				return status(400, rejection), nil
			case 2:
				return status(200, ""), nil
			}
			return status(403, ""), nil
		}
		err := newClient(t, s, nil).Send(t.Context(), tracks(8)...)
		var sendErr *cio.SendError
		if !errors.As(err, &sendErr) || sendErr.Accepted != 2 || len(sendErr.Failures) != 6 || !errors.Is(err, cio.ErrUnauthorized) || len(s.seen()) != 8 {
			t.Fatalf("got %v after %d requests", err, len(s.seen()))
		}
		for i, f := range sendErr.Failures {
			if f.Index != i+2 || f.Outcome != cio.OutcomeUnsent {
				t.Errorf("%+v", f)
			}
		}
	})
}

func TestPermissiveBatchIsNotBisected(t *testing.T) {
	t.Parallel()
	s := &server{answer: func(int, call) (*http.Response, error) { return status(400, rejection), nil }}
	err := newClient(t, s, func(c *cio.Config) { c.Permissive = true }).Send(t.Context(), tracks(8)...)
	var sendErr *cio.SendError
	if !errors.As(err, &sendErr) || len(sendErr.Failures) != 8 || len(s.seen()) != 1 {
		t.Errorf("got %v after %d requests", err, len(s.seen()))
	}
}

// A key that is refused twice, the second time on another connection, ends the Send. The remaining messages are not tried, but they are reported.
func TestUnauthorizedStopsTheSend(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(int, call) (*http.Response, error) { return status(401, ""), nil }}
		start := time.Now()
		err := newClient(t, s, func(c *cio.Config) { c.MaxMessageBytes, c.MaxBatchBytes = 600, 1000 }).Send(t.Context(), tracks(40)...)
		var sendErr *cio.SendError
		if !errors.As(err, &sendErr) || len(sendErr.Failures) != 40 || len(s.seen()) != 2 || time.Since(start) != time.Second {
			t.Fatalf("got %v after %d requests and %v", err, len(s.seen()), time.Since(start))
		}
		for i, f := range sendErr.Failures {
			if f.Index != i || f.Outcome != cio.OutcomeUnsent || !errors.Is(f.Err, cio.ErrUnauthorized) || f.MessageID == "" {
				t.Errorf("%+v", f)
			}
		}
		if got := len(sendErr.Unwrap()); got != 1 {
			t.Errorf("%d reasons for one refusal", got)
		}
	})
}

func TestSendAfterTheContextEnded(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("shutting down")
	cancel(why)
	s := &server{}
	err := newClient(t, s, nil).Send(ctx, tracks(3)...)
	var sendErr *cio.SendError
	if !errors.As(err, &sendErr) || !errors.Is(err, context.Canceled) || !errors.Is(err, why) || cio.Retryable(err) || errors.Is(err, cio.ErrUnavailable) || len(s.seen()) != 0 {
		t.Fatalf("got %v after %d requests", err, len(s.seen()))
	}
	for _, f := range sendErr.Failures {
		if f.Outcome != cio.OutcomeUnsent {
			t.Errorf("%+v", f)
		}
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	many := map[string]any{"email": "a@b.example"}
	for i := range 300 {
		many[fmt.Sprintf("a%03d", i)] = i
	}
	for _, c := range []struct {
		in    cio.Message
		rules string
	}{
		{cio.Identify{UserID: "u1", Traits: map[string]any{"bio": strings.Repeat("x", 1000), "quoted": strings.Repeat(`"`, 1000)}}, "[]"},
		{cio.Identify{UserID: "u1", Traits: map[string]any{"bio": strings.Repeat("x", 1001)}}, "[attribute-value-length]"},
		{cio.Identify{UserID: "u1", Traits: map[string]any{strings.Repeat("k", 151): 1}}, "[attribute-name-length]"},
		{cio.Identify{UserID: "u1", Traits: many}, "[attribute-count]"},
		{cio.Group{GroupID: strings.Repeat("g", 151), UserID: strings.Repeat("u", 151)}, "[id-length id-length]"},
		{cio.Track{UserID: "u1", Event: cio.Named(strings.Repeat("n", 101), nil)}, "[event-name-length]"},
		{cio.Track{UserID: "u1", Event: cio.Named("n", map[string]any{"x": strings.Repeat("x", 2000)})}, "[]"},
	} {
		s := &server{}
		client := newClient(t, s, nil)
		e, err := client.Encode(c.in)
		if err != nil {
			t.Fatal(err)
		}
		var rules []cio.Rule
		for _, w := range e.Warnings() {
			rules = append(rules, w.Rule)
		}
		if got := fmt.Sprint(rules); got != c.rules {
			t.Errorf("%v: got %s, want %s", e, got, c.rules)
		}
		if err := client.Send(t.Context(), c.in); err != nil || client.Stats().Warnings != int64(len(rules)) {
			t.Errorf("%v: %v, %+v", e, err, client.Stats())
		}
	}
}

func TestRetryAfterSeveralKinds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		s.answer = func(n int, c call) (*http.Response, error) {
			switch n {
			case 0:
				return status(500, ""), nil
			case 1:
				return nil, syscall.ECONNREFUSED
			case 2:
				return status(429, "", "Retry-After", "7"), nil
			case 3:
				return status(408, ""), nil
			case 4:
				return status(503, "", "Retry-After", time.Now().Add(20*time.Second).UTC().Format(http.TimeFormat)), nil
			}
			return status(200, "{}"), nil
		}
		c := newClient(t, s, nil)
		if err := c.Send(t.Context(), tracks(2)...); err != nil {
			t.Fatal(err)
		}
		got := s.seen()
		if len(got) != 6 {
			t.Fatalf("%d requests", len(got))
		}
		for i, g := range got {
			if g.body != got[0].body {
				t.Errorf("try %d sent another body", i)
			}
			if want := fmt.Sprint(i); i > 0 && g.header.Get("X-Retry-Count") != want || i == 0 && g.header.Get("X-Retry-Count") != "" {
				t.Errorf("try %d has X-Retry-Count %q", i, g.header.Get("X-Retry-Count"))
			}
		}
		for i, least := range map[int]time.Duration{3: 7 * time.Second, 5: 20 * time.Second} {
			if pause := got[i].at.Sub(got[i-1].at); pause < least-time.Second && i == 5 || pause < least && i == 3 || pause > least+11*time.Second {
				t.Errorf("the pause before try %d was %v, the server asked for %v", i, pause, least)
			}
		}
		if st := c.Stats(); st.Requests != 6 || st.Retries != 5 || st.RateLimited != 1 || st.Accepted != 2 || st.Bytes != 6*int64(len(got[0].body)) {
			t.Errorf("%+v", st)
		}
	})
}

func TestMaxElapsed(t *testing.T) {
	t.Parallel()
	down := func(int, call) (*http.Response, error) { return status(503, "try later"), nil }
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: down}
		start := time.Now()
		err := newClient(t, s, nil).Send(t.Context(), tracks(1)...)
		var api *cio.APIError
		if !errors.As(err, &api) || api.Status != 503 || api.Attempts != len(s.seen()) || api.Attempts < 10 || !cio.Retryable(err) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != 2*time.Minute || !s.seen()[api.Attempts-1].at.Equal(start.Add(took)) {
			t.Errorf("gave up after %v, the last try %v", took, s.seen()[api.Attempts-1].at)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(int, call) (*http.Response, error) { return status(429, "", "Retry-After", "86400"), nil }}
		start := time.Now()
		err := newClient(t, s, nil).Send(t.Context(), tracks(1)...)
		if !errors.Is(err, cio.ErrRateLimited) || len(s.seen()) != 2 || time.Since(start) != 2*time.Minute {
			t.Errorf("gave up after %v and %d requests: %v", time.Since(start), len(s.seen()), err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: down}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Hour)
		defer cancel()
		start := time.Now()
		err := newClient(t, s, func(c *cio.Config) { c.MaxElapsed = -1 }).Send(ctx, tracks(1)...)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 5*time.Hour {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}

// MaxElapsed starts again at each acceptance: a long Send that makes progress is not ended.
func TestMaxElapsedCountsFromTheLastAcceptance(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		s.answer = func(n int, c call) (*http.Response, error) {
			if n%2 == 0 {
				return status(429, "", "Retry-After", "100"), nil
			}
			return status(200, "{}"), nil
		}
		start := time.Now()
		err := newClient(t, s, func(c *cio.Config) { c.MaxMessageBytes, c.MaxBatchBytes = 600, 1000 }).Send(t.Context(), tracks(20)...)
		if err != nil || time.Since(start) < 5*time.Minute {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestTimeoutEndsATryAndIsRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hang := &hanging{until: 1}
		start := time.Now()
		c := newClient(t, hang, nil)
		if err := c.Send(t.Context(), tracks(1)...); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 10*time.Second || took > 11*time.Second || c.Stats().Retries != 1 {
			t.Errorf("took %v, %+v", took, c.Stats())
		}
		hang.until = 1000
		err := c.Send(t.Context(), tracks(1)...)
		var sendErr *cio.SendError
		if !errors.As(err, &sendErr) || sendErr.Failures[0].Outcome != cio.OutcomeUnknown || !strings.Contains(err.Error(), "no answer within 10s") || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

// hanging is a server that reads the first requests and never answers them.
type hanging struct{ n, until int }

func (h *hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	s := server{answer: func(int, call) (*http.Response, error) {
		if h.n++; h.n > h.until {
			return status(200, "{}"), nil
		}
		<-r.Context().Done()
		return nil, r.Context().Err()
	}}
	return s.RoundTrip(r)
}

func TestRetryable(t *testing.T) {
	t.Parallel()
	for code := 100; code < 600; code++ {
		want := code == 408 || code == 429 || code >= 500 && code != 501 && code != 505
		if got := cio.Retryable(fmt.Errorf("wrapped: %w", &cio.APIError{Status: code})); got != want {
			t.Errorf("%d: %t", code, got)
		}
	}
	for _, c := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{errors.New("x"), false},
		{&cio.MessageError{}, false},
		{&cio.APIError{Err: syscall.ECONNREFUSED}, true},
		{&cio.APIError{Err: fmt.Errorf("x: %w", context.Canceled)}, false},
		{&cio.APIError{Err: http.ErrSchemeMismatch}, false},
	} {
		if got := cio.Retryable(c.err); got != c.want {
			t.Errorf("%v: %t", c.err, got)
		}
	}
}
