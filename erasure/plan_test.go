package erasure_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/erasure"
	"golang.org/x/mod/sumdb/note"
)

func people(ids ...string) []erasure.Target {
	targets := make([]erasure.Target, len(ids))
	for i, id := range ids {
		targets[i].ID = id
	}
	return targets
}

func (o *office) planConfig() erasure.PlanConfig {
	return erasure.PlanConfig{Action: erasure.ActionDelete, Client: o.client, ReceiptKey: o.receipt, GuardKey: o.guard, Reason: "requests of November"}
}

// If a plan is refused, the error does not quote whom it is about.
func TestNewPlanRefuses(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	const who = "Ann.Smith@example.com"
	for name, tt := range map[string]struct {
		targets []erasure.Target
		change  func(*erasure.PlanConfig)
		want    string
	}{
		"nobody":                {nil, nil, "the plan names nobody"},
		"an empty id":           {people("a", ""), nil, "target 2: it is empty"},
		"spaces":                {people(" a"), nil, "target 1: it has spaces around it"},
		"another name's spaces": {[]erasure.Target{{ID: "a", Also: []string{"b\t"}}}, nil, "target 1: it has spaces"},
		"a line end":            {people("a\nb"), nil, "it contains a line end"},
		"a long id":             {people(strings.Repeat("x", 151)), nil, "it has 151 bytes"},
		"no action":             {people("a"), func(c *erasure.PlanConfig) { c.Action = "" }, `"" is not an action`},
		"no key":                {people("a"), func(c *erasure.PlanConfig) { c.GuardKey = erasure.GuardKey{} }, "needs a Client, a ReceiptKey and a GuardKey"},
		"no reason":             {people("a"), func(c *erasure.PlanConfig) { c.Reason = " " }, "the reason is empty"},
		"a reason of two lines": {people("a"), func(c *erasure.PlanConfig) { c.Reason = "x\naction suppress" }, "must be one line"},
		"a long reason":         {people("a"), func(c *erasure.PlanConfig) { c.Reason = strings.Repeat("x", 1001) }, "has 1001 bytes"},
		"the address":           {people(who), func(c *erasure.PlanConfig) { c.Reason = "as ann.smith@EXAMPLE.com asked" }, "target 1: the reason contains this identifier"},
		"the address's name":    {people(who), func(c *erasure.PlanConfig) { c.Reason = "asked by ann.smith, yesterday" }, "the part of this address before the @"},
		"a short id":            {people("42"), func(c *erasure.PlanConfig) { c.Reason = "for customer (42)." }, "the reason contains this identifier"},
		"an id after a sign":    {people("42"), func(c *erasure.PlanConfig) { c.Reason = "id=42" }, "the reason contains this identifier"},
		"a long id inside":      {people("kunde77"), func(c *erasure.PlanConfig) { c.Reason = "forKunde77now" }, "the reason contains this identifier"},
		"the request":           {people("a", who), func(c *erasure.PlanConfig) { c.Request = who }, "target 2: the request contains this identifier"},
		"another name":          {[]erasure.Target{{ID: "a1", Also: []string{who}}}, func(c *erasure.PlanConfig) { c.Reason = "mail of " + who }, "the reason contains this identifier"},
		"the past":              {people("a"), func(c *erasure.PlanConfig) { c.Expiry = -time.Hour }, "expires after -1h"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := o.planConfig()
			if tt.change != nil {
				tt.change(&cfg)
			}
			_, _, err := erasure.NewPlan(cfg, tt.targets)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("%v, want %q", err, tt.want)
			}
			if strings.Contains(strings.ToLower(err.Error()), "smith") {
				t.Errorf("it quotes the address: %v", err)
			}
		})
	}
	if _, _, err := erasure.NewPlan(o.planConfig(), people("11", "2026", "1")); err != nil {
		t.Errorf("a reason that names nobody: %v", err)
	}
}

// A person who is named twice is one person: addresses are compared without case, ids by their bytes.
func TestNewPlanCounts(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	p, doubles, err := erasure.NewPlan(o.planConfig(), people("ann@example.com", "Ann@Example.COM", "u1", "U1", "u1", "cio_ab", "cio_AB"))
	if err != nil || p.Subjects != 5 || doubles != 2 {
		t.Errorf("%d people, %d doubles, %v", p.Subjects, doubles, err)
	}
	q, _, err := erasure.NewPlan(o.planConfig(), people("cio_AB", "u1", "U1", "cio_ab", "ANN@example.com"))
	if err != nil || q.SubjectsHash != p.SubjectsHash || q.GuardHash != p.GuardHash {
		t.Errorf("the same people in another order make another plan: %v", err)
	}
	if r, _, err := erasure.NewPlan(o.planConfig(), people("cio_AB", "u2", "U1", "cio_ab", "ann@example.com")); err != nil || r.SubjectsHash == p.SubjectsHash {
		t.Errorf("other people make the same plan: %v", err)
	}
}

// A plan runs if an operator and an approver with another key have signed it. If the plan says so, the operator's signature is enough.
func TestPlanSignatures(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	plan, _, err := erasure.NewPlan(o.planConfig(), people("a"))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := erasure.SignPlan(plan, o.operator)
	if err != nil {
		t.Fatal(err)
	}
	approved, err := erasure.ApprovePlan(signed, o.keys, o.approver)
	if err != nil {
		t.Fatal(err)
	}
	other := newOffice(t, emulator.Config{})
	second, _ := signer(t, erasure.RoleOperator, "carl")
	otherPlan := plan
	otherPlan.Subjects = 2
	otherSigned, err := erasure.SignPlan(otherPlan, o.operator)
	if err != nil {
		t.Fatal(err)
	}
	signature := func(signed []byte, name string) string {
		for line := range strings.Lines(string(signed)) {
			if strings.HasPrefix(line, "— "+name+" ") {
				return line
			}
		}
		t.Fatalf("no signature of %s", name)
		return ""
	}
	byApproverAlone, err := note.Sign(&note.Note{Text: plan.Text()}, o.approver)
	if err != nil {
		t.Fatal(err)
	}
	now := plan.Created
	for name, tt := range map[string]struct {
		note []byte
		keys erasure.Keyring
		now  time.Time
		want error
	}{
		"approved":                       {approved, o.keys, now, nil},
		"not approved":                   {signed, o.keys, now, erasure.ErrNotApproved},
		"expired":                        {approved, o.keys, plan.Expires, erasure.ErrExpired},
		"a moment before":                {approved, o.keys, plan.Expires.Add(-time.Second), nil},
		"other keys":                     {approved, other.keys, now, erasure.ErrUntrusted},
		"no keys":                        {approved, erasure.Keyring{}, now, erasure.ErrUntrusted},
		"approver alone":                 {byApproverAlone, o.keys, now, erasure.ErrUntrusted},
		"altered":                        {bytes.Replace(approved, []byte("subjects 1\n"), []byte("subjects 9\n"), 1), o.keys, now, erasure.ErrAltered},
		"altered to need no approval":    {bytes.Replace(signed, []byte("two-keys"), []byte("single-operator"), 1), o.keys, now, erasure.ErrAltered},
		"an approval of another plan":    {append(bytes.Clone(otherSigned), signature(approved, "approver/bob")...), o.keys, now, erasure.ErrAltered},
		"an order of another plan":       {append(bytes.Clone(byApproverAlone), signature(otherSigned, "operator/ann")...), o.keys, now, erasure.ErrAltered},
		"no note":                        {[]byte("ciokit erasure plan 1\n"), o.keys, now, erasure.ErrAltered},
		"signed twice by the same":       {append(bytes.Clone(signed), signature(signed, "operator/ann")...), o.keys, now, erasure.ErrNotApproved},
		"a second operator approves not": {append(bytes.Clone(signed), signature(must(t)(note.Sign(&note.Note{Text: plan.Text()}, second)), "operator/carl")...), o.keys, now, erasure.ErrNotApproved},
	} {
		p, err := erasure.OpenPlan(tt.note, tt.keys)
		if err == nil {
			err = p.Ready(tt.now)
		}
		if !errors.Is(err, tt.want) || (tt.want == nil) != (err == nil) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	if p, err := erasure.OpenPlan(approved, o.keys); err != nil || p.Operator != "operator/ann" || p.Approver != "approver/bob" || p.Hash() != sha256.Sum256([]byte(plan.Text())) {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := erasure.SignPlan(plan, o.approver); err == nil {
		t.Error("an approver signs a plan as its operator")
	}
	if _, err := erasure.ApprovePlan(signed, o.keys, o.operator); err == nil {
		t.Error("an operator approves")
	}
}

func must(t *testing.T) func(signed []byte, err error) []byte {
	return func(signed []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
}

// A keyring must not have one key under two names, or two keys with one name.
func TestParseKeyring(t *testing.T) {
	t.Parallel()
	private, ann, err := erasure.GenerateKey(erasure.RoleOperator, "ann")
	if err != nil {
		t.Fatal(err)
	}
	_, bob := signer(t, erasure.RoleApprover, "bob")
	_, otherBob := signer(t, erasure.RoleApprover, "bob")
	// The operator's own key under the name of an approver.
	secret := strings.SplitN(private, "+", 5)[4]
	public := strings.SplitN(ann, "+", 3)[2]
	hash := func(name string) string {
		text := name + "\n" + string(decode(t, public))
		sum := sha256.Sum256([]byte(text))
		return fmt.Sprintf("%x", sum[:4])
	}
	eve := "approver/eve+" + hash("approver/eve") + "+" + public
	if _, err := erasure.ParseSigner("PRIVATE+KEY+approver/eve+" + hash("approver/eve") + "+" + secret); err != nil {
		t.Fatalf("the test's key is none: %v", err)
	}
	for text, want := range map[string]string{ann: "this is a public key, and signing needs the private key", "": "is not a private key", private[:40]: "is not a private key"} {
		if _, err := erasure.ParseSigner(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a signer of %q: %v, want %q", text, err, want)
		}
	}
	for text, want := range map[string]string{
		ann + "\n# a comment\n\n" + bob + ann + "\n": "",
		ann + "\n" + eve:       "is the key of operator/ann under another name",
		bob + otherBob:         "is a second key named approver/bob",
		"operator/ann":         "line 1 of the keyring is not a public key",
		bob + "\n" + private:   "line 3 of the keyring is a private key, which only its owner may have",
		key(t, "witness/w"):    `its name "witness/w" is not operator/NAME or approver/NAME`,
		key(t, "operator"):     `its name "operator" is not`,
		key(t, "operator/a/b"): `its name "operator/a/b" is not`,
		key(t, `operator/"a`):  `is not operator/NAME`,
	} {
		ring, err := erasure.ParseKeyring(text)
		if got := fmt.Sprint(err); want == "" && (err != nil || len(ring.Names()) != 2) || want != "" && !strings.Contains(got, want) {
			t.Errorf("%q: %v, %v, want %q", text, ring.Names(), err, want)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Error("the error contains the private key")
		}
	}
}

func key(t *testing.T, name string) string {
	t.Helper()
	_, public, err := note.GenerateKey(nil, name)
	if err != nil {
		t.Fatal(err)
	}
	return public
}

func decode(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Keys are never printed, whatever the verb, and can be parsed from their text.
func TestSecrets(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	for _, form := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
		for _, v := range []any{o.receipt, &o.receipt, o.guard, o.operator, o.job(nil, nil, "")} {
			text := fmt.Sprintf(form, v)
			if _, secret, _ := strings.Cut(o.receipt.Reveal(), "+"); strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", decode(t, secret))) || strings.Contains(text, fmt.Sprint(decode(t, secret))) {
				t.Errorf("%s of %T shows a key", form, v)
			}
		}
	}
	again, err := erasure.ParseReceiptKey(" " + o.receipt.Reveal() + "\n")
	if err != nil || again.Subject("u1") != o.receipt.Subject("u1") {
		t.Error(err)
	}
	for _, text := range []string{o.guard.Reveal(), "", o.receipt.Reveal() + "x", "x" + o.receipt.Reveal(), o.receipt.Reveal()[:40]} {
		if _, err := erasure.ParseReceiptKey(text); err == nil || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Nothing is sent if anything differs from the plan.
func TestRunRefuses(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	targets := o.identified(t, 20)
	plan := o.plan(t, erasure.ActionDelete, targets, nil)
	other := newOffice(t, emulator.Config{})
	carl, _ := signer(t, erasure.RoleOperator, "carl")
	elsewhere := clientFor(t, o.srv, "other-key", "http://emulator")
	before, err := o.srv.Stats(emulator.TestKey)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for name, tt := range map[string]struct {
		change func(*erasure.Job)
		want   error
	}{
		"one is missing": {func(j *erasure.Job) { j.Targets = targets[1:] }, erasure.ErrOtherPeople},
		"one more":       {func(j *erasure.Job) { j.Targets = append(people("x"), targets...) }, erasure.ErrOtherPeople},
		"another one":    {func(j *erasure.Job) { j.Targets = append(people("x"), targets[1:]...) }, erasure.ErrOtherPeople},
		"another case": {func(j *erasure.Job) {
			j.Targets = append([]erasure.Target{{ID: "Person-0", Also: targets[0].Also}}, targets[1:]...)
		}, erasure.ErrOtherPeople},
		"without other names":   {func(j *erasure.Job) { j.Targets = append(people("person-0"), targets[1:]...) }, erasure.ErrOtherPeople},
		"nobody":                {func(j *erasure.Job) { j.Targets = nil }, erasure.ErrOtherPeople},
		"too many":              {func(j *erasure.Job) { j.Max = 19 }, erasure.ErrTooMany},
		"another receipt key":   {func(j *erasure.Job) { j.ReceiptKey = other.receipt }, erasure.ErrOtherKey},
		"another guard key":     {func(j *erasure.Job) { j.GuardKey = other.guard }, erasure.ErrOtherKey},
		"no receipt key":        {func(j *erasure.Job) { j.ReceiptKey = erasure.ReceiptKey{} }, erasure.ErrOtherKey},
		"another workspace":     {func(j *erasure.Job) { j.Client = elsewhere }, erasure.ErrOtherKey},
		"another server":        {func(j *erasure.Job) { j.Client = clientFor(t, o.srv, emulator.TestKey, "http://elsewhere") }, erasure.ErrOtherKey},
		"an unknown operator":   {func(j *erasure.Job) { j.Operator = carl }, erasure.ErrUntrusted},
		"an approver as runner": {func(j *erasure.Job) { j.Operator = o.approver }, nil},
		"expired":               {func(j *erasure.Job) { j.Now = func() time.Time { return time.Now().Add(73 * time.Hour) } }, erasure.ErrExpired},
		"another keyring":       {func(j *erasure.Job) { j.Keys = other.keys }, erasure.ErrUntrusted},
	} {
		n++
		job := o.job(plan, targets, fmt.Sprint("receipt", n))
		tt.change(&job)
		if _, err := erasure.Run(context.Background(), job); err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	after, err := o.srv.Stats(emulator.TestKey)
	if err != nil || after.Requests != before.Requests {
		t.Errorf("%d requests were sent, %v", after.Requests-before.Requests, err)
	}
	job := o.job(plan, targets, "guarded")
	job.Client = clientOf(t, o.srv, func(id cio.Identity) error { return errors.New("no") })
	if _, err := erasure.Run(context.Background(), job); err == nil || !strings.Contains(err.Error(), "has a Guard") {
		t.Errorf("a Client with a Guard: %v", err)
	}
	job.Client = o.client
	if sum, err := erasure.Run(context.Background(), job); err != nil || sum.Accepted != 20 {
		t.Errorf("after it: %+v, %v", sum, err)
	}
}
