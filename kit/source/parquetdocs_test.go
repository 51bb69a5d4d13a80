package source

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The table of Parquet types in docs/load.md agrees with what the files of other writers become.
func TestParquetTypesAsDocumented(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile(filepath.Join("..", "..", "docs", "load.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(docs), "\n### Parquet\n")
	section, _, closed := strings.Cut(section, "\n### ")
	if !ok || !closed {
		t.Fatal("docs/load.md has no section on Parquet")
	}
	var golden strings.Builder
	names, err := filepath.Glob(filepath.Join("testdata", "parquet", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		golden.Write(text)
	}
	row := regexp.MustCompile("(?m)^\\| `([A-Z0-9 ]+)([(<`]).*\\| `(.*)` \\|$")
	rows := row.FindAllStringSubmatch(section, -1)
	if len(rows) < 15 {
		t.Fatalf("the table has %d types", len(rows))
	}
	for _, r := range rows {
		typ := r[1]
		if r[2] != "`" {
			typ += r[2] // with its parameters
		}
		if !regexp.MustCompile(`(?m)^# .*` + regexp.QuoteMeta(typ)).MatchString(golden.String()) {
			t.Errorf("no file has a column of the type %s", typ)
		}
		if !strings.Contains(golden.String(), ":"+r[3]) {
			t.Errorf("%s: no file has the value %s", typ, r[3])
		}
	}
}
