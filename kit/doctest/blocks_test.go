package doctest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// moduleDir returns an empty directory for a generated module.
func moduleDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("CIOKIT_DOCTEST_DIR")
	if dir == "" {
		return t.TempDir()
	}
	dir = filepath.Join(dir, t.Name())
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// goCommand runs the go command in a directory, with the workspace file given there, or none.
func goCommand(t *testing.T, dir, work string, env []string, args ...string) (output string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "GOWORK="+work), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// All blocks of Go are compiled and run, as a separate module in a workspace with this repository, which is what a person who clones it has.
func TestBlocks(t *testing.T) {
	t.Parallel()
	all, problems := units(documents(t))
	for _, p := range problems {
		t.Error(p)
	}
	runs := 0
	for _, u := range all {
		runs += len(u.runs)
	}
	if runs < 30 {
		t.Errorf("only %d blocks are run", runs)
	}
	dir := moduleDir(t)
	top, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "go.mod"), []byte("module doctest.example\n\ngo 1.26.0\n"))
	write(t, filepath.Join(dir, "go.work"), workspace(t, top))
	if sums, err := os.ReadFile(filepath.Join(root, "go.work.sum")); err == nil {
		write(t, filepath.Join(dir, "go.work.sum"), sums)
	} else if !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	harness, err := os.ReadFile("testdata/harness/harness.go")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "harness", "harness.go"), harness)
	for _, u := range all {
		for i, file := range u.files {
			write(t, filepath.Join(dir, u.name, fmt.Sprintf("file%d.go", i)), []byte(file))
		}
	}
	write(t, filepath.Join(dir, "blocks_test.go"), mainTest(all))

	work := filepath.Join(dir, "go.work")
	if out, err := goCommand(t, dir, work, nil, "vet", "./..."); err != nil {
		t.Fatalf("go vet: %v; doc.go of this package says what a block may leave out\n%s", err, out)
	}
	if out, err := goCommand(t, dir, work, nil, "test", "-vet=off", "-count=1", "-timeout=8m", "."); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// workspace returns a go.work with the modules of the repository and the generated module.
func workspace(t *testing.T, top string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(top, "go.work"))
	if err != nil {
		t.Fatal(err)
	}
	work := "go 1.26.0\n\nuse .\n"
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+)$`).FindAllStringSubmatch(string(text), -1) {
		work += fmt.Sprintf("use %q\n", filepath.Join(top, m[1]))
	}
	return []byte(work)
}

// The code of Segment's client in the guide for Segment's users compiles with Segment's client.
func TestBlocksOfSegment(t *testing.T) {
	t.Parallel()
	dir := moduleDir(t)
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join("testdata", "segment", name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), data)
	}
	n := 0
	for _, d := range documents(t) {
		for _, b := range d.blocks {
			if b.directive != "segment" {
				continue
			}
			n++
			s, err := parseSnippet(b)
			if err != nil {
				t.Errorf("%s:%d: %v", b.doc, b.line, err)
				continue
			}
			write(t, filepath.Join(dir, fmt.Sprintf("block%03d", n), "main.go"), []byte(s.source))
		}
	}
	if n == 0 {
		t.Fatal("no document shows Segment's client")
	}
	env := []string{"GOFLAGS=-mod=mod"}
	if os.Getenv("CIOKIT_DEEP") != "1" {
		env = append(env, "GOPROXY=off") // nothing is fetched
	}
	if out, err := goCommand(t, dir, "off", env, "mod", "download"); err != nil {
		t.Skipf("Segment's client is not in the module cache and is not fetched; CIOKIT_DEEP=1 tries to: %v\n%s", err, out)
	}
	if out, err := goCommand(t, dir, "off", env, "vet", "./..."); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// If a module cannot be fetched, its code must at least be valid Go.
func TestBlocksThatAreOnlyParsed(t *testing.T) {
	t.Parallel()
	for _, d := range documents(t) {
		for _, b := range d.blocks {
			switch b.directive {
			case "", "segment":
			case "parse":
				if _, err := parseSnippet(b); err != nil {
					t.Errorf("%s:%d: %v", b.doc, b.line, err)
				}
			default:
				t.Errorf("%s:%d: there is no directive %s", b.doc, b.line, b.directive)
			}
		}
	}
}

func TestParseSnippet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, pkg string
		decls     bool
	}{
		{"package main\n\nfunc main() {}\n", "main", true},
		{"package shop\n", "shop", true},
		{"type order struct{}\n", "", true},
		{"err := f()\n...\nreturn err\n", "", false},
	} {
		s, err := parseSnippet(block{text: c.text})
		if err != nil || s.pkg != c.pkg || s.decls != c.decls {
			t.Errorf("%q: %+v, %v", c.text, s, err)
		}
	}
	for _, text := range []string{"x  :=  1\n", "if {\n", "for x := range {}\n"} {
		if _, err := parseSnippet(block{text: text}); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
	s, err := parseSnippet(block{doc: "a.md", line: 7, text: "client, err := cio.NewClient(cio.Config{})\nif err != nil {\n\treturn err\n}\nerr = client.Send(ctx)\n"})
	if err != nil {
		t.Fatal(err)
	}
	source := s.function("p")
	for _, want := range []string{"_ *cio.Client, srv *emulator.Server) error {\n//line a.md:7\nclient, err", "return err\n}\n", `import cio "github.com/ciokit/cio"`} {
		if !strings.Contains(source, want) {
			t.Errorf("no %q in\n%s", want, source)
		}
	}
}
