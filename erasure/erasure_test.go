package erasure_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/erasure"
)

// office has all that a workspace needs for erasures: keys, a client, and an emulator in place of Customer.io.
type office struct {
	srv                *emulator.Server
	client             *cio.Client
	keys               erasure.Keyring
	operator, approver erasure.Signer
	receipt            erasure.ReceiptKey
	guard              erasure.GuardKey
	dir                string
	private            string // the operator's key as text, for a child
}

func newOffice(t testing.TB, cfg emulator.Config) *office {
	t.Helper()
	o := &office{srv: emulator.New(cfg), receipt: erasure.NewReceiptKey(), guard: erasure.NewGuardKey(), dir: t.TempDir()}
	o.client = clientOf(t, o.srv, nil)
	private, ring, err := erasure.GenerateKey(erasure.RoleOperator, "ann")
	if err != nil {
		t.Fatal(err)
	}
	if o.operator, err = erasure.ParseSigner(private); err != nil {
		t.Fatal(err)
	}
	o.private = private
	approver, public := signer(t, erasure.RoleApprover, "bob")
	o.approver = approver
	if o.keys, err = erasure.ParseKeyring(ring + "\n" + public); err != nil {
		t.Fatal(err)
	}
	return o
}

func clientOf(t testing.TB, srv *emulator.Server, guard func(cio.Identity) error) *cio.Client {
	t.Helper()
	return newClient(t, cio.Config{APIKey: emulator.TestKey, BaseURL: "http://emulator", Guard: guard, HTTPClient: &http.Client{Transport: srv.Transport()}})
}

func clientFor(t testing.TB, srv *emulator.Server, key, base string) *cio.Client {
	t.Helper()
	return newClient(t, cio.Config{APIKey: key, BaseURL: base, HTTPClient: &http.Client{Transport: srv.Transport()}})
}

func newClient(t testing.TB, cfg cio.Config) *cio.Client {
	t.Helper()
	cfg.RateLimit = -1
	client, err := cio.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func signer(t testing.TB, role erasure.Role, name string) (erasure.Signer, string) {
	t.Helper()
	private, public, err := erasure.GenerateKey(role, name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := erasure.ParseSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	return s, public + "\n"
}

// identified puts people into the workspace and returns them.
func (o *office) identified(t testing.TB, n int) []erasure.Target {
	t.Helper()
	var messages []cio.Message
	targets := make([]erasure.Target, n)
	for i := range n {
		email := fmt.Sprintf("person%d@example.com", i)
		targets[i] = erasure.Target{ID: fmt.Sprintf("person-%d", i), Also: []string{email}}
		messages = append(messages, cio.Identify{UserID: targets[i].ID, Traits: map[string]any{"email": email}})
	}
	if err := o.client.Send(context.Background(), messages...); err != nil {
		t.Fatal(err)
	}
	return targets
}

// plan returns an approved plan.
func (o *office) plan(t testing.TB, action erasure.Action, targets []erasure.Target, change func(*erasure.PlanConfig)) []byte {
	t.Helper()
	cfg := erasure.PlanConfig{Action: action, Client: o.client, ReceiptKey: o.receipt, GuardKey: o.guard, Reason: "requests under Art. 17 GDPR"}
	if change != nil {
		change(&cfg)
	}
	p, _, err := erasure.NewPlan(cfg, targets)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := erasure.SignPlan(p, o.operator)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.SingleOperator {
		return signed
	}
	approved, err := erasure.ApprovePlan(signed, o.keys, o.approver)
	if err != nil {
		t.Fatal(err)
	}
	return approved
}

func (o *office) job(plan []byte, targets []erasure.Target, name string) erasure.Job {
	return erasure.Job{
		Plan: plan, Keys: o.keys, Operator: o.operator, ReceiptKey: o.receipt, GuardKey: o.guard, Targets: targets, Client: o.client,
		Dir: filepath.Join(o.dir, name), Max: len(targets) + 1,
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	for _, action := range []erasure.Action{erasure.ActionDelete, erasure.ActionSuppress} {
		t.Run(string(action), func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, emulator.Config{})
			all := o.identified(t, 300)
			targets := all[:100]
			job := o.job(o.plan(t, action, targets, nil), targets, "receipt")
			job.BatchSize = 7
			sum, err := erasure.Run(context.Background(), job)
			if err != nil {
				t.Fatal(err)
			}
			if want := (erasure.Totals{Subjects: 100, Accepted: 100}); sum.Totals != want || !sum.Ended {
				t.Errorf("%+v", sum)
			}
			for i, p := range all {
				_, err := o.srv.Person(emulator.TestKey, p.ID)
				if gone := err != nil; action == erasure.ActionDelete && gone != (i < 100) {
					t.Errorf("%s is gone: %v", p.ID, gone)
				}
			}
			c, err := erasure.Check(job.Dir, erasure.CheckConfig{Keys: o.keys})
			if err != nil {
				t.Fatal(err)
			}
			if c.Totals != sum.Totals || c.Entries != 203 || c.Signed != 203 || !c.Ended || c.OwnKeys || c.Plan.Operator != "operator/ann" || c.Plan.Approver != "approver/bob" {
				t.Errorf("%+v", c)
			}
			g, err := erasure.GuardOf([]string{job.Dir}, erasure.CheckConfig{Keys: o.keys}, o.guard)
			if err != nil {
				t.Fatal(err)
			}
			guarded := clientOf(t, o.srv, g.Check)
			for _, m := range []cio.Message{
				cio.Identify{UserID: "person-7"}, cio.Identify{UserID: "other", Traits: map[string]any{"email": "Person7@Example.com"}},
				cio.Track{UserID: "PERSON7@example.com", Event: cio.Named("Ordered", nil)}, cio.Alias{PreviousID: "person-7", UserID: "other"},
				cio.Alias{PreviousID: "other", UserID: "person-7"}, cio.Group{UserID: "person-7", GroupID: "g"},
			} {
				if err := guarded.Send(context.Background(), m); !errors.Is(err, erasure.ErrErased) {
					t.Errorf("%T: %v", m, err)
				}
			}
			if err := guarded.Send(context.Background(), cio.Identify{UserID: "person-107"}); err != nil {
				t.Error(err)
			}
			again, err := erasure.Run(context.Background(), job)
			if err != nil || again.Totals != sum.Totals || again.Earlier != 100 {
				t.Errorf("%+v, %v", again, err)
			}
		})
	}
}

// If a process is killed before its new receipt has a plan, the next run begins the receipt again. A directory that contains anything else is not
// touched.
func TestRunBeginsWhereARunWasKilled(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	targets := o.identified(t, 3)
	job := o.job(o.plan(t, erasure.ActionDelete, targets, nil), targets, "receipt")
	prepared := []string{"lock", "entries.jsonl", "hashes", "checkpoints/", ".keys-123", "keys", ".plan.note-4"}
	for n := range prepared {
		job.Dir = filepath.Join(t.TempDir(), fmt.Sprint("receipt", n))
		for _, name := range prepared[:n+1] {
			path := filepath.Join(job.Dir, name)
			if err := os.MkdirAll(filepath.Dir(path+"x"), 0o700); err != nil {
				t.Fatal(err)
			}
			if name[len(name)-1] != '/' {
				if err := os.WriteFile(path, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		if sum, err := erasure.Run(context.Background(), job); err != nil || sum.Accepted != 3 {
			t.Errorf("after %s: %+v, %v", prepared[n], sum, err)
		}
		if _, err := erasure.Check(job.Dir, erasure.CheckConfig{Keys: o.keys}); err != nil {
			t.Errorf("after %s: %v", prepared[n], err)
		}
	}
	for name, text := range map[string]string{"notes.txt": "mine", "entries.jsonl": "{}\n", "hashes": "x"} {
		job.Dir = filepath.Join(t.TempDir(), "other-"+name)
		if err := os.MkdirAll(job.Dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(job.Dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := erasure.Run(context.Background(), job); err == nil || !strings.Contains(err.Error(), "is not empty, and is not a receipt") {
			t.Errorf("%s: %v", name, err)
		}
		if got, err := os.ReadFile(filepath.Join(job.Dir, name)); err != nil || string(got) != text {
			t.Errorf("%s is %q now, %v", name, got, err)
		}
	}
}
