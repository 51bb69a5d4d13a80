package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unique"
)

// errSaved says that a saved state contradicts itself.
var errSaved = errors.New("emulator: the snapshot is damaged, or of a later version")

// restore replaces the workspace with what was saved. On an error the workspace
// is unchanged. It takes the lock.
func (ws *workspaceState) restore(in *savedState) error {
	fresh := &workspaceState{config: ws.config, handle: ws.handle, masked: ws.masked}
	fresh.clear()
	if err := fresh.load(in); err != nil {
		return err
	}
	defer ws.persist.begin()()
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.changed()
	ws.contents = fresh.contents
	if ws.persist == nil {
		return nil
	}
	return ws.persist.append(storeRecord{Op: opRestore, Key: ws.key, State: in}, "")()
}

// loader resolves what saved things refer to.
type loader struct {
	ws      *workspaceState
	origins []*originRef
	err     error
}

func (l *loader) fail(what string) {
	if l.err == nil {
		l.err = fmt.Errorf("%w: %s", errSaved, what)
	}
}

// load fills an empty workspace.
func (ws *workspaceState) load(in *savedState) error {
	if in == nil || in.Version != savedVersion {
		return fmt.Errorf("%w: this program reads version %d", errSaved, savedVersion)
	}
	l := &loader{ws: ws}
	for _, o := range in.Origins {
		l.origins = append(l.origins, &originRef{o.Sequence, o.At, kindOf(o.Kind), o.MessageID, o.Sent})
	}
	ws.segments, ws.lastSegment, ws.addresses = slices.Clone(in.Segments), in.LastSegment, slices.Clone(in.Addresses)
	for _, s := range ws.segments {
		if s.ID == 0 || s.ID > ws.lastSegment {
			l.fail("a segment without a number")
		}
	}
	for _, o := range in.Objects {
		l.object(o)
	}
	for _, p := range in.People {
		l.person(p)
	}
	for _, a := range in.Anonymous {
		l.anonymous(a)
	}
	for _, ids := range in.Suppressed {
		profile := new(suppression)
		for _, id := range ids {
			one := identifier{id.Kind, id.Value}
			*profile = append(*profile, one)
			ws.suppressed[one] = profile
		}
		ws.suppressions++
	}
	for _, s := range in.Shapes {
		l.shape(s)
	}
	for _, seen := range in.Recent {
		ws.recent.add(seen.ID, seen.At)
	}
	l.journal(in)
	ws.lastCustomerIOID = max(ws.lastCustomerIOID, in.LastPerson)
	ws.lastObject = max(ws.lastObject, in.LastObject)
	ws.reports, ws.requests = slices.Clone(in.Reports), slices.Clone(in.Requests)
	ws.swept, ws.request, ws.bytes, ws.calledAt, ws.counts = in.Swept, in.Request, in.Bytes, in.CalledAt, in.Counts
	for id, r := range ruleTable {
		ws.broken[id] = in.Broken[r.ID]
	}
	for i, r := range ws.requests {
		if r.Number != ws.requests[0].Number+uint64(i) || r.Number > ws.request {
			l.fail("requests are missing")
		}
	}
	return l.err
}

func (l *loader) origin(n int) *originRef {
	if n < 0 || n > len(l.origins) {
		l.fail("an unknown origin")
		return nil
	}
	if n == 0 {
		return nil
	}
	return l.origins[n-1]
}

func (l *loader) attributes(in []savedAttribute) attributes {
	var as attributes
	for _, a := range in {
		if !json.Valid([]byte(a.Value)) {
			l.fail("an attribute without a value")
			return nil
		}
		as = append(as, attribute{unique.Make(a.Name), a.Value, l.origin(a.Origin)})
	}
	slices.SortFunc(as, func(a, b attribute) int { return strings.Compare(a.name.Value(), b.name.Value()) })
	return as
}

func (l *loader) event(in savedEvent) storedEvent {
	if in.Properties != "" && (in.Properties[0] != '{' || !json.Valid([]byte(in.Properties))) {
		l.fail("properties that are no object")
	}
	return storedEvent{kindOf(in.Kind), unique.Make(in.Name), in.At, in.MessageID, in.Properties, in.Sequence}
}

func (l *loader) object(in savedObject) {
	key := objectKey{in.TypeID, in.ID}
	if in.Number <= l.ws.lastObject || l.ws.objects[key] != nil {
		l.fail("an object twice")
		return
	}
	l.ws.lastObject = in.Number
	o := &objectState{key: key, number: in.Number, attributes: l.attributes(in.Attributes)}
	l.ws.objects[key] = o
	l.ws.objectOrder.add(o.number, o)
}

func (l *loader) person(in savedPerson) {
	ws := l.ws
	if in.Number <= ws.lastCustomerIOID || in.CustomerIOID == "" || ws.byCustomerIOID[in.CustomerIOID] != nil ||
		in.ID != "" && ws.byID[in.ID] != nil || in.Email != "" && ws.byEmail[in.Email] != nil {
		l.fail("a person twice")
		return
	}
	ws.lastCustomerIOID = in.Number
	p := &personState{number: in.Number, customerIOID: in.CustomerIOID, traits: l.attributes(in.Traits), eventCount: in.EventCount,
		anonymousIDs: slices.Clone(in.AnonymousIDs), segments: slices.Clone(in.Segments), created: l.origin(in.Created), seenAt: in.SeenAt}
	ws.byCustomerIOID[p.customerIOID] = p
	ws.people.add(p.number, p)
	if in.ID != "" {
		ws.name(p, identifier{byID, in.ID})
	}
	if in.Email != "" {
		ws.name(p, identifier{byEmail, in.Email})
	}
	for _, e := range in.Events {
		p.events = append(p.events, l.event(e))
	}
	ws.events += p.eventCount
	for _, d := range in.Devices {
		p.devices = append(p.devices, deviceState{d.Token, d.Platform, l.attributes(d.Attributes), d.At})
		ws.devices++
	}
	for _, r := range in.Relationships {
		key := objectKey{r.TypeID, r.ID}
		if ws.objects[key] == nil {
			l.fail("a relationship to nothing")
			return
		}
		*ws.relate(p, key) = l.attributes(r.Attributes)
	}
	for _, m := range in.Merges {
		p.merges = append(p.merges, mergeState{m.Kind, m.From, m.Events, l.origin(m.By)})
	}
}

func (l *loader) anonymous(in savedAnonymous) {
	ws := l.ws
	a := ws.anonymousFor(in.ID)
	if in.Owner != "" {
		if a.owner = ws.byCustomerIOID[in.Owner]; a.owner == nil {
			l.fail("an anonymousId of nobody")
		}
	}
	for _, e := range in.Events {
		a.events = append(a.events, anonymousEvent{l.event(e), e.Received})
	}
	a.pruned = in.Pruned
	ws.events += len(a.events) + a.pruned
	for _, r := range in.Relationships {
		key := objectKey{r.TypeID, r.ID}
		if ws.objects[key] == nil || a.owner != nil {
			l.fail("a relationship to nothing")
			return
		}
		*ws.relateAnonymous(in.ID, key) = l.attributes(r.Attributes)
	}
}

func (l *loader) shape(in savedShape) {
	of := &l.ws.shapes.traits
	if k := kindOf(in.Kind); k != kindIdentify {
		of = new(shapeState)
		if l.ws.shapes.events == nil {
			l.ws.shapes.events = make(map[eventKey]*shapeState)
		}
		l.ws.shapes.events[eventKey{k, in.Name}] = of
	}
	of.count, of.first, of.last = in.Count, in.First, in.Last
	of.fields = make(map[string]*[valueTypes]uint64)
	for name, counts := range in.Fields {
		of.fields[name] = &counts
	}
}

func (l *loader) journal(in *savedState) {
	j := &l.ws.journal
	if uint64(len(in.Journal)) > in.Sequence {
		l.fail("messages without a sequence")
		return
	}
	known := make(map[string]ruleID, len(ruleTable))
	for id, r := range ruleTable {
		known[r.ID] = ruleID(id)
	}
	j.sequence = in.Sequence - uint64(len(in.Journal))
	for _, e := range in.Journal {
		out := entry{request: e.Request, index: e.Index, kind: kindOf(e.Kind), keepName: l.ws.config.KeepPageNames, verdict: e.Verdict, at: e.At, raw: e.Raw, deeds: e.Deeds}
		if e.Raw != "" && !json.Valid([]byte(e.Raw)) {
			l.fail("a message that is not JSON")
			return
		}
		if e.Why != nil {
			out.why = finding{known[e.Why.Rule], e.Why.Field, e.Why.Detail}
		}
		for _, w := range e.Warnings {
			out.warnings = append(out.warnings, finding{known[w.Rule], w.Field, w.Detail})
		}
		j.add(out)
	}
}
