package mapping

import (
	"cmp"
	"slices"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
)

// Warning is about messages that are sent, although a part of them may be lost or they may have less effect than expected.
type Warning struct {
	// Rule is one of the rules below, or one of package cio's RuleLimit constants and RuleNearSemantic. Hint explains it.
	Rule string `json:"rule"`
	Hint string `json:"hint"`
	// Count is how many there are. Each place in a message counts.
	Count int64 `json:"count"`
	// File and Line are the place of the first row with the warning. Field is its field, as named on the wire.
	File  string `json:"file,omitempty"`
	Line  int64  `json:"line"`
	Field string `json:"field,omitempty"`
}

// The rules of warnings of this package.
const (
	// RuleFutureTime is for a timestamp more than five minutes ahead, which is probably a mistake in a time zone or a clock.
	RuleFutureTime = "time-in-the-future"
	// RuleOldEvent is for an event more than 72 hours old. Customer.io stores it, but it starts no campaign (docs/rules.md#message-id-and-time).
	RuleOldEvent = "event-starts-no-campaign"
)

const (
	futureTime = 5 * time.Minute
	oldEvent   = 72 * time.Hour
)

// Warnings are the warnings of some rows, one for each rule.
type Warnings []Warning

func (w *Warnings) add(n Warning) {
	for i := range *w {
		if have := &(*w)[i]; have.Rule == n.Rule {
			have.Count += n.Count
			return
		}
	}
	n.Hint = HintOf(n.Hint)
	*w = append(*w, n)
}

func (w *Warnings) AddAll(more Warnings) {
	for _, n := range more {
		w.add(n)
	}
}

// Sorted returns them with the most frequent first, and how many there are in total.
func (w Warnings) Sorted() (list []Warning, count int64) {
	list = slices.Clone(w)
	slices.SortFunc(list, func(a, b Warning) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Rule, b.Rule)) })
	for _, n := range list {
		count += n.Count
	}
	return list, count
}

// AddRow adds the warnings about a row and its messages, which the mapper has just made.
func (w *Warnings) AddRow(r *source.Row, messages []cio.Encoded, m *Mapper, now time.Time) {
	w.look(r.File, r.Line, messages, m.times, now)
	for _, n := range m.row.notes {
		w.add(Warning{n.rule, zoneWarnings[n.rule], 1, r.File, r.Line, n.field})
	}
	if n := m.noAddress; n > 0 {
		w.add(Warning{RuleNotAnAddress, hintNotAnAddress, int64(n), r.File, r.Line, "traits.email"})
	}
	if n := m.byAddress; n > 0 {
		w.add(Warning{RuleByAddress, hintByAddress, int64(n), r.File, r.Line, "userId"})
	}
}

// look adds the warnings about the messages of a row. times are the times from the mapping. now is the approximate current time.
func (w *Warnings) look(file string, line int64, messages []cio.Encoded, times []time.Time, now time.Time) {
	for i := range messages {
		m := &messages[i]
		for _, n := range m.Warnings() {
			w.add(Warning{string(n.Rule), n.Hint, 1, file, line, n.Field})
		}
		at := times[i]
		if at.IsZero() {
			continue
		}
		switch age := now.Sub(at); {
		case age < -futureTime:
			w.add(Warning{RuleFutureTime, "the time is more than 5 minutes ahead; check the time zone", 1, file, line, "timestamp"})
		case age > oldEvent && startsCampaigns(m.Type()):
			w.add(Warning{RuleOldEvent, "events more than 72 hours old are stored, but start no campaign", 1, file, line, "timestamp"})
		}
	}
}

func startsCampaigns(typ cio.Type) bool {
	return typ == cio.TypeTrack || typ == cio.TypePage || typ == cio.TypeScreen
}
