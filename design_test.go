package cio_test

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDesignIsComplete compares the tables of DESIGN.md with the files of this package and with the packages of the workspace.
func TestDesignIsComplete(t *testing.T) {
	t.Parallel()
	design := readText(t, "DESIGN.md")
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files = slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, "_test.go") })
	compareRows(t, "Files of the root package", section(t, design, "## Files of the root package"), files)

	directories := map[string]bool{}
	for name := range imports(t) {
		if strings.HasPrefix(name, "kit/internal/") {
			name = "kit/internal"
		}
		directories[strings.TrimSuffix(name, "/lines")] = true
	}
	var dirs []string
	for name := range directories {
		dirs = append(dirs, name)
	}
	rows := section(t, design, "## Packages")
	if !directories["kit/load"] { // this module alone
		rows = slices.DeleteFunc(rows, func(row string) bool {
			return slices.Contains(beside, strings.Split(row, "/")[0])
		})
	}
	compareRows(t, "Packages", rows, dirs)
}

func compareRows(t *testing.T, table string, rows, want []string) {
	t.Helper()
	for _, name := range want {
		if !slices.Contains(rows, name) {
			t.Errorf("DESIGN.md, %s: there is no row for %s", table, name)
		}
	}
	for i, name := range rows {
		if !slices.Contains(want, name) || slices.Index(rows, name) != i {
			t.Errorf("DESIGN.md, %s: the row for %s is of nothing, or the second one", table, name)
		}
	}
}

// section returns the first cells of the rows under a heading.
func section(t *testing.T, text, heading string) (rows []string) {
	t.Helper()
	_, rest, found := strings.Cut(text, heading+"\n")
	if !found {
		t.Fatalf("DESIGN.md has no %s", heading)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(rest, -1) {
		rows = append(rows, m[1])
	}
	return rows
}

// TestWalksNameWhatThereIs checks that every function that a walk in DESIGN.md names exists in the packages of that walk.
func TestWalksNameWhatThereIs(t *testing.T) {
	t.Parallel()
	design := readText(t, "DESIGN.md")
	for heading, dirs := range map[string][]string{"### An Enqueue": {"."}, "### A row of a load": {"kit/load", "kit/mapping"}, "### A request in the emulator": {"emulator"}} {
		_, walk, found := strings.Cut(design, heading+"\n")
		if !found {
			t.Errorf("DESIGN.md has no walk %s", heading)
			continue
		}
		if i := strings.Index(walk, "\n#"); i >= 0 {
			walk = walk[:i]
		}
		methods := map[string]bool{}
		for _, dir := range dirs {
			if _, err := os.Stat(dir); err != nil {
				continue // this module alone
			}
			for _, f := range parseAll(t, dir) {
				for _, d := range f.Decls {
					if d, ok := d.(*ast.FuncDecl); ok && d.Recv != nil {
						methods[strings.TrimPrefix(text(d.Recv.List[0].Type), "*")+"."+d.Name.Name] = true
					}
				}
			}
		}
		if len(methods) == 0 {
			continue
		}
		named := regexp.MustCompile("`([A-Za-z]+\\.[a-zA-Z]+)`").FindAllStringSubmatch(walk, -1)
		if len(named) < 5 {
			t.Errorf("%s names only %d methods", heading, len(named))
		}
		for _, m := range named {
			if !methods[m[1]] && m[1] != "source.Source" {
				t.Errorf("DESIGN.md, %s: there is no %s", heading, m[1])
			}
		}
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestFilesAreShort: a file that is too long to keep in mind has more than one subject. Generated files and tests may be longer.
func TestFilesAreShort(t *testing.T) {
	t.Parallel()
	const most = 500
	for _, f := range handWritten(t) {
		if n := strings.Count(readText(t, f), "\n"); n > most {
			t.Errorf("%s has %d lines, more than %d", f, n, most)
		}
	}
}

// handWritten returns the Go files of the workspace that are neither tests nor generated.
func handWritten(t *testing.T) (files []string) {
	t.Helper()
	for _, p := range packages(t) {
		for _, name := range p.files {
			if !strings.HasSuffix(name, "_test.go") && !strings.HasSuffix(name, "_gen.go") {
				files = append(files, filepath.Join(p.dir, name))
			}
		}
	}
	if len(files) < 50 {
		t.Fatalf("only %d files", len(files))
	}
	return files
}
