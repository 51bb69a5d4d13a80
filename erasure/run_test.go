package erasure_test

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/erasure"
)

// A third of a workspace is erased, from plan to verification. These people are gone and stay gone, and everybody else is unchanged.
func TestErasureOfMany(t *testing.T) {
	t.Parallel()
	n := counted(500, 2_000, 10_000)
	o := newOffice(t, emulator.Config{MaxMessages: 1_000_000})
	all := o.identified(t, 3*n)
	var targets, others []erasure.Target
	for i := range all {
		if i%3 == 1 {
			targets = append(targets, all[i])
		} else {
			others = append(others, all[i])
		}
	}
	before, err := o.srv.Snapshot(emulator.TestKey)
	if err != nil {
		t.Fatal(err)
	}
	job := o.job(o.plan(t, erasure.ActionDelete, targets, nil), targets, "receipt")
	if sum, err := erasure.Run(context.Background(), job); err != nil || sum.Accepted != int64(n) {
		t.Fatalf("%+v, %v", sum, err)
	}
	v := o.verification(t, job.Dir, targets)
	v.Known = []string{others[0].ID}
	if sum := verify(t, v); sum.Gone != int64(n) {
		t.Errorf("%+v", sum)
	}
	c, err := erasure.Check(job.Dir, o.check())
	if err != nil || c.Verified[erasure.VerdictGone] != int64(n) {
		t.Errorf("%+v, %v", c, err)
	}
	g, err := erasure.GuardOf([]string{job.Dir}, o.check(), o.guard)
	if err != nil {
		t.Fatal(err)
	}
	guarded := clientOf(t, o.srv, g.Check)
	for i := 0; i < n; i += 1 + n/50 {
		p := targets[i]
		for _, m := range []cio.Message{cio.Identify{UserID: p.ID}, cio.Identify{UserID: "x", Traits: map[string]any{"email": strings.ToUpper(p.Also[0])}}, cio.Alias{PreviousID: "x", UserID: p.ID}} {
			if err := guarded.Send(context.Background(), m); !errors.Is(err, erasure.ErrErased) {
				t.Errorf("%T of an erased person: %v", m, err)
			}
		}
	}
	after, err := o.srv.Snapshot(emulator.TestKey)
	if err != nil {
		t.Fatal(err)
	}
	d := emulator.Diff(before, after)
	if d.PeopleChanged != n || d.ObjectsChanged != 0 {
		t.Errorf("%d people differ, want %d", d.PeopleChanged, n)
	}
	for _, c := range d.People {
		if c.What != "removed" {
			t.Errorf("%s is %s", c.Name, c.What)
		}
	}
	for _, p := range others {
		if _, err := o.srv.Person(emulator.TestKey, p.ID); err != nil {
			t.Errorf("%s is gone, and was not named", p.ID)
		}
	}
}

// Identifiers that look alike are different people, and nobody is erased who was not named.
func TestRunNamesExactly(t *testing.T) {
	t.Parallel()
	inWorkspace := []string{"u1", "U1", "u 1", "0012", "12", "cio_u1", "u1@example.com", "User@Example.com", "café", "cafe\u0301", "null", "u1/x", "u1?x", "u%31"}
	for name, tt := range map[string]struct {
		named []string
		gone  []string // of the workspace
	}{
		"an id":                    {[]string{"u1"}, []string{"u1"}},
		"its other case":           {[]string{"U1"}, []string{"U1"}},
		"a number with zeros":      {[]string{"0012"}, []string{"0012"}},
		"an address in other case": {[]string{"USER@EXAMPLE.COM"}, []string{"User@Example.com"}},
		"two forms of a letter":    {[]string{"café"}, []string{"café"}},
		"a word of a program":      {[]string{"null"}, []string{"null"}},
		"signs of a path":          {[]string{"u1/x", "u%31"}, []string{"u1/x", "u%31"}},
		"a space inside":           {[]string{"u 1"}, []string{"u 1"}},
		"nobody":                   {[]string{"u2", "cio_ffff", "nobody@example.com"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, emulator.Config{})
			for _, id := range inWorkspace {
				o.send(t, cio.Identify{UserID: id, Traits: map[string]any{"n": 1}})
			}
			dir := o.ran(t, people(tt.named...), "receipt")
			sum := verify(t, o.verification(t, dir, people(tt.named...)))
			if sum.Gone != int64(len(tt.named)) {
				t.Errorf("%+v", sum)
			}
			for _, id := range inWorkspace {
				if id == "cio_u1" {
					continue // the emulator drops a message with a cio_id that nobody has
				}
				_, err := o.srv.Person(emulator.TestKey, id)
				if gone := err != nil; gone != slices.Contains(tt.gone, id) {
					t.Errorf("%q is gone: %v", id, gone)
				}
			}
		})
	}
}

// A person who is gone already, or suppressed already, is accepted again and is gone.
func TestRunAgain(t *testing.T) {
	t.Parallel()
	for _, action := range []erasure.Action{erasure.ActionDelete, erasure.ActionSuppress} {
		o := newOffice(t, emulator.Config{Strict: true})
		targets := o.identified(t, 10)
		for _, name := range []string{"first", "second"} {
			job := o.job(o.plan(t, action, targets, func(cfg *erasure.PlanConfig) { cfg.Request = name }), targets, name)
			if sum, err := erasure.Run(context.Background(), job); err != nil || sum.Accepted != 10 {
				t.Errorf("%s, %s: %+v, %v", action, name, sum, err)
			}
			if sum := verify(t, o.verification(t, job.Dir, targets)); sum.Gone != 10 {
				t.Errorf("%s, %s: %+v", action, name, sum)
			}
		}
	}
}

// A refused key, a missing server and an ended ctx stop a run: nobody is lost, and the next run resumes.
func TestRunStops(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		want   error
	}{"401": {401, cio.ErrUnauthorized}, "403": {403, nil}, "500": {500, cio.ErrUnavailable}, "429": {429, nil}, "a ctx that ends": {0, context.Canceled}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, emulator.Config{})
			targets := o.identified(t, 30)
			job := o.job(o.plan(t, erasure.ActionDelete, targets, nil), targets, "receipt")
			job.BatchSize = 10
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			asked := 0
			job.Client = newClient(t, cio.Config{APIKey: emulator.TestKey, BaseURL: "http://emulator", MaxElapsed: 1, HTTPClient: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				switch asked++; {
				case asked == 1:
				case tt.status == 0:
					cancel()
					return nil, r.Context().Err()
				default:
					return &http.Response{StatusCode: tt.status, Request: r, Header: http.Header{}, Body: http.NoBody}, nil
				}
				return o.srv.Transport().RoundTrip(r)
			})}})
			sum, err := erasure.Run(ctx, job)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) || tt.status != 0 && !strings.Contains(err.Error(), name) {
				t.Errorf("%v, want %v", err, tt.want)
			}
			if sum.Accepted != 10 || sum.Rejected != 0 || sum.Unsent+sum.Unknown != 20 || sum.Ended || asked > 3 {
				t.Errorf("%+v, %d calls", sum, asked)
			}
			if c, err := erasure.Check(job.Dir, o.check()); err != nil || c.Totals != sum.Totals {
				t.Errorf("%+v, %v", c, err)
			}
			job.Client = o.client
			if sum, err := erasure.Run(context.Background(), job); err != nil || sum.Accepted != 30 || sum.Earlier != 10 {
				t.Errorf("the next run: %+v, %v", sum, err)
			}
		})
	}
}

// If the receipt key was destroyed, or the plan has more keys, a receipt can still be checked, but nobody can be found in it.
func TestReceiptKeyDestroyed(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	targets := o.identified(t, 10)
	dir := o.ran(t, targets, "receipt")
	_, public := signer(t, erasure.RoleApprover, "dora")
	keys, err := erasure.ParseKeyring("# who may sign\n" + public + o.keys.String())
	if err != nil {
		t.Fatal(err)
	}
	for _, cfg := range []erasure.CheckConfig{{Keys: keys}, o.check(), {}} {
		if c, err := erasure.Check(dir, cfg); err != nil || c.Totals.Accepted != 10 {
			t.Errorf("%+v, %v", c, err)
		}
	}
	g, err := erasure.GuardOf([]string{dir}, o.check(), o.guard)
	if err != nil || !g.Has("person-3") || !g.Has("person3@example.com") || g.Has("person-11") {
		t.Errorf("the guard without the receipt key: %v", err)
	}
	v := o.verification(t, dir, targets)
	v.ReceiptKey = erasure.ReceiptKey{}
	if _, err := erasure.Verify(context.Background(), v); !errors.Is(err, erasure.ErrOtherKey) {
		t.Error(err)
	}
	if _, err := erasure.WriteProof(dir, o.check(), erasure.ReceiptKey{}, "person-3", filepath.Join(o.dir, "proof")); !errors.Is(err, erasure.ErrOtherKey) {
		t.Error(err)
	}
}
