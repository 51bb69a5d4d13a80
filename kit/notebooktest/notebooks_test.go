package notebooktest

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/internal/notebook"
)

var root = filepath.Join("..", "..")

// TestRules reports each part of a notebook that breaks a rule. The rules are in notebook.Document.Check.
func TestRules(t *testing.T) {
	for _, d := range documents(t) {
		for _, p := range d.Check() {
			t.Error(p)
		}
	}
}

// TestCells runs every cell and compares its output with the saved output. It then runs the cells again as in a real workspace: those of two
// notebooks, or of all with CIOKIT_DEEP=1. With CIOKIT_DEEP=1 and the race detector, a notebook that can use a real workspace runs only there,
// because the cells themselves have no races.
func TestCells(t *testing.T) {
	docs := documents(t)
	program, err := notebook.Build(t.Context(), root, docs)
	if err != nil {
		t.Fatalf("the notebooks do not compile:\n%v", err)
	}
	t.Cleanup(func() {
		if err := program.Close(); err != nil {
			t.Error(err)
		}
	})
	deep, full := os.Getenv("CIOKIT_DEEP") == "1", os.Getenv("CIOKIT_FULL") == "1"
	for _, d := range docs {
		if full || !deep || !raceDetector || emulatorOnly(d) {
			t.Run(d.Name, func(t *testing.T) {
				t.Parallel()
				run(t, program, d)
			})
		}
		if emulatorOnly(d) || !(full || deep || strings.HasPrefix(d.Name, "01") || strings.HasPrefix(d.Name, "05")) {
			continue
		}
		t.Run("workspace/"+d.Name, func(t *testing.T) {
			t.Parallel()
			runInWorkspace(t, program, d)
		})
		// With CIOKIT_DEEP=1 it runs two notebooks, with CIOKIT_FULL=1 all of them.
		if !(full || deep && (strings.HasPrefix(d.Name, "01") || strings.HasPrefix(d.Name, "06"))) {
			continue
		}
		t.Run("late/"+d.Name, func(t *testing.T) {
			t.Parallel()
			runLate(t, program, d, emulator.Config{DropUnknownPeople: true}, true)
		})
		t.Run("otherwise/"+d.Name, func(t *testing.T) {
			t.Parallel()
			runLate(t, program, d, emulator.Config{RefuseItems: true, KeepDates: true, MergeOnAlias: true, DedupWindow: time.Hour, RejectSuppressed: true}, false)
		})
	}
}

func run(t *testing.T, program *notebook.Program, d *notebook.Document) {
	host, err := notebook.StartHost(notebook.HostConfig{Headless: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := host.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, cell := range d.CodeCells() {
		out, err := program.Run(t.Context(), d, cell, host.Env())
		var failed *notebook.Failed
		switch {
		case errors.As(err, &failed):
			t.Fatal(failed) // the next cells use it
		case err != nil:
			t.Fatalf("%s: %v", d.Where(cell.Number, 1), err)
		}
		if want := cell.Text(); out != want {
			t.Errorf("%s: prints something else than what is saved; if that is right: go run ./kit/cmd/ciokit notebook run --write %s\n--- saved\n%s--- printed\n%s",
				d.Where(cell.Number, 1), filepath.Join("notebooks", d.Name), want, out)
		}
	}
}

// emulatorOnly says that the notebook never uses a real workspace.
func emulatorOnly(d *notebook.Document) bool {
	return !slices.ContainsFunc(d.CodeCells(), func(c notebook.Cell) bool { return strings.Contains(c.Source, "sandbox.Open()") })
}

func documents(t *testing.T) []*notebook.Document {
	docs, err := notebook.ReadDir(filepath.Join(root, "notebooks"))
	if err != nil {
		t.Fatal(err)
	}
	return docs
}
