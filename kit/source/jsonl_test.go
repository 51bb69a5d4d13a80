package source

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

func TestJSONLines(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in, want string
		cfg            Config
	}{
		{"types as they are", `{"a":1.50,"b":"x\"y"}` + "\n" + `{"b":{"c":[1, 2]},"a":true}` + "\n",
			"1 [\"1.50\" \"\\\"x\\\\\\\"y\\\"\"]\n2 [\"true\" \"{\\\"c\\\":[1, 2]}\"]\n", Config{}},
		{"null and missing are absent", `{"a":null}` + "\n{}", "1 [\"-\" \"-\"]\n2 [\"-\" \"-\"]\n", Config{}},
		{"an empty text is text", `{"a":""}`, "1 [\"\\\"\\\"\" \"-\"]\n", Config{}},
		{"equal keys", `{"a":1,"a":1,"x":1,"x":2,"b":null,"b":null}` + "\n" + `{"a":1,"a":2}` + "\n" + `{"b":1,"b":null}`, "1 [\"1\" \"-\"]\n2 duplicate-member \"{\\\"a\\\":1,\\\"a\\\":2}\"\n3 duplicate-member \"{\\\"b\\\":1,\\\"b\\\":null}\"\n", Config{}},
		{"escaped keys", `{"\u0061":1,"b\u0000":2}`, "1 [\"1\" \"-\"]\n", Config{}},
		{"space everywhere", " \t{ \"a\" : 1 ,\t\"b\" : [ ] } \r\n\n  \n{}\r\n", "1 [\"1\" \"[ ]\"]\n4 [\"-\" \"-\"]\n", Config{}},
		{"byte order mark", "\xef\xbb\xbf{\"a\":1}", "1 [\"1\" \"-\"]\n", Config{}},
		{"long numbers keep their digits", `{"a":123456789012345678901234567890.10,"b":1e400}`, "1 [\"123456789012345678901234567890.10\" \"1e400\"]\n", Config{}},
		{"bad lines", "{\"a\":1\n[1]\n\"x\"\n{\"a\":1},\n{\"a\":01}\n{\"a\":1}\n",
			"1 not-json \"{\\\"a\\\":1\"\n2 not-an-object \"[1]\"\n3 not-an-object \"\\\"x\\\"\"\n4 not-json \"{\\\"a\\\":1},\"\n5 not-json \"{\\\"a\\\":01}\"\n6 [\"1\" \"-\"]\n", Config{}},
		{"a line over the limit", `{"a":"` + strings.Repeat("x", 50) + "\"}\n{\"a\":1}\n", "1 row-too-long \"{\\\"a\\\":\\\"" + strings.Repeat("x", 50) + "\\\"}\"\n2 [\"1\" \"-\"]\n", Config{MaxRowBytes: 32}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.cfg.Format = FormatJSONLines
			_, rows, err := readAll(t, strings.NewReader(tt.in), tt.cfg, "a", "b")
			if err != nil {
				t.Fatal(err)
			}
			if got := show(rows); got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
		})
	}
}

// A line that does not end is not kept in memory.
func TestJSONLinesEndless(t *testing.T) {
	in := io.MultiReader(io.LimitReader(endless{}, 5<<20), strings.NewReader("\n{\"a\":1}"))
	_, rows, err := readAll(t, in, Config{Format: FormatJSONLines}, "a")
	if err != nil || len(rows) != 2 || rows[0].rule != RuleRowTooLong || len(rows[0].raw) != keptBytes || rows[1].line != 2 || rows[1].cells[0] != "1" {
		t.Errorf("got %d rows, %v", len(rows), err)
	}
}

// endless returns x forever.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte("x"), len(p))), nil }

func TestOpen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tests := []struct{ name, in, want string }{
		{"a.csv", "a,b\n1,2\n", "2 [\"1\"]\n"},
		{"a.tsv", "a\tb\n1\t2\n", "2 [\"1\"]\n"},
		{"a.ndjson", "{\"a\":1}\n", "1 [\"1\"]\n"},
		{"known by its first byte", "\n {\"a\":1}\n", "2 [\"1\"]\n"},
		{"known by its first letter", "a,b\n1,2\n", "2 [\"1\"]\n"},
	}
	for _, tt := range tests {
		file := filepath.Join(dir, tt.name)
		if err := os.WriteFile(file, []byte(tt.in), 0o600); err != nil {
			t.Fatal(err)
		}
		src, err := Open(file, Config{})
		if err != nil {
			t.Fatal(err)
		}
		if src.Info().Size != int64(len(tt.in)) {
			t.Errorf("%s: size %d, want %d", tt.name, src.Info().Size, len(tt.in))
		}
		if _, err := src.Columns(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := src.Select([]string{"a"}); err != nil {
			t.Fatal(err)
		}
		var b Batch
		if err := src.Next(t.Context(), &b); err != nil || b.Offset != src.Info().Size {
			t.Fatalf("%s: %v at %d", tt.name, err, b.Offset)
		}
		got := show([]readRow{{line: b.Rows[0].Line, cells: []string{string(b.Rows[0].Cells[0].Bytes)}}})
		if got != tt.want {
			t.Errorf("%s: got %s", tt.name, got)
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := Open(dir, Config{}); err == nil || !strings.Contains(err.Error(), "directory") {
		t.Errorf("opening a directory: %v", err)
	}
	if _, err := Open(filepath.Join(dir, "none.csv"), Config{}); !os.IsNotExist(err) {
		t.Errorf("opening what is not there: %v", err)
	}
	for _, cfg := range []Config{{Delimiter: '"'}, {Delimiter: '\n'}, {Delimiter: 0xa7}, {Format: "xlsx"}, {MaxRowBytes: -1}} {
		if _, err := New(strings.NewReader(""), cfg); err == nil {
			t.Errorf("%+v was accepted", cfg)
		}
	}
}

// FuzzJSONLines compares with encoding/json, line by line, for input in which no object is allowed to span lines.
func FuzzJSONLines(f *testing.F) {
	for _, seed := range []string{`{"a":1}`, `{"a":{"a":[1,"}"]},"b":"\\"}` + "\n\n{}\n[]", `{"\u0061":1.0e5,"a":null}`, "{\"a\":1\r\n}\n", `{"a":"` + "\xff" + `"}`, `{"a":1}{"a":2}`} {
		f.Add([]byte(seed))
	}
	f.Add([]byte("\x1f\x8b\x08"))
	f.Fuzz(func(t *testing.T, in []byte) {
		if packed(in) {
			checkPacked(t, in, Config{Format: FormatJSONLines})
			return
		}
		if converted(in) || bytes.IndexByte(in, recordSeparator) >= 0 {
			t.Skip()
		}
		read := func(r io.Reader) []readRow {
			src := newText(r, Config{MaxRowBytes: DefaultMaxRowBytes})
			defer src.Close()
			src.framer = &jsonFramer{limit: DefaultMaxRowBytes, line: 1}
			rows, err := rowsOf(t, src, "a", "b")
			if err != nil {
				t.Fatal(err)
			}
			return rows
		}
		rows, again := read(bytes.NewReader(in)), read(iotest.HalfReader(bytes.NewReader(in)))
		if show(again) != show(rows) {
			t.Fatalf("%q: in halves\n%sat once\n%s", in, show(again), show(rows))
		}
		next := 0
		for i, line := range bytes.Split(in, []byte("\n")) {
			if len(bytes.Trim(line, " \t\r")) == 0 {
				continue
			}
			if next == len(rows) || rows[next].line != int64(i+1) {
				t.Fatalf("%q: line %d is missing", in, i+1)
			}
			row := rows[next]
			next++
			var want map[string]json.RawMessage
			if err := json.Unmarshal(line, &want); err != nil || want == nil {
				if row.rule == "" {
					t.Fatalf("%q: line %d is no object, but was read as %q", in, i+1, row.cells)
				}
				continue
			}
			for j, name := range []string{"a", "b"} {
				if row.rule == RuleTwice {
					break
				}
				expected, ok := want[name]
				if !ok || string(expected) == "null" {
					expected = json.RawMessage("-")
				}
				if row.rule != "" || row.cells[j] != string(expected) {
					t.Fatalf("%q: line %d has %s %q for %s, want %q", in, i+1, row.rule, row.cells, name, expected)
				}
			}
		}
		if next != len(rows) {
			t.Fatalf("%q: %d rows too many", in, len(rows)-next)
		}
	})
}
