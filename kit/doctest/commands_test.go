package doctest

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/mapping"
)

var flagPattern = regexp.MustCompile(`(^|\s)(--[a-z][a-z-]*)`)

// command splits a line into the words of a subcommand and its flags; ok is false for a line that does not call ciokit.
func command(line string) (words, flags []string, ok bool) {
	line, _, _ = strings.Cut(line, " #")
	line = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(line), "&"))
	rest, found := strings.CutPrefix(line, "go run ./kit/cmd/ciokit")
	if !found {
		rest, found = strings.CutPrefix(line, "ciokit")
	}
	if !found || rest != "" && rest[0] != ' ' {
		return nil, nil, false
	}
	for _, m := range flagPattern.FindAllStringSubmatch(rest, -1) {
		flags = append(flags, m[2])
	}
	for _, word := range strings.Fields(rest) {
		if !regexp.MustCompile(`^[a-z][a-z-]*$`).MatchString(word) {
			break
		}
		words = append(words, word)
	}
	return words, flags, true
}

// Every line that calls ciokit names an existing command and existing flags.
func TestCommands(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "ciokit")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	if out, err := goCommand(t, root, "", nil, "build", "-ldflags=-s -w", "-o", binary, "./kit/cmd/ciokit"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	help := map[string]string{}
	n := 0
	for _, d := range documents(t) {
		for _, b := range d.blocks {
			if b.lang != "" && b.lang != "sh" {
				continue
			}
			for i, line := range strings.Split(b.text, "\n") {
				words, flags, ok := command(line)
				if !ok {
					continue
				}
				n++
				place := fmt.Sprintf("%s:%d", d.path, b.line+i)
				name := strings.Join(words, " ")
				if _, known := help[name]; !known {
					out, err := exec.CommandContext(t.Context(), binary, append(words, "--help")...).CombinedOutput()
					if err != nil {
						t.Errorf("%s: ciokit %s: %v\n%s", place, name, err, out)
						continue
					}
					help[name] = string(out)
				}
				if len(words) > 0 && words[0] != "help" && !isCommand(help[name], words) {
					t.Errorf("%s: there is no command ciokit %s", place, name)
				}
				for _, flag := range flags {
					if !regexp.MustCompile(flag + `\s`).MatchString(help[name]) {
						t.Errorf("%s: ciokit %s has no flag %s", place, name, flag)
					}
				}
			}
		}
	}
	if n < 5 {
		t.Errorf("only %d commands were found", n)
	}
}

// isCommand reports whether a help text is that of the command that the words name. The last word can be an argument, such as the name of a key.
func isCommand(help string, words []string) bool {
	n := len(words) - 1
	takes := "ciokit " + strings.Join(words[:n], " ") + ` [A-Z]`
	return strings.Contains(help, "ciokit "+strings.Join(words, " ")) || n > 0 && regexp.MustCompile(takes).MatchString(help)
}

// Blocks of YAML are mappings.
func TestMappings(t *testing.T) {
	t.Parallel()
	n := 0
	for _, d := range documents(t) {
		for _, b := range d.blocks {
			if b.lang != "yaml" {
				continue
			}
			n++
			if _, err := mapping.Parse(d.path, []byte(b.text)); err != nil {
				t.Errorf("%s:%d: %v", d.path, b.line, err)
			}
		}
	}
	if n == 0 {
		t.Error("no document shows a mapping")
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"ciokit load people.csv --mapping people.yaml --dry-run": "[load] [--mapping --dry-run] true",
		"go run ./kit/cmd/ciokit demo":                           "[demo] [] true",
		"ciokit emulate &":                                       "[emulate] [] true",
		"ciokit events check FILE.jsonl":                         "[events check] [] true",
		"CUSTOMERIO_API_KEY=any go run .":                        "[] [] false",
		"ciokit-demo":                                            "[] [] false",
	} {
		words, flags, ok := command(line)
		if got := fmt.Sprint(words, flags, ok); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}
