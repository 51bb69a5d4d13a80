package erasure_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/erasure"
)

// exampleOffice has what a workspace needs for erasures. Three people are in the emulated workspace.
type exampleOffice struct {
	client             *cio.Client
	app                *appapi.Client
	keys               erasure.Keyring
	operator, approver erasure.Signer
	receipt            erasure.ReceiptKey
	guard              erasure.GuardKey
	dir                string
}

func must1[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func exampleOfficeIn(dir string) *exampleOffice {
	srv := emulator.Config{}.InProcess(nil)
	o := &exampleOffice{receipt: erasure.NewReceiptKey(), guard: erasure.NewGuardKey(), dir: dir}
	o.client = must1(cio.NewClient(cio.Config{APIKey: srv.Key, BaseURL: srv.URL, HTTPClient: srv.Client()}))
	o.app = must1(appapi.NewClient(appapi.Config{APIKey: srv.Key, BaseURL: srv.URL, RateLimit: -1, HTTPClient: srv.Client()}))
	private, ann, err := erasure.GenerateKey(erasure.RoleOperator, "ann")
	if err != nil {
		log.Fatal(err)
	}
	o.operator = must1(erasure.ParseSigner(private))
	private, bob, err := erasure.GenerateKey(erasure.RoleApprover, "bob")
	if err != nil {
		log.Fatal(err)
	}
	o.approver = must1(erasure.ParseSigner(private))
	o.keys = must1(erasure.ParseKeyring(ann + "\n" + bob + "\n"))
	for _, id := range []string{"71", "42", "99"} {
		if err := o.client.Send(context.Background(), cio.Identify{UserID: id, Traits: map[string]any{"email": "p" + id + "@example.com"}}); err != nil {
			log.Fatal(err)
		}
	}
	return o
}

// approved returns an approved plan that deletes the targets.
func (o *exampleOffice) approved(targets []erasure.Target) []byte {
	plan, _, err := erasure.NewPlan(erasure.PlanConfig{
		Action: erasure.ActionDelete, Client: o.client, ReceiptKey: o.receipt, GuardKey: o.guard, Reason: "requests under Art. 17 GDPR",
	}, targets)
	if err != nil {
		log.Fatal(err)
	}
	signed := must1(erasure.SignPlan(plan, o.operator))
	return must1(erasure.ApprovePlan(signed, o.keys, o.approver))
}

// erased deletes the targets and returns the directory of the receipt.
func (o *exampleOffice) erased(targets []erasure.Target) (dir string) {
	dir = filepath.Join(o.dir, "receipt")
	must1(erasure.Run(context.Background(), erasure.Job{
		Plan: o.approved(targets), Keys: o.keys, Operator: o.operator, ReceiptKey: o.receipt, GuardKey: o.guard, Targets: targets, Client: o.client, Dir: dir,
	}))
	return dir
}

// inDir runs an example with a directory, which it removes afterwards.
func inDir(do func(o *exampleOffice)) {
	dir := must1(os.MkdirTemp("", "ciokit-erasure-*"))
	defer os.RemoveAll(dir)
	do(exampleOfficeIn(dir))
}

func ExampleGenerateKey() {
	_, public, err := erasure.GenerateKey(erasure.RoleOperator, "ann")
	if err != nil {
		log.Fatal(err)
	}
	keys := must1(erasure.ParseKeyring(public))
	fmt.Println(keys.Names())
	// Output: [operator/ann]
}

func ExampleNewPlan() {
	inDir(func(o *exampleOffice) {
		plan, doubles, err := erasure.NewPlan(erasure.PlanConfig{
			Action: erasure.ActionDelete, Client: o.client, ReceiptKey: o.receipt, GuardKey: o.guard, Reason: "requests under Art. 17 GDPR",
		}, []erasure.Target{{ID: "71"}, {ID: "p42@example.com"}, {ID: "P42@example.com"}})
		fmt.Println(plan.Action, plan.Subjects, doubles, err)

		_, _, err = erasure.NewPlan(erasure.PlanConfig{
			Action: erasure.ActionDelete, Client: o.client, ReceiptKey: o.receipt, GuardKey: o.guard, Reason: "p42@example.com asked for it",
		}, []erasure.Target{{ID: "p42@example.com"}})
		fmt.Println(err != nil)
	})
	// Output:
	// delete 2 1 <nil>
	// true
}

func ExampleSignPlan() {
	inDir(func(o *exampleOffice) {
		plan, _, err := erasure.NewPlan(erasure.PlanConfig{
			Action: erasure.ActionSuppress, Client: o.client, ReceiptKey: o.receipt, GuardKey: o.guard, Reason: "order of the regulator", Request: "DPO-7",
		}, []erasure.Target{{ID: "71"}})
		if err != nil {
			log.Fatal(err)
		}
		signed := must1(erasure.SignPlan(plan, o.operator))
		p := must1(erasure.OpenPlan(signed, o.keys))
		fmt.Println(p.Operator, p.Request, errors.Is(p.Ready(plan.Created), erasure.ErrNotApproved))
	})
	// Output: operator/ann DPO-7 true
}

func ExampleApprovePlan() {
	inDir(func(o *exampleOffice) {
		p := must1(erasure.OpenPlan(o.approved([]erasure.Target{{ID: "71"}}), o.keys))
		fmt.Println(p.Operator, p.Approver, p.Ready(p.Created))
	})
	// Output: operator/ann approver/bob <nil>
}

func ExampleWriteTargets() {
	inDir(func(o *exampleOffice) {
		file := filepath.Join(o.dir, "targets")
		hash := must1(erasure.WriteTargets(file, []erasure.Target{{ID: "71", Also: []string{"p71@example.com"}}}))
		targets, again, err := erasure.ReadTargets(file)
		fmt.Println(len(targets), again == hash, err)
	})
	// Output: 1 true <nil>
}

func ExampleResolve() {
	inDir(func(o *exampleOffice) {
		targets, sum, err := erasure.Resolve(context.Background(), o.app, []erasure.Target{{ID: "p42@example.com"}, {ID: "42"}, {ID: "nobody@example.com"}}, erasure.ResolveConfig{})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(targets[0].ID, targets[1].ID, sum.Doubles, sum.Gone)
	})
	// Output: p42@example.com nobody@example.com 1 1
}

func ExampleRun() {
	inDir(func(o *exampleOffice) {
		targets := []erasure.Target{{ID: "71", Also: []string{"p71@example.com"}}, {ID: "42"}}
		sum, err := erasure.Run(context.Background(), erasure.Job{
			Plan: o.approved(targets), Keys: o.keys, Operator: o.operator, ReceiptKey: o.receipt, GuardKey: o.guard,
			Targets: targets, Client: o.client, Dir: filepath.Join(o.dir, "receipt"),
		})
		fmt.Println(sum.Subjects, sum.Accepted, sum.Ended, err)
	})
	// Output: 2 2 true <nil>
}

func ExampleVerify() {
	inDir(func(o *exampleOffice) {
		targets := []erasure.Target{{ID: "71", Also: []string{"p71@example.com"}}, {ID: "42"}}
		dir := o.erased(targets)
		job := erasure.VerifyJob{
			Dir: dir, Keys: o.keys, Operator: o.operator, ReceiptKey: o.receipt, GuardKey: o.guard, Targets: targets, App: o.app, Known: []string{"99"},
		}
		sum, err := erasure.Verify(context.Background(), job)
		fmt.Println(sum.Read, sum.Gone, sum.Reasons, err)

		// A client without a guard brings one of them back.
		if err := o.client.Send(context.Background(), cio.Identify{UserID: "42"}); err != nil {
			log.Fatal(err)
		}
		sum, err = erasure.Verify(context.Background(), job)
		fmt.Println(sum.Gone, sum.Contradicted, sum.Reasons[erasure.ReasonCameBack], err)
	})
	// Output:
	// 2 2 map[deletion-in-log:2] <nil>
	// 1 1 1 <nil>
}

func ExampleCheck() {
	inDir(func(o *exampleOffice) {
		dir := o.erased([]erasure.Target{{ID: "71"}, {ID: "42"}})
		c, err := erasure.Check(dir, erasure.CheckConfig{Keys: o.keys})
		fmt.Println(c.Plan.Operator, c.Plan.Approver, c.Entries, c.Signed, c.Totals.Accepted, err)

		file := filepath.Join(dir, "entries.jsonl")
		text := must1(os.ReadFile(file))
		text[300] ^= 1
		if err := os.WriteFile(file, text, 0o600); err != nil {
			log.Fatal(err)
		}
		_, err = erasure.Check(dir, erasure.CheckConfig{Keys: o.keys})
		fmt.Println(errors.Is(err, erasure.ErrDamaged))
	})
	// Output:
	// operator/ann approver/bob 7 7 2 <nil>
	// true
}

func ExampleGuardOf() {
	inDir(func(o *exampleOffice) {
		dir := o.erased([]erasure.Target{{ID: "71", Also: []string{"p71@example.com"}}})
		guard := must1(erasure.GuardOf([]string{dir}, erasure.CheckConfig{Keys: o.keys}, o.guard))
		fmt.Println(guard.Check(cio.Identity{UserID: "71"}))
		fmt.Println(guard.Check(cio.Identity{UserID: "new", Email: "P71@example.com"}))
		fmt.Println(guard.Check(cio.Identity{UserID: "42"}))
	})
	// Output:
	// erasure: the person was erased
	// erasure: the person was erased
	// <nil>
}

func ExampleReadGuard() {
	inDir(func(o *exampleOffice) {
		dir := o.erased([]erasure.Target{{ID: "71"}})
		file := filepath.Join(o.dir, "guard")
		if err := must1(erasure.GuardOf([]string{dir}, erasure.CheckConfig{Keys: o.keys}, o.guard)).WriteGuard(file); err != nil {
			log.Fatal(err)
		}
		guard := must1(erasure.ReadGuard(file, o.guard))
		fmt.Println(guard.Len(), guard.Has("71"), guard.Has("42"))
	})
	// Output: 1 true false
}

func ExampleFind() {
	inDir(func(o *exampleOffice) {
		dir := o.erased([]erasure.Target{{ID: "71"}, {ID: "42"}})
		found := must1(erasure.Find([]string{dir}, erasure.CheckConfig{Keys: o.keys}, o.receipt, "42"))
		for _, e := range found[0].Entries {
			fmt.Println(e.Type)
		}
	})
	// Output:
	// intent
	// outcome
}

func ExampleWriteProof() {
	inDir(func(o *exampleOffice) {
		dir := o.erased([]erasure.Target{{ID: "71"}, {ID: "42"}})
		bundle := filepath.Join(o.dir, "proof")
		fmt.Println(erasure.WriteProof(dir, erasure.CheckConfig{Keys: o.keys}, o.receipt, "42", bundle))

		// With the public keys anybody can check the proof, without the receipt. Only the receipt key shows whom it is about.
		p := must1(erasure.CheckProof(bundle, erasure.CheckConfig{Keys: o.keys}))
		fmt.Println(len(p.Entries), p.Entries[1].Outcome, p.Names(o.receipt, "42"))
	})
	// Output:
	// 2 <nil>
	// 2 accepted <nil>
}

func ExampleCheckProof() {
	inDir(func(o *exampleOffice) {
		dir := o.erased([]erasure.Target{{ID: "71"}, {ID: "42"}})
		bundle := filepath.Join(o.dir, "proof")
		must1(erasure.WriteProof(dir, erasure.CheckConfig{Keys: o.keys}, o.receipt, "42", bundle))
		p := must1(erasure.CheckProof(bundle, erasure.CheckConfig{Keys: o.keys}))
		fmt.Println(p.Checkpoint.Size, p.Checkpoint.Signer)
		fmt.Println(errors.Is(p.Names(o.receipt, "71"), erasure.ErrOtherPeople))
	})
	// Output:
	// 7 operator/ann
	// true
}
