package emulator

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// PeopleQuery says which people to list.
type PeopleQuery struct {
	// Key is the workspace's write key. Empty: the only workspace.
	Key string
	// Search keeps people who have it in an identifier or a text trait, in
	// upper or lower case. Empty: everybody.
	Search string
	// Before is PeoplePage.Next of the page before. Zero: the first page.
	Before uint64
	// Limit is how many to list at most. Zero or negative: all.
	Limit int
}

// PeoplePage is a part of a list of people, newest first.
type PeoplePage struct {
	People []PersonSummary `json:"people"`
	// Next is PeopleQuery.Before of the next page, or zero after the last.
	Next uint64 `json:"next"`
}

// PersonSummary is a person without their events, devices and relationships.
type PersonSummary struct {
	ID           string `json:"id"`
	Email        string `json:"email"`
	CustomerIOID string `json:"cio_id"`
	// Name is made from the trait name, or from the traits first_name and
	// last_name.
	Name      string    `json:"name,omitempty"`
	Traits    int       `json:"traits"`
	Events    int       `json:"events"`
	Devices   int       `json:"devices"`
	CreatedAt time.Time `json:"createdAt"`
	SeenAt    time.Time `json:"seenAt"`
}

// People lists people, newest first. It fails as Stats does.
func (s *Server) People(q PeopleQuery) (PeoplePage, error) {
	ws, err := s.workspace(q.Key)
	if ws == nil {
		return PeoplePage{People: []PersonSummary{}}, err
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	var keep func(*personState) bool
	if needle := strings.ToLower(strings.TrimSpace(q.Search)); needle != "" {
		keep = func(p *personState) bool { return p.mentions(needle) }
	}
	found, next := ws.people.newest(q.Before, q.Limit, keep)
	page := PeoplePage{People: make([]PersonSummary, 0, len(found)), Next: next}
	for _, p := range found {
		page.People = append(page.People, p.summary())
	}
	return page, nil
}

func (p *personState) summary() PersonSummary {
	s := PersonSummary{
		ID:           p.id,
		Email:        p.email,
		CustomerIOID: customerIOIDPrefix + p.customerIOID,
		Traits:       len(p.traits),
		Events:       p.eventCount,
		Devices:      len(p.devices),
		SeenAt:       p.seenAt,
	}
	if p.created != nil {
		s.CreatedAt = p.created.at
	}
	names := make(map[string]json.RawMessage)
	for _, trait := range nameTraits {
		names[trait] = json.RawMessage(p.traits.get(trait))
	}
	s.Name = named(names, "")
	return s
}

// mentions reports whether needle, in lower case, occurs in an identifier or in
// a text trait. Escapes in traits are not undone.
func (p *personState) mentions(needle string) bool {
	if strings.Contains(p.email, needle) || strings.Contains(strings.ToLower(p.id), needle) ||
		strings.HasPrefix(needle, customerIOIDPrefix) && strings.Contains(customerIOIDPrefix+p.customerIOID, needle) {
		return true
	}
	for _, a := range p.traits {
		if a.value[0] == '"' && strings.Contains(strings.ToLower(a.value), needle) {
			return true
		}
	}
	return false
}

// ObjectsQuery says which objects to list.
type ObjectsQuery struct {
	// Key is the workspace's write key. Empty: the only workspace.
	Key string
	// Search keeps objects that have it in their ID or a text attribute, in
	// upper or lower case. Empty: all objects.
	Search string
	// Before is ObjectsPage.Next of the page before. Zero: the first page.
	Before uint64
	// Limit is how many to list at most. Zero or negative: all.
	Limit int
}

// ObjectsPage is a part of a list of objects, newest first.
type ObjectsPage struct {
	Objects []Object `json:"objects"`
	// Next is ObjectsQuery.Before of the next page, or zero after the last.
	Next uint64 `json:"next"`
}

// Objects lists objects, newest first. It fails as Stats does.
func (s *Server) Objects(q ObjectsQuery) (ObjectsPage, error) {
	ws, err := s.workspace(q.Key)
	if ws == nil {
		return ObjectsPage{Objects: []Object{}}, err
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	var keep func(*objectState) bool
	if needle := strings.ToLower(strings.TrimSpace(q.Search)); needle != "" {
		keep = func(o *objectState) bool { return o.mentions(needle) }
	}
	found, next := ws.objectOrder.newest(q.Before, q.Limit, keep)
	page := ObjectsPage{Objects: make([]Object, 0, len(found)), Next: next}
	for _, o := range found {
		page.Objects = append(page.Objects, o.export())
	}
	return page, nil
}

// mentions reports whether needle, in lower case, occurs in the ID or in a text
// attribute. Escapes in attributes are not undone.
func (o *objectState) mentions(needle string) bool {
	if strings.Contains(strings.ToLower(o.key.id), needle) {
		return true
	}
	return slices.ContainsFunc(o.attributes, func(a attribute) bool {
		return a.value[0] == '"' && strings.Contains(strings.ToLower(a.value), needle)
	})
}

// newest returns up to limit of all, or all without a limit, newest first,
// with numbers below before, if before is not 0. next is the before of the
// following ones; 0 if there are none. The numbers of all rise.
func newest[T any](all []T, before uint64, limit int, number func(T) uint64) (found []T, next uint64) {
	for _, item := range slices.Backward(all) {
		switch {
		case before > 0 && number(item) >= before:
		case limit > 0 && len(found) == limit:
			return found, number(item) + 1
		default:
			found = append(found, item)
		}
	}
	return found, 0
}
