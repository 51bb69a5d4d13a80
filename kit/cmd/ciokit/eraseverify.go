package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/erasure"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/destination"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/nextstep"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/spf13/cobra"
)

// eraseApp is where the people of a workspace are read: the App API.
type eraseApp struct{ keyFile, url string }

func (a *eraseApp) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.keyFile, "app-key-file", "", "file with an App API key of the workspace; default CUSTOMERIO_APP_API_KEY of the environment, and for an emulator the write key")
	cmd.Flags().StringVar(&a.url, "app-url", "", "address of the App API, for a proxy; default the App API of the region, or the emulator; for any other workspace CUSTOMERIO_APP_BASE_URL")
}

// client makes the client for the workspace at target. elsewhere says that it reads from an address that is not Customer.io's, such as a proxy.
func (a *eraseApp) client(ctx context.Context, con console.Console, target, writeKeyFile string) (app *appapi.Client, elsewhere bool, err error) {
	cfg := appapi.ConfigFromEnv()
	var silent error
	emulator := false
	if destination.Loopback(target) {
		emulator, silent = destination.Emulates(ctx, target)
	}
	switch region := eraseRegions[target]; {
	case silent != nil:
		return nil, false, exit.Fail(exit.Unavailable, "no server answers on %s, from which the people are read; start it again", target)
	case emulator:
		cfg = appapi.Config{BaseURL: target, RateLimit: -1}
		if cfg.APIKey, err = (destination.Flags{To: target, KeyFile: writeKeyFile}).Key(con); err != nil {
			return nil, false, err
		}
	case region != "": // the environment is ignored: in another workspace everybody seems to be gone
		cfg.Region, cfg.BaseURL = region, ""
	}
	if a.url != "" {
		cfg.BaseURL = a.url
	}
	if a.keyFile != "" {
		if cfg.APIKey, err = (destination.Flags{KeyFile: a.keyFile}).Key(con); err != nil {
			return nil, false, err
		}
	}
	app, err = appapi.NewClient(cfg)
	if err != nil {
		return nil, false, exit.Fail(exit.Usage, "%s; or give a file with the key with --app-key-file", console.FlagWords(strings.TrimPrefix(err.Error(), "appapi: ")))
	}
	return app, cfg.BaseURL != "", nil
}

// eraseRegions are the regions of the addresses that messages go to.
var eraseRegions = map[string]cio.Region{"https://cdp.customer.io": cio.RegionUS, "https://cdp-eu.customer.io": cio.RegionEU}

// eraseVerifyFlags are the flags of erase verify.
type eraseVerifyFlags struct {
	keys        eraseKeys
	app         eraseApp
	people      erasePeople
	keyFile     string
	known       knownFile
	wait, again time.Duration
	json        bool
}

func newEraseVerify(con console.Console) *cobra.Command {
	var f eraseVerifyFlags
	cmd := &cobra.Command{
		Use: "verify DIR --ids FILE", Short: "Look up whether the people of a receipt are gone, and add that to the receipt", Args: cobra.ExactArgs(1),
		Long: `Look up the people of a receipt in the App API, and add what was found to the receipt. Each person has one of these results:

  gone          nobody in the workspace has any of the person's identifiers
  not-yet       the person is there, but the message is younger than --wait or was not accepted
  contradicted  the person is still there, and the message was accepted longer than --wait ago; or the person
                came back
  cannot-tell   the App API does not show it, such as the end of a suppression

If the outcome of a message was unknown, the result shows whether the message had an effect. You can run the command again at any time: a
day later, with --again 24h, it finds people who came back. In the wrong workspace everybody seems to be gone: to exclude that, use
--known-file with people who must be there. It is an assumption, not documented, that the API can delete a person by a cio_ id; only the lookup
shows whether it worked. The exit code is 6 if somebody is not gone.`,
		Example: `  ciokit erase verify receipts/DSR-204 --ids leavers.csv --column id --operator-key operator-ann.key \
    --receipt-key receipt.key --guard-key guard.key
  ciokit erase verify receipts/DSR-204 --targets targets.jsonl --again 24h --json`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.do(cmd, con, args[0]) },
	}
	f.keys.flags(cmd, "operator-key", "receipt-key", "guard-key")
	f.keys.ringFlag(cmd)
	f.people.flags(cmd)
	f.app.flags(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.keyFile, "key-file", "", "only for an emulator: file with the write key, which it accepts for the App API too")
	f.known.flag(cmd, "verified")
	fl.DurationVar(&f.wait, "wait", erasure.DefaultWait, "how long a person may still be there after the message")
	fl.DurationVar(&f.again, "again", 0, "skip people whose lookup within this time before, such as 24h, gave gone or contradicted; 0 looks up everybody")
	fl.BoolVar(&f.json, "json", false, "print JSON, and no progress")
	return cmd
}

func (f *eraseVerifyFlags) do(cmd *cobra.Command, con console.Console, dir string) error {
	ctx := cmd.Context()
	if f.wait <= 0 || f.again < 0 {
		return exit.Fail(exit.Usage, "--wait and --again must be times, such as 10m and 24h")
	}
	job := erasure.VerifyJob{Dir: dir, Wait: f.wait, Again: f.again}
	var err error
	if job.Keys, err = f.keys.keyring(true); err != nil {
		return err
	}
	if job.Operator, err = f.keys.signer(erasure.RoleOperator); err != nil {
		return err
	}
	if job.ReceiptKey, err = f.keys.receiptKey(); err != nil {
		return err
	}
	if job.GuardKey, err = f.keys.guardKey(); err != nil {
		return err
	}
	plan, err := receiptPlan(ctx, dir, job.Keys)
	if err != nil {
		return err
	}
	list, hash, err := f.people.read(ctx, con)
	if err != nil {
		return err
	}
	job.Targets, job.TargetsHash = list.targets, hash
	if job.Known, err = f.known.read(con, f.people.columns.verbatim); err != nil {
		return err
	}
	if job.App, job.AnyAddress, err = f.app.client(ctx, con, plan.Target, f.keyFile); err != nil {
		return err
	}
	if !f.json {
		job.OnProgress = eraseReading(con.Err)
	}
	v, err := erasure.Verify(ctx, job)
	return f.ended(cmd, con, dir, plan, v, list.at(err))
}

// receiptPlan reads the plan of a receipt.
func receiptPlan(ctx context.Context, dir string, ring erasure.Keyring) (*erasure.SignedPlan, error) {
	signed, err := os.ReadFile(filepath.Join(dir, "plan.note"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, exit.Fail(exit.Local, "%s is not a receipt: it has no plan", eraseShort(dir))
	}
	if err != nil {
		return nil, exit.With(exit.Local, err)
	}
	plan, err := erasure.OpenPlan(signed, ring)
	return plan, eraseExit(ctx, err)
}

// knownFile is the file of --known-file.
type knownFile string

func (f *knownFile) flag(cmd *cobra.Command, done string) {
	cmd.Flags().StringVar((*string)(f), "known-file", "", "file with identifiers of people who must be in the workspace and are not in the plan, one on each line: if one of them is not there, the App API key probably belongs to another workspace, and nothing is "+done)
}

func (f knownFile) read(con console.Console, verbatim bool) (known []string, err error) {
	if f == "" {
		return nil, nil
	}
	r := &idReader{eraseColumns: eraseColumns{verbatim: verbatim}}
	if known, err = r.small(con, "--known-file", string(f), nil); err != nil {
		return nil, err
	}
	if len(known) == 0 {
		return nil, exit.Fail(exit.Usage, "--known-file %s names nobody: write one identifier on each line", eraseShort(string(f)))
	}
	return known, nil
}

// eraseReading prints every few seconds how many people have been read: the App API allows 10 a second.
func eraseReading(w io.Writer) func(erasure.Verified) {
	const every = 5 * time.Second
	said := time.Now()
	return func(v erasure.Verified) {
		if time.Since(said) >= every {
			said = time.Now()
			fmt.Fprintf(w, "%s of %s looked up\n", plural.Grouped(v.Read+v.Recent), plural.Count(v.Acted, "person", "people"))
		}
	}
}

func (f *eraseVerifyFlags) ended(cmd *cobra.Command, con console.Console, dir string, plan *erasure.SignedPlan, v erasure.Verified, err error) error {
	ended := eraseExit(cmd.Context(), err)
	stopped := ""
	unsure := v.NotYet + v.Contradicted
	if plan.Action != erasure.ActionUnsuppress { // no API shows it
		unsure += v.CannotTell + v.Subjects - v.Acted
	}
	if ended != nil {
		stopped = words(ended)
	} else if unsure > 0 {
		ended = exit.With(exit.Rejects, nil)
	}
	if f.json {
		return errors.Join(ended, eraseJSON(con.Out, struct {
			Receipt string `json:"receipt"`
			Action  string `json:"action"`
			erasure.Verified
			Stopped  string `json:"stopped"`
			ExitCode int    `json:"exit_code"`
		}{dir, string(plan.Action), v, stopped, exit.CodeOf(ended)}))
	}
	if v.Subjects == 0 {
		return ended
	}
	printVerified(con.Out, v)
	fmt.Fprintln(con.Out)
	targets := eraseShort(f.people.targets)
	switch {
	case stopped != "":
		fmt.Fprintln(con.Out, "Next: run the same command again. The receipt keeps the results so far.")
	case v.Contradicted > 0:
		fmt.Fprintln(con.Out, "Next: find out which program sends these people again, make it use the guard (ciokit erase guard), and make a new plan for them.")
	case plan.Action == erasure.ActionUnsuppress && (v.Unknown > 0 || v.Subjects > v.Acted) && !time.Now().Before(plan.Expires):
		fmt.Fprintln(con.Out, "Next: the plan has expired, and no API shows whose suppression has ended: people whose message was not accepted need a new plan.")
	case (v.NotYet > 0 || v.Subjects > v.Acted) && !time.Now().Before(plan.Expires):
		fmt.Fprintln(con.Out, "Next: run the same command again later. The plan has expired, so people who are still there, or whom no run has processed, need a new one.")
	case v.NotYet > 0 || v.Subjects > v.Acted:
		fmt.Fprintln(con.Out, "Next: run the same command again later. People whom no run has processed need ciokit erase run first.")
	default:
		again := nextstep.New(cmd, "erase verify", dir).Without("json").With("again", "24h")
		report := nextstep.New(cmd, "erase report", dir).With("out", nextstep.Free(filepath.Base(filepath.Clean(dir)), ".html"))
		fmt.Fprintf(con.Out, "Next, a day later, to find people who came back: %s\nThen: %s\n%s", again, report, nextstep.Environment(again, report))
		if f.people.targets != "" {
			fmt.Fprintf(con.Out, "%s is personal data: delete it after that. Nothing else needs it.\n", targets)
		}
	}
	return ended
}

func printVerified(w io.Writer, v erasure.Verified) {
	line := func(n int64, text string) {
		if n > 0 {
			fmt.Fprintf(w, "%9s  %s\n", plural.Grouped(n), text)
		}
	}
	line(v.Subjects, plural.Form(v.Subjects, "person", "people")+" in the plan")
	line(v.Subjects-v.Acted, "not processed")
	line(v.Read, "looked up now")
	line(v.Recent, "skipped, because they were looked up recently")
	line(v.Gone, "gone")
	line(v.NotYet, "not-yet: still there, but the message is recent or was not accepted")
	line(v.Contradicted, "contradicted: there although the message was accepted long ago, or there again")
	line(v.CannotTell, "cannot-tell")
	for _, reason := range slices.Sorted(maps.Keys(v.Reasons)) {
		line(v.Reasons[reason], "  "+reason)
	}
	line(v.Unknown, "with an unknown outcome, of which "+plural.Grouped(v.Settled)+" "+plural.Form(v.Settled, "is", "are")+" gone")
	line(v.Inferred, "named by cio_ id: that this API deletes by it is an assumption, not documented")
}
