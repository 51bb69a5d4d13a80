package mapping

import (
	"slices"

	"github.com/ciokit/cio"
)

// Repeatable reports whether a load of rows that were sent before does no harm, whatever the input has become since: each ordinary event of the
// mapping has a messageId of its own, by which Customer.io knows the same one again. All other messages say what is, and may be said twice.
func (m *Mapping) Repeatable() bool {
	for _, s := range m.messages {
		if s.ordinary() && s.fields[fieldMessageID] == nil {
			return false
		}
	}
	return true
}

// ordinary reports whether the message is an event that is kept as one, and does nothing else.
func (s *messageSpec) ordinary() bool {
	event := s.kind.event
	if f := s.fields[fieldEvent]; f != nil && f.kind == specLiteral {
		event = f.text
	}
	return s.kind.ordinary(event)
}

// ordinary reports whether a message of the kind with this event is one.
func (k *kind) ordinary(event string) bool {
	return k.typ == cio.TypeTrack && !commands[event] || k.typ == cio.TypePage || k.typ == cio.TypeScreen
}

// Identifies reports whether the mapping names people by their userId.
func (m *Mapping) Identifies() bool {
	return slices.ContainsFunc(m.messages, func(s *messageSpec) bool { return s.kind.typ == cio.TypeIdentify && s.fields[fieldUserID] != nil })
}

// CheckSnapshot refuses what a snapshot cannot tell apart, and for a mirror all that may be about people without naming them. The error is a
// *Error.
func (m *Mapping) CheckSnapshot(mirror bool) error {
	var problems mappingReader
	for _, s := range m.messages {
		k := s.kind
		if s.ordinary() && s.fields[fieldMessageID] == nil && s.fields[fieldTimestamp] == nil {
			problems.problem(s.at, "give it a messageId, such as messageId: [$order_id], or a timestamp, or load it without a snapshot",
				"with a snapshot the same event, when it happens again, could not be told from one that was sent before")
		}
		switch {
		case !mirror:
		case k.typ == cio.TypeAlias:
			problems.problem(s.at, "load it by itself, without a mirror", "an alias merges people, and a mirror might then delete them both")
		case slices.Contains(k.fields, fieldUserID) && s.fields[fieldUserID] == nil:
			problems.problem(s.at, "give it a userId, or load it by itself, without a mirror", "a mirror must know by the userId whom each message is about, so that it deletes nobody who is in the input")
		}
	}
	if len(problems.problems) > 0 {
		return &Error{Name: m.name, Problems: problems.problems}
	}
	return nil
}
