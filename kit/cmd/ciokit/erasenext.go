package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ciokit/cio/erasure"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/destination"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/nextstep"
	"github.com/spf13/cobra"
)

// columnFlags are the flags that say how a file with identifiers is read. A file of --targets needs none of them.
var columnFlags = []string{"column", "also", "format", "encoding", "columns", "skip-rows", "json-path", "delimiter", "quote", "escape", "line-end", "all-rows"}

// next prints the commands that approve and run a plan.
func (f *erasePlanFlags) next(cmd *cobra.Command, con console.Console, p *erasure.Plan, file, operator string) {
	public := publicKey(f.keys.operator, operator)
	run := nextstep.New(cmd, "erase run", f.out).With("receipt", receiptFor(f.out))
	if f.targets != "" {
		run.Without(columnFlags...)
	} else {
		run.With("ids", file)
	}
	fmt.Fprintln(con.Out, "\nNothing was sent.")
	var keys []string
	if os.Getenv(eraseRingVariable) == "" {
		keys = []string{cmp.Or(public, "OPERATOR.pub")}
	}
	if p.SingleOperator {
		fmt.Fprintf(con.Out, "Next: %s\n%s", run.With("keys", keys...), nextstep.Environment(run))
		sayPlaceholders(con, run)
		return
	}
	approve := nextstep.New(cmd, "erase approve", f.out).With("keys", keys...).Needing("approver-key", "APPROVER.key")
	if keys != nil {
		run.With("keys", append(keys, "APPROVER.pub")...)
	}
	fmt.Fprintf(con.Out, "Next: %s\nThen: %s\n%s", approve, run, nextstep.Environment(approve, run))
	sayPlaceholders(con, approve, run)
}

// runApproved is the command that runs an approved plan. The approver does not know the files of the operator.
func (f *eraseApproveFlags) runApproved(cmd *cobra.Command, p *erasure.Plan, file, approver string, known bool) *nextstep.Command {
	people := "ids"
	if p.TargetsHash != [32]byte{} {
		people = "targets"
	}
	run := nextstep.New(cmd, "erase run", file).With(people, "FILE").With("to", toOf(p.Target)).With("receipt", receiptFor(file))
	if !known && f.keys.ring != nil {
		keys := slices.Clone(f.keys.ring)
		run.With("keys", append(keys, cmp.Or(publicKey(f.keys.approver, approver), "APPROVER.pub"))...)
	}
	return run.Needing("operator-key", "OPERATOR.key").Needing("receipt-key", "RECEIPT.key").Needing("guard-key", "GUARD.key")
}

// toOf is the value of --to for the address of a workspace.
func toOf(target string) string {
	if region := eraseRegions[target]; region != "" {
		return string(region)
	}
	if target == "http://"+destination.EmulatorAddr {
		return "emulator"
	}
	return target
}

// receiptFor proposes a directory for the receipt of a plan. It is not there yet.
func receiptFor(plan string) string {
	return nextstep.Free(filepath.Join("receipts", strings.TrimSuffix(filepath.Base(plan), ".plan")), "")
}

// publicKey is the file next to a key's file that contains the public key of that name; empty if there is none.
func publicKey(file, name string) string {
	public := strings.TrimSuffix(file, ".key") + ".pub"
	text, err := os.ReadFile(public)
	if file == "" || err != nil {
		return ""
	}
	if ring, err := erasure.ParseKeyring(string(text)); err != nil || !slices.Contains(ring.Names(), name) {
		return ""
	}
	return public
}

// placeholders are the words of commands that only the user can replace, and what to write.
var placeholders = []struct{ word, means string }{
	{"FILE", "the people, with the flags that say how it is read"},
	{"OPERATOR.key", "the key of the operator"},
	{"OPERATOR.pub", "the public key of the operator"},
	{"APPROVER.key", "the key of the approver"},
	{"APPROVER.pub", "the public key of the approver"},
	{"RECEIPT.key", "the key of the receipts"},
	{"GUARD.key", "the key of the guard"},
	{"APP-KEY-FILE", "an App API key of the workspace"},
}

// sayPlaceholders says which words of commands to replace, and by which files.
func sayPlaceholders(con console.Console, commands ...*nextstep.Command) {
	var said []string
	for _, p := range placeholders {
		if slices.ContainsFunc(commands, func(n *nextstep.Command) bool { return n.HasValue(p.word) }) {
			said = append(said, p.word+" is the file with "+p.means)
		}
	}
	if said != nil {
		fmt.Fprintf(con.Out, "Replace the words in capitals: %s.\n", strings.Join(said, "; "))
	}
}
