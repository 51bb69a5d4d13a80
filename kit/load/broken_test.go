package load

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/internal/jsonvalue"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

const brokenMapping = `
messages:
  - identify:
      userId: $id
      traits: {n: =int(n), f: =float(f), d: =decimal(d), at: =date(at), text: $text, calc: "=(int(n) ?? 0) * 2"}
  - track:
      userId: $id
      event: $event
      timestamp: $ts
      messageId: [$id, $ts]
      properties: {text: $text}
`

var brokenColumns = []string{"id", "n", "f", "d", "at", "ts", "event", "text"}

// goodCells are the cells of a row without errors.
func goodCells(id string) map[string]string {
	return map[string]string{"id": id, "n": "1", "f": "1.5", "d": "2.50", "at": "2021-01-01", "ts": "2021-01-01T00:00:00Z", "event": "Signed Up", "text": "hello"}
}

func csvRow(cells map[string]string) string {
	var fields []string
	for _, c := range brokenColumns {
		field := cells[c]
		if strings.ContainsAny(field, "\",\n") {
			field = `"` + strings.ReplaceAll(field, `"`, `""`) + `"`
		}
		fields = append(fields, field)
	}
	return strings.Join(fields, ",")
}

func jsonRow(cells map[string]string) string {
	var members []string
	for _, c := range brokenColumns {
		text := jsonvalue.AppendText(nil, cells[c])
		members = append(members, `"`+c+`":`+string(text))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// brokenCells are values that a column cannot have.
var brokenCells = []struct{ column, value, rule string }{
	{"id", "", "missing-identity"}, {"id", "a\x00b", source.RuleNULByte}, {"id", "a\xffb", mapping.RuleNotUTF8}, {"id", "\xc0\x80", mapping.RuleNotUTF8}, {"id", "\xed\xa0\x80", mapping.RuleNotUTF8},
	{"id", strings.Repeat("x", 40_000), "message-too-large"},
	{"n", "x", mapping.RuleNotAnInteger}, {"n", "1.5", mapping.RuleNotAnInteger}, {"n", "1e3", mapping.RuleNotAnInteger}, {"n", "1,000", mapping.RuleNotAnInteger}, {"n", " 1", mapping.RuleNotAnInteger}, {"n", "1 ", mapping.RuleNotAnInteger},
	{"n", "0x1f", mapping.RuleNotAnInteger}, {"n", "--1", mapping.RuleNotAnInteger}, {"n", "+", mapping.RuleNotAnInteger}, {"n", "9223372036854775808", mapping.RuleOutOfRange}, {"n", "-9223372036854775809", mapping.RuleOutOfRange},
	{"n", strings.Repeat("9", 5000), mapping.RuleOutOfRange}, {"n", "true", mapping.RuleNotAnInteger}, {"n", "NULL", mapping.RuleNotAnInteger}, {"n", "1\x00", source.RuleNULByte}, {"n", "1\xff", mapping.RuleNotUTF8}, {"n", "one\n2", mapping.RuleNotAnInteger},
	{"f", "x", mapping.RuleNotANumber}, {"f", "NaN", mapping.RuleNotANumber}, {"f", "Inf", mapping.RuleNotANumber}, {"f", "-infinity", mapping.RuleNotANumber}, {"f", "1e400", mapping.RuleOutOfRange}, {"f", "1e-400", mapping.RuleLossy},
	{"f", "9007199254740993", mapping.RuleLossy}, {"f", "0.1000000000000000000001", mapping.RuleLossy}, {"f", "1,5", mapping.RuleNotANumber}, {"f", "1.5.1", mapping.RuleNotANumber}, {"f", "1e", mapping.RuleNotANumber}, {"f", "0x1p-2", mapping.RuleNotANumber},
	{"f", "$5", mapping.RuleNotANumber}, {"f", "5%", mapping.RuleNotANumber}, {"f", "1_0", mapping.RuleNotANumber}, {"f", strings.Repeat("1", 1000), mapping.RuleNotANumber},
	{"d", "x", mapping.RuleNotANumber}, {"d", "1e5", mapping.RuleNotANumber}, {"d", "1E999999999", mapping.RuleNotANumber}, {"d", "12,50", mapping.RuleNotANumber}, {"d", "12.", mapping.RuleNotANumber}, {"d", "nan", mapping.RuleNotANumber},
	{"d", "(12.50)", mapping.RuleNotANumber}, {"d", "12.50-", mapping.RuleNotANumber}, {"d", strings.Repeat("3", 500), mapping.RuleNotANumber}, {"d", "\u0661\u0662", mapping.RuleNotANumber},
	{"at", "x", mapping.RuleNotADate}, {"at", "2021-02-30", mapping.RuleNotADate}, {"at", "2021-00-10", mapping.RuleNotADate}, {"at", "2021-13-01", mapping.RuleNotADate}, {"at", "2021-1-1", mapping.RuleNotADate}, {"at", "01/02/2021", mapping.RuleNotADate},
	{"at", "21-01-01", mapping.RuleNotADate}, {"at", "1609459200", mapping.RuleNotADate}, {"at", "2021-01-01 25:00:00", mapping.RuleNotADate}, {"at", "2021-01-01 10:61:00", mapping.RuleNotADate}, {"at", "2021-01-01T10:00:60Z", mapping.RuleNotADate},
	{"at", "2021-01-01T10:00:00+99:00", mapping.RuleNotADate}, {"at", "2021-01-01T10:00:00.1234567891Z", mapping.RuleNotADate}, {"at", "2021-01-01T10:00:00.Z", mapping.RuleNotADate}, {"at", "0000-00-00", mapping.RuleNotADate},
	{"at", "0000-01-01T00:00:00+01:00", mapping.RuleNotADate}, {"at", "99999-01-01", mapping.RuleNotADate}, {"at", "tomorrow", mapping.RuleNotADate}, {"at", "2021-01-01T10:00:00 CEST", mapping.RuleNotADate}, {"at", "2021-01-01\x00", source.RuleNULByte},
	{"ts", "1609459200", mapping.RuleNotADate}, {"ts", "0001-01-01T00:00:00Z", mapping.RuleNotADate}, {"ts", "yesterday", mapping.RuleNotADate}, {"ts", "2021-02-29T00:00:00Z", mapping.RuleNotADate},
	{"event", "", "missing-event"}, {"event", "  ", "missing-event"}, {"event", "a\x00", source.RuleNULByte}, {"event", "\xff\xfe", mapping.RuleNotUTF8},
	{"text", "\xff", mapping.RuleNotUTF8}, {"text", "caf\xe9", mapping.RuleNotUTF8}, {"text", strings.Repeat("x", 32_001), "message-too-large"}, {"text", strings.Repeat("\x01", 6_000), "message-too-large"}, {"text", "x\xf8\x88\x80\x80\x80", mapping.RuleNotUTF8},
}

// brokenCSV are lines that are not valid CSV rows. Each costs only that line.
var brokenCSV = []struct{ line, rule string }{
	{"short", source.RuleFieldCount}, {"1,2,3,4,5,6,7", source.RuleFieldCount}, {"1,2,3,4,5,6,7,8,9", source.RuleFieldCount}, {",,,,,,,,,,,,,,,", source.RuleFieldCount}, {" ", source.RuleFieldCount},
	{"\x00", source.RuleFieldCount}, {`b"ad,1,1,1,,,E,x`, source.RuleStrayQuote}, {`"bad"x,1,1,1,,,E,x`, source.RuleStrayQuote}, {`"ba"d",1,1,1,,,E,x`, source.RuleStrayQuote},
	{`bad,1,1,1,,,E,x"`, source.RuleStrayQuote}, {"1;2;3;4;5;6;7;8", source.RuleFieldCount}, {"1\t2\t3", source.RuleFieldCount}, {`{"id":"1"}`, source.RuleStrayQuote}, {"id", source.RuleFieldCount},
	{"\xef\xbb\xbfx", source.RuleFieldCount}, {"x\ry", source.RuleFieldCount}, {`bad,1,1,1,,,E,"x`, source.RuleUnclosedQuote}, {strings.Repeat("y", 1<<20+1), source.RuleRowTooLong},
}

// brokenJSON are lines that are not JSON objects, or whose values have types that the mapping does not accept.
var brokenJSON = []struct{ line, rule string }{
	{`{"id":"1"`, source.RuleNotJSON}, {`{"id":1,}`, source.RuleNotJSON}, {`{'id':1}`, source.RuleNotJSON}, {`{id:1}`, source.RuleNotJSON}, {`{"id":01}`, source.RuleNotJSON}, {`{"id":NaN}`, source.RuleNotJSON},
	{`{"id":1} {"id":2`, source.RuleNotJSON}, {`{"id":1},`, source.RuleNotJSON}, {`[{"id":1}]`, source.RuleNotObject}, {`"x"`, source.RuleNotObject}, {`1`, source.RuleNotObject}, {`null`, source.RuleNotObject}, {`x`, source.RuleNotJSON},
	{"{\"id\":\"a\tb\"}", source.RuleNotJSON}, {`{"id":"\x"}`, source.RuleNotJSON}, {`{"id":"` + strings.Repeat("x", 1<<20) + `"}`, source.RuleRowTooLong}, {strings.Repeat(`[`, 20_000), source.RuleNotJSON},
	{`{"id":true,"event":"E"}`, mapping.RuleNotText}, {`{"id":{},"event":"E"}`, mapping.RuleNotText}, {`{"id":[1],"event":"E"}`, mapping.RuleNotText}, {`{"id":1.5,"event":"E"}`, mapping.RuleNotText}, {`{"id":"\ud800","event":"E"}`, mapping.RuleNotUTF8},
	{`{"id":"1","event":7.5}`, mapping.RuleNotText}, {`{"id":"1","n":true,"event":"E"}`, mapping.RuleNotText}, {`{"id":"1","n":1.0,"event":"E"}`, mapping.RuleNotAnInteger}, {`{"id":"1","n":{},"event":"E"}`, mapping.RuleNotText},
	{`{"id":"1","f":12345678901234567890,"event":"E"}`, mapping.RuleLossy}, {`{"id":"1","d":1e2,"event":"E"}`, mapping.RuleNotANumber}, {`{"id":"1","at":1609459200,"event":"E"}`, mapping.RuleNotADate},
	{`{"id":"1","ts":1609459200,"event":"E"}`, mapping.RuleNotADate}, {`{"id":"1","ts":false,"event":"E"}`, mapping.RuleNotText}, {`{"id":"a\u0000","event":"E"}`, mapping.RuleNUL}, {"{\"id\":\"1\",\"text\":\"\xff\",\"event\":\"E\"}", mapping.RuleNotUTF8},
	{`{"id":"1","n":"1e3","event":"E"}`, mapping.RuleNotAnInteger},
}

// A file with every kind of broken row between good ones: every bad line is named with its rule, every good one is accepted, and the API received
// nothing that it would have dropped.
func TestBrokenRows(t *testing.T) {
	t.Parallel()
	type bad struct{ text, rule string }
	files := map[string]struct {
		begin string
		good  func(map[string]string) string
		bad   []bad
	}{}
	var inCSV, inJSON []bad
	for _, c := range brokenCells {
		cells := goodCells("bad")
		cells[c.column] = c.value
		inCSV = append(inCSV, bad{csvRow(cells), c.rule})
	}
	for _, c := range brokenCSV {
		inCSV = append(inCSV, bad{c.line, c.rule})
	}
	for _, c := range brokenJSON {
		inJSON = append(inJSON, bad{c.line, c.rule})
	}
	// At the end, because nothing after it could close it.
	inCSV = append(inCSV, bad{`bad,1,1,1,,,E,"x`, source.RuleUnclosedQuote})
	files["csv"] = struct {
		begin string
		good  func(map[string]string) string
		bad   []bad
	}{strings.Join(brokenColumns, ",") + "\n", csvRow, inCSV}
	files["jsonl"] = struct {
		begin string
		good  func(map[string]string) string
		bad   []bad
	}{"", jsonRow, inJSON}

	if n := len(inCSV) + len(inJSON); n < 100 {
		t.Errorf("only %d kinds", n)
	}
	for name, f := range files {
		t.Run(name, func(t *testing.T) {
			var in strings.Builder
			in.WriteString(f.begin)
			want := make(map[int64]bad)
			good := 0
			for _, b := range f.bad {
				in.WriteString(f.good(goodCells(fmt.Sprintf("good%d", good))) + "\n")
				good++
				want[int64(1+strings.Count(in.String(), "\n"))] = b
				in.WriteString(b.text + "\n")
			}
			in.WriteString(f.good(goodCells(fmt.Sprintf("good%d", good))) + "\n")
			good++

			client, server := emulated(t, cio.Config{})
			var rejects bytes.Buffer
			s, err := Run(t.Context(), Job{Source: mustSource(t, in.String(), source.Config{Format: source.Format(name), Encoding: "utf-8"}), Mapping: mustMapping(t, brokenMapping), Client: client, Rejects: &rejects})
			if err != nil {
				t.Fatal(err)
			}
			checkSum(t, s)
			if s.Accepted != int64(2*good) || s.RowsRejected != int64(len(f.bad)) || s.Rows != int64(good+len(f.bad)) || s.RejectedByAPI+s.Unsent != 0 {
				t.Errorf("%s; want %d good and %d bad rows", counts(s), good, len(f.bad))
			}
			d := json.NewDecoder(&rejects)
			for d.More() {
				var r Reject
				if err := d.Decode(&r); err != nil {
					t.Fatal(err)
				}
				b, ok := want[r.Line]
				if !ok || r.Rule != b.rule || r.Hint == "" || r.Row == "" && r.RowBase64 == "" {
					t.Errorf("line %d is named for %s (%s), want %s: %.80q", r.Line, r.Rule, r.Hint, b.rule, b.text)
				}
				delete(want, r.Line)
			}
			for line, b := range want {
				t.Errorf("line %d is not named: %s, %.80q", line, b.rule, b.text)
			}
			for i := range good {
				if p, err := server.Person("", fmt.Sprintf("good%d", i)); err != nil || len(p.Events) != 1 || string(p.Traits["d"]) != "2.50" {
					t.Errorf("good%d: %+v, %v", i, p, err)
				}
			}
			for _, verdict := range []emulator.Verdict{emulator.VerdictDropped, emulator.VerdictRejected} {
				if records, err := server.Messages(emulator.MessagesQuery{Verdict: verdict}); err != nil || len(records.Messages) != 0 {
					t.Errorf("%s: %+v, %v", verdict, records, err)
				}
			}
		})
	}
}

// Files that are broken as a whole are refused before anything is sent.
func TestBrokenFiles(t *testing.T) {
	t.Parallel()
	header := strings.Join(brokenColumns, ",")
	tests := []struct{ name, in, want string }{
		{"no header", "1,1,1.5,2.50,2021-01-01,2021-01-01T00:00:00Z,E,x\n", `has no column "id"`},
		{"empty", "", "the input is empty"},
		{"only line ends", "\n\n\r\n", "the input is empty"},
		{"a column twice", header + ",id\n", `2 columns named "id"`},
		{"a column in another case", strings.ToUpper(header) + "\n", "write ID"},
		{"an unclosed quote in the header", `"` + header + "\n", "unclosed-quote"},
		{"a stray quote in the header", `i"d,` + header + "\n", "stray-quote"},
		{"a header that is not UTF-8", header + ",\xe9\n", "not UTF-8"},
		{"gzip", "\x1f\x8b\x08\x00\x00\x00\x00\x00", "gzip"},
		{"a spreadsheet", "PK\x03\x04\x14\x00", "spreadsheet"},
		{"NULs", strings.Repeat("\x00", 100), "contains a NUL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client := new(fakeClient)
			s, err := Run(t.Context(), Job{Source: mustSource(t, tt.in, source.Config{Format: source.FormatCSV}), Mapping: mustMapping(t, brokenMapping), Client: client})
			var mapping *mapping.Error
			var format *source.FormatError
			if !errors.As(err, &mapping) && !errors.As(err, &format) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if s.Rows != 0 || client.calls != 0 {
				t.Errorf("%s, %d calls", counts(s), client.calls)
			}
		})
	}
	// A header alone is a file without rows, with every delimiter.
	for _, delimiter := range []string{",", ";", "\t", "|"} {
		text := strings.ReplaceAll(header, ",", delimiter) + "\n"
		s, err := Run(t.Context(), Job{Source: mustSource(t, text, source.Config{}), Mapping: mustMapping(t, brokenMapping), Client: new(fakeClient)})
		if err != nil || s.Rows != 0 || !s.Complete {
			t.Errorf("a header alone with %q: %v, %+v", delimiter, err, s)
		}
	}
	// The user has given another delimiter than the file shows.
	_, err := Run(t.Context(), Job{Source: mustSource(t, strings.ReplaceAll(header, ",", ";")+"\n", source.Config{Format: source.FormatCSV, Delimiter: ','}), Mapping: mustMapping(t, brokenMapping), Client: new(fakeClient)})
	if err == nil || !strings.Contains(err.Error(), "--delimiter ';'") {
		t.Errorf("a header with another delimiter than was said: %v", err)
	}
}
