package emulator

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// TestMessageFilter reads the filters in addresses.
func TestMessageFilter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	at := func(text string) time.Time {
		parsed, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	for query, want := range map[string]MessagesQuery{
		"":                                 {},
		"w=1&before=7":                     {},
		"q=+Ann+":                          {Search: "Ann"},
		"verdict=dropped&type=track":       {Verdict: VerdictDropped, Type: "track"},
		"verdict=not+accepted":             {NotAccepted: true},
		"show=not+accepted":                {NotAccepted: true},
		"verdict=with+warnings":            {Warned: true},
		"event=A+%26+B&person=u1&rule=x":   {Event: "A & B", Person: "u1", Rule: "x"},
		"from=15m":                         {From: at("2026-01-31T11:45:00Z")},
		"to=1h30m":                         {To: at("2026-01-31T10:30:00Z")},
		"from=2026-01-30&to=2026-01-30":    {From: at("2026-01-30T00:00:00Z"), To: at("2026-01-31T00:00:00Z")},
		"to=2026-01-30+10:05":              {To: at("2026-01-30T10:06:00Z")},
		"to=2026-01-30T10:05":              {To: at("2026-01-30T10:06:00Z")},
		"to=2026-01-30T10:05:07":           {To: at("2026-01-30T10:05:08Z")},
		"to=2026-01-30T10:05:07.5Z":        {To: at("2026-01-30T10:05:07.500000001Z")},
		"from=2026-01-30T10:05:07%2B02:00": {From: at("2026-01-30T08:05:07Z")},
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		_, got, err := parseMessageFilter(values, now)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", query, got, err, want)
		}
	}
	for query, want := range map[string]string{
		"verdict=lost": "verdict must be not accepted, dropped, rejected, accepted or with warnings", "type=letter": "type must be", "from=yesterday": `"from" must be`, "to=-5m": `"to" must be`, "to=2026-02-30": `"to" must be`,
		"from=2026-01-31&to=2026-01-30": "from must be before to", "q=" + strings.Repeat("x", 1_001): `"q" has more than`,
	} {
		values, _ := url.ParseQuery(query)
		if _, _, err := parseMessageFilter(values, now); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", query, err, want)
		}
	}
}

// FuzzMessageFilter reads any address. The address that is made from the result
// is read as the same filter.
func FuzzMessageFilter(f *testing.F) {
	for _, seed := range []string{"", "q=a&verdict=dropped", "from=15m&to=2026-01-31", "show=not+accepted", "person=%ff&event=%00", "type=track&rule=x&from=2026-01-31T12:00:00.5%2B01:00", "from=9999999h", "show=n\x01ho\xab\xabt+acc", "verdict=+&show=dropped", "verdict=dropped&event=" + strings.Repeat("x", 1_001)} {
		f.Add(seed)
	}
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		values, _ := url.ParseQuery(text)
		form, query, err := parseMessageFilter(values, now)
		again, same, failed := parseMessageFilter(form.values(), now)
		if form != again || err == nil && query != same {
			t.Errorf("%q is read as %+v %+v, and that as %+v %+v", text, form, query, again, same)
		}
		if err != nil {
			return
		}
		if failed != nil || query.check() != nil {
			t.Errorf("%q is read as %+v, which is refused: %v, %v", text, query, failed, query.check())
		}
		link, failed := url.Parse(form.link("w", "/messages"))
		if failed != nil {
			t.Fatal(failed)
		}
		if form, _, _ = parseMessageFilter(link.Query(), now); form != again {
			t.Errorf("%q: the link %s is read as %+v", text, link, form)
		}
	})
}

// FuzzNeedle finds the contents of a JSON string, escaped or not.
func FuzzNeedle(f *testing.F) {
	f.Add(`{"a":"B\u0063"}`, "bc")
	f.Add(`{"a":"\ud83d\ude00\\n"}`, "\U0001f600\\n")
	f.Add(`"\u00`, "x")
	f.Fuzz(func(t *testing.T, raw, text string) {
		n := newNeedle(text)
		if utf8.ValidString(text) && !n.in(raw) && strings.Contains(raw, text) { // a part of a character is not text
			t.Errorf("%q is not found in %q", text, raw)
		}
		if n.ascii && n.found(raw) != strings.Contains(asciiLower(raw), n.text) {
			t.Errorf("%q in %q: %v", text, raw, n.found(raw))
		}
	})
}

// asciiLower changes the letters A to Z to lower case, and nothing else.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// TestSearchTerms reads the words and phrases of searches.
func TestSearchTerms(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "  ": "", "ann": "+ann", " Ann  bought\tit ": "+ann +bought +it", `"ann bought"`: "+ann bought", `-ann`: "-ann", `-"ann bought" it`: "-ann bought +it",
		"-": "+-", "- ann": "+- +ann", "--ann": "--ann", "a-b": "+a-b", `""`: "", `-""`: "", `"`: `+"`, `"ann`: `+"ann`, `5" nail`: `+5" +nail`, `a"b c"`: `+a"b +c"`,
		`"plan":"pro"`: `+plan":"pro`, `"a b" "c d"`: "+a b +c d", `"a"b c"`: `+a"b c`, `"-5"`: "+-5", `-"x`: `-"x`, `"a b`: `+"a +b`, `"" x`: "+x",
	} {
		s := newSearch(text)
		var got []string
		for _, n := range s.all {
			got = append(got, "+"+n.text)
		}
		for _, n := range s.none {
			got = append(got, "-"+n.text)
		}
		slices.Sort(got)
		wanted := strings.Split(want, " +")
		for i := range wanted[1:] {
			wanted[i+1] = "+" + wanted[i+1]
		}
		slices.Sort(wanted)
		if s.empty() != (want == "") || strings.Join(got, " ") != strings.Join(wanted, " ") {
			t.Errorf("%q is read as %q, want %q", text, got, wanted)
		}
	}
}

// TestSearchLooksForTheRarestFirst checks that words which few messages have
// are first.
func TestSearchLooksForTheRarestFirst(t *testing.T) {
	t.Parallel()
	s := newSearch(`e track 2026-01-31 zebra`)
	if first, last := s.all[0].text, s.all[len(s.all)-1].text; first != "zebra" || last != "e" {
		t.Errorf("first %q, last %q", first, last)
	}
}
