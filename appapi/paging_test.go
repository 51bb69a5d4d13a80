package appapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio/appapi"
)

// served returns a client whose requests a function answers, without sockets.
func served(t *testing.T, limit int, answer func(r *http.Request) (status int, body string)) *appapi.Client {
	t.Helper()
	client, err := appapi.NewClient(appapi.Config{APIKey: "k", BaseURL: "http://127.0.0.1:1", RateLimit: limit, HTTPClient: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		status, body := answer(r)
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r}, nil
	})}})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// fifty answers 50 pages of 3 people, with a 429 before page 20 and a 500 before page 30.
func fifty() func(r *http.Request) (int, string) {
	var mu sync.Mutex
	failed := map[int]bool{}
	return func(r *http.Request) (int, string) {
		mu.Lock()
		defer mu.Unlock()
		page, _ := strconv.Atoi(r.URL.Query().Get("start"))
		if status := map[int]int{20: 429, 30: 500}[page]; status != 0 && !failed[page] {
			failed[page] = true
			return status, `{"meta":{"error":"not now"}}`
		}
		var items []string
		for i := range 3 {
			items = append(items, fmt.Sprintf(`{"id":"u%d","email":null,"cio_id":"c%d"}`, page*3+i, page*3+i))
		}
		next := ""
		if page < 49 {
			next = strconv.Itoa(page + 1)
		}
		return 200, fmt.Sprintf(`{"identifiers":[%s],"next":%q}`, strings.Join(items, ","), next)
	}
}

func TestFiftyPagesWithFailuresInBetween(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := served(t, 0, fifty())
		for range 2 { // a sequence can be used more than once
			n := 0
			for person, err := range client.Segments().Members(t.Context(), "7", appapi.MemberQuery{}) {
				if err != nil {
					t.Fatal(err)
				}
				if want := "u" + strconv.Itoa(n); person.ID != want {
					t.Fatalf("%s, want %s", person.ID, want)
				}
				n++
			}
			if n != 150 {
				t.Errorf("%d people", n)
			}
		}
	})
}

func TestPagesEndWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		client := served(t, 0, fifty())
		n, failures := 0, 0
		for _, err := range client.Segments().Members(ctx, "7", appapi.MemberQuery{}) {
			if err != nil {
				failures++
				if !errors.Is(err, context.Canceled) || errors.Is(err, appapi.ErrUnavailable) {
					t.Errorf("the error is %v", err)
				}
				continue
			}
			if n++; n == 70 {
				cancel()
			}
		}
		if n != 72 || failures != 1 { // the rest of the page is returned
			t.Errorf("%d people and %d errors", n, failures)
		}
	})
}

// All calls of a client share its limit. The server counts them.
func TestTwentyGoroutinesShareTheLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var came []time.Time
		client := served(t, 0, func(*http.Request) (int, string) {
			mu.Lock()
			defer mu.Unlock()
			came = append(came, time.Now())
			return 200, `{"segments":[]}`
		})
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				for range 10 {
					if _, err := client.Segments().List(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		for i := 10; i < len(came); i++ {
			if d := came[i].Sub(came[i-10]); d <= time.Second {
				t.Fatalf("requests %d to %d within %v", i-10, i, d)
			}
		}
		if took := came[len(came)-1].Sub(came[0]); len(came) != 200 || took > 25*time.Second {
			t.Errorf("%d requests in %v", len(came), took)
		}
	})
}

// A call that must not be made twice is not repeated.
func TestOnlyWhatMayBeRepeatedIs(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		call  func(ctx context.Context, c *appapi.Client) error
		first int
		calls int
	}{
		"a search after a 500": {func(ctx context.Context, c *appapi.Client) (last error) {
			for _, err := range c.Customers().Search(ctx, appapi.HasAttribute("plan"), appapi.SearchQuery{}) {
				last = err
			}
			return last
		}, 500, 2},
		"an export after a 500": {func(ctx context.Context, c *appapi.Client) error {
			_, err := c.Exports().People(ctx, appapi.HasAttribute("plan"))
			return err
		}, 500, 1},
		"an export after a 429": {func(ctx context.Context, c *appapi.Client) error {
			_, err := c.Exports().People(ctx, appapi.HasAttribute("plan"))
			return err
		}, 429, 2},
		"a deletion after a 503": {func(ctx context.Context, c *appapi.Client) error { return c.Segments().Delete(ctx, "7") }, 503, 2},
		"a POST by Do after a 502": {func(ctx context.Context, c *appapi.Client) error {
			return c.Do(ctx, "POST", "/v1/collections", nil, map[string]any{"name": "n"}, nil)
		}, 502, 1},
		"a 501": {func(ctx context.Context, c *appapi.Client) error { _, err := c.Segments().List(ctx); return err }, 501, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				client := served(t, 0, func(*http.Request) (int, string) {
					if calls++; calls == 1 {
						return tc.first, `{}`
					}
					return 200, `{"identifiers":[],"export":{"id":5,"status":"pending"},"segments":[]}`
				})
				err := tc.call(t.Context(), client)
				if calls != tc.calls || (err == nil) != (tc.calls == 2) {
					t.Errorf("%d calls, want %d; %v", calls, tc.calls, err)
				}
			})
		})
	}
}

// Requests that the API could interpret differently are rejected before anything is sent.
func TestRequestsThatCannotBeRight(t *testing.T) {
	t.Parallel()
	client := served(t, -1, func(r *http.Request) (int, string) {
		t.Errorf("%s was sent", r.URL)
		return 400, ""
	})
	ctx := t.Context()
	last := func(seq func(func(appapi.Identifiers, error) bool)) (last error) {
		for _, err := range seq {
			last = err
		}
		return last
	}
	_, noPeople := client.Exports().People(ctx, appapi.Filter{})
	_, noIDs := client.Exports().Deliveries(ctx, appapi.DeliveryExport{})
	_, twoIDs := client.Exports().Deliveries(ctx, appapi.DeliveryExport{CampaignID: "1", NewsletterID: "2"})
	_, noURL := client.Imports().Start(ctx, appapi.NewImport{Name: "n", Type: appapi.ImportTypePeople})
	_, noName := client.Segments().Create(ctx, appapi.NewSegment{})
	_, noMessage := client.Messages().Get(ctx, "")
	var inSegment error
	for _, err := range client.Objects().Find(ctx, appapi.ObjectSearch{TypeID: "1", Filter: appapi.InSegment("7")}) {
		inSegment = err
	}
	for want, err := range map[string]error{
		"the Filter is empty":                        noPeople,
		"one of NewsletterID":                        noIDs,
		"names one of":                               twoIDs,
		"NewImport.DataFileURL is empty":             noURL,
		"NewSegment.Name is empty":                   noName,
		"the message id is empty":                    noMessage,
		"objects cannot be in a segment":             inSegment,
		"a Filter of All or Any":                     last(client.Customers().Search(ctx, appapi.Not(appapi.All()), appapi.SearchQuery{})),
		"an empty attribute name":                    last(client.Customers().Search(ctx, appapi.HasAttribute(""), appapi.SearchQuery{})),
		"the id of a segment must be a whole number": last(client.Customers().Search(ctx, appapi.InSegment("seven"), appapi.SearchQuery{})),
		"must begin with /v1/":                       client.Do(ctx, "GET", "/v2/x", nil, nil, nil),
		"have no query":                              client.Do(ctx, "GET", "/v1/x?y=1", nil, nil, nil),
		"the method must be GET":                     client.Do(ctx, "TRACE", "/v1/x", nil, nil, nil),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestExportsAreDownloadedWhole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked, links, downloads := 0, 0, 0
		file := strings.Repeat("id,email\n", 1000)
		transport := roundTrip(func(r *http.Request) (*http.Response, error) {
			body := ""
			switch {
			case r.URL.Host == "files.example":
				if r.Header.Get("Authorization") != "" {
					t.Error("the key was sent to another host")
				}
				if downloads++; downloads == 1 {
					return &http.Response{StatusCode: 403, Body: io.NopCloser(strings.NewReader("expired")), Request: r}, nil
				}
				size := len(file)
				body = file
				if downloads == 2 {
					body = file[:4000] // breaks off
				}
				return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(size), Request: r}, nil
			case strings.HasSuffix(r.URL.Path, "/download"):
				links++
				body = `{"url":"https://files.example/a?signature=secret"}`
			case r.Method == "POST":
				body = `{"export":{"id":5,"status":"pending"}}`
			default:
				body = `{"export":{"id":5,"status":"pending"}}`
				if asked++; asked == 4 {
					body = `{"export":{"id":5,"status":"done","total":1000}}`
				}
			}
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r}, nil
		})
		client, err := appapi.NewClient(appapi.Config{APIKey: "k", BaseURL: "http://127.0.0.1:1", HTTPClient: &http.Client{Transport: transport}})
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		reports := 0
		export, err := client.Exports().PeopleTo(t.Context(), appapi.InSegment("7"), &out, func(appapi.Export) { reports++ })
		if err != nil || out.String() != file || export.Total != 1000 || links != 3 || reports != 4 {
			t.Errorf("%d bytes, %+v, %d links, %d reports, %v", out.Len(), export, links, reports, err)
		}
	})
}

// If a server ignores the offset, the client would ask forever.
func TestOffsetsEndWhereAPageComesAgain(t *testing.T) {
	t.Parallel()
	client := served(t, -1, func(*http.Request) (int, string) {
		return http.StatusOK, `{"category":"bounces","suppressions":[{"email":"ann@example.com"}]}`
	})
	n, last := 0, error(nil)
	for _, err := range client.Suppressions().List(t.Context(), appapi.SuppressionTypeBounces, appapi.SuppressionQuery{}) {
		if last = err; err == nil {
			n++
		}
	}
	if n != 1 || last == nil || !strings.Contains(last.Error(), "repeats the page before") {
		t.Errorf("%d items, %v", n, last)
	}
}
