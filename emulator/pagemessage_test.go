package emulator_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// TestDid checks the description of what accepted messages did.
func TestDid(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{MergeOnAlias: true})
	for _, test := range []struct{ message, want string }{
		{`{"type":"identify","userId":"u1","traits":{"plan":"pro","email":"a@b.example"}}`, `created "u1"; set plan, email`},
		{`{"type":"identify","userId":"u1","traits":{"plan":null,"a":1,"b":2,"c":3,"d":4,"e":5}}`, "set a, b, c, d and 1 more; removed plan"},
		{`{"type":"identify","userId":"u1","traits":{"email":"other@b.example","x":""}}`, "removed x"},
		{`{"type":"identify","userId":"u1"}`, "changed nothing"},
		{`{"type":"identify","traits":{"email":"new@b.example"}}`, `created the person; set email`},
		{`{"type":"identify","userId":"u9","traits":{"email":"new@b.example"}}`, `gave the id "u9" to the person with that email address; set email`},
		{`{"type":"track","userId":"u1","event":"Bought"}`, `kept the event for "u1"`},
		{`{"type":"track","userId":"u2","event":"Bought"}`, `created "u2"; kept the event for "u2"`},
		{`{"type":"page","anonymousId":"v1","name":"Prices"}`, "kept the event for the anonymousId"},
		{`{"type":"identify","userId":"u2","anonymousId":"v1"}`, "took over the data of the anonymousId"},
		{`{"type":"group","userId":"u1","groupId":"acme","traits":{"name":"Acme","objectTypeId":"1"}}`, `created the object "acme"; related "u1" to it; set name`},
		{`{"type":"group","userId":"u1","groupId":"acme","traits":{"seats":4}}`, "set seats"},
		{`{"type":"group","groupId":"acme"}`, "changed nothing"},
		{`{"type":"track","userId":"u1","event":"Device Created or Updated","properties":{"model":"x"},"context":{"device":{"token":"t","type":"ios"}}}`, "set the device; set model"},
		{`{"type":"track","userId":"u1","event":"Device Deleted","context":{"device":{"token":"t"}}}`, "deleted the device"},
		{`{"type":"track","userId":"u1","event":"Device Deleted","context":{"device":{"token":"t"}}}`, "changed nothing"},
		{`{"type":"alias","userId":"u1","previousId":"u2"}`, `merged "u2" into "u1"`},
		{`{"type":"track","userId":"u1","event":"User Deleted"}`, "deleted the person"},
		{`{"type":"track","userId":"u1","event":"User Deleted"}`, "changed nothing"},
		{`{"type":"track","userId":"u1"}`, ""},
		{`{"type":"track","userId":"gone","event":"User Suppressed"}`, "suppressed the person, whose data is deleted"},
	} {
		c.send(test.message)
		if got := c.last().Did; got != test.want {
			t.Errorf("%s: %q, want %q", test.message, got, test.want)
		}
	}
}

// TestDidIsTrue compares what the description says was set or removed with the
// person.
func TestDidIsTrue(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	set, removed := regexp.MustCompile(`set ([a-z_, ]+)`), regexp.MustCompile(`removed ([a-z_, ]+)`)
	said := 0
	for range 400 {
		id := pick("u1", "u2", "cio_00000001")
		c.send(fmt.Sprintf(`{"type":"identify","userId":%q,"traits":{%q:%s,%q:%s}}`, id,
			pick("plan", "email", "id", "cio_id"), pick(`"x@a.example"`, `"y@a.example"`, "null", `""`, "7", "{}"),
			pick("name", "anonymous_id", "city"), pick(`"a"`, "null", "[1]")))
		last := c.last()
		if last.Verdict != emulator.VerdictAccepted {
			continue
		}
		p, err := c.srv.Person(c.key, id)
		if err != nil {
			t.Fatalf("%s: %v", last.Raw, err)
		}
		check := func(names []string, want bool) {
			if len(names) == 0 {
				return
			}
			for name := range strings.SplitSeq(names[1], ", ") {
				said++
				_, there := p.Traits[name]
				if name == "id" {
					there = p.ID != ""
				}
				if there != want {
					t.Errorf("%s did %q, and %s is there: %v", last.Raw, last.Did, name, there)
				}
			}
		}
		check(set.FindStringSubmatch(last.Did), true)
		check(removed.FindStringSubmatch(last.Did), false)
	}
	if said < 100 {
		t.Errorf("only %d attributes were named", said)
	}
}

// TestPermalink opens the permanent addresses of messages.
func TestPermalink(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{MaxMessages: 4})
	c.key = "0123456789abcdef0123"
	c.send(`{"type":"identify","userId":"u1"}`, `{"type":"identify","userId":"u 1/2","traits":{"plan":"pro"},"messageId":"m-2","writeKey":"`+c.key+`"}`)
	c.post("/v1/batch", `{"context":{"ip":"1.2.3.4"},"batch":[{"type":"track","userId":"u1"},{"type":"track","anonymousId":"v&1","event":"It's"}]}`, 200)
	c.post("/v1/batch", `{"batch":[`, 400)
	for path, wants := range map[string][]string{
		"/messages/2": {"<h1>Message 2", "created &#34;u 1/2&#34;", "set plan", "m-2", `href="/people/u%201%2F2`, `href="/requests/2`, "$CUSTOMERIO_API_KEY:", "--data-binary", "/v1/batch", `href="/messages/3`, `rel="prev"`, "Oldest", "0123..."},
		"/messages/3": {"missing-event", "Set event to", "dropped", `href="/messages/2`, `href="/messages/4`, `href="/people/u1`, "1.2.3.4"},
		"/messages/4": {`person=v%261`, `It&#39;\&#39;&#39;s`},
		"/messages/5": {"malformed-body", "Newest", "does not keep its text"},
		"/messages/":  {"<h1>Messages"},
		"/messages":   {`href="/messages/3`, `href="/people/u1`, "kept the event"},
		"/requests/3": {`href="/messages/3`, `href="/people/u1`},
		"/people/u1":  {"message 1"},
	} {
		a := c.do(http.MethodGet, path, "")
		if a.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
		for _, want := range wants {
			if !strings.Contains(strings.ReplaceAll(a.body, "?w=f", ""), want) && !strings.Contains(a.body, want) {
				t.Errorf("%s lacks %s:\n%s", path, want, a.body)
			}
		}
		if strings.Contains(a.body, c.key) {
			t.Errorf("%s shows the key", path)
		}
	}
}

// TestNotFoundIsAPage opens missing things as a browser does: it gets a page
// that says what to do.
func TestNotFoundIsAPage(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{MaxMessages: 2})
	c.send(`{"type":"identify","userId":"u1"}`, `{"type":"identify","userId":"u1"}`, `{"type":"identify","userId":"u1"}`)
	c.header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	c.key = ""
	requests := func() (n uint64) {
		for _, w := range c.srv.Workspaces() {
			n += w.Stats.Requests
		}
		return n
	}
	before := requests()
	for path, want := range map[string]string{
		"/nowhere": "There is nothing at /nowhere", "/a/b/c?w=x": "There is nothing at /a/b/c", "/messages/1": "does not keep it any more", "/messages/99": "has the number 3",
		"/messages/x": "such as /messages/12", "/messages/0": "such as /messages/12", "/messages/1/2": "There is nothing at", "/messages/18446744073709551616": "such as", "/people/nobody": "Messages that name it",
		"/objects/1/none": "All objects", "/events/track/None": "All events", "/requests/99": "no longer stored", "/requests/x": "such as /requests/12",
		"/snapshots?from=none": "All snapshots", "/%3Cscript%3E": "There is nothing at /&lt;script&gt;",
	} {
		a := c.do(http.MethodGet, path, "")
		if a.status != http.StatusNotFound || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") || !strings.Contains(a.body, want) || !strings.Contains(a.body, "Back to the overview") {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if after := requests(); after != before {
		t.Errorf("%d requests were recorded", after-before)
	}
	for _, path := range []string{"/track", "/v1/nothing", "/v1/track", "/api/v1/customers/1", "/v1//track"} {
		if a := c.do(http.MethodGet, path, ""); strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: a page instead of what is wrong with the call", path)
		}
	}
}
