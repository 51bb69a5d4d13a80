package emulator

import (
	"errors"
	"time"
)

// MessagesQuery says which messages to list.
type MessagesQuery struct {
	// Key is the workspace's write key. Empty: the only workspace.
	Key string
	// Verdict is the verdict to list. Empty: any.
	Verdict Verdict
	// NotAccepted lists what was dropped and what was rejected. Verdict must be
	// empty then.
	NotAccepted bool
	// Warned lists messages that have a warning, with any verdict.
	Warned bool
	// Search keeps messages that have all of its words in their text, in any
	// order, in upper or lower case: identifiers, addresses, events, message
	// ids, and everything else that was sent. White space separates words. A
	// phrase in quotation marks counts as one word: it begins at the start of a
	// word, and ends before white space or at the end. A dash before a word or
	// a phrase excludes the messages that have it. A message that the journal
	// keeps without its text has no words. Empty: all.
	Search string
	// Type is the type of the message, such as track. Empty: any.
	Type string
	// Event is the exact event of a track call, or the exact name of a page or
	// screen. Empty: any.
	Event string
	// Person is an identifier of a person, as for [Server.Person]. It keeps
	// messages that name the person by any of their identifiers, also by
	// earlier ones. Empty: anybody.
	Person string
	// Rule is the ID of a rule that the message broke, or of a warning. Empty:
	// any.
	Rule string
	// From keeps messages that were received at that time or later. To keeps
	// those that were received before that time. Zero: any time.
	From, To time.Time
	// Before is MessagesPage.Next of the page before. Zero: the first page.
	Before uint64
	// Limit is how many to list at most. Zero or negative: all.
	Limit int
}

// MessagesPage is a part of the list of messages, newest first.
type MessagesPage struct {
	Messages []Record `json:"messages"`
	// Next is MessagesQuery.Before of the next page, or zero after the last.
	Next uint64 `json:"next"`
}

// check returns what is wrong with the query.
func (q MessagesQuery) check() error {
	switch q.Verdict {
	case "", VerdictAccepted, VerdictDropped, VerdictRejected:
	default:
		return errors.New("emulator: verdict must be accepted, dropped or rejected")
	}
	if q.Type != "" && kindOf(q.Type) == kindUnknown {
		return errors.New("emulator: type must be identify, track, page, screen, group or alias")
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		return errors.New("emulator: from must be before to")
	}
	if q.NotAccepted && q.Verdict != "" {
		return errors.New("emulator: give a verdict or not_accepted, not both")
	}
	return nil
}

// wants reports whether the query lists messages with the verdict.
func (q MessagesQuery) wants(v Verdict) bool {
	if q.NotAccepted {
		return v != VerdictAccepted
	}
	return q.Verdict == "" || q.Verdict == v
}

// Messages returns the messages that the journal keeps, newest first. It fails
// as Stats does, and for a verdict that does not exist.
func (s *Server) Messages(q MessagesQuery) (MessagesPage, error) {
	page := MessagesPage{Messages: []Record{}}
	if err := q.check(); err != nil {
		return page, err
	}
	ws, err := s.workspace(q.Key)
	if err != nil || ws == nil {
		return page, err
	}
	entries, next := ws.list(ws.filter(q), q.Before, q.Limit)

	page.Messages, page.Next = make([]Record, 0, len(entries)), next
	for _, e := range entries {
		page.Messages = append(page.Messages, e.export())
	}
	return page, nil
}
