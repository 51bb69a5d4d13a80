package livetest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

var update = flag.Bool("update", false, "write the table of experiments into docs/assumptions.md")

// TestDocument keeps the table in docs/assumptions.md equal to Experiments.
func TestDocument(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "docs", "assumptions.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- begin experiments: go test ./kit/livetest -run TestDocument -update -->\n", "<!-- end experiments -->"
	before, rest, found := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no table of experiments", path)
	}
	confidence := make(map[string]string)
	for _, a := range emulator.Assumptions() {
		confidence[a.Behaviour] = a.Confidence
	}
	var table strings.Builder
	table.WriteString("| question | assumed | confidence | |\n|---|---|---|---|\n")
	for _, e := range Experiments() {
		looks := ""
		if e.looks {
			looks = "looks"
		}
		sure := confidence[e.Behaviour]
		if sure == "" {
			sure = "low"
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", e.Question, e.Assumed, sure, looks)
	}
	want := before + begin + table.String() + end + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(text) != want {
		t.Errorf("%s does not list the experiments; run go test ./kit/livetest -run TestDocument -update", path)
	}
}

// Every guide that names the areas of the suite names the existing ones.
func TestAreas(t *testing.T) {
	t.Parallel()
	if got, want := strings.Join(Areas(), " "), "people events batches objects devices ecommerce video gdpr aliases pages"; got != want {
		t.Errorf("areas %s, want %s", got, want)
	}
}
