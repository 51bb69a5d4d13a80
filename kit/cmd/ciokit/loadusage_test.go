package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
)

// Flags and arguments that contradict each other are refused, and the error says what to remove.
func TestLoadNamesWhatToLeaveOut(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_STATE_HOME", dir)
	rows, mapping := filepath.Join(dir, "p.csv"), filepath.Join(dir, "p.yaml")
	for name, text := range map[string]string{rows: "id\n1\n", mapping: "messages:\n  - identify: {userId: $id}\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for want, args := range map[string]string{
		"remove " + rows: "--resume 20260131-120000-a1b2c3 " + rows,
		"remove --limit": rows + " --mapping " + mapping + " --dry-run --mode mirror --snapshot " + filepath.Join(dir, "s") + " --snapshot-ids --limit 1",
	} {
		var errs strings.Builder
		code := run(t.Context(), append([]string{"load"}, strings.Fields(args)...), console.New(nil, io.Discard, &errs))
		if code != exit.Usage || !strings.Contains(errs.String(), want) {
			t.Errorf("load %s: exit %d, %s", args, code, errs.String())
		}
	}
}
