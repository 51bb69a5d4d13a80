package erasure

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"
)

// EntryType says what an entry of a receipt records.
type EntryType string

const (
	// EntryTypeBegin is the first entry. It says which plan it is, who runs it and who approved it.
	EntryTypeBegin EntryType = "begin"
	// EntryTypeGuard says which set of names the receipt's guard has.
	EntryTypeGuard EntryType = "guard"
	// EntryTypeIntent is written to disk before anything is sent for a person.
	EntryTypeIntent EntryType = "intent"
	// EntryTypeOutcome has the outcome of the message.
	EntryTypeOutcome EntryType = "outcome"
	// EntryTypeResumed says that a later process continues the receipt. Outcomes that were open then are unknown. So are those that no checkpoint
	// covered.
	EntryTypeResumed EntryType = "resumed"
	// EntryTypeVerified says what was found when a person was read back.
	EntryTypeVerified EntryType = "verified"
	// EntryTypeEnd has the counts of a run that acted on all people of the plan.
	EntryTypeEnd EntryType = "end"
)

// Outcome says what is known about a person's message.
type Outcome string

const (
	// OutcomeAccepted: Customer.io's API took the message. Customer.io does not document what it does then.
	OutcomeAccepted Outcome = "accepted"
	// OutcomeRejected: the message was rejected, with a status or a rule. It is not sent again.
	OutcomeRejected Outcome = "rejected"
	// OutcomeUnsent: the message was not sent, or the API certainly did not process it. A later run sends it.
	OutcomeUnsent Outcome = "unsent"
	// OutcomeUnknown: the message may have arrived. A later run sends it again with the same message id. Verify can settle it too.
	OutcomeUnknown Outcome = "unknown"
)

// Verdict is the result of reading a person back.
type Verdict string

const (
	// VerdictGone: there is no such person.
	VerdictGone Verdict = "gone"
	// VerdictNotYet: the person is there, and this contradicts nothing. The message was accepted a short time ago, or it was not accepted.
	VerdictNotYet Verdict = "not-yet"
	// VerdictContradicted: the person is there although the message was accepted long ago, or the person was gone and is there again.
	VerdictContradicted Verdict = "contradicted"
	// VerdictCannotTell: nothing that Verify could read shows what became of the person.
	VerdictCannotTell Verdict = "cannot-tell"
)

// Entry is one line of a receipt. A field that its type does not have is zero.
type Entry struct {
	// N counts the entries from 0.
	N int64
	// At is when it was written, in UTC, to the millisecond.
	At   time.Time
	Type EntryType

	// A begin has PlanHash, Operator, Approver and Tool. A resumed has Operator too.
	PlanHash           [sha256.Size]byte
	Operator, Approver string
	Tool               string
	// A guard has Set, the hash over its names, and Count, how many names there are.
	Set   [sha256.Size]byte
	Count int64
	// An intent, an outcome and a verified have Subject.
	Subject Subject
	// An intent has Kind, Action and MessageID.
	Kind      Kind
	Action    Action
	MessageID string
	// An outcome has Outcome, Status and Rule. Status is the status of the API's answer, 0 for none. Rule is the rule of this library that rejected
	// the message, empty if none did.
	Outcome Outcome
	Status  int
	Rule    string
	// A resumed has Open, Cut and Unsigned: how many intents had no outcome, how many bytes of an unfinished last line were removed, and how many
	// of the entries before it no checkpoint covered. Outcomes and verdicts in unsigned entries are not trusted: anybody could have written them.
	Open, Cut, Unsigned int64
	// A verified has Verdict and Reason.
	Verdict Verdict
	Reason  string
	// An end has Totals.
	Totals Totals
}

// Totals counts the people of a plan by outcome.
type Totals struct {
	Subjects int64 `json:"subjects"`
	Accepted int64 `json:"accepted"`
	Rejected int64 `json:"rejected"`
	Unsent   int64 `json:"unsent"`
	Unknown  int64 `json:"unknown"`
}

const entryTime = "2006-01-02T15:04:05.000Z"

// append appends the entry as it is written to the file, without a line end.
func (e *Entry) append(dst []byte) []byte {
	integer := func(name string, n int64) {
		dst = strconv.AppendInt(append(append(append(dst, `,"`...), name...), `":`...), n, 10)
	}
	text := func(name, value string) {
		dst = append(append(append(append(append(dst, `,"`...), name...), `":"`...), value...), '"')
	}
	sum := func(name string, value []byte) {
		dst = append(append(append(dst, `,"`...), name...), `":"`...)
		dst = append(base64.StdEncoding.AppendEncode(dst, value), '"')
	}
	dst = strconv.AppendInt(append(dst, `{"n":`...), e.N, 10)
	dst = append(e.At.UTC().AppendFormat(append(dst, `,"at":"`...), entryTime), '"')
	text("entry", string(e.Type))
	switch e.Type {
	case EntryTypeBegin:
		sum("plan", e.PlanHash[:])
		text("operator", e.Operator)
		if e.Approver != "" {
			text("approver", e.Approver)
		}
		text("tool", e.Tool)
	case EntryTypeGuard:
		integer("count", e.Count)
		sum("set", e.Set[:])
	case EntryTypeIntent:
		sum("subject", e.Subject[:])
		text("kind", string(e.Kind))
		text("action", string(e.Action))
		text("message", e.MessageID)
	case EntryTypeOutcome:
		sum("subject", e.Subject[:])
		text("outcome", string(e.Outcome))
		if e.Status != 0 {
			integer("status", int64(e.Status))
		}
		if e.Rule != "" {
			text("rule", e.Rule)
		}
	case EntryTypeResumed:
		text("operator", e.Operator)
		integer("open", e.Open)
		integer("cut", e.Cut)
		if e.Unsigned > 0 {
			integer("unsigned", e.Unsigned)
		}
	case EntryTypeVerified:
		sum("subject", e.Subject[:])
		text("outcome", string(e.Verdict))
		if e.Reason != "" {
			text("reason", e.Reason)
		}
	case EntryTypeEnd:
		integer("subjects", e.Totals.Subjects)
		integer("accepted", e.Totals.Accepted)
		integer("rejected", e.Totals.Rejected)
		integer("unsent", e.Totals.Unsent)
		integer("unknown", e.Totals.Unknown)
	}
	return append(dst, '}')
}

// ParseEntry reads a line of a receipt, without its line end. It accepts only what a run writes: no other order of the members, no spaces, no other
// spelling. The error does not quote the line.
func ParseEntry(line []byte) (Entry, error) {
	var e Entry
	bad := func(what string) (Entry, error) { return Entry{}, fmt.Errorf("the line is not an entry: %s", what) }
	rest, ok := bytes.CutPrefix(line, []byte{'{'})
	if !ok {
		return bad("it does not begin with {")
	}
	for {
		var name, value []byte
		if rest, ok = bytes.CutPrefix(rest, []byte{'"'}); !ok {
			return bad("a name is missing")
		}
		if name, rest, ok = bytes.Cut(rest, []byte(`":`)); !ok {
			return bad("a name does not end")
		}
		isText := len(rest) > 0 && rest[0] == '"'
		if isText {
			value, rest, ok = bytes.Cut(rest[1:], []byte{'"'})
		} else {
			end := bytes.IndexAny(rest, ",}")
			if ok = end >= 0; ok {
				value, rest = rest[:end], rest[end:]
			}
		}
		if !ok || !plain(value) {
			return bad("a value does not end")
		}
		if !e.set(name, value) {
			return bad("a value is not what its name asks for")
		}
		if len(rest) == 1 && rest[0] == '}' {
			break
		}
		if rest, ok = bytes.CutPrefix(rest, []byte{','}); !ok {
			return bad("it does not end with }")
		}
	}
	var room [512]byte
	if !bytes.Equal(e.append(room[:0]), line) {
		return bad("it is not in the form in which entries are written")
	}
	return e, nil
}

// oneOf sets a field to the value that the text is. It returns false if the text is none of the values.
func oneOf[T ~string](to *T, text []byte, values ...T) bool {
	for _, v := range values {
		if string(v) == string(text) {
			*to = v
			return true
		}
	}
	return false
}

// plain reports whether a text needs no escapes. No entry has escapes.
func plain(text []byte) bool {
	for _, c := range text {
		if c < ' ' || c > '~' || c == '\\' {
			return false
		}
	}
	return true
}

// set sets the field of a member. It does not check whether the entry's type has that member: writing the entry again shows that.
func (e *Entry) set(name, value []byte) (ok bool) {
	integer := func(to *int64) bool {
		n, err := strconv.ParseInt(string(value), 10, 64)
		*to = n
		return err == nil && n >= 0
	}
	sum := func(to *[sha256.Size]byte) bool {
		var raw [sha256.Size + 2]byte
		if len(value) != base64.StdEncoding.EncodedLen(sha256.Size) {
			return false
		}
		n, err := base64.StdEncoding.Decode(raw[:], value)
		copy(to[:], raw[:])
		return err == nil && n == sha256.Size
	}
	switch string(name) {
	case "n":
		return integer(&e.N)
	case "at":
		t, err := time.Parse(entryTime, string(value))
		e.At = t
		return err == nil
	case "entry":
		return oneOf(&e.Type, value, EntryTypeBegin, EntryTypeGuard, EntryTypeIntent, EntryTypeOutcome, EntryTypeResumed, EntryTypeVerified, EntryTypeEnd)
	case "plan":
		return sum(&e.PlanHash)
	case "operator":
		e.Operator = string(value)
	case "approver":
		e.Approver = string(value)
	case "tool":
		e.Tool = string(value)
	case "count":
		return integer(&e.Count)
	case "set":
		return sum(&e.Set)
	case "subject":
		return sum((*[sha256.Size]byte)(&e.Subject))
	case "kind":
		return oneOf(&e.Kind, value, KindID, KindEmail, KindCIOID)
	case "action":
		return oneOf(&e.Action, value, ActionDelete, ActionSuppress, ActionUnsuppress)
	case "message":
		e.MessageID = string(value)
	case "outcome":
		if e.Type == EntryTypeVerified {
			return oneOf(&e.Verdict, value, VerdictGone, VerdictNotYet, VerdictContradicted, VerdictCannotTell)
		}
		return oneOf(&e.Outcome, value, OutcomeAccepted, OutcomeRejected, OutcomeUnsent, OutcomeUnknown)
	case "status":
		var n int64
		ok := integer(&n) && n > 0 && n < 1000
		e.Status = int(n)
		return ok
	case "rule":
		e.Rule = string(value)
		return len(value) > 0
	case "open":
		return integer(&e.Open)
	case "cut":
		return integer(&e.Cut)
	case "unsigned":
		return integer(&e.Unsigned) && e.Unsigned > 0
	case "reason":
		e.Reason = string(value)
		return len(value) > 0
	case "subjects":
		return integer(&e.Totals.Subjects)
	case "accepted":
		return integer(&e.Totals.Accepted)
	case "rejected":
		return integer(&e.Totals.Rejected)
	case "unsent":
		return integer(&e.Totals.Unsent)
	case "unknown":
		return integer(&e.Totals.Unknown)
	default:
		return false
	}
	return true
}

// messageID returns the id of the message for a person of a plan. It is always the same, so a message that is sent twice has one id.
func messageID(plan [sha256.Size]byte, subject Subject) string {
	const title = "ciokit erasure message 1\x00"
	var room [len(title) + 2*sha256.Size]byte
	sum := sha256.Sum256(append(append(append(room[:0], title...), plan[:]...), subject[:]...))
	var id [36]byte
	for i, at := 0, 0; i < 16; i++ {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			id[at] = '-'
			at++
		}
		hex.Encode(id[at:], sum[i:i+1])
		at += 2
	}
	return string(id[:])
}
