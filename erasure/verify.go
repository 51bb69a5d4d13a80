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

// DefaultWait is how long after the message a person may still be there.
const DefaultWait = 10 * time.Minute

// Reasons of verdicts.
const (
	// ReasonDeletionLogged (gone): the activity log of the workspace has the deletion too.
	ReasonDeletionLogged = "deletion-in-log"
	// ReasonAnonymised (gone): the activity of a suppressed person is anonymised, so the log does not show the deletion.
	ReasonAnonymised = "activity-anonymised"
	// ReasonAddressInUse (gone): a profile has an address of the person. It may be a profile that shared the address and was not named.
	ReasonAddressInUse = "address-in-use"
	// ReasonTooSoon (not-yet): the message was accepted less than Wait ago.
	ReasonTooSoon = "too-soon"
	// ReasonRejected, ReasonUnsent and ReasonUnknown (not-yet): the message was not accepted, or nobody knows.
	ReasonRejected = "message-rejected"
	ReasonUnsent   = "message-unsent"
	ReasonUnknown  = "message-unknown"
	// ReasonStillThere (contradicted): the message was accepted long ago.
	ReasonStillThere = "still-there"
	// ReasonCameBack (contradicted): the person was gone in an earlier reading.
	ReasonCameBack = "came-back"
	// ReasonAddressCameBack (contradicted): a profile has an address of the person, and in an earlier reading no profile had it.
	ReasonAddressCameBack = "address-came-back"
	// ReasonRefused (cannot-tell): the App API refused to answer.
	ReasonRefused = "app-api-refused"
	// ReasonOddAnswer (cannot-tell): the App API's answer is not the documented one, or is about somebody else.
	ReasonOddAnswer = "app-api-answer"
	// ReasonUnsuppress (cannot-tell): no API shows whether a suppression has ended.
	ReasonUnsuppress = "unsuppress-not-visible"
)

// VerifyJob says which receipt to verify, and where to look people up. All fields without a default are required.
type VerifyJob struct {
	// Dir is the receipt's directory.
	Dir string
	// Keys are the public keys that are trusted. Operator is the key of the person who verifies. It signs the checkpoint, and must be on the keyring.
	Keys     Keyring
	Operator Signer
	// ReceiptKey and GuardKey are the keys of the plan. Targets are exactly its people. TargetsHash is the hash of the file of targets, if the plan
	// has one.
	ReceiptKey  ReceiptKey
	GuardKey    GuardKey
	Targets     []Target
	TargetsHash [sha256.Size]byte
	// App reads the workspace that the plan was for. If the plan was for Customer.io, App must read there too, in the same region. No API shows
	// whether it is the same workspace: see Known.
	App *appapi.Client
	// AnyAddress allows App to read at any address, such as a proxy.
	AnyAddress bool
	// Known are identifiers of people who are in the workspace and are not in the plan. If one is not there, App reads another workspace, where
	// everybody seems to be gone. Then nothing is verified, and the error is ErrOtherKey. Default none.
	Known []string
	// Wait is how long after the message a person may still be there; default 10 min.
	Wait time.Duration
	// Again, if not 0, skips people who were found gone, or contradicted, less than this ago. If the plan ends suppressions, it skips all who were
	// read less than this ago.
	Again time.Duration
	// OnProgress, if set, is called after each 100 people.
	OnProgress func(Verified)
	// Now is the time; default time.Now.
	Now func() time.Time
}

// Verified is the result of a verification.
type Verified struct {
	// Subjects is how many people the plan has. Acted is how many of them have an intent. Nobody else is looked up.
	Subjects int64 `json:"subjects"`
	Acted    int64 `json:"acted"`
	// Read is how many people were looked up now. Recent is how many were skipped because of Again.
	Read   int64 `json:"read"`
	Recent int64 `json:"recent"`
	// Gone, NotYet, Contradicted and CannotTell count people by their last reading, now or earlier.
	Gone         int64 `json:"gone"`
	NotYet       int64 `json:"not_yet"`
	Contradicted int64 `json:"contradicted"`
	CannotTell   int64 `json:"cannot_tell"`
	// Reasons counts the people who were looked up now, by reason.
	Reasons map[string]int64 `json:"reasons,omitempty"`
	// Unknown counts people whose message has an unknown outcome. Settled is how many of them are gone.
	Unknown int64 `json:"unknown"`
	Settled int64 `json:"settled"`
	// Inferred counts people who were named by their cio_id. It is inferred, and not documented, that Pipelines deletes by a cio_id: only the verdict
	// gone shows it.
	Inferred int64 `json:"inferred"`
	// Open is how many intents a killed run left without an outcome. Cut is how many bytes of an unfinished last line were removed from the receipt.
	Open int64 `json:"open"`
	Cut  int64 `json:"cut"`
}

// Verify looks up in the App API what became of the people of a receipt, and writes the result into the receipt.
//
// A person is gone if the workspace has nobody with any of their identifiers: the ID of the target, and the ids and cio_ids in Also. Another profile,
// which was not named, may also have an address in Also. So such an address shows nothing until a reading finds that nobody has it. If a person is
// there, the verdict is contradicted if the message was accepted longer than Wait ago, or if an earlier reading found them gone. See Verdict and the
// reasons.
//
// The process can be killed, and you can call Verify again at any time, even after the plan has expired. If a killed run left an intent open, its
// outcome becomes unknown. The error is nil if all people were looked up, whatever became of them. It is appapi.ErrUnauthorized if the key is
// refused. It can also be appapi.ErrUnavailable, appapi.ErrRateLimited, or the error of ctx. The results until then are in the receipt. For wrong
// targets, keys and receipts the errors are those of Run. No error contains an identifier or a text of the server.
func Verify(ctx context.Context, job VerifyJob) (Verified, error) {
	v, err := newVerification(ctx, job)
	if err != nil {
		return Verified{}, err
	}
	err = v.begin()
	if err == nil {
		err = v.w.lift(v.plan, v.people, v.GuardKey) // a killed run may have left it out
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

// verification is one verification in progress.
type verification struct {
	VerifyJob
	plan   *SignedPlan
	people *people
	w      *writer
	sum    Verified
	// deleted has the times of deletions of the plan's people, from the activity log, in unix seconds.
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
		return nil, errors.New("erasure: VerifyJob.App is missing")
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
	if v.w, err = lockWriter(job.Dir, v.plan, job.Operator, job.Now); err != nil { // before any request to the App API, because others use its limit too
		return nil, err
	}
	if err := v.sameWorkspace(ctx); err != nil {
		return nil, errors.Join(err, v.w.close())
	}
	if err := v.w.begin(v.plan); err != nil {
		return nil, err
	}
	if v.w.fresh {
		return nil, errors.Join(errors.New("erasure: the receipt has no entries: the plan was not run to it; run the plan first"), v.w.close())
	}
	return v, nil
}

// readsFrom has the address of the App API for each address that messages are sent to.
var readsFrom = map[string]string{
	"https://cdp.customer.io":    "https://api.customer.io",
	"https://cdp-eu.customer.io": "https://api-eu.customer.io",
}

// sameWorkspace refuses to read a place where the plan's people never were: they would all seem to be gone.
func (v *verification) sameWorkspace(ctx context.Context) error {
	if want := readsFrom[v.plan.Target]; want != "" && !v.AnyAddress && v.App.Target() != want {
		return because(ErrOtherKey, "the plan is for %s, so its people must be looked up at %s, but App sends to %s", v.plan.Target, want, v.App.Target())
	}
	// A server that is not the App API answers 404 for everybody, just as the App API does for a person who is gone. But the App API does not answer
	// 404 to a search for an address.
	if _, err := v.App.Customers().ByEmail(ctx, "nobody@ciokit.invalid"); errors.Is(err, appapi.ErrNotFound) {
		return fmt.Errorf("erasure: %s is not an App API: it cannot search for an address", v.App.Target())
	}
	for i, id := range v.Known {
		if v.people.has(v.ReceiptKey.Subject(id)) {
			return fmt.Errorf("erasure: known person %d is in the plan, and so may be gone: name somebody who stays", i+1)
		}
	}
	return knownPeople(ctx, v.App, v.Known)
}

// end ends a receipt if no run would change it any more: each person of the plan has an intent, and either each has a final outcome or is gone, or
// the plan has expired.
func (v *verification) end() error {
	t := v.w.tally
	left := t.totals().Unknown + t.totals().Unsent
	if t.ended || len(t.people) < v.plan.Subjects || left > t.settled() && v.Now().Before(v.plan.Expires) {
		return nil
	}
	return v.w.add(Entry{Type: EntryTypeEnd, Totals: t.totals()})
}

// begin writes into the receipt that this process continues what a killed process left.
func (v *verification) begin() error {
	t := v.w.tally
	v.sum.Open, v.sum.Cut = t.open(), v.w.cut
	if !v.w.left() {
		return nil
	}
	return v.w.resume()
}

// reading is the result of reading one person back.
type reading struct {
	verdict Verdict
	reason  string
}

// all looks up everybody who has an intent, several at a time.
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

// recent reports whether to skip a person because of Again.
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

// there reports whether the workspace has somebody with one of the identifiers that only this person has.
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

// present returns the reading for a person who is there.
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

// readLog finds the deletions of the plan's people in the activity log of the workspace. It reads the log once for all of them: a request for each
// person would double the time of the verification. A deletion that is missing in the log shows nothing, so readLog ignores its errors.
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

// logged reports whether the activity log has the person's deletion. It allows for clocks that differ by up to five minutes.
func (v *verification) logged(p *person, st standing) bool {
	at, found := v.deleted[p.subject]
	return found && at >= int64(st.actedAt)-300
}

// unread returns the reading for a person whom the App API did not show. If it returns an error, the verification ends, because nobody else could be
// read either.
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
