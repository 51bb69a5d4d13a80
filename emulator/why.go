package emulator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"
)

// Why says where the present state of one person comes from.
type Why struct {
	ID           string `json:"id"`
	Email        string `json:"email"`
	CustomerIOID string `json:"cio_id"`
	// Created is the message that created the person. SeenAt is when the newest
	// message about them was received.
	Created Origin    `json:"created"`
	SeenAt  time.Time `json:"seenAt"`
	// Traits says for each trait which message gave it its present value.
	Traits map[string]WhyTrait `json:"traits"`
	// AnonymousIDs are those that now belong to the person, in order.
	AnonymousIDs []string `json:"anonymousIds"`
	// Merges has the last hundred merges into the person, oldest first.
	Merges []Merge `json:"merges"`
}

// WhyTrait is a trait and the message that set it.
type WhyTrait struct {
	Value json.RawMessage `json:"value"`
	By    Origin          `json:"by"`
	// Request is the number of its request; zero if the journal no longer keeps
	// the message.
	Request uint64 `json:"request,omitempty"`
}

// Why returns where the present state of a person comes from. key, id and the
// errors are as for Person. Nothing is known of suppressed people.
func (s *Server) Why(key, id string) (Why, error) {
	ws, err := s.workspace(key)
	if err != nil {
		return Why{}, err
	}
	if ws != nil {
		ws.mu.Lock()
		defer ws.mu.Unlock()
		if p := ws.meant(id); p != nil {
			return ws.why(p), nil
		}
	}
	return Why{}, fmt.Errorf("emulator: person %w", ErrNotFound)
}

func (ws *workspaceState) why(p *personState) Why {
	out := Why{
		ID:           p.id,
		Email:        p.email,
		CustomerIOID: customerIOIDPrefix + p.customerIOID,
		Created:      p.created.export(),
		SeenAt:       p.seenAt,
		AnonymousIDs: append([]string{}, p.anonymousIDs...),
		Merges:       make([]Merge, 0, len(p.merges)),
	}
	out.Traits = ws.whyTraits(p.traits)
	for _, m := range p.merges {
		out.Merges = append(out.Merges, m.export())
	}
	return out
}

// Successor returns the person who now has the history of id, and the newest
// merge that caused this. id is an identifier that names nobody any more. There
// are three causes: a new id came with the address of the person; a message
// that named the person by cio_id gave them another id; or the person was
// merged into another one. key is as for Person. It fails with ErrNotFound if
// nobody took over, or if the merge is older than the last hundred of that
// person. It searches all people.
func (s *Server) Successor(key, id string) (Why, Merge, error) {
	ws, err := s.workspace(key)
	if err != nil {
		return Why{}, Merge{}, err
	}
	if ws != nil {
		ws.mu.Lock()
		defer ws.mu.Unlock()
		if p, m := ws.successor(id); p != nil && ws.meant(id) == nil {
			return ws.why(p), m.export(), nil
		}
	}
	return Why{}, Merge{}, fmt.Errorf("emulator: person who took over %w", ErrNotFound)
}

// successor returns the newest merge from id, and the person who has it.
func (ws *workspaceState) successor(id string) (p *personState, newest mergeState) {
	for _, other := range ws.byCustomerIOID {
		for _, m := range other.merges {
			if id != "" && m.from == id && m.kind != MergeKindAnonymous && (p == nil || newest.by.export().Sequence < m.by.export().Sequence) {
				p, newest = other, m
			}
		}
	}
	return p, newest
}

// WhyObject returns which message gave each attribute of an object its present
// value. key, typeID, id and the errors are as for Object.
func (s *Server) WhyObject(key, typeID, id string) (map[string]WhyTrait, error) {
	ws, err := s.workspace(key)
	if err != nil {
		return nil, err
	}
	if ws != nil {
		ws.mu.Lock()
		defer ws.mu.Unlock()
		if o := ws.objects[objectKey{cmp.Or(typeID, defaultObjectType), id}]; o != nil {
			return ws.whyTraits(o.attributes), nil
		}
	}
	return nil, fmt.Errorf("emulator: object %w", ErrNotFound)
}

func (ws *workspaceState) whyTraits(as attributes) map[string]WhyTrait {
	list := make(map[string]WhyTrait, len(as))
	for _, a := range as {
		by := a.origin.export()
		list[a.name.Value()] = WhyTrait{json.RawMessage(a.value), by, ws.requestOf(by.Sequence)}
	}
	return list
}
