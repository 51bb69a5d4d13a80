package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/ciokit/cio/erasure"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
)

// A run never advises a command that cannot work: an expired plan cannot be run, and reading back cannot show the end of a suppression.
func TestEraseRunAdvises(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		action  erasure.Action
		totals  erasure.Totals
		expired bool
		want    string
		not     string
	}{
		"stopped":                       {erasure.ActionDelete, erasure.Totals{Subjects: 3, Accepted: 1, Unknown: 2}, false, "run the same command again", "erase verify"},
		"expired, unknown":              {erasure.ActionDelete, erasure.Totals{Subjects: 3, Accepted: 1, Unknown: 2}, true, "Next: ciokit erase verify receipt --targets people.jsonl\n", "same command"},
		"expired, suppression, unknown": {erasure.ActionSuppress, erasure.Totals{Subjects: 3, Unsent: 1, Unknown: 2}, true, "Next: ciokit erase verify receipt --targets people.jsonl\n", "same command"},
		"expired, unsent":               {erasure.ActionDelete, erasure.Totals{Subjects: 3, Accepted: 1, Unsent: 2}, true, "make a new plan (ciokit erase plan) for the people who are left: 2 people.", "same command"},
		"expired, end of a suppression": {erasure.ActionUnsuppress, erasure.Totals{Subjects: 1, Unknown: 1}, true, "make a new plan (ciokit erase plan) for the people who are left: 1 person.", "verify"},
		"ended":                         {erasure.ActionDelete, erasure.Totals{Subjects: 3, Accepted: 3}, true, "ciokit erase check receipt", "expired"},
	} {
		var out bytes.Buffer
		f := eraseRunFlags{receipt: "receipt", people: erasePeople{targets: "people.jsonl"}}
		f.to.Emulator = true
		cmd, _, err := newRoot(console.New(nil, io.Discard, io.Discard)).Find([]string{"erase", "run"})
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.ParseFlags([]string{"p.plan", "--receipt", "receipt", "--targets", "people.jsonl", "--yes"}); err != nil {
			t.Fatal(err)
		}
		left := tt.totals.Subjects - tt.totals.Accepted - tt.totals.Rejected
		f.next(cmd, console.New(nil, &out, io.Discard), &erasure.SignedPlan{Plan: erasure.Plan{Action: tt.action}}, erasure.Summary{Totals: tt.totals}, left, tt.expired)
		if !strings.Contains(out.String(), tt.want) || strings.Contains(out.String(), tt.not) {
			t.Errorf("%s: %s", name, out.String())
		}
	}
}
