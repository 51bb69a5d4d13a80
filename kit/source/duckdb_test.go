package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// duckDB is what DuckDB 1.5.6 detects in an export with sniff_csv and DESCRIBE SELECT * FROM read_csv_auto, and why our result differs.
type duckDB struct {
	File      string
	Refused   bool // by DuckDB
	Delimiter string
	Quote     string // empty if no field is quoted
	Header    bool
	Skip      int
	Types     []string
	// Why has the reasons of the differences. The keys are the number of a column, from 1, or delimiter, quote, header, skip, refused.
	Why map[string]string
}

// sameTypes are the types of DuckDB that agree with what a column looks like.
var sameTypes = map[Looks][]string{
	LooksInteger: {"BIGINT"}, LooksNumber: {"DOUBLE"}, LooksBoolean: {"BOOLEAN"}, LooksDate: {"DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"},
	LooksEmail: {"VARCHAR"}, LooksPhone: {"VARCHAR"}, LooksPostcode: {"VARCHAR"}, LooksObject: {"VARCHAR"}, LooksText: {"VARCHAR"}, LooksEmpty: {"VARCHAR"}, LooksID: {"VARCHAR"},
}

// Our results for the exports are those of DuckDB, or the table says why not. No reason in the table is unused.
func TestExportsAsDuckDB(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("testdata", "duckdb-sniffs.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(text), newline)
	if len(lines) < 38 {
		t.Fatalf("%d exports", len(lines))
	}
	for _, line := range lines {
		var want duckDB
		if err := json.Unmarshal(line, &want); err != nil {
			t.Fatal(err)
		}
		t.Run(want.File, func(t *testing.T) { want.compare(t) })
	}
}

func (want duckDB) compare(t *testing.T) {
	differences := want.differences(t)
	for what, difference := range differences {
		if want.Why[what] == "" {
			t.Errorf("%s differs from DuckDB without a reason: %s", what, difference)
		}
	}
	for what := range want.Why {
		if differences[what] == "" {
			t.Errorf("%s does not differ from DuckDB, but the table has a reason", what)
		}
	}
}

func (want duckDB) differences(t *testing.T) map[string]string {
	found := make(map[string]string)
	differs := func(what, ours, theirs string) {
		if ours != theirs {
			found[what] = fmt.Sprintf("%q and not %q", ours, theirs)
		}
	}
	p, skip, refused := sniffed(t, want.File)
	differs("refused", strconv.FormatBool(refused), strconv.FormatBool(want.Refused))
	if refused || want.Refused {
		return found
	}
	differs("delimiter", string(rune(p.Dialect.Delimiter)), want.Delimiter)
	if want.Quote != "" { // otherwise it shows nothing
		differs("quote", charText(p.Dialect.Quote), want.Quote)
	}
	differs("header", strconv.FormatBool(p.Headerless == ""), strconv.FormatBool(want.Header))
	differs("skip", strconv.Itoa(skip), strconv.Itoa(want.Skip))
	if len(p.Columns) != len(want.Types) {
		t.Fatalf("%d columns and not %d", len(p.Columns), len(want.Types))
	}
	for i, c := range p.Columns {
		if !slices.Contains(sameTypes[c.Looks], want.Types[i]) {
			differs(strconv.Itoa(i+1), string(c.Looks), want.Types[i])
		}
	}
	return found
}

// sniffed inspects an export, and skips the lines that the reader says must be skipped.
func sniffed(t *testing.T, file string) (p Profile, skip int, refused bool) {
	look := func(cfg Config) (Profile, error) {
		src, err := Open(filepath.Join("..", "cmd", "ciokit", "testdata", "exports", file), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		return Inspect(t.Context(), src, 0)
	}
	p, err := look(Config{})
	var format *FormatError
	if errors.As(err, &format) && format.Flag == "skip-rows" {
		if skip, err = strconv.Atoi(format.Value); err != nil {
			t.Fatal(err)
		}
		p, err = look(Config{SkipLines: skip})
	} else if err == nil {
		skip = p.Dialect.SkipLines
	}
	return p, skip, err != nil
}
