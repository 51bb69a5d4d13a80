package emulator

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// Limits of what is remembered about shapes, so that names made of data do not
// fill the memory. What is beyond them is not counted.
const (
	maxShapes = 2_000
	maxFields = 500
)

// Shape is what the messages of one kind had in common: the fields that were
// sent, and the types of their values.
type Shape struct {
	// Name is the event, or the name of the page or screen.
	Name string `json:"name"`
	// Type is track, page or screen; of traits it is identify.
	Type string `json:"type"`
	// Count is how many messages were accepted. First and Last are the times of
	// the first and the last of them.
	Count uint64    `json:"count"`
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
	// Fields are sorted by name.
	Fields []FieldShape `json:"fields"`
}

// FieldShape counts the types of the values of one property or trait, as sent.
type FieldShape struct {
	Name string `json:"name"`
	// Types counts by type: string, date (a string in a form of ISO 8601),
	// number, boolean, null, object or array.
	Types map[string]uint64 `json:"types"`
}

type valueType uint8

const (
	typeString valueType = iota
	typeDate
	typeNumber
	typeBoolean
	typeNull
	typeObject
	typeArray
	valueTypes
)

var typeNames = [valueTypes]string{"string", "date", "number", "boolean", "null", "object", "array"}

func typeOf(raw string) valueType {
	switch raw[0] {
	case '"':
		if len(raw) >= 12 && raw[5] == '-' && raw[8] == '-' {
			if _, ok := parseISO(rawjson.Unquote(raw), 9); ok {
				return typeDate
			}
		}
		return typeString
	case '{':
		return typeObject
	case '[':
		return typeArray
	case 't', 'f':
		return typeBoolean
	case 'n':
		return typeNull
	}
	return typeNumber
}

// shapes are those of one workspace.
type shapes struct {
	traits shapeState
	events map[eventKey]*shapeState
}

type eventKey struct {
	kind kind
	name string
}

type shapeState struct {
	count       uint64
	first, last time.Time
	fields      map[string]*[valueTypes]uint64
}

// add counts an accepted message: the traits of an identify, the properties of
// an event, and of a semantic event that acts too.
func (s *shapes) add(m *decodedMessage) {
	switch m.kind {
	case kindIdentify:
		s.traits.add(m.traits, m.received)
	case kindTrack, kindPage, kindScreen:
		key := eventKey{m.kind, m.event}
		of := s.events[key]
		if of == nil {
			if len(s.events) >= maxShapes {
				return
			}
			if s.events == nil {
				s.events = make(map[eventKey]*shapeState)
			}
			of = new(shapeState)
			s.events[eventKey{m.kind, strings.Clone(m.event)}] = of
		}
		of.add(m.properties, m.received)
	}
}

func (s *shapeState) add(object string, at time.Time) {
	if s.count == 0 {
		s.first = at
	}
	s.count++
	s.last = at
	if object == "" {
		return
	}
	for name, value := range rawjson.Members(object) {
		counts := s.fields[name]
		if counts == nil {
			if len(s.fields) >= maxFields {
				continue
			}
			if s.fields == nil {
				s.fields = make(map[string]*[valueTypes]uint64)
			}
			counts = new([valueTypes]uint64)
			s.fields[strings.Clone(name)] = counts
		}
		counts[typeOf(value)]++
	}
}

func (s *shapeState) export(kind kind, name string) Shape {
	out := Shape{Name: name, Type: kind.String(), Count: s.count, First: s.first, Last: s.last, Fields: make([]FieldShape, 0, len(s.fields))}
	for field, counts := range s.fields {
		types := make(map[string]uint64)
		for t, n := range counts {
			if n > 0 {
				types[typeNames[t]] = n
			}
		}
		out.Fields = append(out.Fields, FieldShape{field, types})
	}
	slices.SortFunc(out.Fields, func(a, b FieldShape) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// Traits returns the shape of the traits of all people in the workspace of key.
// key is as for Stats.
func (s *Server) Traits(key string) (Shape, error) {
	ws, err := s.workspace(key)
	if ws == nil {
		return (&shapeState{}).export(kindIdentify, ""), err
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return ws.shapes.traits.export(kindIdentify, ""), nil
}

// EventShapesQuery says which shapes to list.
type EventShapesQuery struct {
	// Key is the workspace's write key. Empty: the only workspace.
	Key string
	// Type and Name, if not empty, are those of the events to list.
	Type, Name string
}

// EventShapes returns the shapes of the events in a workspace, sorted by name,
// at most 2,000. The list also has events that are commands, such as User
// Deleted, and events of people who were deleted later. It fails as Stats does.
func (s *Server) EventShapes(q EventShapesQuery) ([]Shape, error) {
	ws, err := s.workspace(q.Key)
	if ws == nil {
		return []Shape{}, err
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	out := []Shape{}
	for key, of := range ws.shapes.events {
		if (q.Name == "" || q.Name == key.name) && (q.Type == "" || q.Type == key.kind.String()) {
			out = append(out, of.export(key.kind, key.name))
		}
	}
	slices.SortFunc(out, func(a, b Shape) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type)) })
	return out, nil
}
