package emulator

import (
	"encoding/json"
	"slices"
)

// pageTrait is a trait with the message that set it.
type pageTrait struct {
	Name  string
	Value json.RawMessage
	By    Origin
	// Request is the message's, zero if the journal does not hold it.
	Request uint64
}

// pageEvent is an event in a timeline.
type pageEvent struct {
	Event
	Request uint64
}

// person shows one person. before is the index of the event to go on before.
func (p *pageRequest) person(id string) (view, error) {
	if p.ws == nil {
		return view{}, pageNotFound("There is nobody yet.")
	}
	var data struct {
		Person
		Title  string
		Why    Why
		Traits []pageTrait
		Events []pageEvent
		Total  int
		Pruned int
		Older  int // the before of the next page, 0 after the last
		Later  bool
		Graph  graph
	}
	ws := p.ws
	ws.mu.Lock()
	defer ws.mu.Unlock()
	var found *person
	for _, who := range candidates(id) {
		if found = ws.find(who); found != nil {
			break
		}
	}
	if found == nil {
		for _, who := range candidates(id) {
			if ws.isSuppressed(who) {
				data.Suppressed, data.Title = true, id
				return view{"person", id, "people", data}, nil
			}
		}
		return view{}, pageNotFound("There is no such person. They may have been deleted.")
	}
	events := found.events
	end := len(events)
	if before := int(p.number("before")); before > 0 && before < end {
		end, data.Later = before, true
	}
	begin := max(0, end-pageRows)
	// The rest of the events is not copied, however many there are.
	found.events = nil
	data.Person = found.export()
	found.events = events
	data.Title, data.Why, data.Total, data.Pruned, data.Older = found.name(), found.why(), len(events), found.eventCount-len(events), begin
	for _, e := range slices.Backward(events[begin:end]) {
		out := pageEvent{Event: e.export()}
		if entry, held := ws.journal.at(e.sequence); held {
			out.Request = entry.request
		}
		data.Events = append(data.Events, out)
	}
	for _, a := range found.traits {
		t := pageTrait{Name: a.name.Value(), Value: json.RawMessage(a.value), By: a.origin.export()}
		if entry, held := ws.journal.at(t.By.Sequence); held {
			t.Request = entry.request
		}
		data.Traits = append(data.Traits, t)
	}
	data.Graph = personGraph(found, ws.handle)
	return view{"person", data.Title, "people", data}, nil
}
