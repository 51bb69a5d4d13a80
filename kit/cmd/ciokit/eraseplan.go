package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ciokit/cio/erasure"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/destination"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/spf13/cobra"
)

// erasePlanFlags are the flags of erase plan.
type erasePlanFlags struct {
	keys    eraseKeys
	to      eraseDestination
	columns eraseColumns

	action, reason, request string
	expires                 time.Duration
	single, noCIOIDs, json  bool
	out, targets            string
	resolve                 bool
	shared                  string
	app                     eraseApp
	known                   knownFile
}

func newErasePlan(con console.Console) *cobra.Command {
	var f erasePlanFlags
	cmd := &cobra.Command{
		Use: "plan FILE --action ACTION --reason REASON --to WORKSPACE --out PLAN", Short: "Plan whom to delete or suppress, and why; nothing is sent", Args: cobra.ExactArgs(1),
		Long: `Write a plan: what to do, to how many people, why, and until when. It names people only by a hash, and your key signs it. Nothing is sent.

FILE contains ids, addresses or cio_ ids: a text with one on each line, or CSV, JSON Lines or Parquet with --column; - is standard input. If
it is not clear whom a line names, no plan is written. A person who is named twice counts once. Upper and lower case in addresses do not
matter, but in ids they do: Acme and acme are two people. Spaces around an id are ignored.

ciokit erase run needs the same people again: FILE, or the file of --targets, which contains them in clear. Standard input can be read only
once, so it needs --targets. Keep that file outside the receipt, and delete it when you have verified that the people are gone.`,
		Example: `  ciokit erase plan leavers.csv --column id --action delete --reason "Art. 17 GDPR" --request DSR-204 --to eu \
    --out leavers.plan --operator-key operator-ann.key --receipt-key receipt.key --guard-key guard.key
  psql -Atc "SELECT id FROM leavers" | ciokit erase plan - --targets targets.jsonl --action suppress \
    --reason "churned 2019" --to eu --out leavers.plan`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.do(cmd, con, args[0])
		},
	}
	destination.AddFlags(cmd, &f.to.To, &f.to.KeyFile)
	f.keys.flags(cmd, "operator-key", "receipt-key", "guard-key")
	f.columns.flags(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.action, "action", "", "delete, suppress or unsuppress (required)")
	fl.StringVar(&f.reason, "reason", "", "why these people are erased, such as the rule that requires it; the text stays in the receipt forever and must not name any of the people (required)")
	fl.StringVar(&f.request, "request", "", "the number of a request or a ticket")
	fl.DurationVar(&f.expires, "expires", erasure.DefaultExpiry, "how long the plan stays valid")
	fl.BoolVar(&f.single, "single-operator", false, "do not require another person's approval; the plan says so")
	fl.BoolVar(&f.noCIOIDs, "no-cio-ids", false, "reject cio_ ids: no document says that the API can delete a person by a cio_ id; it is an assumption")
	fl.StringVar(&f.out, "out", "", "new file for the plan (required)")
	fl.StringVar(&f.targets, "targets", "", "new file for the people in clear; it is created with mode 0600")
	fl.BoolVar(&f.resolve, "resolve", false, "look up the profiles of the people in the App API: the guard then knows all identifiers of each, and the command finds addresses that several profiles have; --resolve needs --targets")
	fl.StringVar(&f.shared, "shared", "", "with --resolve: --shared all puts every profile with the same address into the plan; by default such an address is rejected, because the profiles may be different people")
	f.app.flags(cmd)
	f.known.flag(cmd, "planned; only with --resolve")
	fl.BoolVar(&f.json, "json", false, "print JSON")
	cmd.RegisterFlagCompletionFunc("shared", cobra.FixedCompletions([]cobra.Completion{"all"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.RegisterFlagCompletionFunc("action", cobra.FixedCompletions([]cobra.Completion{"delete", "suppress", "unsuppress"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// erasePlanned is what plan prints with --json.
type erasePlanned struct {
	Plan     string `json:"plan"`
	PlanHash string `json:"plan_hash"`
	Targets  string `json:"targets,omitempty"`
	erasePlanJSON
	eraseCounts
	Resolved *erasure.Resolved `json:"resolved,omitempty"`
}

func (f *erasePlanFlags) check(file string) error {
	switch {
	case f.action != "delete" && f.action != "suppress" && f.action != "unsuppress":
		return exit.Fail(exit.Usage, "say what to do: --action delete, suppress or unsuppress%s", console.Meant(f.action, "delete", "suppress", "unsuppress"))
	case strings.TrimSpace(f.reason) == "":
		return exit.Fail(exit.Usage, "say why, with --reason: name the rule that requires the erasure, or who ordered it")
	case f.out == "":
		return exit.Fail(exit.Usage, "say where to write the plan: --out FILE")
	case f.expires <= 0:
		return exit.Fail(exit.Usage, "--expires must be longer than 0, such as 72h: how long the plan stays valid")
	case file == "-" && f.targets == "":
		return exit.Fail(exit.Usage, "standard input can be read only once, but erase run needs the people again: give --targets FILE, to keep them in clear")
	case f.resolve && f.targets == "":
		return exit.Fail(exit.Usage, "--resolve finds more people than the input names, and erase run needs them all: give --targets FILE, to keep them in clear")
	case f.known != "" && !f.resolve:
		return exit.Fail(exit.Usage, "--known-file needs --resolve: with its people, --resolve checks that it reads the right workspace")
	case f.shared != "" && !f.resolve:
		return exit.Fail(exit.Usage, "--shared needs --resolve, which finds the profiles that share an address")
	case f.shared != "" && f.shared != "all":
		return exit.Fail(exit.Usage, "the only value of --shared is all; without --shared, an address that several profiles have is rejected")
	}
	if f.targets != "" {
		if err := outsideReceipts(f.targets); err != nil {
			return err
		}
		if err := notThereYet(f.targets); err != nil {
			return err
		}
	}
	return notThereYet(f.out)
}

// outsideReceipts refuses a file of people in clear inside a receipt, because a receipt is kept forever and given to others.
func outsideReceipts(file string) error {
	full, err := filepath.Abs(file)
	if err != nil {
		return exit.With(exit.Local, err)
	}
	for dir := filepath.Dir(full); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "entries.jsonl")); err == nil {
			return exit.Fail(exit.Usage, "--targets: %s is a receipt, and a receipt contains no identifier in clear: give a file outside it", eraseShort(dir))
		} else if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return nil
		}
	}
}

func (f *erasePlanFlags) do(cmd *cobra.Command, con console.Console, file string) error {
	ctx := cmd.Context()
	if err := f.check(file); err != nil {
		return err
	}
	operator, err := f.keys.signer(erasure.RoleOperator)
	if err != nil {
		return err
	}
	receipt, err := f.keys.receiptKey()
	if err != nil {
		return err
	}
	guard, err := f.keys.guardKey()
	if err != nil {
		return err
	}
	client, err := f.to.client(ctx, con, nil)
	if err != nil {
		return err
	}
	list, err := f.columns.read(ctx, con, file)
	if err != nil {
		return err
	}
	var resolved *erasure.Resolved
	if f.resolve {
		if list, resolved, err = f.profiles(ctx, con, client.Target(), list); err != nil {
			return err
		}
	}
	counts := countTargets(list, receipt)
	if resolved != nil {
		counts.Duplicates += resolved.Doubles
	}
	if f.noCIOIDs && counts.CIOIDs > 0 {
		return exit.Fail(exit.Guard, "%s in %s, but --no-cio-ids rejects them: name these people by id or address", plural.Count(counts.CIOIDs, "cio_ id is", "cio_ ids are"), list.name)
	}
	cfg := erasure.PlanConfig{Action: erasure.Action(f.action), Client: client, ReceiptKey: receipt, GuardKey: guard, Reason: f.reason, Request: f.request, Expiry: f.expires, SingleOperator: f.single}
	plan, _, err := erasure.NewPlan(cfg, list.targets)
	if err != nil {
		return f.refused(list, err)
	}
	if f.targets != "" {
		if plan.TargetsHash, err = erasure.WriteTargets(f.targets, list.targets); err != nil {
			return eraseExit(ctx, err)
		}
	}
	signed, err := erasure.SignPlan(plan, operator)
	if err == nil {
		err = writeNewFile(newFile{f.out, string(signed), 0o644})
	}
	if err != nil {
		if f.targets != "" {
			err = errors.Join(err, os.Remove(f.targets))
		}
		return eraseExit(ctx, err)
	}
	hash := plan.Hash()
	if f.json {
		return eraseJSON(con.Out, erasePlanned{Plan: f.out, PlanHash: base64.StdEncoding.EncodeToString(hash[:]), Targets: f.targets, erasePlanJSON: planJSON(&plan), eraseCounts: counts, Resolved: resolved})
	}
	f.print(con, &plan, counts, resolved, operator.Name())
	f.next(cmd, con, &plan, file, operator.Name())
	return nil
}

// profiles are the people in the workspace who have the given identifiers.
func (f *erasePlanFlags) profiles(ctx context.Context, con console.Console, target string, list *eraseList) (*eraseList, *erasure.Resolved, error) {
	app, _, err := f.app.client(ctx, con, target, f.to.KeyFile)
	if err != nil {
		return nil, nil, err
	}
	known, lines, err := f.known.read(con, f.columns.verbatim)
	if err != nil {
		return nil, nil, err
	}
	targets, sum, err := erasure.Resolve(ctx, app, list.targets, erasure.ResolveConfig{Shared: f.shared == "all", Known: known})
	var shared *erasure.SharedError
	switch {
	case errors.As(err, &shared):
		var lines []string
		for i, at := range shared.Indexes {
			if i == 10 {
				lines = append(lines, "...")
				break
			}
			lines = append(lines, fmt.Sprint(list.lines[at]))
		}
		return nil, nil, exit.Fail(exit.Guard, "%s, %s %s: %s several profiles, %s together. They may be different people. Name the right ones by their ids, or erase all of them with --shared all", list.name,
			plural.Form(len(lines), "line", "lines"), strings.Join(lines, ", "), plural.Count(shared.Addresses, "address has", "addresses have"), plural.Grouped(int64(shared.Profiles)))
	case err != nil:
		return nil, nil, eraseExit(ctx, f.known.at(list.at(err), lines))
	}
	return &eraseList{name: list.name, targets: targets, trimmed: list.trimmed}, &sum, nil
}

// refused says why no plan is written.
func (f *erasePlanFlags) refused(list *eraseList, err error) error {
	var ended *exit.Error
	if err = list.at(err); errors.As(err, &ended) {
		return err
	}
	return exit.Fail(exit.Usage, "%s", eraseWords(err))
}

// erasePlanJSON is a plan that a program can read.
type erasePlanJSON struct {
	Action    string    `json:"action"`
	Subjects  int       `json:"subjects"`
	Target    string    `json:"target"`
	Workspace string    `json:"workspace"`
	Reason    string    `json:"reason"`
	Request   string    `json:"request,omitempty"`
	Created   time.Time `json:"created"`
	Expires   time.Time `json:"expires"`
	Approval  string    `json:"approval"`
}

func planJSON(p *erasure.Plan) erasePlanJSON {
	approval := "two-keys"
	if p.SingleOperator {
		approval = "single-operator"
	}
	return erasePlanJSON{Action: string(p.Action), Subjects: p.Subjects, Target: p.Target, Workspace: base64.StdEncoding.EncodeToString(p.Workspace[:]), Reason: p.Reason, Request: p.Request,
		Created: p.Created, Expires: p.Expires, Approval: approval}
}

// erasePrintPlan prints what a plan says, for a person.
func erasePrintPlan(line func(name, format string, args ...any), p *erasure.Plan) {
	does := map[erasure.Action]string{
		erasure.ActionDelete:     "delete %s, and all data about them",
		erasure.ActionSuppress:   "suppress %s: delete them, and accept no more data about them",
		erasure.ActionUnsuppress: "end the suppression of %s; deleted data stays deleted",
	}[p.Action]
	line("does", does, plural.Count(p.Subjects, "person", "people"))
	line("in", "%s, workspace %s", p.Target, eraseWorkspace(p.Workspace))
	line("why", "%s", p.Reason)
	if p.Request != "" {
		line("request", "%s", p.Request)
	}
	line("valid until", "%s", p.Expires.Local().Format(time.DateTime+" MST"))
}

// eraseWorkspace is a short name for a workspace, to compare two plans.
func eraseWorkspace(id [sha256.Size]byte) string { return fmt.Sprintf("%x", id[:4]) }

func (f *erasePlanFlags) print(con console.Console, p *erasure.Plan, c eraseCounts, resolved *erasure.Resolved, operator string) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(con.Out, "%-15s%s\n", name, printed.Line(fmt.Sprintf(format, args...)))
	}
	erasePrintPlan(line, p)
	line("people", "%s: %s, %s, %s; %s", plural.Grouped(int64(c.People)), plural.Count(c.IDs, "id", "ids"), plural.Count(c.Addresses, "address", "addresses"),
		plural.Count(c.CIOIDs, "cio_ id", "cio_ ids"), plural.Count(c.Duplicates, "duplicate", "duplicates"))
	if strings.Trim(strings.Join(c.Sample, ""), "*") != "" { // not if nothing of the identifiers is shown
		line("such as", "%s", strings.Join(c.Sample, ", "))
	}
	if r := resolved; r != nil {
		line("looked up", "%s named, and %s; %s not in the workspace, %s shared", plural.Count(r.Named, "identifier was", "identifiers were"), plural.Count(r.Targets, "person is planned", "people are planned"), plural.Count(r.Gone, "is", "are"), plural.Count(r.Shared, "address is", "addresses are"))
		if r.Gone > 0 && 2*r.Gone >= r.Named {
			line("warning", "%s of %s are not in the workspace: check the column, and check that the App API key is from this workspace (--known-file does that)", plural.Grouped(int64(r.Gone)), plural.Grouped(int64(r.Named)))
		}
		if r.ByCIOID > 0 {
			line("note", "%s by cio_ id, because the profile has no id or address of its own", plural.Count(r.ByCIOID, "person is named", "people are named"))
		}
		if r.Kept > 0 {
			line("note", "%s also that of a person who is not in the plan, so the guard does not contain it", plural.Count(r.Kept, "address is", "addresses are"))
		}
		if r.Odd > 0 {
			line("note", "no message can contain %s of these profiles, so the guard does not contain it", plural.Count(r.Odd, "identifier", "identifiers"))
		}
	}
	if c.Trimmed > 0 {
		line("note", "%s spaces around it, which are ignored", plural.Count(c.Trimmed, "identifier had", "identifiers had"))
	}
	if c.CaseTwins > 0 {
		line("warning", "%s ids differ from another one only in upper and lower case: they count as different people", plural.Grouped(int64(c.CaseTwins)))
	}
	if c.Addresses > 0 && resolved == nil {
		line("warning", "several people may share an address, and Customer.io then decides whom it deletes: --resolve finds and rejects such addresses")
	}
	if c.CIOIDs > 0 && p.Action == erasure.ActionDelete {
		line("warning", "that this API deletes by cio_ id is an assumption, not documented: verify that these people are gone")
	}
	if f.targets != "" {
		line("in clear", "%s: keep it outside the receipt, and delete it when you have verified the people", eraseShort(f.targets))
	}
	line("signed by", "%s", operator)
	if p.SingleOperator {
		line("approval", "the plan needs none")
	} else {
		line("approval", "another person must sign it: an approver, with their own key")
	}
}
