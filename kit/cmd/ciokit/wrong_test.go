package main

import (
	"bytes"
	"flag"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/spf13/cobra"
	"golang.org/x/tools/txtar"
)

var updateWrong = flag.Bool("update-wrong", false, "write what the wrong uses in testdata/wrong say now")

// wrongLines is the most lines for a wrong use: what is wrong, where, and what to do.
const wrongLines = 3

// goWords are names that only a programmer of the command knows.
var goWords = regexp.MustCompile(`strconv\.|(?m)(?:^|: )(?:load|cio|source|mapping|emulator|emulatordb|outbox|sqldb|livetest|appapi|erasure): |arg\(s\)|Config\.|Job\.|" flag:|\bopen \S+: |\bnil\b|dial tcp|listen tcp`)

// Wrong uses of every command say what is wrong, where and what to do, in a few lines of plain words. Each line that begins with $ in
// testdata/wrong is a command line, with its variables before it; what follows is its exit code and all that it prints. The files are those of
// testdata/wrong/files.txtar. go test -run TestWrongUses -update-wrong writes what they say now.
func TestWrongUses(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("what the system says of files and sockets is in other words there")
	}
	goldens, err := filepath.Glob(filepath.Join("testdata", "wrong", "*.golden"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range goldens {
		if goldens[i], err = filepath.Abs(goldens[i]); err != nil {
			t.Fatal(err)
		}
	}
	files, err := txtar.ParseFile(filepath.Join("testdata", "wrong", "files.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, f := range files.Files {
		if err := os.WriteFile(f.Name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(emulator.New(emulator.Config{Keys: []string{"test-key"}}))
	defer server.Close()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	vars := map[string]string{"EMULATOR": server.URL, "TAKEN": taken.Addr().String()}
	shown := strings.NewReplacer(server.URL, "$EMULATOR", taken.Addr().String(), "$TAKEN", dir, "DIR")
	uses := 0
	for _, golden := range goldens {
		text, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		var now strings.Builder
		for _, use := range strings.Split(strings.TrimPrefix("\n"+string(text), "\n$ "), "\n$ ") {
			line, _, _ := strings.Cut(use, "\n")
			uses++
			said := wrongUse(t, line, vars, shown)
			now.WriteString("$ " + line + "\n" + said + "\n")
		}
		if got := strings.TrimSuffix(now.String(), "\n"); *updateWrong {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if got != strings.ReplaceAll(string(text), "\r\n", "\n") {
			t.Errorf("%s says otherwise; -update-wrong writes it if that is right; now:\n%s", filepath.Base(golden), differing(string(text), got))
		}
	}
	if uses < 60 {
		t.Errorf("only %d wrong uses", uses)
	}
}

// wrongUse runs a command line and returns its exit code and all that it prints. Words can be in double quotes, and variables can precede the
// command.
func wrongUse(t *testing.T, line string, vars map[string]string, shown *strings.Replacer) string {
	t.Helper()
	for _, name := range []string{"CUSTOMERIO_REGION", "CUSTOMERIO_BASE_URL", "CUSTOMERIO_APP_API_KEY", "CUSTOMERIO_APP_BASE_URL", "CIOKIT_LIVE_WORKSPACE", "CIOKIT_RATE_LIMIT"} {
		t.Setenv(name, "")
	}
	for name, value := range map[string]string{"CUSTOMERIO_API_KEY": "test-key", "XDG_STATE_HOME": mustAbs(t, "state"), "XDG_CONFIG_HOME": mustAbs(t, "config"), "XDG_CACHE_HOME": mustAbs(t, "cache")} {
		t.Setenv(name, value)
	}
	var args []string
	for _, word := range regexp.MustCompile(`"[^"]*"|\S+`).FindAllString(line, -1) {
		args = append(args, strings.Trim(os.Expand(word, func(name string) string { return vars[name] }), `"`))
	}
	for args[0] != "ciokit" {
		name, value, _ := strings.Cut(args[0], "=")
		t.Setenv(name, value)
		args = args[1:]
	}
	var said bytes.Buffer
	code := run(t.Context(), args[1:], console.New(strings.NewReader(""), &said, &said))
	text := shown.Replace(said.String())
	if n := strings.Count(text, "\n"); code == exit.OK || n == 0 || n > wrongLines {
		t.Errorf("%s: exit code %d and %d lines:\n%s", line, code, n, text)
	}
	if found := goWords.FindString(text); found != "" {
		t.Errorf("%s: it says %q:\n%s", line, found, text)
	}
	checkWords(t, text)
	checkSuggestion(t, text)
	checkFlagsNamed(t, args[1:], text)
	checkJSONOf(t, args[1:])
	return "exit " + strconv.Itoa(code) + "\n" + text
}

var (
	offered      = regexp.MustCompile(`(?:--[a-z-]+|KIND) (?:is|must be) ([^;:\n]+?); did you mean (\S+?)\?`)
	otherUse     = regexp.MustCompile(`ciokit [a-z](?:[^\n;]|;\S)*`)
	commandNamed = regexp.MustCompile(`\bciokit ([a-z][a-z-]*(?: [a-z][a-z-]*)?)`)
	flagNamed    = regexp.MustCompile(`(?:^|[ ("])--([a-z][a-z-]+)`)
	unknownOne   = regexp.MustCompile(`unknown flag: --\S+|unknown command .*|checkout of ciokit|ciokit help`)
)

// checkSuggestion fails if a suggested value is not one of those that the same sentence offers.
func checkSuggestion(t *testing.T, said string) {
	t.Helper()
	for _, m := range offered.FindAllStringSubmatch(said, -1) {
		values := strings.FieldsFunc(m[1], func(r rune) bool { return strings.ContainsRune(", ()", r) })
		if url := strings.HasPrefix(m[2], "http") && strings.Contains(m[1], "http://"); !url && !strings.HasPrefix(m[1], "a ") && !slices.Contains(values, m[2]) {
			t.Errorf("it suggests %s, which is none of %s:\n%s", m[2], m[1], said)
		}
	}
}

// commandTree is the tree of commands in which tests look up names and flags. It runs nothing, and it is built once, because building it takes
// milliseconds.
var commandTree = sync.OnceValue(func() *cobra.Command { return newRoot(console.Console{}) })

// checkFlagsNamed fails if what a command says names a flag that neither it nor the other command that the sentence names has.
func checkFlagsNamed(t *testing.T, args []string, said string) {
	t.Helper()
	root := commandTree()
	for _, m := range commandNamed.FindAllStringSubmatch(unknownOne.ReplaceAllString(said, ""), -1) {
		cmd, rest, err := root.Find(strings.Fields(m[1]))
		if err != nil || cmd == root || len(rest) > 0 && !cmd.Runnable() {
			t.Errorf("there is no command ciokit %s:\n%s", m[1], said)
		}
	}
	cmd, _, err := root.Find(args)
	if err != nil {
		return
	}
	for _, m := range flagNamed.FindAllStringSubmatch(unknownOne.ReplaceAllString(otherUse.ReplaceAllString(said, ""), ""), -1) {
		if m[1] != "help" && cmd.Flags().Lookup(m[1]) == nil && cmd.InheritedFlags().Lookup(m[1]) == nil {
			t.Errorf("%s has no flag --%s:\n%s", cmd.CommandPath(), m[1], said)
		}
	}
}

// checkJSONOf fails if the output of a wrong use with --json contains goWords.
func checkJSONOf(t *testing.T, args []string) {
	t.Helper()
	cmd, _, err := newRoot(console.Console{}).Find(args)
	if err != nil || cmd.Flags().Lookup("json") == nil || slices.Contains(args, "--json") || cmd.Name() == "emulate" || cmd.Name() == "proxy" {
		return
	}
	var said bytes.Buffer
	run(t.Context(), append(slices.Clone(args), "--json"), console.New(strings.NewReader(""), &said, &said))
	if found := goWords.FindString(strings.NewReplacer(`"stopped":"`, "\n", `"why":"`, "\n", `"said":"`, "\n", `"message":"`, "\n").Replace(said.String())); found != "" {
		t.Errorf("%q --json: it says %q:\n%s", args, found, &said)
	}
}

func mustAbs(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// differing returns the lines of now that are not in before.
func differing(before, now string) string {
	old := make(map[string]bool)
	for line := range strings.Lines(before) {
		old[line] = true
	}
	var b strings.Builder
	for line := range strings.Lines(now) {
		if !old[line] || strings.HasPrefix(line, "$") {
			b.WriteString(line)
		}
	}
	return b.String()
}
