package emulator

import "errors"

// MessagesQuery says which messages to list.
type MessagesQuery struct {
	// Key is the workspace's write key. Empty: the only workspace.
	Key string
	// Verdict is the verdict to list. Empty: any.
	Verdict Verdict
	// NotAccepted lists what was dropped and what was rejected. Verdict is
	// empty then.
	NotAccepted bool
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
	if q.NotAccepted && q.Verdict != "" {
		return errors.New("emulator: say a verdict, or that none of the messages was accepted, and not both")
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
	ws.mu.Lock()
	entries, next := ws.journal.newest(q)
	ws.mu.Unlock()

	page.Messages, page.Next = make([]Record, 0, len(entries)), next
	for _, e := range entries {
		page.Messages = append(page.Messages, e.export())
	}
	return page, nil
}
