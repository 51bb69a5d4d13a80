package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
)

// The files form one group for each command: a file's name begins with its command, so that it is easy to find.
func TestFilesAreNamedAfterCommands(t *testing.T) {
	t.Parallel()
	var commands []string
	for _, cmd := range newRoot(console.Console{}).Commands() {
		commands = append(commands, strings.ReplaceAll(cmd.Name(), "-", ""))
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || file == "main.go" {
			continue
		}
		if !slices.ContainsFunc(commands, func(name string) bool { return strings.HasPrefix(file, name) }) {
			t.Errorf("%s: the name begins with no command; there are %s. What several commands need goes into a package of internal", file, strings.Join(commands, ", "))
		}
	}
	for _, name := range commands {
		if _, err := os.Stat(name + ".go"); err != nil {
			t.Errorf("the command %s has no file with its name: %v", name, err)
		}
	}
}
