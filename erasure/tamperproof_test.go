package erasure_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/erasure"
	"github.com/ciokit/cio/erasure/internal/checker"
)

// All later versions can check a receipt and a proof that an earlier version wrote.
func TestFirstFormat(t *testing.T) {
	t.Parallel()
	ring, err := os.ReadFile("testdata/receipt-1.keys")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := erasure.ParseKeyring(string(ring))
	if err != nil {
		t.Fatal(err)
	}
	cfg := erasure.CheckConfig{Keys: keys}
	c, err := erasure.Check("testdata/receipt-1", cfg)
	if err != nil {
		t.Fatal(err)
	}
	if want := (erasure.Totals{Subjects: 5, Accepted: 5}); c.Entries != 13 || c.Signed != 13 || c.Totals != want || !c.Ended || c.Plan.Approver != "approver/bob" {
		t.Errorf("%+v", c)
	}
	if p, err := erasure.CheckProof("testdata/proof-1", cfg); err != nil || len(p.Entries) != 2 || p.Entries[1].Outcome != erasure.OutcomeAccepted {
		t.Errorf("%+v, %v", p, err)
	}
	if n, more, err := checker.Check("testdata/receipt-1", string(ring), ""); n != 13 || more || err != nil {
		t.Error(n, more, err)
	}
	if n, err := checker.CheckProof("testdata/proof-1", string(ring)); n != 2 || err != nil {
		t.Error(n, err)
	}
}

// Both checks find a change of any byte of a proof. Without CIOKIT_FULL=1 only each eleventh byte is changed.
func TestTamperingWithAProof(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	people := o.identified(t, 30)
	dir := filepath.Join(o.dir, "proof")
	if _, err := erasure.WriteProof(o.ran(t, people, "receipt"), o.check(), o.receipt, people[7].ID, dir); err != nil {
		t.Fatal(err)
	}
	step := 11
	if os.Getenv("CIOKIT_FULL") == "1" {
		step = 1
	}
	check := func(what string, good bool) {
		_, err := erasure.CheckProof(dir, o.check())
		if (err == nil) != good {
			t.Errorf("%s: CheckProof says %v", what, err)
		}
		n, err := checker.CheckProof(dir, o.keys.String())
		if f := (*checker.Fault)(nil); good && (n != 2 || err != nil) || !good && !errors.As(err, &f) {
			t.Errorf("%s: the checker says %d, %v", what, n, err)
		}
	}
	check("as it was written", true)
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := filepath.Join(dir, f.Name())
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		write := func(text []byte) {
			if err := os.WriteFile(name, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for at := 0; at < len(text); at += step {
			bad := append([]byte(nil), text...)
			bad[at] ^= 1 << (at / step % 8)
			write(bad)
			check(f.Name()+" with another bit", false)
			write(text[:at])
			check(f.Name()+" cut", false)
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		check("no "+f.Name(), false)
		write(text)
	}
	check("as it was written, again", true)
}
