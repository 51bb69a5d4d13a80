package mapping

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// An expression that is recognized as a column, or as a conversion of one, gives without the interpreter what the interpreter gives.
func TestShortcutsAgreeWithInterpreter(t *testing.T) {
	t.Parallel()
	columns := []source.Column{{Name: "id", Kind: source.KindText}, {Name: "a b", Kind: source.KindText}}
	expressions := []string{`$["a b"]`, `int($["a b"])`, `float($["a b"])`, `decimal($["a b"])`, `date($["a b"])`, `date($["a b"], "unix", "02.01.2006")`, `date($["a b"], "RFC1123")`}
	texts := []string{"", "0", "-0", "+1", "007", "12.00", "-.50", "1e3", "9007199254740993", "1e400", "NaN", "x", " 1", "2021-01-01", "2021-01-01 10:00:00.120+02", "31.12.2021",
		"1609459200", "2021-02-30", "Fri, 31 Dec 2021 14:00:00 CEST", "a\"b\\c\n\x00", "\xff", "9223372036854775808", "12345678901234567890.12"}
	const near = "9007199254740991 9007199254740992 -9007199254740993 9007199254740993.0 9007199254740992.5 9.007199254740993e15 9223372036854775807 -9223372036854775808 18446744073709551616"
	texts = append(texts, strings.Fields(near)...)
	var cells []source.Cell
	for _, s := range texts {
		cell := source.Cell{Kind: source.KindText, Bytes: []byte(s)}
		if s == "" {
			cell = source.Cell{}
		}
		cells = append(cells, cell)
	}
	var json []source.Cell
	values := []string{`""`, `"12.00"`, `12.00`, `-0`, `1e3`, `9007199254740993`, `true`, `{"x":[1]}`, `[null]`, `"\u00e9\ud834\udd1e"`, `"\ud800"`, `"2021-01-01"`, `1609459200`, `123456789012345678901234567890.5`}
	for _, s := range append(values, strings.Fields(near)...) {
		json = append(json, source.Cell{Kind: source.KindJSON, Bytes: []byte(s)})
	}
	json = append(json, source.Cell{})

	for _, text := range expressions {
		m := mustMapping(t, "messages:\n  - identify: {userId: $id, traits: {x: '="+text+"'}}\n")
		for kind, cells := range map[source.Kind][]source.Cell{source.KindText: cells, source.KindJSON: json} {
			header := columns
			if kind == source.KindJSON {
				header = nil
			}
			fast, err := m.Compile(header, false)
			if err != nil {
				t.Fatal(err)
			}
			c := &compilation{columns: header, kind: kind, slots: map[string]int{"id": 0, "a b": 1}, interpretAll: true, sources: make(map[string]string)}
			slow := c.value(m.messages[0].fields[fieldTraits], "traits")
			if len(c.problems) > 0 {
				t.Fatal(c.problems)
			}
			if _, ok := slow.(object).items[0].(computed); !ok {
				t.Fatalf("%s is not interpreted", text)
			}
			if _, ok := fast.messages[0].body.(object).items[0].(computed); ok {
				t.Fatalf("%s is interpreted", text)
			}
			for _, cell := range cells {
				r := &row{cells: []source.Cell{{Kind: kind, Bytes: []byte(`"1"`)}, cell}, in: newInterpreter(fast.columns)}
				a, aOK, aErr := fast.messages[0].body.appendJSON(nil, r)
				b, bOK, bErr := slow.appendJSON(nil, r)
				want, got := fmt.Sprintf("%s %v %v", a, aOK, aErr), fmt.Sprintf("%s %v %v", b, bOK, bErr)
				if kind == source.KindJSON && text == expressions[0] { // a value that is passed through keeps its escapes
					want = strings.Replace(want, `\u00e9\ud834\udd1e`, "\u00e9\U0001d11e", 1)
				}
				if want != got {
					t.Errorf("%s of %s %q: %s, interpreted %s", text, kind, cell.Bytes, want, got)
				}
			}
		}
	}
}
