package source

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// pieces are the parts of cells in random tables.
var pieces = []string{"a", "Ann", "7", "0.5", "2026-01-31", "x@example.com", "it's", "'", `"`, `\`, `\\`, `\n`, `\N`, ",", ";", "\t", "|", "\n", "\r\n", "\r", " ", "é", "雪", ":", "#", "-", "NULL", "a,b;c", `say "no"`, `C:\dir`}

// randomTable has a header with plain names, so that a reader can recognize the rows.
func randomTable(r *rand.Rand) [][]string {
	columns, rows := 2+r.IntN(5), 1+r.IntN(12)
	table := [][]string{nil}
	for i := range columns {
		table[0] = append(table[0], fmt.Sprintf("%s%d", []string{"id", "name", "note"}[i%3], i))
	}
	some := pieces[:1+r.IntN(len(pieces))] // some tables are plain
	for range rows {
		var row []string
		for i := range columns {
			cell := ""
			for range r.IntN(4) {
				cell += some[r.IntN(len(some))]
			}
			if i == 0 && cell == "" {
				cell = "k"
			}
			row = append(row, cell)
		}
		table = append(table, row)
	}
	return table
}

func randomWriting(r *rand.Rand) writing {
	pick := func(all ...string) string { return all[r.IntN(len(all))] }
	w := writing{delimiter: ",;\t|"[r.IntN(4)], quoting: pick("minimal", "all", "nonnumeric", "none"), escape: r.IntN(2) == 0, quote: `""'`[r.IntN(3)], lineEnd: pick("\n", "\r\n", "\r")}
	if w.quoting == "none" {
		w.escape, w.quote = true, '"' // without an escape some tables cannot be written, and programs then escape double quotes
	}
	return w
}

// plainAs returns the rows of the bytes by RFC 4180, nil if there are none. A reader that reads them so cannot know better.
func plainAs(text []byte, delimiter byte) [][]string {
	if bytes.IndexByte(text, '\n') < 0 {
		text = bytes.ReplaceAll(text, []byte{'\r'}, newline)
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma = rune(delimiter)
	rows, err := r.ReadAll()
	if err != nil || len(rows) == 0 || len(rows[0]) < 2 {
		return nil
	}
	return rows
}

// FuzzDialect writes random tables in random dialects. Each is read to the same rows, or rejected. If the same bytes are also another table, as
// programs write it by RFC 4180 or without quotes, that one may be read.
func FuzzDialect(f *testing.F) {
	for seed := range uint64(300) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { randomDialect(t, seed) })
}

// randomDialect writes a table and reads it.
func randomDialect(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 1))
	table, w := randomTable(r), randomWriting(r)
	text := w.table(table)
	src, err := New(bytes.NewReader(text), Config{Format: FormatCSV})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	got, bad, err := rowsOfTable(t, src)
	var refused *FormatError
	switch {
	case errors.As(err, &refused) && refused.Hint != "":
		return
	case err != nil:
		t.Fatalf("%v: %q: %v", w, text, err)
	}
	wrong := readWrong(got, table, len(bad))
	if wrong == "" {
		return
	}
	d := src.Info().Dialects[0]
	if also := plainAs(text, d.Delimiter); also != nil && slices.EqualFunc(also, got, slices.Equal) {
		return
	}
	if writesAs(got, text, d) {
		return
	}
	t.Errorf("seed %d: %v, read as %v: %s in %q", seed, w, d.Flags(), wrong, text)
}

// writesAs reports whether programs write these bytes for the rows that were read: with a rule of quoting, or as PostgreSQL and MySQL do without
// quotes; some of them escape quotes too.
func writesAs(rows [][]string, text []byte, d Dialect) bool {
	for _, w := range []writing{{quoting: "minimal"}, {quoting: "all"}, {quoting: "nonnumeric"}, {quoting: "none"}} {
		for _, lineEnd := range []string{"\n", "\r\n", "\r"} {
			for _, quote := range []byte(`"'`) {
				w.delimiter, w.escape, w.quote, w.lineEnd = d.Delimiter, d.Escape == '\\', quote, lineEnd
				if bytes.Equal(w.table(rows), text) {
					return true
				}
			}
		}
	}
	if d.Quote < Unseen || d.Escape != '\\' {
		return false
	}
	plain := func(s string) string {
		return strings.NewReplacer(`\\`, `\\`, `\N`, "", `\'`, "'", `\"`, `"`, "\r\n", "\n", "\r", "\n").Replace(s)
	}
	escaping := strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`, string(rune(d.Delimiter)), `\`+string(rune(d.Delimiter)))
	var b strings.Builder
	for _, row := range rows {
		for i, v := range row {
			if i > 0 {
				b.WriteByte(d.Delimiter)
			}
			b.WriteString(escaping.Replace(v))
		}
		b.WriteByte('\n')
	}
	return plain(b.String()) == plain(string(text))
}
