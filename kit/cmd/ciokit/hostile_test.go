package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
)

// hostileNames are names of columns with control characters, and one that looks like a line of the command.
var hostileNames = []string{"id", "em\x1b[31mail", "a\nINJECTED", "b\u202ex", "c\u0085d", "g\u009b31m", "bell\a", "e\u2066z", "tab\tin", "cr\rINJECTED", "del\x7f", "ls\u2028INJECTED"}

// TestHostileNames: every command shows names of columns and files, and cells, without effects on the terminal.
func TestHostileNames(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no file has such a name there")
	}
	server := httptest.NewServer(emulator.New(emulator.Config{Keys: []string{"test-key"}}))
	defer server.Close()
	t.Setenv("CUSTOMERIO_API_KEY", "test-key")
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	dir := t.TempDir()
	write := func(name string, text []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var rows bytes.Buffer
	w := csv.NewWriter(&rows)
	w.Write(hostileNames)
	const cell = "x\x1b[32m\u202e\n\u009b\nINJECTED"
	for _, id := range []string{"u1", "", "u2"} {
		record := []string{id}
		for range hostileNames[1:] {
			record = append(record, cell)
		}
		w.Write(record)
	}
	w.Write([]string{"u3", cell})
	w.Flush()
	object := make(map[string]string)
	for _, name := range hostileNames {
		object[name] = cell
	}
	line, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	const base = "ho\x1b[31mst\u202e\nINJECTED"
	table := write(base+".csv", rows.Bytes())
	objects := write(base+".jsonl", append(append(line, '\n'), "{\"bad\x1b\u202e\": 1, \"bad\x1b\u202e\": 2}\n{\n"...))
	reference := write("ref\nINJECTED.yaml", []byte("messages:\n  - identify:\n      userId: $id\n      traits: {\"a\\nINJECTED\": '=int($[\"a\\nINJECTED\"])', x: '$[\"em\\e[31mail\"]', y: $missing}\n"))
	good := write("good\nINJECTED.yaml", []byte("messages:\n  - identify:\n      userId: $id\n      traits: {\"a\\nINJECTED\": \"=int($[\\\"a\\\\nINJECTED\\\"])\"}\n"))
	absent := filepath.Join(dir, "no\x1b\nINJECTED.csv")

	check := func(args ...string) (stdout string) {
		t.Helper()
		var out, errs bytes.Buffer
		run(t.Context(), args, console.New(strings.NewReader(""), &out, &errs))
		for _, text := range [][]byte{out.Bytes(), errs.Bytes()} {
			for rest := text; len(rest) > 0; {
				r, n := utf8.DecodeRune(rest)
				if r == utf8.RuneError && n == 1 || r != '\n' && r != '\t' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
					t.Fatalf("%q prints %q", args, text)
				}
				rest = rest[n:]
			}
			if bytes.HasPrefix(text, []byte("INJECTED")) || bytes.Contains(text, []byte("\nINJECTED")) {
				t.Fatalf("%q prints %q", args, text)
			}
		}
		if out.Len()+errs.Len() == 0 {
			t.Errorf("%q prints nothing", args)
		}
		return out.String()
	}
	proposal := check("map", "init", table)
	made := write("made.yaml", []byte(proposal))
	if plan := check("map", "check", made, table, "--json"); !strings.Contains(plan, `"rejected":`) && !strings.Contains(plan, `"sampled":`) {
		t.Errorf("the proposal %q does not work: %s", proposal, plan)
	}
	for _, mapping := range []string{made, reference, good} {
		for _, file := range []string{table, objects, absent} {
			for _, more := range [][]string{nil, {"--json"}} {
				check(append([]string{"map", "check", mapping, file}, more...)...)
				check(append([]string{"load", file, "--mapping", mapping, "--dry-run"}, more...)...)
				check(append([]string{"load", file, "--mapping", mapping, "--to", server.URL, "--rejects", file + "\n.rejects"}, more...)...)
			}
			check("map", "check", mapping, file, "--values")
			check("load", file, "--mapping", mapping, "--dry-run", "--progress", "json")
		}
		check("load", table, filepath.Join(dir, "ho*.csv"), "--mapping", mapping, "--dry-run")
	}
	for _, more := range [][]string{nil, {"--json"}} {
		for _, file := range []string{table, objects, absent} {
			check(append([]string{"source", "inspect", file}, more...)...)
		}
		check(append([]string{"runs", "list"}, more...)...)
	}
	check("map", "init", objects)
	check("map", "init", absent)
	check("map", "init", table, "--user-id", "a\x1b\nINJECTED")
	check("load", table, "--mapping", "no\x1b\nINJECTED.yaml", "--dry-run")
}
