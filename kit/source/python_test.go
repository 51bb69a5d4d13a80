package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// TestPythonsDialects writes tables with Python's csv module in all its dialects. Each is read to the same rows, or the file or the row is rejected.
func TestPythonsDialects(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed: the output of its csv module is not checked")
	}
	dir := t.TempDir()
	every := "7"
	if os.Getenv("CIOKIT_DEEP") != "" {
		every = "1"
	}
	cmd := exec.CommandContext(t.Context(), python, filepath.Join("testdata", "dialects.py"), dir, every)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var written []struct {
		File, Dialect string
		Rows          [][]string
	}
	if err := json.Unmarshal(out, &written); err != nil {
		t.Fatal(err)
	}
	whole, reasons := 0, make(map[string]int)
	for _, w := range written {
		got, bad, refused := readTable(t, filepath.Join(dir, w.File), Config{})
		if wrong := w.Rows; refused == nil {
			if at := readWrong(got, wrong, len(bad)); at != "" {
				text, _ := os.ReadFile(filepath.Join(dir, w.File))
				t.Errorf("%s %s is read wrong: %s in\n%q", w.File, w.Dialect, at, text)
			}
		}
		switch {
		case refused != nil:
			var format *FormatError
			if !errors.As(refused, &format) || format.Hint == "" {
				t.Errorf("%s %s: %v", w.File, w.Dialect, refused)
			} else {
				reasons[w.Dialect+": "+format.Problem]++
			}
		case len(bad) > 0:
			reasons[w.Dialect+": "+bad[0]]++
		default:
			whole++
		}
	}
	t.Logf("of %d tables, %d are read completely", len(written), whole)
	for why, n := range reasons {
		t.Logf("%d: %s", n, why)
	}
	if 10*whole < 7*len(written) {
		t.Errorf("only %d of %d are read completely", whole, len(written))
	}
}

// endsOfLines become LF in quotes.
var endsOfLines = regexp.MustCompile(`\r+\n`)

// readWrong reports rows that were read but not written, and rows that were neither read nor rejected.
func readWrong(got, want [][]string, bad int) string {
	plain := func(row []string) string {
		row = slices.Clone(row)
		for i, v := range row {
			if row[i] = endsOfLines.ReplaceAllString(v, "\n"); v == `\N` {
				row[i] = "" // it means null in most files
			}
		}
		return fmt.Sprintf("%q", row)
	}
	if plain(got[0]) != plain(want[0]) {
		return "the header is " + plain(got[0])
	}
	left := make(map[string]int)
	for _, row := range want[1:] {
		left[plain(row)]++
	}
	for _, row := range got[1:] {
		if left[plain(row)]--; left[plain(row)] < 0 {
			return plain(row)
		}
	}
	if bad == 0 && len(got) != len(want) {
		return fmt.Sprintf("%d rows of %d", len(got)-1, len(want)-1)
	}
	return ""
}
