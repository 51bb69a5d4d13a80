package emulator

import (
	"slices"
	"strings"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// messageFilter decides which messages a query lists. What the journal knows of a
// message is looked at first, its text next, and it is decoded last.
type messageFilter struct {
	query MessagesQuery
	kind  kind
	text  needle
	// person has the identifiers of the person in lower case, and ids and
	// needles, which have the same order, all that may be in a text.
	people  bool
	ids     map[string]bool // of the person, as they are
	emails  map[string]bool // in lower case
	needles []needle
}

// filter takes the lock.
func (ws *workspaceState) filter(q MessagesQuery) *messageFilter {
	f := &messageFilter{query: q, kind: kindOf(q.Type), text: newNeedle(q.Search)}
	if q.Person == "" {
		return f
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	f.name(q.Person)
	if p := ws.meant(q.Person); p != nil {
		ws.nameAll(f, p)
	}
	return f
}

// nameAll adds all identifiers of p, and those that it had before and nobody else
// has now.
func (ws *workspaceState) nameAll(f *messageFilter, p *personState) {
	f.name(customerIOIDPrefix + p.customerIOID)
	for _, id := range append([]string{p.id, p.email}, p.anonymousIDs...) {
		f.name(id)
	}
	for _, m := range p.merges {
		if ws.byID[m.from] == nil {
			f.name(m.from)
		}
	}
}

// name adds an identifier.
func (f *messageFilter) name(id string) {
	if id == "" || f.ids[id] {
		return
	}
	if !f.people {
		f.people, f.ids, f.emails = true, make(map[string]bool), make(map[string]bool)
	}
	f.ids[id] = true
	if isEmail(id) {
		f.emails[strings.ToLower(id)] = true
	}
	n := newNeedle(id)
	n.bound = true
	f.needles = append(f.needles, n)
}

// quick reports whether the message may be one of those. It is called with the
// lock held.
func (f *messageFilter) quick(e *entry) bool {
	q := &f.query
	switch {
	case !q.wants(e.verdict),
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
func (f *messageFilter) reads() bool { return f.query.Search != "" || f.query.Event != "" || f.people }

// matches reports whether the message is one of those, if quick did not say no.
func (f *messageFilter) matches(e *entry) bool {
	if !f.reads() {
		return true
	}
	if e.raw == "" || f.query.Search != "" && !f.text.in(e.raw) {
		return false
	}
	if f.query.Event == "" && !f.people {
		return true
	}
	// What has no escapes has its strings as they are.
	if strings.IndexByte(e.raw, '\\') < 0 && !f.mayName(e.raw) {
		return false
	}
	m := decodeMessage(e.raw, e.kind, e.at, e.keepName)
	return (f.query.Event == "" || m.event == f.query.Event) && (!f.people || f.names(&m))
}

// mayName reports whether a text without escapes may have the event, and may name
// the person.
func (f *messageFilter) mayName(raw string) bool {
	if f.query.Event != "" && !hasString(raw, f.query.Event) {
		return false
	}
	return !f.people || slices.ContainsFunc(f.needles, func(n needle) bool { return n.found(raw) })
}

// hasString reports whether raw, which has no escapes, may have a string of JSON that
// is the text, space around it aside.
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
	if f.ids[m.userID] || f.ids[m.anonymousID] || f.ids[m.previousID] {
		return true
	}
	return f.emails[strings.ToLower(m.userID)] || f.emails[m.sentEmail()]
}

// isAbout reports whether the message is about the person, and nobody else: what
// names them beside another userId is not.
func (f *messageFilter) isAbout(m *decodedMessage) bool {
	switch email := m.sentEmail(); {
	case m.userID != "":
		return f.ids[m.userID] || f.emails[strings.ToLower(m.userID)]
	case email != "":
		return f.emails[email]
	}
	return f.ids[m.anonymousID]
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

// scanned is how many entries of the journal are looked at before the lock is let
// go of, so that a search of a million messages holds up no call.
const scanned = 4096

// list returns up to limit of the messages that f wants, or all, the newest first,
// with sequences below before, if that is not 0; and the before of those that
// follow, or 0. It takes the lock.
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

// newerThan is the sequence of the oldest message above n that f wants, or 0. It
// takes the lock.
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
