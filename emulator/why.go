package emulator

import (
	"encoding/json"
	"fmt"
	"time"
)

// Why says where the present state of one person comes from.
type Why struct {
	ID           string `json:"id"`
	Email        string `json:"email"`
	CustomerIOID string `json:"cio_id"`
	// Created is the message that created the person, SeenAt when the newest
	// one that concerned them was received.
	Created Origin    `json:"created"`
	SeenAt  time.Time `json:"seenAt"`
	// Traits says for each trait which message gave it its present value.
	Traits map[string]WhyTrait `json:"traits"`
	// AnonymousIDs are those that became the person's, in order.
	AnonymousIDs []string `json:"anonymousIds"`
	// Merges is the history of what was merged into the person, oldest
	// first, the last hundred.
	Merges []Merge `json:"merges"`
}

// WhyTrait is a trait and the message that set it.
type WhyTrait struct {
	Value json.RawMessage `json:"value"`
	By    Origin          `json:"by"`
}

// Why returns where the present state of a person comes from. key and id are
// as for Person, and so are the errors; of suppressed people nothing is known.
func (s *Server) Why(key, id string) (Why, error) {
	ws, err := s.workspace(key)
	if err != nil {
		return Why{}, err
	}
	if ws != nil {
		ws.mu.Lock()
		defer ws.mu.Unlock()
		for _, who := range candidates(id) {
			if p := ws.find(who); p != nil {
				return p.why(), nil
			}
		}
	}
	return Why{}, fmt.Errorf("emulator: person %w", ErrNotFound)
}

func (p *personState) why() Why {
	out := Why{
		ID:           p.id,
		Email:        p.email,
		CustomerIOID: customerIOIDPrefix + p.customerIOID,
		Created:      p.created.export(),
		SeenAt:       p.seenAt,
		Traits:       make(map[string]WhyTrait, len(p.traits)),
		AnonymousIDs: append([]string{}, p.anonymousIDs...),
		Merges:       make([]Merge, 0, len(p.merges)),
	}
	for _, a := range p.traits {
		out.Traits[a.name.Value()] = WhyTrait{json.RawMessage(a.value), a.origin.export()}
	}
	for _, m := range p.merges {
		out.Merges = append(out.Merges, m.export())
	}
	return out
}
