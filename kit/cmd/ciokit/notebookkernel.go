package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/notebook"
	"github.com/ciokit/cio/kit/livetest"
	"github.com/ciokit/cio/kit/show"
	"github.com/spf13/cobra"
)

// newNotebookKernel is the command that Jupyter starts for each notebook: it runs GoNB and the process that lasts from cell to cell. Both end
// together.
func newNotebookKernel(con console.Console, checkout *string) *cobra.Command {
	var tools string
	cmd := &cobra.Command{
		Use:    "kernel CONNECTION_FILE",
		Short:  "Run the kernel of one notebook; Jupyter calls this",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runKernel(cmd, con, *checkout, tools, args[0])
		},
	}
	cmd.Flags().StringVar(&tools, "tools", "", "directory of gonb and goimports")
	return cmd
}

func runKernel(cmd *cobra.Command, con console.Console, checkout, tools, connection string) error {
	j, err := newJupyter(checkout)
	if err != nil {
		return err
	}
	j.Cache = filepath.Dir(tools)
	cfg, err := hostConfig()
	if err != nil {
		return err
	}
	running, err := notebook.SayKernelRuns()
	if err != nil {
		return exit.With(exit.Local, err)
	}
	defer running()
	host, err := notebook.StartHost(cfg)
	if err != nil {
		return exit.With(exit.Local, err)
	}
	ctx, cancel := notebook.WithParent(cmd.Context())
	defer cancel()
	gonb := j.GoNB(ctx, connection, host.Files())
	gonb.Env = append(host.Env(),
		"PATH="+tools+string(os.PathListSeparator)+os.Getenv("PATH"),
		"GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -ldflags=-s")) // linking takes most of a cell's time; nobody debugs the file
	gonb.Cancel = func() error { return gonb.Process.Signal(syscall.SIGTERM) }
	gonb.WaitDelay = 2 * time.Second
	ended := runBound(gonb)
	notebook.EndGroup()
	if err := host.Close(); err != nil {
		fmt.Fprintln(con.Err, "ciokit:", words(err))
	}
	if ended != nil && ctx.Err() == nil {
		return exit.With(exit.Local, ended)
	}
	return nil
}

// runBound runs a command that, where possible, the system ends with this process, even if this process is killed.
func runBound(cmd *exec.Cmd) error {
	// For the system, the process ends when the thread that started the command ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = boundToParent()
	return cmd.Run()
}

// hostConfig reads the workspace of a notebook from the environment: a real workspace only if that is allowed; a key and a region are not enough.
func hostConfig() (notebook.HostConfig, error) {
	cfg := notebook.HostConfig{Headless: os.Getenv(show.HeadlessEnv) != ""}
	_, ok, err := livetest.Allowed(os.Getenv(livetest.LiveEnv), os.Getenv)
	if err != nil {
		return cfg, exit.With(exit.Usage, err)
	}
	if !ok {
		return cfg, nil
	}
	cfg.Real = livetest.ConfigFromEnv(os.Getenv)
	to := &target{name: string(cfg.Real.Region)}
	if cfg.Real.BaseURL != "" {
		to.name = cfg.Real.BaseURL
	}
	cfg.Forward, err = to.forwarder()
	if err != nil {
		return cfg, err
	}
	return cfg, nil
}
