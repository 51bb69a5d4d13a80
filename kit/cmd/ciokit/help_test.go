package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helpOf is what a command prints for --help.
func helpOf(t *testing.T, words ...string) string {
	t.Helper()
	var out bytes.Buffer
	if code := run(t.Context(), append(words, "--help"), console.New(nil, &out, &out)); code != exit.OK {
		t.Fatalf("%q: exit code %d", words, code)
	}
	return out.String()
}

// Every command has a task, and the help shows each of them in its group.
func TestCommandsHaveTasks(t *testing.T) {
	t.Parallel()
	help := helpOf(t)
	for _, cmd := range newRoot(console.Console{}).Commands() {
		if cmd.GroupID == "" && cmd.Name() != "version" && cmd.Name() != "man" && !cmd.IsAdditionalHelpTopicCommand() {
			t.Errorf("%s is in no group of the help", cmd.Name())
		}
		if !strings.Contains(help, "  "+cmd.Name()+" ") && !strings.Contains(help, "  ciokit "+cmd.Name()+" ") {
			t.Errorf("the help does not show %s", cmd.Name())
		}
	}
	for _, task := range tasks {
		if !strings.Contains(help, "\n"+task.title+":\n") {
			t.Errorf("the help has no %q", task.title)
		}
	}
}

var (
	aFile       = regexp.MustCompile(`^(?:the |new |YAML )?(?:file|directory)\b`)
	fileRead    = regexp.MustCompile(`^(?:the file|file with|file of|YAML file|directory of)\b`)
	fileWritten = regexp.MustCompile(`^(?:new (?:file|directory)|(?:file|directory) (?:for|to write|to keep|that records))\b`)
)

// The help says of each flag that names a file whether the command reads or writes it, and does not show what it writes among what it reads.
func TestFilesOfFlagsHaveTheRightSection(t *testing.T) {
	t.Parallel()
	reading := []string{"What is read", "Which people or messages", "Which workspace", "Keys that sign and check", "What is selected", "What the mapping says"}
	n := 0
	for _, cmd := range leaves(newRoot(console.Console{})) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Value.Type() == "bool" || !aFile.MatchString(f.Usage) {
				return
			}
			n++
			in := console.SectionOf(f)
			switch {
			case fileWritten.MatchString(f.Usage) && slices.Contains(reading, in):
				t.Errorf("%s writes the file of --%s, which its help shows under %q", cmd.CommandPath(), f.Name, in)
			case fileRead.MatchString(f.Usage) && in == "What it writes":
				t.Errorf("%s reads the file of --%s, which its help shows under %q", cmd.CommandPath(), f.Name, in)
			case fileRead.MatchString(f.Usage) == fileWritten.MatchString(f.Usage):
				t.Errorf("%s: the help does not begin with what the file of --%s is: one that is read, or one that is written: %s", cmd.CommandPath(), f.Name, f.Usage)
			}
		})
	}
	if n < 50 {
		t.Errorf("only %d flags", n)
	}
}

// Every flag of every command has a section, and none is there twice. The examples come before the flags.
func TestFlagsHaveSections(t *testing.T) {
	t.Parallel()
	for _, cmd := range leaves(newRoot(console.Console{})) {
		line := strings.TrimPrefix(cmd.CommandPath(), "ciokit ")
		if cmd.Hidden || len(flagNames(cmd)) == 0 {
			continue
		}
		help := helpOf(t, strings.Fields(line)...)
		_, others, ok := strings.Cut(help, "\nOthers:\n")
		others, _, _ = strings.Cut(others, "\n\n")
		if !ok || strings.Count(others, " --") != 1 || !strings.Contains(others, "--help") {
			t.Errorf("%s: flags without a section:\n%s", line, others)
		}
		for _, name := range flagNames(cmd) {
			if n := strings.Count(help, "\n      --"+name+" "); n != 1 {
				t.Errorf("%s: --%s is there %d times", line, name, n)
			}
		}
		if cmd.HasExample() && strings.Index(help, "Examples:") > strings.Index(help, "      --") {
			t.Errorf("%s: the examples come late:\n%s", line, help)
		}
	}
}

// everyHelp is the help of every command, by its name. The commands that write completion scripts are cobra's own.
func everyHelp(t *testing.T) map[string]string {
	t.Helper()
	helps := make(map[string]string)
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		helps[cmd.CommandPath()] = helpOf(t, strings.Fields(cmd.CommandPath())[1:]...)
		for _, below := range cmd.Commands() {
			walk(below)
		}
	}
	walk(newRoot(console.Console{}))
	return helps
}

// wideLines returns the lines of a text that are longer than a line of the help is allowed to be.
func wideLines(text string) (wide []string) {
	for line := range strings.SplitSeq(text, "\n") {
		if utf8.RuneCountInString(line) > console.HelpWidth {
			wide = append(wide, line)
		}
	}
	return wide
}

// No line of any help is wider than the help.
func TestHelpWidth(t *testing.T) {
	t.Parallel()
	helps := everyHelp(t)
	if len(helps) < 80 {
		t.Errorf("only %d commands have a help", len(helps))
	}
	for name, help := range helps {
		for _, line := range wideLines(help) {
			t.Errorf("%s: a line of the help has %d characters:\n%s", name, utf8.RuneCountInString(line), line)
		}
	}
	if planted := strings.Repeat("a", console.HelpWidth); len(wideLines(planted)) != 0 || len(wideLines("x\n"+planted+"b\ny")) != 1 {
		t.Error("a line that is one character too wide is not found, or one that fits is")
	}
}

// leaves are the commands that do something.
func leaves(cmd *cobra.Command) (list []*cobra.Command) {
	for _, below := range cmd.Commands() {
		list = append(list, leaves(below)...)
	}
	if !cmd.HasSubCommands() && !cmd.IsAdditionalHelpTopicCommand() {
		list = append(list, cmd)
	}
	return list
}

func flagNames(cmd *cobra.Command) []string {
	var names []string
	for _, f := range strings.Split(cmd.LocalFlags().FlagUsages(), "\n") {
		if _, rest, ok := strings.Cut(f, "      --"); ok {
			names = append(names, strings.Fields(rest)[0])
		}
	}
	slices.Sort(names)
	return names
}

// The help says how Customer.io's SDKs are pointed at the emulator; the banner has no room for it.
func TestEmulateHelp(t *testing.T) {
	t.Parallel()
	help := helpOf(t, "emulate")
	for _, say := range []string{`new PipelinesClient("KEY", { url: "http://127.0.0.1:8110/v1" })`, "cdp-analytics-browser", "?verdict=dropped", "CIOKIT_RATE_LIMIT"} {
		if !strings.Contains(help, say) {
			t.Errorf("the help lacks %q:\n%s", say, help)
		}
	}
}

// --version is what ciokit version prints.
func TestVersionFlag(t *testing.T) {
	t.Parallel()
	var flag, command bytes.Buffer
	if run(t.Context(), []string{"--version"}, console.New(nil, &flag, &flag)) != exit.OK || run(t.Context(), []string{"version"}, console.New(nil, &command, &command)) != exit.OK ||
		flag.String() != command.String() || !strings.HasPrefix(flag.String(), "ciokit ") {
		t.Errorf("--version prints %q, version %q", flag.String(), command.String())
	}
}

// emulate --open opens the page in the user's browser. If the browser cannot be started, the emulator says so and runs.
func TestEmulateOpen(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the browser is a shell script here")
	}
	dir := t.TempDir()
	browser, opened := filepath.Join(dir, "browser"), filepath.Join(dir, "opened")
	if err := os.WriteFile(browser, []byte("#!/bin/sh\necho \"$1\" >"+opened+".part && mv "+opened+".part "+opened+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("BROWSER", browser)
	r := start(t, "emulate", "--addr", "127.0.0.1:0", "--open")
	var page []byte
	for deadline := time.Now().Add(time.Minute); len(page) == 0 && time.Now().Before(deadline); runtime.Gosched() {
		page, _ = os.ReadFile(opened) // another process writes it
	}
	if strings.TrimSpace(string(page)) != r.base+"/" {
		t.Errorf("the browser was given %q, want %s/", page, r.base)
	}
	t.Setenv("BROWSER", filepath.Join(dir, "nothere"))
	if err := openPage(r.base); err == nil {
		t.Error("a browser that is not there is opened")
	}
}
