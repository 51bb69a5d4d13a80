package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/notebook"
	"github.com/ciokit/cio/kit/internal/places"
	"github.com/ciokit/cio/kit/livetest"
	"github.com/spf13/cobra"
)

func newNotebook(con console.Console) *cobra.Command {
	var checkout string
	cmd := &cobra.Command{
		Use:   "notebook",
		Short: "Open the Go notebooks in JupyterLab, or run them",
		Long: `Open the Go notebooks in JupyterLab. They are in the repository of ciokit, so you need a clone of it:
git clone https://github.com/ciokit/cio

Each notebook has its own emulator of Customer.io, so you need no account. Notebooks work in a real workspace if all of these are set:
CIOKIT_LIVE=1, CIOKIT_LIVE_WORKSPACE (the name of a workspace for tests), CUSTOMERIO_API_KEY and CUSTOMERIO_REGION. They use their own prefix
for ids, and delete what they made. With only a key and a region, nothing is sent to Customer.io.

The kernel is GoNB (github.com/janpfeifer/gonb), in the version that tools/go.mod of the clone names. The first use builds it.`,
		Example: `  ciokit notebook
  ciokit notebook install
  ciokit notebook run --all`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return openNotebooks(cmd, con, checkout) },
	}
	cmd.PersistentFlags().StringVar(&checkout, "checkout", "", "directory of a clone of ciokit; default the clone that contains the working directory")
	cmd.AddCommand(newNotebookRun(con, &checkout), newNotebookInstall(con, &checkout), newNotebookKernel(con, &checkout))
	return cmd
}

// newJupyter finds the checkout, and the command's own place in the user's cache.
func newJupyter(checkout string) (*notebook.Jupyter, error) {
	root, err := findCheckout(checkout)
	if err != nil {
		return nil, err
	}
	cache, err := places.Cache("notebook")
	if err != nil {
		return nil, exit.With(exit.Local, err)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, exit.With(exit.Local, err)
	}
	return &notebook.Jupyter{Root: root, Cache: cache, Command: self}, nil
}

// findCheckout returns the given directory, or the nearest one above the working directory, that contains ciokit's Go workspace.
func findCheckout(given string) (string, error) {
	dir, err := filepath.Abs(given)
	if err != nil {
		return "", exit.With(exit.Local, err)
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(text), "module github.com/ciokit/cio\n") {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if given != "" {
			return "", exit.Fail(exit.Usage, "--checkout %s is not the directory of a clone of ciokit; to make a clone: git clone https://github.com/ciokit/cio", given)
		}
		if up == dir {
			return "", exit.Fail(exit.Usage, "the working directory is not in a clone of ciokit, which contains the notebooks; give the directory of your clone with --checkout DIR, or make a clone first: git clone https://github.com/ciokit/cio")
		}
		dir = up
	}
}

func openNotebooks(cmd *cobra.Command, con console.Console, checkout string) error {
	j, err := newJupyter(checkout)
	if err != nil {
		return err
	}
	if err := notebook.Missing("jupyter-lab"); err != nil {
		return exit.Fail(exit.Local, "%w; or open the notebooks in VS Code, after: ciokit notebook install", err)
	}
	if err := prepare(cmd, con, j); err != nil {
		return err
	}
	lab := exec.CommandContext(cmd.Context(), "jupyter-lab", filepath.Join(j.Root, "notebooks"))
	if lab.Env, err = notebookEnv(con, j); err != nil {
		return err
	}
	lab.Stdin, lab.Stdout, lab.Stderr = os.Stdin, console.Raw(con.Out).(io.Writer), console.Raw(con.Err).(io.Writer)
	lab.Cancel = func() error { return lab.Process.Signal(os.Interrupt) }
	if err := lab.Run(); err != nil && cmd.Context().Err() == nil {
		return exit.With(exit.Local, err)
	}
	return nil
}

// notebookEnv is the environment of Jupyter. If CIOKIT_LIVE lets notebooks send to a real workspace, it also has the settings of .env, because
// kernels run in other directories.
func notebookEnv(con console.Console, j *notebook.Jupyter) ([]string, error) {
	env := j.Env()
	if live := os.Getenv(livetest.LiveEnv); live == "" || live == "0" {
		return env, nil
	}
	livetest.ConfigFromEnv(func(name string) string {
		if v := con.Env.Get(name); v != "" {
			env = append(env, name+"="+v)
		}
		return ""
	})
	if err := con.Env.Done(con.Err); err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	return env, nil
}

// building is printed before a step that takes long and prints nothing.
const building = "Building the kernel (the first time takes a minute or two)"

// prepare builds the tools of a kernel, which stay after this command.
func prepare(cmd *cobra.Command, con console.Console, j *notebook.Jupyter) error {
	fmt.Fprintln(con.Err, building)
	if err := j.BuildCommand(cmd.Context()); err != nil {
		return exit.With(exit.Local, err)
	}
	if err := j.Prepare(cmd.Context()); err != nil {
		return exit.With(exit.Local, err)
	}
	return nil
}

func newNotebookInstall(con console.Console, checkout *string) *cobra.Command {
	return &cobra.Command{
		Use:   "install",
		Short: "Make the kernel known to VS Code and to every Jupyter of this user",
		Long: `Make the kernel known to VS Code and to every Jupyter of this user, under the name Go (ciokit).

The kernel works for this clone. Run the command again after you have updated the clone. To remove the kernel: jupyter kernelspec
remove ciokit`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			j, err := newJupyter(*checkout)
			if err != nil {
				return err
			}
			dir, err := notebook.DataDir()
			if err != nil {
				return exit.With(exit.Local, err)
			}
			if err := prepare(cmd, con, j); err != nil {
				return err
			}
			if err := j.Describe(dir); err != nil {
				return exit.With(exit.Local, err)
			}
			fmt.Fprintf(con.Out, "Installed the kernel Go (ciokit) in %s\n", dir)
			return nil
		},
	}
}

var errNoNotebook = errors.New("say which notebooks to run, or --all")
