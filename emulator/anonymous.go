package emulator

import (
	"strings"
	"time"
)

// anonymousRetention is how long the events of a person who is not identified
// are kept, to attach them to a person later (docs/rules.md#anonymous-events).
const anonymousRetention = 30 * 24 * time.Hour

// anonymousSweep is how often all of them are searched for expired events.
const anonymousSweep = time.Hour

// anonymous is what is known of one anonymousId.
type anonymous struct {
	owner         *personState // whose it became; nil while nobody was identified
	events        []anonymousEvent
	pruned        int // events forgotten over MaxEventsPerPerson, still counted
	relationships map[objectKey]*attributes
}

type anonymousEvent struct {
	storedEvent
	received time.Time
}

// anonymousFor returns what is known of the anonymousId, and creates the entry
// if need be.
func (ws *workspaceState) anonymousFor(id string) *anonymous {
	a := ws.anonymous[id]
	if a == nil {
		a = new(anonymous)
		ws.anonymous[strings.Clone(id)] = a
	}
	return a
}

// keepAnonymous keeps the event of a person who is not identified. If the
// anonymousId belongs to a person, the event becomes theirs.
func (ws *workspaceState) keepAnonymous(m *decodedMessage, now time.Time) {
	a := ws.anonymousFor(m.anonymousID)
	if a.owner != nil {
		a.owner.seenAt = m.received
		ws.keepEvent(a.owner, newEvent(m))
		return
	}
	before := len(a.events)
	a.events = appendBounded(a.events, anonymousEvent{newEvent(m), now}, ws.config.MaxEventsPerPerson)
	if len(a.events) == before {
		a.pruned++
	}
	ws.events++
	ws.sweepAnonymous(now)
}

// expire forgets events received more than anonymousRetention ago.
func (ws *workspaceState) expire(a *anonymous, now time.Time) {
	n := 0
	for n < len(a.events) && now.Sub(a.events[n].received) > anonymousRetention {
		n++
	}
	if n == 0 {
		return
	}
	ws.events -= n
	if n == len(a.events) {
		ws.events -= a.pruned
		a.pruned, a.events = 0, nil
		return
	}
	a.events = append([]anonymousEvent(nil), a.events[n:]...)
}

// sweepAnonymous expires the events of everybody, at most once in
// anonymousSweep.
func (ws *workspaceState) sweepAnonymous(now time.Time) {
	if now.Sub(ws.swept) < anonymousSweep {
		return
	}
	ws.swept = now
	for id, a := range ws.anonymous {
		ws.expire(a, now)
		if a.owner == nil && len(a.events) == 0 && len(a.relationships) == 0 {
			delete(ws.anonymous, id)
		}
	}
}

// relateAnonymous keeps a relationship of somebody not identified.
func (ws *workspaceState) relateAnonymous(anonymousID string, key objectKey) *attributes {
	a := ws.anonymousFor(anonymousID)
	if a.owner != nil {
		return ws.relate(a.owner, key)
	}
	if as, found := a.relationships[key]; found {
		return as
	}
	if a.relationships == nil {
		a.relationships = make(map[objectKey]*attributes)
	}
	as := new(attributes)
	a.relationships[key.clone()] = as
	o := ws.objectFor(key)
	if o.anonymous == nil {
		o.anonymous = make(map[string]struct{})
	}
	o.anonymous[strings.Clone(anonymousID)] = struct{}{}
	return as
}
