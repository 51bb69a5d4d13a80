package mapping

import (
	"errors"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

var shopColumns = []source.Column{{Name: "id", Kind: source.KindText}, {Name: "first name", Kind: source.KindText}, {Name: "plan", Kind: source.KindText},
	{Name: "Order Date", Kind: source.KindText}, {Name: "amount", Kind: source.KindText}, {Name: "twice", Kind: source.KindText}, {Name: "twice", Kind: source.KindText}}

// Each wrong mapping is reported at the wrong place, with what to write instead.
func TestWrongMappings(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, yaml, want string }{
		{"empty", "", "m.yaml: the mapping is empty; begin with the line \"messages:\""},
		{"no messages", "message:\n  - identify: {userId: $id}\n", "m.yaml:1:1: there is no key \"message\"; write messages"},
		{"messages is not a list", "messages:\n  identify: {userId: $id}\n", "m.yaml:2:3: messages: messages is a mapping, not a list of messages; write each message as an item that begins with a dash, such as - identify:"},
		{"unknown type", "messages:\n  - identfy: {userId: $id}\n", "m.yaml:2:5: messages[0]: there is no type of message \"identfy\"; write identify"},
		{"unknown field", "messages:\n  - identify:\n      userID: $id\n      trait: {a: $id}\n", "m.yaml:3:7: messages[0].identify: identify has no field \"userID\"; write userId\n" +
			"m.yaml:4:7: messages[0].identify: identify has no field \"trait\"; write traits\n" +
			"m.yaml:3:7: messages[0].identify: identify needs userId, or the trait email; add userId: $COLUMN, with the name of the column that has the person's id"},
		{"two messages in an item", "messages:\n  - identify: {userId: $id}\n    page: {userId: $id}\n", "m.yaml:3:5: messages[0]: there are two messages in one item, identify and page; begin a new item with a dash"},
		{"event is missing", "messages:\n  - track: {userId: $id}\n", "m.yaml:2:12: messages[0].track: track needs event; add event: and the event's name"},
		{"nobody", "messages:\n  - page: {name: $plan}\n", "m.yaml:2:11: messages[0].page: page needs userId or anonymousId; add userId: $COLUMN, with the name of the column that has the person's id"},
		{"twice the same key", "messages:\n  - identify: {userId: $id, userId: $plan}\n", "m.yaml:2:29: messages[0].identify: the key \"userId\" is there twice; keep one of them"},
		{"two documents", "messages: []\n---\nmessages: []\n", "m.yaml:2:1: there is more than one YAML document; keep one, and remove the line ---"},
		{"missing column", "messages:\n  - identify: {userId: $ID}\n", "m.yaml:2:24: messages[0].identify.userId: the input has no column \"ID\"; write id; the columns are id, first name, plan, Order Date, amount, twice, twice"},
		{"missing column in an expression", "messages:\n  - identify: {userId: $id, traits: {n: =int(amonut) + 1}}\n", "m.yaml:2:41: messages[0].identify.traits.n: the input has no column \"amonut\"; write amount; the columns are id, first name, plan, Order Date, amount, twice, twice"},
		{"ambiguous column", "messages:\n  - identify: {userId: $twice}\n", "m.yaml:2:24: messages[0].identify.userId: the input has 2 columns named \"twice\"; rename one in the file, or name all columns with --skip-rows 1 --columns '...'"},
		{"a column with a space", "messages:\n  - identify: {userId: $first name}\n", "m.yaml:2:24: messages[0].identify.userId: \"$first name\" names no column; write $name, or $[\"any name\"]; $$ begins a text that begins with $"},
		{"a type error", "messages:\n  - identify:\n      userId: $id\n      traits: {n: =amount * 2}\n", "m.yaml:4:19: messages[0].identify.traits.n: the expression is wrong: * cannot be used between text and a whole number, at character 8; every column of CSV is text: convert it with int or float"},
		{"a misspelt function", "messages:\n  - identify:\n      userId: $id\n      traits: {n: =flaot(amount)}\n", "m.yaml:4:19: messages[0].identify.traits.n: the expression is wrong: there is no function flaot, at character 1; did you mean float?"},
		{"an expression that does not parse", "messages:\n  - identify:\n      userId: $id\n      traits: {n: \"=int(amount\"}\n", "m.yaml:4:19: messages[0].identify.traits.n: the expression ends too early, at character 10: the \"(\" at character 4 has no \")\""},
		{"a comma in braces", "messages:\n  - identify:\n      userId: $id\n      traits: {n: =max(amount, 5)}\n", "m.yaml:4:19: messages[0].identify.traits.n: the expression ends too early, at character 10: the \"(\" at character 4 has no \")\"; " + commaHint},
		{"an expression that ends too early", "messages:\n  - identify:\n      userId: $id\n      traits:\n        n: =int($amount) +\n", "m.yaml:5:12: messages[0].identify.traits.n: the expression ends too early, at character 14: something is missing after +"},
		{"a comment in an expression", "messages:\n  - identify:\n      userId: $id\n      traits:\n        n: =amount + \" #\"\n", "m.yaml:5:12: messages[0].identify.traits.n: the expression ends too early, at character 10: the text that begins with \" at character 10 has no closing quote; " + hashHint},
		{"a tab", "messages:\n\t- identify: {userId: $id}\n", "m.yaml:2:1: this is not YAML: a value cannot begin with this character; indent the line with spaces: YAML does not allow tabs"},
		{"a colon in an expression", "messages:\n  - identify:\n      userId: $id\n      traits:\n        n: =plan == \"a\" ? 1 : 0\n", "m.yaml:5:29: this is not YAML: \": \" cannot be here; put a value that contains \": \" in quotes, such as '=plan == \"pro\" ? 1 : 0'; if there is no such value, " + indentHint},
		{"a layout of another language", "messages:\n  - identify:\n      userId: $id\n      traits:\n        at: =date($[\"Order Date\"], \"YYYY-MM-DD\")\n", "m.yaml:5:13: messages[0].identify.traits.at: the layout \"YYYY-MM-DD\" does not contain year, month and day; write how 2 January 2006, 15:04:05 would look, such as \"02.01.2006 15:04\", or one of RFC3339, RFC1123, RFC1123Z, ANSIC, UnixDate, RubyDate, DateTime, DateOnly, unix, unix_ms, unix_us, excel; the layouts are those of Go's package time; zones are names such as Europe/Berlin"},
		{"a number as time", "messages:\n  - track: {userId: $id, event: E, timestamp: =int(amount)}\n", "m.yaml:2:47: messages[0].track.timestamp: timestamp must be a time, not a number; " + timestampHint},
		{"a literal number as time", "messages:\n  - track: {userId: $id, event: E, timestamp: 1609459200}\n", "m.yaml:2:47: messages[0].track.timestamp: timestamp must be a time; " + timestampHint},
		{"traits are text", "messages:\n  - identify: {userId: $id, traits: $plan}\n", "m.yaml:2:37: messages[0].identify.traits: traits must be an object, and a CSV column is text; write names and values below it, such as plan: $plan"},
		{"an id that is a list", "messages:\n  - identify: {userId: [$id]}\n", "m.yaml:2:24: messages[0].identify.userId: userId must be text, not an object or a list; give a column, such as $id"},
		{"an id that is true", "messages:\n  - identify: {userId: true}\n", "m.yaml:2:24: messages[0].identify.userId: userId must be text, not true or false; give a column, such as $id, or text in quotes"},
		{"a number that JSON does not have", "messages:\n  - identify: {userId: $id, traits: {zip: 0123, inf: .inf}}\n", "m.yaml:2:43: messages[0].identify.traits.zip: \"0123\" is a number in YAML but not in JSON; write it as decimal digits with an optional point, or in quotes if it is text\n" +
			"m.yaml:2:54: messages[0].identify.traits.inf: \".inf\" is a number in YAML but not in JSON; write it as decimal digits with an optional point, or in quotes if it is text"},
		{"null for a column that is not used", "messages:\n  - identify: {userId: $id, traits: {plan: $plan}}\n    null: [paln]\n", "m.yaml:3:12: messages[0].null[0]: no value of this identify comes from the column \"paln\"; write plan"},
		{"a name that begins with a dollar", "messages:\n  - identify: {userId: $id, traits: {$plan: x}}\n", "m.yaml:2:38: messages[0].identify.traits: the name \"$plan\" begins with $; names are literal; write $$plan for a name that begins with $"},
		{"the same id twice", "messages:\n  - page: {userId: $id, messageId: $id}\n  - page: {userId: $id, messageId: $id}\n", "m.yaml:3:36: messages[1].page.messageId: two messages have the same messageId; write it as a list, such as messageId: [$id]; then each message gets its own id"},
		{"nothing is read", "messages:\n  - page: {userId: me}\n", "m.yaml: the mapping reads no column: every row would become the same messages; name a column, such as userId: $customer_id"},
		{"an alias to itself", "messages: &m\n  - *m\n", "the alias means a value that it is a part of"},
		{"the whole row", "messages:\n  - identify: {userId: $id, traits: \"=$env\"}\n", "m.yaml:2:37: messages[0].identify.traits: $ and $env mean the whole row; name a column: $[\"any name\"]"},
		{"another tag", "messages:\n  - identify: {userId: !secret x}\n", "m.yaml:2:24: messages[0].identify.userId: the tag !secret has no meaning here; remove the tag"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := Parse("m.yaml", []byte(tt.yaml))
			if err == nil {
				_, err = m.Compile(shopColumns, false)
			}
			var wrong *Error
			if !errors.As(err, &wrong) {
				t.Fatalf("got %v, want an Error", err)
			}
			if got := err.Error(); got != tt.want && !(tt.name == "an alias to itself" && strings.Contains(got, tt.want)) && !strings.HasPrefix(got, tt.want+"\n") {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// A few kilobytes of aliases do not become billions of values.
func TestAliasesAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("a: &a {k: v}\n")
	for c := 'b'; c < 'n'; c++ {
		b.WriteString(strings.ReplaceAll("x: &x {1: *y, 2: *y, 3: *y, 4: *y, 5: *y, 6: *y, 7: *y, 8: *y, 9: *y}\n", "x", string(c)))
		s := strings.ReplaceAll(b.String(), "*y", "*"+string(c-1))
		b.Reset()
		b.WriteString(s)
	}
	b.WriteString("messages:\n  - identify: {userId: $id, traits: *m}\n")
	_, err := Parse("m.yaml", []byte(b.String()))
	if err == nil || !strings.Contains(err.Error(), "more than 10000 values") {
		t.Errorf("got %v", err)
	}
}

// FuzzMapping checks that no YAML makes the parser or the compiler panic, and that every problem has a text.
func FuzzMapping(f *testing.F) {
	f.Add("messages:\n  - identify: &a {userId: $id, traits: {x: =int(a), <<: *a}}\n    null: [id]\n")
	f.Add("messages:\n- track: {userId: $id, event: E, timestamp: =date(t, \"unix\"), messageId: [$id], properties: {a: [1, ~, .5, 0x1]}}\n")
	f.Add("messages: [{page: {userId: '=let x = a; $[\"b\"] + $env[\"c\"]'}}]")
	f.Add("%YAML 1.2\n---\n!!map {? [a] : b}\n...\n---\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Parse("m.yaml", []byte(text))
		if err == nil {
			if m.Messages() == 0 {
				t.Fatalf("%q has no messages", text)
			}
			if _, err = m.Compile(nil, false); err == nil {
				_, err = m.Compile(shopColumns, false)
			}
		}
		if err == nil {
			return
		}
		var wrong *Error
		if !errors.As(err, &wrong) || len(wrong.Problems) == 0 {
			t.Fatalf("%q: %v", text, err)
		}
		for _, p := range wrong.Problems {
			if p.What == "" {
				t.Fatalf("%q: a problem without words at %d:%d", text, p.Line, p.Column)
			}
		}
	})
}

// An unknown type of message never gets another type as advice that only is spelt like it.
func TestSuggestKind(t *testing.T) {
	for name, want := range map[string]string{
		"delete": "write one of delete_person, delete_device, delete_object, delete_relationship", "suppress": "write suppress_person", "deleteperson": "write delete_person",
		"identfy": "write identify", "order": "write one of ", "zzz": "use one of identify, ",
	} {
		if got := suggestKind(name); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s; want %s", name, got, want)
		}
	}
}
