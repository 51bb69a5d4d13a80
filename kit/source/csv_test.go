package source

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"
)

// readRow is a Row that outlives its batch.
type readRow struct {
	line  int64
	raw   string
	cells []string // "-" is absent
	rule  string
}

// readAll reads all rows and selects all columns, in the order of the input, or those named.
func readAll(t testing.TB, r io.Reader, cfg Config, names ...string) (header []string, rows []readRow, err error) {
	t.Helper()
	src, err := New(r, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	cols, err := src.Columns(t.Context())
	if err != nil {
		return nil, nil, err
	}
	for _, c := range cols {
		header = append(header, c.Name)
	}
	if names == nil {
		names = header
	}
	rows, err = rowsOf(t, src, names...)
	return header, rows, err
}

// rowsOf reads all rows of a Source whose Columns are known.
func rowsOf(t testing.TB, src Source, names ...string) (rows []readRow, err error) {
	t.Helper()
	if err := src.Select(names); err != nil {
		return nil, err
	}
	var b Batch
	ordinal, offset := int64(0), int64(0)
	for {
		err := src.Next(t.Context(), &b)
		if b.Offset < offset {
			t.Fatalf("the offset went back from %d to %d", offset, b.Offset)
		}
		offset = b.Offset
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		for _, r := range b.Rows {
			if r.Ordinal != ordinal {
				t.Fatalf("the row of line %d has ordinal %d, want %d", r.Line, r.Ordinal, ordinal)
			}
			ordinal++
			row := readRow{line: r.Line, raw: string(r.Raw)}
			if r.Err != nil {
				row.rule = r.Err.Rule
				if r.Err.Hint == "" {
					t.Fatalf("line %d: the hint of %s is empty", r.Line, r.Err.Rule)
				}
			}
			for _, c := range r.Cells {
				text := string(c.Bytes)
				if c.Kind == KindAbsent {
					text = "-"
				}
				row.cells = append(row.cells, text)
			}
			rows = append(rows, row)
		}
	}
}

func show(rows []readRow) string {
	var b strings.Builder
	for _, r := range rows {
		if r.rule != "" {
			fmt.Fprintf(&b, "%d %s %q\n", r.line, r.rule, r.raw)
			continue
		}
		fmt.Fprintf(&b, "%d %q\n", r.line, r.cells)
	}
	return b.String()
}

func TestCSV(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in, want string
		cfg            Config
	}{
		{"plain", "a,b\n1,2\n3,4\n", "2 [\"1\" \"2\"]\n3 [\"3\" \"4\"]\n", Config{}},
		{"no line end at the end", "a,b\n1,2", "2 [\"1\" \"2\"]\n", Config{}},
		{"CRLF", "a,b\r\n1,2\r\n3,\r\n", "2 [\"1\" \"2\"]\n3 [\"3\" \"-\"]\n", Config{}},
		{"a CR elsewhere is refused", "a,b\n1\r2,3\r\r\n4,5\n", "2 stray-cr \"1\\r2,3\\r\"\n3 [\"4\" \"5\"]\n", Config{}},
		{"a CR elsewhere is data with the setting", "a,b\n1\r2,3\r\r\n", "2 [\"1\\r2\" \"3\\r\"]\n", Config{LineEnd: LineEndLF}},
		{"byte order mark", "\xef\xbb\xbfa,b\n1,2\n", "2 [\"1\" \"2\"]\n", Config{}},
		{"blank lines", "\n\r\na,b\n\n1,2\n\r\n\n3,4\n\n", "5 [\"1\" \"2\"]\n8 [\"3\" \"4\"]\n", Config{}},
		{"a line of spaces is a row", "a\n  \n", "2 [\"  \"]\n", Config{}},
		{"quotes", "a,b\n\"1,\"\"x\"\"\",\"\"\n", "2 [\"1,\\\"x\\\"\" \"-\"]\n", Config{}},
		{"quoted line ends", "a,b\n\"1\n2\r\n3\",x\n4,5\n", "2 [\"1\\n2\\n3\" \"x\"]\n5 [\"4\" \"5\"]\n", Config{}},
		{"quoted header", "\"a\"\"b\",\"c\nd\"\n1,2\n", "3 [\"1\" \"2\"]\n", Config{}},
		{"delimiter", "a;b\n1;\"x;y\"\n", "2 [\"1\" \"x;y\"]\n", Config{Delimiter: ';'}},
		{"short and long rows", "a,b\n1\n1,2,3\n4,5\n", "2 field-count \"1\"\n3 field-count \"1,2,3\"\n4 [\"4\" \"5\"]\n", Config{}},
		{"a quote in a bare field", "a,b\n1,x\"y\n4,5\n", "2 stray-quote \"1,x\\\"y\"\n3 [\"4\" \"5\"]\n", Config{}},
		{"text after a quoted field", "a,b\n1,\"x\"y\n4,5\n", "2 stray-quote \"1,\\\"x\\\"y\"\n3 [\"4\" \"5\"]\n", Config{}},
		{"an unclosed quote costs its line", "a,b\n1,\"x\n4,5\n6,7\n", "2 unclosed-quote \"1,\\\"x\"\n3 [\"4\" \"5\"]\n4 [\"6\" \"7\"]\n", Config{}},
		{"two unclosed quotes", "a,b\n1,\"x\n4,5\n6,\"z\n8,9\n", "2 stray-quote \"1,\\\"x\"\n3 [\"4\" \"5\"]\n4 unclosed-quote \"6,\\\"z\"\n5 [\"8\" \"9\"]\n", Config{}},
		{"an unclosed quote before a quoted line end", "a,b\n1,\"x\n4,\"5\n6\"\n7,8\n", "2 stray-quote \"1,\\\"x\"\n3 [\"4\" \"5\\n6\"]\n5 [\"7\" \"8\"]\n", Config{}},
		{"a wrong count over several lines", "a,b,c\n1,\"x\n4,5,6\n7,8,9\n0\"\n2,3,4\n",
			"2 field-count \"1,\\\"x\"\n3 [\"4\" \"5\" \"6\"]\n4 [\"7\" \"8\" \"9\"]\n5 stray-quote \"0\\\"\"\n6 [\"2\" \"3\" \"4\"]\n", Config{}},
		{"a quote unclosed within the limit", "a,b\n1,\"x\n" + strings.Repeat("4,5\n", 20), "2 unclosed-quote \"1,\\\"x\"\n" + repeatRows(3, 20, "[\"4\" \"5\"]"), Config{MaxRowBytes: 32}},
		{"a line over the limit", "a,b\n1," + strings.Repeat("x", 50) + "\n4,5\n", "2 row-too-long \"1," + strings.Repeat("x", 30) + "\"\n3 [\"4\" \"5\"]\n", Config{MaxRowBytes: 32}},
		{"a last line over the limit", "a,b\n1," + strings.Repeat("x", 50), "2 row-too-long \"1," + strings.Repeat("x", 30) + "\"\n", Config{MaxRowBytes: 32}},
		{"a quoted line over the limit", "a,b\n1,\"" + strings.Repeat("x", 50) + "\"\n4,5\n", "2 row-too-long \"1,\\\"" + strings.Repeat("x", 29) + "\"\n3 [\"4\" \"5\"]\n", Config{MaxRowBytes: 32}},
		{"unused columns can share a name or have none", "a,,x,x\n1,2,3,4\n", "2 [\"1\"]\n", Config{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var names []string
			if strings.HasPrefix(tt.name, "unused") {
				names = []string{"a"}
			}
			for _, r := range []io.Reader{strings.NewReader(tt.in), iotest.OneByteReader(strings.NewReader(tt.in)), iotest.DataErrReader(strings.NewReader(tt.in))} {
				_, rows, err := readAll(t, r, tt.cfg, names...)
				if err != nil {
					t.Fatal(err)
				}
				if got := show(rows); got != tt.want {
					t.Errorf("got\n%swant\n%s", got, tt.want)
				}
			}
		})
	}
}

func repeatRows(line, n int, cells string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d %s\n", line+i, cells)
	}
	return b.String()
}

// A row that is longer than a chunk, up to the limit, arrives complete.
func TestCSVLongRows(t *testing.T) {
	long := strings.Repeat("x", DefaultMaxRowBytes-4)
	quoted := strings.Repeat("y\n", DefaultMaxRowBytes/2-8)
	in := "a,b\n1," + long + "\n2,\"" + quoted + "\"\n3,4\n"
	_, rows, err := readAll(t, strings.NewReader(in), Config{})
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3 || rows[0].cells[1] != long || rows[1].cells[1] != quoted || rows[2].cells[1] != "4" || rows[2].line != 4+int64(strings.Count(quoted, "\n")) {
		t.Errorf("got %d rows", len(rows))
	}
}

func TestFormatErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in, want string
		cfg            Config
	}{
		{"empty", "", "empty", Config{}},
		{"blank lines alone", "\n\r\n\n", "empty", Config{}},
		{"a byte order mark alone", "\xef\xbb\xbf", "empty", Config{}},
		{"not UTF-8", "a,na\xefve\n1,2\n", "line 1: the input is not UTF-8 here; it looks like windows-1252; give its encoding: --encoding windows-1252", Config{}},
		{"no names", ",,\n1,2,3\n", "contains no column name", Config{}},
		{"unclosed", "a,\"b\n1,2\n", "line 1: the header cannot be read: unclosed-quote", Config{}},
		{"too long", strings.Repeat("x", 100), "row-too-long", Config{MaxRowBytes: 32}},
		{"zip", "PK\x03\x04....", "spreadsheet", Config{}},
		{"sqlite", "SQLite format 3\x00....", "sqlite:FILE --query", Config{}},
		{"parquet", "PAR1....", "begins like a Parquet file", Config{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := readAll(t, strings.NewReader(tt.in), tt.cfg)
			var format *FormatError
			if !errors.As(err, &format) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want a FormatError with %q", err, tt.want)
			}
			if format != nil && format.Hint == "" {
				t.Error("the error does not say what to do")
			}
		})
	}
}

func TestSelect(t *testing.T) {
	t.Parallel()
	const in = "a,b,b,c\n1,2,3,4\n"
	for names, want := range map[string]string{"b": "both named", "d": "no column", "a a": "twice"} {
		if _, _, err := readAll(t, strings.NewReader(in), Config{}, strings.Fields(names)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Select(%s) = %v, want an error with %q", names, err, want)
		}
	}
	_, rows, err := readAll(t, strings.NewReader(in), Config{}, "c", "a")
	if err != nil || show(rows) != "2 [\"4\" \"1\"]\n" {
		t.Errorf("got %s, %v", show(rows), err)
	}
}

// Rows that were read before the input fails are handed out, and then the error. A row that was cut off is not handed out.
func TestReadError(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	in := io.MultiReader(strings.NewReader("a,b\n1,2\n3,"), iotest.ErrReader(broken))
	_, rows, err := readAll(t, in, Config{})
	if !errors.Is(err, broken) || show(rows) != "2 [\"1\" \"2\"]\n" {
		t.Errorf("got %q, %v", show(rows), err)
	}
}

// Next waits for rows until its context ends, and can continue later.
func TestNextWaits(t *testing.T) {
	t.Parallel()
	in, out := io.Pipe()
	src, err := New(in, Config{Format: FormatCSV})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	defer in.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := src.Columns(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("Columns: %v, want the context's error", err)
	}
	if _, err := io.WriteString(out, "a,b\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := src.Columns(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := src.Select([]string{"b"}); err != nil {
		t.Fatal(err)
	}
	var b Batch
	if err := src.Next(ctx, &b); !errors.Is(err, context.Canceled) || len(b.Rows) != 0 {
		t.Fatalf("Next: %v with %d rows, want the context's error", err, len(b.Rows))
	}
	go func() {
		io.WriteString(out, "1,2\n3")
		out.Close()
	}()
	if err := src.Next(t.Context(), &b); err != nil || len(b.Rows) != 1 || b.Rows[0].Err != nil || string(b.Rows[0].Cells[0].Bytes) != "2" {
		t.Fatalf("Next: %v with %d rows", err, len(b.Rows))
	}
	if err := src.Next(t.Context(), &b); err != nil || b.Rows[0].Err == nil {
		t.Fatalf("Next: %v, want the short row", err)
	}
	if err := src.Next(t.Context(), &b); err != io.EOF {
		t.Fatalf("Next: %v, want io.EOF", err)
	}
}

// FuzzCSV compares with encoding/csv on everything that it accepts, and checks on everything else that no byte of the input is lost.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "a,b\r\n\"1\r\n\",\"\"\"\"\r\n\r\n", "a\n\"\n\n\"\n", "a,b\n1,\"x\n2,3\n", "a\r\r\n\r", "\"a\"\r", "a,b\n\"1\"x,2\n\n,", "a\n\"\"\"\n", "a,b\n1,\"\n\",2\n3,4"} {
		f.Add([]byte(seed), byte(','), uint8(0))
	}
	f.Add([]byte("a;b\n1;2\n"), byte(';'), uint8(20))
	f.Add([]byte("\x1f\x8b,\n1,2\n"), byte(','), uint8(0))
	f.Add([]byte("a\x00,b\n1,2\n"), byte(','), uint8(0))
	f.Add([]byte("\n\r\rab\rcd"), byte(','), uint8(0)) // a header alone with a carriage return in front and one within
	f.Add([]byte("\r\r\ra,b\rc,d"), byte(','), uint8(0))
	f.Fuzz(func(t *testing.T, in []byte, delimiter byte, limit uint8) {
		cfg := Config{Format: FormatCSV, Delimiter: delimiter, Quote: '"', Escape: None, LineEnd: LineEndLF, MaxRowBytes: int(limit)}
		if _, err := New(bytes.NewReader(nil), cfg); err != nil || delimiter == 0 {
			t.Skip()
		}
		if packed(in) {
			checkPacked(t, in, cfg)
			return
		}
		if converted(in) {
			t.Skip()
		}
		ref := csv.NewReader(bytes.NewReader(in))
		ref.Comma = rune(delimiter)
		want, refErr := ref.ReadAll()

		var whole [][]readRow
		for _, r := range []io.Reader{bytes.NewReader(in), iotest.OneByteReader(bytes.NewReader(in))} {
			rows, err := readIndexed(t, r, cfg)
			if err != nil {
				if refErr == nil && len(want) > 1 && limit == 0 && named(want[0]) && !strings.Contains(strings.Join(want[0], ""), "\x00") { // a header without rows can contain the rows
					t.Fatalf("%q: %v, but encoding/csv reads %q", in, err, want)
				}
				return
			}
			whole = append(whole, rows)
		}
		if a, b := show(whole[0]), show(whole[1]); a != b {
			t.Fatalf("%q: byte by byte\n%sat once\n%s", in, b, a)
		}
		rows := whole[0]
		checkCover(t, in, rows, cfg.MaxRowBytes)
		if refErr != nil || limit != 0 || len(want) == 0 {
			return
		}
		if len(rows) != len(want)-1 {
			t.Fatalf("%q: %d rows, encoding/csv reads %d\n%s", in, len(rows), len(want)-1, show(rows))
		}
		for i, r := range rows {
			expected := slices.Clone(want[i+1])
			for j := range expected {
				if expected[j] == "" {
					expected[j] = "-"
				}
			}
			if !slices.Equal(r.cells, expected) && !slices.Contains(noData, r.rule) {
				t.Fatalf("%q: row %d is %q %s, encoding/csv reads %q", in, i, r.cells, r.rule, expected)
			}
		}
	})
}

// noData are the rules of rows that have the right number of fields.
var noData = []string{RuleNULByte, RuleRepeatedHeader, RuleOtherHeader, RuleByteOrderMark, RuleNoData}

// named reports whether a Source accepts the header.
func named(header []string) bool {
	some := false
	for _, name := range header {
		if !utf8.ValidString(name) {
			return false
		}
		some = some || name != ""
	}
	return some
}

// readIndexed reads all rows with all columns, whatever their names are.
func readIndexed(t *testing.T, r io.Reader, cfg Config) ([]readRow, error) {
	src, err := New(r, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	cols, err := src.Columns(t.Context())
	if err != nil {
		return nil, err
	}
	f := src.(*text).framer.(*csvFramer)
	f.chosen = len(cols)
	for i := range cols {
		f.slots = append(f.slots, i)
	}
	var rows []readRow
	var b Batch
	for {
		if err := src.Next(t.Context(), &b); err != nil {
			if err != io.EOF {
				t.Fatal(err)
			}
			return rows, nil
		}
		for _, r := range b.Rows {
			row := readRow{line: r.Line, raw: string(r.Raw)}
			if r.Err != nil {
				row.rule = r.Err.Rule
			}
			for _, c := range r.Cells {
				text := string(c.Bytes)
				if c.Kind == KindAbsent {
					text = "-"
				}
				row.cells = append(row.cells, text)
			}
			rows = append(rows, row)
		}
	}
}

// checkCover checks that the rows are pieces of the input, in order, each beginning on its line, and that only line ends are between them, apart from
// the rest of rows over the limit.
func checkCover(t *testing.T, in []byte, rows []readRow, limit int) {
	t.Helper()
	pos := 0
	for i, r := range rows {
		at := pos
		// The first row comes after the header. Only line ends are between other rows.
		for {
			if bytes.HasPrefix(in[at:], []byte(r.raw)) && 1+bytes.Count(in[:at], []byte("\n")) == int(r.line) {
				break
			}
			if at++; at > len(in) {
				t.Fatalf("%q: row %d, %q, does not stand on line %d", in, i, r.raw, r.line)
			}
		}
		if gap := strings.Trim(string(in[pos:at]), "\r\n"); i > 0 && gap != "" && rows[i-1].rule != RuleRowTooLong {
			t.Fatalf("%q: %q between rows %d and %d is lost", in, gap, i-1, i)
		}
		pos = at + len(r.raw)
	}
	if rest := strings.Trim(string(in[pos:]), "\r\n"); len(rows) > 0 && rest != "" && rows[len(rows)-1].rule != RuleRowTooLong {
		t.Fatalf("%q: %q at the end is lost", in, rest)
	}
}

// A large number of columns is selected in one pass, without a search through all of them for each.
func TestSelectMany(t *testing.T) {
	t.Parallel()
	const n = 100_000
	names := make([]string, n)
	for i := range names {
		names[i] = "c" + strconv.Itoa(i)
	}
	in := strings.Join(names, ",") + "\n" + strings.Repeat("1,", n-1) + "7\n"
	src, err := New(strings.NewReader(in), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if _, err := src.Columns(t.Context()); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(names)
	least := time.Hour
	for try := 0; try < 3 && least > 3*time.Second; try++ { // a busy machine is slow at times
		begun := time.Now()
		if err := src.Select(names); err != nil {
			t.Fatal(err)
		}
		least = min(least, time.Since(begun))
	}
	if least > 3*time.Second {
		t.Errorf("%d columns took %v", n, least)
	}
	var b Batch
	if err := src.Next(t.Context(), &b); err != nil || len(b.Rows) != 1 || b.Rows[0].Err != nil || string(b.Rows[0].Cells[0].Bytes) != "7" || string(b.Rows[0].Cells[n-1].Bytes) != "1" {
		t.Errorf("%d rows, %v", len(b.Rows), err)
	}
}
