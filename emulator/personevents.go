package emulator

import (
	"fmt"
	"slices"
)

// PersonEventsQuery says which events of a person to list.
type PersonEventsQuery struct {
	// Key is the workspace's write key. Empty: the only workspace.
	Key string
	// ID names the person, as for [Server.Person].
	ID string
	// Before is PersonEventsPage.Next of the page before. Zero: the first page.
	Before uint64
	// Limit is how many to list at most. Zero or negative: all.
	Limit int
}

// PersonEventsPage is a part of the events of a person. The event that arrived
// last is the first.
type PersonEventsPage struct {
	Events []PersonEvent `json:"events"`
	// Next is PersonEventsQuery.Before of the next page, or zero after the
	// last.
	Next uint64 `json:"next"`
	// Total counts the events that are kept. Forgotten counts those beyond
	// Config.MaxEventsPerPerson.
	Total     int `json:"total"`
	Forgotten int `json:"forgotten"`
}

// PersonEvent is an event and where it came from.
type PersonEvent struct {
	Event
	// Request is the number of its request, and Sequence the [Record]'s. Both
	// are zero if the journal no longer keeps the message.
	Request  uint64 `json:"request"`
	Sequence uint64 `json:"sequence,omitempty"`
}

// PersonEvents lists the events of a person. It fails as Person does; a
// suppressed person has none.
func (s *Server) PersonEvents(q PersonEventsQuery) (PersonEventsPage, error) {
	page := PersonEventsPage{Events: []PersonEvent{}}
	ws, err := s.workspace(q.Key)
	if err != nil {
		return page, err
	}
	if ws == nil {
		return page, fmt.Errorf("emulator: person %w", ErrNotFound)
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	p := ws.meant(q.ID)
	if p == nil {
		if slices.ContainsFunc(candidates(q.ID), ws.isSuppressed) {
			return page, nil
		}
		return page, fmt.Errorf("emulator: person %w", ErrNotFound)
	}
	page.Total, page.Forgotten = len(p.events), p.eventCount-len(p.events)
	end := len(p.events)
	if q.Before > 0 {
		end = int(min(uint64(end), q.Before-1))
	}
	begin := 0
	if q.Limit > 0 {
		begin = max(0, end-q.Limit)
	}
	for _, e := range slices.Backward(p.events[begin:end]) {
		out := PersonEvent{Event: e.export(), Request: ws.requestOf(e.sequence)}
		if out.Request > 0 {
			out.Sequence = e.sequence
		}
		page.Events = append(page.Events, out)
	}
	if begin > 0 {
		page.Next = uint64(begin) + 1
	}
	return page, nil
}

// meant returns the person whom the id names, or nil.
func (ws *workspaceState) meant(id string) *personState {
	for _, who := range candidates(id) {
		if p := ws.find(who); p != nil {
			return p
		}
	}
	return nil
}

// requestOf returns the number of the request of a message, or zero if the
// journal does not keep the message.
func (ws *workspaceState) requestOf(sequence uint64) uint64 {
	if e, held := ws.journal.at(sequence); held {
		return e.request
	}
	return 0
}
