package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// wide are the encodings with two and four bytes a character, with and without a mark.
var wide = []struct {
	name   string // as --encoding has it
	marked bool
	encode encoding.Encoding
}{
	{"utf-8", true, unicode.UTF8BOM},
	{"utf-16le", true, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)},
	{"utf-16be", true, unicode.UTF16(unicode.BigEndian, unicode.UseBOM)},
	{"utf-32le", true, utf32.UTF32(utf32.LittleEndian, utf32.UseBOM)},
	{"utf-32be", true, utf32.UTF32(utf32.BigEndian, utf32.UseBOM)},
	{"utf-16le", false, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
	{"utf-16be", false, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
	{"utf-32le", false, utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)},
	{"utf-32be", false, utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)},
}

// A mark gives the encoding of every kind of text, compressed or not, from a file and from a pipe that delivers single bytes. Without a mark such
// text is rejected, with the flag that reads it.
func TestMarkedEncodings(t *testing.T) {
	t.Parallel()
	texts := map[string]string{
		"in.csv":    "id,name\n1,Zoë\n2,\"a, 雪\"\n",
		"cjk.csv":   "番号,名前\n1,Zoë\n2,\"a, 雪\"\n",
		"in.tsv":    "id\tname\r\n1\tZoë\r\n2\ta, 雪\r\n",
		"in.jsonl":  "{\"id\":\"1\",\"name\":\"Zoë\"}\n{\"id\":\"2\",\"name\":\"a, 雪\"}\n",
		"in.json":   "[\n  {\"id\":\"1\",\"name\":\"Zoë\"},\n  {\"id\":\"2\",\"name\":\"a, 雪\"}\n]\n",
		"in.ndjson": "{\"id\":\"1\",\"name\":\"Zoë\"}{\"id\":\"2\",\"name\":\"a, 雪\"}",
	}
	packings := map[string]func(string) []byte{
		"":     func(s string) []byte { return []byte(s) },
		".gz":  func(s string) []byte { return gzipped(t, s) },
		".zst": func(s string) []byte { return zstandard(t, s) },
	}
	for name, text := range texts {
		for _, w := range wide {
			encoded, err := w.encode.NewEncoder().String(text)
			if err != nil {
				t.Fatal(err)
			}
			for ending, pack := range packings {
				data := pack(encoded)
				file := filepath.Join(t.TempDir(), name+ending)
				if err := os.WriteFile(file, data, 0o600); err != nil {
					t.Fatal(err)
				}
				pipe := func(cfg Config) (Source, error) { return New(iotest.OneByteReader(bytes.NewReader(data)), cfg) }
				fromFile := func(cfg Config) (Source, error) { return Open(file, cfg) }
				what := fmt.Sprintf("%s%s in %s, mark %v", name, ending, w.name, w.marked)
				reads := func(open func(Config) (Source, error), given string) {
					if got, err := namedCells(t, open, Config{Encoding: given}); err != nil || got != "1 Zoë; 2 a, 雪; " {
						t.Errorf("%s, read as %q: %q, %v", what, given, got, err)
					}
				}
				refuses := func(open func(Config) (Source, error), given, hint string) {
					var format *FormatError
					if got, err := namedCells(t, open, Config{Encoding: given}); !errors.As(err, &format) || !strings.Contains(format.Hint, hint) {
						t.Errorf("%s, read as %q: %q, %v", what, given, got, err)
					}
				}
				family := w.name[:min(len(w.name), len("utf-16"))]
				reads(fromFile, w.name)
				if w.marked {
					reads(fromFile, "")
					reads(pipe, "")
					reads(fromFile, family)
					refuses(fromFile, "windows-1252", "--encoding "+family)
				} else {
					refuses(fromFile, "", "--encoding "+w.name)
					refuses(pipe, "", "--encoding utf-")
					refuses(fromFile, "windows-1252", "--encoding "+w.name)
				}
			}
		}
	}
}

// The result for an input with zeros does not depend on how much of it the first read returns.
func TestZerosByBytes(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"{ \x00\x01\": 0,  \"\": \"\"\r}{\x19\x19\x19  \"\x10", "\r\n\x00\x01\x00\x00\":1,\"n\":\"a\"}\r\n{\"id\":2.50}\r\n", "i\x00d\x00\n\x001\x00\n\x00", "\x00i\x00d\x00\n\x001\x00\n",
		"a\x00b,id\n1,2\n", "\x00", "\x00\x00\x00", "id\x00\n1\n",
	} {
		for _, format := range []Format{FormatCSV, FormatJSONLines} {
			said := func(r io.Reader) string {
				src, err := New(r, Config{Format: format})
				if err == nil {
					_, err = src.Columns(t.Context())
				}
				return fmt.Sprint(err)
			}
			if whole, bytewise := said(strings.NewReader(in)), said(iotest.OneByteReader(strings.NewReader(in))); whole != bytewise {
				t.Errorf("%q as %s: at once %s, by bytes %s", in, format, whole, bytewise)
			}
		}
	}
}

// namedCells are the cells of the first two columns, or of the members id and name.
func namedCells(t *testing.T, open func(Config) (Source, error), cfg Config) (string, error) {
	t.Helper()
	src, err := open(cfg)
	if err != nil {
		return "", err
	}
	defer src.Close()
	columns, err := src.Columns(t.Context())
	if err != nil {
		return "", err
	}
	names := []string{"id", "name"}
	if columns != nil {
		names = namesOf(columns)
	}
	if err := src.Select(names); err != nil {
		return "", err
	}
	var got strings.Builder
	var b Batch
	for {
		if err := src.Next(t.Context(), &b); err == io.EOF {
			return got.String(), nil
		} else if err != nil {
			return got.String(), err
		}
		for _, r := range b.Rows {
			if r.Err != nil {
				return got.String(), r.Err
			}
			fmt.Fprintf(&got, "%s %s; ", strings.Trim(string(r.Cells[0].Bytes), `"`), strings.Trim(string(r.Cells[1].Bytes), `"`))
		}
	}
}

// The encoding that the input shows is in its detected dialect, so that a journal contains it.
func TestMarkedDialect(t *testing.T) {
	t.Parallel()
	text, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String("id;name\n1;Zoë\n")
	if err != nil {
		t.Fatal(err)
	}
	src, err := New(strings.NewReader(text), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if _, err := src.Columns(t.Context()); err != nil {
		t.Fatal(err)
	}
	info := src.Info()
	if len(info.Dialects) != 1 || info.Dialects[0].Encoding != "utf-16" || !strings.Contains(strings.Join(info.Evidence, "\n"), "UTF-16") {
		t.Errorf("%+v", info)
	}
}
