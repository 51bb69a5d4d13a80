package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/ciokit/cio/erasure"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/nextstep"
	"github.com/ciokit/cio/kit/internal/atomicfile"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/ciokit/cio/kit/internal/textfile"
	"github.com/spf13/cobra"
)

// eraseApproveFlags are the flags of erase approve.
type eraseApproveFlags struct {
	keys      eraseKeys
	out       string
	yes, json bool
}

func newEraseApprove(con console.Console) *cobra.Command {
	var f eraseApproveFlags
	cmd := &cobra.Command{
		Use: "approve PLAN", Short: "Approve another person's plan with your key", Args: cobra.ExactArgs(1),
		Long: `Show a plan, and sign it with an approver's key if you agree. The plan needs the signature of an operator whose public key you trust (--keys). The
approval covers only this plan, word for word. The person who ordered it cannot approve it: the two keys must differ.

A plan names people only by a hash. To check who they are, make a second plan yourself from the list of people. Use the receipt
key and the guard key of the workspace for it, and sign it with an operator key that you make with ciokit erase keygen operator. Then compare the lines "subjects" and
"subjects-hash" of the two files: they have the number of the people and their hash. This command shows the hash in its line "people".`,
		Example: `  ciokit erase approve leavers.plan --approver-key approver-bob.key --keys operator-ann.pub`,
		RunE:    func(cmd *cobra.Command, args []string) error { return f.do(cmd, con, args[0]) },
	}
	f.keys.flags(cmd, "approver-key")
	f.keys.ringFlag(cmd)
	cmd.Flags().StringVar(&f.out, "out", "", "new file for the approved plan; default the plan itself")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "sign without asking")
	cmd.Flags().BoolVar(&f.json, "json", false, "print JSON")
	return cmd
}

// readPlan reads the file of a plan.
func readPlan(file string) ([]byte, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, exit.Fail(exit.Local, "there is no plan %s; make one with ciokit erase plan", eraseShort(file))
	}
	if err != nil {
		return nil, exit.With(exit.Local, err)
	}
	defer f.Close()
	const most = 64 << 10
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, exit.With(exit.Local, err)
	}
	begins := []byte("ciokit erasure plan ")
	if saved, err := textfile.Decode(text); err == nil && !bytes.HasPrefix(text, begins) && bytes.HasPrefix(saved, begins) {
		return nil, exit.Fail(exit.Usage, "an editor has saved %s again, with a byte order mark or in UTF-16, so its signatures do not match: use the unchanged file that ciokit erase wrote", eraseShort(file))
	}
	if len(text) > most || !bytes.HasPrefix(text, begins) {
		return nil, exit.Fail(exit.Usage, "%s is not a plan of ciokit erase plan", eraseShort(file))
	}
	return text, nil
}

func (f *eraseApproveFlags) do(cmd *cobra.Command, con console.Console, file string) error {
	ctx := cmd.Context()
	signed, err := readPlan(file)
	if err != nil {
		return err
	}
	approver, err := f.keys.signer(erasure.RoleApprover)
	if err != nil {
		return err
	}
	ring, err := f.keys.keyring(true)
	if err != nil {
		return err
	}
	plan, err := erasure.OpenPlan(signed, ring)
	if err == nil && plan.Approver == "" && !time.Now().Before(plan.Expires) {
		err = erasure.ErrExpired
	}
	if err != nil {
		return eraseExit(ctx, fmt.Errorf("%s: %w", eraseShort(file), err))
	}
	if plan.Approver != "" {
		return exit.Fail(exit.Usage, "%s has already approved %s; next: %s", plan.Approver, eraseShort(file), f.runApproved(cmd, &plan.Plan, file, plan.Approver, slices.Contains(ring.Names(), plan.Approver)))
	}
	approved, err := erasure.ApprovePlan(signed, ring, approver)
	if err != nil {
		return eraseExit(ctx, err)
	}
	if !f.json {
		line := func(name, format string, args ...any) {
			fmt.Fprintf(con.Err, "%-15s%s\n", name, printed.Line(fmt.Sprintf(format, args...)))
		}
		erasePrintPlan(line, &plan.Plan)
		line("ordered by", "%s, %s", plan.Operator, plan.Created.Local().Format(time.DateTime+" MST"))
		line("people", "%s", base64.StdEncoding.EncodeToString(plan.SubjectsHash[:]))
	}
	if !f.yes {
		if err := eraseAsk(ctx, con, "Approve it as "+approver.Name()+"?", "nothing was signed", "add --yes to approve the plan without a question"); err != nil {
			return err
		}
	}
	if f.out != "" {
		err = writeNewFile(newFile{f.out, string(approved), 0o644})
	} else {
		f.out = file
		err = atomicfile.Replace(file, func(w io.Writer) error {
			_, err := w.Write(approved)
			return err
		})
	}
	if err != nil {
		return eraseExit(ctx, err)
	}
	known := slices.Contains(ring.Names(), approver.Name())
	if f.json {
		hash := plan.Hash()
		return eraseJSON(con.Out, struct {
			Plan     string `json:"plan"`
			PlanHash string `json:"plan_hash"`
			erasePlanJSON
			Operator string `json:"operator"`
			Approver string `json:"approver"`
		}{f.out, base64.StdEncoding.EncodeToString(hash[:]), planJSON(&plan.Plan), plan.Operator, approver.Name()})
	}
	run := f.runApproved(cmd, &plan.Plan, f.out, approver.Name(), known)
	fmt.Fprintf(con.Out, "%s has approved %s.\nNext: %s\n%s", approver.Name(), eraseShort(f.out), run, nextstep.Environment(run))
	sayPlaceholders(con, run)
	if !known && f.keys.ring == nil {
		fmt.Fprintf(con.Out, "Whoever runs it needs the public key of %s too, in %s.\n", approver.Name(), eraseRingVariable)
	}
	return nil
}
