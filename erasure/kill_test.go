package erasure_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/erasure"
)

// served is an office whose emulator other processes can reach.
func served(t testing.TB) (o *office, url string) {
	t.Helper()
	return servedBy(t, func(srv http.Handler) http.Handler { return srv })
}

// servedBy is served, with a handler in front of the emulator.
func servedBy(t testing.TB, before func(http.Handler) http.Handler) (o *office, url string) {
	t.Helper()
	o = newOffice(t, emulator.Config{MaxMessages: 1_000_000})
	web := httptest.NewServer(before(o.srv))
	t.Cleanup(web.Close)
	o.client = newClient(t, cio.Config{APIKey: emulator.TestKey, BaseURL: web.URL})
	return o, web.URL
}

// childJob returns the job of a child process for the targets.
func (o *office) childJob(t testing.TB, url string, targets []erasure.Target, name string) childJob {
	t.Helper()
	file := filepath.Join(o.dir, name+".targets")
	hash, err := erasure.WriteTargets(file, targets)
	if err != nil {
		t.Fatal(err)
	}
	plan := o.plan(t, erasure.ActionDelete, targets, func(c *erasure.PlanConfig) { c.TargetsHash = hash })
	return childJob{
		URL: url, Dir: filepath.Join(o.dir, name), Targets: file, Plan: plan, Keys: o.keys.String(), Operator: o.private,
		ReceiptKey: o.receipt.Reveal(), GuardKey: o.guard.Reveal(), BatchSize: 4,
	}
}

// killAfter starts a child and kills it a moment after it has printed that many lines.
func killAfter(t testing.TB, cmd *exec.Cmd, lines int, moment time.Duration) (output string) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	in := bufio.NewScanner(out)
	for n := 0; n < lines && in.Scan(); n++ {
		all.WriteString(in.Text() + "\n")
	}
	time.Sleep(moment) // the moment is what is tested
	_ = cmd.Process.Kill()
	for in.Scan() {
		all.WriteString(in.Text() + "\n")
	}
	_ = cmd.Wait() // it was killed
	return all.String()
}

// TestKilled kills processes that erase and processes that verify, again and again, on one receipt.
func TestKilled(t *testing.T) {
	t.Parallel()
	for name, resolve := range map[string]bool{"named": false, "resolved": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kills := counted(3, 25, 50)
			if resolve {
				kills = counted(2, 25, 50)
			}
			o, url := served(t)
			all := o.identified(t, kills*16+10)
			targets := all[:kills*16]
			if resolve {
				addresses := make([]erasure.Target, len(targets))
				for i := range targets {
					addresses[i] = erasure.Target{ID: targets[i].Also[0]}
				}
				var err error
				if targets, _, err = erasure.Resolve(context.Background(), appOf(t, o.srv), addresses, erasure.ResolveConfig{}); err != nil {
					t.Fatal(err)
				}
			}
			o.kill(t, o.childJob(t, url, targets, "receipt"), targets, kills)
			for _, p := range all[kills*16:] {
				if _, err := o.srv.Person(emulator.TestKey, p.ID); err != nil {
					t.Errorf("%s was not named, and is gone", p.ID)
				}
			}
		})
	}
}

func (o *office) kill(t *testing.T, job childJob, targets []erasure.Target, kills int) {
	r := rand.New(rand.NewPCG(3, uint64(kills)))
	// Some calls are slow before they take effect, and some afterwards.
	for _, f := range []emulator.Fault{{Path: "/v1/batch", DelayMS: 5, Share: 0.5, Seed: 1}, {Path: "/v1/", DelayMS: 10, After: true}} {
		if err := o.srv.AddFault(f); err != nil {
			t.Fatal(err)
		}
	}
	begun, verified := false, 0
	for n := range kills {
		job.Verify = begun && r.IntN(4) == 0
		lines := r.IntN(5)
		if job.Verify {
			verified, lines = verified+1, 0
		}
		out := killAfter(t, command(t, job), lines, time.Duration(r.IntN(20_000))*time.Microsecond)
		if strings.Contains(out, "failed") {
			t.Fatalf("kill %d: %s", n, out)
		}
		switch c, err := erasure.Check(job.Dir, o.check()); {
		case errors.Is(err, fs.ErrNotExist) && !begun: // it had not begun
		case err != nil && !errors.Is(err, erasure.ErrUnsigned):
			t.Fatalf("kill %d: %v", n, err)
		default:
			begun = c.Entries > 0
		}
	}
	o.srv.ClearFaults()
	v := o.verification(t, job.Dir, targets)
	_, v.TargetsHash, _ = erasure.ReadTargets(job.Targets)
	v.Now = later(time.Hour)
	settled := verify(t, v)
	if settled.Contradicted+settled.CannotTell > 0 || settled.Gone+settled.NotYet != settled.Acted || settled.Gone < settled.Acted-settled.Unknown {
		t.Errorf("before the last run: %+v", settled)
	}
	last := o.job(job.Plan, targets, filepath.Base(job.Dir))
	last.TargetsHash, last.Now = v.TargetsHash, v.Now
	sum, err := erasure.Run(context.Background(), last)
	if err != nil || sum.Accepted != int64(len(targets)) || !sum.Ended {
		t.Fatalf("the last run: %+v, %v", sum, err)
	}
	if sum := verify(t, v); sum.Gone != int64(len(targets)) {
		t.Errorf("after the last run: %+v", sum)
	}
	c, err := erasure.Check(job.Dir, o.check())
	if err != nil || !c.Ended || c.Totals.Accepted != int64(len(targets)) {
		t.Errorf("%+v, %v", c, err)
	}
	twice := o.checkDeletions(t, len(targets))
	t.Logf("%d kills, %d of them while verifying: %d runs, %d entries, %d unknown and %d of them settled before the last run, %d messages sent twice", kills, verified, c.Runs, c.Entries, settled.Unknown, settled.Settled, twice)
}

// checkDeletions compares the deletions that arrived with the number of people: one for each, or several with the same id.
func (o *office) checkDeletions(t testing.TB, want int) (twice int) {
	t.Helper()
	who := make(map[string]string)
	page, err := o.srv.Messages(emulator.MessagesQuery{Key: emulator.TestKey})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range page.Messages {
		if m.Event != "User Deleted" {
			continue
		}
		if before, ok := who[m.UserID]; ok {
			if twice++; before != m.MessageID {
				t.Errorf("%s was deleted by two messages", m.UserID)
			}
		}
		who[m.UserID] = m.MessageID
	}
	if len(who) != want {
		t.Errorf("%d people were deleted, want %d", len(who), want)
	}
	return twice
}

// Only one process writes a receipt.
func TestReceiptInUse(t *testing.T) {
	t.Parallel()
	var identified atomic.Bool
	sending := make(chan struct{})
	began := sync.OnceFunc(func() { close(sending) })
	o, url := servedBy(t, func(srv http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if identified.Load() {
				began()
			}
			srv.ServeHTTP(w, r)
		})
	})
	targets := o.identified(t, 8)
	identified.Store(true)
	job := o.childJob(t, url, targets, "receipt")
	if err := o.srv.AddFault(emulator.Fault{Contains: "userId", DelayMS: 600_000}); err != nil { // it is killed long before
		t.Fatal(err)
	}
	cmd := command(t, job)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill() }()
	select {
	case <-sending: // its intents are on disk
	case <-time.After(time.Minute):
		t.Fatal("the child sends nothing")
	}
	if c, err := erasure.Check(job.Dir, o.check()); !errors.Is(err, erasure.ErrUnsigned) || !c.InUse || strings.Contains(err.Error(), "killed") {
		t.Errorf("a check during a run: %+v, %v", c, err)
	}
	mine := o.job(job.Plan, targets, "receipt")
	_, mine.TargetsHash, _ = erasure.ReadTargets(job.Targets)
	if _, err := erasure.Run(context.Background(), mine); !errors.Is(err, erasure.ErrInUse) {
		t.Errorf("a second run: %v", err)
	}
	v := o.verification(t, job.Dir, targets)
	v.TargetsHash = mine.TargetsHash
	if _, err := erasure.Verify(context.Background(), v); !errors.Is(err, erasure.ErrInUse) {
		t.Errorf("a verification during a run: %v", err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if c, err := erasure.Check(job.Dir, o.check()); !errors.Is(err, erasure.ErrUnsigned) || c.InUse || !strings.Contains(err.Error(), "killed") {
		t.Errorf("a check after a run that was killed: %+v, %v", c, err)
	}
	o.srv.ClearFaults()
	if sum, err := erasure.Run(context.Background(), mine); err != nil || sum.Accepted != 8 || sum.Open != 4 {
		t.Errorf("after it: %+v, %v", sum, err)
	}
}

// A full disk ends a run, and nothing is lost: the receipt has everybody on whom the run acted, and the next run resumes.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	if err := limitsFiles(); err != nil {
		t.Skip(err)
	}
	o, url := served(t)
	targets := o.identified(t, 40)
	job := o.childJob(t, url, targets, "receipt")
	failed, again := 0, 0
	r := rand.New(rand.NewPCG(19, 5))
	for limit := uint64(300); failed < 100; limit += 1800 + r.Uint64N(uint64(counted(3000, 1000, 400))) { // more than a batch needs
		job.FileLimit = limit
		out, err := command(t, job).CombinedOutput()
		var n int
		if _, text, ok := strings.Cut(string(out), "again "); ok {
			_, _ = fmt.Sscan(text, &n)
		}
		again += n
		if err == nil {
			break
		}
		failed++
		if !strings.Contains(string(out), "failed: erasure:") || !strings.Contains(string(out), "file too large") || strings.Contains(string(out), "person") || strings.Count(string(out), "file too large") > 1 {
			t.Errorf("files of %d bytes: %v: %s", limit, err, out)
		}
		if _, err := erasure.Check(job.Dir, o.check()); err != nil && !errors.Is(err, erasure.ErrUnsigned) && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("files of %d bytes: %v", limit, err)
		}
	}
	c, err := erasure.Check(job.Dir, o.check())
	if err != nil || c.Totals.Accepted != 40 || !c.Ended || failed < 3 {
		t.Errorf("after %d failures: %+v, %v", failed, c, err)
	}
	twice := o.checkDeletions(t, 40)
	if twice == 0 || again < twice {
		t.Errorf("%d messages arrived twice, and the runs say that %d were sent again", twice, again)
	}
	t.Logf("%d failures, %d runs, %d messages sent twice, of %d that the runs say", failed, c.Runs, twice, again)
}
