package erasure_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/erasure"
)

// ran returns the receipt of a run for some of the people.
func (o *office) ran(t testing.TB, targets []erasure.Target, name string) string {
	t.Helper()
	job := o.job(o.plan(t, erasure.ActionDelete, targets, nil), targets, name)
	job.BatchSize = 7
	if _, err := erasure.Run(context.Background(), job); err != nil {
		t.Fatal(err)
	}
	return job.Dir
}

func (o *office) check() erasure.CheckConfig { return erasure.CheckConfig{Keys: o.keys} }

func TestProof(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	all := o.identified(t, 60)
	dir := o.ran(t, all[:50], "receipt")
	out := filepath.Join(o.dir, "proof")
	if n, err := erasure.WriteProof(dir, o.check(), o.receipt, "person-33", out); err != nil || n != 2 {
		t.Fatal(n, err)
	}
	if n, err := erasure.WriteProof(dir, o.check(), o.receipt, "person-34", out); err == nil {
		t.Error("a second proof in one directory", n)
	}
	for _, cfg := range []erasure.CheckConfig{o.check(), {}} {
		p, err := erasure.CheckProof(out, cfg)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Entries) != 2 || p.Entries[0].Type != erasure.EntryTypeIntent || p.Entries[1].Outcome != erasure.OutcomeAccepted || p.Checkpoint.Size != 103 || p.OwnKeys != (len(cfg.Keys.Names()) == 0) {
			t.Errorf("%+v", p)
		}
		if err := p.Names(o.receipt, "person-33"); err != nil {
			t.Error(err)
		}
		if err := p.Names(o.receipt, "person-34"); !errors.Is(err, erasure.ErrOtherPeople) {
			t.Error(err)
		}
		if err := p.Names(erasure.NewReceiptKey(), "person-33"); !errors.Is(err, erasure.ErrOtherKey) {
			t.Error(err)
		}
	}
	if _, err := erasure.WriteProof(dir, o.check(), o.receipt, "person-55", filepath.Join(o.dir, "none")); !errors.Is(err, erasure.ErrNobody) {
		t.Error(err)
	}
	if _, err := erasure.WriteProof(dir, o.check(), erasure.NewReceiptKey(), "person-33", filepath.Join(o.dir, "none")); !errors.Is(err, erasure.ErrOtherKey) {
		t.Error(err)
	}
	if left, err := filepath.Glob(filepath.Join(o.dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	other := newOffice(t, emulator.Config{})
	if _, err := erasure.CheckProof(out, other.check()); !errors.Is(err, erasure.ErrUntrusted) {
		t.Error(err)
	}
	since := must(t)(os.ReadFile(filepath.Join(dir, "checkpoints", "000000000103")))
	if _, err := erasure.CheckProof(out, erasure.CheckConfig{Keys: o.keys, Since: since}); err != nil {
		t.Error(err)
	}
}

// The check notices each changed and each missing file of a proof.
func TestProofTampered(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	dir := o.ran(t, o.identified(t, 20), "receipt")
	from := filepath.Join(o.dir, "proof")
	if _, err := erasure.WriteProof(dir, o.check(), o.receipt, "person-3", from); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(o.dir, "other")
	if _, err := erasure.WriteProof(dir, o.check(), o.receipt, "person-4", other); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, change func(dir string)) {
		t.Helper()
		bad := t.TempDir()
		if err := os.CopyFS(bad, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
		change(bad)
		if p, err := erasure.CheckProof(bad, o.check()); err == nil {
			t.Errorf("%s: accepted: %+v", what, p.Entries)
		}
	}
	for _, f := range files {
		text := must(t)(os.ReadFile(filepath.Join(from, f.Name())))
		refused("without "+f.Name(), func(dir string) { _ = os.Remove(filepath.Join(dir, f.Name())) })
		for at := 0; at < len(text); at += 1 + len(text)/15 {
			refused(fmt.Sprintf("byte %d of %s", at, f.Name()), func(dir string) {
				changed := bytes.Clone(text)
				changed[at] ^= 1
				write(t, filepath.Join(dir, f.Name()), changed)
			})
		}
	}
	refused("somebody else's entries beside it", func(dir string) {
		more, err := filepath.Glob(filepath.Join(other, "0*"))
		if err != nil || len(more) != 4 {
			t.Fatal(more, err)
		}
		for _, f := range more {
			write(t, filepath.Join(dir, filepath.Base(f)), must(t)(os.ReadFile(f)))
		}
	})
	refused("without its intent", func(dir string) {
		all, err := filepath.Glob(filepath.Join(dir, "0*"))
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(all)
		_, _ = os.Remove(all[0]), os.Remove(all[1])
	})
	refused("an entry under another number", func(dir string) {
		all, err := filepath.Glob(filepath.Join(dir, "0*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range all {
			_ = os.Rename(f, filepath.Join(dir, "9"+filepath.Base(f)[1:]))
		}
	})
	refused("a file that is not part of it", func(dir string) { write(t, filepath.Join(dir, "more.txt"), nil) })
	refused("an endless entry", func(dir string) { write(t, filepath.Join(dir, "000009.json"), make([]byte, 1<<20)) })
}

func write(t testing.TB, file string, text []byte) {
	t.Helper()
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	all := o.identified(t, 30)
	dirs := []string{o.ran(t, all[:10], "one"), o.ran(t, all[5:20], "two")}
	for id, want := range map[string]string{"person-2": "2 0", "person-7": "2 2", "person-12": "0 2", "person-25": "0 0", "Person-7": "0 0"} {
		found, err := erasure.Find(dirs, o.check(), o.receipt, id)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for i, f := range found {
			got = append(got, fmt.Sprint(len(f.Entries)))
			if f.Dir != dirs[i] || f.Plan == nil || f.OtherKey || f.Unsigned > 0 {
				t.Errorf("%+v", f)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", id, got, want)
		}
	}
	found, err := erasure.Find(dirs, o.check(), erasure.NewReceiptKey(), "person-7")
	if err != nil || len(found) != 2 || !found[0].OtherKey || len(found[0].Entries) != 0 {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := erasure.Find([]string{o.dir}, o.check(), o.receipt, "person-7"); err == nil {
		t.Error("a directory that is not a receipt")
	}
}
