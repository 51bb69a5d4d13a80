package cio

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// idFields returns a message with an id in each field that can contain one.
var idFields = []struct {
	field string
	make  func(id string) Message
}{
	{"userId", func(id string) Message { return Page{UserID: id} }},
	{"userId", func(id string) Message { return Page{UserID: id, AnonymousID: "a1"} }},
	{"userId", func(id string) Message {
		return Identify{UserID: id, Traits: map[string]any{"email": "ann@example.com"}}
	}},
	{"userId", func(id string) Message { return Group{UserID: id, GroupID: "g"} }},
	{"userId", func(id string) Message { return Alias{UserID: id, PreviousID: "p"} }},
	{"userId", func(id string) Message { return DeletePerson{UserID: id} }},
	{"userId", func(id string) Message { return SuppressPerson{UserID: id} }},
	{"userId", func(id string) Message { return SetDevice{UserID: id, Token: "t", Platform: PlatformIOS} }},
	{"anonymousId", func(id string) Message { return Screen{AnonymousID: id} }},
	{"anonymousId", func(id string) Message { return Track{UserID: "u", AnonymousID: id, Event: Named("X", nil)} }},
	{"groupId", func(id string) Message { return Group{GroupID: id} }},
	{"groupId", func(id string) Message { return SetObject{ObjectID: id} }},
	{"groupId", func(id string) Message { return Relate{UserID: "u", ObjectID: id} }},
	{"previousId", func(id string) Message { return Alias{UserID: "u", PreviousID: id} }},
	{"messageId", func(id string) Message { return Page{UserID: "u", MessageID: id} }},
	{"traits.email", func(id string) Message { return Identify{Traits: map[string]any{"email": id}} }},
	{"traits.email", func(id string) Message { return Identify{AnonymousID: "a1", Traits: map[string]any{"email": id}} }},
	{"properties.objectId", func(id string) Message { return DeleteObject{ObjectID: id} }},
	{"properties.objectId", func(id string) Message { return DeleteRelationship{UserID: "u", ObjectID: id} }},
	{"properties.objectId", func(id string) Message {
		return Track{AnonymousID: "a", Event: Named("Object Deleted", map[string]any{"objectId": id})}
	}},
	{"context.device.token", func(id string) Message { return SetDevice{UserID: "u", Token: id, Platform: PlatformAndroid} }},
	{"context.device.token", func(id string) Message { return DeleteDevice{UserID: "u", Token: id} }},
	{"properties.deliveryId", func(id string) Message { return ReportDelivery{DeliveryID: id, Metric: MetricOpened} }},
	{"properties.deliveryId", func(id string) Message { return ReportDelivery{UserID: "u", DeliveryID: id, Metric: MetricOpened} }},
}

// ids lists ids with their rules: the rule of the rejection or of the warning, "" for none.
var ids = []struct {
	id    string
	rules []Rule // the first is RuleBlankID for a rejection; otherwise warnings
}{
	{" ", []Rule{RuleBlankID}},
	{"\t\r\n", []Rule{RuleBlankID}},
	{"\x00", []Rule{RuleBlankID}},
	{"\x7f", []Rule{RuleBlankID}},
	{"\u00a0", []Rule{RuleBlankID}},             // no-break space
	{"\u200b", []Rule{RuleBlankID}},             // zero width space
	{"\ufeff", []Rule{RuleBlankID}},             // byte order mark
	{"\u00ad\u00ad", []Rule{RuleBlankID}},       // soft hyphens
	{"\u2060 \u2063", []Rule{RuleBlankID}},      // word joiner, invisible separator
	{"\u200e\u202b\u2066", []Rule{RuleBlankID}}, // directions
	{"\u2028\u2029\u0085", []Rule{RuleBlankID}}, // line ends
	{"\u3000", []Rule{RuleBlankID}},             // ideographic space
	{"\u200c\u200d", []Rule{RuleBlankID}},       // joiners without letters to join
	{"\u3164", []Rule{RuleBlankID}},             // Hangul filler, a letter to Unicode
	{"\u115f\u1160\uffa0", []Rule{RuleBlankID}},
	{"\u2800", []Rule{RuleBlankID}},     // blank Braille pattern
	{"\U0001d159", []Rule{RuleBlankID}}, // null notehead
	{"\ufe0f", []Rule{RuleBlankID}},     // variation selector
	{"\U000e0100", []Rule{RuleBlankID}},
	{"\U000e0067\U000e007f", []Rule{RuleBlankID}}, // tags
	{"\u034f", []Rule{RuleBlankID}},               // grapheme joiner
	{"\uffff", []Rule{RuleBlankID}},               // no character

	{"u1", nil},
	{"0", nil},
	{"-", nil},
	{"~", nil},
	{"ann@example.com", nil},
	{"Ann Example", nil},
	{"山田", nil},
	{"é", nil},
	{"e\u0301", nil},
	{"\u0301", nil},   // a mark is visible even alone
	{"क्\u200d", nil}, // a joiner that shapes the letter before it
	{"می\u200cخواهم", nil},
	{"می\u200c", nil},
	{"\U0001f469\u200d\U0001f469\u200d\U0001f467", nil},
	{"\u2764\ufe0f", nil},
	{"\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", nil}, // Scotland
	{"\u1160\u11a8", nil},                                                           // Hangul with a filler
	{"\u0600", nil},                                                                 // a format that is drawn
	{"\ue000", nil},                                                                 // private: its look is not known
	{"\u0378", nil},                                                                 // not assigned: a later Unicode may
	{"\ufffd", nil},
	{"a\u200bb", nil},
	{"⠀x", nil}, // begins with a blank symbol

	{" u1", []Rule{RulePaddedID}},
	{"u1\n", []Rule{RulePaddedID}},
	{"u1\x00", []Rule{RulePaddedID}},
	{"u1\u00a0", []Rule{RulePaddedID}},
	{"\ufeffu1", []Rule{RulePaddedID}},
	{"u1\u200b", []Rule{RulePaddedID}},
	{"\u202au1\u202c", []Rule{RulePaddedID}},
	{"\u00ad山田", []Rule{RulePaddedID}},
	{"山田\u3000", []Rule{RulePaddedID}},

	{"null", []Rule{RulePlaceholderID}},
	{"NULL", []Rule{RulePlaceholderID}},
	{"(null)", []Rule{RulePlaceholderID}},
	{"nil", []Rule{RulePlaceholderID}},
	{"<nil>", []Rule{RulePlaceholderID}},
	{"%!s(<nil>)", []Rule{RulePlaceholderID}},
	{"<no value>", []Rule{RulePlaceholderID}},
	{"None", []Rule{RulePlaceholderID}},
	{"nan", []Rule{RulePlaceholderID}},
	{"NaN", []Rule{RulePlaceholderID}},
	{"undefined", []Rule{RulePlaceholderID}},
	{"[object Object]", []Rule{RulePlaceholderID}},
	{`\N`, []Rule{RulePlaceholderID}},
	{"#N/A", []Rule{RulePlaceholderID}},
	{" null\n", []Rule{RulePaddedID, RulePlaceholderID}},

	{"nullable", nil},
	{"Nana", nil},
	{"ni", nil},
	{"[object Objects]", nil},
	{"undefine", nil},
	{"null@example.com", nil},
}

func TestIDs(t *testing.T) {
	t.Parallel()
	for _, c := range ids {
		for _, f := range idFields {
			e, err := Encode(f.make(c.id))
			what := fmt.Sprintf("%+q as %s of a %T", c.id, f.field, f.make(c.id))
			if slices.Contains(c.rules, RuleBlankID) {
				var m *MessageError
				if !errors.As(err, &m) || m.Rule != RuleBlankID || m.Field != f.field || m.Hint == "" || strings.Contains(err.Error(), c.id) && strings.TrimSpace(c.id) != "" {
					t.Errorf("%s: got %v", what, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", what, err)
				continue
			}
			var got []Rule
			for _, w := range e.Warnings() {
				got = append(got, w.Rule)
				if w.Field != f.field || w.Hint == "" || strings.Contains(w.Hint, c.id) && len(c.id) > 2 {
					t.Errorf("%s: warning %+v", what, w)
				}
			}
			if !slices.Equal(got, c.rules) {
				t.Errorf("%s: warnings %v, want %v", what, got, c.rules)
			}
		}
	}
}

// storedIDs are the wire forms of messages with an id in each field.
var storedIDs = []struct{ field, form string }{
	{"userId", `{"type":"page","messageId":"m","timestamp":"2026-01-01T00:00:00Z","userId":%s}`},
	{"anonymousId", `{"type":"page","messageId":"m","timestamp":"2026-01-01T00:00:00Z","userId":"u","anonymousId":%s}`},
	{"groupId", `{"type":"group","messageId":"m","timestamp":"2026-01-01T00:00:00Z","groupId":%s}`},
	{"previousId", `{"type":"alias","messageId":"m","timestamp":"2026-01-01T00:00:00Z","userId":"u","previousId":%s}`},
	{"messageId", `{"type":"page","messageId":%s,"timestamp":"2026-01-01T00:00:00Z","userId":"u"}`},
	{"traits.email", `{"type":"identify","messageId":"m","timestamp":"2026-01-01T00:00:00Z","traits":{"email":%s}}`},
	{"properties.objectId", `{"type":"track","messageId":"m","timestamp":"2026-01-01T00:00:00Z","userId":"u","event":"Relationship Deleted","properties":{"objectId":%s}}`},
	{"properties.objectId", `{"type":"track","messageId":"m","timestamp":"2026-01-01T00:00:00Z","anonymousId":"a","event":"Object Deleted","properties":{"objectId":%s}}`},
	{"context.device.token", `{"type":"track","messageId":"m","timestamp":"2026-01-01T00:00:00Z","userId":"u","event":"Device Deleted","context":{"device":{"token":%s}}}`},
	{"properties.deliveryId", `{"type":"track","messageId":"m","timestamp":"2026-01-01T00:00:00Z","userId":"u","event":"Report Delivery Event","properties":{"metric":"opened","deliveryId":%s}}`},
}

// An id that is read back is judged like one that is encoded, however its text is escaped.
func TestStoredIDs(t *testing.T) {
	t.Parallel()
	for _, c := range ids {
		for _, f := range storedIDs {
			plain, _ := json.Marshal(c.id)
			for _, text := range []string{string(plain), escaped(c.id)} {
				var e Encoded
				err := e.UnmarshalJSON(fmt.Appendf(nil, f.form, text))
				what := fmt.Sprintf("%s as %s", text, f.field)
				if slices.Contains(c.rules, RuleBlankID) {
					var m *MessageError
					if !errors.As(err, &m) || m.Rule != RuleBlankID || m.Field != f.field || strings.Contains(err.Error(), "messages[") {
						t.Errorf("%s: got %v", what, err)
					}
					continue
				}
				var got []Rule
				for _, w := range e.Warnings() {
					got = append(got, w.Rule)
				}
				if err != nil || !slices.Equal(got, c.rules) {
					t.Errorf("%s: %v, warnings %v, want %v", what, err, got, c.rules)
				}
			}
		}
	}
}

// escaped writes every character of a text as an escape.
func escaped(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		if r >= 0x10000 {
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
			continue
		}
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	b.WriteByte('"')
	return b.String()
}

// drawn reports, from Unicode's categories alone, whether everybody can see a character; hidden reports whether nobody can.
func drawn(r rune) bool {
	return unicode.IsPrint(r) && r != ' ' && !ignorable(r)
}

func hidden(r rune) bool {
	return unicode.IsSpace(r) || unicode.In(r, unicode.Z, unicode.Cc) || ignorable(r)
}

func ignorable(r rune) bool {
	switch {
	case r == 0x2800, r == 0x1d159, r == 0x34f, r == 0x115f, r == 0x1160, r == 0x17b4, r == 0x17b5, r == 0x3164, r == 0xffa0, r == 0xad, r == 0x180e:
		return true
	case r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r == 0xfeff, r >= 0xfe00 && r <= 0xfe0f, r >= 0x180b && r <= 0x180f, r >= 0xe0000 && r <= 0xe0fff:
		return true
	}
	return false
}

func judgeID(t *testing.T, id string) {
	t.Helper()
	_, err := Encode(Page{UserID: id, AnonymousID: "a1"})
	var m *MessageError
	errors.As(err, &m)
	refused := m != nil && m.Rule == RuleBlankID
	switch {
	case !utf8.ValidString(id):
		if m == nil || m.Rule != RuleUTF8 && m.Rule != RuleBlankID {
			t.Fatalf("%+q: got %v", id, err)
		}
	case strings.ContainsFunc(id, drawn) && refused:
		t.Fatalf("%+q can be seen and was rejected", id)
	case id != "" && !strings.ContainsFunc(id, func(r rune) bool { return !hidden(r) }) && !refused:
		t.Fatalf("%+q cannot be seen and was accepted", id)
	case err != nil && !refused && len(id) < 5000:
		t.Fatalf("%+q: %v", id, err)
	}
}

// Every character is tested alone, and random texts of several characters.
func TestEveryCharacterAsID(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	pick := func() rune {
		for {
			if c := r.Int32N([]int32{0x80, 0x3000, 0x10000, unicode.MaxRune}[r.IntN(4)] + 1); utf8.ValidRune(c) {
				return c
			}
		}
	}
	for c := rune(0); c <= unicode.MaxRune; c++ {
		if got := blank(string(c)); utf8.ValidRune(c) && (got && drawn(c) || !got && hidden(c)) {
			t.Fatalf("%+q: %t", c, got)
		}
	}
	for range 20_000 {
		var id []rune
		for range 1 + r.IntN(6) {
			id = append(id, pick())
		}
		judgeID(t, string(id))
		judgeID(t, strings.Map(func(c rune) rune { // only the characters that nobody can see
			if hidden(c) {
				return c
			}
			return []rune{' ', '\u200b', '\ufeff', '\u3164', '\t', '\u00a0', '\u2800', '\ufe0f'}[r.IntN(8)]
		}, string(id)))
	}
}

func FuzzID(f *testing.F) {
	for _, c := range ids {
		f.Add(c.id)
		f.Add("a" + c.id)
		f.Add(c.id + "\xff")
	}
	f.Fuzz(judgeID)
}
