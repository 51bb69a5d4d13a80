package main

import (
	"encoding/base64"
	"fmt"

	"github.com/ciokit/cio/erasure"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/spf13/cobra"
)

func newEraseFind(con console.Console) *cobra.Command {
	var keys eraseKeys
	var person erasePerson
	var other eraseOther
	var asJSON bool
	cmd := &cobra.Command{
		Use: "find DIR... --id ID", Short: "Find a person in receipts", Args: cobra.MinimumNArgs(1),
		Long: `Find a person in receipts. Each receipt is checked first. A receipt knows the person by the identifier in the plan: if you do not know
which one that was, give the id, the address and the cio_ id. If you still have the file of --targets, give it too: you can then give any
identifier that it has for the person. With --guard-key the command also says whether an identifier was in the plan. Upper and lower case in
addresses do not matter. The exit code is 6 if no receipt contains the person.`,
		Example: `  ciokit erase find receipts/* --id-file - --receipt-key receipt.key --keys keys.pub`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return eraseFind(cmd, con, args, &keys, &person, &other, asJSON)
		},
	}
	keys.flags(cmd, "receipt-key")
	other.flags(cmd, &keys)
	keys.ringFlag(cmd)
	person.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// eraseFound is what find prints of a receipt with --json.
type eraseFound struct {
	Receipt  string       `json:"receipt"`
	PlanHash string       `json:"plan_hash"`
	Action   string       `json:"action"`
	Reason   string       `json:"reason"`
	Request  string       `json:"request,omitempty"`
	OtherKey bool         `json:"other_key"`
	Unsigned int          `json:"unsigned"`
	Entries  []eraseEntry `json:"entries"`
}

func eraseFind(cmd *cobra.Command, con console.Console, dirs []string, keys *eraseKeys, person *erasePerson, other *eraseOther, asJSON bool) error {
	ctx := cmd.Context()
	for _, dir := range dirs {
		if err := notReceipt(cmd, dir); err != nil {
			return err
		}
	}
	ids, err := person.read(con)
	if err != nil {
		return err
	}
	key, err := keys.receiptKey()
	if err != nil {
		return err
	}
	cfg, err := checkConfig(keys, "")
	if err != nil {
		return err
	}
	if ids, err = other.named(ctx, con, key, ids); err != nil {
		return err
	}
	found := make([]eraseFound, len(dirs))
	total, otherKey := 0, 0
	for i, id := range ids {
		all, err := erasure.Find(dirs, cfg, key, id)
		if err != nil {
			return eraseCheckExit(ctx, "not all receipts were searched", err)
		}
		for j, f := range all {
			if i == 0 {
				hash := f.Plan.Hash()
				found[j] = eraseFound{Receipt: f.Dir, PlanHash: base64.StdEncoding.EncodeToString(hash[:]), Action: string(f.Plan.Action), Reason: f.Plan.Reason, Request: f.Plan.Request, OtherKey: f.OtherKey, Entries: []eraseEntry{}}
				if f.OtherKey {
					otherKey++
				}
			}
			found[j].Entries = append(found[j].Entries, eraseEntries(f.Entries)...)
			found[j].Unsigned += f.Unsigned
			total += len(f.Entries)
		}
	}
	var ended error
	if total == 0 {
		ended = other.nobody(ctx, keys, cfg, dirs, ids)
		if otherKey == len(dirs) { // then the receipt key is the reason
			ended = exit.Fail(exit.CodeOf(ended), "%s made with another receipt key, and this key finds nobody there: give that key with --receipt-key", plural.Count(otherKey, "receipt was", "receipts were"))
		}
	}
	if asJSON {
		if err := eraseJSON(con.Out, found); err != nil {
			return err
		}
		return ended
	}
	for _, f := range found {
		if len(f.Entries) == 0 {
			continue
		}
		fmt.Fprintf(con.Out, "%s: %s, %s\n", eraseShort(f.Receipt), f.Action, printed.Line(f.Reason))
		for _, e := range f.Entries {
			fmt.Fprintf(con.Out, "  %s\n", e)
		}
		if f.Unsigned > 0 {
			fmt.Fprintf(con.Out, "  %s no checkpoint covers yet.\n", plural.Count(f.Unsigned, "entry is the last, which", "entries are the last, which"))
		}
	}
	if otherKey > 0 && otherKey < len(dirs) {
		fmt.Fprintf(con.Out, "%s made with another receipt key: this key finds nobody there.\n", plural.Count(otherKey, "receipt was", "receipts were"))
	}
	return ended
}
