package source

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// putFiles writes files, each behind its name, and returns their paths.
func putFiles(t *testing.T, files ...string) (names []string) {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		names = append(names, filepath.Join(dir, files[i]))
		put(t, names[len(names)-1], []byte(files[i+1]))
	}
	return names
}

// A file that cannot be read behind the first one is found before a row is read, and the error says which and what to do.
func TestFilesThatDoNotBelongTogether(t *testing.T) {
	const table = "id;name\na;x\n"
	for _, tt := range []struct {
		name  string
		files []string
		says  string
	}{
		{"rejects behind a table", []string{"a.csv", table, "r.csv", rejectsTable}, "r.csv is a rejects file, and %s is none"},
		{"a table behind rejects", []string{"r.csv", rejectsTable, "a.csv", table}, "r.csv is a rejects file, and %s is none"},
		{"rejects in lines behind a table", []string{"a.csv", table, "r.jsonl", rejectsLines}, "r.jsonl is a rejects file"},
		{"rejects as the third", []string{"a.csv", table, "b.csv", table, "r.csv", rejectsTable}, "r.csv is a rejects file"},
		{"another format", []string{"a.csv", table, "b.jsonl", "{\"id\":1}\n"}, "b.jsonl is of another format than %s"},
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

// The headers of several files are told whatever the order of the files and of their columns.
func TestHeadersOfFiles(t *testing.T) {
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

// A file whose columns become others between the first look and its turn has changed.
func TestColumnsChangeBeforeAFilesTurn(t *testing.T) {
	for becomes, changed := range map[string]string{"id,more\n2,3\n": "other columns", "id\n2\n3\n": "", "more\n1\n": "no column", "": "is not what it was"} {
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

// What can be read once is opened once, and loses no row to the first look.
func TestFilesThatAreReadOnce(t *testing.T) {
	names := putFiles(t, "a.csv", "id\n1\n")
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
	src, err := OpenFiles([]string{names[0], pipe, names[0]}, Config{})
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
	var got []string
	var b Batch
	for err = src.Next(t.Context(), &b); err == nil; err = src.Next(t.Context(), &b) {
		for _, row := range b.Rows {
			got = append(got, string(row.Cells[0].Bytes))
		}
	}
	if err != io.EOF || strings.Join(got, " ") != "1 2 3 1" || src.Info().Whole {
		t.Errorf("%v: %v", err, got)
	}
}
