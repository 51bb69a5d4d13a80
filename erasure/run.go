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

// DefaultMax is how many people a run may act on by default.
const DefaultMax = 1000

// Job says which plan to run, and for which people. All fields without a default are required.
type Job struct {
	// Plan is the signed plan. It must be approved, and must not have expired.
	Plan []byte
	// Keys are the public keys that are trusted.
	Keys Keyring
	// Operator is the key of the person who runs the plan. It signs the receipt's checkpoints, and must be on the keyring.
	Operator Signer
	// ReceiptKey and GuardKey are the keys that the plan was made with.
	ReceiptKey ReceiptKey
	GuardKey   GuardKey
	// Targets are the people, in clear: exactly those of the plan.
	Targets []Target
	// TargetsHash is the hash of the file of targets, if the plan has one.
	TargetsHash [sha256.Size]byte
	// Client sends the messages. It must be for the workspace of the plan, and have no Guard: a Guard would reject the messages.
	Client *cio.Client
	// Dir is the receipt's directory. Run creates it if it is not there. If it has the receipt of an earlier run of the same plan, Run continues that
	// receipt.
	Dir string
	// Max is how many people a plan may have; default 1,000. Run refuses a plan for more.
	Max int
	// BatchSize is how many people Run acts on between two syncs to disk; default 500.
	BatchSize int
	// Tool names the program in the receipt; default "ciokit". It has no spaces.
	Tool string
	// OnProgress, if set, is called with the totals after each batch.
	OnProgress func(Totals)
	// Now is the time; default time.Now.
	Now func() time.Time
}

// Summary is what a run did.
type Summary struct {
	// Totals count all people of the plan. They include earlier runs.
	Totals
	// Doubles counts targets that named a person again.
	Doubles int64 `json:"doubles"`
	// Earlier is how many people earlier runs had settled. Open is how many people were sent the message again, because the outcome of the earlier
	// message was not known, or was not signed and so not trusted.
	Earlier int64 `json:"earlier"`
	Open    int64 `json:"open"`
	// Cut is how many bytes of an unfinished last line were removed from the receipt.
	Cut int64 `json:"cut"`
	// Reasons counts rejected people by the rule or the status.
	Reasons map[string]int64 `json:"reasons,omitempty"`
	// Ended reports that Run has acted on all people, and that the receipt is signed to its end.
	Ended bool `json:"ended"`
}

// Run acts on the people of an approved plan, and writes the receipt.
//
// Nothing is sent unless the plan is approved, has not expired, is for the Client's workspace, and its people are exactly the targets. Run writes the
// intents of a batch to disk before it sends the batch, and the outcomes before it sends the next batch. The process can be killed at any point: the
// next Run of the same plan continues the receipt. It leaves nobody out. If a message may have been sent before, Run sends it again with the same
// message id.
//
// All runs of a plan write one receipt. Run refuses to begin a second one if the parent directory of Dir already has a receipt of the plan. It cannot
// know of receipts elsewhere.
//
// The error is nil if each person's message was accepted or rejected with a reason; Summary counts both. If nothing was sent, the error wraps
// ErrNotApproved, ErrExpired, ErrOtherPeople, ErrOtherKey, ErrTooMany, ErrRunBefore, ErrClock, ErrInUse or a *DamageError. If the key is refused
// (401, 403), Customer.io cannot be reached, or ctx ends, Run stops with that reason. What is left is unsent or unknown, and you can call Run again.
// No error contains an identifier or a text of the server.
func Run(ctx context.Context, job Job) (Summary, error) {
	r, err := newRun(job)
	if err != nil {
		return Summary{}, err
	}
	err = r.begin()
	if err == nil {
		if err = r.unexpired(); err == nil { // if it has expired, a receipt that is there is still signed to its end
			err = r.send(ctx)
		}
		if r.w.err == nil { // whatever stopped it: people whose message was accepted are taken out of the guard
			err = errors.Join(err, r.w.lift(r.plan, r.people, r.GuardKey))
		}
	}
	if err == nil {
		err = r.end()
	}
	if r.w.err == nil { // if the disk has failed, err says so already
		err = errors.Join(err, r.w.checkpoint())
	}
	err = errors.Join(err, r.w.close())
	return r.summary(err), err
}

// execution is one run in progress.
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
		return nil, fmt.Errorf("%w: the plan is for %s, and the limit is %d (--max)", ErrTooMany, counted(int64(r.plan.Subjects), "person", "people"), limit)
	}
	if job.Client == nil {
		return nil, errors.New("erasure: Job.Client is missing")
	}
	if r.people, err = r.plan.people(job.Targets, job.TargetsHash, job.ReceiptKey, job.GuardKey); err != nil {
		return nil, err
	}
	if got := job.Client.Target(); got != r.plan.Target {
		return nil, because(ErrOtherKey, "the plan is for %s, but this Client sends to %s: send to the address of the plan, or make a new plan", r.plan.Target, got)
	}
	if workspaceOf(job.Client, job.ReceiptKey) != r.plan.Workspace {
		return nil, because(ErrOtherKey, "the plan was made with another write key, perhaps of another workspace: use that key, or make a new plan with this one")
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

// people returns the plan's people. It is an error if the targets do not name exactly those.
func (s *SignedPlan) people(targets []Target, file [sha256.Size]byte, receipt ReceiptKey, guard GuardKey) (*people, error) {
	switch {
	case receipt.IsZero() || receipt.id() != s.ReceiptKeyID:
		return nil, because(ErrOtherKey, "the plan was made with another receipt key: give that key")
	case guard.IsZero() || guard.id() != s.GuardKeyID:
		return nil, because(ErrOtherKey, "the plan was made with another guard key: give that key")
	case s.TargetsHash != file && s.TargetsHash != [sha256.Size]byte{}:
		return nil, fmt.Errorf("%w: the plan has a file of targets, and this is another file, or it was changed", ErrOtherPeople)
	}
	p, err := peopleOf(targets, receipt, guard)
	if err != nil {
		return nil, err
	}
	switch {
	case len(p.list) != s.Subjects:
		return nil, fmt.Errorf("%w: the plan is for %s, and %s given: give the list that the plan was made from, or make a new plan", ErrOtherPeople, counted(int64(s.Subjects), "person", "people"), counted(int64(len(p.list)), "is", "are"))
	case p.subjectsHash() != s.SubjectsHash:
		return nil, fmt.Errorf("%w: the number of people is the same, but at least one is another person: give the list that the plan was made from, or make a new plan", ErrOtherPeople)
	case pairsHash(p.pairs) != s.GuardHash && namesHash(namesOf(p.pairs)) != s.GuardHash: // the second is the hash of the first version
		return nil, fmt.Errorf("%w: the other identifiers of at least one person are not those of the plan; give the same ones as for the plan (--also)", ErrOtherPeople)
	}
	return p, nil
}

// begin writes who runs the plan, and the guard: from now on nothing else must be sent for its people.
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

// known refuses a receipt that acts on a person who is not in the plan. Only somebody who altered the receipt can have written that, after the last
// checkpoint.
func (r *execution) known() error {
	for subject := range r.w.tally.people {
		if !r.people.has(subject) {
			return &DamageError{File: entriesFile, Entry: -1, Problem: "after the last checkpoint it acts on a person who is not in the plan; cut it there"}
		}
	}
	return nil
}

// writeGuard writes the set of all people of a deletion or a suppression. The file comes first; it is always the same file.
func (r *execution) writeGuard() error {
	set := &guardSet{version: 2, action: r.plan.Action, key: r.plan.GuardKeyID, pairs: r.people.pairs}
	if set.hash() != r.plan.GuardHash { // the plan is of the first version
		set.version, set.pairs = 1, ownPairs(namesOf(r.people.pairs))
	}
	if err := writeFile(filepath.Join(r.Dir, guardFile), set.text()); err != nil {
		return fmt.Errorf("erasure: the guard cannot be written: %w", err)
	}
	return r.w.add(Entry{Type: EntryTypeGuard, Count: int64(len(set.pairs)), Set: set.hash()})
}

// lift writes the set of the people whose suppression has ended: those whose message was accepted. The entry comes first, because without it nobody
// is taken out of a guard.
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

// send acts on all people who are not settled, batch by batch.
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

// unexpired returns ErrExpired if the plan has expired and somebody is left.
func (r *execution) unexpired() error {
	t := r.w.tally.totals()
	if left := t.Unsent + t.Unknown; left > 0 && !r.Now().Before(r.plan.Expires) {
		err := fmt.Errorf("%w: it was valid until %s, and %s left", ErrExpired, r.plan.Expires.Format(timeForm), counted(int64(left), "person is", "people are"))
		if t.Unknown > 0 && r.plan.Action != ActionUnsuppress {
			err = fmt.Errorf("%w, %d of them with an unknown outcome; ciokit erase verify shows whether they are gone", err, t.Unknown)
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

// message returns the message that deletes, suppresses or unsuppresses a person.
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
		if err != nil { // Send would send none of the messages if one of them were invalid
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

// invalid is the outcome of a message that is rejected before it is sent. A Client with a Guard would reject all messages, so nothing is sent with
// it.
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

// outcomesOf returns the outcome of each message from the error of Send. stop says why nothing more should be sent.
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

// stopped says why a run stops. It contains no text of the server.
func stopped(err error, status int) error {
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("erasure: stopped: %w", context.Canceled)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("erasure: stopped: %w", context.DeadlineExceeded)
	case errors.Is(err, cio.ErrUnauthorized):
		return fmt.Errorf("%w (status %d): nothing more was sent", cio.ErrUnauthorized, status)
	case status == http.StatusForbidden:
		return fmt.Errorf("erasure: Customer.io, or a proxy in front of it, refused everything (status %d): nothing more was sent", status)
	case status != 0:
		return fmt.Errorf("%w (status %d): nothing more was sent", cio.ErrUnavailable, status)
	}
	return fmt.Errorf("%w: nothing more was sent", cio.ErrUnavailable)
}

// end writes the counts after the run has acted on all people.
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
