package erasure

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ciokit/cio/appapi"
)

// DefaultWait is how long after its message a person may still be there.
const DefaultWait = 10 * time.Minute

// Reasons of what was read back.
const (
	// ReasonDeletionLogged (gone): the activity log of the workspace has the deletion too.
	ReasonDeletionLogged = "deletion-in-log"
	// ReasonAnonymised (gone): the activity of a suppressed person is anonymised, so the log does not show the deletion.
	ReasonAnonymised = "activity-anonymised"
	// ReasonAddressInUse (gone): a profile has an address of the person. It may be one that shared it and was not named.
	ReasonAddressInUse = "address-in-use"
	// ReasonTooSoon (not-yet): the message was accepted less than Wait ago.
	ReasonTooSoon = "too-soon"
	// ReasonRejected, ReasonUnsent and ReasonUnknown (not-yet): the message was not accepted, or nobody knows.
	ReasonRejected = "message-rejected"
	ReasonUnsent   = "message-unsent"
	ReasonUnknown  = "message-unknown"
	// ReasonStillThere (contradicted): the message was accepted long ago.
	ReasonStillThere = "still-there"
	// ReasonCameBack (contradicted): the person was gone once.
	ReasonCameBack = "came-back"
	// ReasonAddressCameBack (contradicted): a profile has an address of the person, and none had it once.
	ReasonAddressCameBack = "address-came-back"
	// ReasonRefused (cannot-tell): the App API refused to answer.
	ReasonRefused = "app-api-refused"
	// ReasonOddAnswer (cannot-tell): the App API's answer is not the documented one, or is about somebody else.
	ReasonOddAnswer = "app-api-answer"
	// ReasonUnsuppress (cannot-tell): no API shows whether a suppression has ended.
	ReasonUnsuppress = "unsuppress-not-visible"
)

// VerifyJob says which receipt is verified, and where people are looked up. All fields without a default are required.
type VerifyJob struct {
	// Dir is the receipt's directory.
	Dir string
	// Keys are the public keys that are trusted, and Operator is the key of who verifies. It signs the checkpoint, and must be on the keyring.
	Keys     Keyring
	Operator Signer
	// ReceiptKey and GuardKey are those of the plan, Targets are exactly its people, and TargetsHash is that of the file of targets, if the plan has one.
	ReceiptKey  ReceiptKey
	GuardKey    GuardKey
	Targets     []Target
	TargetsHash [sha256.Size]byte
	// App reads the workspace that the plan was for. Where that is at Customer.io, App must read there, in the same region. That it is the same workspace no API shows: see Known.
	App *appapi.Client
	// AnyAddress allows App to read at any address, such as a proxy.
	AnyAddress bool
	// Known are identifiers of people who are in the workspace and are not in the plan. If one is not there, App reads another workspace, where everybody seems to be
	// gone: nothing is verified then, and the error is ErrOtherKey. Default none.
	Known []string
	// Wait is how long after its message a person may still be there; default 10 min.
	Wait time.Duration
	// Again, if not 0, leaves out those who were found gone, or contradicted, less than this ago.
	Again time.Duration
	// OnProgress, if set, is told after each 100 people.
	OnProgress func(Verified)
	// Now is the time; default time.Now.
	Now func() time.Time
}

// Verified is what was read back.
type Verified struct {
	// Subjects is how many people the plan has, and Acted for how many of them there is an intent. Nobody else is looked up.
	Subjects int64 `json:"subjects"`
	Acted    int64 `json:"acted"`
	// Read is how many were looked up now, and Recent how many were left out for Again.
	Read   int64 `json:"read"`
	Recent int64 `json:"recent"`
	// Gone, NotYet, Contradicted and CannotTell count people by what was read back last, now or earlier.
	Gone         int64 `json:"gone"`
	NotYet       int64 `json:"not_yet"`
	Contradicted int64 `json:"contradicted"`
	CannotTell   int64 `json:"cannot_tell"`
	// Reasons counts those that were looked up now.
	Reasons map[string]int64 `json:"reasons,omitempty"`
	// Unknown counts people whose message has an unknown outcome, and Settled how many of them are gone.
	Unknown int64 `json:"unknown"`
	Settled int64 `json:"settled"`
	// Inferred counts people who were named by their cio_id. That Pipelines deletes by it is inferred, and not documented: only being gone shows it.
	Inferred int64 `json:"inferred"`
	// Open is how many intents a killed run had left without an outcome, Cut how many bytes of an unfinished last line were removed from the receipt.
	Open int64 `json:"open"`
	Cut  int64 `json:"cut"`
}

// Verify looks up in the App API what became of the people of a receipt, and writes it there.
//
// A person is gone when the workspace has nobody with any of their identifiers: the ID of the target, and the ids and cio_ids in Also. An address in Also may be
// that of another profile too, which was not named; so it says nothing, until it was once nobody's. Somebody who is there is contradicted if the message was
// accepted longer than Wait ago, or if they were gone once. See Verdict and the reasons.
//
// Verify may be killed and called again, at any time, also after the plan has expired; what a killed run left open becomes an unknown outcome. The error is nil
// when all were looked up, whatever became of them. It is appapi.ErrUnauthorized when the key is refused, appapi.ErrUnavailable or appapi.ErrRateLimited, or that of
// ctx: what was read until then is in the receipt. For targets, keys and the receipt it is as for Run. No error holds an identifier or a text of the server.
func Verify(ctx context.Context, job VerifyJob) (Verified, error) {
	v, err := newVerification(ctx, job)
	if err != nil {
		return Verified{}, err
	}
	err = v.begin()
	if err == nil {
		err = v.w.lift(v.plan, v.people, v.GuardKey) // which a killed run has left out
	}
	if err == nil {
		v.readLog(ctx)
		err = v.all(ctx)
	}
	if err == nil {
		err = v.end()
	}
	err = errors.Join(err, v.w.checkpoint(), v.w.close())
	return v.result(), err
}

// verification is one under way.
type verification struct {
	VerifyJob
	plan   *SignedPlan
	people *people
	w      *writer
	sum    Verified
	// deleted has when the people of the plan were deleted, as the activity log has it, in unix seconds.
	deleted map[Subject]int64
}

func newVerification(ctx context.Context, job VerifyJob) (*verification, error) {
	if job.Now == nil {
		job.Now = time.Now
	}
	if job.Wait == 0 {
		job.Wait = DefaultWait
	}
	v := &verification{VerifyJob: job, sum: Verified{Reasons: make(map[string]int64)}}
	if job.App == nil {
		return nil, errors.New("erasure: no Client for the App API")
	}
	signed, err := os.ReadFile(filepath.Join(job.Dir, planFile))
	if err != nil {
		return nil, notReceipt(job.Dir, err)
	}
	if v.plan, err = OpenPlan(signed, job.Keys); err != nil {
		return nil, fmt.Errorf("%s: %w", planFile, err)
	}
	if v.people, err = v.plan.people(job.Targets, job.TargetsHash, job.ReceiptKey, job.GuardKey); err != nil {
		return nil, err
	}
	if v.w, err = lockWriter(job.Dir, v.plan, job.Operator, job.Now); err != nil { // before anything is asked of the App API, which others use too
		return nil, err
	}
	if err := v.sameWorkspace(ctx); err != nil {
		return nil, errors.Join(err, v.w.close())
	}
	if err := v.w.begin(v.plan); err != nil {
		return nil, err
	}
	if v.w.fresh {
		return nil, errors.Join(errors.New("erasure: the receipt has no entry: nobody was acted on; run the plan first"), v.w.close())
	}
	return v, nil
}

// readsFrom has the address of the App API for each of those that messages go to.
var readsFrom = map[string]string{
	"https://cdp.customer.io":    "https://api.customer.io",
	"https://cdp-eu.customer.io": "https://api-eu.customer.io",
}

// sameWorkspace refuses to read where the plan's people never were: they would all seem to be gone.
func (v *verification) sameWorkspace(ctx context.Context) error {
	if want := readsFrom[v.plan.Target]; want != "" && !v.AnyAddress && v.App.Target() != want {
		return fmt.Errorf("%w: it is for %s, whose people are read at %s, and not at %s", ErrOtherKey, v.plan.Target, want, v.App.Target())
	}
	// To a server that is no App API everybody is a 404, as somebody is who is gone; a search for an address is not.
	if _, err := v.App.Customers().ByEmail(ctx, "nobody@ciokit.invalid"); errors.Is(err, appapi.ErrNotFound) {
		return fmt.Errorf("erasure: %s is no App API: it does not know how to look for an address", v.App.Target())
	}
	for i, id := range v.Known {
		if v.people.has(v.ReceiptKey.Subject(id)) {
			return fmt.Errorf("erasure: known person %d is one of the plan's, and so may be gone: name somebody who stays", i+1)
		}
	}
	return knownPeople(ctx, v.App, v.Known)
}

// end ends a receipt that goes on, if all people of the plan were acted on and each has a final outcome or is gone, or the plan has expired: no run would change it.
func (v *verification) end() error {
	t := v.w.tally
	left := t.totals().Unknown + t.totals().Unsent
	if t.ended || len(t.people) < v.plan.Subjects || left > t.settled() && v.Now().Before(v.plan.Expires) {
		return nil
	}
	return v.w.add(Entry{Type: EntryTypeEnd, Totals: t.totals()})
}

// begin says in the receipt that what a killed process left is gone on with.
func (v *verification) begin() error {
	t := v.w.tally
	v.sum.Open, v.sum.Cut = t.open(), v.w.cut
	if !v.w.left() {
		return nil
	}
	return v.w.resume()
}

// reading is what was read back of a person.
type reading struct {
	verdict Verdict
	reason  string
}

// all looks up everybody who was acted on, some at a time.
func (v *verification) all(ctx context.Context) error {
	const atOnce = 100
	batch := make([]*person, 0, atOnce)
	for i := range v.people.list {
		p := &v.people.list[i]
		if st, acted := v.w.tally.people[p.subject]; acted {
			if v.recent(st) {
				v.sum.Recent++
			} else {
				batch = append(batch, p)
			}
		}
		if len(batch) == atOnce || len(batch) > 0 && i == len(v.people.list)-1 {
			if err := v.some(ctx, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	if len(batch) > 0 {
		return v.some(ctx, batch)
	}
	return nil
}

// recent reports whether a person is left out for Again.
func (v *verification) recent(st standing) bool {
	settled := st.verdict() == VerdictGone || st.verdict() == VerdictContradicted || st.verdict() == VerdictCannotTell && v.plan.Action == ActionUnsuppress
	return v.Again > 0 && settled && v.Now().Sub(time.Unix(int64(st.readAt), 0)) < v.Again
}

func (v *verification) some(ctx context.Context, batch []*person) error {
	readings := make([]reading, len(batch))
	stop := inParallel(ctx, len(batch), func(ctx context.Context, i int) (err error) {
		readings[i], err = v.read(ctx, batch[i], v.w.tally.people[batch[i].subject])
		return err
	})
	for i, r := range readings {
		if r.verdict == "" {
			continue // it was not read
		}
		if err := v.w.add(Entry{Type: EntryTypeVerified, Subject: batch[i].subject, Verdict: r.verdict, Reason: r.reason}); err != nil {
			return err
		}
		v.sum.Read++
		if r.reason != "" {
			v.sum.Reasons[r.reason]++
		}
	}
	if err := v.w.checkpoint(); err != nil {
		return err
	}
	if v.OnProgress != nil {
		v.OnProgress(v.result())
	}
	return stop
}

// read looks up one person. An error ends the verification.
func (v *verification) read(ctx context.Context, p *person, st standing) (reading, error) {
	if v.plan.Action == ActionUnsuppress {
		return reading{VerdictCannotTell, ReasonUnsuppress}, nil
	}
	there, err := v.there(ctx, p)
	if err != nil {
		return unread(err)
	}
	if there {
		return v.present(st), nil
	}
	for _, id := range p.Also {
		if KindOf(id) != KindEmail {
			continue
		}
		found, err := profilesAt(ctx, v.App, id)
		if err != nil {
			return unread(err)
		}
		if len(found) > 0 && st.lastFree {
			return reading{VerdictContradicted, ReasonAddressCameBack}, nil
		}
		if len(found) > 0 {
			return reading{VerdictGone, ReasonAddressInUse}, nil
		}
	}
	if v.plan.Action == ActionSuppress {
		return reading{VerdictGone, ReasonAnonymised}, nil
	}
	if v.logged(p, st) {
		return reading{VerdictGone, ReasonDeletionLogged}, nil
	}
	return reading{verdict: VerdictGone}, nil
}

// there reports whether the workspace has somebody with one of the identifiers that are the person's alone.
func (v *verification) there(ctx context.Context, p *person) (bool, error) {
	found, err := profiles(ctx, v.App, p.ID)
	if err != nil || len(found) > 0 {
		return len(found) > 0, err
	}
	for _, id := range p.Also {
		if KindOf(id) == KindEmail {
			continue
		}
		if found, err := profileOf(ctx, v.App, id); err != nil || found != nil {
			return found != nil, err
		}
	}
	return false, nil
}

// present is what it means that a person is there.
func (v *verification) present(st standing) reading {
	switch {
	case st.lastGone:
		return reading{VerdictContradicted, ReasonCameBack}
	case st.outcome() == OutcomeRejected:
		return reading{VerdictNotYet, ReasonRejected}
	case st.outcome() == OutcomeUnsent:
		return reading{VerdictNotYet, ReasonUnsent}
	case st.outcome() != OutcomeAccepted:
		return reading{VerdictNotYet, ReasonUnknown}
	case v.Now().Sub(time.Unix(int64(st.actedAt), 0)) < v.Wait:
		return reading{VerdictNotYet, ReasonTooSoon}
	}
	return reading{VerdictContradicted, ReasonStillThere}
}

// keptActivities is how long Customer.io keeps activities.
const keptActivities = 30 * 24 * time.Hour

// readLog finds the deletions of the plan's people in the activity log of the workspace: all at once, since asking for each would take as long again as looking them up.
// What the log does not have says nothing, and so no error of it counts.
func (v *verification) readLog(ctx context.Context) {
	people := int64(len(v.w.tally.people))
	since := v.Now().Add(-keptActivities).Unix()
	if v.plan.Action != ActionDelete || people == 0 || v.w.tally.last.Unix() < since {
		return
	}
	since = max(since, v.w.tally.began.Unix()-300)
	v.deleted = make(map[Subject]int64)
	left := 10_000 + 10*people // others delete people too
	for a, err := range v.App.Activities().List(ctx, appapi.ActivityQuery{Type: appapi.ActivityProfileDelete, Deleted: true}) {
		if left--; err != nil || left < 0 || a.At.Unix() < since {
			return
		}
		for _, id := range [...]string{a.Customer.ID, a.Customer.Email, cioID(a.Customer)} {
			if id == "" || a.Type != appapi.ActivityProfileDelete {
				continue
			}
			s := v.ReceiptKey.Subject(id)
			if v.people.has(s) {
				v.deleted[s] = max(v.deleted[s], a.At.Unix())
			}
		}
	}
}

// logged reports whether the activity log had the person's deletion, with five minutes for clocks that differ.
func (v *verification) logged(p *person, st standing) bool {
	at, found := v.deleted[p.subject]
	return found && at >= int64(st.actedAt)-300
}

// unread is what it means that the App API did not say it. An error ends the verification: nobody else could be read either.
func unread(err error) (reading, error) {
	var api *appapi.APIError
	_ = errors.As(err, &api)
	switch {
	case errors.Is(err, appapi.ErrUnauthorized):
		return reading{VerdictCannotTell, ReasonRefused}, readError(err)
	case errors.Is(err, errOtherPerson), api != nil && api.Status == 200:
		return reading{VerdictCannotTell, ReasonOddAnswer}, nil
	case api != nil && api.Status != 0 && !errors.Is(err, appapi.ErrUnavailable) && !errors.Is(err, appapi.ErrRateLimited):
		return reading{VerdictCannotTell, ReasonRefused}, nil
	}
	return reading{}, readError(err)
}

func (v *verification) result() Verified {
	t, sum := v.w.tally, v.sum
	c := t.verdicts()
	sum.Subjects, sum.Acted = int64(v.plan.Subjects), int64(len(t.people))
	sum.Gone, sum.NotYet, sum.Contradicted, sum.CannotTell = c[VerdictGone], c[VerdictNotYet], c[VerdictContradicted], c[VerdictCannotTell]
	sum.Unknown, sum.Settled = t.counts[OutcomeUnknown]+t.open(), t.settled()
	for i := range v.people.list {
		p := &v.people.list[i]
		if _, acted := t.people[p.subject]; acted && KindOf(p.ID) == KindCIOID {
			sum.Inferred++
		}
	}
	return sum
}
