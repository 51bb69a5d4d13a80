package source

import (
	"bytes"
	stdgzip "compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/unicode"
)

func gzipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstandard(t testing.TB, text string) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll([]byte(text), nil)
}

func TestDecoded(t *testing.T) {
	t.Parallel()
	const text = "name,n\nJos\u00e9,1\n\u20ac,2\n"
	const want = "2 [\"Jos\u00e9\" \"1\"]\n3 [\"\u20ac\" \"2\"]\n"
	utf16, err := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, in, want string
		cfg            Config
	}{
		{"gzip", string(gzipped(t, text)), want, Config{}},
		{"gzip of two members", string(gzipped(t, text[:10])) + string(gzipped(t, text[10:])), want, Config{}},
		{"zstd", string(zstandard(t, text)), want, Config{}},
		{"UTF-16 with a byte order mark", utf16, want, Config{Encoding: "UTF-16"}},
		{"UTF-16 without", utf16[2:], want, Config{Encoding: "utf-16be"}},
		{"gzip of UTF-16", string(gzipped(t, utf16)), want, Config{Encoding: "utf-16"}},
		{"Windows-1252", "name,n\nJos\xe9,1\n\x80,2\n", want, Config{Encoding: "windows-1252"}},
		{"the same by its short name", "name,n\nJos\xe9,1\n\x80,2\n", want, Config{Encoding: "cp1252"}},
		{"without a header", "Jos\u00e9,1\n", "1 [\"Jos\u00e9\" \"1\"]\n", Config{Columns: []string{"name", "n"}}},
		{"after lines that say what it is", "Report of \"May\nby us\n" + text, "4 [\"Jos\u00e9\" \"1\"]\n5 [\"\u20ac\" \"2\"]\n", Config{SkipLines: 2}},
		{"after lines and without a header", "x\n1,2\n", "2 [\"1\" \"2\"]\n", Config{SkipLines: 1, Columns: []string{"a", "b"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, rows, err := readAll(t, strings.NewReader(tt.in), tt.cfg)
			if err != nil {
				t.Fatal(err)
			}
			if got := show(rows); got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
		})
	}
}

// An input that is cut off or damaged is an error, however far it was read.
func TestDamagedCompression(t *testing.T) {
	t.Parallel()
	text := "a,b\n" + strings.Repeat("1,2\n3,4\n", 50_000)
	for name, packed := range map[string][]byte{"gzip": gzipped(t, text), "zstd": zstandard(t, text)} {
		for _, n := range []int{5, 9, len(packed) / 2, len(packed) - 1} {
			if _, rows, err := readAll(t, bytes.NewReader(packed[:n]), Config{Format: FormatCSV}); err == nil {
				t.Errorf("%s cut to %d of %d bytes: no error, %d rows", name, n, len(packed), len(rows))
			}
		}
	}
	var format *FormatError
	if _, _, err := readAll(t, strings.NewReader("\x1f\x8bno"), Config{}); !errors.As(err, &format) {
		t.Errorf("got %v, want a FormatError", err)
	}
	if _, _, err := readAll(t, strings.NewReader("a\nb"), Config{SkipLines: 3}); !errors.As(err, &format) {
		t.Errorf("got %v, want a FormatError", err)
	}
	if _, err := New(strings.NewReader(""), Config{Encoding: "ebcdic"}); err == nil {
		t.Error("the encoding ebcdic was accepted")
	}
}

// Several files are one input: the columns may have another order, the ordinals of the rows continue, and line numbers are those of each file.
func TestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a1.csv", []byte("x,y\n1,2\n"))
	write("a2.csv.gz", gzipped(t, "y,x\n4,3\n6,5\n"))
	write("a3.csv", []byte("x,y\n"))
	write("a4.csv.zst", zstandard(t, "x,y,z\n7,8,9"))
	names, err := Expand(filepath.Join(dir, "a*.csv*"))
	if err != nil || len(names) != 4 {
		t.Fatalf("%v, %v", names, err)
	}
	src, err := OpenFiles(names, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if _, err := src.Columns(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := src.Select([]string{"x", "y"}); err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	var b Batch
	for {
		err := src.Next(t.Context(), &b)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range b.Rows {
			got.WriteString(filepath.Base(r.File) + ":" + string(rune('0'+r.Line)) + " " + string(rune('0'+r.Ordinal)) + " " + string(r.Cells[0].Bytes) + string(r.Cells[1].Bytes) + "\n")
		}
	}
	if want := "a1.csv:2 0 12\na2.csv.gz:2 1 34\na2.csv.gz:3 2 56\na4.csv.zst:2 3 78\n"; got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
	if b.Offset != src.Info().Size || src.Info().Size == 0 {
		t.Errorf("at the end %d of %d bytes are used up", b.Offset, src.Info().Size)
	}

	if _, err := OpenFiles([]string{names[0], filepath.Join(dir, "none.csv")}, Config{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := Expand(filepath.Join(dir, "b*")); err == nil {
		t.Error("a pattern without a file was accepted")
	}
}

// A fingerprint differs for another file, for a changed file, and for another way to read it. An input that can be read only once has none, and is
// not touched to find that out.
func TestFingerprint(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	a, b := file("a.csv", "x;y\n1;2\n"), file("b.csv", "x;y\n1;2\n")
	of := func(cfg Config, names ...string) string {
		t.Helper()
		src, err := OpenFiles(names, cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		f, err := src.Fingerprint()
		if err != nil || len(f) != 64 {
			t.Fatalf("%q, %v", f, err)
		}
		if info := src.Info(); !slices.Equal(info.Files, names) || info.Name != strings.Join(names, ", ") {
			t.Errorf("%+v", info)
		}
		return f
	}
	semicolon := Config{Delimiter: ';'}
	first := of(semicolon, a)
	if again := of(semicolon, a); again != first {
		t.Error("the same file has two fingerprints")
	}
	for name, other := range map[string]string{"another file": of(semicolon, b), "two files": of(semicolon, a, b), "another delimiter": of(Config{}, a), "names of columns": of(Config{Delimiter: ';', Columns: []string{"x", "y"}}, a)} {
		if other == first {
			t.Errorf("%s: the same fingerprint", name)
		}
	}
	file("a.csv", "x;y\n1;3\n")
	if of(semicolon, a) == first {
		t.Error("a changed file has the same fingerprint")
	}
	once, err := New(strings.NewReader("x\n"), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer once.Close()
	if f, err := once.Fingerprint(); f != "" || err != nil {
		t.Errorf("%q, %v", f, err)
	}
}

// packed reports whether an input begins like a compressed one, so that it cannot be compared line by line.
func packed(in []byte) bool {
	return foreign(in) != nil || slices.ContainsFunc(compressions, func(c compression) bool { return c.begins(in) })
}

// converted reports whether the beginning of an input has an encoding or a mark, so that its bytes are not those of the rows.
func converted(in []byte) bool {
	for n := range min(len(in), headBytes) + 1 { // however much of it the first read returns
		if encoding, err := marked(in[:n], ""); encoding != "" || err != nil {
			return true
		}
	}
	return false
}

// checkPacked fails if an input that begins like gzip, and that compress/gzip cannot read, was accepted without an error.
func checkPacked(t *testing.T, in []byte, cfg Config) {
	t.Helper()
	_, _, err := readAll(t, bytes.NewReader(in), cfg)
	if err != nil || !bytes.HasPrefix(in, []byte("\x1f\x8b")) {
		return
	}
	r, err := stdgzip.NewReader(bytes.NewReader(in))
	if err == nil {
		_, err = io.Copy(io.Discard, r)
	}
	if err != nil {
		t.Fatalf("%q: read as complete, but %v", in, err)
	}
}
