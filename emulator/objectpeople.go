package emulator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
)

// ObjectPeopleQuery says which of the people related to an object to list.
type ObjectPeopleQuery struct {
	// Key is the workspace's write key. Empty: the only workspace.
	Key string
	// TypeID and ID name the object, as for [Server.Object].
	TypeID, ID string
	// Before is ObjectPeoplePage.Next of the page before. Zero: the first page.
	Before uint64
	// Limit is how many to list at most. Zero or negative: all.
	Limit int
}

// ObjectPeoplePage is a part of the people related to an object, newest first.
type ObjectPeoplePage struct {
	People []RelatedPerson `json:"people"`
	// Next is ObjectPeopleQuery.Before of the next page, or zero after the
	// last.
	Next uint64 `json:"next"`
}

// RelatedPerson is a person who is related to an object.
type RelatedPerson struct {
	PersonSummary
	// Attributes are those of the relationship.
	Attributes map[string]json.RawMessage `json:"attributes"`
}

// ObjectPeople lists the people related to an object, newest first. It
// fails as Object does.
func (s *Server) ObjectPeople(q ObjectPeopleQuery) (ObjectPeoplePage, error) {
	page := ObjectPeoplePage{People: []RelatedPerson{}}
	ws, err := s.workspace(q.Key)
	if err != nil {
		return page, err
	}
	if ws == nil {
		return page, fmt.Errorf("emulator: object %w", ErrNotFound)
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	o := ws.objects[objectKey{cmp.Or(q.TypeID, defaultObjectType), q.ID}]
	if o == nil {
		return page, fmt.Errorf("emulator: object %w", ErrNotFound)
	}
	found := o.newestPeople(q.Before, q.Limit)
	for _, p := range found {
		page.People = append(page.People, RelatedPerson{p.summary(), p.relationships[o.key].export()})
	}
	if q.Limit > 0 && len(found) == q.Limit && len(o.newestPeople(found[len(found)-1].number, 1)) > 0 {
		page.Next = found[len(found)-1].number
	}
	return page, nil
}

// newestPeople returns up to limit of the people related to o, or all, the
// newest first, with numbers below before, if that is not 0. An object may have
// a hundred thousand people, of whom few are wanted.
func (o *objectState) newestPeople(before uint64, limit int) []*personState {
	newer := func(a, b *personState) int { return cmp.Compare(b.number, a.number) }
	var found []*personState // sorted, if there is a limit
	for p := range o.people {
		switch {
		case before > 0 && p.number >= before:
		case limit <= 0:
			found = append(found, p)
		case len(found) == limit && newer(p, found[limit-1]) > 0:
		default:
			i, _ := slices.BinarySearchFunc(found, p, newer)
			found = slices.Insert(found, i, p)
			found = found[:min(len(found), limit)]
		}
	}
	if limit <= 0 {
		slices.SortFunc(found, newer)
	}
	return found
}
