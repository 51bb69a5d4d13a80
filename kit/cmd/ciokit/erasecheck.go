package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ciokit/cio/erasure"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/nextstep"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/spf13/cobra"
)

func newEraseCheck(con console.Console) *cobra.Command {
	var keys eraseKeys
	var since string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "check DIR", Short: "Check a receipt for later changes", Args: cobra.ExactArgs(1),
		Long: `Check a receipt, without the network and without a secret: the plan and its signatures, each entry, the tree of hashes over the entries, and each checkpoint. The
command names the first bad entry. With --keys, a signature counts only if its key is one of these. Without --keys, the keys in the receipt
count: that shows that the receipt is consistent, but not who made it.

Two changes cannot be seen in the receipt alone. Somebody with an operator's key can replace the whole receipt. Somebody without a key can
remove its last entries, back to an earlier checkpoint. To find both, keep a checkpoint elsewhere, such as in git or in a mail, and give it
with --since: the receipt must still have all entries of that checkpoint, unchanged. The command also says what it could not check. The exit code is 6 if somebody has changed the receipt, or if its
last entries are not signed.`,
		Example: `  ciokit erase check receipts/DSR-204 --keys operator-ann.pub --keys approver-bob.pub --since kept/000000020002`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return eraseCheck(cmd, con, args[0], &keys, since, asJSON)
		},
	}
	keys.ringFlag(cmd)
	cmd.Flags().StringVar(&since, "since", "", "an older checkpoint of the receipt that was kept elsewhere: the receipt must still have all its entries, unchanged")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// eraseChecked is what check prints with --json.
type eraseChecked struct {
	Receipt  string `json:"receipt"`
	OK       bool   `json:"ok"`
	Problem  string `json:"problem,omitempty"`
	PlanHash string `json:"plan_hash,omitempty"`
	*erasePlanJSON
	Operator    string                    `json:"operator,omitempty"`
	Approver    string                    `json:"approver,omitempty"`
	KeysTrusted bool                      `json:"keys_trusted"`
	Entries     int64                     `json:"entries"`
	Signed      int64                     `json:"signed"`
	Root        string                    `json:"root,omitempty"`
	Checkpoints []int64                   `json:"checkpoints"`
	Since       int64                     `json:"since"`
	Ended       bool                      `json:"ended"`
	Runs        int                       `json:"runs"`
	Totals      erasure.Totals            `json:"totals"`
	Rejected    map[string]int64          `json:"rejected,omitempty"`
	Verified    map[erasure.Verdict]int64 `json:"verified,omitempty"`
	Last        time.Time                 `json:"last,omitzero"`
	InUse       bool                      `json:"in_use"`
	SetBack     string                    `json:"clock_set_back,omitempty"`
	SetBackIn   int64                     `json:"clock_set_back_in,omitempty"`
	Unknown     []eraseUnknown            `json:"unknown_signatures,omitempty"`
	Foreign     []string                  `json:"foreign_files,omitempty"`
	ExitCode    int                       `json:"exit_code"`
}

// eraseUnknown is a signature that no key can check.
type eraseUnknown struct {
	File string `json:"file"`
	Name string `json:"name"`
}

// checkConfig reads the keys that a check trusts.
func checkConfig(keys *eraseKeys, since string) (cfg erasure.CheckConfig, err error) {
	if cfg.Keys, err = keys.keyring(false); err != nil {
		return cfg, err
	}
	if since != "" {
		if cfg.Since, err = os.ReadFile(since); err != nil {
			return cfg, exit.Fail(exit.Local, "--since: %w", err)
		}
		if !bytes.HasPrefix(cfg.Since, []byte("ciokit-erasure/")) {
			return cfg, exit.Fail(exit.Usage, "--since: %s is not a checkpoint; give a copy of a file from the directory checkpoints of a receipt", eraseShort(since))
		}
	}
	return cfg, nil
}

func eraseCheck(cmd *cobra.Command, con console.Console, dir string, keys *eraseKeys, since string, asJSON bool) error {
	cfg, err := checkConfig(keys, since)
	if err != nil {
		return err
	}
	if err := notReceipt(cmd, dir); err != nil {
		return err
	}
	c, err := erasure.Check(dir, cfg)
	ended := eraseCheckExit(cmd.Context(), dir, err)
	if asJSON {
		return errors.Join(ended, eraseJSON(con.Out, checkedJSON(dir, c, ended)))
	}
	if c != nil {
		printChecked(con, c)
	}
	if ended == nil {
		fmt.Fprintf(con.Out, "\nNo change was found in the receipt%s.\n", map[bool]string{true: ", and it continues the older checkpoint"}[c.Since > 0])
		if c.OwnKeys {
			fmt.Fprintln(con.Out, "The command did not check who made it: give the public keys that you trust with --keys.")
		}
		if c.Since == 0 {
			fmt.Fprintln(con.Out, "Without an older checkpoint (--since), there are two kinds of changes that this check cannot find. Somebody with an operator's key can replace the whole receipt. Somebody without a key can remove the last entries, back to an earlier checkpoint. So keep the last checkpoint elsewhere, such as in git or in a mail.")
		}
	}
	return ended
}

// notReceipt says what to give instead of a directory that is certainly not a receipt: one that contains receipts, or the proof of a person.
func notReceipt(cmd *cobra.Command, dir string) error {
	if receiptBegun(dir) {
		return nil
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil // the check says that it is not there
	}
	var below []string
	for _, f := range files {
		switch {
		case filepath.Ext(f.Name()) == ".tlog-proof":
			return exit.Fail(exit.Usage, "%s is a proof of one person, not a receipt: check it with: %s", eraseShort(dir), nextstep.New(cmd, "erase check-proof", dir))
		case receiptBegun(filepath.Join(dir, f.Name())):
			below = append(below, filepath.Join(dir, f.Name()))
		}
	}
	if len(below) == 0 {
		return nil
	}
	return exit.Fail(exit.Usage, "%s is not a receipt, but contains %s: give the receipt itself, such as %s", eraseShort(dir), plural.Count(len(below), "receipt", "receipts"), eraseShort(below[0]))
}

// eraseCheckExit adds the exit code to the result of a check: 6 if the receipt has a fault, 1 if it does not exist.
func eraseCheckExit(ctx context.Context, dir string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrNotExist), errors.Is(err, os.ErrPermission):
		return exit.Fail(exit.Local, "%s", eraseWords(err))
	case errors.As(err, new(*erasure.DamageError)):
		return exit.Fail(exit.Rejects, "%s: %s; if you have a copy of the receipt, check the copy", eraseShort(dir), eraseWords(err))
	case errors.Is(err, erasure.ErrDamaged), errors.Is(err, erasure.ErrUnsigned), eraseGuarded(err):
		return exit.Fail(exit.Rejects, "%s: %s", eraseShort(dir), eraseWords(err))
	}
	return eraseExit(ctx, err)
}

func checkedJSON(dir string, c *erasure.Checked, ended error) eraseChecked {
	out := eraseChecked{Receipt: dir, OK: ended == nil, ExitCode: exit.CodeOf(ended), Checkpoints: []int64{}}
	if ended != nil {
		out.Problem = words(ended)
	}
	if c == nil {
		return out
	}
	hash, plan := c.Plan.Hash(), planJSON(&c.Plan.Plan)
	out.PlanHash, out.erasePlanJSON = base64.StdEncoding.EncodeToString(hash[:]), &plan
	out.Operator, out.Approver, out.KeysTrusted = c.Plan.Operator, c.Plan.Approver, !c.OwnKeys
	out.Entries, out.Signed, out.Since, out.Ended, out.Runs = c.Entries, c.Signed, c.Since, c.Ended, c.Runs
	out.Totals, out.Rejected, out.Verified, out.Last = c.Totals, c.Rejected, c.Verified, c.Last
	out.Foreign, out.InUse = c.Foreign, c.InUse
	if c.SetBack > 0 {
		out.SetBack, out.SetBackIn = c.SetBack.String(), c.SetBackIn
	}
	for _, u := range c.Unknown {
		out.Unknown = append(out.Unknown, eraseUnknown(u))
	}
	for _, p := range c.Checkpoints {
		out.Checkpoints, out.Root = append(out.Checkpoints, p.Size), base64.StdEncoding.EncodeToString(p.Root[:])
	}
	return out
}

// eraseListed is how many items of one kind are listed.
const eraseListed = 10

func printChecked(con console.Console, c *erasure.Checked) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(con.Out, "%-15s%s\n", name, printed.Line(fmt.Sprintf(format, args...)))
	}
	erasePrintPlan(line, &c.Plan.Plan)
	line("ordered by", "%s", c.Plan.Operator)
	if c.Plan.Approver != "" {
		line("approved by", "%s", c.Plan.Approver)
	}
	t := c.Totals
	line("people", "%s accepted, %s rejected, %s unsent, %s unknown", plural.Grouped(t.Accepted), plural.Grouped(t.Rejected), plural.Grouped(t.Unsent), plural.Grouped(t.Unknown))
	if !c.Ended {
		line("not ended", "the run has not processed all people of the plan")
	}
	if len(c.Verified) > 0 {
		var all []string
		for _, v := range slices.Sorted(maps.Keys(c.Verified)) {
			all = append(all, plural.Grouped(c.Verified[v])+" "+string(v))
		}
		line("verified", "%s", strings.Join(all, ", "))
	}
	line("entries", "%s, %s of them signed, in %s", plural.Grouped(c.Entries), plural.Grouped(c.Signed), plural.Count(len(c.Checkpoints), "checkpoint", "checkpoints"))
	if n := len(c.Checkpoints); n > 0 {
		line("last root", "%s", base64.StdEncoding.EncodeToString(c.Checkpoints[n-1].Root[:]))
	}
	if c.SetBack > 0 {
		line("note", "the clock was set back by %s before entry %s: the times do not show the order", c.SetBack, plural.Grouped(c.SetBackIn))
	}
	for i, u := range c.Unknown {
		if i == eraseListed {
			line("note", "%s; --json lists them all", plural.Count(len(c.Unknown)-i, "more signature by an unknown key", "more signatures by unknown keys"))
			break
		}
		line("note", "%s has a signature by %s, but no key here can check it, so it does not count", u.File, u.Name)
	}
	for i, name := range c.Foreign {
		if i == eraseListed {
			line("note", "%s; --json lists them all", plural.Count(len(c.Foreign)-i, "more file does not belong to the receipt", "more files do not belong to the receipt"))
			break
		}
		line("note", "%s does not belong to the receipt, and was not checked", name)
	}
}
