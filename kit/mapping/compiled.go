package mapping

import (
	"slices"

	"github.com/ciokit/cio"
)

// Acts reports whether an event with that name changes a person, a device or an object instead of being stored as an event.
func Acts(event string) bool { return commands[event] }

// commands are the events that change a person, a device or an object instead of being stored as events.
var commands = map[string]bool{"User Deleted": true, "User Suppressed": true, "User Unsuppressed": true, "Device Created or Updated": true, "Device Deleted": true,
	"Object Deleted": true, "Relationship Deleted": true}

// orders are the commands that change the meaning of messages before or after them.
var orders = map[string]bool{"User Deleted": true, "User Suppressed": true, "User Unsuppressed": true, "Object Deleted": true}

// Ordered reports whether the mapping has a message whose place among other messages matters: one that deletes or suppresses people, merges them, or
// deletes objects.
func (p *Compiled) Ordered() bool {
	for _, m := range p.messages {
		if m.kind.typ == cio.TypeAlias || orders[m.Event()] {
			return true
		}
	}
	return false
}

// Columns returns the columns that the source must select. The cells of a row must have this order.
func (p *Compiled) Columns() []string { return p.columns }

// Messages returns the messages that a row becomes, in the order of the mapping.
func (p *Compiled) Messages() []*Message { return p.messages }

// CheckID returns an error for text that is not an identifier by the rules of the mapping, nil if it is one.
func (p *Compiled) CheckID(text string) *ValueError { return p.ids.check(text) }

// Place returns the index of the message in the mapping, from 0.
func (p *Message) Place() int { return p.place }

// Name returns the name of the message in the mapping, such as identify or order_completed.
func (p *Message) Name() string { return p.kind.name }

// Type returns the type of the call on the wire.
func (p *Message) Type() cio.Type { return p.kind.typ }

// Plain reports whether the message is a call with the name of its type, and neither a semantic event nor a command.
func (p *Message) Plain() bool { return p.kind.event == "" && p.kind.name == string(p.kind.typ) }

// Timed reports whether the mapping gives the message a timestamp.
func (p *Message) Timed() bool { return p.timestamp != nil }

// Event returns the name of the event. It is empty if it comes from the row or if there is none.
func (p *Message) Event() string {
	for _, t := range p.texts {
		if l, ok := t.value.(literal); ok && t.field == fieldEvent {
			return l.str
		}
	}
	return p.kind.event
}

// NamesUser reports whether the mapping gives the message a userId.
func (p *Message) NamesUser() bool {
	return slices.ContainsFunc(p.texts, func(t textPlan) bool { return t.field == fieldUserID })
}

// Ordinary reports whether the message is an event that is only stored. A message whose event name comes from the row counts as one.
func (p *Message) Ordinary() bool { return p.kind.ordinary(p.Event()) }

// Keyed reports whether the mapping gives the message a messageId.
func (p *Message) Keyed() bool { return p.id != nil || p.key != nil }

// acts reports whether the message changes a person, a device or an object, instead of being stored.
func (p *Message) acts() bool { return p.kind.message != nil || commands[p.Event()] }

// RowIDs reports whether a row has several messages, and the id of at least one of them is made from the row's bytes.
func (p *Compiled) RowIDs() bool {
	return len(p.messages) > 1 && slices.ContainsFunc(p.messages, func(m *Message) bool { return !m.Keyed() })
}
