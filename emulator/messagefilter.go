package emulator

import (
	"slices"
	"strings"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// messageFilter decides which messages a query lists. It first checks what the
// journal knows of a message, then its text, and decodes it last.
type messageFilter struct {
	query MessagesQuery
	kind  kind
	text  search
	// people says that the query asks for a person, by all of the following. An
	// anonymousId may be the userId of another person.
	people    bool
	who       map[identifier]bool
	anonymous map[string]bool
	needles   []needle // all of them, as they may be in a text
}

// filter takes the lock.
func (ws *workspaceState) filter(q MessagesQuery) *messageFilter {
	f := &messageFilter{query: q, kind: kindOf(q.Type), text: newSearch(q.Search)}
	if q.Person == "" {
		return f
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	p := ws.meant(q.Person)
	if p == nil {
		for _, who := range candidates(q.Person) {
			f.nameWho(who)
		}
		f.nameAnonymous(q.Person)
		return f
	}
	f.namePerson(p)
	for _, m := range p.merges {
		if m.kind != MergeKindAnonymous && ws.byID[m.from] == nil { // an id of before, which nobody else has now
			f.nameWho(identifier{byID, m.from})
		}
	}
	return f
}

// namePerson adds all identifiers that p has.
func (f *messageFilter) namePerson(p *personState) {
	for _, who := range p.identifiers() {
		f.nameWho(who)
	}
	for _, id := range p.anonymousIDs {
		f.nameAnonymous(id)
	}
}

func (f *messageFilter) nameWho(who identifier) {
	if who.value == "" || f.who[who] {
		return
	}
	if f.who == nil {
		f.who = make(map[identifier]bool)
	}
	f.who[who] = true
	text := who.value
	if who.kind == byCustomerIOID {
		text = customerIOIDPrefix + text
	}
	f.look(text)
}

func (f *messageFilter) nameAnonymous(id string) {
	if id == "" || f.anonymous[id] {
		return
	}
	if f.anonymous == nil {
		f.anonymous = make(map[string]bool)
	}
	f.anonymous[id] = true
	f.look(id)
}

// look adds a text that messages of the person may have.
func (f *messageFilter) look(text string) {
	f.people = true
	n := newNeedle(text)
	n.bound = true
	f.needles = append(f.needles, n)
}

// quick reports whether the message may be one of those. It is called with the
// lock held.
func (f *messageFilter) quick(e *entry) bool {
	q := &f.query
	switch {
	case !q.wants(e.verdict),
		q.Warned && len(e.warnings) == 0,
		q.Type != "" && e.kind != f.kind,
		!q.From.IsZero() && e.at.Before(q.From),
		!q.To.IsZero() && !e.at.Before(q.To),
		q.Rule != "" && !e.broke(q.Rule):
		return false
	}
	return true
}

// broke reports whether the message broke the rule, or carries its warning.
func (e *entry) broke(rule string) bool {
	return e.why.rule != noRule && e.why.export().Rule == rule ||
		slices.ContainsFunc(e.warnings, func(w finding) bool { return w.export().Rule == rule })
}

// reads reports whether the text of messages is looked at.
func (f *messageFilter) reads() bool { return !f.text.empty() || f.query.Event != "" || f.people }

// matches reports whether the message is one of those, if quick did not say no.
func (f *messageFilter) matches(e *entry) bool {
	if !f.reads() {
		return true
	}
	if e.raw == "" { // it has no text, so nothing in it is excluded
		return len(f.text.all) == 0 && f.query.Event == "" && !f.people
	}
	if !f.text.in(e.raw) {
		return false
	}
	if f.query.Event == "" && !f.people {
		return true
	}
	// In JSON without escapes, strings are as they are written.
	if strings.IndexByte(e.raw, '\\') < 0 && !f.mayName(e.raw) {
		return false
	}
	m := decodeMessage(e.raw, e.kind, e.at, e.keepName)
	return (f.query.Event == "" || m.event == f.query.Event) && (!f.people || f.names(&m))
}

// mayName reports whether a text without escapes may have the event, and may
// name the person.
func (f *messageFilter) mayName(raw string) bool {
	if f.query.Event != "" && !hasString(raw, f.query.Event) {
		return false
	}
	return !f.people || slices.ContainsFunc(f.needles, func(n needle) bool { return n.found(raw) })
}

// hasString reports whether raw, which has no escapes, may have a JSON string
// that equals the text except for space around it.
func hasString(raw, text string) bool {
	for {
		i := strings.Index(raw, text)
		if i < 0 {
			return false
		}
		if strings.HasPrefix(strings.TrimSpace(raw[i+len(text):]), `"`) && strings.HasSuffix(strings.TrimSpace(raw[:i]), `"`) {
			return true
		}
		raw = raw[i+1:]
	}
}

// names reports whether the message names the person.
func (f *messageFilter) names(m *decodedMessage) bool {
	return f.isWho(m.userID, "") || f.isWho("", m.sentEmail()) || f.anonymous[m.anonymousID] || f.isWho(m.previousID, "")
}

// isAbout reports whether the message is about the person, and nobody else. A
// message that names them beside another userId is not.
func (f *messageFilter) isAbout(m *decodedMessage) bool {
	if email := m.sentEmail(); m.userID != "" || email != "" {
		return f.isWho(m.userID, email)
	}
	return f.anonymous[m.anonymousID]
}

// isWho reports whether a userId, or an address if there is no userId, is the
// person's.
func (f *messageFilter) isWho(userID, email string) bool {
	who, known := resolve(userID, email)
	return known && f.who[who]
}

// sentEmail is the address among the traits of an identify, in lower case.
func (m *decodedMessage) sentEmail() string {
	if m.kind == kindIdentify {
		if sent := rawjson.Member(m.traits, "email"); rawjson.IsString(sent) {
			return strings.ToLower(strings.TrimSpace(rawjson.Unquote(sent)))
		}
	}
	return ""
}

// scanned is how many entries of the journal are checked before the lock is
// released, so that a search of a million messages delays no call.
const scanned = 4096

// list returns up to limit of the messages that f wants, or all, the newest
// first, with sequences below before, if before is not 0. It also returns the
// before of the following ones, or 0. It takes the lock.
func (ws *workspaceState) list(f *messageFilter, before uint64, limit int) (found []entry, next uint64) {
	var some []entry
	for {
		most := scanned
		if limit > 0 && !f.reads() {
			most = limit + 1 - len(found) // the last one says that there are more
		}
		ws.mu.Lock()
		some, before = ws.journal.older(before, f, some[:0], most)
		ws.mu.Unlock()
		for i := range some {
			if !f.matches(&some[i]) {
				continue
			}
			if limit > 0 && len(found) == limit {
				return found, some[i].sequence + 1
			}
			found = append(found, some[i])
		}
		if before == 0 {
			return found, 0
		}
	}
}

// newerThan is the sequence of the oldest message above n that f wants, or 0.
// It takes the lock.
func (ws *workspaceState) newerThan(n uint64, f *messageFilter) uint64 {
	var some []entry
	for n > 0 {
		ws.mu.Lock()
		some, n = ws.journal.newer(n, f, some[:0])
		ws.mu.Unlock()
		for i := range some {
			if f.matches(&some[i]) {
				return some[i].sequence
			}
		}
	}
	return 0
}
