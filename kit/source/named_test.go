package source

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file is read by its content, whatever its name is, or rejected with one error that gives the flag that reads it. Its rows are not rejected one by
// one.
func TestFilesOfAnotherKindThanTheirNames(t *testing.T) {
	t.Parallel()
	table := "id,name\n1,Ann\n2,Bob\n"
	tabs := strings.ReplaceAll(table, ",", "\t")
	lines := "{\"id\":\"1\",\"name\":\"Ann\"}\n{\"id\":\"2\",\"name\":\"Bob\"}\n"
	list := "[\n" + strings.Replace(lines, "}\n{", "},\n{", 1) + "]\n"
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(table)); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, text, flag string }{ // flag: of the refusal, empty if it is read
		{"a.json", table, "csv"}, {"a.jsonl", table, "csv"}, {"a.ndjson", tabs, "csv"}, {"a.json", "\n\n" + table, "csv"},
		{"a.json", strings.ReplaceAll(table, "\n", "\r\n"), "csv"}, {"a.json", "\ufeff" + table, "csv"}, {"a.json.gz", packed.String(), "csv"},
		{"a.json", "id,name\n" + strings.Repeat("1,Ann\n", 20_000), "csv"},
		{"a.csv", lines, "jsonl"}, {"a.csv", list, "jsonl"}, {"a.tsv", lines, "jsonl"},
		{"a.csv", tabs, ""}, {"a.tsv", table, ""}, {"a.csv", packed.String(), ""}, {"a.json", lines, ""}, {"a.jsonl", list, ""}, {"a.txt", lines, ""}, {"a", table, ""},
	} {
		t.Run(fmt.Sprintf("%s: %.8q", c.name, c.text), func(t *testing.T) {
			file := filepath.Join(t.TempDir(), c.name)
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := Open(file, Config{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			_, err = s.Columns(t.Context())
			var format *FormatError
			switch {
			case c.flag == "" && err != nil:
				t.Error(err)
			case c.flag != "" && (!errors.As(err, &format) || format.Flag != "format" || format.Value != c.flag || format.Hint == ""):
				t.Errorf("got %v, want a refusal with --format %s", err, c.flag)
			}
		})
	}
	// One damaged line is a row, also before objects.
	for _, text := range []string{"oops\n", "oops\n" + lines, strings.Repeat("oops\n", 5) + lines} {
		s, err := New(strings.NewReader(text), Config{Format: FormatJSONLines})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Columns(t.Context()); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}
