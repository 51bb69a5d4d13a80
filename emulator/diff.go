package emulator

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// maxDifferences bounds the changes that a Difference lists; more are only
// counted.
const maxDifferences = 1_000

// Difference is what changed from one snapshot to another.
type Difference struct {
	// People and Objects are those that were added, removed or changed, at most
	// 1,000 of each, in the order of their creation.
	People  []Change `json:"people"`
	Objects []Change `json:"objects"`
	// PeopleChanged and ObjectsChanged count them all.
	PeopleChanged  int `json:"peopleChanged"`
	ObjectsChanged int `json:"objectsChanged"`
	// Messages counts the messages in between.
	Messages MessageCounts `json:"messages"`
}

// Change is what happened to one person or object.
type Change struct {
	// What is one of the words added, removed and changed.
	What string `json:"what"`
	// Name is the best identifier of a person, or the ID of an object.
	Name string `json:"name"`
	// Type is the type of an object, empty for a person.
	Type string `json:"type,omitempty"`
	// Attributes are the traits or attributes that differ, by name.
	Attributes []AttributeChange `json:"attributes,omitempty"`
	// Events, Devices and Relationships are the differences of their numbers;
	// negative if there are fewer.
	Events        int `json:"events,omitempty"`
	Devices       int `json:"devices,omitempty"`
	Relationships int `json:"relationships,omitempty"`
}

// AttributeChange is one trait or attribute before and after; nil means absent.
type AttributeChange struct {
	Name   string          `json:"name"`
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
}

// Diff returns what changed from a to b, which should be snapshots of the same
// workspace: people are matched by their cio_id.
func Diff(a, b Snapshot) Difference {
	from, to := a.state, b.state
	if from == nil {
		from = new(savedState)
	}
	if to == nil {
		to = new(savedState)
	}
	d := Difference{People: []Change{}, Objects: []Change{}}
	matchUp(from.People, to.People, func(p savedPerson) uint64 { return p.Number }, func(before, after *savedPerson) {
		if c, changed := comparePeople(before, after); changed {
			if d.PeopleChanged++; len(d.People) < maxDifferences {
				d.People = append(d.People, c)
			}
		}
	})
	matchUp(from.Objects, to.Objects, func(o savedObject) uint64 { return o.Number }, func(before, after *savedObject) {
		if c, changed := compareObjects(before, after); changed {
			if d.ObjectsChanged++; len(d.Objects) < maxDifferences {
				d.Objects = append(d.Objects, c)
			}
		}
	})
	d.Messages = MessageCounts{
		Accepted: to.Counts.Accepted - min(from.Counts.Accepted, to.Counts.Accepted),
		Dropped:  to.Counts.Dropped - min(from.Counts.Dropped, to.Counts.Dropped),
		Rejected: to.Counts.Rejected - min(from.Counts.Rejected, to.Counts.Rejected),
	}
	return d
}

// matchUp walks two lists sorted by number, and calls each with the pairs of
// equal numbers; nil means that one list lacks the number.
func matchUp[T any](a, b []T, number func(T) uint64, each func(a, b *T)) {
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case j == len(b) || i < len(a) && number(a[i]) < number(b[j]):
			each(&a[i], nil)
			i++
		case i == len(a) || number(b[j]) < number(a[i]):
			each(nil, &b[j])
			j++
		default:
			each(&a[i], &b[j])
			i, j = i+1, j+1
		}
	}
}

// presence says whether something was there before, after, or both.
func presence(before, after bool) string {
	switch {
	case !before:
		return "added"
	case !after:
		return "removed"
	}
	return "changed"
}

func comparePeople(before, after *savedPerson) (Change, bool) {
	c := Change{What: presence(before != nil, after != nil)}
	if before == nil {
		before = new(savedPerson)
	}
	if after == nil {
		after = new(savedPerson)
	}
	c.Name = cmp.Or(after.ID, after.Email, before.ID, before.Email, customerIOIDPrefix+cmp.Or(after.CustomerIOID, before.CustomerIOID))
	c.Attributes = compareAttributes(before.Traits, after.Traits)
	if before.ID != after.ID {
		c.Attributes = append(c.Attributes, AttributeChange{"id", idValue(before.ID), idValue(after.ID)})
	}
	c.Events = after.EventCount - before.EventCount
	c.Devices = len(after.Devices) - len(before.Devices)
	c.Relationships = len(after.Relationships) - len(before.Relationships)
	return c, c.What != "changed" || len(c.Attributes) > 0 || c.Events != 0 || c.Devices != 0 || c.Relationships != 0
}

func idValue(id string) json.RawMessage {
	if id == "" {
		return nil
	}
	return json.RawMessage(rawjson.Quote(id))
}

func compareObjects(before, after *savedObject) (Change, bool) {
	c := Change{What: presence(before != nil, after != nil)}
	if before == nil {
		before = new(savedObject)
	}
	if after == nil {
		after = new(savedObject)
	}
	c.Name, c.Type = cmp.Or(after.ID, before.ID), cmp.Or(after.TypeID, before.TypeID)
	c.Attributes = compareAttributes(before.Attributes, after.Attributes)
	return c, c.What != "changed" || len(c.Attributes) > 0
}

func compareAttributes(before, after []savedAttribute) []AttributeChange {
	var changes []AttributeChange
	for _, b := range before {
		i := slices.IndexFunc(after, func(a savedAttribute) bool { return a.Name == b.Name })
		switch {
		case i < 0:
			changes = append(changes, AttributeChange{b.Name, rawMessage(b.Value), nil})
		case after[i].Value != b.Value:
			changes = append(changes, AttributeChange{b.Name, rawMessage(b.Value), rawMessage(after[i].Value)})
		}
	}
	for _, a := range after {
		if !slices.ContainsFunc(before, func(b savedAttribute) bool { return b.Name == a.Name }) {
			changes = append(changes, AttributeChange{a.Name, nil, rawMessage(a.Value)})
		}
	}
	slices.SortFunc(changes, func(a, b AttributeChange) int { return cmp.Compare(a.Name, b.Name) })
	return changes
}
