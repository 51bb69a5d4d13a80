// Command ciokit loads data into Customer.io, sends single messages, and runs an emulator of Customer.io to try them on.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/dotenv"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/ciokit/cio/kit/internal/spelling"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
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
	console.SetHelp(root)
	cmd, err := root.ExecuteContextC(ctx)
	misused := exit.Misused(err)
	var ended *exit.Error
	if errors.As(err, &ended) {
		err = ended.Err
	}
	if err != nil {
		fmt.Fprintln(con.Err, "ciokit:", inOneLine(args, console.HintsOnce(words(err))))
		if misused {
			fmt.Fprintln(con.Err, console.UsageLine(cmd))
		}
	}
	if ended != nil {
		return ended.Code
	}
	return exit.CodeOf(err)
}

// words writes an error in the user's words: files by their names, and flags and variables instead of Go names.
func words(err error) string {
	return console.InWorkingDirectory(console.FlagWords(ofFile(err)))
}

// ofFile is the text of an error with the file's name as the user knows it, without the failed system call.
func ofFile(err error) string {
	text := err.Error()
	var path *fs.PathError
	if !errors.As(err, &path) {
		return text
	}
	why := path.Err.Error()
	if errors.Is(path.Err, fs.ErrNotExist) {
		why = "there is no such file or directory" + nearFile(path.Path)
	}
	return strings.ReplaceAll(text, path.Error(), console.ShortPath(path.Path)+": "+why)
}

// nearFile suggests a similar file in the same directory.
func nearFile(path string) string {
	const most = 1000 // names that are read
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return ""
	}
	defer dir.Close()
	base := filepath.Base(path)
	names, _ := dir.Readdirnames(most)
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.EqualFold(name[:1], base[:1]) }) // few mistype the first letter
	slices.Sort(names)
	for _, ext := range mappingEndings {
		if other := strings.TrimSuffix(base, filepath.Ext(base)) + ext; slices.Contains(mappingEndings, filepath.Ext(base)) && slices.Contains(names, other) {
			return didYouMean(path, other)
		}
	}
	best := spelling.Nearest(strings.TrimSuffix(base, filepath.Ext(base)), withoutEndings(names, filepath.Ext(base)))
	if best == "" {
		return ""
	}
	return didYouMean(path, best+filepath.Ext(base))
}

// didYouMean suggests a file with another name in the same directory.
func didYouMean(path, name string) string {
	return "; did you mean " + printed.Line(console.ShortPath(filepath.Join(filepath.Dir(path), name))) + "?"
}

// withoutEndings returns the names that end in ext, without it.
func withoutEndings(names []string, ext string) (list []string) {
	for _, name := range names {
		if bare, ok := strings.CutSuffix(name, ext); ok && bare != "" {
			list = append(list, bare)
		}
	}
	return list
}

// inOneLine escapes file names with line feeds among the arguments, so that they do not break the line of the text.
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

// interruptible returns a context that ends with the first Ctrl-C. A second Ctrl-C ends the process immediately, by the signal's default.
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
		Example: `  ciokit demo                                          try it without an account
  ciokit map init people.csv > people.yaml             propose what the rows become
  ciokit load people.csv --mapping people.yaml --dry-run
  ciokit load people.csv --mapping people.yaml --to emulator
  ciokit send identify --to emulator --user-id 42 --set email=ann@example.com
  ciokit doctor --to eu                                can this machine send?`,
		Version:       versionText(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(con.In)
	root.SetOut(con.Out)
	root.SetErr(con.Err)
	root.AddCommand(newDemo(con), newLoad(con), newRuns(con), newSource(con), newMap(con), newSend(con), newEvents(con), newEmulate(con), newProxy(con), newNotebook(con), newVersion(con), newMan(con), newExitCodes())
	root.SetVersionTemplate("{{.Version}}\n")
	root.AddCommand(newDoctor(con), newLive(con), newOutbox(con), newErase(con), newVerify(con), newPeople(con), newSegments(con), newObjects(con), newExport(con), newMetrics(con))
	group(root)
	sectioned(root)
	return root
}

// tasks are the commands by task, in the order of the help.
var tasks = []struct {
	title    string
	commands []string
}{
	{"Try it on this machine", []string{"demo", "emulate", "notebook"}},
	{"Load files and databases", []string{"source", "map", "load", "runs"}},
	{"Send from a shell or a service", []string{"send", "events", "outbox"}},
	{"Read back what arrived", []string{"verify", "people", "segments", "objects", "export", "metrics"}},
	{"Erase people", []string{"erase"}},
	{"Check a real workspace", []string{"doctor", "proxy", "live"}},
}

// group makes the help show the commands by task.
func group(root *cobra.Command) {
	for _, task := range tasks {
		root.AddGroup(&cobra.Group{ID: task.title, Title: task.title})
		for _, cmd := range root.Commands() {
			if slices.Contains(task.commands, cmd.Name()) {
				cmd.GroupID = task.title
			}
		}
	}
}

// sections are the flags by purpose, for commands without their own sections. A command shows only its own flags.
var sections = []console.Section{
	{Title: "Which workspace", Flags: []string{"to", "key-file", "app-key-file", "app-url", "workspace", "object-type", "permissive", "any-key"}},
	{Title: "Which people or messages", Flags: []string{"action", "ids", "id", "id-file", "targets", "column", "also", "verbatim-ids", "no-cio-ids", "resolve", "shared", "known-file", "id-type", "is", "is-not", "has", "has-not", "in-segment", "not-in-segment", "any", "campaign", "newsletter", "transactional"}},
	{Title: "What is read", Flags: []string{"query", "order-by", "config", "format", "encoding", "delimiter", "quote", "escape", "line-end", "columns", "skip-rows", "all-rows", "json-path", "decimal-comma"}},
	{Title: "What is selected", Flags: []string{"area", "category", "older-than", "name", "unfinished", "dead", "type", "metric", "from", "until", "drafts", "links", "period", "steps", "sample", "seed", "limit", "all", "max-findings"}},
	{Title: "What the mapping says", Flags: []string{"mapping", "user-id", "event"}},
	{Title: "Why, and who is responsible", Flags: []string{"reason", "request", "expires", "single-operator"}},
	{Title: "Keys that sign and check", Flags: []string{"keys", "operator-key", "approver-key", "receipt-key", "guard-key", "since"}},
	{Title: "How it runs", Flags: []string{"addr", "samples", "timeout", "wait", "rate", "max", "give-up-after", "again", "jobs", "check", "write", "rewrite", "dry-run", "yes", "list", "checkout", "tools"}},
	{Title: "What it writes", Flags: []string{"out", "dir", "receipt", "report", "switches", "html", "values", "json"}},
}

// sectioned sets the sections for all commands without their own.
func sectioned(cmd *cobra.Command) {
	for _, below := range cmd.Commands() {
		sectioned(below)
	}
	has := false
	cmd.Flags().VisitAll(func(f *pflag.Flag) { has = has || console.InSection(f) })
	if !has {
		console.SetSections(cmd, sections)
		if f := cmd.Flags().Lookup("targets"); f != nil && cmd.Name() == "plan" { // the other commands read it
			console.Beside(f, cmd.Flags().Lookup("out"))
		}
	}
}
