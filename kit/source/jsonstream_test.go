package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// jsonForms write the same objects in all forms that programs use. Each returns the text, and the line on which each object begins.
var jsonForms = []struct {
	name  string
	path  string
	write func(objects []string) (text string, lines []int64)
	// cut says that the text can be cut off unnoticed, at the end of an object.
	cut bool
}{
	{"JSON Lines", "", between("", "\n", "\n", ""), true},
	{"JSON Lines without a last line end", "", between("", "\n", "", ""), true},
	{"CRLF and blank lines", "", between("\r\n", "\r\n\r\n", "\r\n", ""), true},
	{"CR alone", "", between("", "\r", "\r", ""), true},
	{"one after the other", "", between("", "", "", ""), true},
	{"with spaces between them", "", between("", "  ", "", ""), true},
	{"record separators", "", between("\x1e", "\n\x1e", "\n", ""), true},
	{"over lines", "", between("", "\n", "\n", "\n"), true},
	{"over lines that end with CRLF", "", between("", "\r\n", "\r\n", "\r\n"), true},
	{"over lines that end with CR", "", between("", "\r", "\r", "\r"), true},
	{"over lines, one after the other", "", between("", "", "", "\n"), true},
	{"the first on one line", "", func(objects []string) (string, []int64) {
		text, lines := between("", "\n", "\n", "\n")(objects[1:])
		for i := range lines {
			lines[i]++
		}
		return objects[0] + "\n" + text, append([]int64{1}, lines...)
	}, true},
	{"a list", "", between("[", ",", "]", ""), false},
	{"a list over lines", "", between("[\n", ",\n", "\n]\n", "\n"), false},
	{"a list with an object a line", "", between("[", ",\n", "]", ""), false},
	{"a list with commas before", "", between("[\r\n", "\r\n,", "\r\n]", ""), false},
	{"in an object", "data", between(`{"data":[`, ",", `],"next":null}`, ""), false},
	{"in an object over lines", "result.rows", between("{\n\"n\": [1, {\"rows\": [{}]}],\n\"result\": {\n\"rows\": [\n", ",\n", "\n],\n\"x\": {}}\n}\n", "\n"), false},
	{"in an object for each", "/a~1b", between(`{"x":[{"q":1}],"a/b":`, "}\n{\"a/b\":", "}", ""), true},
	{"in lists of pages", "$.data[*]", func(objects []string) (string, []int64) {
		text, lines := between(`{"data":[`, "]}\n{\"more\":true,\"data\":[", "]}\n{\"data\":[]}\n{\"data\":null}\n", "")(objects)
		return text, lines
	}, true},
}

// between writes objects with the given text around and between them, and with line ends within them.
func between(before, mid, after, within string) func([]string) (string, []int64) {
	return func(objects []string) (string, []int64) {
		var b strings.Builder
		var lines []int64
		b.WriteString(before)
		for i, o := range objects {
			if i > 0 {
				b.WriteString(mid)
			}
			s := b.String()
			lines = append(lines, 1+int64(strings.Count(s, "\n")+strings.Count(s, "\r")-strings.Count(s, "\r\n")))
			if within != "" {
				var wide bytes.Buffer
				if err := json.Indent(&wide, []byte(o), "", "\t"); err != nil {
					panic(err)
				}
				o = strings.ReplaceAll(wide.String(), "\n", within)
			}
			b.WriteString(o)
		}
		b.WriteString(after)
		return b.String(), lines
	}
}

var jsonObjects = []string{`{"id":1,"n":"a"}`, `{"id":2.50,"n":{"x":["}",{"id":9}],"y":"\"{["}}`, `{"n":null,"id":123456789012345678901234567890}`, `{"id":"\u00e9\\","n":[[],{}]}`, `{"id":5,"n":-0.0e-1}`}

// compactRows returns the cells of rows without blanks.
func compactRows(t *testing.T, rows []readRow) (got []string) {
	t.Helper()
	for _, r := range rows {
		line := fmt.Sprintf("%d %s", r.line, r.rule)
		for _, cell := range r.cells {
			var b bytes.Buffer
			if cell != "-" && json.Compact(&b, []byte(cell)) == nil {
				cell = b.String()
			}
			line += " " + cell
		}
		got = append(got, line)
	}
	return got
}

// Objects in all forms are read to the same rows, with the lines on which they begin, however the data arrives. A file that is cut off is an error,
// unless that cannot be seen.
func TestFormsOfJSON(t *testing.T) {
	t.Parallel()
	for _, form := range jsonForms {
		text, lines := form.write(jsonObjects)
		var want []string
		for i, o := range jsonObjects {
			var v struct{ ID, N json.RawMessage }
			if err := json.Unmarshal([]byte(o), &v); err != nil {
				t.Fatal(err)
			}
			if string(v.N) == "null" {
				v.N = json.RawMessage("-")
			}
			want = append(want, fmt.Sprintf("%d  %s %s", lines[i], v.ID, v.N))
		}
		cfg := Config{Format: FormatJSONLines, JSONPath: form.path}
		for name, r := range map[string]io.Reader{"": strings.NewReader(text), "in bytes": iotest.OneByteReader(strings.NewReader(text)), "in halves": iotest.HalfReader(strings.NewReader(text)), "with a mark": strings.NewReader("\xef\xbb\xbf" + text),
			"compressed": bytes.NewReader(gzipped(t, text))} {
			_, rows, err := readAll(t, r, cfg, "id", "n")
			if got := compactRows(t, rows); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s %s: %v\n%q\ngot  %q\nwant %q", form.name, name, err, text, got, want)
			}
		}
		for cut := range len(text) {
			_, rows, err := readAll(t, strings.NewReader(text[:cut]), cfg, "id", "n")
			got := compactRows(t, rows)
			whole := 0
			for whole < len(got) && whole < len(want) && got[whole] == want[whole] {
				whole++
			}
			blank := strings.Trim(text[:cut], " \r\n\x1e") == ""
			switch {
			case err != nil && whole == len(got):
			case err == nil && whole == len(got) && (form.cut || blank): // it ends between two objects
			case err == nil && form.cut && whole == len(got)-1 && rows[whole].rule == RuleNotJSON:
			case err == nil && strings.Trim(text[cut:], " \r\n\x1e") == "":
			default:
				t.Errorf("%s cut to %q: %v, %q", form.name, text[:cut], err, got)
			}
		}
	}
}

// Errors are reported with their line: rows on lines of their own are bad rows, and anything else ends the input after the rows before it.
func TestBrokenJSON(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, path, want, says string }{
		{"a comma before the end of a list", "[\n{\"id\":1},\n{\"id\":2},\n]", "", "2  1;3  2;", "line 4: there is a comma before the closing bracket"},
		{"a comma before the end of an object", "[{\"id\":1},\n{\"id\":2,}]", "", "1  1;", "line 2: there is a comma before"},
		{"no comma", "[{\"id\":1}\n{\"id\":2}]", "", "1  1;", "line 2: the comma between"},
		{"a comment", "[{\"id\":1}, // one\n{\"id\":2}]", "", "1  1;", "line 1: there is a comment"},
		{"a comment within", "[\n{\n\"id\":1},\n{ /* two */\n\"id\":2}]", "", "2  1;", "line 4: there is a comment"},
		{"NaN", "[{\"id\":1},\n{\"id\":\nNaN}]", "", "1  1;", "line 3: there is a NaN"},
		{"Infinity", "[{\"id\":1},\n{\"id\":\n-Infinity}]", "", "1  1;", "line 3: there is a NaN or an infinity"},
		{"None", "[{\"id\":1},\n{\"id\":\nNone}]", "", "1  1;", "line 3: there is a word"},
		{"single quotes", "[{'id':1}]", "", "", "line 1: there is a single quote"},
		{"a lost bracket", "[\n{\"id\":1,\n\"n\":[\n},\n{\"id\":2}]", "", "", "line 4: it is not valid JSON"},
		{"a lost quote", "[\n{\"id\":1},\n{\"id\":\"2},\n{\"id\":\"3\"}\n]", "", "2  1;", "line 3: a text contains a line end"},
		{"text after it", "[{\"id\":1}]\n\nx", "", "1  1;", "line 3: this is not an object"},
		{"text after an object", "{\n\"id\":1}\n,{\"id\":2}", "", "1  1;", "line 3: this is not an object"},
		{"a broken object among others over lines", "{\n\"id\":1}\n{\n\"id\":2,}\n{\n\"id\":3}", "", "1  1;", "line 4: there is a comma before"},
		{"nested too deep", "[{\"id\":1},{\"id\":" + strings.Repeat("[", 20_000), "", "1  1;", "nested too deep"},
		{"values that are not objects", "[1, \"x\", null, [{\"id\":3}], {\"id\":4}]", "", "1 not-an-object;1 not-an-object;1 not-an-object;1 not-an-object;1  4;", ""},
		{"an empty list", " [ ] ", "", "", ""},
		{"several lists", "[{\"id\":1}]\n[]\n[{\"id\":2}]", "", "1  1;3  2;", ""},
		{"a list in JSON Lines", "{\"id\":1}\n[{\"id\":2}]\n{\"id\":3}", "", "1  1;2 not-an-object;3  3;", ""},
		{"a line of JSON Lines", "{\"id\":1}\n{\"id\":2\n{\"id\":3}\n", "", "1  1;2 not-json;3  3;", ""},
		{"the first line of JSON Lines", "{\"id\":1\n{\"id\":2}\n{\"id\":3}\n", "", "1 not-json;2  2;3  3;", ""},
		{"a line that ends within a list", "{\"id\":1}\n{\"id\":[\n{\"id\":3}\n{\"id\":4}\n", "", "1  1;2 not-json;3  3;4  4;", ""},
		{"a line with several objects, one of them broken", "{\"id\":1}\n{\"id\":2}{\"id\":3,}\n{\"id\":4}\n", "", "1  1;2 not-json;3  4;", ""},
		{"several objects on a later line", "{\"id\":1}\n{\"id\":2} {\"id\":3}\n{\"id\":4}\n", "", "1  1;2  2;2  3;3  4;", ""},
		{"text after an object on its line", "{\"id\":1}\n{\"id\":2} x\n{\"id\":3}\n", "", "1  1;2 not-json;3  3;", ""},
		{"lines that end with CR, one of them broken", "{\"id\":1\r{\"id\":2}\r\r{\"id\":3}", "", "1 not-json;2  2;4  3;", ""},
		{"an object over lines after others, broken", "{\"id\":1}\n{\n\"id\":2\n\"n\":3}\n{\"id\":4}\n", "", "1  1;", "line 4: it is not valid JSON"},
		{"no such member", "{\"id\":1}\n", "data", "", "line 1: the object that begins on line 1 has no member data"},
		{"a member that is not a list", "{\"data\":7}\n", "data", "", "is neither a list nor an object"},
		{"the member twice", "{\"data\":[{\"id\":1}],\n\"data\":[]}\n", "data", "1  1;", "line 2: the object that begins on line 1 has two members data"},
		{"a list where the member is wanted", "[{\"data\":[]}]", "data", "", "--json-path is for an object"},
	} {
		_, rows, err := readAll(t, strings.NewReader(tt.in), Config{Format: FormatJSONLines, JSONPath: tt.path}, "id")
		got := strings.Join(compactRows(t, rows), ";") + ";"
		if got = strings.TrimPrefix(got, ";"); strings.ReplaceAll(got, " not-an-object;", " not-an-object;") != tt.want {
			t.Errorf("%s: rows %q, want %q", tt.name, got, tt.want)
		}
		if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.says)
		}
	}
}

// Rows within an object are not read as one row: the error says where they are.
func TestRowsWithinAnObject(t *testing.T) {
	t.Parallel()
	row := `{"id":1,"n":"` + strings.Repeat("x", 100) + `"}`
	many := strings.TrimSuffix(strings.Repeat(row+",\n", 50), ",\n")
	for _, tt := range []struct{ in, says string }{
		{`{"data":[` + row + `],"next":null}`, "--json-path data"},
		{"{\n\"meta\": {\"page\": 1},\n\"result\": {\"a.b\": [\n" + row + "\n]}}\n", "--json-path /result/a.b"},
		{`{"customers":[` + many + `]}`, "--json-path customers"},
		{"{\"x\":[1],\"customers\":[" + many, "--json-path customers"},
	} {
		cfg := Config{MaxRowBytes: 1000}
		_, _, err := readAll(t, strings.NewReader(tt.in), cfg, "id")
		var format *FormatError
		if !errors.As(err, &format) || !strings.Contains(format.Hint, tt.says) {
			t.Errorf("%.50s: %v", tt.in, err)
			continue
		}
		cfg.JSONPath = strings.TrimPrefix(format.Hint, "use --json-path ")
		if _, rows, err := readAll(t, strings.NewReader(tt.in), cfg, "id"); (err == nil) != strings.HasSuffix(strings.TrimSpace(tt.in), "}") && len(rows) == 0 {
			t.Errorf("%.50s: %v, %d rows", tt.in, err, len(rows))
		}
	}
	// An order with its items is one row.
	if _, rows, err := readAll(t, strings.NewReader(`{"id":7,"items":[{"id":1}]}`), Config{}, "id"); err != nil || len(rows) != 1 {
		t.Errorf("an order: %v, %v", err, rows)
	}
}

// JSON that is declared as CSV is rejected, and no CSV header counts as JSON.
func TestJSONCalledCSV(t *testing.T) {
	t.Parallel()
	for in, refused := range map[string]bool{"{\"id\":1}\n{\"id\":2}\n": true, "[\n {\n \"id\" : 1}]": true, "{\"id\":": true, "{id},n\n1,2\n": false, "[id],{n\n1,2\n": false, "{\"id\"},n\n1,2\n": false} {
		_, _, err := readAll(t, strings.NewReader(in), Config{Format: FormatCSV})
		if got := err != nil && strings.Contains(err.Error(), "is JSON"); got != refused {
			t.Errorf("%q: %v", in, err)
		}
	}
}

// A row over the limit is a bad row, and reading continues after it, in memory that does not grow.
func TestLongRowsOfLists(t *testing.T) {
	in := io.MultiReader(strings.NewReader("[{\"id\":1},\n{\"id\":\""), io.LimitReader(endless{}, 20<<20), strings.NewReader("\"},\n{\"id\":3}]"))
	src, err := New(in, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var got []string
	err = each(t, src, []string{"id"}, func(r *Row) {
		rule := ""
		if r.Err != nil {
			rule = r.Err.Rule
		}
		got = append(got, fmt.Sprint(r.Line, rule, len(r.Raw) <= keptBytes))
	})
	if err != nil || fmt.Sprint(got) != "[1true 2row-too-longtrue 3true]" {
		t.Errorf("%v: %q", err, got)
	}
	if held := cap(src.(*text).win.buf); held > 4<<20 {
		t.Errorf("%d bytes are held", held)
	}
}

// FuzzJSONStream compares with encoding/json: a list of objects that it accepts is read to its rows, and everything that it rejects is an error or a
// bad row.
func FuzzJSONStream(f *testing.F) {
	for _, form := range jsonForms {
		text, _ := form.write(jsonObjects)
		f.Add([]byte(text))
	}
	for _, seed := range []string{"[", "[{}", "[{},]", "[1,2]", "{\n}", "{}{}", "{\n\"a\":1}\x1e{}", "[[[[", "{\"a\":\"\\u00", "{\r}\r{}", "\"\"", "1"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if packed(in) || converted(in) {
			t.Skip()
		}
		_, rows, err := readAll(t, bytes.NewReader(in), Config{Format: FormatJSONLines}, "id")
		if format := new(FormatError); errors.As(err, &format) {
			t.Skip()
		}
		_, again, errAgain := readAll(t, iotest.OneByteReader(bytes.NewReader(in)), Config{Format: FormatJSONLines}, "id")
		if (err == nil) != (errAgain == nil) || show(again) != show(rows) {
			t.Fatalf("%q: in bytes %v\n%sat once %v\n%s", in, errAgain, show(again), err, show(rows))
		}
		text := bytes.TrimPrefix(in, []byte("\xef\xbb\xbf"))
		var list []json.RawMessage
		if first := bytes.TrimLeft(text, " \t\r\n"); len(first) == 0 || first[0] != '[' || json.Unmarshal(text, &list) != nil {
			if len(first) > 0 && first[0] == '[' && err == nil {
				d := json.NewDecoder(bytes.NewReader(bytes.ReplaceAll(first, []byte{recordSeparator}, []byte(" "))))
				for {
					var one []json.RawMessage
					if err := d.Decode(&one); err == io.EOF {
						break
					} else if err != nil {
						t.Fatalf("%q is no list, and was read: %v", in, err)
					}
				}
			}
			return
		}
		if err != nil || len(list) != len(rows) {
			t.Fatalf("%q: %v, %d rows of %d", in, err, len(rows), len(list))
		}
	})
}
