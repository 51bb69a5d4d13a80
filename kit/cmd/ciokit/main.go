// Command ciokit loads data into Customer.io, sends single messages, and runs an emulator of Customer.io to try them on.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/dotenv"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/spf13/cobra"
)

func main() {
	con := console.New(os.Stdin, os.Stdout, os.Stderr)
	con.Env = dotenv.At(".env")
	os.Exit(run(context.Background(), os.Args[1:], con))
}

// run runs one command and returns its exit code.
func run(ctx context.Context, args []string, con console.Console) int {
	ctx, stop := interruptible(ctx)
	defer stop()
	con = con.Safe()
	root := newRoot(con)
	root.SetArgs(args)
	console.Suggest(root, args)
	err := root.ExecuteContext(ctx)
	var ended *exit.Error
	if errors.As(err, &ended) {
		err = ended.Err
	}
	if err != nil {
		fmt.Fprintln(con.Err, "ciokit:", inOneLine(args, console.FlagWords(err.Error())))
	}
	if ended != nil {
		return ended.Code
	}
	return exit.CodeOf(err)
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
				cancel(exit.ErrTerminated)
				return
			}
			cancel(exit.ErrInterrupted)
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}

func newRoot(con console.Console) *cobra.Command {
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
	root.SetIn(con.In)
	root.SetOut(con.Out)
	root.SetErr(con.Err)
	root.AddCommand(newDemo(con), newLoad(con), newRuns(con), newSource(con), newMap(con), newSend(con), newEvents(con), newEmulate(con), newProxy(con), newNotebook(con), newVersion(con), exitCodesHelp)
	root.AddCommand(newDoctor(con), newLive(con), newOutbox(con), newErase(con))
	return root
}
