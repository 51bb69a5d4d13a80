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

// standing is what the entries so far say about a person. It is small, because there is one for each of many people.
type standing struct {
	sent     uint8  // index in outcomes of the last message's outcome; 0 is an open intent
	read     uint8  // index in verdicts of the last reading; 0 is never read
	reason   uint8  // index in tally.reasons of the last reading's reason
	why      uint8  // index in tally.rules of the reason of a rejection
	lastGone bool   // some earlier reading found the person gone
	lastFree bool   // some earlier reading found the person gone, and nobody with one of their addresses
	actedAt  uint32 // unix seconds of the last intent
	readAt   uint32 // unix seconds of the last reading
	sentIn   uint32 // the entry with the outcome
	readIn   uint32 // the entry with the last reading
}

var (
	outcomes = [...]Outcome{"", OutcomeAccepted, OutcomeRejected, OutcomeUnsent, OutcomeUnknown}
	verdicts = [...]Verdict{"", VerdictGone, VerdictNotYet, VerdictContradicted, VerdictCannotTell}
)

func (s standing) outcome() Outcome { return outcomes[s.sent] }

func (s standing) verdict() Verdict { return verdicts[s.read] }

// placeOf returns the index of one in all, or 0 if it is not there.
func placeOf[T comparable](all []T, one T) uint8 { return uint8(max(slices.Index(all, one), 0)) }

// tally follows the entries of a receipt, and checks their rules.
type tally struct {
	plan     *SignedPlan
	planHash [sha256.Size]byte
	entries  int64
	began    time.Time
	last     time.Time
	first    time.Time     // the earliest time of an entry
	late     time.Time     // the latest
	back     time.Duration // the largest step by which the clock went back between two entries
	backIn   int64         // the later of those two entries
	ended    bool
	guardSet [sha256.Size]byte
	guardAt  time.Time
	acted    time.Time // the last intent
	hasGuard bool
	people   map[Subject]standing
	counts   map[Outcome]int64 // of people; "" is an open intent
	rules    []string          // rules of rejections, or their status, each once; the first means none
	runs     int               // how many entries are a begin or a resumed
	guardIn  int64             // the entry with the guard

	reasons   []string // reasons of readings, each once; the first means none
	operators []string // operators of the runs, each once
	tool      string
}

// newTally returns a tally for the entries of a plan. people is about how many people it will have.
func newTally(plan *SignedPlan, people int64) *tally {
	return &tally{plan: plan, planHash: plan.Hash(), people: make(map[Subject]standing, min(int64(plan.Subjects), people)), counts: make(map[Outcome]int64), rules: []string{""}, reasons: []string{""}}
}

// apply takes the next entry. The error says which rule it breaks.
func (t *tally) apply(e *Entry) error {
	switch {
	case e.N != t.entries:
		return fmt.Errorf("it has the number %d: entries are missing, doubled or out of order", e.N)
	case e.N > math.MaxUint32:
		return errors.New("a receipt has no more than 4,294,967,296 entries")
	case (e.N == 0) != (e.Type == EntryTypeBegin):
		return errors.New("the first entry must be a begin, and no other entry may be one")
	}
	t.clock(e)
	switch e.Type {
	case EntryTypeBegin:
		if e.PlanHash != t.planHash {
			return errors.New("it begins another plan than plan.note")
		}
		if approver := t.plan.Approver; !t.plan.approvedBy(e.Approver) {
			return fmt.Errorf("it says that %q approved the plan, and plan.note says that %q did", e.Approver, approver)
		}
		t.began, t.tool = e.At, e.Tool
		t.run(e.Operator)
	case EntryTypeResumed:
		if e.Open != t.open() {
			return fmt.Errorf("its count of intents without an outcome is %d, and the entries before it have %d", e.Open, t.open())
		}
		if e.Unsigned > e.N {
			return fmt.Errorf("its count of entries that were not signed is %d, and only %d are before it", e.Unsigned, e.N)
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
			return errors.New("it verifies a person on whom no entry acted")
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

// clock follows the time of the entries. The clock may have been set back, so an entry with an earlier time may have been written later.
func (t *tally) clock(e *Entry) {
	if t.first.IsZero() || e.At.Before(t.first) {
		t.first = e.At
	}
	if back := t.late.Sub(e.At); back > max(t.back, clockBack) {
		t.back, t.backIn = back, e.N
	}
	t.late = later(t.late, e.At)
}

// clockBack is how far a clock may go back when it is only corrected.
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
		return errors.New("it acts on a person after the end")
	case e.Action != t.plan.Action:
		return fmt.Errorf("its action is %s, and that of the plan is %s", e.Action, t.plan.Action)
	case e.MessageID != messageID(t.planHash, e.Subject):
		return errors.New("its message id is not that of this person in this plan")
	case known && st.outcome() == "":
		return errors.New("it acts on a person whose message has no outcome yet")
	case known && st.outcome() != OutcomeUnknown && st.outcome() != OutcomeUnsent:
		return fmt.Errorf("it acts again on a person whose message was %s", st.outcome())
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
		return errors.New("it is an outcome without an open intent")
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
		return errors.New("the people of the entries are not those of the plan")
	}
	t.ended = true
	return nil
}

// stand gives a person who is counted already another outcome.
func (t *tally) stand(s Subject, st standing, outcome Outcome) {
	t.counts[st.outcome()]--
	t.counts[outcome]++
	st.sent = placeOf(outcomes[:], outcome)
	t.people[s] = st
}

func (t *tally) open() int64 { return t.counts[""] }

// totals counts the people of the plan. People without an intent are unsent.
func (t *tally) totals() Totals {
	return Totals{
		Subjects: int64(t.plan.Subjects),
		Accepted: t.counts[OutcomeAccepted], Rejected: t.counts[OutcomeRejected],
		Unsent:  t.counts[OutcomeUnsent] + int64(t.plan.Subjects-len(t.people)),
		Unknown: t.counts[OutcomeUnknown] + t.counts[""],
	}
}

// verdicts counts people by the verdict of their last reading.
func (t *tally) verdicts() map[Verdict]int64 {
	c := make(map[Verdict]int64)
	for _, st := range t.people {
		if st.verdict() != "" {
			c[st.verdict()]++
		}
	}
	return c
}

// doubt makes open intents unknown. It also makes the outcomes unknown that the entries from from on state, because nobody has signed those entries.
// A run then acts on these people again, with the same message id. Readings in those entries no longer count, so that these people are read again.
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

// place returns the index of a text in all, and adds the text if it is new. The texts of this version are few. Texts of other versions that do not
// fit into the range of a byte get index 0, which means none.
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

// readReasons counts people by the reason of their last reading.
func (t *tally) readReasons() map[string]int64 {
	c := make(map[string]int64)
	for _, st := range t.people {
		if st.reason != 0 {
			c[t.reasons[st.reason]]++
		}
	}
	return c
}

// settled counts people whose message has an unknown outcome and who were gone when they were last read back.
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
