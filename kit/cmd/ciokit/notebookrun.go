package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/nextstep"
	"github.com/ciokit/cio/kit/internal/atomicfile"
	"github.com/ciokit/cio/kit/internal/notebook"
	"github.com/ciokit/cio/kit/internal/places"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/show"
	"github.com/spf13/cobra"
)

// notebookRun has the flags of ciokit notebook run.
type notebookRun struct {
	all, write, rewrite, check bool
	html                       string
	jobs                       int
	cmd                        *cobra.Command
}

func newNotebookRun(con console.Console, checkout *string) *cobra.Command {
	run := notebookRun{}
	cmd := &cobra.Command{
		Use:   "run [FILE...]",
		Short: "Run notebooks in Jupyter without a window",
		Long: `Run notebooks in Jupyter, each from its first to its last cell, and say which cells failed.

Jupyter does not stop at a failed cell, because GoNB only prints "exit status 1" and continues. This command names the notebook and the
number of each failed cell, and then exits with 1. Ctrl-C and SIGTERM end it and all processes that it started.`,
		Example: `  ciokit notebook run notebooks/01-people.ipynb
  ciokit notebook run --all --check
  ciokit notebook run --write notebooks/01-people.ipynb`,
		RunE: func(cmd *cobra.Command, args []string) error {
			run.cmd = cmd
			return run.run(cmd.Context(), con, *checkout, args)
		},
	}
	cmd.Flags().BoolVar(&run.all, "all", false, "run all notebooks of the checkout")
	cmd.Flags().BoolVar(&run.write, "write", false, "save the outputs of cells whose output has changed")
	cmd.Flags().BoolVar(&run.rewrite, "rewrite", false, "save all outputs, also charts of measured values, which differ in every run")
	cmd.Flags().BoolVar(&run.check, "check", false, "fail if the output of a cell differs from the saved one")
	cmd.Flags().StringVar(&run.html, "html", "", "directory for a page of each notebook with its new outputs")
	cmd.Flags().IntVar(&run.jobs, "jobs", 2, "how many notebooks to run at a time")
	return cmd
}

func (r notebookRun) run(ctx context.Context, con console.Console, checkout string, files []string) error {
	if len(files) == 0 && !r.all {
		return exit.Fail(exit.Usage, "%w", errNoNotebook)
	}
	j, err := newJupyter(checkout)
	if err != nil {
		return err
	}
	if err := notebook.Missing("jupyter-nbconvert"); err != nil {
		return exit.With(exit.Local, err)
	}
	docs, err := r.documents(j, files)
	if err != nil {
		return exit.With(exit.Local, err)
	}
	// Each run has its own description of the kernel, because another run may use the cache at the same time.
	scratch, err := places.MkdirTemp("ciokit-run-")
	if err != nil {
		return exit.With(exit.Local, err)
	}
	defer os.RemoveAll(scratch)
	fmt.Fprintln(con.Err, building)
	if err := j.Prepare(ctx); err != nil {
		return exit.With(exit.Local, err)
	}
	if err := j.Describe(scratch); err != nil {
		return exit.With(exit.Local, err)
	}
	env, err := notebookEnv(con, j)
	if err != nil {
		return err
	}
	kernels := filepath.Join(scratch, "running")
	if err := os.Mkdir(kernels, 0o755); err != nil {
		return exit.With(exit.Local, err)
	}
	env = append(env, "JUPYTER_PATH="+scratch, show.HeadlessEnv+"=1", notebook.KernelsEnv+"="+kernels)
	ended := r.each(ctx, con, docs, func(d *notebook.Document, say func(string)) error { return r.one(ctx, j, d, scratch, env, say) })
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), kernelGrace)
	defer cancel()
	if err := notebook.WaitForKernels(patience, kernels); err != nil {
		return errors.Join(ended, exit.With(exit.Local, err))
	}
	return ended
}

// kernelGrace is how long kernels have to end after Jupyter.
const kernelGrace = 10 * time.Second

func (r notebookRun) documents(j *notebook.Jupyter, files []string) ([]*notebook.Document, error) {
	if r.all {
		return notebook.ReadDir(filepath.Join(j.Root, "notebooks"))
	}
	var docs []*notebook.Document
	for _, file := range files {
		d, err := notebook.Read(file)
		if err != nil {
			return nil, err
		}
		docs = append(docs, d)
	}
	return docs, nil
}

// each runs the notebooks, some at the same time, and prints which cell begins and how each notebook ended.
func (r notebookRun) each(ctx context.Context, con console.Console, docs []*notebook.Document, one func(d *notebook.Document, say func(string)) error) error {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed, done int
	slots := make(chan struct{}, max(1, r.jobs))
	for _, d := range docs {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			start := time.Now()
			err := one(d, func(text string) {
				mu.Lock()
				defer mu.Unlock()
				if ctx.Err() == nil {
					fmt.Fprintf(con.Err, "%s: %s\n", d.Name, text)
				}
			})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case ctx.Err() != nil: // a notebook that this ended has not failed
			case err != nil:
				failed++
				fmt.Fprintf(con.Err, "%s: failed\n%v\n", d.Name, err)
			default:
				done++
				fmt.Fprintf(con.Out, "%s: %s, %.1f s\n", d.Name, plural.Count(len(d.CodeCells()), "cell", "cells"), time.Since(start).Seconds())
			}
		})
	}
	wg.Wait()
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, exit.ErrTerminated):
		return exit.Fail(exit.Terminated, "%w: %d of %s had run", cause, done, plural.Count(len(docs), "notebook", "notebooks"))
	case cause != nil:
		return exit.Fail(exit.Interrupted, "%w: %d of %s had run", exit.ErrInterrupted, done, plural.Count(len(docs), "notebook", "notebooks"))
	case failed > 0:
		return exit.Fail(exit.Local, "%d of %s failed", failed, plural.Count(len(docs), "notebook", "notebooks"))
	}
	return nil
}

// one runs one notebook, and compares and saves its outputs.
func (r notebookRun) one(ctx context.Context, j *notebook.Jupyter, d *notebook.Document, scratch string, env []string, say func(string)) error {
	cells := len(d.CodeCells())
	// The kernel's working directory is the notebook's directory.
	out, err := j.Execute(ctx, d.Path, scratch, env, func(cell int) { say(fmt.Sprintf("cell %d of %d", cell, cells)) })
	if err != nil {
		return err
	}
	var problems []error
	for _, c := range out.CodeCells() {
		if text := c.Failure(); text != "" {
			problems = append(problems, fmt.Errorf("%s: failed:\n%s", d.Where(c.Number, 1), indent(text)))
		}
	}
	if r.check && len(problems) == 0 {
		problems = append(problems, r.differences(d, out)...)
	}
	if len(problems) > 0 {
		return errors.Join(problems...)
	}
	if r.html != "" {
		if err := j.HTML(ctx, filepath.Join(scratch, d.Name), r.html); err != nil {
			return err
		}
	}
	if !r.write && !r.rewrite {
		return nil
	}
	text, err := d.TakeOutputs(out, r.rewrite)
	if err != nil {
		return err
	}
	return atomicfile.Replace(d.Path, func(w io.Writer) error { _, err := w.Write(text); return err })
}

func (r notebookRun) differences(saved, run *notebook.Document) (problems []error) {
	write := nextstep.New(r.cmd, "notebook run", console.ShortPath(saved.Path)).Without("all", "rewrite", "check", "html", "jobs").WithSwitch("write", true)
	cells := run.CodeCells()
	for i, c := range saved.CodeCells() {
		if i >= len(cells) {
			break
		}
		if text := cells[i].Stderr(); text != "" {
			problems = append(problems, fmt.Errorf("%s: wrote to standard error:\n%s", saved.Where(c.Number, 1), indent(text)))
		}
		if c.Text() != cells[i].Text() {
			problems = append(problems, fmt.Errorf("%s: the output differs from the saved one; if the new one is right: %s\n  saved\n%s\n  now\n%s",
				saved.Where(c.Number, 1), write, indent(c.Text()), indent(cells[i].Text())))
		}
	}
	return problems
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n    ")
}
