package upgradetest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/erasure"
)

// office has the keys of the sample of an erasure. They are used for nothing else.
type office struct {
	Operator, Approver string // private
	Keys               string // public
	ReceiptKey         string
	GuardKey           string
}

func newOffice(t *testing.T) office {
	t.Helper()
	operator, ann, err := erasure.GenerateKey(erasure.RoleOperator, "ann")
	if err != nil {
		t.Fatal(err)
	}
	approver, bob, err := erasure.GenerateKey(erasure.RoleApprover, "bob")
	if err != nil {
		t.Fatal(err)
	}
	return office{operator, approver, ann + "\n" + bob + "\n", erasure.NewReceiptKey().Reveal(), erasure.NewGuardKey().Reveal()}
}

const (
	erased    = 20 // people of each plan
	erasedYet = 8  // how many of them were done when the process of the second plan ended
)

// erasedPeople returns the people of the first plan, or of the second, which ended early.
func erasedPeople(first bool) []erasure.Target {
	name := "later"
	if first {
		name = "gone"
	}
	targets := make([]erasure.Target, erased)
	for i := range targets {
		targets[i] = erasure.Target{ID: fmt.Sprint(name, i), Also: []string{fmt.Sprint(name, i, "@example.com")}}
	}
	return targets
}

// job returns the run of a plan in a directory.
func (o office) job(t *testing.T, dir, name string, srv *emulator.Server) erasure.Job {
	t.Helper()
	keys, err := erasure.ParseKeyring(o.Keys)
	if err != nil {
		t.Fatal(err)
	}
	operator, err := erasure.ParseSigner(o.Operator)
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := erasure.ParseReceiptKey(o.ReceiptKey)
	if err != nil {
		t.Fatal(err)
	}
	guard, err := erasure.ParseGuardKey(o.GuardKey)
	if err != nil {
		t.Fatal(err)
	}
	return erasure.Job{Keys: keys, Operator: operator, ReceiptKey: receipt, GuardKey: guard, Client: client(t, srv), Dir: filepath.Join(dir, name), BatchSize: erasedYet / 2}
}

// plan writes the targets of a plan and the plan itself, and checks that they can be read back.
func (o office) plan(t *testing.T, job erasure.Job, targets []erasure.Target) {
	t.Helper()
	hash, err := erasure.WriteTargets(job.Dir+".targets", targets)
	if err != nil {
		t.Fatal(err)
	}
	plan, _, err := erasure.NewPlan(erasure.PlanConfig{
		Action: erasure.ActionDelete, Client: job.Client, ReceiptKey: job.ReceiptKey, GuardKey: job.GuardKey, Reason: "a sample", TargetsHash: hash, Expiry: 100 * 365 * 24 * time.Hour,
	}, targets)
	if err != nil {
		t.Fatal(err)
	}
	approver, err := erasure.ParseSigner(o.Approver)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := erasure.SignPlan(plan, job.Operator)
	if err != nil {
		t.Fatal(err)
	}
	if signed, err = erasure.ApprovePlan(signed, job.Keys, approver); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(job.Dir+".plan", signed, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (o office) reads(t *testing.T, job *erasure.Job) {
	t.Helper()
	var err error
	if job.Plan, err = os.ReadFile(job.Dir + ".plan"); err != nil {
		t.Fatal(err)
	}
	if job.Targets, job.TargetsHash, err = erasure.ReadTargets(job.Dir + ".targets"); err != nil {
		t.Fatal(err)
	}
}

// A receipt, a proof and a guard of an earlier version are checked and read, a plan is opened, and a run that ended early is resumed.
func TestErasure(t *testing.T) {
	each(t, "erasure", func(t *testing.T, dir string) {
		o := newOffice(t)
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "office.json"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		srv := emulator.New(emulator.Config{})
		job := o.job(t, dir, "ended", srv)
		o.plan(t, job, erasedPeople(true))
		o.reads(t, &job)
		if s, err := erasure.Run(t.Context(), job); err != nil || !s.Ended {
			t.Fatalf("%+v: %v", s, err)
		}
		check := erasure.CheckConfig{Keys: job.Keys}
		if _, err := erasure.WriteProof(job.Dir, check, job.ReceiptKey, "gone3", filepath.Join(dir, "proof")); err != nil {
			t.Fatal(err)
		}
		guard, err := erasure.GuardOf([]string{job.Dir}, check, job.GuardKey)
		if err != nil {
			t.Fatal(err)
		}
		if err := guard.WriteGuard(filepath.Join(dir, "guard")); err != nil {
			t.Fatal(err)
		}
		job = o.job(t, dir, "begun", srv)
		o.plan(t, job, erasedPeople(false))
		o.reads(t, &job)
		ctx, end := context.WithCancel(t.Context())
		job.OnProgress = func(sum erasure.Totals) {
			if sum.Accepted >= erasedYet {
				end()
			}
		}
		if s, err := erasure.Run(ctx, job); err == nil || s.Accepted != erasedYet {
			t.Fatalf("%+v: %v", s, err)
		}
	}, func(t *testing.T, dir string) {
		text, err := os.ReadFile(filepath.Join(dir, "office.json"))
		if err != nil {
			t.Fatal(err)
		}
		var o office
		if err := json.Unmarshal(text, &o); err != nil {
			t.Fatal(err)
		}
		srv := emulator.New(emulator.Config{})
		ended, begun := o.job(t, dir, "ended", srv), o.job(t, dir, "begun", srv)
		config := erasure.CheckConfig{Keys: ended.Keys}
		if c, err := erasure.Check(ended.Dir, config); err != nil {
			t.Error(err)
		} else if want := (erasure.Totals{Subjects: erased, Accepted: erased}); c.Totals != want || !c.Ended || c.Signed != c.Entries || c.Plan.Approver != "approver/bob" {
			t.Errorf("%+v", c)
		}
		if p, err := erasure.CheckProof(filepath.Join(dir, "proof"), config); err != nil || len(p.Entries) == 0 || p.Entries[len(p.Entries)-1].Outcome != erasure.OutcomeAccepted {
			t.Errorf("%+v: %v", p, err)
		}
		guard, err := erasure.ReadGuard(filepath.Join(dir, "guard"), ended.GuardKey)
		if err != nil {
			t.Fatal(err)
		}
		for id, want := range map[string]bool{"gone0": true, "gone19@example.com": true, "later0": false, "somebody": false} {
			if guard.Has(id) != want {
				t.Errorf("the guard says %v of %s", !want, id)
			}
		}
		o.reads(t, &begun)
		s, err := erasure.Run(t.Context(), begun)
		if err != nil || !s.Ended || s.Accepted != erased || s.Earlier != erasedYet {
			t.Errorf("%+v: %v", s, err)
		}
		if page, err := srv.Messages(emulator.MessagesQuery{Key: "key"}); err != nil || len(page.Messages) != erased-erasedYet {
			t.Errorf("%d messages were sent, and not %d: %v", len(page.Messages), erased-erasedYet, err)
		}
		if c, err := erasure.Check(begun.Dir, config); err != nil || !c.Ended || c.Runs != 2 {
			t.Errorf("%+v: %v", c, err)
		}
	})
}
