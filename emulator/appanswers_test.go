package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio/emulator"
)

// app calls the App API with a body, and fails the test if the status is
// another.
func (c *client) app(method, path, body string, want int) answer {
	c.t.Helper()
	basic := c.key
	c.header.Set("Authorization", "Bearer "+c.key)
	c.key = ""
	a := c.do(method, path, body)
	c.key = basic
	c.header.Del("Authorization")
	if a.status != want {
		c.t.Fatalf("%s %s %s: status %d, want %d; %s", method, path, body, a.status, want, a.body)
	}
	return a
}

// track calls the Track API.
func (c *client) track(path, body string, want int) {
	c.t.Helper()
	req, err := http.NewRequest(http.MethodPost, "http://emulator"+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.SetBasicAuth("site", c.key)
	resp, err := c.srv.Transport().RoundTrip(req)
	if err != nil {
		c.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != want {
		c.t.Fatalf("%s %s: status %d, want %d", path, body, resp.StatusCode, want)
	}
}

// TestAppAPIFilters searches with each operator that the document lists, and
// with other operators, which the error names.
func TestAppAPIFilters(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	c.send(
		`{"type":"identify","userId":"a","traits":{"email":"Ann@Example.com","plan":"pro","n":1}}`,
		`{"type":"identify","userId":"b","traits":{"plan":"basic"}}`,
		`{"type":"identify","userId":"c","traits":{"plan":"pro","since":"2026-01-31"}}`,
		`{"type":"identify","traits":{"email":"d@example.com"}}`,
	)
	c.app("POST", "/v1/segments", `{"segment":{"name":"S"}}`, 200)
	c.track("/api/v1/segments/1/add_customers", `{"ids":["b","c","nobody"]}`, 200)
	attribute := func(field, value string) string {
		return `{"attribute":{"field":"` + field + `","operator":"eq","value":"` + value + `"}}`
	}
	exists := func(field string) string { return `{"attribute":{"field":"` + field + `","operator":"exists"}}` }
	pro, segment := attribute("plan", "pro"), `{"segment":{"id":1}}`
	for filter, want := range map[string]string{
		pro:                                     "a c",
		exists("plan"):                          "a b c",
		attribute("n", "1"):                     "a",
		attribute("since", "1769817600"):        "c",
		attribute("email", "ann@example.COM"):   "a",
		attribute("id", "b"):                    "b",
		attribute("none", ""):                   "",
		segment:                                 "b c",
		`{"and":[` + pro + `,` + segment + `]}`: "c",
		`{"or":[` + attribute("id", "a") + `,` + segment + `]}`:                          "a b c",
		`{"not":` + exists("plan") + `}`:                                                 "",
		`{"and":[{"not":` + segment + `},{"or":[` + pro + `,` + exists("email") + `]}]}`: "a",
	} {
		var page struct {
			IDs         []string
			Identifiers []struct{ Email *string }
		}
		a := c.app("POST", "/v1/customers", `{"filter":`+filter+`}`, 200)
		if err := json.Unmarshal([]byte(a.body), &page); err != nil || strings.Join(page.IDs, " ") != want {
			t.Errorf("%s: %v, want %q; %s", filter, page.IDs, want, a.body)
		}
	}
	for filter, want := range map[string]int{
		`{"attribute":{"field":"n","operator":"gt","value":"1"}}`: 501, `{"event":{"name":"Order"}}`: 501, `{"object_attribute":{"field":"n","operator":"eq","value":"1","type_id":"1"}}`: 501,
		`{}`: 400, `null`: 400, `[]`: 400, `{"and":[]}`: 400, `{"segment":{"id":9}}`: 400, `{"attribute":{"operator":"eq"}}`: 400, `{"attribute":{"field":"n","operator":"eq"}}`: 400,
		`{"and":[` + pro + `],"or":[` + pro + `]}`: 400, strings.Repeat(`{"not":`, 50) + pro + strings.Repeat("}", 50): 400,
	} {
		a := c.app("POST", "/v1/customers", `{"filter":`+filter+`}`, want)
		if want == 501 && !strings.Contains(a.body, "gt") && !strings.Contains(a.body, "event") && !strings.Contains(a.body, "object_attribute") {
			t.Errorf("%s is not named: %s", filter, a.body)
		}
	}
	c.app("POST", "/v1/customers", ``, 400)
	c.app("POST", "/v1/customers", `{"filter":`, 400)
	c.app("PUT", "/v1/customers", `{}`, 405)
}

// TestAppAPIPages reads people, members and objects page by page while some of
// them leave: everybody who stays is listed once.
func TestAppAPIPages(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	var ids []string
	for i := range 25 {
		c.send(fmt.Sprintf(`{"type":"identify","userId":"p%02d","traits":{"plan":"pro"}}`, i), fmt.Sprintf(`{"type":"group","userId":"p%02d","groupId":"g%02d","traits":{"name":"G"}}`, i, i), fmt.Sprintf(`{"type":"group","userId":"p%02d","groupId":"all"}`, i))
		ids = append(ids, fmt.Sprintf("%q", fmt.Sprintf("p%02d", i)))
	}
	c.app("POST", "/v1/segments", `{"segment":{"name":"S"}}`, 200)
	c.track("/api/v1/segments/1/add_customers", `{"ids":[`+strings.Join(ids, ",")+`]}`, 200)
	for _, of := range []struct{ method, path, body string }{
		{"POST", "/v1/customers?limit=10", `{"filter":{"attribute":{"field":"plan","operator":"exists"}}}`},
		{"GET", "/v1/segments/1/membership?limit=10", ""},
		{"POST", "/v1/objects?limit=10", `{"object_type_id":"1","filter":{"object_attribute":{"field":"name","operator":"exists","type_id":"1"}}}`},
		{"GET", "/v1/objects/1/all/relationships?limit=10", ""},
	} {
		seen, pages := map[string]int{}, 0
		for next := ""; ; {
			var page struct {
				Identifiers   []map[string]any
				Relationships []struct{ Identifiers map[string]any } `json:"cio_relationships"`
				Next          string
			}
			if err := json.Unmarshal([]byte(c.app(of.method, of.path+next, of.body, 200).body), &page); err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Relationships {
				page.Identifiers = append(page.Identifiers, r.Identifiers)
			}
			for _, one := range page.Identifiers {
				seen[fmt.Sprint(one)]++
			}
			if pages++; page.Next == "" {
				break
			}
			next = "&start=" + page.Next
		}
		if len(seen) != 25 || pages != 3 {
			t.Errorf("%s: %d on %d pages", of.path, len(seen), pages)
		}
	}
	if a := c.app("GET", "/v1/segments/1/customer_count", "", 200); strings.TrimSpace(a.body) != `{"count":25}` {
		t.Error(a.body)
	}
}

// TestAppAPIKeepsSegments creates, fills and deletes manual segments. A store
// and a snapshot have the same segments afterwards.
func TestAppAPIKeepsSegments(t *testing.T) {
	t.Parallel()
	store := new(records)
	srv, err := emulator.Open(emulator.Config{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, emulator.Config{})
	c.srv = srv
	c.send(`{"type":"identify","userId":"a"}`, `{"type":"identify","userId":"b","traits":{"email":"b@example.com"}}`, `{"type":"identify","userId":"c"}`)
	for _, name := range []string{"One", "Two", "Three"} {
		c.app("POST", "/v1/segments", `{"segment":{"name":"`+name+`"}}`, 200)
	}
	c.track("/api/v1/segments/1/add_customers", `{"ids":["a","c"]}`, 200)
	c.track("/api/v1/segments/1/add_customers?id_type=email", `{"ids":["B@example.com"]}`, 200)
	c.track("/api/v1/segments/2/add_customers", `{"ids":["a"]}`, 200)
	c.track("/api/v1/segments/3/add_customers", `{"ids":["a"]}`, 200)
	c.track("/api/v1/segments/1/remove_customers", `{"ids":["a"]}`, 200)
	c.track("/api/v1/segments/9/add_customers", `{"ids":["a"]}`, 404)
	c.track("/api/v1/segments/1/add_customers", `{"ids":[]}`, 400)
	c.track("/api/v1/segments/1/add_customers?id_type=phone", `{"ids":["a"]}`, 400)
	c.app("DELETE", "/v1/segments/2", "", 204)
	c.app("DELETE", "/v1/segments/2", "", 404)
	c.app("POST", "/v1/esp/suppression/spam_reports/Bob%40Example.com", "", 200)
	c.app("POST", "/v1/esp/suppression/bounces/eve%40example.com", "", 200)
	c.app("DELETE", "/v1/esp/suppression/bounces/eve%40example.com", "", 204)
	c.send(`{"type":"track","event":"User Deleted","userId":"c"}`)
	state := func(c *client) (all string) {
		for _, path := range []string{"/v1/segments", "/v1/segments/1/membership", "/v1/customers/a/segments", "/v1/esp/suppression/spam_reports", "/v1/esp/suppression/bounces", "/v1/esp/search_suppression/bob%40example.com"} {
			all += c.app("GET", path, "", 200).body
		}
		return all
	}
	want := state(c)
	for _, has := range []string{`"name":"One"`, `"name":"Three"`, `"ids":["b"]`, `"email":"bob@example.com"`, `"category":"spam"`} {
		if !strings.Contains(want, has) {
			t.Errorf("the state lacks %s: %s", has, want)
		}
	}
	again := newClient(t, emulator.Config{})
	if again.srv, err = emulator.Open(emulator.Config{Store: store}); err != nil {
		t.Fatal(err)
	}
	if got := state(again); got != want {
		t.Errorf("after a restart\n%s\nbefore\n%s", got, want)
	}
	c.app("POST", "/v1/segments", `{"segment":{"name":"Four"}}`, 200)
	if text := c.app("GET", "/v1/segments", "", 200).body; !strings.Contains(text, `"id":4`) || strings.Contains(text, "Two") {
		t.Errorf("segments %s", text)
	}
	snapshot, err := c.srv.Snapshot("key")
	if err != nil {
		t.Fatal(err)
	}
	other := newClient(t, emulator.Config{})
	if err := other.srv.Restore("key", snapshot); err != nil {
		t.Fatal(err)
	}
	if got, want := state(other), state(c); got != want {
		t.Errorf("of a snapshot\n%s\nbefore\n%s", got, want)
	}
}

// TestAppAPIExports runs an export from its start to its file: it takes some
// time, its link expires, and only a caller with the link gets the file.
func TestAppAPIExports(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, emulator.Config{})
		c.send(`{"type":"identify","userId":"a","traits":{"email":"ann@example.com","plan":"pro","note":"a \"b\", c"}}`, `{"type":"identify","userId":"b","traits":{"plan":"basic"}}`, `{"type":"identify","userId":"c","traits":{"plan":"pro","n":2}}`)
		status := func() string {
			var of struct {
				Export struct {
					Status           string
					Total, Downloads int
				}
			}
			if err := json.Unmarshal([]byte(c.app("GET", "/v1/exports/1", "", 200).body), &of); err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(of.Export)
		}
		c.app("POST", "/v1/exports/customers", `{"filters":{"attribute":{"field":"plan","operator":"eq","value":"pro"}}}`, 200)
		c.app("GET", "/v1/exports/1/download", "", 404)
		if got := status(); got != "{pending 0 0}" {
			t.Errorf("at first %s", got)
		}
		c.send(`{"type":"identify","userId":"d","traits":{"plan":"pro"}}`) // too late
		time.Sleep(time.Second)
		if got := status(); got != "{done 2 0}" {
			t.Errorf("then %s", got)
		}
		var link struct{ URL string }
		if err := json.Unmarshal([]byte(c.app("GET", "/v1/exports/1/download", "", 200).body), &link); err != nil {
			t.Fatal(err)
		}
		path := strings.TrimPrefix(link.URL, "http://emulator")
		fetch := func(path string, want int) string {
			key := c.key
			defer func() { c.key = key }()
			c.key = ""
			a := c.do("GET", path, "")
			if a.status != want {
				t.Errorf("%s: %d %s", path, a.status, a.body)
			}
			return a.body
		}
		if got, want := fetch(path, 200), "id,email,cio_id,n,note,plan\na,ann@example.com,00000001,,\"a \"\"b\"\", c\",pro\nc,,00000003,2,,pro\n"; got != want {
			t.Errorf("the file is\n%s\nwant\n%s", got, want)
		}
		if got := status(); got != "{done 2 1}" {
			t.Errorf("after a download %s", got)
		}
		fetch(strings.Split(path, "?")[0], 403)
		fetch(path+"x", 403)
		fetch("/_emulator/exports/none/1?token=x", 403)
		time.Sleep(15*time.Minute + time.Second)
		fetch(path, 403)
		c.app("POST", "/v1/exports/deliveries", `{}`, 400)
		c.app("GET", "/v1/exports/7", "", 404)
	})
}

// TestAppAPIImports imports files from this machine. All other places are
// refused.
func TestAppAPIImports(t *testing.T) {
	t.Parallel()
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, map[string]string{"/people.csv": "id,email,plan\na,ann@example.com,pro\nb,,basic\n,x@example.com,\n", "/objects.csv": "id,name\nacme,Acme\n", "/bad.csv": "id\na,b\n"}[r.URL.Path])
	}))
	defer files.Close()
	c := newClient(t, emulator.Config{})
	c.send(`{"type":"identify","userId":"a","traits":{"plan":"none"}}`)
	start := func(what string) string {
		return c.app("POST", "/v1/imports", `{"import":{"name":"n",`+what+`}}`, 200).body
	}
	for what, want := range map[string]string{
		`"type":"people","identifier":"id","data_to_process":"only_new","data_file_url":"` + files.URL + `/people.csv"`: `"state":"imported"`,
		`"type":"object","object_type_id":"2","data_file_url":"` + files.URL + `/objects.csv"`:                          `"rows_to_import":1,"rows_imported":1`,
		`"type":"people","identifier":"id","data_file_url":"` + files.URL + `/bad.csv"`:                                 `"state":"failed"`,
		`"type":"people","identifier":"email","data_file_url":"` + files.URL + `/objects.csv"`:                          `no column email`,
		`"type":"people","identifier":"id","data_file_url":"http://169.254.169.254/latest"`:                             `only from this machine`,
		`"type":"people","identifier":"id","data_file_url":"http://localhost.example.com/"`:                             `only from this machine`,
		`"type":"event","identifier":"id","data_file_url":"` + files.URL + `/people.csv"`:                               `only people and objects`,
	} {
		if got := start(what); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	if got := c.traits("b") + c.traits("a"); got != `{"plan":"basic"}{"plan":"none"}` {
		t.Errorf("the people are %s", got)
	}
	c.app("GET", "/v1/objects/2/acme/attributes", "", 200)
	c.app("GET", "/v1/imports/1", "", 200)
	c.app("GET", "/v1/imports/99", "", 404)
	c.app("POST", "/v1/imports", `{"import":{"name":"n"}}`, 400)
}

// TestAppAPIMessages shows what delivery reports say about messages, by the
// person whom they name.
func TestAppAPIMessages(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	report := func(user, id, metric, at string) string {
		return `{"type":"track","userId":"` + user + `","event":"Report Delivery Event","timestamp":"2026-01-0` + at + `T00:00:00Z","properties":{"deliveryId":"` + id + `","metric":"` + metric + `"}}`
	}
	c.send(`{"type":"identify","userId":"a","traits":{"email":"ann@example.com"}}`, report("a", "m1", "delivered", "1"), report("a", "m1", "opened", "2"), report("", "m2", "delivered", "3"), report("a", "m3", "delivered", "4"))
	for path, want := range map[string]string{
		"/v1/messages": "m3 m2 m1", "/v1/messages?metric=opened": "m1", "/v1/messages?type=push": "", "/v1/customers/a/messages": "m3 m1", "/v1/messages?start_ts=1767400000&end_ts=1767400001": "", "/v1/messages?start_ts=1767398400": "m3 m2", "/v1/messages?campaign_id=1": "",
	} {
		var page struct{ Messages []struct{ ID string } }
		if err := json.Unmarshal([]byte(c.app("GET", path, "", 200).body), &page); err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, m := range page.Messages {
			ids = append(ids, m.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if text := c.app("GET", "/v1/messages/m1", "", 200).body; !strings.Contains(text, `"metrics":{"delivered":1767225600,"opened":1767312000}`) || !strings.Contains(text, `"recipient":"ann@example.com"`) {
		t.Error(text)
	}
	c.app("GET", "/v1/messages/m9", "", 404)
	if a := c.app("GET", "/v1/messages/m1/archived_message", "", 200); a.header.Get(emulator.CannedHeader) != "1" || !strings.Contains(a.body, `"id":"m1"`) {
		t.Error(a.body)
	}
	if a := c.app("GET", "/v1/campaigns/2", "", 404); !strings.Contains(a.body, "campaign 1 alone") {
		t.Error(a.body)
	}
}

// In front of another server, the emulator gives no answer that could look like
// that server's answer.
func TestAppAPIInFrontOfAnother(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{Forward: func(*http.Request) (*http.Response, error) { return nil, http.ErrNotSupported }})
	for _, path := range []string{"/v1/send/email", "/v1/campaigns/1/triggers", "/v1/segments", "/v1/exports/customers", "/v1/imports"} {
		c.app("POST", path, `{}`, http.StatusNotImplemented)
	}
	c.app("GET", "/v1/campaigns", "", http.StatusNotImplemented)
}

// A search does not create a workspace, and files of exports have limits.
func TestAppAPIKeepsWithinBounds(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{MaxJournalBytes: 400})
	c.app("POST", "/v1/customers", `{"filter":{"attribute":{"field":"plan","operator":"exists"}}}`, 200)
	if keys := c.srv.Keys(); len(keys) != 0 {
		t.Errorf("there are workspaces: %v", keys)
	}
	c.send(`{"type":"identify","userId":"a","traits":{"plan":"` + strings.Repeat("x", 150) + `"}}`)
	for range 5 {
		c.app("POST", "/v1/exports/customers", `{"filters":{"attribute":{"field":"plan","operator":"exists"}}}`, 200)
	}
	c.app("GET", "/v1/exports/1", "", 404)
	c.app("GET", "/v1/exports/5", "", 200)
}
