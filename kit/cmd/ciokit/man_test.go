package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/spf13/cobra"
)

// Every command that the help shows has a page, and the page names each of its flags.
func TestManHasEveryCommand(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "man1")
	var out bytes.Buffer
	if code := run(t.Context(), []string{"man", dir}, console.New(nil, &out, &out)); code != exit.OK {
		t.Fatalf("exit code %d: %s", code, out.String())
	}
	pages := 0
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				check(sub)
			}
		}
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			return
		}
		pages++
		for _, flag := range flagNames(cmd) {
			if !strings.Contains(string(text), `\-\-`+flag+`\fP`) && !strings.Contains(string(text), `--`+flag+`\fP`) {
				t.Errorf("%s does not name --%s", name, flag)
			}
		}
	}
	root := newRoot(console.Console{})
	check(root)
	if pages < 40 {
		t.Errorf("only %d pages", pages)
	}
}
