package emulator

import (
	"slices"
	"time"
)

// saver collects the origins that saved attributes refer to.
type saver struct {
	origins []savedOrigin
	places  map[*originRef]int
}

// save returns all of the workspace. It takes the lock.
func (ws *workspaceState) save(now time.Time) *savedState {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	s := &saver{places: make(map[*originRef]int)}
	out := &savedState{
		Version: savedVersion, SavedAt: now,
		LastPerson: ws.lastCustomerIOID, LastObject: ws.lastObject,
		Reports:  slices.Clone(ws.reports),
		Segments: slices.Clone(ws.segments), LastSegment: ws.lastSegment, Addresses: slices.Clone(ws.addresses),
		Swept: ws.swept, Sequence: ws.journal.sequence,
		Request: ws.request, Requests: slices.Clone(ws.requests),
		Bytes: ws.bytes, CalledAt: ws.calledAt, Counts: ws.counts,
		Broken: make(map[string]uint64),
	}
	for _, p := range ws.people.list {
		if p.thing != nil {
			out.People = append(out.People, s.person(p.thing))
		}
	}
	for id, a := range ws.anonymous {
		saved := savedAnonymous{ID: id, Pruned: a.pruned, Relationships: s.relations(a.relationships)}
		if a.owner != nil {
			saved.Owner = a.owner.customerIOID
		}
		for _, e := range a.events {
			event := saveEvent(e.storedEvent)
			event.Received = e.received
			saved.Events = append(saved.Events, event)
		}
		out.Anonymous = append(out.Anonymous, saved)
	}
	for _, o := range ws.objectOrder.list {
		if o.thing != nil {
			out.Objects = append(out.Objects, savedObject{o.thing.number, o.thing.key.typeID, o.thing.key.id, s.attributes(o.thing.attributes)})
		}
	}
	profiles := make(map[*suppression]bool)
	for _, profile := range ws.suppressed {
		if profiles[profile] {
			continue
		}
		profiles[profile] = true
		var ids []savedID
		for _, one := range *profile {
			ids = append(ids, savedID{one.kind, one.value})
		}
		out.Suppressed = append(out.Suppressed, ids)
	}
	out.Shapes = append(out.Shapes, saveShape(kindIdentify, "", &ws.shapes.traits))
	for key, of := range ws.shapes.events {
		out.Shapes = append(out.Shapes, saveShape(key.kind, key.name, of))
	}
	for _, seen := range ws.recent.order {
		out.Recent = append(out.Recent, savedSeen{seen.id, seen.at})
	}
	for i := range ws.journal.n {
		out.Journal = append(out.Journal, saveEntry(ws.journal.ring[(ws.journal.first+i)%len(ws.journal.ring)]))
	}
	for id, n := range ws.broken {
		if n > 0 {
			out.Broken[ruleTable[id].ID] = n
		}
	}
	out.Origins = s.origins
	return out
}

func (s *saver) origin(o *originRef) int {
	if o == nil {
		return 0
	}
	if s.places[o] == 0 {
		s.origins = append(s.origins, savedOrigin{o.sequence, o.at, o.kind.String(), o.messageID, o.sent})
		s.places[o] = len(s.origins)
	}
	return s.places[o]
}

func (s *saver) attributes(as attributes) []savedAttribute {
	var out []savedAttribute
	for _, a := range as {
		out = append(out, savedAttribute{a.name.Value(), a.value, s.origin(a.origin)})
	}
	return out
}

func (s *saver) relations(relationships map[objectKey]*attributes) []savedRelation {
	var out []savedRelation
	for key, as := range relationships {
		out = append(out, savedRelation{key.typeID, key.id, s.attributes(*as)})
	}
	return out
}

func (s *saver) person(p *personState) savedPerson {
	out := savedPerson{
		Number: p.number, ID: p.id, Email: p.email, CustomerIOID: p.customerIOID,
		Traits: s.attributes(p.traits), EventCount: p.eventCount,
		Relationships: s.relations(p.relationships), AnonymousIDs: slices.Clone(p.anonymousIDs), Segments: slices.Clone(p.segments),
		Created: s.origin(p.created), SeenAt: p.seenAt,
	}
	for _, e := range p.events {
		out.Events = append(out.Events, saveEvent(e))
	}
	for _, d := range p.devices {
		out.Devices = append(out.Devices, savedDevice{d.token, d.platform, s.attributes(d.attributes), d.at})
	}
	for _, m := range p.merges {
		out.Merges = append(out.Merges, savedMerge{m.kind, m.from, m.events, s.origin(m.by)})
	}
	return out
}

func saveEvent(e storedEvent) savedEvent {
	return savedEvent{Kind: e.kind.String(), Name: e.name.Value(), At: e.at, MessageID: e.messageID, Properties: e.properties, Sequence: e.sequence}
}

func saveShape(k kind, name string, s *shapeState) savedShape {
	out := savedShape{Kind: k.String(), Name: name, Count: s.count, First: s.first, Last: s.last, Fields: make(map[string][valueTypes]uint64)}
	for field, counts := range s.fields {
		out.Fields[field] = *counts
	}
	return out
}

func saveEntry(e entry) savedEntry {
	out := savedEntry{Request: e.request, Index: e.index, Kind: e.kind.String(), Verdict: e.verdict, At: e.at, Raw: e.raw, Deeds: e.deeds}
	if e.why.rule != noRule {
		out.Why = &savedNote{ruleTable[e.why.rule].ID, e.why.field, e.why.detail}
	}
	for _, w := range e.warnings {
		out.Warnings = append(out.Warnings, savedNote{ruleTable[w.rule].ID, w.field, w.detail})
	}
	return out
}
