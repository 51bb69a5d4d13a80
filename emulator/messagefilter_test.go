package emulator_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio/emulator"
)

// plain returns the strings of a message unescaped. It uses another decoder
// than the search does.
func plain(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var v any
	if len(raw) == 0 {
		return ""
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, value := range v {
				b.WriteString(name + "\x00")
				walk(value)
			}
		case []any:
			for _, value := range v {
				walk(value)
			}
		default:
			fmt.Fprint(&b, v, "\x00")
		}
	}
	walk(v)
	return strings.ToLower(b.String())
}

// TestSearchAgainstModel compares the results of queries with those of a search
// that decodes all messages and has no shortcuts.
func TestSearchAgainstModel(t *testing.T) {
	t.Parallel()
	clock := newClock()
	c := newClient(t, emulator.Config{MaxMessages: 500, Now: clock.now})
	random := rand.New(rand.NewPCG(3, 4))
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	ids := []string{`"u1"`, `"u12"`, `"U1"`, `"42"`, `42`, `"ann@x.example"`, `"ANN@x.example"`, `"J\u00fcrgen"`, `"Jürgen"`, `"a\"b"`, `"cio_00000001"`, `" u1"`}
	events := []string{`"Order"`, `"Order Completed"`, `" Order "`, `"Ord\u0065r"`, `"Größe\t1"`, `"Zq\\x"`, `"order"`}
	for range 700 {
		clock.advance(time.Duration(random.IntN(4000)) * time.Millisecond)
		id, event := pick(ids...), pick(events...)
		c.send(pick(
			`{"type":"track","userId":`+id+`,"event":`+event+`,"messageId":"m-`+pick("1", "2", "3")+`"}`,
			`{"type":"track","anonymousId":`+id+`,"event":`+event+`,"properties":{"note":"\ud83d\ude00 \/ Straße","n":1.50}}`,
			`{"type":"page","userId":`+id+`,"properties":{"url":`+event+`}}`,
			`{"type":"identify","userId":`+id+`,"anonymousId":"v1","traits":{"email":"Ann@X.example","plan":"pro"}}`,
			`{"type":"identify","userId":`+id+`,"traits":{"email":"\u0041nn@x.example"}}`,
			`{"type":"alias","userId":`+id+`,"previousId":`+pick(ids...)+`}`,
			`{"type":"track","userId":`+id+`}`, `{"type":"nonsense","userId":`+id+`}`, `7`))
	}
	all, err := c.srv.Messages(emulator.MessagesQuery{Key: c.key})
	if err != nil || len(all.Messages) != 500 {
		t.Fatalf("%d messages, %v", len(all.Messages), err)
	}
	texts := make(map[uint64]string)
	for _, r := range all.Messages {
		texts[r.Sequence] = plain(t, r.Raw) + strings.ToLower(string(r.Raw))
	}
	found := 0
	for range 600 {
		q := emulator.MessagesQuery{Key: c.key, Search: pick("", "", "ORDER", "jürgen", "m-2", `a"b`, "\U0001f600", "/ straße", "1.50", "not there", "x.example", `zq\x`, "größe\t1", "order m-2", "m-2 \u00a0 Order  42", "order -completed", "-order", `"order completed"`, `-"order completed" m-1`,
			`"userid":"u1"`, `-"userid":"u1" identify`, `"userid`, `"`, "-", `""`, `-""`, "- order", "--order", "u1 -u12 -jürgen", "straße \U0001f600 -größe", `"größe	1" -"a b`, "-\U0001f600 1.50"),
			Event: pick("", "", "Order", "Order Completed", "Größe\t1", `Zq\x`), Type: pick("", "", "", "track", "page", "identify"),
			Verdict: emulator.Verdict(pick("", "", "accepted", "dropped")), Rule: pick("", "", "", "missing-event", "numeric-id", "none"),
			Warned: random.IntN(4) == 0, Limit: random.IntN(40)}
		if random.IntN(3) == 0 {
			q.From = clock.at.Add(-time.Duration(random.IntN(1500)) * time.Second)
		}
		if random.IntN(3) == 0 {
			q.To = clock.at.Add(-time.Duration(random.IntN(900)) * time.Second)
		}
		if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
			continue
		}
		var want []uint64
		for _, r := range all.Messages {
			rules := []string{r.Rule}
			for _, w := range r.Warnings {
				rules = append(rules, w.Rule)
			}
			if matchesRest(q, r, rules) && searched(q.Search, texts[r.Sequence]) {
				want = append(want, r.Sequence)
			}
		}
		var got []uint64
		for {
			page, err := c.srv.Messages(q)
			if err != nil {
				t.Fatal(err)
			}
			if q.Limit > 0 && len(page.Messages) > q.Limit {
				t.Fatalf("%+v: %d messages", q, len(page.Messages))
			}
			for _, r := range page.Messages {
				got = append(got, r.Sequence)
			}
			if q.Before = page.Next; page.Next == 0 {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v lists\n%v, want\n%v", q, got, want)
		}
		found += len(got)
		after := random.Uint64N(800)
		newer := 0
		for _, sequence := range got {
			if sequence > after {
				newer++
			}
		}
		if n, last, err := c.srv.CountNewMessages(q, after); n != newer || last != all.Messages[0].Sequence || err != nil {
			t.Errorf("%+v: %d messages after %d, want %d; the last is %d, %v", q, n, after, newer, last, err)
		}
		if len(got) > 1 { // the neighbours are those in the list
			q.Before = 0
			i := random.IntN(len(got) - 1)
			d, err := c.srv.Message(emulator.MessageQuery{Sequence: got[i+1], Among: q})
			if err != nil || d.Newer != got[i] || i+2 < len(got) && d.Older != got[i+2] {
				t.Errorf("%+v: the neighbours of %d are %d and %d, %v; list %v", q, got[i+1], d.Newer, d.Older, err, got)
			}
		}
	}
	if found < 2_000 {
		t.Errorf("only %d messages were found", found)
	}
}

// searched reports whether the text has all words and phrases of a search, and
// none that is excluded. Unlike the search it uses a regular expression.
func searched(search, text string) bool {
	for _, term := range searchTerm.FindAllStringSubmatch(search, -1) {
		word := term[3]
		if term[2] != "" {
			word = term[2][1 : len(term[2])-1]
		}
		if strings.Contains(text, strings.ToLower(word)) == (term[1] == "-") && word != "" {
			return false
		}
	}
	return true
}

var searchTerm = regexp.MustCompile(`(?:^|[\s\x{a0}])*(-?)(?:("(?:[^"]|"[^\s\x{a0}])*?")(?:[\s\x{a0}]|$)|([^\s\x{a0}]+))`)

func matchesRest(q emulator.MessagesQuery, r emulator.Record, rules []string) bool {
	return (q.Verdict == "" || r.Verdict == q.Verdict) && (!q.Warned || len(r.Warnings) > 0) && (q.Type == "" || r.Type == q.Type) && (q.Event == "" || r.Event == q.Event) &&
		(q.Rule == "" || slices.Contains(rules, q.Rule)) && (q.From.IsZero() || !r.ReceivedAt.Before(q.From)) && (q.To.IsZero() || r.ReceivedAt.Before(q.To))
}

// TestMessagesOfPerson finds messages by every identifier of a person, and no
// messages of others.
func TestMessagesOfPerson(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{MergeOnAlias: true})
	c.send(
		`{"type":"identify","userId":"u1","traits":{"email":"Ann@X.example"}}`, // 1
		`{"type":"track","userId":"ann@x.EXAMPLE","event":"e"}`,                // 2
		`{"type":"track","anonymousId":"v1","event":"u1"}`,                     // 3
		`{"type":"identify","userId":"u1","anonymousId":"v1"}`,                 // 4
		`{"type":"track","userId":"u11","event":"e","properties":{"u1":"u1"}}`, // 5
		`{"type":"track","userId":"cio_00000001","event":"e"}`,                 // 6
		`{"type":"track","userId":"\u0075\u0031","event":"e"}`,                 // 7
		`{"type":"track","userId":"old","event":"e"}`,                          // 8
		`{"type":"alias","userId":"u1","previousId":"old"}`,                    // 9
		`{"type":"track","userId":42,"event":"e"}`,                             // 10
		`{"type":"track","userId":"u1"}`,                                       // 11
		`{"type":"identify","userId":"u2","traits":{"note":"ann@x.example"}}`,  // 12
		`{"type":"group","groupId":"u1"}`,                                      // 13
	)
	for id, want := range map[string]string{
		"u1": "[11 9 8 7 6 4 3 2 1]", "ann@x.example": "[11 9 8 7 6 4 3 2 1]", "cio_00000001": "[11 9 8 7 6 4 3 2 1]", "email:ANN@x.example": "[11 9 8 7 6 4 3 2 1]",
		"v1": "[4 3]", "42": "[10]", "u2": "[12]", "U1": "[]", "nobody": "[]",
	} {
		page, err := c.srv.Messages(emulator.MessagesQuery{Key: c.key, Person: id})
		if err != nil {
			t.Fatal(err)
		}
		got := []uint64{}
		for _, r := range page.Messages {
			got = append(got, r.Sequence)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %s", id, got, want)
		}
	}
}

// TestWarnedMessages lists exactly the messages that have a warning, in every
// way to ask for them.
func TestWarnedMessages(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	c.send(`{"type":"identify","userId":"u1"}`, `{"type":"track","userId":42,"event":"Bought"}`, `{"type":"track","userId":43}`, `{"type":"track","userId":"u2"}`)
	count := func(path, text string) int { return strings.Count(c.do(http.MethodGet, path, "").body, text) }
	for query, want := range map[string]int{"warned=true": 2, "warned=true&verdict=accepted": 1, "warned=true&not_accepted=true": 1, "warned=false": 4, "warned=true&search=bought": 1} {
		if n := count("/_emulator/messages?"+query, `"sequence"`); n != want {
			t.Errorf("%s: %d messages, want %d", query, n, want)
		}
	}
	if a := c.do(http.MethodGet, "/_emulator/messages?warned=x", ""); a.status != 400 || !strings.Contains(a.body, "warned must be true or false") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if n := count("/messages?verdict=with+warnings", `<p class="line">`); n != 2 {
		t.Errorf("the page lists %d", n)
	}
	if n := count("/messages/export?verdict=with+warnings", "\n"); n != 2 {
		t.Errorf("the export has %d", n)
	}
	if n := count("/messages", `<span class="v warned">1 warning</span>`); n != 2 {
		t.Errorf("%d of the rows are marked", n)
	}
	if n, more, err := c.srv.CountMessages(emulator.MessagesQuery{Key: c.key, Warned: true}); n != 2 || more || err != nil {
		t.Errorf("counted %d, %v, %v", n, more, err)
	}
	if d, err := c.srv.Message(emulator.MessageQuery{Sequence: 3, Among: emulator.MessagesQuery{Key: c.key, Warned: true}}); err != nil || d.Older != 2 || d.Newer != 0 {
		t.Errorf("neighbours %d and %d, %v", d.Older, d.Newer, err)
	}
	for path, want := range map[string]string{"/": `<span class="v warned">1 warning</span>`, "/messages/2": `<span class="v warned">1 warning</span>`, "/requests/2": `<span class="v warned">1 warning</span>`} {
		if count(path, want) == 0 {
			t.Errorf("%s does not mark the warning", path)
		}
	}
}

// TestMessagesOverHTTP filters the messages over HTTP.
func TestMessagesOverHTTP(t *testing.T) {
	t.Parallel()
	clock := newClock()
	c := newClient(t, emulator.Config{Now: clock.now})
	c.send(`{"type":"identify","userId":"u1"}`)
	clock.advance(time.Hour)
	c.send(`{"type":"track","userId":"u1","event":"Bought"}`, `{"type":"track","userId":"u2"}`)
	for query, want := range map[string]string{
		"search=bou": "Bought", "type=identify": `"sequence":1`, "event=Bought": "Bought", "person=u2": "missing-event", "rule=missing-event": "u2",
		"to=2026-01-02T04:00:00Z": `"sequence":1`, "from=2026-01-02T04:00:00Z&event=Bought": "Bought",
	} {
		a := c.do(http.MethodGet, "/_emulator/messages?"+query, "")
		if a.status != 200 || !strings.Contains(a.body, want) || strings.Count(a.body, `"sequence"`) != 1 {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
	for _, query := range []string{"type=x", "from=x", "to=2026", "from=2026-01-02&to=2026-01-02", "who=u1"} {
		if a := c.do(http.MethodGet, "/_emulator/messages?"+query, ""); a.status != 400 {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
	if _, err := c.srv.Message(emulator.MessageQuery{Sequence: 9, Among: emulator.MessagesQuery{Key: c.key}}); !errors.Is(err, emulator.ErrNotFound) {
		t.Errorf("a message that is not there: %v", err)
	}
	if _, err := c.srv.Message(emulator.MessageQuery{Sequence: 9, Among: emulator.MessagesQuery{Key: "other"}}); !errors.Is(err, emulator.ErrNotFound) {
		t.Errorf("a message of a workspace that is not there: %v", err)
	}
}
