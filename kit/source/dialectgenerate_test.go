package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding"
)

// awkward is a table of typical values of exports. The empty string means both null and empty text.
var awkward = [][]string{
	{"id", "email", "name", "note", "zip", "score"},
	{"00012", "ann@example.com", `Ann "The Boss" Lee`, "one, two; three", "01067", "3.50"},
	{"00013", "bob@example.com", "O'Brien", `C:\dir\file`, "", "-1"},
	{"00014", "", "plain", "two\nlines", "null", "0"},
	{"00015", "dee@example.com", " spaces around ", "a\ttab", "NULL", "12"},
	{"00016", "eve@example.com", "Müller", `ends with \`, "n/a", ""},
	{"00017", "fay@example.com", `"quoted"`, "", "", "7"},
	{"00018", "gus@example.com", "5\" pipe", "a|bar", "-", "1e3"},
	{"00019", "hal@example.com", "x", "three\nlines\nhere", "0", "0.1"},
	{"00020", "ivy@example.com", "it's", "50 % & more", "#1", "99"},
}

// writing is the way in which a program writes a table.
type writing struct {
	delimiter byte
	quoting   string // minimal, all, nonnumeric, none
	escape    bool   // by a backslash instead of a doubled quote
	quote     byte
	lineEnd   string
	null      string // for what is empty
	encoding  string
	bom       bool
	packed    string
	name      string
}

func (w writing) String() string {
	return fmt.Sprintf("%q %s escape=%v quote=%c eol=%q null=%q %s bom=%v %s %s", w.delimiter, w.quoting, w.escape, w.quote, w.lineEnd, w.null, w.encoding, w.bom, w.packed, w.name)
}

// field writes a value as Python's csv module does.
func (w writing) field(v string) string {
	if v == "" {
		v = w.null
		if v == `\N` {
			return v
		}
	}
	special := strings.ContainsAny(v, string(w.delimiter)+string(w.quote)+"\r\n")
	numeric := v != "" && strings.Trim(v, "0123456789.-+e") == "" && v != "-" && v[0] != '0' || v == "0" || v == "0.1"
	quoted := w.quoting == "all" || w.quoting == "minimal" && special || w.quoting == "nonnumeric" && !numeric
	var b strings.Builder
	for i := range len(v) {
		switch c := v[i]; {
		case w.escape && (c == '\\' || c == w.quote || !quoted && (c == w.delimiter || c == '\n' || c == '\r')):
			b.WriteByte('\\')
		case !w.escape && quoted && c == w.quote:
			b.WriteByte(c)
		}
		b.WriteByte(v[i])
	}
	if quoted {
		return string(w.quote) + b.String() + string(w.quote)
	}
	return b.String()
}

func (w writing) table(rows [][]string) []byte {
	var b strings.Builder
	for _, row := range rows {
		for i, v := range row {
			if i > 0 {
				b.WriteByte(w.delimiter)
			}
			b.WriteString(w.field(v))
		}
		b.WriteString(w.lineEnd)
	}
	return []byte(b.String())
}

func (w writing) bytes(t testing.TB, rows [][]string) []byte {
	data := w.table(rows)
	var err error
	if w.bom {
		data = append([]byte("\ufeff"), data...)
	}
	if w.encoding != "" {
		e, _ := encodingOf(w.encoding)
		if data, err = encoding.ReplaceUnsupported(e.NewEncoder()).Bytes(data); err != nil {
			t.Fatal(err)
		}
	}
	var packed bytes.Buffer
	var to io.WriteCloser
	switch w.packed {
	case "gz":
		to = gzip.NewWriter(&packed)
	case "zst":
		to, err = zstd.NewWriter(&packed)
	case "bz2":
		if _, missing := exec.LookPath("bzip2"); missing != nil {
			t.Skip("bzip2 is not on this machine")
		}
		c := exec.Command("bzip2", "-c")
		c.Stdin = bytes.NewReader(data)
		data, err = c.Output()
	}
	if err != nil {
		t.Fatal(err)
	}
	if to == nil {
		return data
	}
	to.Write(data)
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// writings are all ways to write a table.
func writings() (all []writing) {
	for _, name := range []string{"in.csv", "in.tsv", "in.txt"} {
		for _, delimiter := range []byte(",;\t|\x01^") {
			for _, quoting := range []string{"minimal", "all", "nonnumeric", "none"} {
				for _, escape := range []bool{false, true} {
					for _, quote := range []byte(`"'`) {
						for _, lineEnd := range []string{"\n", "\r\n", "\r", "\r\r\n"} {
							for _, null := range []string{"", `\N`, "NULL"} {
								if quoting == "none" && !escape || quote == '\'' && quoting == "none" {
									continue
								}
								all = append(all, writing{delimiter: delimiter, quoting: quoting, escape: escape, quote: quote, lineEnd: lineEnd, null: null, name: name})
							}
						}
					}
				}
			}
		}
	}
	plain := writing{delimiter: ',', quoting: "minimal", quote: '"', lineEnd: "\n", name: "in.csv"}
	for _, encoding := range []string{"", "utf-16le", "utf-16be", "windows-1252", "iso-8859-1", "iso-8859-15", "macintosh", "windows-1250"} {
		for _, bom := range []bool{false, true} {
			for _, packed := range []string{"", "gz", "zst", "bz2"} {
				for _, lineEnd := range []string{"\n", "\r\n"} {
					if bom && encoding != "" && !strings.HasPrefix(encoding, "utf") {
						continue
					}
					w := plain
					w.encoding, w.bom, w.packed, w.lineEnd = encoding, bom, packed, lineEnd
					all = append(all, w)
				}
			}
		}
	}
	return all
}

// readTable returns the cells of all rows that are read, and the reasons for the other rows. refused is the reason if the file is rejected.
func readTable(t testing.TB, name string, cfg Config) (rows [][]string, bad []string, refused error) {
	t.Helper()
	src, err := Open(name, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	return rowsOfTable(t, src)
}

// rowsOfTable is readTable of an open source.
func rowsOfTable(t testing.TB, src Source) (rows [][]string, bad []string, refused error) {
	t.Helper()
	columns, err := src.Columns(t.Context())
	if err == nil {
		rows = append(rows, namesOf(columns))
		if slices.Contains(namesOf(columns), "") {
			err = errors.New("a column has no name")
		} else {
			err = src.Select(namesOf(columns))
		}
	}
	if err != nil {
		return nil, nil, err
	}
	var b Batch
	for {
		err := src.Next(t.Context(), &b)
		if err == io.EOF {
			return rows, bad, nil
		}
		if err != nil {
			return nil, nil, err
		}
		for _, r := range b.Rows {
			if r.Err != nil {
				bad = append(bad, fmt.Sprintf("line %d: %v", r.Line, r.Err))
				continue
			}
			var cells []string
			for _, c := range r.Cells {
				cells = append(cells, string(c.Bytes))
			}
			rows = append(rows, cells)
		}
	}
}

// TestEveryDialect writes one table in every way that programs do, and checks that no row is read as something else.
func TestEveryDialect(t *testing.T) {
	t.Parallel()
	all := writings()
	step := 11
	if os.Getenv("CIOKIT_DEEP") != "" {
		step = 1
	}
	file := t.TempDir()
	whole, partly, refusals := 0, 0, make(map[string]int)
	for i := 0; i < len(all); i += step {
		w := all[i]
		rows := awkward
		path := filepath.Join(file, w.name)
		if err := os.WriteFile(path, w.bytes(t, rows), 0o600); err != nil {
			t.Fatal(err)
		}
		want := make(map[string]bool)
		for _, row := range rows[1:] {
			row = slices.Clone(row)
			for j := range row {
				if row[j] == "" && w.null != `\N` {
					row[j] = w.null
				}
			}
			want[fmt.Sprintf("%q", row)] = true
		}
		got, bad, refused := readTable(t, path, Config{})
		if refused != nil {
			var format *FormatError
			if !errors.As(refused, &format) || format.Hint == "" {
				t.Errorf("%v: %v", w, refused)
			}
			refusals[refused.Error()]++
			continue
		}
		if !slices.Equal(got[0], rows[0]) {
			t.Errorf("%v: the header is %q", w, got[0])
			continue
		}
		for _, row := range got[1:] {
			if !want[fmt.Sprintf("%q", row)] {
				t.Errorf("%v: read wrong: %q", w, row)
			}
		}
		switch {
		case len(bad) == 0 && len(got) == len(rows):
			whole++
		case len(bad) == 0:
			t.Errorf("%v: %d rows of %d, and none rejected", w, len(got)-1, len(rows)-1)
		default:
			partly++
			t.Logf("%v: %d rows rejected, first %s", w, len(bad), bad[0])
		}
	}
	t.Logf("of %d, %d were read completely, %d in part", (len(all)+step-1)/step, whole, partly)
	for _, r := range slices.Sorted(func(yield func(string) bool) {
		for r := range refusals {
			if !yield(r) {
				return
			}
		}
	}) {
		t.Logf("%d refused: %s", refusals[r], r)
	}
	if step == 1 && whole < 400 {
		t.Errorf("only %d of %d are read", whole, len(all))
	}
}
