package emulator

import (
	"encoding/json"
	"time"
)

// Report is one "Report Delivery Event" or "Report Content Event": what an SDK
// tells Customer.io about a message that Customer.io sent. Reports change no
// person and are not events.
type Report struct {
	// Sequence is the [Record]'s.
	Sequence uint64
	// Event is the name of the semantic event.
	Event string
	// Timestamp is the message's.
	Timestamp time.Time
	// Properties are as sent, nil for none.
	Properties json.RawMessage
}

// keepReport keeps as many reports as the journal keeps messages.
func (ws *workspaceState) keepReport(m *decodedMessage) {
	if ws.config.MaxMessages > 0 {
		ws.reports = appendBounded(ws.reports, Report{m.sequence, m.event, m.at, rawMessage(m.properties)}, ws.config.MaxMessages)
	}
}

// ReportsQuery says which reports to list.
type ReportsQuery struct {
	// Key is the workspace's write key. Empty: the only workspace.
	Key string
	// Before is ReportsPage.Next of the page before. Zero: the first page.
	Before uint64
	// Limit is how many to list at most. Zero or negative: all.
	Limit int
}

// ReportsPage is a part of the list of reports, newest first.
type ReportsPage struct {
	Reports []Report `json:"reports"`
	// Next is ReportsQuery.Before of the next page, or zero after the last.
	Next uint64 `json:"next"`
}

// Reports lists the delivery and content reports that the workspace received,
// the newest first, at most Config.MaxMessages. It fails as Stats does.
func (s *Server) Reports(q ReportsQuery) (ReportsPage, error) {
	page := ReportsPage{Reports: []Report{}}
	ws, err := s.workspace(q.Key)
	if ws == nil {
		return page, err
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	found, next := newest(ws.reports, q.Before, q.Limit, func(r Report) uint64 { return r.Sequence })
	page.Reports, page.Next = append(page.Reports, found...), next
	return page, nil
}
