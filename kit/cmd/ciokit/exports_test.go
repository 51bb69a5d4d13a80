package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
)

var updateExports = flag.Bool("update-exports", false, "write what is found out of the files in testdata/exports to testdata/exports/golden")

// needFlags are the exports that need a flag: their bytes could mean something else, so a load refuses them without it.
var needFlags = map[string][]string{
	"excel-french.csv":  {"--encoding", "windows-1252"}, // the bytes are not UTF-8, and nothing says which code page it is
	"excel-german.csv":  {"--encoding", "windows-1252"}, // the same
	"report-titles.csv": {"--skip-rows", "3"},           // the lines above the header could be rows of one field
}

// Forty exports as programs write them: what inspect finds in each, the proposed mapping, and the result of a load with the proposed command. The
// first lines of a golden file can be comments that say why something differs from DuckDB.
func TestExports(t *testing.T) {
	server := httptest.NewServer(emulator.New(emulator.Config{Keys: []string{"test-key"}}))
	t.Cleanup(server.Close)
	t.Setenv("CUSTOMERIO_API_KEY", "test-key")
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	t.Chdir(filepath.Join("testdata", "exports"))
	files, err := filepath.Glob("*.*")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			got := exported(t, server.URL, file)
			golden := filepath.Join("golden", file+".txt")
			before, err := os.ReadFile(golden)
			why, want := comments(string(before))
			if *updateExports {
				if err := os.WriteFile(golden, []byte(why+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if err != nil || got != want {
				t.Errorf("%v; go test ./kit/cmd/ciokit -run TestExports -update-exports writes it anew. Got\n%s\nwant\n%s", err, got, want)
			}
		})
	}
}

// comments separates the comments at the beginning.
func comments(text string) (why, rest string) {
	for strings.HasPrefix(text, "// ") {
		line, after, _ := strings.Cut(text, "\n")
		why, text = why+line+"\n", after
	}
	return why, text
}

// exported inspects a file, proposes a mapping for it, and loads it.
func exported(t *testing.T, emulator, file string) string {
	t.Helper()
	call := func(args ...string) (code int, out, errs string) {
		var o, e bytes.Buffer
		code = run(t.Context(), args, console.New(strings.NewReader(""), &o, &e))
		return code, o.String(), e.String()
	}
	var b strings.Builder
	code, out, errs := call("source", "inspect", file)
	fmt.Fprintf(&b, "-- inspect --\n%s%s", trimLines(out), errs)
	flags, refused := needFlags[file]
	if code != 0 {
		t.Errorf("source inspect exits with %d", code)
	}
	if refused {
		if !strings.Contains(out+errs, "must be loaded, with "+strings.Join(flags, " ")+".") {
			t.Errorf("source inspect does not say that a load needs %s: %s%s", flags, out, errs)
		}
		code, out, errs = call(append([]string{"source", "inspect", file}, flags...)...)
		fmt.Fprintf(&b, "-- inspect %s --\n%s%s", strings.Join(flags, " "), trimLines(out), errs)
		if code != 0 {
			t.Errorf("source inspect %s exits with %d", flags, code)
		}
	}
	code, mapping, errs := call("map", "init", file)
	fmt.Fprintf(&b, "-- mapping --\n%s%s", mapping, errs)
	if code != 0 || refused && !strings.Contains(errs, "Use the mapping with "+strings.Join(flags, " ")+".") {
		t.Errorf("map init exits with %d: %s", code, errs)
	}
	if _, given, errs := call(append([]string{"map", "init", file}, flags...)...); given != mapping {
		t.Errorf("map init %s proposes another mapping: %s%s", flags, given, errs)
	}
	map1 := filepath.Join(t.TempDir(), "map.yaml")
	if err := os.WriteFile(map1, []byte(mapping), 0o600); err != nil {
		t.Fatal(err)
	}
	args := shellWords(t, proposedCommand(t, mapping))
	args = append(args[1:], "--to", emulator, "--json", "--yes")
	for i := range args {
		if args[i] == "MAPPING.yaml" {
			args[i] = map1
		}
	}
	args = slices.DeleteFunc(args, func(a string) bool { return a == "--dry-run" })
	code, out, errs = call(args...)
	fmt.Fprintf(&b, "-- load --\nexit %d\n", code)
	if code == exit.Usage {
		fmt.Fprint(&b, strings.ReplaceAll(errs, map1, "MAPPING.yaml"))
		if !strings.Contains(mapping, "CHOOSE") {
			t.Errorf("the proposal is refused: %s", errs)
		}
		return b.String()
	}
	var s struct {
		Complete               bool
		Rows, Accepted, Unsent int64
		RowsMapped             int64 `json:"rows_mapped"`
		RowsRejected           int64 `json:"rows_rejected"`
		RowsEmpty              int64 `json:"rows_empty"`
		RejectedByAPI          int64 `json:"rejected_by_api"`
		Reasons, Warned        json.RawMessage
	}
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatalf("%v: %s%s", err, out, errs)
	}
	if !s.Complete || s.Unsent != 0 || s.RejectedByAPI != 0 || s.Rows != s.RowsMapped+s.RowsRejected+s.RowsEmpty {
		t.Errorf("%s", out)
	}
	fmt.Fprintf(&b, "%d rows, %d mapped, %d rejected, %d without a message; %d messages accepted\n", s.Rows, s.RowsMapped, s.RowsRejected, s.RowsEmpty, s.Accepted)
	if string(s.Reasons) != "null" && len(s.Reasons) > 0 {
		fmt.Fprintf(&b, "rejected %s\n", s.Reasons)
	}
	return b.String()
}

// proposedCommand is the command in a proposal.
func proposedCommand(t *testing.T, mapping string) string {
	t.Helper()
	for line := range strings.Lines(mapping) {
		if command, ok := strings.CutPrefix(strings.TrimSpace(line), "# ciokit "); ok {
			return "ciokit " + command
		}
	}
	t.Fatalf("the proposal names no command:\n%s", mapping)
	return ""
}

// shellWords splits a command as a shell does.
func shellWords(t *testing.T, s string) (words []string) {
	t.Helper()
	word, quoted, in := "", false, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\'':
			quoted, in = !quoted, true
		case quoted:
			word += string(c)
		case c == '\\':
			i++
			word, in = word+s[i:i+1], true
		case c == ' ':
			if in {
				words = append(words, word)
			}
			word, in = "", false
		default:
			word, in = word+string(c), true
		}
	}
	if quoted {
		t.Fatalf("a quote is open in %s", s)
	}
	if in {
		words = append(words, word)
	}
	return words
}

// trimLines removes the spaces at the ends of lines.
func trimLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}
