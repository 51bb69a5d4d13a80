package emulator_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// TestPageOfMessages filters the list by its address, and reads it page by
// page.
func TestPageOfMessages(t *testing.T) {
	t.Parallel()
	clock := newClock()
	c := newClient(t, emulator.Config{Now: clock.now})
	for i := range 130 {
		c.send(fmt.Sprintf(`{"type":"track","userId":"u%d","event":"Bought","messageId":"m-%d"}`, i%3, i))
	}
	c.send(`{"type":"track","userId":"u1"}`, `{"type":"identify","userId":"ann","traits":{"email":"ann@x.example"}}`)
	rows := func(body string) int { return strings.Count(body, `<p class="line">`) }
	for path, want := range map[string]struct {
		rows int
		text string
	}{
		"/messages":                           {50, `before=83`},
		"/messages?w=":                        {50, "132 messages, newest first."},
		"/messages?before=83":                 {50, "Newest"},
		"/messages?event=Bought&person=u2":    {43, `event=Bought&amp;person=u2`},
		"/messages?q=ANN@x":                   {1, "1 message matches."},
		"/messages?q=M-":                      {50, "130 messages match."},
		"/messages?q=m-&before=81":            {50, "130 messages match."},
		"/messages?q=m-&before=31":            {30, "130 messages match."},
		"/messages?type=track&before=20":      {19, "131 messages match."},
		"/messages?q=m-129":                   {1, "/messages/130?"},
		"/messages?verdict=dropped":           {1, "missing-event"},
		"/messages?rule=missing-event":        {1, "/messages/131?"},
		"/messages?verdict=not+accepted&q=u1": {1, "missing-event"},
		"/messages?type=identify":             {1, `<option value="identify" selected>`},
		"/messages?from=1m":                   {50, "Older"},
		"/messages?to=1h":                     {0, "No stored message matches"},
		"/messages?q=nothing":                 {0, "No stored message matches"},
		"/messages/131?verdict=not+accepted":  {1, "with the filter"},
		"/messages/130?person=u0":             {1, `href="/messages/127?person=u0`},
	} {
		a := c.do(http.MethodGet, path, "")
		if strings.HasPrefix(path, "/messages/") {
			want.rows = 0
		}
		if a.status != http.StatusOK || rows(a.body) != want.rows || !strings.Contains(a.body, want.text) {
			t.Errorf("%s: %d, %d rows, want %d and %q:\n%s", path, a.status, rows(a.body), want.rows, want.text, a.body)
		}
	}
	for path, want := range map[string]string{"/messages?verdict=lost": "Verdict must be", "/messages?from=soon": "how long ago", "/messages?type=x": "Type must be", "/messages/1?type=x": "Type must be", "/messages/export?to=x": "how long ago"} {
		if a := c.do(http.MethodGet, path, ""); a.status != http.StatusBadRequest || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}

// TestCountOfMatches compares the count of a search with everything that it
// lists, on each page. Above a limit it says that there are more.
func TestCountOfMatches(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{MaxMessages: 20_000})
	const bound = 10_000
	var some []string
	for i := range bound + 1 {
		typ := `"track","event":"Bought"`
		if i%7 == 0 {
			typ = `"track"` // dropped
		}
		if some = append(some, fmt.Sprintf(`{"type":%s,"userId":"u%d","messageId":"m-%d"}`, typ, i%11, i)); len(some) == 2000 || i == bound {
			c.send(some...)
			some = nil
		}
	}
	for _, filter := range []string{"q=u7", "q=m-99", "verdict=dropped", "verdict=dropped&q=u3", "person=u5", "event=Bought&q=m-1"} {
		listed, before, said := 0, "", make(map[string]bool)
		for {
			body := c.do(http.MethodGet, "/messages?"+filter+before, "").body
			listed += strings.Count(body, `<p class="line">`)
			_, text, _ := strings.Cut(body, `role="status">`)
			text, _, _ = strings.Cut(text, "<")
			said[text] = true
			_, next, more := strings.Cut(body, "&amp;before=") // the value of the link to older messages, or of the first parameter
			if !more {
				if _, next, more = strings.Cut(body, "?before="); !more {
					break
				}
			}
			next, _, _ = strings.Cut(next, `"`)
			next, _, _ = strings.Cut(next, "&")
			before = "&before=" + next
		}
		text := strconv.Itoa(listed)
		if listed >= 1000 {
			text = text[:len(text)-3] + "," + text[len(text)-3:]
		}
		if !said[text+" messages match."] || len(said) != 1 {
			t.Errorf("%s lists %d messages, and says %v", filter, listed, said)
		}
	}
	for _, path := range []string{"/messages?q=m-", "/messages?type=track", "/messages?type=track&before=500"} {
		if body := c.do(http.MethodGet, path, "").body; !strings.Contains(body, "More than 10,000 messages match.") {
			t.Errorf("%s does not say that there are more", path)
		}
	}
}

// TestPageOfRequest shows first what was not accepted, and the rest page by
// page.
func TestPageOfRequest(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	var batch []string
	for i := range 300 {
		batch = append(batch, fmt.Sprintf(`{"type":"track","userId":"u%d","event":"e%d"}`, i, i))
	}
	batch[271] = `{"type":"track","userId":"lost"}`
	c.send(strings.Join(batch, ","))
	first := c.do(http.MethodGet, "/requests/1", "").body
	if i, j := strings.Index(first, "missing-event"), strings.Index(first, "<b>e0</b>"); i < 0 || j < i {
		t.Errorf("the dropped message is at %d, the first accepted one at %d", i, j)
	}
	seen := make(map[string]bool)
	for page := 1; page <= 6; page++ {
		body := c.do(http.MethodGet, fmt.Sprintf("/requests/1?page=%d", page), "").body
		for i := range 300 {
			if strings.Contains(body, fmt.Sprintf("<b>e%d</b>", i)) {
				seen[fmt.Sprint(i)] = true
			}
		}
		if next := fmt.Sprintf("page=%d", page+1); strings.Contains(body, next) != (page < 6) {
			t.Errorf("page %d: the link to the next is there: %v", page, page == 6)
		}
	}
	if len(seen) != 299 {
		t.Errorf("the pages show %d accepted messages", len(seen))
	}
	for path, want := range map[string]string{"/requests/1?verdict=dropped": "lost", "/requests/1?page=99": "251 to 300 of 300", "/requests/1?verdict=rejected": "No stored message has this verdict", "/requests/1?page=x": "1 to 50 of 300"} {
		if a := c.do(http.MethodGet, path, ""); a.status != 200 || !strings.Contains(a.body, want) {
			t.Errorf("%s lacks %q: %d %s", path, want, a.status, a.body)
		}
	}
}

// TestPageExports downloads the messages that the filter shows.
func TestPageExports(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	c.key = "0123456789abcdef0123"
	for i := range 25 {
		var batch []string
		for j := range 100 {
			batch = append(batch, fmt.Sprintf(`{"type":"track","userId":"u%d","event":"<e&%d>","writeKey":%q}`, j%2, i, c.key))
		}
		c.send(strings.Join(batch, ","))
	}
	for query, want := range map[string]int{"": 2500, "?person=u1": 1250, "?event=%3Ce%267%3E&person=u1": 50, "?q=none": 0} {
		a := c.do(http.MethodGet, "/messages/export"+query, "")
		if a.status != 200 || !strings.Contains(a.header.Get("Content-Disposition"), "messages.jsonl") || strings.Contains(a.body, c.key) {
			t.Errorf("%s: %d %v", query, a.status, a.header)
		}
		lines, last := 0, uint64(1<<62)
		for scan := bufio.NewScanner(strings.NewReader(a.body)); scan.Scan(); lines++ {
			var r emulator.Record
			if err := json.Unmarshal(scan.Bytes(), &r); err != nil || r.Sequence >= last || r.Verdict != emulator.VerdictAccepted || len(r.Raw) == 0 {
				t.Fatalf("%s: %s, %v", query, scan.Text(), err)
			}
			last = r.Sequence
		}
		if lines != want {
			t.Errorf("%s: %d lines, want %d", query, lines, want)
		}
	}
}

// TestPageDeletesPerson deletes one person and everything about them with the
// form of the page. A store has the same data afterwards.
func TestPageDeletesPerson(t *testing.T) {
	t.Parallel()
	store := new(records)
	srv, err := emulator.Open(emulator.Config{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, emulator.Config{})
	c.srv = srv
	c.send(
		`{"type":"identify","userId":"ann","anonymousId":"v1","traits":{"email":"Ann@X.example","secret":"s1"}}`, // 1
		`{"type":"track","userId":"ann@x.EXAMPLE","event":"s2"}`,                                                 // 2
		`{"type":"page","anonymousId":"v1","name":"s3"}`,                                                         // 3
		`{"type":"identify","userId":"bob","traits":{"friend":"ann","note":"ann@x.example"}}`,                    // 4
		`{"type":"identify","userId":"bob","anonymousId":"v1","traits":{"email":"ann@x.example"}}`,               // 5
		`{"type":"track","userId":"\u0061nn","event":"s4"}`,                                                      // 6
		`{"type":"track","userId":"ann","event":"Report Delivery Event","properties":{"delivery_id":"s5","metric":"opened"}}`,
		`{"type":"track","userId":"anna","event":"kept"}`, // 8
		`{"type":"group","userId":"bob","groupId":"ann"}`, // 9
	)
	c.header.Set("Content-Type", "application/x-www-form-urlencoded")
	if a := c.do(http.MethodPost, "/people/nobody/delete", ""); a.status != http.StatusNotFound {
		t.Errorf("nobody: %d", a.status)
	}
	counts := c.stats().Messages
	if a := c.do(http.MethodPost, "/people/ann%40x.example/delete", ""); a.status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.status, a.body)
	}
	check := func(c *client) string {
		t.Helper()
		all, err := c.srv.Messages(emulator.MessagesQuery{Key: c.key})
		if err != nil {
			t.Fatal(err)
		}
		text := encode(t, all)
		for _, secret := range []string{"s1", "s2", "s3", "s4", "s5"} {
			if strings.Contains(text, `"`+secret+`"`) {
				t.Errorf("%s is still there", secret)
			}
		}
		for _, r := range all.Messages {
			mine := r.Sequence <= 3 || r.Sequence == 6 || r.Sequence == 7
			if r.Forgotten != mine || (r.Raw == nil) != mine {
				t.Errorf("message %d: forgotten %v, %s", r.Sequence, r.Forgotten, r.Raw)
			}
		}
		if c.person("ann") != "" || c.person("bob") == "" || c.person("anna") == "" || c.stats().Messages != counts {
			t.Errorf("people: %q %q, %+v", c.person("ann"), c.person("bob"), c.stats())
		}
		if reports, err := c.srv.Reports(emulator.ReportsQuery{Key: c.key}); err != nil || len(reports.Reports) != 0 {
			t.Errorf("reports %v, %v", reports, err)
		}
		return text
	}
	before := check(c)
	if body := c.do(http.MethodGet, "/messages/2", "").body; !strings.Contains(body, "was deleted") {
		t.Errorf("the page of a deleted message: %s", body)
	}
	again := newClient(t, emulator.Config{})
	if again.srv, err = emulator.Open(emulator.Config{Store: store}); err != nil {
		t.Fatal(err)
	}
	if after := check(again); after != before {
		t.Errorf("out of the store:\n%s\nwant\n%s", after, before)
	}
	// A later message about them is about a new person.
	again.header = http.Header{}
	again.send(`{"type":"identify","userId":"ann"}`)
	if last := again.last(); last.Did != `created "ann"` {
		t.Errorf("%+v", last)
	}
}

// TestDeletePersonAgainstModel deletes people whose ids, addresses and
// anonymousIds are the same texts. Data about others must not change.
func TestDeletePersonAgainstModel(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	deleted, spared := 0, 0
	for range 60 {
		c := newClient(t, emulator.Config{MergeOnAlias: true})
		texts := []string{"a", "b", "c", "A@x.example", "b@x.example", "cio_00000001", "cio_00000002"}
		for range 25 {
			c.send(pick(
				fmt.Sprintf(`{"type":"identify","userId":%q,"anonymousId":%q,"traits":{"email":%q}}`, pick(texts...), pick(texts...), pick("a@x.example", "B@x.example", "c")),
				fmt.Sprintf(`{"type":"identify","anonymousId":%q,"traits":{"email":%q}}`, pick(texts...), pick("a@X.example", "b@x.example")),
				fmt.Sprintf(`{"type":"track","userId":%q,"anonymousId":%q,"event":"e"}`, pick(texts...), pick(texts...)),
				fmt.Sprintf(`{"type":"track","anonymousId":%q,"event":"e"}`, pick(texts...)),
				fmt.Sprintf(`{"type":"alias","userId":%q,"previousId":%q}`, pick(texts...), pick(texts...))))
		}
		people, err := c.srv.People(emulator.PeopleQuery{Key: c.key})
		if err != nil || len(people.People) == 0 {
			continue
		}
		who := people.People[random.IntN(len(people.People))]
		why, err := c.srv.Why(c.key, who.CustomerIOID)
		if err != nil {
			t.Fatal(err)
		}
		before, err := c.srv.Messages(emulator.MessagesQuery{Key: c.key})
		if err != nil {
			t.Fatal(err)
		}
		n, err := c.srv.DeletePerson(c.key, who.CustomerIOID)
		if err != nil {
			t.Fatal(err)
		}
		after, err := c.srv.Messages(emulator.MessagesQuery{Key: c.key})
		if err != nil {
			t.Fatal(err)
		}
		forgotten := 0
		for i, r := range before.Messages {
			var sent struct{ Traits struct{ Email string } }
			if err := json.Unmarshal(r.Raw, &sent); err != nil {
				t.Fatal(err)
			}
			theirs := slices.Contains(why.AnonymousIDs, r.AnonymousID)
			switch email := strings.ToLower(sent.Traits.Email); {
			case r.UserID != "":
				theirs = r.UserID == who.ID || r.UserID == who.CustomerIOID
				if strings.Contains(r.UserID, "@") { // a userId of this form is an address
					theirs = strings.EqualFold(r.UserID, who.Email)
				}
			case r.Type == "identify" && email != "":
				theirs = email == who.Email
			}
			if now := after.Messages[i]; now.Forgotten != theirs || (now.Raw == nil) != theirs || !theirs && encode(t, now) != encode(t, r) {
				t.Errorf("after deleting %+v with %q, of %s there is %s", who, why.AnonymousIDs, r.Raw, encode(t, now))
			}
			if theirs {
				forgotten++
			}
		}
		if n != forgotten {
			t.Errorf("%d messages were deleted, and %d was the answer", forgotten, n)
		}
		deleted, spared = deleted+forgotten, spared+len(before.Messages)-forgotten
	}
	if deleted < 100 || spared < 100 {
		t.Errorf("%d messages deleted, %d spared", deleted, spared)
	}
}
