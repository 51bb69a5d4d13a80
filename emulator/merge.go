package emulator

import (
	"strings"
	"time"
)

// MergeKind says how two histories became one.
type MergeKind string

const (
	// MergeKindAnonymous: a person was identified with an anonymousId, and got
	// what was kept under it.
	MergeKindAnonymous MergeKind = "anonymous"
	// MergeKindEmail: a new id came with the email address of a person. The
	// person got the id, and lost the one they had.
	MergeKindEmail MergeKind = "email"
	// MergeKindAlias: an alias call merged another person into this one.
	MergeKindAlias MergeKind = "alias"
	// MergeKindRename: a message that named the person by their cio_id gave
	// them another id.
	MergeKindRename MergeKind = "rename"
)

// Merge is one entry of a person's merge history.
type Merge struct {
	Kind MergeKind `json:"kind"`
	// From is the anonymousId, the id that was replaced, or the name of the
	// person merged. It is empty for a person who had no id before.
	From string `json:"from"`
	// Events is how many events the person got from the merge.
	Events int `json:"events"`
	// By is the message that did it.
	By Origin `json:"by"`
}

type mergeState struct {
	kind   MergeKind
	from   string
	events int
	by     *originRef
}

func (m mergeState) export() Merge { return Merge{m.kind, m.from, m.events, m.by.export()} }

// maxMerges bounds a person's merge history, whose oldest entries go first.
const maxMerges = 100

func (p *personState) merged(kind MergeKind, from string, events int, m *decodedMessage) {
	p.merges = appendBounded(p.merges, mergeState{kind, strings.Clone(from), events, m.from()}, maxMerges)
}

// mergeByEmail gives the id of who to the person with that address; nil if
// there is none. A new id with a known address is no new person.
func (ws *workspaceState) mergeByEmail(who identifier, email string, m *decodedMessage) *personState {
	p := ws.byEmail[email]
	if p == nil {
		return nil
	}
	if p.id != "" {
		m.warn(ruleIDReplaced, "userId")
	}
	m.deeds |= deedTookEmail
	p.merged(MergeKindEmail, p.id, 0, m)
	ws.name(p, who)
	return p
}

// claim gives p what was kept under the anonymousId, which from then on is
// theirs. It reports false if the anonymousId belongs to somebody else.
func (ws *workspaceState) claim(p *personState, anonymousID string, m *decodedMessage, now time.Time) bool {
	a := ws.anonymousFor(anonymousID)
	switch a.owner {
	case p:
		return true
	case nil:
	default:
		return false
	}
	ws.expire(a, now)
	for _, e := range a.events {
		p.events = appendBounded(p.events, e.storedEvent, ws.config.MaxEventsPerPerson)
	}
	p.eventCount += len(a.events) + a.pruned
	m.deeds |= deedTookAnonymous
	p.merged(MergeKindAnonymous, anonymousID, len(a.events)+a.pruned, m)
	for key, as := range a.relationships {
		if _, found := p.relationships[key]; !found {
			*ws.relate(p, key) = *as
		}
		delete(ws.objects[key].anonymous, anonymousID)
	}
	id := strings.Clone(anonymousID)
	p.anonymousIDs = append(p.anonymousIDs, id)
	*a = anonymous{owner: p}
	return true
}

// merge moves everything of from to p, where p lacks it, and deletes from.
func (ws *workspaceState) merge(p, from *personState, m *decodedMessage) {
	p.merges = append(p.merges, from.merges...)
	m.deeds |= deedMerged
	p.merged(MergeKindAlias, from.name(), from.eventCount, m)
	for _, a := range from.traits {
		name := a.name.Value()
		if p.traits.get(name) == "" && name != "email" {
			p.traits.add(a) // it keeps its origin
		}
	}
	email := from.email
	i, hasEmail := from.traits.search("email")
	for _, e := range from.events {
		p.events = appendBounded(p.events, e, ws.config.MaxEventsPerPerson)
	}
	p.eventCount += from.eventCount
	ws.events += from.eventCount // deletePerson takes them off again
	for _, d := range from.devices {
		if p.device(d.token) == nil {
			p.devices = append(p.devices, d)
			ws.devices++
		}
	}
	for key, as := range from.relationships {
		if _, found := p.relationships[key]; !found {
			ws.relate(p, key)
			*p.relationships[key] = *as
		}
	}
	moved := from.anonymousIDs
	from.anonymousIDs = nil
	for _, id := range moved {
		ws.anonymous[id].owner = p
	}
	p.anonymousIDs = append(p.anonymousIDs, moved...)
	for _, id := range from.segments {
		if !p.inSegment(id) {
			p.segments = append(p.segments, id)
		}
	}
	ws.deletePerson(from)
	if p.email == "" && email != "" {
		ws.name(p, identifier{byEmail, email})
		if hasEmail {
			p.traits.add(from.traits[i])
		}
	}
}
