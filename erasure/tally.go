package erasure

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// standing is what the entries so far say of a person. It is small, because there is one for each of many people.
type standing struct {
	sent     uint8  // the place of the outcome of the last message in outcomes; the first is that of an intent that is open
	read     uint8  // the place of what was read back last in verdicts; the first is never
	reason   uint8  // of that, the place in tally.reasons
	why      uint8  // of a rejection, the place in tally.rules
	lastGone bool   // some earlier reading found the person gone
	lastFree bool   // and the person's addresses nobody's
	actedAt  uint32 // unix seconds of the last intent
	readAt   uint32 // unix seconds of the last reading
	sentIn   uint32 // the entry with the outcome
	readIn   uint32 // the entry with what was read back
}

var (
	outcomes = [...]Outcome{"", OutcomeAccepted, OutcomeRejected, OutcomeUnsent, OutcomeUnknown}
	verdicts = [...]Verdict{"", VerdictGone, VerdictNotYet, VerdictContradicted, VerdictCannotTell}
)

func (s standing) outcome() Outcome { return outcomes[s.sent] }

func (s standing) verdict() Verdict { return verdicts[s.read] }

// placeOf returns the place of one of them.
func placeOf[T comparable](all []T, one T) uint8 { return uint8(max(slices.Index(all, one), 0)) }

// tally follows the entries of a receipt, and holds them to their rules.
type tally struct {
	plan     *SignedPlan
	planHash [sha256.Size]byte
	entries  int64
	began    time.Time
	last     time.Time
	first    time.Time     // the earliest time of an entry
	late     time.Time     // the latest
	back     time.Duration // how far the clock went back at most between two entries
	backIn   int64         // the later of those
	ended    bool
	guardSet [sha256.Size]byte
	guardAt  time.Time
	acted    time.Time // the last intent
	hasGuard bool
	people   map[Subject]standing
	counts   map[Outcome]int64 // of people, "" for an open intent
	rules    []string          // of rejections, or their status, each once; the first is none
	runs     int               // begin and resumed
	guardIn  int64             // the entry with the guard

	reasons   []string // of what was read back, each once; the first is none
	operators []string // of the runs, each once
	tool      string
}

// newTally follows the entries of a plan, about as many people as that.
func newTally(plan *SignedPlan, people int64) *tally {
	return &tally{plan: plan, planHash: plan.Hash(), people: make(map[Subject]standing, min(int64(plan.Subjects), people)), counts: make(map[Outcome]int64), rules: []string{""}, reasons: []string{""}}
}

// apply takes the next entry. The error says which rule it breaks.
func (t *tally) apply(e *Entry) error {
	switch {
	case e.N != t.entries:
		return fmt.Errorf("it says that it is entry %d: entries are missing, doubled or out of order", e.N)
	case e.N > math.MaxUint32:
		return errors.New("a receipt has no more than 4,294,967,296 entries")
	case (e.N == 0) != (e.Type == EntryTypeBegin):
		return errors.New("the first entry is a begin, and no other is")
	}
	t.clock(e)
	switch e.Type {
	case EntryTypeBegin:
		if e.PlanHash != t.planHash {
			return errors.New("it begins another plan than that of plan.note")
		}
		if approver := t.plan.Approver; !t.plan.approvedBy(e.Approver) {
			return fmt.Errorf("it says that %q approved the plan, and plan.note that %q did", e.Approver, approver)
		}
		t.began, t.tool = e.At, e.Tool
		t.run(e.Operator)
	case EntryTypeResumed:
		if e.Open != t.open() {
			return fmt.Errorf("it counts %d intents without an outcome, and there are %d", e.Open, t.open())
		}
		if e.Unsigned > e.N {
			return fmt.Errorf("it counts %d entries that were not signed, and there are %d", e.Unsigned, e.N)
		}
		t.doubt(e.N - e.Unsigned)
		t.ended = false
		t.run(e.Operator)
	case EntryTypeGuard:
		if t.ended {
			return errors.New("its guard comes after the end")
		}
		t.guardSet, t.hasGuard, t.guardIn = e.Set, true, e.N
		t.guardAt = later(t.guardAt, e.At)
		if t.plan.Action != ActionUnsuppress && e.Set != t.plan.GuardHash {
			return errors.New("its guard is not that of the plan")
		}
	case EntryTypeIntent:
		return t.intent(e)
	case EntryTypeOutcome:
		return t.outcome(e)
	case EntryTypeVerified:
		st, ok := t.people[e.Subject]
		if !ok {
			return errors.New("it verifies somebody who was not acted on")
		}
		gone := e.Verdict == VerdictGone
		st.reason, st.readIn = place(&t.reasons, e.Reason), uint32(e.N)
		st.read, st.readAt, st.lastGone, st.lastFree = placeOf(verdicts[:], e.Verdict), uint32(e.At.Unix()), st.lastGone || gone, st.lastFree || gone && e.Reason != ReasonAddressInUse
		t.people[e.Subject] = st
	case EntryTypeEnd:
		if err := t.end(e); err != nil {
			return err
		}
	}
	t.entries++
	t.last = e.At
	return nil
}

// clock follows the time of the entries. It may have been set back: what is said to be earlier may have come later.
func (t *tally) clock(e *Entry) {
	if t.first.IsZero() || e.At.Before(t.first) {
		t.first = e.At
	}
	if back := t.late.Sub(e.At); back > max(t.back, clockBack) {
		t.back, t.backIn = back, e.N
	}
	t.late = later(t.late, e.At)
}

// clockBack is how far a clock may go back that is only kept right.
const clockBack = time.Minute

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (t *tally) run(operator string) {
	t.runs++
	if !slices.Contains(t.operators, operator) {
		t.operators = append(t.operators, operator)
	}
}

func (t *tally) intent(e *Entry) error {
	st, known := t.people[e.Subject]
	switch {
	case t.ended:
		return errors.New("it acts on somebody after the end")
	case e.Action != t.plan.Action:
		return fmt.Errorf("its action is %s, and that of the plan is %s", e.Action, t.plan.Action)
	case e.MessageID != messageID(t.planHash, e.Subject):
		return errors.New("its message id is not that of this person in this plan")
	case known && st.outcome() == "":
		return errors.New("it acts on somebody whose message has no outcome yet")
	case known && st.outcome() != OutcomeUnknown && st.outcome() != OutcomeUnsent:
		return fmt.Errorf("it acts again on somebody whose message was %s", st.outcome())
	case !known && len(t.people) >= t.plan.Subjects:
		return fmt.Errorf("it acts on more people than the %d of the plan", t.plan.Subjects)
	case !e.At.Before(t.plan.Expires.Add(time.Minute)): // a batch that began before may take a moment
		return errors.New("it was written after the plan had expired")
	}
	st.actedAt, t.acted = uint32(e.At.Unix()), later(t.acted, e.At)
	if !known {
		t.counts[""]++
	}
	t.stand(e.Subject, st, "")
	t.entries++
	t.last = e.At
	return nil
}

func (t *tally) outcome(e *Entry) error {
	st, known := t.people[e.Subject]
	if !known || st.outcome() != "" {
		return errors.New("it is the outcome of no open intent")
	}
	st.sentIn, st.why = uint32(e.N), 0
	if e.Outcome == OutcomeRejected {
		why := e.Rule
		if why == "" {
			why = fmt.Sprintf("status %d", e.Status)
		}
		st.why = place(&t.rules, why)
	}
	t.stand(e.Subject, st, e.Outcome)
	t.entries++
	t.last = e.At
	return nil
}

func (t *tally) end(e *Entry) error {
	if t.ended || t.open() > 0 || e.Totals != t.totals() {
		return errors.New("its counts are not those of the entries before it")
	}
	if len(t.people) != t.plan.Subjects || t.subjectsHash() != t.plan.SubjectsHash {
		return errors.New("those who were acted on are not the people of the plan")
	}
	t.ended = true
	return nil
}

// stand gives somebody who is counted another outcome.
func (t *tally) stand(s Subject, st standing, outcome Outcome) {
	t.counts[st.outcome()]--
	t.counts[outcome]++
	st.sent = placeOf(outcomes[:], outcome)
	t.people[s] = st
}

func (t *tally) open() int64 { return t.counts[""] }

// totals counts the people of the plan; those without an intent are unsent.
func (t *tally) totals() Totals {
	return Totals{
		Subjects: int64(t.plan.Subjects),
		Accepted: t.counts[OutcomeAccepted], Rejected: t.counts[OutcomeRejected],
		Unsent:  t.counts[OutcomeUnsent] + int64(t.plan.Subjects-len(t.people)),
		Unknown: t.counts[OutcomeUnknown] + t.counts[""],
	}
}

// verdicts counts people by what was read back of them last.
func (t *tally) verdicts() map[Verdict]int64 {
	c := make(map[Verdict]int64)
	for _, st := range t.people {
		if st.verdict() != "" {
			c[st.verdict()]++
		}
	}
	return c
}

// doubt makes unknown what is open, and what entries from that one on say, which nobody had signed: who was acted on is acted on again, with the same message id, and
// who was read back is read again.
func (t *tally) doubt(from int64) {
	for s, st := range t.people {
		read, sent := st.read != 0 && int64(st.readIn) >= from, st.outcome() != "" && int64(st.sentIn) >= from
		if read {
			st.read, st.reason, st.readAt = 0, 0, 0
			t.people[s] = st
		}
		if sent || st.outcome() == "" {
			st.why = 0
			t.stand(s, st, OutcomeUnknown)
		}
	}
	if t.hasGuard && t.guardIn >= from {
		t.hasGuard = false
	}
}

// place returns the place of a text among those that were told, each once. Those of this version are few; of others, beyond what a byte counts, none is told.
func place(all *[]string, text string) uint8 {
	at := slices.Index(*all, text)
	if at < 0 && len(*all) <= math.MaxUint8 {
		at, *all = len(*all), append(*all, text)
	}
	return uint8(max(at, 0))
}

// rejections counts people whose message was rejected, by the rule or the status.
func (t *tally) rejections() map[string]int64 {
	c := make(map[string]int64)
	for _, st := range t.people {
		if st.outcome() == OutcomeRejected {
			c[t.rules[st.why]]++
		}
	}
	return c
}

// readReasons counts people by the reason of what was read back of them last.
func (t *tally) readReasons() map[string]int64 {
	c := make(map[string]int64)
	for _, st := range t.people {
		if st.reason != 0 {
			c[t.reasons[st.reason]]++
		}
	}
	return c
}

// settled counts people whose message has an unknown outcome, and who were read back gone.
func (t *tally) settled() (n int64) {
	for _, st := range t.people {
		if (st.outcome() == OutcomeUnknown || st.outcome() == "") && st.verdict() == VerdictGone {
			n++
		}
	}
	return n
}

func (t *tally) subjectsHash() [sha256.Size]byte {
	all := make([]Subject, 0, len(t.people))
	for s := range t.people {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Subject) int { return bytes.Compare(a[:], b[:]) })
	h := sha256.New()
	for i := range all {
		h.Write(all[i][:])
	}
	return [sha256.Size]byte(h.Sum(nil))
}
