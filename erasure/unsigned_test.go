package erasure_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/erasure"
)

// forge adds entries to a receipt. Anybody who can write the files could do that, without a key.
func forge(t *testing.T, dir string, entries ...string) {
	t.Helper()
	file := filepath.Join(dir, "entries.jsonl")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text = fmt.Appendf(text, `{"n":%d,"at":"%s",%s}`+"\n", bytes.Count(text, []byte("\n")), time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), e)
	}
	write(t, file, text)
}

// Entries after the last checkpoint are not trusted: a person who is gone according to such an entry is read again.
func TestUnsignedReadingIsNotBelieved(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	targets := o.identified(t, 2)
	dir := o.ran(t, targets, "receipt")
	o.identified(t, 2) // both are in the workspace again
	job := o.verification(t, dir, targets)
	job.Wait = time.Nanosecond
	if sum := verify(t, job); sum.Contradicted != 2 {
		t.Fatalf("%+v", sum)
	}
	forge(t, dir, `"entry":"verified","subject":"`+o.receipt.Subject("person-0").String()+`","outcome":"gone","reason":"deletion-in-log"`)
	if _, err := erasure.Check(dir, o.check()); !errors.Is(err, erasure.ErrUnsigned) {
		t.Errorf("a check treats it as signed: %v", err)
	}
	job.Again = 24 * time.Hour
	sum := verify(t, job)
	c, err := erasure.Check(dir, o.check())
	if err != nil || sum.Contradicted != 2 || c.Verified[erasure.VerdictContradicted] != 2 || !c.Ended {
		t.Errorf("%+v, %+v, %v", sum, c, err)
	}
}

// If such an entry says that a message was accepted, the message is sent again.
func TestUnsignedOutcomeIsNotBelieved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // after a refused key, the client retries for 15 seconds
		o := newOffice(t, emulator.Config{})
		targets := o.identified(t, 2)
		job := o.job(o.plan(t, erasure.ActionDelete, targets, nil), targets, "receipt")
		if err := o.srv.AddFault(emulator.Fault{Status: 401, Contains: "userId"}); err != nil {
			t.Fatal(err)
		}
		if _, err := erasure.Run(context.Background(), job); err == nil {
			t.Fatal("a run with a refused key is not a failure")
		}
		o.srv.ClearFaults()
		lines := bytes.Split(must(t)(os.ReadFile(filepath.Join(job.Dir, "entries.jsonl"))), []byte("\n"))
		var intents []string
		for _, line := range lines {
			if e, err := erasure.ParseEntry(line); err == nil && e.Type == erasure.EntryTypeIntent {
				_, rest, _ := strings.Cut(string(line), `"entry"`)
				intents = append(intents, `"entry"`+strings.TrimSuffix(rest, "}"), `"entry":"outcome","subject":"`+e.Subject.String()+`","outcome":"accepted"`)
			}
		}
		totals := `"entry":"end","subjects":2,"accepted":2,"rejected":0,"unsent":0,"unknown":0`
		forge(t, job.Dir, append([]string{`"entry":"resumed","operator":"operator/ann","open":0,"cut":0`}, append(intents, totals)...)...)
		if c, err := erasure.Check(job.Dir, o.check()); !errors.Is(err, erasure.ErrUnsigned) {
			t.Fatalf("%+v, %v", c, err)
		}
		sum, err := erasure.Run(context.Background(), job)
		if err != nil || sum.Accepted != 2 || sum.Earlier != 0 {
			t.Errorf("%+v, %v", sum, err)
		}
		o.checkDeletions(t, 2)
	})
}

// A guard entry after the last checkpoint removes nobody from the guard, and no guard entry is allowed after the end.
func TestUnsignedGuardIsNotBelieved(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	targets := o.identified(t, 2)
	suppressed := o.job(o.plan(t, erasure.ActionSuppress, targets, nil), targets, "suppressed")
	if _, err := erasure.Run(context.Background(), suppressed); err != nil {
		t.Fatal(err)
	}
	back := o.job(o.plan(t, erasure.ActionUnsuppress, targets[:1], nil), targets[:1], "back")
	if _, err := erasure.Run(context.Background(), back); err != nil {
		t.Fatal(err)
	}
	dirs := []string{suppressed.Dir, back.Dir}
	g, err := erasure.GuardOf(dirs, o.check(), o.guard)
	if err != nil || g.Has("person-0") || !g.Has("person-1") {
		t.Fatalf("%v", err)
	}
	// The names of the other receipt, with the action of this one.
	names := must(t)(os.ReadFile(filepath.Join(suppressed.Dir, "guard")))
	write(t, filepath.Join(back.Dir, "guard"), bytes.Replace(names, []byte("action suppress"), []byte("action unsuppress"), 1))
	whole := string(must(t)(os.ReadFile(filepath.Join(suppressed.Dir, "entries.jsonl"))))
	_, set, _ := strings.Cut(whole, `"entry":"guard",`)
	set, _, _ = strings.Cut(set, "}")
	forge(t, back.Dir, `"entry":"guard",`+set)
	if g, err := erasure.GuardOf(dirs, o.check(), o.guard); err == nil {
		t.Errorf("a guard entry after the end is accepted: %v", g.Has("person-1"))
	}
	entries := filepath.Join(back.Dir, "entries.jsonl")
	text := string(must(t)(os.ReadFile(entries)))
	forged := text[strings.LastIndex(strings.TrimSuffix(text, "\n"), "\n")+1:]
	write(t, entries, []byte(strings.TrimSuffix(text, forged)))
	forge(t, back.Dir, `"entry":"resumed","operator":"operator/ann","open":0,"cut":0`, `"entry":"guard",`+set)
	if g, err := erasure.GuardOf(dirs, o.check(), o.guard); err == nil && !g.Has("person-1") {
		t.Error("an unsigned guard entry removes somebody from the guard")
	}
}

// If a deletion is resumed after a suppression was ended, it counts from that time: its people stay in the guard.
func TestGuardCountsFromTheLastIntent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // after a refused key, the client retries for 15 seconds
		o := newOffice(t, emulator.Config{})
		targets := o.identified(t, 1)
		deleted := o.job(o.plan(t, erasure.ActionDelete, targets, nil), targets, "deleted")
		if err := o.srv.AddFault(emulator.Fault{Status: 401, Contains: "userId"}); err != nil {
			t.Fatal(err)
		}
		if _, err := erasure.Run(context.Background(), deleted); err == nil {
			t.Fatal("a run with a refused key is not a failure")
		}
		o.srv.ClearFaults()
		back := o.job(o.plan(t, erasure.ActionUnsuppress, targets, nil), targets, "back")
		if _, err := erasure.Run(context.Background(), back); err != nil {
			t.Fatal(err)
		}
		deleted.Now = func() time.Time { return time.Now().Add(time.Minute) }
		if sum, err := erasure.Run(context.Background(), deleted); err != nil || sum.Accepted != 1 {
			t.Fatalf("%+v, %v", sum, err)
		}
		if g, err := erasure.GuardOf([]string{back.Dir, deleted.Dir}, o.check(), o.guard); err != nil || !g.Has("person-0") {
			t.Errorf("who was deleted last passes the guard: %v", err)
		}
	})
}

// The person who orders cannot approve, whatever keys they have: a name means a person.
func TestNobodyApprovesTheirOwnPlan(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	ann, public := signer(t, erasure.RoleApprover, "ann")
	keys, err := erasure.ParseKeyring(o.keys.String() + public)
	if err != nil {
		t.Fatal(err)
	}
	plan, _, err := erasure.NewPlan(o.planConfig(), people("a"))
	if err != nil {
		t.Fatal(err)
	}
	signed := must(t)(erasure.SignPlan(plan, o.operator))
	if _, err := erasure.ApprovePlan(signed, keys, ann); err == nil {
		t.Error("operator/ann's plan is approved by approver/ann")
	}
	other, _ := signer(t, erasure.RoleApprover, "bob")
	if _, err := erasure.ApprovePlan(signed, keys, other); err == nil {
		t.Error("a key of the name of one on the ring, which is another key, approves")
	}
	for _, reason := range []string{"profile 0a0b0c0d", "DSR-12345 of March", "user_12345"} {
		cfg := o.planConfig()
		cfg.Reason = reason
		if _, _, err := erasure.NewPlan(cfg, people("cio_0a0b0c0d", "12345")); err == nil {
			t.Errorf("the reason %q keeps an identifier for ever", reason)
		}
	}
}
