package load

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/ciokit/cio/kit/mapping"
)

// Summary is the result of a run. Messages is always the sum of Accepted, Rejected, RejectedByAPI and Unsent. Rows is always the sum of RowsMapped,
// RowsRejected, RowsEmpty and Unchanged. docs/load.md lists the members of its JSON form.
type Summary struct {
	// Version is the version of the JSON form, always SummaryVersion there.
	Version jsonVersion `json:"version"`
	// Rows is how many rows were read, including those that cannot be read; RowsRejected how many were rejected here, with all their messages.
	Rows         int64 `json:"rows"`
	RowsRejected int64 `json:"rows_rejected"`
	// Messages is how many messages the rows became. A row that was rejected here counts as many messages as the mapping has.
	Messages int64 `json:"messages"`
	// Accepted is how many messages Customer.io accepted. That does not promise that the data is stored.
	Accepted int64 `json:"accepted"`
	// Rejected is how many messages belong to rows that were rejected here, RejectedByAPI how many Customer.io rejected.
	Rejected      int64 `json:"rejected"`
	RejectedByAPI int64 `json:"rejected_by_api"`
	// Unsent is how many messages are unsent or unknown (cio.OutcomeUnsent, cio.OutcomeUnknown): they are not known to have been accepted, for a
	// reason that is not in the message. Unknown says how many of them are unknown. In a dry run, all messages are unsent.
	Unsent int64 `json:"unsent"`
	// Retried is how many requests were repeated, Requests how many were made, Bytes the size of their bodies.
	Retried  int64 `json:"retried"`
	Requests int64 `json:"requests"`
	Bytes    int64 `json:"bytes"`
	// Seconds is how long the run took.
	Seconds float64 `json:"seconds"`

	// NewColumns are columns of the input that the load of the snapshot did not have.
	NewColumns []string `json:"new_columns,omitempty"`
	// Warnings is how many warnings there are; the messages that they are about are sent; see Warning.
	Warnings int64 `json:"warnings"`
	// Unchanged is how many rows were left out because they have not changed since the snapshot. Their messages are not counted.
	Unchanged int64 `json:"unchanged"`
	// Left is how many people of the snapshot are not in the input any more, Removed how many of them were deleted or suppressed. Both are 0 without
	// ChangeOnly.Mirror. Messages includes the messages for them, though they belong to no row.
	Left    int64 `json:"left"`
	Removed int64 `json:"removed"`
	// LeftAlone is how many people who have left were not removed, because some row does not say whom it is about and may be about one of them, or
	// because of ChangeOnly.NewMapping.
	LeftAlone int64 `json:"left_alone"`
	// LeftRejected is how many people who have left were not removed, or would not be in a dry run, because the deny list or a guard of the Client
	// forbids messages for them, or because it is not certain that a load has made them. Each is a reject, and counts in Messages and in Rejected.
	LeftRejected int64 `json:"left_rejected"`
	// SameAddress is how many people of the snapshot are in the input only under another id, with an email address that they had. For Customer.io
	// both ids are one person, so nobody is removed, and the person then has the other id. They are not counted in Left.
	SameAddress int64 `json:"same_address"`

	// RowsMapped is how many rows had messages to send; RowsEmpty how many had none, because all columns that the mapping reads are empty, or because
	// no condition is true.
	RowsMapped int64 `json:"rows_mapped"`
	RowsEmpty  int64 `json:"rows_empty"`
	// RowsBlank is how many of RowsEmpty have only empty columns among those that the mapping reads; the others have no message because of a
	// condition.
	RowsBlank int64 `json:"rows_blank"`
	// RowsNameless is how many of Rows do not say whom they are about, so that they may be about any of the people who have left. It includes rows
	// that were sent or rejected. It is 0 without ChangeOnly.Mirror, and known when the run ends.
	RowsNameless int64 `json:"rows_nameless"`
	// Unknown is how many of Unsent may have been accepted: they were sent, and no answer of the API came. They can be sent again, with the same ids.
	Unknown int64 `json:"unknown"`
	// Guarded is how many of Rejected were rejected by the client's guard or the deny list.
	Guarded int64 `json:"guarded"`
	// DenyList is how many ids the deny list has.
	DenyList int64 `json:"deny_list"`
	// Identity counts things of the input that look different but are one in Customer.io; nil while the run is under way, and if it did not begin.
	Identity *IdentityCount `json:"identity,omitempty"`
	// Complete says that the input was read to its end, or to Job.Limit.
	Complete bool `json:"complete"`
	// RejectsNote says what happened to the earlier contents of Job.RejectsFile; empty if there were none.
	RejectsNote string `json:"rejects_note,omitempty"`
	// Reasons counts rejects by rule, the most frequent first.
	Reasons []Reason `json:"reasons,omitempty"`
	// Warned are the warnings by rule, the most frequent first.
	Warned []mapping.Warning `json:"warned,omitempty"`
	// First are the first rejects, at most ten, without the row itself.
	First []Reject `json:"-"`
	// Hints describe the cells that many rows were rejected for, and the setting that would read them; known when the run ends. The only values in
	// them are words for a missing value, such as n/a, and words for true or false.
	Hints []string `json:"-"`
}

// SummaryVersion is the version of a Summary's JSON form. It changes when a member is removed or changes its meaning.
const SummaryVersion = 1

// jsonVersion is written as SummaryVersion, even by a zero Summary.
type jsonVersion struct{}

func (jsonVersion) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, SummaryVersion, 10), nil
}

func (*jsonVersion) UnmarshalJSON(text []byte) error {
	if string(text) != strconv.Itoa(SummaryVersion) {
		return fmt.Errorf("load: the Summary has version %s, and this program reads version %d", text, SummaryVersion)
	}
	return nil
}

// Reason is a rule and the number of rejects that broke it.
type Reason struct {
	Rule  string `json:"rule"`
	Count int64  `json:"count"`
	// First is the first of them, without the row; the zero Reject if it was rejected before the run was resumed.
	First Reject `json:"-"`
}

// firstRejects is how many rejects a Summary keeps.
const firstRejects = 10

// tally is the counts of a run under way.
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
