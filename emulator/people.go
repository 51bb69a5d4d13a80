package emulator

import (
	"strconv"
	"strings"
	"time"
	"unique"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// identifierKind is one of the three things by which a person is found.
type identifierKind uint8

const (
	byID identifierKind = iota
	byEmail
	byCustomerIOID
)

// identifier names one person. An email is kept in lower case, because emails
// are compared without case; a cio_id without its prefix "cio_".
type identifier struct {
	kind  identifierKind
	value string
}

const customerIOIDPrefix = "cio_"

// resolve decides which identifier a userId is, and uses an email if there is
// none. The order is that of Segment's Customer.io destination
// (docs/rules.md#fields-and-identity). It reports false if both are empty.
func resolve(userID, email string) (identifier, bool) {
	switch {
	case len(userID) > len(customerIOIDPrefix) && strings.HasPrefix(userID, customerIOIDPrefix):
		return identifier{byCustomerIOID, userID[len(customerIOIDPrefix):]}, true
	case isEmail(userID):
		return identifier{byEmail, strings.ToLower(userID)}, true
	case userID != "":
		return identifier{byID, userID}, true
	case email != "":
		return identifier{byEmail, strings.ToLower(email)}, true
	}
	return identifier{}, false
}

// isEmail reports whether s looks like an email address: something, one @, and
// a domain with a dot inside.
func isEmail(s string) bool {
	at := strings.IndexByte(s, '@')
	if at <= 0 || len(s) > 254 || strings.ContainsAny(s, " \t\r\n<>(),;:\"[]\\") {
		return false
	}
	domain := s[at+1:]
	dot := strings.LastIndexByte(domain, '.')
	return dot > 0 && dot < len(domain)-1 && domain[0] != '.' && !strings.Contains(domain, "@") &&
		!strings.Contains(domain, "..")
}

// personState is one profile of a workspace.
type personState struct {
	id           string
	email        string // in lower case, the key of the index; as sent in the traits
	customerIOID string

	traits        attributes
	events        []storedEvent
	eventCount    int // events ever stored, those pruned included
	devices       []deviceState
	relationships map[objectKey]*attributes
	anonymousIDs  []string
	segments      []uint64 // the manual ones that they are in

	number  uint64 // of the cio_id: people in the order of their creation
	created *originRef
	seenAt  time.Time // when the newest message for them was received
	merges  []mergeState
}

// storedEvent is one track, page or screen call kept for somebody.
type storedEvent struct {
	kind       kind
	name       unique.Handle[string]
	at         time.Time
	messageID  string
	properties string // raw JSON, "" for none
	sequence   uint64 // of its message
}

func newEvent(m *decodedMessage) storedEvent {
	return storedEvent{m.kind, unique.Make(m.event), m.at, m.messageID, m.properties, m.sequence}
}

func (ws *workspaceState) find(who identifier) *personState {
	switch who.kind {
	case byID:
		return ws.byID[who.value]
	case byEmail:
		return ws.byEmail[who.value]
	default:
		return ws.byCustomerIOID[who.value]
	}
}

// addPerson creates a person known by who, which must be an id or an email.
func (ws *workspaceState) addPerson(who identifier, m *decodedMessage) *personState {
	ws.lastCustomerIOID++
	id := strconv.FormatUint(ws.lastCustomerIOID, 16)
	p := &personState{number: ws.lastCustomerIOID, customerIOID: strings.Repeat("0", max(0, 8-len(id))) + id, created: m.from()}
	ws.byCustomerIOID[p.customerIOID] = p
	ws.people.add(p.number, p)
	ws.name(p, who)
	m.deeds |= deedCreatedPerson
	return p
}

// name gives p the identifier who, in place of the present one. Nobody else may
// have it.
func (ws *workspaceState) name(p *personState, who identifier) {
	value := strings.Clone(who.value) // who shares the memory of a whole message
	switch who.kind {
	case byID:
		if p.id != "" {
			delete(ws.byID, p.id)
		}
		p.id = value
		ws.byID[value] = p
	case byEmail:
		if p.email != "" {
			delete(ws.byEmail, p.email)
		}
		p.email = value
		ws.byEmail[value] = p
	}
}

// dropEmail takes p's email away.
func (ws *workspaceState) dropEmail(p *personState) {
	if p.email != "" {
		delete(ws.byEmail, p.email)
		p.email = ""
	}
}

// personFor returns the person that an event, a device or a relationship of the
// user who belongs to. If there is no such person, it creates one, if that is
// allowed.
func (ws *workspaceState) personFor(who identifier, m *decodedMessage) (*personState, finding) {
	if ws.isSuppressed(who) {
		return nil, finding{rule: ruleSuppressed, field: "userId"}
	}
	if p := ws.find(who); p != nil {
		p.seenAt = m.received
		return p, finding{}
	}
	if who.kind == byCustomerIOID {
		return nil, finding{rule: ruleUnknownCustomerIOID, field: "userId"}
	}
	if ws.config.DropUnknownPeople {
		return nil, finding{rule: ruleUnknownPerson, field: "userId"}
	}
	p := ws.addPerson(who, m)
	p.seenAt = m.received
	if who.kind == byEmail {
		p.traits.set("email", rawjson.Quote(who.value), m)
	}
	return p, finding{}
}

// keepEvent appends e to p's events.
func (ws *workspaceState) keepEvent(p *personState, e storedEvent) {
	p.events = appendBounded(p.events, e, ws.config.MaxEventsPerPerson)
	p.eventCount++
	ws.events++
}

// appendBounded appends e and forgets the oldest beyond limit, if limit is
// positive. It moves the rest only once the slice has grown to twice the limit.
func appendBounded[E any](s []E, e E, limit int) []E {
	if limit > 0 && len(s) >= limit {
		s = s[len(s)-limit+1:]
	}
	return append(s, e)
}

// deletePerson forgets p and everything that is theirs.
func (ws *workspaceState) deletePerson(p *personState) {
	for key := range p.relationships {
		ws.unrelate(p, key)
	}
	ws.devices -= len(p.devices)
	ws.events -= p.eventCount
	for _, id := range p.anonymousIDs {
		delete(ws.anonymous, id)
	}
	if p.id != "" {
		delete(ws.byID, p.id)
	}
	ws.dropEmail(p)
	delete(ws.byCustomerIOID, p.customerIOID)
	ws.people.remove(p.number)
}
