package erasure

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/ciokit/cio"
)

// DefaultMax is how many people a run may act on unless it is told otherwise.
const DefaultMax = 1000

// Job says which plan is run, and on whom. All fields without a default are required.
type Job struct {
	// Plan is the signed plan. It must be approved, and not have expired.
	Plan []byte
	// Keys are the public keys that are trusted.
	Keys Keyring
	// Operator is the key of who runs the plan, and signs the receipt's checkpoints. It must be on the keyring.
	Operator Signer
	// ReceiptKey and GuardKey are those that the plan was made with.
	ReceiptKey ReceiptKey
	GuardKey   GuardKey
	// Targets are the people, in clear: exactly those of the plan.
	Targets []Target
	// TargetsHash is that of the file of targets, if the plan has one.
	TargetsHash [sha256.Size]byte
	// Client sends the messages: one without a Guard, which would reject them, for the workspace of the plan.
	Client *cio.Client
	// Dir is the receipt's directory. It is made if it is not there. The receipt of an earlier run of the same plan is gone on with.
	Dir string
	// Max is how many people may be acted on; default 1,000. A plan for more is refused.
	Max int
	// BatchSize is how many people are acted on between two syncs; default 500.
	BatchSize int
	// Tool names the program in the receipt; default "ciokit". It has no spaces.
	Tool string
	// OnProgress, if set, is told the totals after each batch.
	OnProgress func(Totals)
	// Now is the time; default time.Now.
	Now func() time.Time
}

// Summary is what a run did.
type Summary struct {
	// Totals are of all people of the plan, earlier runs included.
	Totals
	// Doubles counts targets that named somebody again.
	Doubles int64 `json:"doubles"`
	// Earlier is how many people were settled by earlier runs, and Open how many were sent again because what had become of an earlier message to them was not known, or was
	// not signed and so not believed.
	Earlier int64 `json:"earlier"`
	Open    int64 `json:"open"`
	// Cut is how many bytes of an unfinished last line were removed from the receipt.
	Cut int64 `json:"cut"`
	// Reasons counts rejected people by the rule or the status.
	Reasons map[string]int64 `json:"reasons,omitempty"`
	// Ended reports that all people have been acted on and the receipt is signed to its end.
	Ended bool `json:"ended"`
}

// Run acts on the people of an approved plan, and writes the receipt.
//
// Nothing is sent unless the plan is approved, has not expired, is for the Client's workspace, and its people are exactly the targets. The intents of a batch are on
// disk before it is sent, the outcomes before the next one is. A process that is killed, anywhere, leaves a receipt that the next Run of the same plan goes on
// with: nobody is left out, and who may have been sent before is sent again with the same message id.
//
// A plan is run to one receipt. Run refuses another one if the directory that Dir stands in has a receipt of the plan that was begun. It cannot know of receipts elsewhere.
//
// The error is nil when each person's message was accepted or rejected with a reason; see Summary for which. It wraps ErrNotApproved, ErrExpired, ErrOtherPeople,
// ErrOtherKey, ErrTooMany, ErrRunBefore, ErrClock, ErrInUse or a *DamageError where nothing was sent. When the key is refused (401, 403), Customer.io cannot be reached, or ctx
// ends, it stops with that reason; what is left is unsent or unknown, and Run may be called again. No error holds an identifier or a text of the server.
func Run(ctx context.Context, job Job) (Summary, error) {
	r, err := newRun(job)
	if err != nil {
		return Summary{}, err
	}
	err = r.begin()
	if err == nil {
		if err = r.unexpired(); err == nil { // a receipt that is there is signed to its end all the same
			err = r.send(ctx)
		}
		if r.w.err == nil { // whatever stopped it: who was accepted is taken out of the guard
			err = errors.Join(err, r.w.lift(r.plan, r.people, r.GuardKey))
		}
	}
	if err == nil {
		err = r.end()
	}
	if r.w.err == nil { // or the disk has failed, and err says so
		err = errors.Join(err, r.w.checkpoint())
	}
	err = errors.Join(err, r.w.close())
	return r.summary(err), err
}

// execution is one run under way.
type execution struct {
	Job
	plan   *SignedPlan
	hash   [sha256.Size]byte
	people *people
	w      *writer
	sum    Summary
}

func newRun(job Job) (*execution, error) {
	if job.Now == nil {
		job.Now = time.Now
	}
	if job.Tool == "" {
		job.Tool = "ciokit"
	}
	if job.BatchSize <= 0 {
		job.BatchSize = 500
	}
	r := &execution{Job: job}
	var err error
	if r.plan, err = OpenPlan(job.Plan, job.Keys); err != nil {
		return nil, err
	}
	if err := r.plan.Ready(job.Now()); err != nil && (!errors.Is(err, ErrExpired) || !begun(job.Dir)) {
		return nil, err
	}
	limit := job.Max
	if limit == 0 {
		limit = DefaultMax
	}
	if r.plan.Subjects > limit {
		return nil, fmt.Errorf("%w: the plan is for %d, and %d are allowed (--max)", ErrTooMany, r.plan.Subjects, limit)
	}
	if job.Client == nil {
		return nil, errors.New("erasure: no Client")
	}
	if r.people, err = r.plan.people(job.Targets, job.TargetsHash, job.ReceiptKey, job.GuardKey); err != nil {
		return nil, err
	}
	if got := job.Client.Target(); got != r.plan.Target {
		return nil, fmt.Errorf("%w: it is for %s, and this Client sends to %s", ErrOtherKey, r.plan.Target, got)
	}
	if workspaceOf(job.Client, job.ReceiptKey) != r.plan.Workspace {
		return nil, fmt.Errorf("%w: its write key is another one, which may be that of another workspace; make a plan with this key", ErrOtherKey)
	}
	r.hash = r.plan.Hash()
	if err := r.beside(); err != nil {
		return nil, err
	}
	if r.w, err = openWriter(job.Dir, r.plan, job.Operator, job.Now); err != nil {
		return nil, err
	}
	return r, nil
}

// people returns the plan's people, if the targets name exactly those.
func (s *SignedPlan) people(targets []Target, file [sha256.Size]byte, receipt ReceiptKey, guard GuardKey) (*people, error) {
	switch {
	case receipt.IsZero() || receipt.id() != s.ReceiptKeyID:
		return nil, fmt.Errorf("%w: the receipt key is not that of the plan", ErrOtherKey)
	case guard.IsZero() || guard.id() != s.GuardKeyID:
		return nil, fmt.Errorf("%w: the guard key is not that of the plan", ErrOtherKey)
	case s.TargetsHash != file && s.TargetsHash != [sha256.Size]byte{}:
		return nil, fmt.Errorf("%w: the plan has a file of targets, and this is not that file as it was", ErrOtherPeople)
	}
	p, err := peopleOf(targets, receipt, guard)
	if err != nil {
		return nil, err
	}
	switch {
	case len(p.list) != s.Subjects:
		return nil, fmt.Errorf("%w: the plan is for %d, and %d are named", ErrOtherPeople, s.Subjects, len(p.list))
	case p.subjectsHash() != s.SubjectsHash:
		return nil, fmt.Errorf("%w: as many are named, and at least one is another person", ErrOtherPeople)
	case pairsHash(p.pairs) != s.GuardHash && namesHash(namesOf(p.pairs)) != s.GuardHash: // the latter of the first version
		return nil, fmt.Errorf("%w: somebody's other identifiers are not those of the plan", ErrOtherPeople)
	}
	return p, nil
}

// begin writes who runs the plan, and the guard: from here on nothing else must be sent for its people.
func (r *execution) begin() error {
	r.sum.Doubles = int64(r.people.doubles)
	r.sum.Cut = r.w.cut
	t := r.w.tally
	if r.w.fresh {
		if err := r.w.add(Entry{Type: EntryTypeBegin, PlanHash: r.hash, Operator: r.Operator.Name(), Approver: r.plan.Approver, Tool: r.Tool}); err != nil {
			return err
		}
	} else {
		if err := r.known(); err != nil {
			return err
		}
		if settled := t.counts[OutcomeAccepted] + t.counts[OutcomeRejected]; t.ended && settled == int64(r.plan.Subjects) && !r.w.left() {
			r.sum.Earlier = settled
			return nil
		}
		if err := r.w.resume(); err != nil {
			return err
		}
		r.sum.Earlier = t.counts[OutcomeAccepted] + t.counts[OutcomeRejected]
	}
	if r.plan.Action == ActionUnsuppress || t.hasGuard {
		return nil
	}
	return r.writeGuard()
}

// known refuses a receipt that acts on somebody who is not of the plan: nobody but who altered it could have written that, behind the last checkpoint.
func (r *execution) known() error {
	for subject := range r.w.tally.people {
		if !r.people.has(subject) {
			return &DamageError{File: entriesFile, Entry: -1, Problem: "it acts on somebody who is not of the plan, behind the last checkpoint; cut it there"}
		}
	}
	return nil
}

// writeGuard writes the set of all people of a deletion or a suppression: the file first, which is always the same one.
func (r *execution) writeGuard() error {
	set := &guardSet{version: 2, action: r.plan.Action, key: r.plan.GuardKeyID, pairs: r.people.pairs}
	if set.hash() != r.plan.GuardHash { // of a plan of the first version
		set.version, set.pairs = 1, ownPairs(namesOf(r.people.pairs))
	}
	if err := writeFile(filepath.Join(r.Dir, guardFile), set.text()); err != nil {
		return fmt.Errorf("erasure: the guard cannot be written: %w", err)
	}
	return r.w.add(Entry{Type: EntryTypeGuard, Count: int64(len(set.pairs)), Set: set.hash()})
}

// lift writes the set of the people whose suppression has ended: those whose message was accepted. The entry comes first: without it nobody is taken out of a guard.
func (w *writer) lift(plan *SignedPlan, people *people, key GuardKey) error {
	if plan.Action != ActionUnsuppress || w.tally.ended {
		return nil
	}
	accepted := make(map[guardName]struct{})
	for i := range people.list {
		if p := &people.list[i]; w.tally.people[p.subject].outcome() == OutcomeAccepted {
			accepted[key.sum(p.ID)] = struct{}{}
		}
	}
	set := &guardSet{version: 2, action: plan.Action, key: plan.GuardKeyID}
	for _, p := range people.pairs {
		if _, ok := accepted[p.owner]; ok {
			set.pairs = append(set.pairs, p)
		}
	}
	if len(set.pairs) == 0 || w.tally.hasGuard && w.tally.guardSet == set.hash() {
		return nil
	}
	if err := w.add(Entry{Type: EntryTypeGuard, Count: int64(len(set.pairs)), Set: set.hash()}); err != nil {
		return err
	}
	if err := w.sync(); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(w.dir, guardFile), set.text()); err != nil {
		w.err = err
		return fmt.Errorf("erasure: the guard cannot be written: %w", err)
	}
	return nil
}

// send acts on all who are not settled, batch by batch.
func (r *execution) send(ctx context.Context) error {
	batch := make([]*person, 0, r.BatchSize)
	for i := range r.people.list {
		p := &r.people.list[i]
		switch r.w.tally.people[p.subject].outcome() {
		case OutcomeAccepted, OutcomeRejected:
		default:
			batch = append(batch, p)
		}
		if len(batch) == r.BatchSize || len(batch) > 0 && i == len(r.people.list)-1 {
			if err := r.sendBatch(ctx, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	if len(batch) > 0 {
		return r.sendBatch(ctx, batch)
	}
	return nil
}

// unexpired is ErrExpired when the plan's time is over and somebody is left.
func (r *execution) unexpired() error {
	t := r.w.tally.totals()
	if left := t.Unsent + t.Unknown; left > 0 && !r.Now().Before(r.plan.Expires) {
		err := fmt.Errorf("%w: it was for the time until %s, and %d of its people are left", ErrExpired, r.plan.Expires.Format(timeForm), left)
		if t.Unknown > 0 && r.plan.Action != ActionUnsuppress {
			err = fmt.Errorf("%w, %d of them with an unknown outcome, which a verification settles", err, t.Unknown)
		}
		return err
	}
	return nil
}

// begun reports whether there is a receipt.
func begun(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, entriesFile))
	return err == nil && info.Size() > 0
}

// message is what acts on a person.
func (r *execution) message(p *person, id string) cio.Message {
	switch r.plan.Action {
	case ActionSuppress:
		return cio.SuppressPerson{UserID: p.ID, MessageID: id}
	case ActionUnsuppress:
		return cio.UnsuppressPerson{UserID: p.ID, MessageID: id}
	}
	return cio.DeletePerson{UserID: p.ID, MessageID: id}
}

func (r *execution) sendBatch(ctx context.Context, batch []*person) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := r.unexpired(); err != nil {
		return err
	}
	var messages []cio.Message
	var sent []int // the batch's index of each message
	var again int64
	outcomes := make([]Entry, len(batch))
	for i, p := range batch {
		id := messageID(r.hash, p.subject)
		if r.w.tally.people[p.subject].outcome() == OutcomeUnknown {
			again++
		}
		if err := r.w.add(Entry{Type: EntryTypeIntent, Subject: p.subject, Kind: KindOf(p.ID), Action: r.plan.Action, MessageID: id}); err != nil {
			return err
		}
		e, err := r.Client.Encode(r.message(p, id))
		if err != nil { // one that is invalid would keep Send from sending the others
			if outcomes[i], err = invalid(err); err != nil {
				return err
			}
			continue
		}
		messages, sent = append(messages, e), append(sent, i)
	}
	if err := r.w.sync(); err != nil {
		return err
	}
	r.sum.Open += again
	answers, stop := outcomesOf(r.Client.Send(ctx, messages...), len(messages))
	for i, e := range answers {
		outcomes[sent[i]] = e
	}
	for i, p := range batch {
		e := outcomes[i]
		e.Type, e.Subject = EntryTypeOutcome, p.subject
		if err := r.w.add(e); err != nil {
			return err
		}
	}
	if err := r.w.checkpoint(); err != nil {
		return err
	}
	if r.OnProgress != nil {
		r.OnProgress(r.w.tally.totals())
	}
	return stop
}

// invalid is the outcome of a message that is rejected here. A Client with a Guard would reject everybody, so nothing is sent with it.
func invalid(err error) (Entry, error) {
	var message *cio.MessageError
	if !errors.As(err, &message) {
		return Entry{}, errors.New("erasure: a message could not be encoded")
	}
	if message.Rule == cio.RuleGuard {
		return Entry{}, errors.New("erasure: the Client has a Guard, which rejects these people; erase them through a Client without one")
	}
	return Entry{Outcome: OutcomeRejected, Rule: string(message.Rule)}, nil
}

// outcomesOf returns what Send says of each message, and why nothing more should be sent.
func outcomesOf(err error, n int) (outcomes []Entry, stop error) {
	outcomes = make([]Entry, n)
	all := func(outcome Outcome) {
		for i := range outcomes {
			outcomes[i].Outcome = outcome
		}
	}
	all(OutcomeAccepted)
	if err == nil {
		return outcomes, nil
	}
	var failed *cio.SendError
	if !errors.As(err, &failed) {
		all(OutcomeUnsent)
		return outcomes, fmt.Errorf("%w: nothing could be sent", cio.ErrUnavailable)
	}
	for i := range failed.Failures {
		f := &failed.Failures[i]
		e := &outcomes[f.Index]
		var api *cio.APIError
		var invalid *cio.MessageError
		switch {
		case errors.As(f.Err, &api):
			e.Status = api.Status
		case errors.As(f.Err, &invalid):
			e.Rule = string(invalid.Rule)
		}
		switch f.Outcome {
		case cio.OutcomeRejected:
			e.Outcome = OutcomeRejected
			continue
		case cio.OutcomeUnsent:
			e.Outcome = OutcomeUnsent
		default:
			e.Outcome = OutcomeUnknown
		}
		if stop == nil {
			stop = stopped(f.Err, e.Status)
		}
	}
	return outcomes, stop
}

// stopped says why a run stops, without a word of the server.
func stopped(err error, status int) error {
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("erasure: stopped: %w", context.Canceled)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("erasure: stopped: %w", context.DeadlineExceeded)
	case errors.Is(err, cio.ErrUnauthorized):
		return fmt.Errorf("%w (status %d): nothing more was sent", cio.ErrUnauthorized, status)
	case status == http.StatusForbidden:
		return fmt.Errorf("erasure: Customer.io, or what stands before it, refused everything (status %d): nothing more was sent", status)
	case status != 0:
		return fmt.Errorf("%w (status %d): nothing more was sent", cio.ErrUnavailable, status)
	}
	return fmt.Errorf("%w: nothing more was sent", cio.ErrUnavailable)
}

// end writes the counts, when all have been acted on.
func (r *execution) end() error {
	if r.w.tally.ended {
		return nil
	}
	return r.w.add(Entry{Type: EntryTypeEnd, Totals: r.w.tally.totals()})
}

func (r *execution) summary(err error) Summary {
	t := r.w.tally
	r.sum.Totals, r.sum.Reasons = t.totals(), t.rejections()
	r.sum.Ended = t.ended && err == nil
	return r.sum
}
