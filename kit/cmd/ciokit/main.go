// Command ciokit loads data into Customer.io, sends single messages, and runs an emulator of Customer.io to try them on.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], console{os.Stdin, os.Stdout, os.Stderr}))
}

// console is where a command reads and writes.
type console struct {
	in       io.Reader
	out, err io.Writer
}

// terminal reports whether w is one, so that what is written there may move and have colours.
func terminal(w any) bool {
	f, ok := raw(w).(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// raw is where w writes to as it is, for what has control characters of its own.
func raw(w any) any {
	if safe, ok := w.(*printed.Writer); ok {
		return safe.W
	}
	return w
}

// run runs one command and returns its exit code.
func run(ctx context.Context, args []string, con console) int {
	ctx, stop := interruptible(ctx)
	defer stop()
	con.out, con.err = &printed.Writer{W: con.out}, &printed.Writer{W: con.err}
	root := newRoot(con)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var exit *exitError
	if !errors.As(err, &exit) { // what cobra itself says of flags and arguments
		exit = &exitError{exitUsage, err}
	}
	if exit.err != nil {
		fmt.Fprintln(con.err, "ciokit:", inOneLine(args, flagWords(exit.err.Error())))
	}
	return exit.code
}

// inOneLine writes file names among the arguments that hold line feeds so that they end no line of the text.
func inOneLine(args []string, text string) string {
	for _, arg := range args {
		for name := range strings.SplitSeq(arg, string(filepath.Separator)) {
			if strings.ContainsAny(name, "\n\t") {
				text = strings.ReplaceAll(text, name, printed.Line(name))
			}
		}
	}
	return text
}

// interruptible returns a context that ends with the first Ctrl-C. A second one ends the process at once, by the signal's own default.
func interruptible(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			if s == syscall.SIGTERM {
				cancel(errTerminated)
				return
			}
			cancel(errInterrupted)
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}

var (
	errInterrupted = errors.New("stopped by a signal")
	errTerminated  = errors.New("terminated")
)

func newRoot(con console) *cobra.Command {
	root := &cobra.Command{
		Use:   "ciokit",
		Short: "Customer.io on the command line: load, send, emulate",
		Long: `ciokit brings people and events into Customer.io, and shows what became of each of them.

Try it without an account:  ciokit demo`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(con.in)
	root.SetOut(con.out)
	root.SetErr(con.err)
	root.AddCommand(newDemo(con), newLoad(con), newRuns(con), newSource(con), newMap(con), newSend(con), newEvents(con), newEmulate(con), newProxy(con), newNotebook(con), newVersion(con), exitCodesHelp)
	root.AddCommand(newDoctor(con), newLive(con))
	return root
}
