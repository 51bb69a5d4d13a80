package source

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/text/encoding/charmap"
)

// readRejects returns the rows of a rejects file, one a line: file, line, ordinal, cells or rule.
func readRejects(t testing.TB, r io.Reader, cfg Config, columns ...string) (string, error) {
	t.Helper()
	src, err := New(r, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if _, err := src.Columns(t.Context()); err != nil {
		return "", err
	}
	if err := src.Select(columns); err != nil {
		return "", err
	}
	var out strings.Builder
	var b Batch
	for {
		err := src.Next(t.Context(), &b)
		if err == io.EOF {
			return out.String(), nil
		}
		if err != nil {
			return out.String(), err
		}
		for _, r := range b.Rows {
			fmt.Fprintf(&out, "%s:%d/%d", r.File, r.Line, r.Ordinal&^newRow)
			if r.Ordinal >= newRow {
				out.WriteString("new")
			}
			if r.Err != nil {
				fmt.Fprintf(&out, " %s\n", r.Err.Rule)
				continue
			}
			for _, c := range r.Cells {
				fmt.Fprintf(&out, " %q", c.Bytes)
			}
			out.WriteString("\n")
		}
	}
}

const rejectsTable = `id;"na;me";_error;_line;_row;_file;_ciokit
a;"x;y";column id: bad: worse;2;;;"{""rejects"":1,""ordinal"":0,""sum"":""s""}"
;;field-count: too few;3;"b;""two
lines""";f.csv;"{""rejects"":1,""ordinal"":1,""sum"":""s"",""format"":""csv"",""delimiter"":"";"",""columns"":[""id"",""na;me""],""torn"":true}"
`

var rejectsLines = `{"line":2,"rule":"bad","hint":"worse","row":"a;\"x;y\"","ciokit":{"rejects":1,"ordinal":0,"sum":"s","format":"csv","delimiter":";","columns":["id","na;me"]}}
{"file":"f.csv","line":3,"rule":"field-count","hint":"too few","row":"b;\"two\nlines\"","ciokit":{"rejects":1,"ordinal":1,"sum":"s","format":"csv","delimiter":";","columns":["id","na;me"],"torn":true}}
`

const rejectsRead = ":2/0 \"a\" \"x;y\"\nf.csv:3/1 \"b\" \"two\\nlines\"\n"

// A rejects file is recognized however it was saved, and whatever Config says about the original input.
func TestRejectsAreRecognised(t *testing.T) {
	t.Parallel()
	gz := func(s string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		io.WriteString(w, s)
		w.Close()
		return b.String()
	}
	latin, err := charmap.Windows1252.NewEncoder().String(strings.Replace(rejectsTable, "x;y", "ä;y", 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, in string
		cfg      Config
		want     string
	}{
		{"CSV", rejectsTable, Config{}, rejectsRead},
		{"CSV of that delimiter", rejectsTable, Config{Delimiter: ';'}, rejectsRead},
		{"another delimiter was given", rejectsTable, Config{Delimiter: '|'}, rejectsRead},
		{"the input had no header", rejectsTable, Config{Columns: []string{"a", "b"}}, rejectsRead},
		{"the input's first lines were skipped", rejectsTable, Config{SkipLines: 2}, rejectsRead},
		{"the input was JSON Lines", rejectsTable, Config{Format: FormatJSONLines}, rejectsRead},
		{"the input was in another encoding", rejectsTable, Config{Encoding: "utf-16"}, rejectsRead},
		{"saved in another encoding", latin, Config{Encoding: "windows-1252"}, strings.Replace(rejectsRead, "x;y", "ä;y", 1)},
		{"with a byte order mark", "\ufeff" + rejectsTable, Config{}, rejectsRead},
		{"with CRLF", strings.ReplaceAll(rejectsTable, "\n", "\r\n"), Config{}, rejectsRead},
		{"all names in quotes", strings.Replace(rejectsTable, "_error;_line;_row;_file;_ciokit", `"_error";"_line";"_row";"_file";"_ciokit"`, 1), Config{}, rejectsRead},
		{"compressed", gz(rejectsTable), Config{}, rejectsRead},
		{"without a line end", strings.TrimSuffix(rejectsTable, "\n"), Config{}, rejectsRead},
		{"JSON Lines", rejectsLines, Config{}, rejectsRead},
		{"JSON Lines, the input was CSV", rejectsLines, Config{Format: FormatCSV, Delimiter: '\t', SkipLines: 7, Encoding: "iso-8859-1"}, rejectsRead},
		{"JSON Lines after blank lines", "\n\n" + rejectsLines, Config{}, rejectsRead},
		{"JSON Lines with a byte order mark", "\ufeff" + rejectsLines, Config{}, rejectsRead},
		{"JSON Lines with spaces", strings.ReplaceAll(rejectsLines, `,"`, ` , "`), Config{}, rejectsRead},
		{"JSON Lines compressed", gz(rejectsLines), Config{}, rejectsRead},
	} {
		for _, r := range []io.Reader{strings.NewReader(tt.in), iotest.OneByteReader(strings.NewReader(tt.in))} {
			if got, err := readRejects(t, r, tt.cfg, "id", "na;me"); err != nil || got != tt.want {
				t.Errorf("%s: %v\n%swant\n%s", tt.name, err, got, tt.want)
			}
		}
	}
}

// A rejects file that was changed by hand is read as intended, or rejected with a reason. It is never read as something else.
func TestRejectsAsMended(t *testing.T) {
	t.Parallel()
	line := func(row, kept string) string {
		return fmt.Sprintf(`{"line":2,"rule":"r","hint":"h","row":%q,"ciokit":%s}`+"\n", row, kept)
	}
	const kept = `{"rejects":1,"ordinal":5,"sum":"s","format":"csv","delimiter":",","columns":["id","n"]}`
	torn := func(row string) string {
		return fmt.Sprintf(`{"rejects":1,"ordinal":5,"sum":"%s","format":"csv","delimiter":",","columns":["id","n"],"torn":true}`, RowSum([]byte(row)))
	}
	const header = "id,n,_error,_line,_row,_file,_ciokit\n"
	const cell = `"{""rejects"":1,""ordinal"":5,""sum"":""s""}"`
	good := strings.Replace(line("a,1", kept), `"line":2`, `"line":9`, 1)
	for _, tt := range []struct{ name, in, want string }{
		{"a torn row as it was", line("a", torn("a")), ":2/5 r\n"},
		{"an invalid row that was made complete", line("a,1", torn("a")), ":2/5 \"a\" \"1\"\n"},
		{"a torn row that is torn in another way", line("a,1,2", torn("a")), ":2/5 field-count\n"},
		{"a torn row as it was that could be read", line("a,1", torn("a,1")), ":2/5 r\n"},
		{"an emptied row", line("", kept), ":2/5 not-a-reject\n"},
		{"two rows in one", line("a,1\nb,2", kept), ":2/5 not-a-reject\n"},
		{"a line end after the row", line("a,1\n", kept), ":2/5 \"a\" \"1\"\n"},
		{"another order of columns", good + line("2,b", strings.Replace(kept, `"id","n"`, `"n","id"`, 1)), ":9/5 \"a\" \"1\"\n:2/5 \"b\" \"2\"\n"},
		{"other columns", good + line("2,b", strings.Replace(kept, `"id","n"`, `"n","key"`, 1)), ":9/5 \"a\" \"1\"\n:2/5 not-a-reject\n"},
		{"no columns", good + line("2,b", `{"rejects":1,"ordinal":1,"format":"csv","delimiter":","}`), ":9/5 \"a\" \"1\"\n:2/1 not-a-reject\n"},
		{"no delimiter", good + line("2,b", `{"rejects":1,"ordinal":1,"format":"csv","columns":["id","n"]}`), ":9/5 \"a\" \"1\"\n:2/1 not-a-reject\n"},
		{"an object among CSV", good + line(`{"id":"b"}`, `{"rejects":1,"ordinal":1,"format":"jsonl"}`), ":9/5 \"a\" \"1\"\n:2/1 not-a-reject\n"},
		{"an unknown format", good + line(`{"id":"b"}`, `{"rejects":1,"ordinal":1,"format":"xml"}`), ":9/5 \"a\" \"1\"\n:2/1 not-a-reject\n"},
		{"no row", good + line(`x`, `{"rejects":1,"format":"none"}`), ":9/5 \"a\" \"1\"\n:2/0 r\n"},
		{"a line that is not JSON", good + `{"line":3,"row":"b,2` + "\n" + line("c,3", kept), ":9/5 \"a\" \"1\"\n(rejects):2/2new not-a-reject\n:2/5 \"c\" \"3\"\n"},
		{"a line of another file", good + `{"id":"b","n":2}` + "\n", ":9/5 \"a\" \"1\"\n(rejects):2/2new not-a-reject\n"},
		{"a line of another version", good + line("b,2", `{"rejects":2}`), ":9/5 \"a\" \"1\"\n(rejects):2/2new not-a-reject\n"},
		{"a row in both forms", good + strings.Replace(line("b,2", kept), `"row":`, `"row_base64":"YiwzCg==","row":`, 1), ":9/5 \"a\" \"1\"\n(rejects):2/2new mended-twice\n"},
		{"not in base64", good + strings.Replace(line("b,2", kept), `"row":`, `"row_base64":`, 1), ":9/5 \"a\" \"1\"\n(rejects):2/2new not-a-reject\n"},
		{"in base64", good + strings.Replace(line(base64.StdEncoding.EncodeToString([]byte("\xff,2")), kept), `"row":`, `"row_base64":`, 1), ":9/5 \"a\" \"1\"\n:2/5 \"\\xff\" \"2\"\n"},
		{"a row that another load could not read in its rejects", line(good, `{"rejects":1,"ordinal":9,"format":"rejects"}`), ":9/5 \"a\" \"1\"\n"},

		{"a table", header + "a,1,e: h,2,,," + cell + "\n", ":2/5 \"a\" \"1\"\n"},
		{"a new row", header + "a,1,,,,,\n", "(rejects):2/2new \"a\" \"1\"\n"},
		{"a new row in its own column", header + ",,,,\"a,1\",,\n", "(rejects):2/2new \"a\" \"1\"\n"},
		{"both places", header + "a,1,e: h,2,\"a,1\",," + cell + "\n", "(rejects):2/2new mended-twice\n"},
		{"too few fields", header + "a,1,e: h,2\n", "(rejects):2/2new not-a-reject\n"},
		{"a line that is not a number", header + "a,1,e: h,two,,," + cell + "\n", "(rejects):2/2new not-a-reject\n"},
		{"what is kept is broken", header + "a,1,e: h,2,,,{\n", "(rejects):2/2new not-a-reject\n"},
		{"a quote in the row's own column", header + ",,e: h,2,\"a,\"\"1\",," + cell + "\n", ":2/5 unclosed-quote\n"},
		{"a damaged line of another table", header + ",,e: h,2,\"c,3,e: h,7,,f,\"\"{\"\"\"\"rejects\"\"\"\":1,\"\"\"\"ordinal\"\"\"\":6}\"\"\"," +
			`,"{""rejects"":1,""ordinal"":5,""sum"":""s"",""format"":""csv"",""delimiter"":"","",""columns"":[""id"",""n"",""_error"",""_line"",""_row"",""_file"",""_ciokit""],""torn"":true}"` + "\n", "f:7/6 \"c\" \"3\"\n"},
	} {
		if got, err := readRejects(t, strings.NewReader(tt.in), Config{}, "id", "n"); err != nil || got != tt.want {
			t.Errorf("%s: %v\n%swant\n%s", tt.name, err, got, tt.want)
		}
	}
}

// Files that only resemble rejects files are refused completely, and the error says what to do.
func TestRejectsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"an earlier version", `{"line":3,"rule":"not-an-integer","hint":"...","row":"a,x"}`, "earlier version"},
		{"an earlier version in CSV", "id,n,_error,_line\na,x,why,2\n", "earlier version"},
		{"a later version", `{"line":3,"rule":"r","hint":"h","row":"a","ciokit":{"rejects":2}}`, "version 2"},
		{"columns in another order", "id,n,_line,_error,_row,_file,_ciokit\n", "_error, _line, _row"},
		{"a column at the end", "id,n,_error,_line,_row,_file,_ciokit,more\n", "_error, _line, _row"},
		{"a column is gone", "id,n,_error,_line,_file,_ciokit\n", "_error, _line, _row"},
		{"no column of the input", "_error,_line,_row,_file,_ciokit\n", "_error, _line, _row"},
		{"no columns are kept", `{"row":"a","ciokit":{"rejects":1,"format":"csv","delimiter":","}}`, "which columns"},
		{"the first line is not JSON", `{"row":"a"x","ciokit":{"rejects":1,"format":"csv"}}`, "not JSON"},
	} {
		var format *FormatError
		if _, err := readRejects(t, strings.NewReader(tt.in), Config{}); !errors.As(err, &format) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	for _, in := range []string{`{"ciokit":1,"id":"a"}`, `{"ciokit":{"id":1},"id":"a"}`, `{"line":1,"rule":"x","hint":"y","id":"a"}`, "id,_error,_line,x\na,b,c,d\n", "_error,_line2\n", "id,_ciokit\na,b\n"} {
		src, err := New(strings.NewReader(in), Config{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := src.Columns(t.Context()); err != nil || src.Info().Rejects {
			t.Errorf("%s is read as rejects: %v", in, err)
		}
		src.Close()
	}
}

// Rows of rejects files keep the places that they had when several are loaded at once.
func TestRejectsOfSeveralFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var names []string
	for i, text := range []string{rejectsTable, rejectsLines} {
		names = append(names, filepath.Join(dir, fmt.Sprintf("r%d.csv", i)))
		if err := os.WriteFile(names[i], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	src, err := OpenFiles(names, Config{Delimiter: ';'})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var got []string
	err = each(t, src, []string{"id"}, func(r *Row) { got = append(got, fmt.Sprintf("%s:%d/%d", r.File, r.Line, r.Ordinal)) })
	if want := fmt.Sprint([]string{":2/0", "f.csv:3/1", ":2/0", "f.csv:3/1"}); err != nil || fmt.Sprint(got) != want {
		t.Errorf("%v: %v, want %s", err, got, want)
	}
}

// Whatever a rejects file contains, each of its rows is handed out once, complete or with a reason, and a stream in pieces gives the same.
func FuzzRejects(f *testing.F) {
	f.Add([]byte(rejectsTable), byte(';'))
	f.Add([]byte(rejectsLines), byte(','))
	f.Add([]byte(rejectsLines+rejectsLines), byte(','))
	f.Add([]byte("id,n,_error,_line,_row,_file,_ciokit\na,1,,,,,\n,,,,\"a,\"\"1\",,\n"), byte(','))
	f.Add([]byte(`{"row":"{\"id\":1}","ciokit":{"rejects":1,"format":"jsonl"}}`), byte(','))
	f.Add([]byte(`{"row":"x","ciokit":{"rejects":1,"format":"rejects"}}`), byte(','))
	f.Fuzz(func(t *testing.T, in []byte, d byte) {
		cfg := Config{Delimiter: d, MaxRowBytes: 1000}
		read := func(r io.Reader) (string, error) {
			src, err := New(r, cfg)
			if err != nil {
				return "", nil
			}
			defer src.Close()
			columns, err := src.Columns(t.Context())
			if err != nil {
				return "", err
			}
			var names []string
			for i, c := range columns {
				if !repeated(columns, i) {
					names = append(names, c.Name)
				}
			}
			if columns == nil {
				names = []string{"id"}
			}
			if err := src.Select(names); err != nil {
				return "", err
			}
			var out strings.Builder
			var b Batch
			for {
				err := src.Next(t.Context(), &b)
				if err != nil {
					if err == io.EOF {
						err = nil
					}
					return out.String(), err
				}
				for _, r := range b.Rows {
					if r.Err != nil && r.Cells != nil || r.Err != nil && (r.Err.Rule == "" || r.Err.Hint == "") || r.Err == nil && len(r.Cells) != len(names) {
						t.Fatalf("row %+v of %q", r, names)
					}
					if src.Info().Rejects && (r.Kept == nil || r.Form == nil) {
						t.Fatalf("nothing was kept of %+v", r)
					}
					fmt.Fprintf(&out, "%s %d %d %q %v\n", r.File, r.Line, r.Ordinal, r.Raw, r.Err)
					for _, c := range r.Cells {
						fmt.Fprintf(&out, "%d %q\n", c.Kind, c.Bytes)
					}
				}
			}
		}
		whole, err := read(bytes.NewReader(in))
		pieces, err2 := read(iotest.HalfReader(bytes.NewReader(in)))
		if whole != pieces || (err == nil) != (err2 == nil) {
			t.Errorf("whole\n%s%v\nin pieces\n%s%v", whole, err, pieces, err2)
		}
	})
}

// A table whose columns only have names like those of a rejects file is not a rejects file.
func TestTablesThatAreNoRejects(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"id,last_ciokit_error", "id,x_ciokit,y_error", "id;my_error;_ciokits"} {
		for _, encoding := range []string{"", "windows-1252"} {
			delimiter := header[2]
			name := "Zoë"
			if encoding != "" {
				name = "Zo\xeb"
			}
			rows := header + "\n" + strings.Replace(header, "id", name, 1) + "\n"
			if got, err := readRejects(t, strings.NewReader(rows), Config{Delimiter: delimiter, Encoding: encoding}, "id"); err != nil || got != ":2/0 \"Zoë\"\n" {
				t.Errorf("%s, %s: %v, %q", header, encoding, err, got)
			}
		}
	}
}
