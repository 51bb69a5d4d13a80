package erasure_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/erasure"
)

// guardOf returns the guard of receipts, after it was written to its file and read again.
func (o *office) guardOf(t testing.TB, dirs ...string) (*erasure.Guard, int) {
	t.Helper()
	made, err := erasure.GuardOf(dirs, o.check(), o.guard)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "guard")
	if err := made.WriteGuard(file); err != nil {
		t.Fatal(err)
	}
	g, err := erasure.ReadGuard(file, o.guard)
	if err != nil {
		t.Fatal(err)
	}
	return g, made.Kept()
}

// A name stays in the guard as long as an erased person has it, in any receipt and under any identifier.
func TestGuardKeepsWhatOthersHave(t *testing.T) {
	t.Parallel()
	type step struct {
		action erasure.Action
		people []erasure.Target
	}
	del, un := erasure.ActionDelete, erasure.ActionUnsuppress
	ann, bob := erasure.Target{ID: "ann", Also: []string{"both@example.com", "ann@example.com"}}, erasure.Target{ID: "bob", Also: []string{"Both@example.com"}}
	for name, tt := range map[string]struct {
		steps []step
		in    []string
		out   []string
		kept  int
	}{
		"one of two in a plan":         {[]step{{del, []erasure.Target{ann, bob}}, {un, []erasure.Target{ann}}}, []string{"bob", "both@example.com"}, []string{"ann", "ann@example.com"}, 1},
		"one of two in two plans":      {[]step{{del, []erasure.Target{ann}}, {del, []erasure.Target{bob}}, {un, []erasure.Target{ann}}}, []string{"bob", "both@example.com"}, []string{"ann", "ann@example.com"}, 1},
		"both at once":                 {[]step{{del, []erasure.Target{ann, bob}}, {un, []erasure.Target{ann, bob}}}, nil, []string{"ann", "bob", "both@example.com", "ann@example.com"}, 0},
		"both, one after the other":    {[]step{{del, []erasure.Target{ann, bob}}, {un, []erasure.Target{bob}}, {un, []erasure.Target{ann}}}, nil, []string{"ann", "bob", "both@example.com"}, 0},
		"the address is a person too":  {[]step{{del, []erasure.Target{ann, {ID: "both@example.com"}}}, {un, []erasure.Target{ann}}}, []string{"both@example.com"}, []string{"ann"}, 1},
		"the other names are left out": {[]step{{del, []erasure.Target{ann, bob}}, {un, []erasure.Target{{ID: "ann"}}}}, []string{"both@example.com"}, []string{"ann", "ann@example.com"}, 0},
		"erased again":                 {[]step{{del, []erasure.Target{ann}}, {un, []erasure.Target{ann}}, {del, []erasure.Target{ann}}}, []string{"ann", "ann@example.com"}, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, emulator.Config{})
			var dirs []string
			now := time.Now()
			for i, s := range tt.steps {
				job := o.job(o.plan(t, s.action, s.people, func(cfg *erasure.PlanConfig) { cfg.Request = strconv.Itoa(i) }), s.people, "receipt"+string(rune('0'+i)))
				job.Now = func() time.Time { return now.Add(time.Duration(i) * time.Minute) }
				if _, err := erasure.Run(context.Background(), job); err != nil {
					t.Fatal(err)
				}
				dirs = append(dirs, job.Dir)
			}
			slices.Reverse(dirs) // their order does not matter
			g, kept := o.guardOf(t, dirs...)
			for _, id := range tt.in {
				if !g.Has(id) {
					t.Errorf("%s is not in the guard, and somebody erased has it", id)
				}
			}
			for _, id := range tt.out {
				if g.Has(id) {
					t.Errorf("%s is in the guard, and nobody erased has it", id)
				}
			}
			if kept != tt.kept {
				t.Errorf("%d were kept, want %d", kept, tt.kept)
			}
		})
	}
}

// stopAfter lets the first n requests pass, and then fails every request.
type stopAfter struct {
	http.RoundTripper
	left int
}

func (s *stopAfter) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.left--; s.left < 0 {
		return nil, errors.New("no network")
	}
	return s.RoundTripper.RoundTrip(r)
}

// If an end of suppressions was stopped, people whose message was accepted are removed from the guard, even if the plan expires before anybody
// continues: by the run that stopped, by the next run, and by a verification.
func TestStoppedUnsuppressCounts(t *testing.T) {
	t.Parallel()
	for _, killed := range []bool{false, true} {
		for _, then := range []string{"", "run", "verify"} {
			if killed && then == "" {
				continue // nobody wrote it yet
			}
			t.Run(map[bool]string{false: "stopped ", true: "killed "}[killed]+then, func(t *testing.T) {
				t.Parallel()
				o := newOffice(t, emulator.Config{})
				targets := o.identified(t, 9)
				first := o.job(o.plan(t, erasure.ActionSuppress, targets, nil), targets, "first")
				if _, err := erasure.Run(context.Background(), first); err != nil {
					t.Fatal(err)
				}
				job := o.job(o.plan(t, erasure.ActionUnsuppress, targets, nil), targets, "second")
				now := time.Now()
				job.Now = func() time.Time { return now.Add(time.Minute) }
				job.BatchSize = 3
				before := filepath.Join(t.TempDir(), "before") // what a process leaves if it is killed after the second batch
				job.OnProgress = func(sum erasure.Totals) {
					if _, err := os.Stat(before); sum.Accepted == 6 && err != nil {
						if err := os.CopyFS(before, os.DirFS(job.Dir)); err != nil {
							t.Error(err)
						}
					}
				}
				job.Client = newClient(t, cio.Config{APIKey: emulator.TestKey, BaseURL: "http://emulator", MaxElapsed: time.Nanosecond, HTTPClient: &http.Client{Transport: &stopAfter{o.srv.Transport(), 2}}})
				if sum, err := erasure.Run(context.Background(), job); err == nil || sum.Accepted != 6 {
					t.Fatalf("%+v, %v", sum, err)
				}
				job.OnProgress = nil
				if killed {
					job.Dir = before
				}
				expired := func() time.Time { return now.Add(100 * time.Hour) }
				switch then {
				case "run":
					job.Now, job.Client = expired, o.client
					if sum, err := erasure.Run(context.Background(), job); !errors.Is(err, erasure.ErrExpired) || sum.Accepted != 6 {
						t.Fatalf("%+v, %v", sum, err)
					}
				case "verify":
					v := o.verification(t, job.Dir, targets)
					v.Now = expired
					verify(t, v)
				}
				g, _ := o.guardOf(t, first.Dir, job.Dir)
				if g.Len() != 6 { // three people, with one address each
					t.Errorf("the guard contains %d identifiers, want 6", g.Len())
				}
			})
		}
	}
}

// A guard that was cut or altered is refused, wherever it was cut, and the error names it. A guard of the first version is refused too, because it
// does not show whether it was cut.
func TestReadGuardRefuses(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	dir := o.ran(t, people("a", "b", "c"), "receipt")
	made, err := erasure.GuardOf([]string{dir}, o.check(), o.guard)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "erased.guard")
	if err := made.WriteGuard(file); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(string(whole), "\n"), "\n")
	refused := func(why, text string, words ...string) {
		t.Helper()
		write(t, file, []byte(text))
		g, err := erasure.ReadGuard(file, o.guard)
		if err == nil {
			t.Errorf("%s: it is accepted, with %d names", why, g.Len())
			return
		}
		for _, w := range append(words, "erased.guard") {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v; want %q", why, err, w)
			}
		}
	}
	for n := range lines {
		refused("cut at a line end", strings.Join(lines[:n], ""))
	}
	refused("the last name is missing", strings.Join(slices.Delete(slices.Clone(lines), 7, 8), "")+"\n", "3 names, and it has 2")
	refused("the end is missing", strings.Join(lines[:8], ""), `"end"`)
	refused("another name", strings.Replace(string(whole), lines[7], strings.Replace(lines[7], lines[7][:4], "////", 1), 1), "altered")
	first := "ciokit erasure guard 1\n" + lines[1] + lines[2] + strings.Join(lines[5:8], "")
	refused("the first version", first, "earlier version", "ciokit erase guard")
	write(t, file, whole)
	if g, err := erasure.ReadGuard(file, o.guard); err != nil || g.Len() != 3 {
		t.Error(err)
	}
}

// A person who is deleted while an end of suppressions is stopped stays in the guard, however late and by whomever that end is finished.
func TestLateEndOfSuppressionsTakesNobodyOut(t *testing.T) {
	t.Parallel()
	for _, then := range []string{"stopped", "run", "verify"} {
		t.Run(then, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, emulator.Config{})
			targets := o.identified(t, 9)
			now := time.Now()
			at := func(minutes int) func() time.Time {
				return func() time.Time { return now.Add(time.Duration(minutes) * time.Minute) }
			}
			first := o.job(o.plan(t, erasure.ActionSuppress, targets, nil), targets, "first")
			if _, err := erasure.Run(context.Background(), first); err != nil {
				t.Fatal(err)
			}
			back := o.job(o.plan(t, erasure.ActionUnsuppress, targets, nil), targets, "back")
			back.Now, back.BatchSize = at(1), 3
			back.Client = newClient(t, cio.Config{APIKey: emulator.TestKey, BaseURL: "http://emulator", MaxElapsed: time.Nanosecond, HTTPClient: &http.Client{Transport: &stopAfter{o.srv.Transport(), 2}}})
			if sum, err := erasure.Run(context.Background(), back); err == nil || sum.Accepted != 6 {
				t.Fatalf("%+v, %v", sum, err)
			}
			deleted := o.job(o.plan(t, erasure.ActionDelete, targets, nil), targets, "deleted")
			deleted.Now = at(2)
			if _, err := erasure.Run(context.Background(), deleted); err != nil {
				t.Fatal(err)
			}
			switch then {
			case "run":
				back.Now, back.Client = at(3), o.client
				if _, err := erasure.Run(context.Background(), back); err != nil {
					t.Fatal(err)
				}
			case "verify":
				v := o.verification(t, back.Dir, targets)
				v.Now = at(3)
				verify(t, v)
			}
			if g, _ := o.guardOf(t, first.Dir, back.Dir, deleted.Dir); g.Len() != 18 { // nine people, with one address each
				t.Errorf("the guard contains %d identifiers, want 18", g.Len())
			}
		})
	}
}

// An id with invisible characters still names the erased person, and an id in which a letter differs does not.
func TestGuardSeesThroughWhatIsNotSeen(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	dir := o.ran(t, people("person-7531", "ann@example.com", "u 1", "odd\u200bid"), "receipt")
	g, _ := o.guardOf(t, dir)
	for _, odd := range []string{" ", "\u00a0", "\ufeff", "\u200b", "\u00ad", "\r", "\t", "\x00", "\u2060", "\u2800", "\ufe0f"} {
		for _, id := range []string{odd + "person-7531", "person-7531" + odd, odd + "ann@example.com" + odd, odd + "u 1"} {
			if !g.Has(id) {
				t.Errorf("%q is not known", id)
			}
		}
		if odd != " " {
			for _, id := range []string{"person" + odd + "-7531", "ann" + odd + "@example.com"} {
				if !g.Has(id) {
					t.Errorf("%q is not known", id)
				}
			}
		}
	}
	for _, id := range []string{"", " ", "\u200b", "u1", "person- 7531", "person-753", "oddid", "person-7531x\u200b"} {
		if g.Has(id) {
			t.Errorf("%q is known", id)
		}
	}
	if !g.Has("odd\u200bid") {
		t.Error("an id with such a character is not in the guard in its own spelling")
	}
}
