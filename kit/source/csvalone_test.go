package source

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
)

// TestHeaderHoldsRows: a header that seems to contain rows, without a row after it, is rejected, however the input arrives.
func TestHeaderHoldsRows(t *testing.T) {
	t.Parallel()
	const table = "id,email|1,a@b.c|2,b@b.c|"
	separated := func(by string) string { return strings.ReplaceAll(table, "|", by) }
	var wide strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&wide, "column%d,", i)
	}
	wide.WriteString("last")
	tests := []struct {
		name, text string
		cfg        Config
		says       string
	}{
		{"line separator", separated("\u2028"), Config{}, "U+2028"},
		{"paragraph separator", separated("\u2029"), Config{}, "U+2029"},
		{"next line", separated("\u0085"), Config{}, "U+0085"},
		{"vertical tab", separated("\v"), Config{}, "tr '\\013'"},
		{"form feed", separated("\f"), Config{}, "tr '\\014'"},
		{"file separator", separated("\x1c"), Config{}, "0x1C"},
		{"record separator", separated("\x1e"), Config{}, "0x1E"},
		{"backslash and n", separated(`\n`), Config{}, "a backslash with an n"},
		{"one column", "id\f1\f2\f", Config{}, "form feed"},
		{"with a line end", separated("\f") + "\n", Config{}, "form feed"},
		{"with blank lines", separated("\f") + "\n\n\r\n", Config{}, "form feed"},
		{"wrong line end", separated("\r"), Config{LineEnd: LineEndLF}, "--line-end any"},
		{"swallowed by a quote", "id,\"email\n1,a@b.c\n2,b@b.c\"\n", Config{}, "--quote none"},
		{"long", wide.String() + "\n", Config{}, "bytes long"},
		{"two delimiters", "id;email\tname\n", Config{}, "--delimiter"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, one := range []bool{false, true} {
				if one && len(tt.text) > 1000 {
					continue
				}
				reader := func() *strings.Reader { return strings.NewReader(tt.text) }
				var err error
				if one {
					_, _, err = readAll(t, iotest.OneByteReader(reader()), tt.cfg)
				} else {
					_, _, err = readAll(t, reader(), tt.cfg)
				}
				var format *FormatError
				if !errors.As(err, &format) || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("one byte at a time %v: got %v, want an error that says %q", one, err, tt.says)
				}
			}
		})
	}
}

// TestHeaderAlone: a header without rows is an empty export, whatever separates its names. An odd name is a name if rows follow.
func TestHeaderAlone(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		cfg        Config
		columns    int
		rows       int
	}{
		{"comma", "id,email\n", Config{}, 2, 0},
		{"no line end", "id,email", Config{}, 2, 0},
		{"blank lines", "id,email\n\n\r\n\n", Config{}, 2, 0},
		{"semicolon", "id;email;name\n", Config{}, 3, 0},
		{"tab", "id\temail\r\n", Config{}, 2, 0},
		{"CR", "id,email\r", Config{}, 2, 0},
		{"semicolon in a name", "id;email\n", Config{Delimiter: ','}, 1, 0},
		{"a quoted name of two lines", "id,\"E-mail\n(private)\"\n", Config{}, 2, 0},
		{"vertical tab in a name", "id,e\vmail\n1,a@b.c\n", Config{}, 2, 1},
		{"form feed before a name", "\fid,email\n", Config{}, 2, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			header, rows, err := readAll(t, strings.NewReader(tt.text), tt.cfg)
			if err != nil || len(header) != tt.columns || len(rows) != tt.rows {
				t.Errorf("got %q, %d rows, %v; want %d columns and %d rows", header, len(rows), err, tt.columns, tt.rows)
			}
		})
	}
}
