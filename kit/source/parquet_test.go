package source

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"
)

var update = flag.Bool("update", false, "write the golden files of Parquet anew")

// parquetDir contains files of other implementations: tools/parquetgen makes them.
func parquetDir() string {
	if dir := os.Getenv("CIOKIT_PARQUET_DIR"); dir != "" {
		return dir
	}
	return filepath.Join("testdata", "parquet")
}

// parquetText reads a source completely: its columns with their types, and its rows unchanged, or why they are bad.
func parquetText(t *testing.T, src Source) string {
	t.Helper()
	defer src.Close()
	columns, err := src.Columns(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	var names []string
	for _, c := range columns {
		names = append(names, c.Name)
		fmt.Fprintf(&out, "# %s %s\n", c.Name, c.Type)
	}
	if err := src.Select(names); err != nil {
		t.Fatal(err)
	}
	var b Batch
	for n := int64(0); ; {
		err := src.Next(t.Context(), &b)
		if err == io.EOF {
			if src.Info().Size != b.Offset {
				t.Errorf("at the end %d of %d bytes are used up", b.Offset, src.Info().Size)
			}
			return out.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range b.Rows {
			if r.Ordinal != n || r.File == "" && r.Line != n+1 {
				t.Fatalf("row %d is numbered %d, %d", n, r.Ordinal, r.Line)
			}
			n++
			if r.Err != nil {
				fmt.Fprintf(&out, "! %v\n", r.Err)
				continue
			}
			out.WriteString(escaped(string(r.Raw)) + "\n")
			checkCells(t, r, names)
		}
	}
}

// escaped writes characters beyond the basic plane as JSON escapes, so that every editor shows a golden file.
func escaped(raw string) string {
	var out strings.Builder
	for _, c := range raw {
		if high, low := utf16.EncodeRune(c); c > 0xffff {
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
			continue
		}
		out.WriteRune(c)
	}
	return out.String()
}

// checkCells checks that a row is JSON and that its cells are the values in it.
func checkCells(t *testing.T, r Row, names []string) {
	t.Helper()
	var object map[string]json.RawMessage
	if err := json.Unmarshal(r.Raw, &object); err != nil {
		t.Fatalf("%v: %s", err, r.Raw)
	}
	for i, c := range r.Cells {
		want := string(object[names[i]])
		if c.Kind == KindAbsent && want == "null" {
			continue
		}
		if c.Kind != KindJSON || string(c.Bytes) != want {
			t.Errorf("the cell %s is %s %s, the row has %s", names[i], c.Kind, c.Bytes, want)
		}
	}
}

// Files of other writers are read correctly: the golden files were compared with the input of their generators.
func TestParquetOfOthers(t *testing.T) {
	t.Parallel()
	golden := map[string]string{"duckdb-empty": "duckdb-empty", "duckdb-nan": "duckdb-nan", "duckdb-types-v2": "duckdb-types-v2",
		"arrow-types": "arrow-types", "arrow-types-v2": "arrow-types", "arrow-int96": "arrow-int96", "arrow-integers": "arrow-integers"}
	for _, codec := range []string{"uncompressed", "snappy", "gzip", "zstd", "lz4_raw", "brotli"} {
		golden["duckdb-types-"+codec] = "duckdb-types"
	}
	for name, want := range golden {
		t.Run(name, func(t *testing.T) {
			src, err := Open(filepath.Join(parquetDir(), name+".parquet"), Config{})
			if err != nil {
				t.Fatal(err)
			}
			got := parquetText(t, src)
			file := filepath.Join("testdata", "parquet", want+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(text) {
				t.Errorf("got\n%s\nwant\n%s", got, text)
			}
		})
	}
}

// manyRows returns the content of the files with many rows.
func manyRows(from, to int) []string {
	var rows []string
	for i := from; i < to; i++ {
		var list []string
		for x := range i % 4 {
			list = append(list, fmt.Sprint(x+i))
		}
		rows = append(rows, fmt.Sprintf(`{"id":%d,"list":[%s]}`, i, strings.Join(list, ",")))
	}
	return rows
}

// Rows keep their places across row groups, pages and dictionaries, from the beginning and from any row.
func TestParquetRowGroups(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"duckdb-many", "duckdb-many-v2", "arrow-many", "arrow-many-v2", "arrow-many-delta"} {
		for _, from := range []int{0, 1, 2047, 2048, 2049, 4500, 5000} {
			src, err := Open(filepath.Join(parquetDir(), name+".parquet"), Config{})
			if err != nil {
				t.Fatal(err)
			}
			if err := src.Select([]string{"id", "list"}); err != nil {
				t.Fatal(err)
			}
			if ok, err := src.(Resumer).Resume(t.Context(), int64(from), nil); !ok || err != nil {
				t.Fatal(ok, err)
			}
			want := manyRows(from, 5000)
			var b Batch
			at := 0
			for ; ; at += len(b.Rows) {
				err := src.Next(t.Context(), &b)
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				for i, r := range b.Rows {
					if string(r.Raw) != want[at+i] || r.Ordinal != int64(from+at+i) || string(r.Cells[0].Bytes) != fmt.Sprint(from+at+i) {
						t.Fatalf("%s from %d: row %d is %s, want %s", name, from, r.Ordinal, r.Raw, want[at+i])
					}
				}
			}
			if at != len(want) {
				t.Errorf("%s from %d: %d rows", name, from, at)
			}
			if err := src.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// A stream is copied into a file that nobody else can read and that is removed at the end, also if the stream is compressed.
func TestParquetStream(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	data, err := os.ReadFile(filepath.Join(parquetDir(), "duckdb-many.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	src, err := New(strings.NewReader(string(data)), Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := src.Columns(t.Context()); err != nil {
		t.Fatal(err)
	}
	found, err := os.ReadDir(dir)
	if err != nil || len(found) > 0 && runtime.GOOS != "windows" { // there, an open file must have a name
		t.Fatalf("%v: %d files", err, len(found))
	}
	for _, f := range found {
		if info, err := f.Info(); err != nil || info.Size() != int64(len(data)) {
			t.Errorf("%v: %v", err, info)
		}
	}
	if got := parquetText(t, src); strings.Count(got, "\n") != 5004 {
		t.Errorf("%d lines", strings.Count(got, "\n"))
	}
	if found, err := os.ReadDir(dir); err != nil || len(found) != 0 {
		t.Errorf("%v: %d files are left", err, len(found))
	}
}

// Several files are one input, also with patterns.
func TestParquetFiles(t *testing.T) {
	t.Parallel()
	names, err := Expand(filepath.Join(parquetDir(), "duckdb-many*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	src, err := OpenFiles(names, Config{})
	if err != nil {
		t.Fatal(err)
	}
	if got := parquetText(t, src); strings.Count(got, "\n") != 10_004 {
		t.Errorf("%d lines", strings.Count(got, "\n"))
	}
	csv := filepath.Join(t.TempDir(), "x.csv")
	if err := os.WriteFile(csv, []byte("id,name,amount,list\n1,2,3,4\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if src, err = OpenFiles([]string{csv, names[0]}, Config{}); err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if _, err := src.Columns(t.Context()); err == nil || !strings.Contains(err.Error(), "another format") {
		t.Errorf("got %v", err)
	}
}

func TestInspectParquet(t *testing.T) {
	t.Parallel()
	src, err := Open(filepath.Join(parquetDir(), "duckdb-many.parquet"), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	p, err := Inspect(t.Context(), src, 100)
	if err != nil {
		t.Fatal(err)
	}
	if p.Rows != 5000 || p.Sampled != 100 || len(p.Columns) != 4 || p.Columns[2].Type != "DECIMAL(10,2)" || p.Columns[2].Looks != LooksNumber || p.Columns[3].Type != "LIST<INT64>" {
		t.Errorf("%+v", p)
	}
}

// damaged reads data that may be a Parquet file and returns how many rows it had before it ended.
func damaged(ctx context.Context, data []byte) (rows int, err error) {
	p, err := openParquet(strings.NewReader(string(data)), nil, int64(len(data)), 1<<16)
	if err != nil {
		return 0, err
	}
	defer p.Close()
	p.values = 1 << 16 // the files that are damaged here have fewer
	var names []string
	for i, c := range p.columns {
		if !repeated(p.columns, i) {
			names = append(names, c.Name)
		}
	}
	if err := p.Select(names); err != nil {
		return 0, err
	}
	var b Batch
	for rows < 100_000 {
		if err := p.Next(ctx, &b); err == io.EOF {
			return rows, nil
		} else if err != nil {
			return rows, err
		}
		rows += len(b.Rows)
	}
	return rows, nil
}

// A file that is cut off anywhere is rejected before any row, because its description is at its end.
func TestCutParquet(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join(parquetDir(), "duckdb-types-snappy.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	for n := len(parquetMagic); n < len(data); n += 13 {
		var format *FormatError
		if _, err := damaged(t.Context(), data[:n]); !errors.As(err, &format) || !strings.Contains(err.Error(), "is it complete?") {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
	// A gap in the middle is found when the rows are read.
	many, err := os.ReadFile(filepath.Join(parquetDir(), "duckdb-many.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	clear(many[len(many)/2 : len(many)/2+2000])
	if rows, err := damaged(t.Context(), many); err == nil || rows == 5000 || !strings.Contains(err.Error(), "after row") {
		t.Errorf("%d rows, %v", rows, err)
	}
}

// FuzzParquet checks that no file makes the process panic.
func FuzzParquet(f *testing.F) {
	for _, name := range []string{"duckdb-types-snappy", "duckdb-types-v2", "duckdb-empty", "duckdb-nan"} {
		data, err := os.ReadFile(filepath.Join("testdata", "parquet", name+".parquet"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := damaged(t.Context(), data)
		if err == nil && rows < 0 {
			t.Fatal("no rows and no error")
		}
	})
}

// repeated reports whether another column has the same name.
func repeated(columns []Column, i int) bool {
	for j, other := range columns {
		if i != j && other.Name == columns[i].Name {
			return true
		}
	}
	return false
}
