package mapping

import (
	"slices"

	"github.com/ciokit/cio"
)

// Repeatable reports whether a load can send rows again without harm, even if the input has changed since: each ordinary event of the mapping has its
// own messageId, so Customer.io ignores a repetition. All other messages describe a state, and can be sent twice.
func (m *Mapping) Repeatable() bool {
	for _, s := range m.messages {
		if s.ordinary() && s.fields[fieldMessageID] == nil {
			return false
		}
	}
	return true
}

// ordinary reports whether the message is an event that is only stored.
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

// Identifies reports whether the mapping identifies people by their userId.
func (m *Mapping) Identifies() bool {
	return slices.ContainsFunc(m.messages, func(s *messageSpec) bool { return s.kind.typ == cio.TypeIdentify && s.fields[fieldUserID] != nil })
}

// CheckSnapshot reports messages that a snapshot cannot distinguish. For a mirror it also reports all messages that may be about people without
// identifying them. The error is a *Error.
func (m *Mapping) CheckSnapshot(mirror bool) error {
	var problems mappingReader
	for _, s := range m.messages {
		k := s.kind
		if s.ordinary() && s.fields[fieldMessageID] == nil && s.fields[fieldTimestamp] == nil {
			problems.problem(s.at, "give it a messageId, such as messageId: [$order_id], or a timestamp, or load it without a snapshot",
				"with a snapshot, an event that happens again could not be distinguished from one that was sent before")
		}
		switch {
		case !mirror:
		case k.typ == cio.TypeAlias:
			problems.problem(s.at, "load it separately, without a mirror", "an alias merges people, and a mirror might then delete them both")
		case slices.Contains(k.fields, fieldUserID) && s.fields[fieldUserID] == nil:
			problems.problem(s.at, "give it a userId, or load it separately, without a mirror", "a mirror needs the userId of each message's person, so that it deletes nobody who is in the input")
		}
	}
	if len(problems.problems) > 0 {
		return &Error{Name: m.name, Problems: problems.problems}
	}
	return nil
}
