package emulator

import "encoding/json"

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

// personData is what the page shows of a person.
type personData struct {
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

// person shows one person.
func (p *pageRequest) person(id string) (view, error) {
	if p.ws == nil {
		return view{}, pageNotFound("There is nobody yet.")
	}
	data, found := p.ws.personData(id, int(p.number("before")))
	if !found {
		return view{}, pageNotFound("There is no such person. They may have been deleted.")
	}
	return view{"person", data.Title, "people", data}, nil
}
