package emulator

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"
)

// What the page shows is read here, each part under the workspace's lock; the views take no lock.

// lastCall is when the workspace was called last. It takes the lock.
func (ws *workspaceState) lastCall() time.Time {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return ws.calledAt
}

// ruleCount is how many messages broke a rule.
type ruleCount struct {
	Rule
	Count uint64
}

// brokenRules are the rules that messages broke, the most frequent first.
func (ws *workspaceState) brokenRules() []ruleCount {
	if ws == nil {
		return nil
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	var list []ruleCount
	for id, n := range ws.broken {
		if n > 0 {
			list = append(list, ruleCount{ruleTable[id], n})
		}
	}
	slices.SortStableFunc(list, func(a, b ruleCount) int { return cmp.Compare(b.Count, a.Count) })
	return list
}

// records returns those of the workspace, which may be nil.
func (ws *workspaceState) records(verdict Verdict, before uint64, limit int) []Record {
	if ws == nil {
		return nil
	}
	ws.mu.Lock()
	entries := ws.journal.newest(verdict, before, limit)
	ws.mu.Unlock()
	list := make([]Record, 0, len(entries))
	for _, e := range entries {
		list = append(list, e.export())
	}
	return list
}

// requestEntries returns the messages of a request that the journal still
// holds, and whether those are all. It takes the lock.
func (ws *workspaceState) requestEntries(n uint64) (entries []entry, request *Request, whole bool) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	r := ws.requestNumber(n)
	if r == nil {
		return nil, nil, false
	}
	found := *r
	whole = true
	total := found.Messages.Accepted + found.Messages.Dropped + found.Messages.Rejected
	if total > maxJournalScan {
		total, whole = maxJournalScan, false
	}
	for i := range total {
		e, held := ws.journal.at(found.First + i)
		if !held {
			whole = false
			if found.First+i > ws.journal.sequence {
				break
			}
			continue
		}
		if e.raw == "" {
			whole = whole && total == 1 && found.Rest != "" && len(found.Rest) == found.Bytes
		}
		entries = append(entries, e)
	}
	return entries, &found, whole
}

// allShapes returns the shapes of all events, in no order, and of the traits.
func (ws *workspaceState) allShapes() (events []Shape, traits Shape) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for key, of := range ws.shapes.events {
		events = append(events, of.export(key.kind, key.name))
	}
	return events, ws.shapes.traits.export(kindIdentify, "")
}

// shapeOf returns the shape of an event, empty if none has arrived.
func (ws *workspaceState) shapeOf(typ, name string) Shape {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if of := ws.shapes.events[eventKey{kindOf(typ), name}]; of != nil {
		return of.export(kindOf(typ), name)
	}
	return Shape{}
}

// personData returns what the page shows of a person, or of somebody who is suppressed. before is the index of the event to go on before.
func (ws *workspaceState) personData(id string, before int) (data personData, known bool) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	var found *personState
	for _, who := range candidates(id) {
		if found = ws.find(who); found != nil {
			break
		}
	}
	if found == nil {
		data.Title = id
		data.Suppressed = slices.ContainsFunc(candidates(id), ws.isSuppressed)
		return data, data.Suppressed
	}
	events := found.events
	end := len(events)
	if before > 0 && before < end {
		end, data.Later = before, true
	}
	begin := max(0, end-pageRows)
	// The rest of the events is not copied, however many there are.
	found.events = nil
	data.Person = found.export()
	found.events = events
	data.Title, data.Why, data.Total, data.Pruned, data.Older = found.name(), found.why(), len(events), found.eventCount-len(events), begin
	for _, e := range slices.Backward(events[begin:end]) {
		out := pageEvent{Event: e.export()}
		if entry, held := ws.journal.at(e.sequence); held {
			out.Request = entry.request
		}
		data.Events = append(data.Events, out)
	}
	for _, a := range found.traits {
		t := pageTrait{Name: a.name.Value(), Value: json.RawMessage(a.value), By: a.origin.export()}
		if entry, held := ws.journal.at(t.By.Sequence); held {
			t.Request = entry.request
		}
		data.Traits = append(data.Traits, t)
	}
	data.Graph = personGraph(found, ws.handle)
	return data, true
}

// objectData returns what the page shows of an object.
func (ws *workspaceState) objectData(typeID, id string) (data objectData, found bool) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	o := ws.objects[objectKey{typeID, id}]
	if o == nil {
		return data, false
	}
	data.Object = o.export()
	data.Attributes = pageTraits(o.attributes)
	people := o.firstPeople(pageRows)
	data.Graph = objectGraph(o, people, ws.handle)
	for _, person := range people {
		data.Related = append(data.Related, pageRelation{person.summary(), personPath(person), pageTraits(*person.relationships[o.key])})
	}
	return data, true
}

// entriesAfter returns the newest of the messages after a sequence, at most as many as the overview shows, that sequence, which is zero if the
// workspace was reset since, and the newest one.
func (ws *workspaceState) entriesAfter(after uint64) (entries []entry, from, last uint64) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	last = ws.journal.sequence
	if after > last {
		after = 0
	}
	return ws.journal.newest("", 0, int(min(streamRows, last-after))), after, last
}
