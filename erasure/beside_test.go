package erasure_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/erasure"
)

// A plan is identified by its text. Whatever its file and its receipt are called, no second receipt of it is begun next to the first, and a run does
// not continue an older copy.
func TestRunOncePerPlan(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	targets := o.identified(t, 6)
	unapproved := o.plan(t, erasure.ActionDelete, targets, func(cfg *erasure.PlanConfig) { cfg.SingleOperator = true })
	approved := must(t)(erasure.ApprovePlan(unapproved, o.keys, o.approver))
	run := func(plan []byte, dir string) (erasure.Summary, error) {
		job := o.job(plan, targets, "")
		job.Dir = dir
		return erasure.Run(context.Background(), job)
	}
	first, second := filepath.Join(o.dir, "first"), filepath.Join(o.dir, "second")
	old := filepath.Join(o.dir, "old")
	job := o.job(unapproved, targets, "first")
	job.BatchSize = 2
	job.OnProgress = func(sum erasure.Totals) {
		if _, err := os.Stat(old); err != nil {
			if err := os.CopyFS(old, os.DirFS(first)); err != nil {
				t.Error(err)
			}
		}
	}
	if sum, err := erasure.Run(context.Background(), job); err != nil || sum.Accepted != 6 {
		t.Fatalf("%+v, %v", sum, err)
	}
	o.identified(t, 6) // all have come back
	for name, plan := range map[string][]byte{"the same": unapproved, "with another signature": approved} {
		for _, dir := range []string{second, filepath.Join(o.dir, "x", "..", "second"), old} {
			if sum, err := run(plan, dir); !errors.Is(err, erasure.ErrRunBefore) || !strings.Contains(err.Error(), first) {
				t.Errorf("%s, to %s: %+v, %v", name, dir, sum, err)
			}
		}
	}
	if err := os.RemoveAll(old); err != nil {
		t.Fatal(err)
	}
	moved := filepath.Join(o.dir, "moved")
	if err := os.Rename(first, moved); err != nil {
		t.Fatal(err)
	}
	if _, err := run(approved, first); !errors.Is(err, erasure.ErrRunBefore) {
		t.Errorf("a receipt that was moved is not known: %v", err)
	}
	if sum, err := run(approved, moved); err != nil || sum.Earlier != 6 {
		t.Errorf("%+v, %v", sum, err)
	}
	if err := os.CopyFS(first, os.DirFS(moved)); err != nil {
		t.Fatal(err)
	}
	if sum, err := run(approved, first); err != nil || sum.Earlier != 6 {
		t.Errorf("a complete copy: %+v, %v", sum, err)
	}
	other := o.plan(t, erasure.ActionDelete, targets, func(cfg *erasure.PlanConfig) { cfg.Request = "another" })
	if sum, err := run(other, second); err != nil || sum.Accepted != 6 || sum.Earlier != 0 {
		t.Errorf("another plan: %+v, %v", sum, err)
	}
	if n := o.deleted(t); n != 12 {
		t.Errorf("%d deletions were sent, want 12", n)
	}
}

// deleted counts the deletions that arrived.
func (o *office) deleted(t testing.TB) (n int) {
	t.Helper()
	page, err := o.srv.Messages(emulator.MessagesQuery{Key: emulator.TestKey})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range page.Messages {
		if m.Event == "User Deleted" {
			n++
		}
	}
	return n
}

// If the clock is behind a receipt, nothing is run, because an expired plan would run then. If the clock was set back between two entries, the check
// says so, and people stay in the guard.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	targets := o.identified(t, 4)
	now := time.Now().Truncate(time.Second)
	at := func(d time.Duration) func() time.Time { return func() time.Time { return now.Add(d) } }
	planAt := func(action erasure.Action, d time.Duration, people []erasure.Target) []byte {
		return o.plan(t, action, people, func(cfg *erasure.PlanConfig) { cfg.Now = at(d) })
	}
	job := o.job(planAt(erasure.ActionSuppress, 0, targets), targets, "first")
	job.Now = at(0)
	if _, err := erasure.Run(context.Background(), job); err != nil {
		t.Fatal(err)
	}
	for _, d := range []time.Duration{-time.Hour, -6 * time.Minute} {
		late := o.job(planAt(erasure.ActionDelete, -2*time.Hour, targets), targets, "late")
		late.Now = at(d)
		if sum, err := erasure.Run(context.Background(), late); !errors.Is(err, erasure.ErrClock) || !strings.Contains(err.Error(), "first was last written at "+now.UTC().Format("2006-01-02T15:04")) {
			t.Errorf("%v: %+v, %v", d, sum, err)
		}
	}
	// Within a receipt: the clock is one hour ahead when the end of the suppressions begins, and right from the second entry on. Then one of these
	// people is deleted.
	calls := 0
	back := o.job(planAt(erasure.ActionUnsuppress, 10*time.Minute, targets), targets, "back")
	back.Now = func() time.Time {
		if calls++; calls > 4 { // the first calls are checks before the first entry
			return now.Add(10 * time.Minute)
		}
		return now.Add(time.Hour)
	}
	if _, err := erasure.Run(context.Background(), back); err != nil {
		t.Fatal(err)
	}
	c, err := erasure.Check(back.Dir, o.check())
	if err != nil || c.SetBack != 50*time.Minute || c.SetBackIn != 1 {
		t.Fatalf("%v in %d, %v", c.SetBack, c.SetBackIn, err)
	}
	var page bytes.Buffer
	if err := erasure.WriteReport(&page, c, erasure.ReportConfig{}); err != nil || !strings.Contains(page.String(), "The clock was set back by 50m0s") {
		t.Errorf("the report does not say it: %v", err)
	}
	again := o.job(planAt(erasure.ActionDelete, 20*time.Minute, targets[:1]), targets[:1], "again")
	again.Now = at(20 * time.Minute)
	if _, err := erasure.Run(context.Background(), again); err != nil {
		t.Fatal(err)
	}
	g, err := erasure.GuardOf([]string{job.Dir, back.Dir, again.Dir}, o.check(), o.guard)
	if err != nil || !g.Has(targets[0].ID) || g.Has(targets[1].ID) {
		t.Errorf("who was deleted last is known: %v, who was not: %v, %v", g.Has(targets[0].ID), g.Has(targets[1].ID), err)
	}
}

// A check during a healthy run finds no damage, and does not say that the run was killed.
func TestCheckBesideARun(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	targets := o.identified(t, 200)
	for _, action := range []erasure.Action{erasure.ActionSuppress, erasure.ActionUnsuppress} {
		job := o.job(o.plan(t, action, targets, nil), targets, string(action))
		job.BatchSize = 2
		looked, unsigned := 0, 0
		look := func() {
			c, err := erasure.Check(job.Dir, o.check())
			switch {
			case errors.Is(err, erasure.ErrUnsigned):
				unsigned++
				if !c.InUse || strings.Contains(err.Error(), "killed") {
					t.Errorf("%+v, %v", c, err)
				}
			case err != nil && !errors.Is(err, os.ErrNotExist):
				t.Error(err)
			}
			looked++
		}
		job.Client = newClient(t, cio.Config{APIKey: emulator.TestKey, BaseURL: "http://emulator", HTTPClient: clientBeside(o.srv, look)}) // between the intents and the outcomes
		done := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() { // at any moment
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				if _, err := erasure.Check(job.Dir, o.check()); err != nil && !errors.Is(err, os.ErrNotExist) && (!errors.Is(err, erasure.ErrUnsigned) || strings.Contains(err.Error(), "killed")) {
					t.Errorf("check %d: %v", n, err)
					return
				}
				if _, err := erasure.Find([]string{job.Dir}, o.check(), o.receipt, targets[0].ID); err != nil && !errors.Is(err, os.ErrNotExist) {
					t.Errorf("find %d: %v", n, err)
					return
				}
			}
		})
		sum, err := erasure.Run(context.Background(), job)
		close(done)
		wg.Wait()
		if err != nil || sum.Accepted != 200 || looked < 100 || unsigned < 100 {
			t.Errorf("%+v, %v; %d looks, of which %d found unsigned entries", sum, err, looked, unsigned)
		}
		if c, err := erasure.Check(job.Dir, o.check()); err != nil || c.InUse {
			t.Errorf("%+v, %v", c, err)
		}
	}
}

// If git or an editor has saved a file of a receipt with other line ends, the check says so.
func TestLineEndsAreNamed(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	targets := o.identified(t, 3)
	dir := o.ran(t, targets, "receipt")
	points, err := filepath.Glob(filepath.Join(dir, "checkpoints", "*"))
	if err != nil || len(points) == 0 {
		t.Fatal(err)
	}
	for _, file := range []string{filepath.Join(dir, "plan.note"), filepath.Join(dir, "keys"), filepath.Join(dir, "entries.jsonl"), filepath.Join(dir, "guard"), points[0]} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for what, altered := range map[string][]byte{"CR LF": bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")), "byte order mark": append([]byte("\ufeff"), text...)} {
			if strings.HasSuffix(file, "entries.jsonl") && what != "CR LF" {
				continue // the error names its first line
			}
			write(t, file, altered)
			_, err := erasure.Check(dir, o.check())
			if err == nil || !strings.Contains(err.Error(), what) {
				t.Errorf("%s, %s: %v", filepath.Base(file), what, err)
			}
		}
		write(t, file, text)
	}
	plan := o.plan(t, erasure.ActionDelete, targets, nil)
	if _, err := erasure.OpenPlan(bytes.ReplaceAll(plan, []byte("\n"), []byte("\r\n")), o.keys); !errors.Is(err, erasure.ErrAltered) || !strings.Contains(err.Error(), "CR LF") {
		t.Error(err)
	}
	file := filepath.Join(o.dir, "people.jsonl")
	if _, err := erasure.WriteTargets(file, targets); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")))
	if _, _, err := erasure.ReadTargets(file); err == nil || !strings.Contains(err.Error(), "CR LF") {
		t.Error(err)
	}
	if _, err := erasure.Check(dir, o.check()); err != nil {
		t.Error(err)
	}
}
