package mapping

import (
	"slices"

	"github.com/ciokit/cio"
)

// Acts reports whether an event of that name acts on a person, a device or an object instead of being kept as an event.
func Acts(event string) bool { return commands[event] }

// commands are the events that act on a person, a device or an object instead of being kept as events.
var commands = map[string]bool{"User Deleted": true, "User Suppressed": true, "User Unsuppressed": true, "Device Created or Updated": true, "Device Deleted": true,
	"Object Deleted": true, "Relationship Deleted": true}

// orders are those of them before and behind which other messages do not mean the same.
var orders = map[string]bool{"User Deleted": true, "User Suppressed": true, "User Unsuppressed": true, "Object Deleted": true}

// Ordered reports whether the mapping has a message of which it matters whether others come before or behind it: one that deletes or suppresses
// people, merges them, or deletes objects.
func (p *Compiled) Ordered() bool {
	for _, m := range p.messages {
		if m.kind.typ == cio.TypeAlias || orders[m.Event()] {
			return true
		}
	}
	return false
}

// Columns returns the columns that the source must be told to select, in this order: the cells of a row stand so.
func (p *Compiled) Columns() []string { return p.columns }

// Messages returns the messages that a row becomes, in the order of the mapping.
func (p *Compiled) Messages() []*Message { return p.messages }

// CheckID refuses text that is no identifier by the rules of the mapping; nil if it is one.
func (p *Compiled) CheckID(text string) *ValueError { return p.ids.check(text) }

// Place returns which of the mapping's messages it is, from 0.
func (p *Message) Place() int { return p.place }

// Name returns what the mapping calls the message, such as identify or order_completed.
func (p *Message) Name() string { return p.kind.name }

// Type returns the call that the message is on the wire.
func (p *Message) Type() cio.Type { return p.kind.typ }

// Plain reports whether the message is the call by the name of its type, and no semantic event and none that acts.
func (p *Message) Plain() bool { return p.kind.event == "" && p.kind.name == string(p.kind.typ) }

// Timed reports whether the mapping gives the message a timestamp.
func (p *Message) Timed() bool { return p.timestamp != nil }

// Event returns the name of the event that the message is, empty if it comes from the row or there is none.
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

// Ordinary reports whether the message is an event that is kept as one, and does nothing else. One whose event comes from the row counts as one.
func (p *Message) Ordinary() bool { return p.kind.ordinary(p.Event()) }

// Keyed reports whether the mapping gives the message a messageId.
func (p *Message) Keyed() bool { return p.id != nil || p.key != nil }

// acts reports whether the message does something to a person, a device or an object, instead of being kept.
func (p *Message) acts() bool { return p.kind.message != nil || commands[p.Event()] }

// RowIDs reports whether a row has several messages and any of them an id that is made of the row's bytes.
func (p *Compiled) RowIDs() bool {
	return len(p.messages) > 1 && slices.ContainsFunc(p.messages, func(m *Message) bool { return !m.Keyed() })
}
