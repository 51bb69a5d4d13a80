package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// read calls the App API with the write key as a bearer token.
func (c *client) read(path string, want int) string {
	c.t.Helper()
	basic := c.key
	c.header.Set("Authorization", "Bearer "+c.key)
	c.key = ""
	a := c.do(http.MethodGet, path, "")
	c.key = basic
	c.header.Del("Authorization")
	if a.status != want {
		c.t.Fatalf("GET %s: status %d, want %d; %s", path, a.status, want, a.body)
	}
	return a.body
}

func TestAppAPI(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{Keys: []string{"key"}})
	c.send(
		`{"type":"track","event":"Early","anonymousId":"a1","timestamp":"2026-01-01T00:00:00Z"}`,
		`{"type":"identify","userId":"u/1+","anonymousId":"a1","traits":{"email":"Ann@Example.com","plan":"pro","n":3,"since":"2026-01-31","unsubscribed":"True"}}`,
		`{"type":"track","event":"Order","userId":"u/1+","properties":{"total":1}}`,
		`{"type":"track","event":"Device Created or Updated","userId":"u/1+","context":{"device":{"token":"t1","type":"ios"}},"properties":{"push_enabled":true}}`,
		`{"type":"group","userId":"u/1+","groupId":"acme","traits":{"objectTypeId":"2","relationshipAttributes":{"role":"admin"}}}`,
		`{"type":"page","userId":"u2","name":"Home","properties":{"url":"https://shop.example/"}}`,
	)
	var customer struct {
		Customer struct {
			Identifiers  map[string]string
			Attributes   map[string]string
			Timestamps   map[string]int64
			Unsubscribed bool
			Devices      []struct {
				ID, Platform string
				Attributes   map[string]string
			}
		}
	}
	for _, path := range []string{"u%2F1%2B/attributes", "ANN%40example.com/attributes?id_type=email", "cio_00000001/attributes?id_type=cio_id"} {
		text := c.read("/v1/customers/"+path, http.StatusOK)
		if err := json.Unmarshal([]byte(text), &customer); err != nil {
			t.Fatalf("%s: %v in %s", path, err, text)
		}
		got := customer.Customer
		want := map[string]string{"id": "u/1+", "cio_id": "00000001", "email": "Ann@Example.com", "plan": "pro", "n": "3", "since": "1769817600", "unsubscribed": "True"}
		if fmt.Sprint(got.Attributes) != fmt.Sprint(want) {
			t.Errorf("%s: attributes %v, want %v", path, got.Attributes, want)
		}
		if fmt.Sprint(got.Devices) != "[{t1 ios map[push_enabled:true]}]" || !got.Unsubscribed || got.Timestamps["plan"] == 0 || got.Identifiers["email"] != "Ann@Example.com" {
			t.Errorf("%s: %+v", path, got)
		}
	}
	if text := c.read("/v1/customers?email=ann%40example.com", http.StatusOK); text != `{"results":[{"email":"Ann@Example.com","id":"u/1+","cio_id":"00000001"}]}`+"\n" {
		t.Errorf("by email: %s", text)
	}
	if text := c.read("/v1/customers/u%2F1%2B/relationships", http.StatusOK); text != `{"cio_relationships":[{"object_type_id":2,"identifiers":{"object_id":"acme","cio_object_id":"ob00000001"},"attributes":{"role":"admin"}}],"next":""}`+"\n" {
		t.Errorf("relationships: %s", text)
	}
	c.send(`{"type":"group","userId":"u2","groupId":"a/b","traits":{"objectTypeId":"2","name":"Acme","employees":3}}`)
	if text := c.read("/v1/objects/2/a%2Fb/attributes", http.StatusOK); !strings.HasPrefix(text, `{"object":{"attributes":{"employees":"3","name":"Acme"},"identifiers":{"object_id":"a/b","cio_object_id":"ob00000002"},"object_type_id":"2"`) {
		t.Errorf("object %s", text)
	}
	c.read("/v1/objects/1/a%2Fb/attributes", http.StatusNotFound)
	c.read("/v1/objects/2/nothing/attributes", http.StatusNotFound)
	c.read("/v1/objects/2/a%2Fb", http.StatusNotFound)
	c.read("/v1/objects/2/a%2Fb/messages", http.StatusNotFound)
	c.read("/v1/customers/nobody/attributes", http.StatusNotFound)
	c.read("/v1/customers/u%2F1%2B/devices", http.StatusNotFound)
	c.read("/v1/customers/u2/attributes?id_type=phone", http.StatusBadRequest)
	c.read("/v1/customers", http.StatusBadRequest)
	c.read("/v1/activities?limit=101", http.StatusBadRequest)
	c.read("/v1/activities?start=x", http.StatusBadRequest)
}

// activities lists the types and names on all pages of the path.
func (c *client) activities(path string) (list []string) {
	c.t.Helper()
	for next := ""; ; {
		var page struct {
			Activities []struct{ Type, Name string }
			Next       string
		}
		if err := json.Unmarshal([]byte(c.read(path+next, http.StatusOK)), &page); err != nil {
			c.t.Fatal(err)
		}
		for _, a := range page.Activities {
			list = append(list, strings.TrimSpace(a.Type+" "+a.Name))
		}
		if page.Next == "" {
			return list
		}
		next = "&start=" + page.Next
	}
}

func TestAppAPIActivities(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{Keys: []string{"key"}})
	c.send(
		`{"type":"track","event":"Early","anonymousId":"a1"}`,
		`{"type":"identify","userId":"u1","anonymousId":"a1","traits":{"plan":"pro"}}`,
		`{"type":"track","event":"Order","userId":"u1"}`,
		`{"type":"track","event":"","userId":"u1"}`, // dropped, so it is not an activity
		`{"type":"screen","name":"Cart","userId":"u2"}`,
		`{"type":"group","userId":"u1","groupId":"acme"}`,
		`{"type":"track","event":"User Deleted","userId":"u2"}`,
		`{"type":"page","name":"Home","userId":"u4"}`,
		`{"type":"track","event":"User Deleted","userId":"u4"}`,
		`{"type":"track","event":"Back","userId":"u4"}`, // a new person without history
	)
	for path, want := range map[string][]string{
		"/v1/activities?limit=100":                        {"event Back", "profile_create", "add_relationship", "event Order", "attribute_change", "profile_create", "event Early"},
		"/v1/activities?limit=1":                          {"event Back", "profile_create", "add_relationship", "event Order", "attribute_change", "profile_create", "event Early"},
		"/v1/activities?type=event":                       {"event Back", "event Order", "event Early"},
		"/v1/activities?name=plan":                        {"attribute_change"},
		"/v1/activities?name=Order":                       {"event Order"},
		"/v1/activities?customer_id=u2":                   nil,
		"/v1/activities?deleted=true":                     {"profile_delete", "page Home", "profile_delete", "screen Cart"},
		"/v1/activities?deleted=true&customer_id=u4":      {"profile_delete", "page Home"},
		"/v1/customers/u4/activities?limit=100":           {"event Back", "profile_create"},
		"/v1/activities?deleted=true&customer_id=u3":      nil,
		"/v1/customers/u1/activities?type=profile_create": {"profile_create"},
		"/v1/activities?customer_id=u1&type=event":        {"event Order", "event Early"},
	} {
		if got := c.activities(path); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	c.read("/v1/customers/u2/activities", http.StatusNotFound)
}

// A deletion is found by the identifier in its message, which is written as the
// API writes it.
func TestAppAPIDeletions(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{Keys: []string{"key"}})
	c.send(
		`{"type":"track","event":"User Deleted","userId":"Ann@Example.com"}`,
		`{"type":"track","event":"User Deleted","userId":"cio_00ab"}`,
		`{"type":"track","event":"User Deleted","userId":"u1"}`,
	)
	for query, want := range map[string]int{
		"customer_id=ANN@example.com&id_type=email": 1, "customer_id=Ann@Example.com": 0, "customer_id=cio_00ab&id_type=cio_id": 1, "customer_id=00ab": 0, "customer_id=u1": 1, "customer_id=U1": 0,
		"customer_id=u1&id_type=email": 0, "customer_id=other": 0,
	} {
		if got := c.activities("/v1/activities?deleted=true&type=profile_delete&" + query); len(got) != want {
			t.Errorf("%s: %q, want %d", query, got, want)
		}
	}
}

// The App API can be read only with a bearer token, and not by a page of
// another origin. Faults affect it, and no counter counts it.
func TestAppAPIAccess(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{Keys: []string{"key"}})
	const path = "/v1/activities"
	if a := c.do(http.MethodGet, path, ""); a.status != http.StatusUnauthorized {
		t.Errorf("basic auth: %d", a.status)
	}
	if a := c.do(http.MethodPost, "/v1/customers", "{}"); a.status != http.StatusUnauthorized {
		t.Errorf("POST with basic auth: %d", a.status)
	}
	c.key = "another"
	c.read(path, http.StatusUnauthorized)
	c.key = "key"
	c.header.Set("Origin", "https://elsewhere.example")
	if body := c.read(path, http.StatusForbidden); !strings.Contains(body, "another origin") {
		t.Error(body)
	}
	c.header.Del("Origin")
	if err := c.srv.AddFault(emulator.Fault{Path: path, Count: 1, Status: 429, RetryAfter: 3}); err != nil {
		t.Fatal(err)
	}
	c.read(path, http.StatusTooManyRequests)
	c.read(path, http.StatusOK)
	if stats, err := c.srv.Stats("key"); err != nil || stats.Requests != 0 {
		t.Errorf("%+v, %v", stats, err)
	}
}

// Every answer of the App API is JSON, and none is an internal server error.
func FuzzAppAPI(f *testing.F) {
	srv := emulator.New(emulator.Config{Keys: []string{"key"}})
	c := &client{srv: srv, key: "key", header: http.Header{}}
	f.Add("GET", "/v1/customers/u1/attributes", "id_type=id", "")
	f.Add("GET", "/v1/customers/u%2F1/activities", "limit=1&start=3&type=event&name=Order", "")
	f.Add("GET", "/v1/customers/cio_00000001/relationships", "id_type=cio_id", "")
	f.Add("GET", "/v1/activities", "deleted=true&customer_id=u2", "")
	f.Add("GET", "/v1/customers", "email=ann%40example.com", "")
	f.Add("POST", "/v1/customers", "limit=1", `{"filter":{"and":[{"attribute":{"field":"n","operator":"eq","value":"1"}},{"not":{"segment":{"id":1}}}]}}`)
	f.Add("POST", "/v1/objects", "start=1", `{"object_type_id":"x","filter":{"object_attribute":{"field":"n","operator":"exists","type_id":"x"}}}`)
	f.Add("POST", "/v1/segments", "", `{"segment":{"name":"S"}}`)
	f.Add("DELETE", "/v1/segments/1", "", "")
	f.Add("POST", "/v1/exports/deliveries", "", `{"campaign_id":1,"metric":"opened"}`)
	f.Add("GET", "/v1/exports/1/download", "", "")
	f.Add("POST", "/v1/imports", "", `{"import":{"name":"n","type":"people","identifier":"id","data_file_url":"ftp://x"}}`)
	f.Add("GET", "/v1/customers/u%2F1/subscription_preferences", "", "")
	f.Add("POST", "/v1/esp/suppression/bounces/a%40b.example", "", "")
	c.t = f
	c.send(
		`{"type":"identify","userId":"u/1","anonymousId":"a1","traits":{"email":"ann@example.com","n":[1,{"a":null}]}}`,
		`{"type":"track","event":"Order","userId":"u/1"}`, `{"type":"group","groupId":"g","userId":"u1","traits":{"objectTypeId":"x"}}`,
		`{"type":"identify","userId":"u2"}`, `{"type":"track","event":"User Deleted","userId":"u2"}`,
		`{"type":"alias","userId":"u1","previousId":"u0"}`, `{"type":"track","event":"Visit","anonymousId":"a2"}`,
	)
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		if strings.Contains(body, "://127") || strings.Contains(body, "://local") || strings.Contains(body, "[") && strings.Contains(body, "data_file_url") {
			t.Skip("nothing is fetched here")
		}
		req, err := http.NewRequest(method, "http://emulator"+path, strings.NewReader(body))
		if err != nil || req.URL.Host != "emulator" || !strings.HasPrefix(req.URL.Path, "/v1/") {
			t.Skip("not an address of the API")
		}
		req.URL.RawQuery = query
		req.Header.Set("Authorization", "Bearer key")
		resp, err := srv.Transport().RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var v any
		if resp.StatusCode == http.StatusNoContent || method == http.MethodHead {
			return
		}
		if err := json.NewDecoder(resp.Body).Decode(&v); err != nil || resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented {
			t.Errorf("%s?%s: status %d, %v", path, query, resp.StatusCode, err)
		}
	})
}
