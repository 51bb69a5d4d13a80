package erasure_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/erasure"
	"github.com/ciokit/cio/erasure/internal/checker"
	"golang.org/x/mod/sumdb/note"
)

// cosign adds signatures to a note, by any signer.
func cosign(t testing.TB, signed []byte, ring string, by ...erasure.Signer) []byte {
	t.Helper()
	var known []note.Verifier
	for line := range strings.Lines(ring) {
		v, err := note.NewVerifier(strings.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		known = append(known, v)
	}
	n, err := note.Open(signed, note.VerifierList(known...))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range by {
		if signed, err = note.Sign(n, s); err != nil {
			t.Fatal(err)
		}
		if n, err = note.Open(signed, note.VerifierList(known...)); err != nil {
			t.Fatal(err)
		}
	}
	return signed
}

// A ring with more of the signers than the run knew never makes a receipt worse: several operators and approvers can sign, in any order, and a run
// can know any of them. Nor does a run that resumes with another ring.
func TestMoreSignersThanTheRunKnows(t *testing.T) {
	t.Parallel()
	type who struct {
		erasure.Signer
		public string
	}
	var all []who
	for i, name := range []string{"ann", "cal", "bob", "dan"} {
		role := []erasure.Role{erasure.RoleOperator, erasure.RoleApprover}[i/2]
		s, public := signer(t, role, name)
		all = append(all, who{s, public})
	}
	ringOf := func(known ...int) (text string) {
		for _, i := range known {
			text += all[i].public
		}
		return text
	}
	parse := func(text string) erasure.Keyring {
		keys, err := erasure.ParseKeyring(text)
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	const ann, cal, bob, dan = 0, 1, 2, 3
	everybody := ringOf(ann, cal, bob, dan)
	for i, order := range [][]int{{ann, bob, dan}, {ann, dan, bob}, {cal, ann, bob}, {bob, ann}, {dan, cal, bob, ann}, {ann, cal, dan, bob}} {
		for j, known := range [][]int{{ann, bob}, {ann, bob, dan}, {ann, cal, bob}, {bob, dan, cal, ann}} {
			t.Run(fmt.Sprint(order, " ", known), func(t *testing.T) {
				t.Parallel()
				o := newOffice(t, emulator.Config{})
				targets := people("a", "b", "c", "d")
				p, _, err := erasure.NewPlan(o.planConfig(), targets)
				if err != nil {
					t.Fatal(err)
				}
				base, err := note.Sign(&note.Note{Text: p.Text()}, all[order[0]])
				if err != nil {
					t.Fatal(err)
				}
				var more []erasure.Signer
				for _, k := range order[1:] {
					more = append(more, all[k].Signer)
				}
				signed := cosign(t, base, everybody, more...)
				job := o.job(signed, targets, "receipt")
				job.Keys, job.Operator = parse(ringOf(known...)), all[ann].Signer
				job.BatchSize = 2
				ctx, cancel := context.WithCancel(context.Background())
				job.OnProgress = func(erasure.Totals) { cancel() }
				if _, err := erasure.Run(ctx, job); !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				job.Keys, job.OnProgress = parse(everybody), nil // the next run knows more signers
				if (i+j)%2 == 0 {
					job.Operator = all[cal].Signer
				}
				if sum, err := erasure.Run(context.Background(), job); err != nil || sum.Accepted != 4 {
					t.Fatalf("%+v, %v", sum, err)
				}
				for _, ring := range []string{everybody, ""} {
					c, err := erasure.Check(job.Dir, erasure.CheckConfig{Keys: parse(ring)})
					if err != nil {
						t.Fatalf("ring %q: %v", ring, err)
					}
					if c.Plan.Approver != "approver/bob" && c.Plan.Approver != "approver/dan" {
						t.Errorf("approved by %q", c.Plan.Approver)
					}
				}
				if _, more, err := checker.Check(job.Dir, everybody, ""); err != nil || more {
					t.Error(more, err)
				}
				bundle := filepath.Join(o.dir, "proof")
				if _, err := erasure.WriteProof(job.Dir, erasure.CheckConfig{Keys: parse(everybody)}, o.receipt, "a", bundle); err != nil {
					t.Fatal(err)
				}
				if _, err := erasure.CheckProof(bundle, erasure.CheckConfig{Keys: parse(everybody)}); err != nil {
					t.Error(err)
				}
				if _, err := checker.CheckProof(bundle, everybody); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// The check names everything in a receipt that it did not check: signatures by unknown keys, and files that do not belong to it. They change no
// verdict.
func TestCheckNamesWhatItDidNotCheck(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	dir := o.ran(t, people("a", "b"), "receipt")
	witness, _ := signer(t, erasure.RoleOperator, "witness")
	cosigned := func(name string) {
		file := filepath.Join(dir, name)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, body, _ := strings.Cut(string(text), "\n\n")
		plain, err := note.Sign(&note.Note{Text: strings.TrimSuffix(string(text), body)[:len(text)-len(body)-1]}, witness)
		if err != nil {
			t.Fatal(err)
		}
		_, line, _ := strings.Cut(string(plain), "\n\n")
		write(t, file, append(text, line...))
	}
	points, err := os.ReadDir(filepath.Join(dir, "checkpoints"))
	if err != nil || len(points) != 1 {
		t.Fatal(points, err)
	}
	point := "checkpoints/" + points[0].Name()
	cosigned("plan.note")
	cosigned(point)
	for _, name := range []string{"notes.txt", ".hidden", "checkpoints/.old", ".keys-123", "owner"} {
		write(t, filepath.Join(dir, name), []byte("x"))
	}
	c, err := erasure.Check(dir, o.check())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(c.Unknown), fmt.Sprint([]erasure.UnknownSignature{{"plan.note", "operator/witness"}, {point, "operator/witness"}}); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := fmt.Sprint(c.Foreign), "[.hidden notes.txt checkpoints/.old]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if _, more, err := checker.Check(dir, o.keys.String(), ""); err != nil || more {
		t.Error(more, err)
	}
}
