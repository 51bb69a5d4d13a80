package notebook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/ciokit/cio/kit/internal/places"
)

// Program is one executable file with the cells of notebooks.
type Program struct {
	dir  string
	path string
}

// Build compiles the cells of the documents with the checkout in root. It needs no network if the build cache is warm. Compiler messages name the
// cells, as in notebook.ipynb[cell 5]:3. The caller closes the program.
func Build(ctx context.Context, root string, docs []*Document) (*Program, error) {
	dir, err := places.MkdirTemp("ciokit-notebooks-")
	if err != nil {
		return nil, err
	}
	p := &Program{dir: dir, path: filepath.Join(dir, "cells.exe")}
	if err := p.build(ctx, root, docs); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (p *Program) build(ctx context.Context, root string, docs []*Document) error {
	src := filepath.Join(p.dir, "src")
	if err := os.Mkdir(src, 0o700); err != nil {
		return err
	}
	if err := generate(src, docs); err != nil {
		return err
	}
	if err := workspace(src, root); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", p.path, ".")
	cmd.Dir = src
	cmd.Env = append(os.Environ(), "GOWORK="+filepath.Join(src, "go.work"), "GOFLAGS=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		if text := compilerText(string(out)); text != "" {
			return errors.New(text)
		}
		return fmt.Errorf("go build: %w", err)
	}
	return nil
}

// moduleDirs returns the modules of a checkout that cells can import from.
func moduleDirs(root string) []string {
	return []string{root, filepath.Join(root, "erasure"), filepath.Join(root, "kit")}
}

// workspace makes src a module in one workspace with the modules of the checkout.
func workspace(src, root string) error {
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	version, err := os.ReadFile(filepath.Join(root, "go.work"))
	if err != nil {
		return fmt.Errorf("%s is not a checkout of ciokit: %w", root, err)
	}
	v := goVersion.FindString(string(version))
	files := map[string]string{
		"go.mod":  "module " + module + "\n\n" + v + "\n",
		"go.work": v + "\n\nuse .\n",
	}
	for _, dir := range moduleDirs(root) {
		files["go.work"] += fmt.Sprintf("use %q\n", filepath.ToSlash(dir))
	}
	if sums, err := os.ReadFile(filepath.Join(root, "go.work.sum")); err == nil {
		files["go.work.sum"] = string(sums)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(src, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

var (
	goVersion = regexp.MustCompile(`(?m)^go .*$`)
	// A cell's place in a compiler message or a stack trace, after any directory.
	place = regexp.MustCompile(`(?m)\S*?([^/\s]+\.ipynb\[cell \d+\]:\d+)`)
)

// compilerText returns the compiler's messages, with only the cells' places and without the headlines.
func compilerText(out string) string {
	var kept []string
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, "# ") {
			kept = append(kept, place.ReplaceAllString(strings.TrimRight(line, "\n"), "$1"))
		}
	}
	return strings.Join(kept, "\n")
}

// Close removes the program.
func (p *Program) Close() error { return os.RemoveAll(p.dir) }

// Failed is a cell that failed.
type Failed struct {
	// Where is the cell, with the line if it is known.
	Where string
	// Err is how its process ended, Stderr its standard error, with only the cells' places.
	Err    error
	Stderr string
}

func (f *Failed) Error() string {
	return fmt.Sprintf("%s: %v\n%s", f.Where, f.Err, f.Stderr)
}

// Run runs one cell as a separate process, after its ! lines, each of which must succeed, and returns what it printed. The working directory is that
// of the notebook. The error is a *Failed if the cell failed.
func (p *Program) Run(ctx context.Context, d *Document, cell Cell, env []string) (string, error) {
	var out bytes.Buffer
	c := takeApart(cell.Source)
	for line := range strings.Count(cell.Source, "\n") + 1 {
		if text, found := c.shell[line+1]; found {
			if err := p.exec(ctx, d, d.Where(cell.Number, line+1), &out, env, "bash", "-c", text); err != nil {
				return out.String(), err
			}
		}
	}
	err := p.exec(ctx, d, d.Where(cell.Number, 1), &out, env, p.path, cellName(d, cell.Number))
	return out.String(), err
}

// errStderr is an error because Jupyter shows standard error in red among the cell's output, and readers think that it is a failure.
var errStderr = errors.New("writes to standard error")

// interruptGrace is the time that a cell has after an interrupt, as in GoNB.
const interruptGrace = 5 * time.Second

func (p *Program) exec(ctx context.Context, d *Document, where string, out *bytes.Buffer, env []string, name string, args ...string) error {
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = filepath.Dir(d.Path)
	cmd.Env = env
	cmd.Stdout, cmd.Stderr = out, &said
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = interruptGrace
	err := cmd.Run()
	if err == nil && said.Len() > 0 {
		err = errStderr
	}
	if err == nil {
		return nil
	}
	text := place.ReplaceAllString(said.String(), "$1")
	if found := place.FindStringSubmatch(text); found != nil && strings.HasPrefix(found[1], d.Name+"[") {
		where = found[1]
	}
	return &Failed{Where: where, Err: err, Stderr: strings.TrimSpace(text)}
}
