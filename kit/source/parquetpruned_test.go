package source

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

func writeParquet[T any](t *testing.T, rows []T, options ...parquet.WriterOption) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := parquet.NewGenericWriter[T](&buf, options...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func mustParquet(t *testing.T, data []byte, names ...string) Source {
	t.Helper()
	src, err := New(bytes.NewReader(data), Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	if _, err := src.Columns(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := src.Select(names); err != nil {
		t.Fatal(err)
	}
	return src
}

// A column that is not selected does not matter: neither for the limit of a row's size nor for what is kept of the row.
func TestParquetReadsOnlyWhatIsSelected(t *testing.T) {
	t.Parallel()
	type row struct {
		ID   int64  `parquet:"id"`
		Blob string `parquet:"blob"`
		City string `parquet:"city"`
	}
	data := writeParquet(t, []row{{1, strings.Repeat("x", 2<<20), "Bern"}, {2, "y", "Rome"}})
	var b Batch
	if err := mustParquet(t, data, "city", "id").Next(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range b.Rows {
		got = append(got, fmt.Sprintf("%v %s %s %s", r.Err, r.Raw, r.Cells[0].Bytes, r.Cells[1].Bytes))
	}
	if fmt.Sprint(got) != `[<nil> {"id":1,"city":"Bern"} "Bern" 1 <nil> {"id":2,"city":"Rome"} "Rome" 2]` {
		t.Errorf("%q", got)
	}
	none := mustParquet(t, data)
	if err := none.Next(t.Context(), &b); err != nil || len(b.Rows) != 2 || string(b.Rows[1].Raw) != "{}" {
		t.Errorf("no columns: %v, %d rows", err, len(b.Rows))
	}
}

// manyGroups is a file of 1,000 rows in ten row groups.
func manyGroups(t *testing.T) []byte {
	type row struct {
		ID int64  `parquet:"id"`
		S  string `parquet:"s"`
	}
	var rows []row
	for i := range 1000 {
		rows = append(rows, row{int64(i), fmt.Sprint("s", i)})
	}
	return writeParquet(t, rows, parquet.MaxRowsPerRowGroup(100))
}

// Rows before the damage are handed out, and then the error, each time that Next is called.
func TestParquetRowsBeforeDamage(t *testing.T) {
	t.Parallel()
	data := manyGroups(t)
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	page := f.Metadata().RowGroups[5].Columns[1].MetaData.DataPageOffset
	copy(data[page:], "\xff\xff\xff\xff\xff\xff\xff\xff")
	src := mustParquet(t, data, "id", "s")
	var b Batch
	rows := 0
	for err = src.Next(t.Context(), &b); err == nil; err = src.Next(t.Context(), &b) {
		rows += len(b.Rows)
	}
	if rows != 500 || !strings.Contains(err.Error(), "after row 500 (row group 6)") {
		t.Errorf("%d rows, then %v", rows, err)
	}
	if again := src.Next(t.Context(), &b); again == nil || again.Error() != err.Error() || len(b.Rows) != 0 {
		t.Errorf("then %d rows, %v", len(b.Rows), again)
	}
}

// endsLater is a context that ends after some calls of Err.
type endsLater struct {
	context.Context
	left *int
}

func (c endsLater) Err() error {
	if *c.left--; *c.left < 0 {
		return context.DeadlineExceeded
	}
	return nil
}

// A context that ends while rows are read loses none of them: the next call continues.
func TestParquetContextEndsBetweenRowGroups(t *testing.T) {
	t.Parallel()
	data := manyGroups(t)
	for n := range 12 {
		src := mustParquet(t, data, "id")
		var b Batch
		next, ended := int64(0), 0
		for {
			left := n
			err := src.Next(endsLater{t.Context(), &left}, &b)
			if err == io.EOF {
				break
			}
			if err != nil {
				if err != context.DeadlineExceeded || len(b.Rows) != 0 {
					t.Fatalf("%v with %d rows", err, len(b.Rows))
				}
				if ended++; ended > 1 { // a context that has ended before it began
					break
				}
				continue
			}
			for _, r := range b.Rows {
				if r.Ordinal != next {
					t.Fatalf("after %d questions: row %d is missing, row %d came", n, next, r.Ordinal)
				}
				next++
			}
		}
		if n > 0 && next != 1000 {
			t.Errorf("after %d questions: %d rows", n, next)
		}
	}
}

func TestTextThatBeginsLikeParquet(t *testing.T) {
	t.Parallel()
	const text = "PAR1_CODE,n\na,1\n"
	name := filepath.Join(t.TempDir(), "codes.csv")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	opened, err := Open(name, Config{Format: FormatCSV})
	if err != nil {
		t.Fatal(err)
	}
	read, err := New(strings.NewReader(text), Config{Format: FormatCSV})
	if err != nil {
		t.Fatal(err)
	}
	for _, src := range []Source{opened, read} {
		if columns, err := src.Columns(t.Context()); err != nil || columns[0].Name != "PAR1_CODE" {
			t.Errorf("%v, %v", columns, err)
		}
		src.Close()
	}
	unnamed := filepath.Join(t.TempDir(), "codes")
	if err := os.WriteFile(unnamed, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(unnamed, Config{}); err == nil || !strings.Contains(err.Error(), "--format csv") {
		t.Errorf("without a format: %v", err)
	}
}
