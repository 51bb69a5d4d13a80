package erasure_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/erasure"
)

func (o *office) verification(t testing.TB, dir string, targets []erasure.Target) erasure.VerifyJob {
	t.Helper()
	return erasure.VerifyJob{
		Dir: dir, Keys: o.keys, Operator: o.operator, ReceiptKey: o.receipt, GuardKey: o.guard, Targets: targets, App: appOf(t, o.srv),
	}
}

func verify(t testing.TB, job erasure.VerifyJob) erasure.Verified {
	t.Helper()
	sum, err := erasure.Verify(context.Background(), job)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func (o *office) send(t testing.TB, messages ...cio.Message) {
	t.Helper()
	if err := o.client.Send(context.Background(), messages...); err != nil {
		t.Fatal(err)
	}
}

// later returns a clock that is ahead.
func later(d time.Duration) func() time.Time { return func() time.Time { return time.Now().Add(d) } }

func TestVerify(t *testing.T) {
	t.Parallel()
	for action, reason := range map[erasure.Action]string{erasure.ActionDelete: erasure.ReasonDeletionLogged, erasure.ActionSuppress: erasure.ReasonAnonymised, erasure.ActionUnsuppress: erasure.ReasonUnsuppress} {
		t.Run(string(action), func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, emulator.Config{})
			targets := o.identified(t, 230)[:215]
			job := o.job(o.plan(t, action, targets, nil), targets, "receipt")
			if _, err := erasure.Run(context.Background(), job); err != nil {
				t.Fatal(err)
			}
			v := o.verification(t, job.Dir, targets)
			v.Known = []string{"person-220"}
			sum := verify(t, v)
			if sum.Read != 215 || sum.Acted != 215 || sum.Reasons[reason] != 215 || sum.Inferred != 0 || (action == erasure.ActionUnsuppress) != (sum.CannotTell == 215) || (action != erasure.ActionUnsuppress) != (sum.Gone == 215) {
				t.Errorf("%+v", sum)
			}
			c, err := erasure.Check(job.Dir, o.check())
			if err != nil || !c.Ended || c.Verified[erasure.VerdictGone] != sum.Gone || c.Verified[erasure.VerdictCannotTell] != sum.CannotTell || c.Runs != 1 {
				t.Errorf("%+v, %v", c, err)
			}
			v.Again = time.Hour
			if sum := verify(t, v); sum.Read != 0 || sum.Recent != 215 {
				t.Errorf("again: %+v", sum)
			}
			v.Now = later(61 * time.Minute)
			if sum := verify(t, v); sum.Read != 215 || sum.Recent != 0 {
				t.Errorf("an hour later: %+v", sum)
			}
		})
	}
}

// What is read back depends on the message and on who is there.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	type target = erasure.Target
	identify := func(id, email string) cio.Message {
		traits := map[string]any{"n": 1}
		if email != "" {
			traits["email"] = email
		}
		return cio.Identify{UserID: id, Traits: traits}
	}
	for name, tt := range map[string]struct {
		target target
		before []cio.Message // before the deletion
		after  []cio.Message // after it, before each reading
		want   []string      // of readings 1 minute, 1 hour and 2 hours after it; what is named after is sent between the first and the second
	}{
		"an id":              {target{ID: "u"}, []cio.Message{identify("u", "")}, nil, []string{"gone deletion-in-log", "gone deletion-in-log"}},
		"an address":         {target{ID: "u@example.com"}, []cio.Message{identify("u", "u@example.com")}, nil, []string{"gone deletion-in-log", "gone deletion-in-log"}},
		"never there":        {target{ID: "u"}, nil, nil, []string{"gone deletion-in-log"}},
		"came back":          {target{ID: "u"}, []cio.Message{identify("u", "")}, []cio.Message{identify("u", "")}, []string{"gone deletion-in-log", "contradicted came-back", "contradicted came-back"}},
		"came back by cio":   {target{ID: "U@example.com"}, []cio.Message{identify("u", "u@example.com")}, []cio.Message{identify("v", "u@example.com")}, []string{"gone deletion-in-log", "contradicted came-back"}},
		"address came back":  {target{ID: "u", Also: []string{"u@example.com"}}, []cio.Message{identify("u", "u@example.com")}, []cio.Message{identify("v", "U@Example.com")}, []string{"gone deletion-in-log", "contradicted address-came-back"}},
		"address of another": {target{ID: "u", Also: []string{"w@example.com"}}, []cio.Message{identify("u", ""), identify("w", "w@example.com")}, nil, []string{"gone address-in-use", "gone address-in-use"}},
		"another id stays":   {target{ID: "u", Also: []string{"u2"}}, []cio.Message{identify("u", ""), identify("u2", "")}, nil, []string{"not-yet too-soon", "contradicted still-there"}},
		"another case stays": {target{ID: "u"}, []cio.Message{identify("u", ""), identify("U", "")}, nil, []string{"gone deletion-in-log"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, emulator.Config{})
			o.send(t, append(tt.before, cio.Identify{UserID: "stays"})...)
			targets := []target{tt.target}
			dir := o.ran(t, targets, "receipt")
			job := o.verification(t, dir, targets)
			for i, want := range tt.want {
				if i == 1 && len(tt.after) > 0 {
					o.send(t, tt.after...)
				}
				job.Now = later([]time.Duration{time.Minute, time.Hour, 2 * time.Hour}[i])
				sum := verify(t, job)
				if got := said(t, o, dir, tt.target.ID); got != want {
					t.Errorf("reading %d: %s, want %s; %+v", i, got, want, sum)
				}
			}
		})
	}
}

// said returns what a receipt says last about a person.
func said(t testing.TB, o *office, dir, id string) string {
	t.Helper()
	found, err := erasure.Find([]string{dir}, o.check(), o.receipt, id)
	if err != nil || len(found[0].Entries) == 0 {
		t.Fatal(err)
	}
	e := found[0].Entries[len(found[0].Entries)-1]
	return strings.TrimSpace(string(e.Verdict) + " " + e.Reason)
}

// If a person is there, and the message was not accepted, the verdict is not contradicted. If the outcome is unknown and the person is gone, it is
// settled.
func TestVerifyUnknown(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	targets := o.identified(t, 20)
	plan := o.plan(t, erasure.ActionDelete, targets, nil)
	job := o.job(plan, targets, "receipt")
	job.BatchSize = 5
	// The first batch arrives, but its answer does not.
	job.Client = newClient(t, cio.Config{APIKey: emulator.TestKey, BaseURL: "http://emulator", HTTPClient: lossy(o.srv, 1), MaxElapsed: time.Millisecond})
	sum, err := erasure.Run(context.Background(), job)
	if !errors.Is(err, cio.ErrUnavailable) || sum.Unknown != 5 || sum.Unsent != 15 {
		t.Fatalf("%+v, %v", sum, err)
	}
	v := o.verification(t, job.Dir, targets)
	v.Now = later(time.Hour)
	got := verify(t, v)
	if got.Acted != 5 || got.Read != 5 || got.Gone != 5 || got.Unknown != 5 || got.Settled != 5 {
		t.Errorf("%+v", got)
	}
	if c, err := erasure.Check(job.Dir, o.check()); err != nil || c.Settled != 5 || c.Ended {
		t.Errorf("%+v, %v", c, err)
	}
	job.Client, job.Now = o.client, v.Now
	if sum, err := erasure.Run(context.Background(), job); err != nil || sum.Accepted != 20 || !sum.Ended {
		t.Errorf("%+v, %v", sum, err)
	}
	if got := verify(t, v); got.Gone != 20 || got.Unknown != 0 || got.Settled != 0 {
		t.Errorf("%+v", got)
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	targets := o.identified(t, 20)[:12]
	dir := o.ran(t, targets, "receipt")
	other := newOffice(t, emulator.Config{})
	before := must(t)(os.ReadFile(filepath.Join(dir, "entries.jsonl")))
	for name, tt := range map[string]struct {
		change func(*erasure.VerifyJob)
		want   error
	}{
		"no receipt":        {func(j *erasure.VerifyJob) { j.Dir = filepath.Join(o.dir, "none") }, os.ErrNotExist},
		"one is missing":    {func(j *erasure.VerifyJob) { j.Targets = targets[1:] }, erasure.ErrOtherPeople},
		"another":           {func(j *erasure.VerifyJob) { j.Targets = append(people("x"), targets[1:]...) }, erasure.ErrOtherPeople},
		"another key":       {func(j *erasure.VerifyJob) { j.ReceiptKey = other.receipt }, erasure.ErrOtherKey},
		"another guard":     {func(j *erasure.VerifyJob) { j.GuardKey = other.guard }, erasure.ErrOtherKey},
		"other keys":        {func(j *erasure.VerifyJob) { j.Keys = other.keys }, erasure.ErrUntrusted},
		"another operator":  {func(j *erasure.VerifyJob) { j.Operator = other.operator }, nil},
		"an approver":       {func(j *erasure.VerifyJob) { j.Operator = o.approver }, nil},
		"no client":         {func(j *erasure.VerifyJob) { j.App = nil }, nil},
		"another workspace": {func(j *erasure.VerifyJob) { j.App = appOf(t, other.srv); j.Known = []string{"person-15"} }, erasure.ErrOtherKey},
		"no App API":        {func(j *erasure.VerifyJob) { j.App = (&workspace{status: 404}).app(t) }, nil},
		"known and planned": {func(j *erasure.VerifyJob) { j.Known = []string{"person-5"} }, nil},
		"known is nobody":   {func(j *erasure.VerifyJob) { j.Known = []string{""} }, nil},
	} {
		job := o.verification(t, dir, targets)
		tt.change(&job)
		if sum, err := erasure.Verify(context.Background(), job); err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %+v, %v, want %v", name, sum, err, tt.want)
		}
	}
	if _, err := os.Stat(filepath.Join(o.dir, "none")); err == nil {
		t.Error("a verification without a receipt created one")
	}
	if after := must(t)(os.ReadFile(filepath.Join(dir, "entries.jsonl"))); !bytes.Equal(before, after) {
		t.Error("a verification that was refused wrote to the receipt")
	}
	eu := newOffice(t, emulator.Config{})
	eu.client = clientFor(t, eu.srv, "k", "https://cdp-eu.customer.io")
	job := eu.job(eu.plan(t, erasure.ActionDelete, people("a"), nil), people("a"), "receipt")
	if _, err := erasure.Run(context.Background(), job); err != nil {
		t.Fatal(err)
	}
	v := eu.verification(t, job.Dir, people("a"))
	if _, err := erasure.Verify(context.Background(), v); !errors.Is(err, erasure.ErrOtherKey) {
		t.Errorf("read at another server: %v", err)
	}
	v.AnyAddress = true
	verify(t, v)
}

// If the App API refuses, Verify stops if nobody else could be read either. Otherwise it writes cannot-tell for that person.
func TestVerifyAppRefuses(t *testing.T) {
	t.Parallel()
	for status, tt := range map[int]struct {
		want error
		said string
	}{401: {appapi.ErrUnauthorized, "cannot-tell app-api-refused"}, 403: {appapi.ErrUnauthorized, "cannot-tell app-api-refused"}, 400: {nil, "cannot-tell app-api-refused"}, 429: {appapi.ErrRateLimited, ""}, 500: {appapi.ErrUnavailable, ""}} {
		o := newOffice(t, emulator.Config{})
		dir := o.ran(t, people("only"), "receipt")
		job := o.verification(t, dir, people("only"))
		job.App = (&workspace{status: status}).app(t)
		sum, err := erasure.Verify(context.Background(), job)
		if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) || err != nil && strings.Contains(err.Error(), "only") {
			t.Errorf("%d: %+v, %v", status, sum, err)
		}
		if got := said(t, o, dir, "only"); got != tt.said {
			t.Errorf("%d: %q, want %q", status, got, tt.said)
		}
		if _, err := erasure.Check(dir, o.check()); err != nil {
			t.Errorf("%d: %v", status, err)
		}
	}
}

// cioID returns the cio_id of a person with that address.
func (o *office) cioID(t testing.TB, address string) string {
	t.Helper()
	found, _, err := erasure.Resolve(context.Background(), appOf(t, o.srv), people(address), erasure.ResolveConfig{})
	if err != nil || len(found) != 1 || len(found[0].Also) == 0 {
		t.Fatal(found, err)
	}
	return found[0].Also[0]
}

// People who are named only by a cio_id are counted separately, and another operator's verification can be checked.
func TestVerifyByCIOID(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	o.send(t, cio.Identify{UserID: "alone@example.com"}, cio.Identify{UserID: "u"})
	targets, _, err := erasure.Resolve(context.Background(), appOf(t, o.srv), people(o.cioID(t, "alone@example.com"), "u"), erasure.ResolveConfig{})
	if err != nil {
		t.Fatal(err)
	}
	dir := o.ran(t, targets, "receipt")
	job := o.verification(t, dir, targets)
	carl, public := signer(t, erasure.RoleOperator, "carl")
	job.Operator = carl
	if job.Keys, err = erasure.ParseKeyring(o.keys.String() + public); err != nil {
		t.Fatal(err)
	}
	if sum := verify(t, job); sum.Gone != 2 || sum.Inferred != 1 || sum.Reasons[erasure.ReasonDeletionLogged] != 2 {
		t.Errorf("%+v", sum)
	}
	if _, err := erasure.Check(dir, erasure.CheckConfig{Keys: job.Keys}); err != nil {
		t.Error(err)
	}
	if _, err := erasure.Check(dir, erasure.CheckConfig{}); err != nil {
		t.Errorf("with the receipt's own keys: %v", err)
	}
	if _, err := erasure.Check(dir, o.check()); !errors.Is(err, erasure.ErrUntrusted) || !strings.Contains(err.Error(), "operator/carl") {
		t.Errorf("with a keyring that has not all: %v", err)
	}
}

// After a process was killed, a verification continues its receipt, whatever it left.
func TestVerifyGoesOn(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	targets := o.identified(t, 5)
	dir := o.ran(t, targets, "receipt")
	job := o.verification(t, dir, targets)
	verify(t, job)
	whole := must(t)(os.ReadFile(filepath.Join(dir, "entries.jsonl")))
	lines := bytes.SplitAfter(whole, []byte("\n"))
	for cut := 0; cut < len(lines[14])+len(lines[15]); cut += 37 {
		text := whole[:len(whole)-len(bytes.Join(lines[14:], nil))+cut]
		again := filepath.Join(o.dir, fmt.Sprint("cut", cut))
		if err := os.CopyFS(again, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(again, "entries.jsonl"), text)
		if err := os.Remove(filepath.Join(again, "checkpoints", fmt.Sprintf("%012d", len(lines)-1))); err != nil {
			t.Fatal(err)
		}
		job.Dir = again
		sum := verify(t, job)
		c, err := erasure.Check(again, o.check())
		if err != nil || !c.Ended || sum.Gone != 5 || c.Verified[erasure.VerdictGone] != 5 {
			t.Errorf("cut at %d: %+v, %+v, %v", cut, sum, c, err)
		}
		if torn := int64(len(text) - 1 - bytes.LastIndexByte(text, '\n')); sum.Cut != torn || c.Runs != 2 { // at least one entry was not signed
			t.Errorf("cut at %d: %+v, %d runs", cut, sum, c.Runs)
		}
	}
}

// The next process removes files that a killed process was writing, and nothing else.
func TestLeftFilesAreRemoved(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	targets := o.identified(t, 3)
	dir := o.ran(t, targets, "receipt")
	left := []string{".plan.note-12", ".keys-3", ".guard-4", "checkpoints/.000000000008-5"}
	for _, name := range append(left, "my-notes") {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), nil)
	}
	verify(t, o.verification(t, dir, targets))
	for _, name := range left {
		if _, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(name))); err == nil {
			t.Errorf("%s is there", name)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, "my-notes")); err != nil {
		t.Error(err)
	}
}

// If a workspace treats a cio_id as an ordinary id, a deletion by it deletes nobody, and reading back shows that.
func TestVerifyWhereCIOIDsDeleteNobody(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{PlainCIOIDs: true})
	o.send(t, cio.Identify{UserID: "alone@example.com"}, cio.Identify{UserID: "u"})
	targets, _, err := erasure.Resolve(context.Background(), appOf(t, o.srv), people(o.cioID(t, "alone@example.com"), "u"), erasure.ResolveConfig{})
	if err != nil {
		t.Fatal(err)
	}
	dir := o.ran(t, targets, "receipt")
	job := o.verification(t, dir, targets)
	if sum := verify(t, job); sum.NotYet != 1 || sum.Gone != 1 || sum.Inferred != 1 {
		t.Errorf("at once: %+v", sum)
	}
	job.Now = later(time.Hour)
	if sum := verify(t, job); sum.Contradicted != 1 || sum.Reasons[erasure.ReasonStillThere] != 1 || sum.Inferred != 1 {
		t.Errorf("an hour later: %+v", sum)
	}
}

// An answer about another person, or one that is not valid, shows nothing.
func TestVerifyOddAnswers(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"somebody else": `{"customer":{"identifiers":{"id":"other","cio_id":"ff"}},"results":[{"id":"other","email":"other@example.com","cio_id":"ff"}]}`,
		"no JSON":       "<html>",
	} {
		for _, id := range []string{"u1", "u1@example.com", "cio_01"} {
			o := newOffice(t, emulator.Config{})
			dir := o.ran(t, people(id), "receipt")
			job := o.verification(t, dir, people(id))
			job.App = newApp(t, appapi.Config{APIKey: "k", BaseURL: "http://emulator", HTTPClient: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, Request: r, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
			})}})
			if sum := verify(t, job); sum.CannotTell != 1 || said(t, o, dir, id) != "cannot-tell app-api-answer" {
				t.Errorf("%s, %s: %+v", name, id, sum)
			}
		}
	}
}
