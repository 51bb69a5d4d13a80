package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/erasure"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/destination"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/nextstep"
	"github.com/ciokit/cio/kit/internal/places"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/spf13/cobra"
)

// eraseRunFlags are the flags of erase run.
type eraseRunFlags struct {
	keys    eraseKeys
	to      eraseDestination
	people  erasePeople
	receipt string
	most    int
	giveUp  time.Duration
	rate    int
	yes     bool
	json    bool
}

// erasePeople are the people of a plan, by --ids or --targets.
type erasePeople struct {
	ids, targets string
	columns      eraseColumns
}

func (p *erasePeople) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.ids, "ids", "", "the file that the plan was made from; give the same --column, --also and format flags")
	cmd.Flags().StringVar(&p.targets, "targets", "", "the file that ciokit erase plan --targets has written")
	p.columns.flags(cmd)
}

// read returns the people in clear.
func (p *erasePeople) read(ctx context.Context, con console.Console) (*eraseList, [32]byte, error) {
	switch {
	case (p.ids == "") == (p.targets == ""):
		return nil, [32]byte{}, exit.Fail(exit.Usage, "give the people of the plan: --ids FILE, the file that it was made from, or --targets FILE, the file that it wrote")
	case p.ids != "":
		list, err := p.columns.read(ctx, con, p.ids)
		return list, [32]byte{}, err
	}
	if info, err := os.Stat(p.targets); err == nil && places.OthersRead(info) {
		return nil, [32]byte{}, exit.Fail(exit.Usage, "--targets: other users can read %s (mode %04o), and it contains people in clear: run chmod 600 on the file", eraseShort(p.targets), info.Mode().Perm())
	}
	targets, hash, err := erasure.ReadTargets(p.targets)
	if err != nil {
		return nil, hash, eraseExit(ctx, err)
	}
	list := &eraseList{name: eraseShort(p.targets), targets: targets, lines: make([]int64, len(targets))}
	for i := range list.lines {
		list.lines[i] = int64(i) + 1
	}
	return list, hash, nil
}

func newEraseRun(con console.Console) *cobra.Command {
	var f eraseRunFlags
	cmd := &cobra.Command{
		Use: "run PLAN --ids FILE --to WORKSPACE --receipt DIR", Short: "Delete or suppress the people of an approved plan, and write the receipt", Args: cobra.ExactArgs(1),
		Long: `Delete or suppress the people of an approved plan, or end their suppression, and write the receipt to a new directory. The people must be
exactly those of the plan. Nothing is sent if the plan is not approved, has expired, was changed, is for another workspace, or is for more
people than --max.

The run writes to disk what it is about to send, and writes the outcomes before it sends the next batch. If it ends early, run the same command
again: it resumes, and leaves nobody out. Customer.io's answer says that it accepted the message. It does not say that the person is gone.`,
		Example: `  ciokit erase run leavers.plan --ids leavers.csv --column id --to eu --receipt receipts/DSR-204 \
    --keys operator-ann.pub --keys approver-bob.pub --operator-key operator-ann.key \
    --receipt-key receipt.key --guard-key guard.key`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.do(cmd, con, args[0]) },
	}
	destination.AddFlags(cmd, &f.to.To, &f.to.KeyFile)
	f.keys.flags(cmd, "operator-key", "receipt-key", "guard-key")
	f.keys.ringFlag(cmd)
	f.people.flags(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.receipt, "receipt", "", "directory for the receipt (required)")
	fl.IntVar(&f.most, "max", erasure.DefaultMax, "how many people the plan may contain")
	fl.DurationVar(&f.giveUp, "give-up-after", 10*time.Minute, "stop if nothing was accepted for this long")
	fl.IntVar(&f.rate, "rate", 0, "how many requests may start per second; 0 means 909, which stays below the API's limit")
	fl.BoolVar(&f.yes, "yes", false, "send to a real workspace without asking")
	fl.BoolVar(&f.json, "json", false, "print JSON, and no progress")
	return cmd
}

// eraseRan is what run prints with --json.
type eraseRan struct {
	Receipt  string `json:"receipt"`
	PlanHash string `json:"plan_hash"`
	Action   string `json:"action"`
	erasure.Summary
	Unfinished int64  `json:"unfinished"`
	Stopped    string `json:"stopped"`
	ExitCode   int    `json:"exit_code"`
}

func (f *eraseRunFlags) do(cmd *cobra.Command, con console.Console, file string) error {
	ctx := cmd.Context()
	switch {
	case f.receipt == "":
		return exit.Fail(exit.Usage, "say where to write the receipt: --receipt DIR")
	case f.most < 1:
		return exit.Fail(exit.Usage, "--max must be at least 1")
	case f.giveUp <= 0:
		return exit.Fail(exit.Usage, "--give-up-after must be longer than 0, such as 10m")
	case f.rate < 0:
		return exit.Fail(exit.Usage, "--rate must be 0 or more")
	}
	job := erasure.Job{Dir: f.receipt, Max: f.most, Tool: eraseTool}
	var err error
	if job.Plan, err = readPlan(file); err != nil {
		return err
	}
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
	plan, err := erasure.OpenPlan(job.Plan, job.Keys)
	if err == nil {
		err = plan.Ready(time.Now())
		if errors.Is(err, erasure.ErrExpired) && receiptBegun(f.receipt) {
			err = nil
		}
	}
	if err != nil {
		return eraseExit(ctx, fmt.Errorf("%s: %w", eraseShort(file), err))
	}
	list, targetsHash, err := f.people.read(ctx, con)
	if err != nil {
		return err
	}
	if f.people.ids != "" && plan.TargetsHash != targetsHash {
		return exit.Fail(exit.Usage, "the plan was made with a file of --targets: give that file with --targets, not --ids")
	}
	job.Targets, job.TargetsHash = list.targets, targetsHash
	job.Client, err = f.to.client(ctx, con, func(cfg *cio.Config) {
		cfg.MaxElapsed = f.giveUp
		if f.rate > 0 {
			cfg.RateLimit, cfg.RateWindow = f.rate, time.Second
		}
	})
	if err != nil {
		return err
	}
	if to := job.Client.Target(); to != plan.Target { // erasure.Run refuses this too; here it saves a question about the wrong address
		return exit.Fail(exit.Guard, "the plan is for %s, but --to is %s: send to the address of the plan, or make a new plan", plan.Target, to)
	}
	if err := f.approve(ctx, con, plan); err != nil {
		return err
	}
	hash := plan.Hash()
	undo, err := runOnce(con.Err, file, hex.EncodeToString(hash[:]), plan.Note, f.receipt)
	if err != nil {
		return err
	}
	if undo != nil && !f.to.Emulator {
		fmt.Fprintln(con.Err, "This machine has no record of an earlier run of this plan. The command cannot see a run on another machine, or another user's run with a receipt elsewhere.")
	}
	if !f.json {
		job.OnProgress = eraseProgress(con.Err)
	}
	summary, err := erasure.Run(ctx, job)
	if err != nil && undo != nil && !errors.Is(err, erasure.ErrInUse) && !receiptBegun(f.receipt) {
		undo() // it was refused, so any receipt is still possible; a receipt in use belongs to a running process
	} else if receiptBegun(f.receipt) { // another process may have removed its record
		_, _ = runOnce(io.Discard, file, hex.EncodeToString(hash[:]), plan.Note, f.receipt)
	}
	return f.ended(cmd, con, plan, summary, list.at(err))
}

// approve asks before anything is sent to a server that is not an emulator.
func (f *eraseRunFlags) approve(ctx context.Context, con console.Console, plan *erasure.SignedPlan) error {
	switch {
	case f.to.Emulator:
		return nil
	case f.yes:
		fmt.Fprintf(con.Err, "Sending to %s\n", plan.Target)
		return nil
	case f.to.Silent != nil:
		return exit.Fail(exit.Unavailable, "no server answers on %s. For an emulator, start it with: %s. For a real workspace behind this address, start the server that forwards to it, or add --yes: the run then retries until --give-up-after", plan.Target, destination.Emulate(plan.Target))
	}
	line := func(name, format string, args ...any) {
		fmt.Fprintf(con.Err, "%-15s%s\n", name, printed.Line(fmt.Sprintf(format, args...)))
	}
	erasePrintPlan(line, &plan.Plan)
	line("ordered by", "%s", plan.Operator)
	if plan.Approver != "" {
		line("approved by", "%s", plan.Approver)
	}
	return eraseAsk(ctx, con, "This cannot be undone. Send it?", "nothing was sent", "add --yes to send this to "+plan.Target)
}

// eraseProgress prints the progress of a run every few seconds.
func eraseProgress(w io.Writer) func(erasure.Totals) {
	const every = 5 * time.Second
	said := time.Now()
	return func(t erasure.Totals) {
		if time.Since(said) < every {
			return
		}
		said = time.Now()
		fmt.Fprintf(w, "%s of %s: %s accepted, %s rejected\n", plural.Grouped(t.Accepted+t.Rejected), plural.Count(t.Subjects, "person", "people"), plural.Grouped(t.Accepted), plural.Grouped(t.Rejected))
	}
}

// ended prints the result of a run.
func (f *eraseRunFlags) ended(cmd *cobra.Command, con console.Console, plan *erasure.SignedPlan, s erasure.Summary, err error) error {
	begun := s.Subjects > 0
	left := s.Subjects - s.Accepted - s.Rejected
	stopped := ""
	ended := eraseExit(cmd.Context(), err)
	switch {
	case ended != nil:
		stopped = words(ended)
	case left > 0:
		ended = exit.With(exit.Unavailable, nil)
	case s.Rejected > 0:
		ended = exit.With(exit.Rejects, nil)
	}
	if f.json {
		hash := plan.Hash()
		return errors.Join(ended, eraseJSON(con.Out, eraseRan{Receipt: f.receipt, PlanHash: base64.StdEncoding.EncodeToString(hash[:]), Action: string(plan.Action), Summary: s, Unfinished: left, Stopped: stopped, ExitCode: exit.CodeOf(ended)}))
	}
	if !begun {
		return ended
	}
	eraseSummary(con.Out, plan, s)
	if stopped != "" && left == 0 { // the receipt could not record what was sent
		fmt.Fprintf(con.Out, "\nThe receipt does not yet record and sign all of this. Next: run the same command again%s.\n", map[bool]string{true: "", false: ", with the new directory of the receipt, which was moved"}[receiptBegun(f.receipt)])
		return ended
	}
	f.next(cmd, con, plan, s, left, errors.Is(err, erasure.ErrExpired))
	return ended
}

// eraseDone says what the accepted messages do to the people.
var eraseDone = map[erasure.Action]string{erasure.ActionDelete: "to delete them", erasure.ActionSuppress: "to suppress them", erasure.ActionUnsuppress: "to end their suppression"}

func eraseSummary(w io.Writer, plan *erasure.SignedPlan, s erasure.Summary) {
	line := func(n int64, text string) { fmt.Fprintf(w, "%9s  %s\n", plural.Grouped(n), text) }
	line(s.Subjects, plural.Form(s.Subjects, "person", "people")+" in the plan, at "+plan.Target)
	line(s.Accepted, "accepted: Customer.io accepted the message "+eraseDone[plan.Action])
	for _, n := range []struct {
		n    int64
		text string
	}{{s.Rejected, "rejected"}, {s.Unsent, "unsent"}, {s.Unknown, "unknown: the message was sent, but no answer says whether it was processed"}, {s.Subjects - s.Accepted - s.Rejected - s.Unsent - s.Unknown, "not begun"},
		{s.Doubles, plural.Form(s.Doubles, "duplicate", "duplicates") + ", counted once"}, {s.Earlier, "done by an earlier run, with a known outcome"}, {s.Open, "sent again: an earlier run got no answer, or did not sign it"}, {s.Cut, plural.Form(s.Cut, "byte", "bytes") + " of an incomplete last line removed"}} {
		if n.n > 0 {
			line(n.n, n.text)
		}
		if n.text == "rejected" {
			for _, reason := range slices.Sorted(maps.Keys(s.Reasons)) {
				line(s.Reasons[reason], "  "+printed.Line(reason))
			}
		}
	}
}

// next says what to do now.
func (f *eraseRunFlags) next(cmd *cobra.Command, con console.Console, plan *erasure.SignedPlan, s erasure.Summary, left int64, expired bool) {
	fmt.Fprintf(con.Out, "\nThe receipt is %s. Its last checkpoint covers all entries. Give a copy of that checkpoint, the newest file in its directory checkpoints, to somebody else.\n", eraseShort(f.receipt))
	switch {
	case left > 0 && expired && s.Unknown > 0 && plan.Action != erasure.ActionUnsuppress: // the App API does not show it
		verify := nextstep.New(cmd, "erase verify", f.receipt)
		if !f.to.Emulator {
			verify.Needing("app-key-file", "APP-KEY-FILE")
		}
		fmt.Fprintln(con.Out, "The plan has expired, so it cannot be run again. Look up the people whose outcome is unknown. Those who are still there need a new plan.")
		fmt.Fprintf(con.Out, "Next: %s\n%s", verify, nextstep.Environment(verify))
		sayPlaceholders(con, verify)
		return
	case left > 0 && expired:
		fmt.Fprintf(con.Out, "The plan has expired, so it cannot be run again. Next: make a new plan (ciokit erase plan) for the people who are left: %s.\n", plural.Count(left, "person", "people"))
		return
	case left > 0:
		fmt.Fprintln(con.Out, "Next: run the same command again. It resumes this run.")
		return
	}
	if s.Rejected > 0 {
		fmt.Fprintln(con.Out, "Rejected people need a new plan, after you have fixed the reason.")
	}
	check := nextstep.New(cmd, "erase check", f.receipt)
	fmt.Fprintf(con.Out, "Next: %s\n%s", check, nextstep.Environment(check))
	if f.people.targets != "" {
		fmt.Fprintf(con.Out, "%s is personal data: delete it when you have verified the people. Nothing else needs it.\n", eraseShort(f.people.targets))
	}
}
