package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
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
day later it finds people who came back. In the wrong workspace everybody seems to be gone: to exclude that, use
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
	fl.DurationVar(&f.again, "again", 0, "skip people who were looked up within this time, such as 24h, and whose result was gone or contradicted; 0 looks up everybody")
	fl.BoolVar(&f.json, "json", false, "print JSON, and no progress")
	return cmd
}

func (f *eraseVerifyFlags) do(cmd *cobra.Command, con console.Console, dir string) error {
	ctx := cmd.Context()
	switch {
	case f.wait <= 0:
		return exit.Fail(exit.Usage, "--wait must be longer than 0, such as 10m")
	case f.again < 0:
		return exit.Fail(exit.Usage, "--again must be 0 or longer, such as 24h; 0 looks up everybody")
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
	var lines []int64
	if job.Known, lines, err = f.known.read(con, f.people.columns.verbatim); err != nil {
		return err
	}
	if job.App, job.AnyAddress, err = f.app.client(ctx, con, plan.Target, f.keyFile); err != nil {
		return err
	}
	if !f.json {
		job.OnProgress = eraseReading(con.Err)
	}
	v, err := erasure.Verify(ctx, job)
	return f.ended(cmd, con, dir, plan, v, f.known.at(list.at(err), lines))
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

// read returns the identifiers and their lines.
func (f knownFile) read(con console.Console, verbatim bool) (known []string, lines []int64, err error) {
	if f == "" {
		return nil, nil, nil
	}
	r := &idReader{eraseColumns: eraseColumns{verbatim: verbatim}}
	if known, err = r.small(con, "--known-file", string(f), nil); err != nil {
		return nil, nil, err
	}
	if len(known) == 0 {
		return nil, nil, exit.Fail(exit.Usage, "--known-file %s names nobody: write one identifier on each line", eraseShort(string(f)))
	}
	return known, r.list.lines, nil
}

// knownPerson is how errors of the package name a person of the list.
var knownPerson = regexp.MustCompile(`known person ([0-9]+)`)

// knownError is an error about a person of --known-file, in the words of the command.
type knownError struct {
	text string
	error
}

func (e *knownError) Error() string { return e.text }

func (e *knownError) Unwrap() error { return e.error }

// at adds the file and the line to an error about one of the known people.
func (f knownFile) at(err error, lines []int64) error {
	if f == "" || err == nil {
		return err
	}
	m := knownPerson.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	n, bad := strconv.Atoi(m[1])
	if bad != nil || n < 1 || n > len(lines) {
		return err
	}
	return &knownError{strings.ReplaceAll(err.Error(), m[0], fmt.Sprintf("--known-file %s: the person on line %d", eraseShort(string(f)), lines[n-1])), err}
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
		fmt.Fprintln(con.Out, "Next: run the same command again later. If a run has not processed some people yet, run ciokit erase run first.")
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
	line(v.Subjects-v.Acted, "not processed: no run has sent their message")
	line(v.Read, "looked up now")
	line(v.Recent, "skipped, because they were looked up recently")
	line(v.Gone, "gone")
	line(v.NotYet, "not-yet: still there, but the message is recent or was not accepted")
	line(v.Contradicted, "contradicted: still there although the message was accepted longer than --wait ago, or back after they were gone")
	line(v.CannotTell, "cannot-tell: the App API does not show it")
	for _, reason := range slices.Sorted(maps.Keys(v.Reasons)) {
		line(v.Reasons[reason], "  "+reasonWords(reason))
	}
	line(v.Unknown, "with a message whose outcome is unknown; "+plural.Grouped(v.Settled)+" of them "+plural.Form(v.Settled, "is", "are")+" gone")
	line(v.Inferred, "named by cio_ id: it is an assumption, not documented, that this API can delete a person by a cio_ id")
}

// verifyReasons say in words what a reason of a result means.
var verifyReasons = map[string]string{
	erasure.ReasonDeletionLogged:  "the activity log shows the deletion",
	erasure.ReasonAnonymised:      "the person was suppressed, so the activity log does not show the deletion",
	erasure.ReasonAddressInUse:    "a profile that was not named has an address of the person",
	erasure.ReasonTooSoon:         "still there a short time after the message",
	erasure.ReasonRejected:        "still there; the message was rejected",
	erasure.ReasonUnsent:          "still there; the message was not sent",
	erasure.ReasonUnknown:         "still there; the outcome of the message is unknown",
	erasure.ReasonStillThere:      "still there long after the message was accepted",
	erasure.ReasonCameBack:        "the person was gone, and is there again",
	erasure.ReasonAddressCameBack: "nobody had the address of the person, and a profile has it again",
	erasure.ReasonRefused:         "the App API refused to answer",
	erasure.ReasonOddAnswer:       "the answer of the App API was not the documented one, or was about another person",
	erasure.ReasonUnsuppress:      "no API shows whether a suppression has ended",
}

func reasonWords(reason string) string {
	if words := verifyReasons[reason]; words != "" {
		return reason + ": " + words
	}
	return reason
}
