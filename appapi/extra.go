package appapi

import (
	"encoding/json"
	"iter"
	"maps"
	"slices"
)

// Extra is what an answer contained beyond the fields of its type: members that the API's document does not list, and the original form of
// members that came in another form than documented. It is written again when the value is encoded, so nothing is lost. You can compare
// Extras with ==. The zero value is empty.
type Extra struct {
	unknown string // a JSON object, or empty
	forms   string // likewise: known members as they came, where encoding the field would give something else
}

// Get returns a member that is not a field of the type, as JSON, or nil.
func (e Extra) Get(name string) json.RawMessage {
	for member, value := range e.All() {
		if member == name {
			return value
		}
	}
	return nil
}

// All returns the members that are not fields of the type, in the order of their names.
func (e Extra) All() iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		all := objectOf(e.unknown)
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if !yield(name, all[name]) {
				return
			}
		}
	}
}

// Len counts the members that are not fields of the type.
func (e Extra) Len() int { return len(objectOf(e.unknown)) }

// String returns the members that are not fields of the type, as one JSON object; empty for none.
func (e Extra) String() string { return e.unknown }

func objectOf(text string) map[string]json.RawMessage {
	if text == "" {
		return nil
	}
	var all map[string]json.RawMessage
	_ = json.Unmarshal([]byte(text), &all) // it was written by textOfObject
	return all
}

func textOfObject(all map[string]json.RawMessage) string {
	if len(all) == 0 {
		return ""
	}
	b, _ := json.Marshal(all) // each value came out of JSON
	return string(b)
}
