package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/mapping"
)

// randomID is an id, an address, or something odd.
func randomID(rng *rand.Rand, odd bool) string {
	switch n := rng.IntN(5); {
	case n == 0:
		return fmt.Sprint(1 + rng.IntN(100_000))
	case n == 1:
		return fmt.Sprintf("user%d@Example%d.org", rng.IntN(1000), rng.IntN(9))
	case n == 2:
		return fmt.Sprintf("cio_%08x", rng.Uint32())
	case n == 3 || !odd:
		return fmt.Sprintf("%08x-%04x-4%03x", rng.Uint32(), rng.IntN(1<<16), rng.IntN(1<<12))
	}
	letters := []rune("ab1,;|\t\"' :'[](){}é名\u00a0.@-_\r\n=+#\\<>")
	id := make([]rune, 1+rng.IntN(6))
	for i := range id {
		id[i] = letters[rng.IntN(len(letters))]
	}
	return string(id)
}

// writeIDs writes ids as some program would, other ones in place of those that it cannot write, and returns the flags that a sensible person would read them with.
func writeIDs(rng *rand.Rand, ids []string) (text string, c eraseColumns, dialect string) {
	var b bytes.Buffer
	end := []string{"\n", "\r\n"}[rng.IntN(2)]
	switch rng.IntN(4) {
	case 0:
		dialect = "one a line"
		for i, id := range ids {
			if strings.ContainsAny(id, "\r\n") || mapping.TrimID(id) == "" { // no list of lines can tell
				ids[i] = "x"
			}
			b.WriteString(ids[i] + end)
		}
	case 1:
		dialect, c.column = "JSON Lines", "user"
		c.Format = "jsonl"
		for i, id := range ids {
			line, _ := json.Marshal(map[string]any{"at": i, "user": id})
			b.Write(append(line, end...))
		}
	case 2:
		dialect = "one a line, as CSV"
		w := csv.NewWriter(&b)
		w.UseCRLF = end == "\r\n" && !strings.Contains(strings.Join(ids, ""), "\r") // it would take those away
		for _, id := range ids {
			_ = w.Write([]string{id})
		}
		w.Flush()
	default:
		w := csv.NewWriter(&b)
		w.UseCRLF = end == "\r\n" && !strings.Contains(strings.Join(ids, ""), "\r") // it would take those away
		w.Comma = []rune{',', ';', '\t', '|'}[rng.IntN(4)]
		dialect, c.column = "CSV "+string(w.Comma), "user"
		_ = w.Write([]string{"at", "user", "why"})
		for i, id := range ids {
			_ = w.Write([]string{fmt.Sprint(i), id, "a,b;c"})
		}
		w.Flush()
	}
	text = b.String()
	switch rng.IntN(6) {
	case 0:
		return "\ufeff" + text, c, dialect + ", with a mark"
	case 1:
		var wide []byte
		for _, u := range utf16.Encode([]rune("\ufeff" + text)) {
			wide = append(wide, byte(u), byte(u>>8))
		}
		return string(wide), c, dialect + ", UTF-16"
	}
	return text, c, dialect
}

// What looks like an identifier and is none is refused, by its line and a rule and never by itself, unless it is meant as it stands.
func TestEraseRefusesDoubtfulIDs(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"person\u200b7531":               "an invisible character",
		"person\u00ad7531":               "an invisible character",
		"person\u200d7531":               "an invisible character",
		"person\u00a07531":               "an invisible character",
		"person\ufe0f7531":               "an invisible character",
		"person\u2800person":             "an invisible character",
		"person\x017531":                 "an invisible character",
		"ann\u200b@example.com":          "an invisible character",
		"Ann <ann@example.com>":          "no address",
		"mailto:ann@example.com":         "no address",
		"ann@example.com.":               "no address",
		"a@example.com;b@example.com":    "no address",
		"a@example.com b@example.com":    "no address",
		"ann@example":                    "no address",
		"@ann":                           "no address",
		"ann@@example.com":               "no address",
		"ann\uff20example.com":           "no address",
		"ann%40example.com":              "no address",
		"ann@example.com?subject=hello":  "no domain",
		"ann@example.com/":               "no domain",
		"ann@example.com'":               "no domain",
		"person-7531":                    "",
		"Ann-Marie O'Neil":               "",
		"ann+7531@example.com":           "",
		"o'neil@Example.co.uk":           "",
		"jos\u00e9@m\u00fcnchen.example": "",
		"cio_0a1b2c3d":                   "",
	} {
		line, _ := json.Marshal(map[string]string{"id": id})
		quoted := `"` + id + `"`
		for format, text := range map[string]string{"jsonl": `{"id":"x1"}` + "\n" + string(line) + "\n", "csv": "id,n\nx1,1\n" + quoted + ",2\n", "": "x1\nx2\n" + quoted + "\n"} {
			c := eraseColumns{column: "id", loadOptions: loadOptions{Format: format}}
			if format == "" {
				c.column = ""
			}
			read := func() (*eraseList, error) {
				return c.read(t.Context(), console.New(strings.NewReader(text), io.Discard, io.Discard), "-")
			}
			list, err := read()
			switch {
			case want == "" && (err != nil || list.targets[len(list.targets)-1].ID != id):
				t.Errorf("%s: %q is refused: %v", format, id, err)
			case want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--verbatim-ids")):
				t.Errorf("%s: %q: %v, want %q", format, id, err, want)
			case want != "" && (!strings.Contains(err.Error(), "line") || strings.Contains(err.Error(), id) || strings.Contains(err.Error(), "7531") || strings.Contains(err.Error(), "example")):
				t.Errorf("%s: %q: the error names it or no line: %v", format, id, err)
			}
			c.verbatim = true
			if _, err := read(); err != nil && strings.Contains(err.Error(), "doubtful") {
				t.Errorf("%s: %q is refused with --verbatim-ids: %v", format, id, err)
			}
		}
	}
}

// A first line that may be a person is not shown.
func TestEraseShowsNoRowsAsColumns(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"meier,anna\nschulz,bert\n", "ida,meier\nuwe,schulz\n", "ann@example.com,meier\nx,y\n", "user-1001,meier\nx,y\n", "meier,1001\nx,2\n"} {
		for _, column := range []string{"", "id", "maier"} {
			c := eraseColumns{column: column, loadOptions: loadOptions{Format: "csv"}}
			_, err := c.read(t.Context(), console.New(strings.NewReader(text), io.Discard, io.Discard), "-")
			if err == nil || !strings.Contains(err.Error(), "2 fields") || strings.Contains(err.Error(), "meier") || strings.Contains(err.Error(), "ida") {
				t.Errorf("%q, column %q: %v", text, column, err)
			}
		}
	}
	c := eraseColumns{column: "meyer", loadOptions: loadOptions{Format: "jsonl"}}
	_, err := c.read(t.Context(), console.New(strings.NewReader(`{"meier":"x1"}`+"\n"), io.Discard, io.Discard), "-")
	if err == nil || strings.Contains(err.Error(), "meier") {
		t.Error(err)
	}
}

// Whatever a list looks like, either it is refused or exactly those are read who were written, in their order.
func TestEraseReadsWhoWasWritten(t *testing.T) {
	t.Parallel()
	taken, refused := 0, 0
	for seed := range uint64(1000) {
		rng := rand.New(rand.NewPCG(seed, 19))
		var ids, want []string
		for range 1 + rng.IntN(6) {
			ids = append(ids, randomID(rng, seed%2 == 1))
		}
		text, c, dialect := writeIDs(rng, ids)
		for _, id := range ids {
			want = append(want, mapping.TrimID(id))
		}
		list, err := c.read(t.Context(), console.New(strings.NewReader(text), io.Discard, io.Discard), "-")
		if err != nil {
			refused++
			for _, id := range want {
				if len(id) > 7 && strings.Contains(err.Error(), id) {
					t.Errorf("seed %d, %s: the error names %q: %v", seed, dialect, id, err)
				}
			}
			if seed%2 == 0 && !strings.Contains(err.Error(), "looks like the name of a column") {
				t.Errorf("seed %d, %s: %q is refused: %v", seed, dialect, text, err)
			}
			continue
		}
		taken++
		var got []string
		for _, target := range list.targets {
			got = append(got, target.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("seed %d, %s: %q was written as %q, and %q was read", seed, dialect, ids, text, got)
		}
	}
	if taken < 500 || refused < 100 {
		t.Errorf("%d lists were taken and %d refused: the test is worth little", taken, refused)
	}
}
