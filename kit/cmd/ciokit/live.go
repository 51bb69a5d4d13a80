package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/destination"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/nextstep"
	"github.com/ciokit/cio/kit/internal/atomicfile"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/livetest"
	"github.com/spf13/cobra"
)

func newLive(con console.Console) *cobra.Command {
	live := &cobra.Command{
		Use:   "live",
		Short: "Test the assumptions of this toolkit on a workspace",
		Long: `Test the assumptions of this toolkit on a workspace of Customer.io, or on the emulator.

CUSTOMERIO_API_KEY contains the write key. Without --to, CUSTOMERIO_REGION names the region. If CUSTOMERIO_APP_API_KEY is set, the command
reads back what it sent. You can also set all three in a file .env in the current directory. Use a separate workspace without campaigns.
You must give its name: by --workspace, by CIOKIT_LIVE_WORKSPACE, or when the command asks for it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	live.AddCommand(newLiveRun(con), newLiveProbe(con), newLiveClean(con))
	return live
}

// liveFlags say which workspace, for all of the commands.
type liveFlags struct {
	to, workspace, objectType string
	rate                      int
	wait                      time.Duration
}

func (f *liveFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.to, "to", "", "the workspace: emulator (http://"+destination.EmulatorAddr+"), us, eu, or a URL; default CUSTOMERIO_BASE_URL or CUSTOMERIO_REGION")
	cmd.Flags().IntVar(&f.rate, "rate", 0, "how many requests may start per second; default 10, negative for no limit")
	cmd.Flags().DurationVar(&f.wait, "wait", 0, "how long to wait until a change can be seen in the workspace; default 3m")
	cmd.RegisterFlagCompletionFunc("to", cobra.FixedCompletions([]cobra.Completion{"emulator", "us", "eu", "http://"}, cobra.ShellCompDirectiveNoFileComp))
}

// addMaking adds the flags of commands that create something in the workspace.
func (f *liveFlags) addMaking(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.workspace, "workspace", "", "the name of the workspace for tests, as Customer.io shows it; the command compares it with the name that the App API gives; default CIOKIT_LIVE_WORKSPACE; not needed for an emulator")
	cmd.Flags().StringVar(&f.objectType, "object-type", "", "the type of the objects that are created; the workspace must have it; default 1")
}

// workspaceOf resolves --to, or the settings of the environment and .env.
func workspaceOf(con console.Console, to string) (livetest.Config, error) {
	cfg := livetest.ConfigFromEnv(func(name string) string {
		switch elsewhere := to == "us" || to == "eu" || to == "emulator"; {
		case name == livetest.WorkspaceEnv, // config asks for it
			elsewhere && slices.Contains([]string{"CUSTOMERIO_REGION", "CUSTOMERIO_BASE_URL", "CUSTOMERIO_APP_BASE_URL"}, name):
			return ""
		}
		return con.Env.Get(name)
	})
	if err := con.Env.Done(con.Err); err != nil {
		return livetest.Config{}, exit.With(exit.Usage, err)
	}
	switch {
	case to == "":
	case to == "us" || to == "eu":
		cfg.Region = cio.Region(to)
	case to == "emulator":
		cfg.BaseURL = "http://" + destination.EmulatorAddr
	case destination.IsURL(to):
		cfg.BaseURL = to // a proxy's workspace is read at the region's own address
	default:
		return cfg, destination.NoDestination(to, "emulator", "us", "eu")
	}
	if cfg.APIKey == "" {
		cfg.APIKey = destination.KeyWithoutOne(cfg.BaseURL)
	}
	if cfg.BaseURL == "" && cfg.Region == "" {
		return cfg, exit.Fail(exit.Usage, "say which workspace: --to emulator, --to us, --to eu, --to URL, or set CUSTOMERIO_REGION, in the environment or in .env")
	}
	return cfg, nil
}

// config resolves the workspace. If make is set and the workspace is not an emulator's, it asks for the name on a terminal.
func (f *liveFlags) config(ctx context.Context, con console.Console, makes bool) (livetest.Config, error) {
	cfg, err := workspaceOf(con, f.to)
	if err != nil {
		return cfg, err
	}
	cfg.RateLimit, cfg.ReadFor, cfg.ObjectType = f.rate, f.wait, f.objectType
	if f.wait < 0 {
		return cfg, exit.Fail(exit.Usage, "--wait must be a time of 0 or more, such as 3m")
	}
	if n, err := strconv.ParseUint(cmp.Or(f.objectType, "1"), 10, 31); err != nil || n == 0 {
		return cfg, exit.Fail(exit.Usage, "--object-type must be a whole number, as Customer.io shows it for the type")
	}
	client, err := cio.NewClient(cio.Config{APIKey: cfg.APIKey, Region: cfg.Region, BaseURL: cfg.BaseURL}) // for its checks
	if err != nil {
		return cfg, exit.With(exit.Usage, err)
	}
	if f.to == "emulator" {
		if err := destination.ProbeEmulator(ctx, client.Target()); err != nil {
			return cfg, err
		}
	}
	if cfg.BaseURL != "" {
		is, silent := destination.Emulates(ctx, client.Target())
		if is {
			cfg.AppAPIKey, cfg.AppBaseURL = cfg.APIKey, "" // the emulator's; the environment's are for a real workspace
			return cfg, nil
		}
		switch {
		case ctx.Err() != nil:
			return cfg, liveExit(ctx, context.Cause(ctx))
		case silent != nil:
			return cfg, exit.Fail(exit.Unavailable, "no server answers on %s; start an emulator in another terminal with: %s", client.Target(), destination.Emulate(client.Target()))
		case makes && cfg.AppAPIKey == "":
			return cfg, exit.Fail(exit.Usage, "%s: %w", client.Target(), livetest.ErrOwnMemory)
		}
	}
	if cfg.Workspace = f.workspace; makes && cfg.Workspace == "" {
		cfg.Workspace = strings.TrimSpace(con.Env.Get(livetest.WorkspaceEnv))
		if err := con.Env.Done(con.Err); err != nil {
			return cfg, exit.With(exit.Usage, err)
		}
	}
	if makes && cfg.Workspace == "" && console.Terminal(con.In) {
		cfg.Workspace = askWorkspace(con, client.Target())
	}
	return cfg, nil
}

// askWorkspace asks for the name of the workspace.
func askWorkspace(con console.Console, target string) string {
	fmt.Fprintf(con.Err, "This creates people, events and objects in the workspace of CUSTOMERIO_API_KEY on %s, and deletes them at the end.\nUse a workspace for tests only. Type its name: ", target)
	line, _ := bufio.NewReader(con.In).ReadString('\n')
	return strings.TrimSpace(line)
}

// leftBehind repeats the flags of this command in the command that deletes what a run left behind.
func leftBehind(cmd *cobra.Command, err error) error {
	const clean = "ciokit live clean"
	before, ends := strings.CutSuffix(err.Error(), clean)
	if !ends {
		return err
	}
	return &inOtherWords{before + nextstep.New(cmd, "live clean").String(), err}
}

// inOtherWords is an error with another text.
type inOtherWords struct {
	text string
	err  error
}

func (e *inOtherWords) Error() string { return e.text }
func (e *inOtherWords) Unwrap() error { return e.err }

// liveExit adds the exit code to an error of the suite.
func liveExit(ctx context.Context, err error) error {
	var ended *exit.Error
	switch {
	case err == nil || errors.As(err, &ended):
		return err
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), exit.ErrTerminated):
		return exit.With(exit.Terminated, err)
	case ctx.Err() != nil:
		return exit.With(exit.Interrupted, err)
	case errors.Is(err, cio.ErrUnauthorized), errors.Is(err, appapi.ErrUnauthorized):
		return exit.With(exit.Key, err)
	case errors.Is(err, livetest.ErrNoWorkspace):
		return exit.Fail(exit.Usage, "give the name of a workspace for tests, as Customer.io shows it, with --workspace NAME or CIOKIT_LIVE_WORKSPACE")
	case errors.Is(err, livetest.ErrAnotherWorkspace), errors.Is(err, livetest.ErrOwnMemory):
		return exit.With(exit.Usage, err)
	}
	var api *cio.APIError
	var app *appapi.APIError
	if errors.As(err, &api) || errors.As(err, &app) {
		return exit.With(exit.Unavailable, err)
	}
	return exit.With(exit.Local, err)
}

func newLiveRun(con console.Console) *cobra.Command {
	var flags liveFlags
	var areas []string
	var permissive, asJSON bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the tests of this toolkit on a workspace, and delete what they made",
		Long: `Run the tests of this toolkit on a workspace, and delete what they made, also after a failure or Ctrl-C. A ledger on disk names what could
not be deleted, and what a killed process left behind: ciokit live clean deletes what the ledger names.

The command waits for what it sent, as long as --wait says. Before it reports a message as missing, it waits until a later
message has arrived. It reads back only from Customer.io and from an emulator, and not from a server such as ciokit proxy, which only repeats what it saw
itself.

Exit code 6 means that a case failed.`,
		Example: `  ciokit live run --to emulator
  ciokit live run --to eu --workspace "Tests" --area people --area batches`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			for _, a := range areas {
				if !slices.Contains(livetest.Areas(), a) {
					return exit.Fail(exit.Usage, "there is no area %s; there are: %s%s", a, strings.Join(livetest.Areas(), ", "), console.Meant(a, livetest.Areas()...))
				}
			}
			cfg, err := flags.config(ctx, con, true)
			if err != nil {
				return err
			}
			cfg.Permissive = permissive
			return runLive(cmd, con, cfg, areas, asJSON)
		},
	}
	flags.add(cmd)
	flags.addMaking(cmd)
	cmd.Flags().StringArrayVar(&areas, "area", nil, "run only the cases of this area; can be repeated: "+strings.Join(livetest.Areas(), ", "))
	cmd.Flags().BoolVar(&permissive, "permissive", false, "send without strict mode")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object for each case instead of a line")
	return cmd
}

// openLive opens the suite, and prints where it sends unless that is an emulator.
func openLive(ctx context.Context, con console.Console, cfg livetest.Config) (*livetest.Suite, error) {
	s, err := livetest.Open(ctx, cfg)
	if err != nil {
		return nil, liveExit(ctx, err)
	}
	if s.Real() {
		fmt.Fprintln(con.Err, s.Where()+" Everything that it creates there is deleted at the end.")
	}
	return s, nil
}

func runLive(cmd *cobra.Command, con console.Console, cfg livetest.Config, areas []string, asJSON bool) error {
	ctx := cmd.Context()
	s, err := openLive(ctx, con, cfg)
	if err != nil {
		return err
	}
	passed, failed, skipped := 0, 0, 0
	var first error
	for _, c := range livetest.Cases() {
		if len(areas) > 0 && !slices.Contains(areas, c.Area) {
			continue
		}
		r := s.Run(ctx, c)
		switch {
		case r.Skipped:
			skipped++
			continue
		case r.Err != nil:
			failed++
			if first == nil {
				first = r.Err
			}
		default:
			passed++
		}
		printResult(con, r, asJSON)
	}
	closed := s.Close(ctx)
	if !asJSON {
		fmt.Fprintf(con.Out, "%d passed, %d failed, %d skipped; run %s on %s", passed, failed, skipped, s.RunID(), s.Target())
		if !s.ReadsBack() {
			fmt.Fprint(con.Out, "; nothing was read back, because CUSTOMERIO_APP_API_KEY is not set")
		}
		fmt.Fprintln(con.Out)
	}
	switch {
	case closed != nil:
		return liveExit(ctx, leftBehind(cmd, closed))
	case ctx.Err() != nil:
		return liveExit(ctx, context.Cause(ctx))
	case errors.Is(first, cio.ErrUnauthorized), errors.Is(first, cio.ErrUnavailable), errors.Is(first, appapi.ErrUnauthorized):
		return liveExit(ctx, first)
	case failed > 0:
		return exit.With(exit.Rejects, nil)
	}
	return nil
}

func printResult(con console.Console, r livetest.Result, asJSON bool) {
	said := ""
	if r.Err != nil {
		said = words(r.Err)
	}
	if asJSON {
		json.NewEncoder(con.Out).Encode(struct {
			livetest.Result
			Passed  bool    `json:"passed"`
			Error   string  `json:"error,omitempty"`
			Seconds float64 `json:"seconds"`
		}{r, r.Err == nil, said, r.Took.Seconds()})
		return
	}
	verdict := "pass"
	if r.Err != nil {
		verdict = "FAIL"
	}
	fmt.Fprintf(con.Out, "%s  %-10s %s (%s)\n", verdict, r.Area, r.Name, r.Took.Round(time.Millisecond))
	for _, o := range r.Observations {
		fmt.Fprintf(con.Out, "        %s: %s\n", o.What, o.Seen)
	}
	if said != "" {
		fmt.Fprintf(con.Out, "      %s\n", strings.ReplaceAll(said, "\n", "\n      "))
	}
}

func newLiveClean(con console.Console) *cobra.Command {
	var flags liveFlags
	var list, anyKey bool
	cmd := &cobra.Command{
		Use:   "clean",
		Short: "Delete what live runs and notebooks left behind",
		Long: `Delete from the workspace what live runs and notebooks left behind because they could not finish. The command deletes only what is
in their ledgers. The ledgers are in $XDG_STATE_HOME/ciokit/live. The command skips a ledger of another address or of another write key, and the exit code is then 6.`,
		Example: `  ciokit live clean --to emulator
  ciokit live clean --list`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := livetest.LedgerDir()
			if err != nil {
				return exit.With(exit.Local, err)
			}
			ledgers, err := livetest.Ledgers(dir)
			if err != nil {
				return exit.With(exit.Local, err)
			}
			if len(ledgers) == 0 {
				_, err := fmt.Fprintf(con.Out, "Nothing is left: there is no ledger in %s.\n", dir)
				return err
			}
			if list {
				return listLedgers(con, ledgers)
			}
			return cleanLedgers(cmd.Context(), con, flags, ledgers, anyKey)
		},
	}
	flags.add(cmd)
	cmd.Flags().BoolVar(&list, "list", false, "list what is left, and delete nothing")
	cmd.Flags().BoolVar(&anyKey, "any-key", false, "also delete what was made with another write key of the same workspace")
	return cmd
}

func listLedgers(con console.Console, ledgers []*livetest.Ledger) error {
	t := tabwriter.NewWriter(con.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RUN\tSTARTED\tTO\tLEFT")
	for _, l := range ledgers {
		h := l.Header()
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\n", h.Run, h.Started.Local().Format(time.DateTime), h.Target, len(l.Left()))
	}
	return t.Flush()
}

func cleanLedgers(ctx context.Context, con console.Console, flags liveFlags, ledgers []*livetest.Ledger, anyKey bool) error {
	cfg, err := flags.config(ctx, con, false)
	if err != nil {
		return err
	}
	other := false
	for _, l := range ledgers {
		n := len(l.Left())
		err := livetest.Clean(ctx, cfg, l, anyKey)
		switch {
		case errors.Is(err, livetest.ErrOtherWorkspace), errors.Is(err, livetest.ErrLedgerInUse):
			other = true
			fmt.Fprintf(con.Err, "Skipped: %s\n", words(err))
		case err != nil:
			return liveExit(ctx, err)
		default:
			fmt.Fprintf(con.Out, "%s: %s deleted\n", l.Header().Run, plural.Count(n, "thing", "things"))
		}
	}
	if other {
		return exit.With(exit.Rejects, nil)
	}
	return nil
}

// writeFile writes a file that a flag asked for; others can read it.
func writeFile(name string, text []byte) error {
	if err := atomicfile.Replace(name, func(w io.Writer) error { _, err := w.Write(text); return err }); err != nil {
		return exit.With(exit.Local, err)
	}
	return nil
}
