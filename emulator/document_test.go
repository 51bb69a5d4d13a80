package emulator_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

var update = flag.Bool("update", false, "write the table of behaviours into docs/emulator.md")

// TestDocument checks that the table in docs/emulator.md equals Assumptions.
func TestDocument(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "docs", "emulator.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- begin behaviours: go test ./emulator -run TestDocument -update -->\n", "<!-- end behaviours -->"
	before, rest, found := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no table of behaviours", path)
	}
	var table strings.Builder
	table.WriteString("| behaviour | source | confidence | switch |\n|---|---|---|---|\n")
	for _, a := range emulator.Assumptions() {
		name := ""
		if a.Switch != "" {
			name = "`" + a.Switch + "`"
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", a.Behaviour, a.Source, a.Confidence, name)
	}
	want := before + begin + table.String() + end + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(text) != want {
		t.Errorf("%s does not list what the server assumes; run go test ./emulator -run TestDocument -update", path)
	}
}
