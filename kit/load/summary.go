package load

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/ciokit/cio/kit/mapping"
)

// Summary is what became of a run. Messages is always the sum of Accepted, Rejected, RejectedByAPI and Unsent, and Rows that of RowsMapped,
// RowsRejected, RowsEmpty and Unchanged. docs/load.md lists the members of its JSON form.
type Summary struct {
	// Version is that of the JSON form, always SummaryVersion there.
	Version jsonVersion `json:"version"`
	// Rows is how many rows were read, those that cannot be read included; RowsRejected how many were rejected here, whole.
	Rows         int64 `json:"rows"`
	RowsRejected int64 `json:"rows_rejected"`
	// Messages is how many messages the rows read came to. A row that was rejected here counts as many as the mapping has.
	Messages int64 `json:"messages"`
	// Accepted is how many Customer.io accepted. It does not promise more than that.
	Accepted int64 `json:"accepted"`
	// Rejected is how many belong to rows that were rejected here, RejectedByAPI how many Customer.io rejected.
	Rejected      int64 `json:"rejected"`
	RejectedByAPI int64 `json:"rejected_by_api"`
	// Unsent is how many are not known to have been accepted for a reason that is not their own. All messages of a dry run are.
	Unsent int64 `json:"unsent"`
	// Retried is how many requests were repeated, Requests how many were made, Bytes how many their bodies had.
	Retried  int64 `json:"retried"`
	Requests int64 `json:"requests"`
	Bytes    int64 `json:"bytes"`
	// Seconds is how long the run took.
	Seconds float64 `json:"seconds"`

	// NewColumns are those of the input that the load of the snapshot did not have.
	NewColumns []string `json:"new_columns,omitempty"`
	// Warnings is how many warnings there are of messages that are sent all the same; see Warning.
	Warnings int64 `json:"warnings"`
	// Unchanged is how many rows were left out because they have not changed since the snapshot. They have no messages.
	Unchanged int64 `json:"unchanged"`
	// Left is how many people of the snapshot are not in the input any more, Removed how many of them were deleted or suppressed. Both are 0
	// without ChangeOnly.Mirror. The messages for them are in Messages, though they belong to no row.
	Left    int64 `json:"left"`
	Removed int64 `json:"removed"`
	// LeftAlone is how many people who have left were not removed because there was a row that may have been theirs, as it does not tell whom it
	// is about, or because of ChangeOnly.NewMapping.
	LeftAlone int64 `json:"left_alone"`
	// LeftRejected is how many people who have left were not removed, in a dry run would not be, because the deny list or a guard of the Client
	// keeps messages from them, or because it is not sure that a load has made them. Each is a reject, and counts in Messages and in Rejected.
	LeftRejected int64 `json:"left_rejected"`
	// SameAddress is how many people of the snapshot are in the input only under another id, with an e-mail address that they had. Customer.io
	// takes both ids for one person, so that nobody is removed, and goes by the other id from then on. They are not in Left.
	SameAddress int64 `json:"same_address"`

	// RowsMapped is how many rows had messages that were to be sent; RowsEmpty how many had none, because they have nothing in the columns
	// that the mapping reads, or because no condition holds.
	RowsMapped int64 `json:"rows_mapped"`
	RowsEmpty  int64 `json:"rows_empty"`
	// RowsBlank is how many of RowsEmpty had nothing in the columns that the mapping reads; the others have no message because of a condition.
	RowsBlank int64 `json:"rows_blank"`
	// RowsNameless is how many of Rows name nobody, so that any of the people who have left may be theirs, whatever else the rows came to. It is 0
	// without ChangeOnly.Mirror, and known when the run ends.
	RowsNameless int64 `json:"rows_nameless"`
	// Unknown is how many of Unsent may have been accepted all the same: no answer of the API came. They can be sent again, with the same ids.
	Unknown int64 `json:"unknown"`
	// Guarded is how many of Rejected were rejected by the client's guard or the deny list.
	Guarded int64 `json:"guarded"`
	// DenyList is how many ids the deny list holds.
	DenyList int64 `json:"deny_list"`
	// Identity says what in the input falls together in Customer.io; nil as long as the run goes on, and where it did not begin.
	Identity *IdentityCount `json:"identity,omitempty"`
	// Complete says that the input was read to its end, or to Job.Limit.
	Complete bool `json:"complete"`
	// RejectsNote says what has become of what Job.RejectsFile held before; empty if it held nothing.
	RejectsNote string `json:"rejects_note,omitempty"`
	// Reasons counts rejects by rule, the most frequent first.
	Reasons []Reason `json:"reasons,omitempty"`
	// Warned are the warnings by rule, the most frequent first.
	Warned []mapping.Warning `json:"warned,omitempty"`
	// First are the first rejects, at most ten, without the row itself.
	First []Reject `json:"-"`
	// Hints say what the cells look like that many rows were rejected for, and what would read them; known when the run ends. They hold no
	// value but words that stand for nothing, or for true and false.
	Hints []string `json:"-"`
}

// SummaryVersion is the version of a Summary's JSON form. It changes when a member is taken away or changes its meaning.
const SummaryVersion = 1

// jsonVersion is written as SummaryVersion, also by a Summary that nobody has filled in.
type jsonVersion struct{}

func (jsonVersion) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, SummaryVersion, 10), nil
}

func (*jsonVersion) UnmarshalJSON(text []byte) error {
	if string(text) != strconv.Itoa(SummaryVersion) {
		return fmt.Errorf("load: a Summary of version %s, and this program knows %d", text, SummaryVersion)
	}
	return nil
}

// Reason is a rule and how many rejects it is the reason of.
type Reason struct {
	Rule  string `json:"rule"`
	Count int64  `json:"count"`
	// First is the first of them, without the row; the zero Reject if that was before the run was resumed.
	First Reject `json:"-"`
}

// firstRejects is how many rejects a Summary keeps.
const firstRejects = 10

// tally is the state of a run that is counted as it goes on.
type tally struct {
	Summary
	reasons map[string]int64
	firstOf map[string]Reject // by rule
	causes  mapping.Causes
	warned  mapping.Warnings
	begun   time.Time
	read    int64 // bytes of the input
	size    int64
	stopped error
}

// add counts a reject.
func (t *tally) add(r Reject) {
	if t.reasons[r.Rule]++; t.reasons[r.Rule] == 1 {
		t.firstOf[r.Rule] = r
	}
	if len(t.First) < firstRejects {
		t.First = append(t.First, r)
	}
	r.because(&t.causes)
}

// summary returns the counts so far.
func (t *tally) summary() Summary {
	s := t.Summary
	s.Seconds = time.Since(t.begun).Seconds()
	s.First = slices.Clone(s.First)
	s.Warned, s.Warnings = t.warned.Sorted()
	s.Reasons = nil
	for rule, n := range t.reasons {
		s.Reasons = append(s.Reasons, Reason{rule, n, t.firstOf[rule]})
	}
	slices.SortFunc(s.Reasons, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Rule, b.Rule))
	})
	return s
}
