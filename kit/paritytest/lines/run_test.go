package lines

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/erasure"
)

// line is one row of a table: its subject, the outcome that the table names, and the line of Go, which can use the variables that docs/parity.md
// explains.
type line struct {
	what, outcome string
	run           func(ctx context.Context, client *cio.Client, key string, messages []cio.Message, err error, job erasure.Job) []any
}

// results returns the results of a call as a slice, however many they are.
func results(values ...any) []any { return values }

const writeKey = "parity"

// troubles are the things that can have happened before the line, by their names in the tables.
var troubles = map[string]emulator.Fault{
	"a 429":     {Status: http.StatusTooManyRequests, RetryAfter: 1},
	"a 500":     {Status: http.StatusInternalServerError},
	"no answer": {Reset: true},
}

func TestLines(t *testing.T) {
	t.Parallel()
	for _, l := range lines {
		t.Run(l.what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { runLine(t, l) })
		})
	}
}

func runLine(t *testing.T, l line) {
	outcome, after, _ := strings.Cut(l.outcome, " after ")
	srv := emulator.New(emulator.Config{Keys: []string{writeKey}})
	client := newClient(t, srv, writeKey)
	messages := []cio.Message{cio.Identify{UserID: "u1"}, cio.Page{UserID: "u1", Properties: map[string]any{"url": "https://shop.example.com/"}}}
	var err error
	switch outcome {
	case "true":
		if after != "" {
			err = errorAfter(t, srv, after)
		}
	case "accepted in several requests":
		for range 50 {
			messages = append(messages, cio.Track{UserID: "u1", Event: cio.Named("Note Written", map[string]any{"note": strings.Repeat("x", 20_000)})})
		}
	default:
		switch after {
		case "", "a run":
		default:
			addFault(t, srv, after, 1)
		}
	}
	job := approvedJob(t, client)
	if after == "a run" {
		if _, err := erasure.Run(t.Context(), job); err != nil {
			t.Fatal(err)
		}
	}
	got := l.run(t.Context(), client, writeKey, messages, err, job)
	failure, _ := got[len(got)-1].(error)
	name, rule, _ := strings.Cut(outcome, ": ")
	switch name {
	case "ok":
		if failure != nil {
			t.Errorf("got %v", failure)
		}
	case "error":
		if failure == nil {
			t.Error("no error")
		}
	case "true":
		if got[len(got)-1] != true {
			t.Errorf("got %v of the error %v", got, err)
		}
	case "rejected":
		var refusal *cio.MessageError
		if !errors.As(failure, &refusal) || string(refusal.Rule) != rule {
			t.Errorf("got %v", failure)
		}
	case "warned":
		e, _ := got[0].(cio.Encoded)
		warns := func(w cio.Warning) bool { return string(w.Rule) == rule }
		if failure != nil || !slices.ContainsFunc(e.Warnings(), warns) {
			t.Errorf("got %v with the warnings %v", failure, e.Warnings())
		}
	case "accepted", "accepted in several requests":
		requests := uint64(1)
		if name != "accepted" {
			requests = 2
		}
		checkAccepted(t, srv, failure, requests)
		if retries := client.Stats().Retries; (retries > 0) != (after != "") {
			t.Errorf("%d retries", retries)
		}
	default:
		t.Errorf("the test does not know the outcome %q", l.outcome)
	}
}

// checkAccepted checks that the server accepted everything, in at least that many requests.
func checkAccepted(t *testing.T, srv *emulator.Server, failure error, requests uint64) {
	t.Helper()
	if failure != nil {
		t.Error(failure)
	}
	stats, err := srv.Stats(writeKey)
	if err != nil || stats.Messages.Accepted == 0 || stats.Messages.Dropped+stats.Messages.Rejected != 0 || stats.Requests < requests {
		t.Errorf("%+v, %v, want at least %d requests", stats, err, requests)
	}
}

// approvedJob is the erasure of a person, with an order and an approval.
func approvedJob(t *testing.T, client *cio.Client) erasure.Job {
	t.Helper()
	var signers []erasure.Signer
	ring := ""
	for _, role := range []erasure.Role{erasure.RoleOperator, erasure.RoleApprover} {
		private, public, err := erasure.GenerateKey(role, map[erasure.Role]string{erasure.RoleOperator: "ann", erasure.RoleApprover: "bob"}[role])
		if err != nil {
			t.Fatal(err)
		}
		s, err := erasure.ParseSigner(private)
		if err != nil {
			t.Fatal(err)
		}
		signers, ring = append(signers, s), ring+public+"\n"
	}
	keys, err := erasure.ParseKeyring(ring)
	if err != nil {
		t.Fatal(err)
	}
	job := erasure.Job{
		Keys: keys, Operator: signers[0], ReceiptKey: erasure.NewReceiptKey(), GuardKey: erasure.NewGuardKey(), Client: client,
		Targets: []erasure.Target{{ID: "u1"}}, Dir: filepath.Join(t.TempDir(), "receipt"),
	}
	plan, _, err := erasure.NewPlan(erasure.PlanConfig{Action: erasure.ActionDelete, Client: client, ReceiptKey: job.ReceiptKey, GuardKey: job.GuardKey, Reason: "Art. 17 GDPR"}, job.Targets)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := erasure.SignPlan(plan, signers[0])
	if err != nil {
		t.Fatal(err)
	}
	if job.Plan, err = erasure.ApprovePlan(signed, keys, signers[1]); err != nil {
		t.Fatal(err)
	}
	return job
}

func newClient(t *testing.T, srv *emulator.Server, key string) *cio.Client {
	t.Helper()
	client, err := cio.NewClient(cio.Config{APIKey: key, BaseURL: "http://emulator", HTTPClient: &http.Client{Transport: srv.Transport()}, MaxElapsed: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// addFault makes that many calls fail; 0 means all.
func addFault(t *testing.T, srv *emulator.Server, trouble string, calls int) {
	t.Helper()
	f, ok := troubles[trouble]
	if !ok {
		t.Fatalf("the test does not know the trouble %q", trouble)
	}
	f.Count = calls
	if err := srv.AddFault(f); err != nil {
		t.Fatal(err)
	}
}

// errorAfter returns the error of a Send in that trouble.
func errorAfter(t *testing.T, srv *emulator.Server, trouble string) error {
	t.Helper()
	key := writeKey
	var message cio.Message = cio.Page{UserID: "u1"}
	switch trouble {
	case "a refused key":
		key = "another"
	case "an invalid message":
		message = cio.Page{}
	default:
		addFault(t, srv, trouble, 0)
	}
	err := newClient(t, srv, key).Send(t.Context(), message)
	if err == nil {
		t.Fatal("nothing went wrong")
	}
	return err
}
