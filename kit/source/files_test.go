package source

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// putFiles writes files and returns their paths. The arguments are a name and a content, in turns.
func putFiles(t *testing.T, files ...string) (names []string) {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		names = append(names, filepath.Join(dir, files[i]))
		put(t, names[len(names)-1], []byte(files[i+1]))
	}
	return names
}

// A file that cannot be read together with the first one is found before a row is read. The error says which file it is and what to do.
func TestFilesThatDoNotBelongTogether(t *testing.T) {
	t.Parallel()
	const table = "id;name\na;x\n"
	for _, tt := range []struct {
		name  string
		files []string
		says  string
	}{
		{"rejects after a table", []string{"a.csv", table, "r.csv", rejectsTable}, "r.csv is a rejects file, but %s is not"},
		{"a table after rejects", []string{"r.csv", rejectsTable, "a.csv", table}, "r.csv is a rejects file, but %s is not"},
		{"rejects in lines after a table", []string{"a.csv", table, "r.jsonl", rejectsLines}, "r.jsonl is a rejects file"},
		{"rejects as the third", []string{"a.csv", table, "b.csv", table, "r.csv", rejectsTable}, "r.csv is a rejects file"},
		{"another format", []string{"a.csv", table, "b.jsonl", "{\"id\":1}\n"}, "b.jsonl has another format than %s"},
		{"a missing column", []string{"a.csv", table, "b.csv", "id;n\na;1\n"}, `b.csv has no column "name", which %s has`},
		{"a column twice", []string{"a.csv", table, "b.csv", "id;name;name\na;1;2\n"}, `b.csv has two columns "name"`},
		{"nothing at all", []string{"a.csv", table, "b.csv", ""}, "b.csv: source: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			names := putFiles(t, tt.files...)
			src, err := OpenFiles(names, Config{Delimiter: ';'})
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			if _, err = src.Columns(t.Context()); err == nil {
				err = src.Select([]string{"id", "name"})
			}
			var format *FormatError
			if want := strings.ReplaceAll(tt.says, "%s", filepath.Join(filepath.Dir(names[0]), "a.csv")); !errors.As(err, &format) || !strings.Contains(err.Error(), want) || format.Hint == "" {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}

// The headers of several files are the same whatever the order of the files and of their columns is.
func TestHeadersOfFiles(t *testing.T) {
	t.Parallel()
	names := putFiles(t, "a.csv", "id,n\n1,2\n", "b.csv", "n,more,id\n1,2,3\n", "c.csv", "n,id\n1,2\n")
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0}, {1, 2, 0}} {
		var of []string
		for _, i := range order {
			of = append(of, names[i])
		}
		src, err := OpenFiles(of, Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		if _, err := src.Columns(t.Context()); err != nil {
			t.Fatal(err)
		}
		headers := src.Info().Headers
		slices.SortFunc(headers, slices.Compare)
		if got := fmt.Sprint(headers); got != "[[id more n] [id n]]" {
			t.Error(order, got)
		}
	}
}

// A file whose columns change after Columns has read it has changed.
func TestColumnsChangeBeforeAFilesTurn(t *testing.T) {
	t.Parallel()
	for becomes, changed := range map[string]string{"id,more\n2,3\n": "other columns", "id\n2\n3\n": "", "more\n1\n": "no column", "": "it has changed since"} {
		names := putFiles(t, "a.csv", "id\n1\n", "b.csv", "id\n2\n")
		src, err := OpenFiles(names, Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		if _, err := src.Columns(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := src.Select([]string{"id"}); err != nil {
			t.Fatal(err)
		}
		put(t, names[1], []byte(becomes))
		var b Batch
		for err = nil; err == nil; {
			err = src.Next(t.Context(), &b)
		}
		why := err.Error()
		if err == io.EOF {
			if why, err = src.Changed(t.Context()); err != nil {
				t.Fatal(err)
			}
		} else if errors.As(err, new(*FormatError)) {
			t.Errorf("%q: rows were read, and the error says that the input is none: %v", becomes, err)
		}
		if (why == "") != (changed == "") || !strings.Contains(why, changed) {
			t.Errorf("%q: %q, want %q", becomes, why, changed)
		}
	}
}

// An input that can be read only once is opened once, and loses no row when Columns reads its beginning.
func TestFilesThatAreReadOnce(t *testing.T) {
	t.Parallel()
	names := putFiles(t, "a.csv", "id\n1\n", "b.csv", "id\n4\n")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	pipe := fmt.Sprintf("/dev/fd/%d", r.Fd())
	if _, err := os.Stat(pipe); err != nil {
		t.Skip(err)
	}
	if _, err := io.WriteString(w, "id\n2\n3\n"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	src, err := OpenFiles([]string{names[0], pipe, names[1]}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var got []string
	err = each(t, src, []string{"id"}, func(row *Row) { got = append(got, string(row.Cells[0].Bytes)) })
	if err != nil || strings.Join(got, " ") != "1 2 3 4" || src.Info().Whole {
		t.Errorf("%v: %v", err, got)
	}
}

// The name of an existing file means that file, whatever its name is. A pattern means files only if there is no file with that name.
func TestNamesAsBrowsersMakeThem(t *testing.T) {
	t.Parallel()
	odd := []string{"orders (1).csv", "export[2].csv", "a*b.csv", "data?.csv", "[.csv", " spaced .csv", "-x.csv", "PEOPLE.CSV", "x.csv.GZ", "plain"}
	if runtime.GOOS == "windows" {
		odd = []string{"orders (1).csv", "export[2].csv", "[.csv", "-x.csv", "PEOPLE.CSV", "x.csv.GZ", "plain"}
	}
	var files []string
	for _, name := range odd {
		text := "id,n\n1,2\n"
		if strings.HasSuffix(name, "GZ") {
			text = string(gzipped(t, text))
		}
		files = append(files, name, text)
	}
	names := putFiles(t, append(files, "export2.csv", "id,n\n0,0\n", "axxb.csv", "id,n\n0,0\n", "data1.csv", "id,n\n0,0\n")...)
	for i := range odd {
		found, err := Expand(names[i])
		if err != nil || !slices.Equal(found, names[i:i+1]) {
			t.Errorf("%s: %q, %v", names[i], found, err)
			continue
		}
		src, err := OpenFiles(found, Config{})
		if err != nil {
			t.Errorf("%s: %v", names[i], err)
			continue
		}
		if rows, err := allRows(t, src); rows != "1 2;" || err != nil {
			t.Errorf("%s: %q, %v", names[i], rows, err)
		}
		src.Close()
	}
	dir := filepath.Dir(names[0])
	if found, err := Expand(filepath.Join(dir, "export[12].csv")); err != nil || len(found) != 1 || filepath.Base(found[0]) != "export2.csv" {
		t.Errorf("a pattern: %q, %v", found, err)
	}
	for _, pattern := range []string{"none*.csv", "export[3].csv", "[2.csv"} {
		if found, err := Expand(filepath.Join(dir, pattern)); err == nil || !strings.Contains(err.Error(), pattern) || !strings.Contains(err.Error(), "pattern") {
			t.Errorf("%s: %q, %v", pattern, found, err)
		}
	}
}

// The extension of a name gives the format, also in upper case, and also before the extensions of compression and other programs.
func TestFormatByName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Format{"a.CSV": FormatCSV, "a.csv.GZ": FormatCSV, "a.csv.gz.1": FormatCSV, "a.csv.2": FormatCSV, "a.tsv.bz2": FormatCSV, "a.TAB": FormatCSV, "a.txt": "", "a": "", "a.jsonl.xz": FormatJSONLines, "a.NDJSON": FormatJSONLines, "a.json": FormatJSONLines,
		"a.json.zst": FormatJSONLines, "a.Parquet": FormatParquet, "2024.01": "", "orders (1).csv": FormatCSV, "a.csv.zip": FormatCSV} {
		cfg, err := Config{}.withDefaults(name)
		if err != nil || cfg.Format != want {
			t.Errorf("%s: %q, %v", name, cfg.Format, err)
		}
	}
}
