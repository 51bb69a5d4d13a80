package paritytest

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ciokit/cio/events"
)

var update = flag.Bool("update", false, "write the lines of the tables anew")

const (
	tablePath = "../../docs/parity.md"
	linesPath = "lines/lines_test.go"
)

// row is one row of a table.
type row struct {
	line                int // in the file
	section             string
	what, code, outcome string
}

// readTable returns the rows of all tables of a Markdown text.
func readTable(text string) (rows []row, err error) {
	section := ""
	inTable := false
	for i, line := range strings.Split(text, "\n") {
		if heading, ok := strings.CutPrefix(line, "#"); ok {
			section = strings.TrimLeft(heading, "# ")
		}
		if !strings.HasPrefix(line, "|") {
			inTable = false
			continue
		}
		if !inTable {
			inTable = true
			if line != "| What it did | Here | Outcome |" {
				return nil, fmt.Errorf("%s:%d: the test does not know this table", tablePath, i+1)
			}
			continue
		}
		if strings.Trim(line, "|-") == "" {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) != 3 {
			return nil, fmt.Errorf("%s:%d: %d cells, want 3; a line of Go may not hold a |", tablePath, i+1, len(cells))
		}
		r := row{line: i + 1, section: section, what: strings.TrimSpace(cells[0]), code: strings.TrimSpace(cells[1]), outcome: strings.TrimSpace(cells[2])}
		code, opened := strings.CutPrefix(r.code, "`")
		code, closed := strings.CutSuffix(code, "`")
		if r.code = code; !opened || !closed || strings.Contains(code, "`") || r.what == "" || r.outcome == "" {
			return nil, fmt.Errorf("%s:%d: want what it did, a line of Go in backquotes, and the outcome", tablePath, i+1)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func table(t *testing.T) []row {
	t.Helper()
	b, err := os.ReadFile(tablePath)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := readTable(string(b))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// importable are the packages that the lines can use, by their qualifiers.
var importable = map[string]string{
	"cio.": "github.com/ciokit/cio", "events.": "github.com/ciokit/cio/events",
	"erasure.": "github.com/ciokit/cio/erasure", "errors.": "errors", "mail.": "net/mail", "strings.": "strings", "time.": "time",
}

// source returns the Go file for the rows.
func source(rows []row) ([]byte, error) {
	paths := []string{"context", "github.com/ciokit/cio", "github.com/ciokit/cio/erasure"}
	for _, r := range rows {
		for qualifier, path := range importable {
			if strings.Contains(r.code, qualifier) && !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
	}
	slices.Sort(paths)
	var b bytes.Buffer
	b.WriteString("// Code generated from docs/parity.md by go test ./kit/paritytest -update. DO NOT EDIT.\n\npackage lines\n\nimport (\n")
	for _, ours := range []bool{false, true} {
		for _, path := range paths {
			if strings.HasPrefix(path, "github.com/") == ours {
				fmt.Fprintf(&b, "%q\n", path)
			}
		}
		b.WriteString("\n")
	}
	b.WriteString(")\n\nvar lines = []line{\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "{%s, %s, func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any {\nreturn results(%s)\n}},\n",
			strconv.Quote(r.section+": "+r.what), strconv.Quote(r.outcome), r.code)
	}
	b.WriteString("}\n")
	return format.Source(b.Bytes())
}

// TestLinesAreThoseOfTheTables checks that package lines compiles and runs exactly what docs/parity.md shows.
func TestLinesAreThoseOfTheTables(t *testing.T) {
	want, err := source(table(t))
	if err != nil {
		t.Fatalf("%s: a line is not a Go expression: %v", tablePath, err)
	}
	if *update {
		if err := os.WriteFile(linesPath, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(linesPath)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what %s says now (%v); go test ./kit/paritytest -update writes it, and go test ./kit/paritytest/lines runs it", linesPath, tablePath, err)
	}
}

// TestTablesAreComplete checks that the tables have every area, and every message and every event of the areas.
func TestTablesAreComplete(t *testing.T) {
	t.Parallel()
	rows := table(t)
	var all strings.Builder
	sections := map[string]int{}
	for _, r := range rows {
		all.WriteString(r.code + "\n")
		sections[r.section]++
	}
	for _, section := range []string{"Client", "People", "Custom events", "Ecommerce", "Email", "Mobile", "Video", "Objects", "Devices", "Pages and screens", "Alias and merge", "Batches", "Privacy", "Validators", "Exceptions"} {
		if sections[section] == 0 {
			t.Errorf("there is no table of %q", section)
		}
	}
	for _, message := range []string{"Identify", "Track", "Page", "Screen", "Group", "Alias", "DeletePerson", "SuppressPerson", "UnsuppressPerson", "SetDevice", "DeleteDevice", "SetObject", "Relate", "DeleteObject", "DeleteRelationship", "ReportDelivery"} {
		if !strings.Contains(all.String(), "cio."+message+"{") {
			t.Errorf("no line sends a cio.%s", message)
		}
	}
	for _, d := range events.All() {
		section := map[string]string{"Ecommerce": "Ecommerce", "Email": "Email", "Mobile app": "Mobile", "Video": "Video"}[d.Category]
		if section == "" {
			continue
		}
		listed := func(r row) bool {
			return r.section == section && r.what == d.Name && strings.Contains(r.code, "events."+d.Type+"{")
		}
		if !slices.ContainsFunc(rows, listed) {
			t.Errorf("the table of %s lacks %s", section, d.Name)
		}
	}
}

func TestReadTableRefuses(t *testing.T) {
	t.Parallel()
	const head = "| What it did | Here | Outcome |\n|---|---|---|\n"
	for text, want := range map[string]string{
		"# A\n| b | c |\n":                ":2: the test does not know this table",
		head + "| a | `b()` |\n":          ":3: 2 cells",
		head + "| a | `b(1|2)` | ok |\n":  ":3: 4 cells",
		head + "| a | b() | ok |\n":       ":3: want",
		head + "| a | `b()` `c` | ok |\n": ":3: want",
		head + "| a | `b()` |  |\n":       ":3: want",
	} {
		if _, err := readTable(text); err == nil || !strings.Contains(err.Error(), filepath.Base(tablePath)+want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
	rows, err := readTable("## A\n\n" + head + "| x | `f(\"a\")` | ok |\n\ntext\n\n" + head + "| y | `g()` | accepted |\n")
	if err != nil || len(rows) != 2 || rows[0] != (row{5, "A", "x", `f("a")`, "ok"}) || rows[1].code != "g()" {
		t.Errorf("%+v, %v", rows, err)
	}
}
