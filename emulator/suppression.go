package emulator

import "strings"

// suppression is one suppressed profile: all the identifiers that may not come
// back. The Track API documents that both the id and the email of a profile
// are suppressed and unsuppressed together.
type suppression []identifier

func (ws *workspaceState) isSuppressed(who identifier) bool {
	_, found := ws.suppressed[who]
	return found
}

// suppressedNote says whether the message is for a suppressed person. A message
// that deletes or unsuppresses a person, or that is only about an object, is
// for nobody in this sense.
func (ws *workspaceState) suppressedFinding(m *decodedMessage) finding {
	if len(ws.suppressed) == 0 || m.kind == kindAlias {
		return finding{}
	}
	switch m.event {
	case eventUserDeleted, eventUserSuppressed, eventUserUnsuppressed, eventRelationshipDeleted, eventObjectDeleted,
		eventReportDelivery, eventReportContent:
		if m.kind == kindTrack {
			return finding{}
		}
	}
	if who, known := resolve(m.userID, ""); known && ws.isSuppressed(who) {
		return finding{rule: ruleSuppressed, field: "userId"}
	}
	if m.email != "" && ws.isSuppressed(identifier{byEmail, strings.ToLower(m.email)}) {
		return finding{rule: ruleSuppressed, field: "traits.email"}
	}
	return finding{}
}

// suppress deletes the person who, if there is one, and refuses their
// identifiers from now on.
func (ws *workspaceState) suppress(who identifier) {
	if ws.isSuppressed(who) {
		return
	}
	s := suppression{who}
	if p := ws.find(who); p != nil {
		s = p.identifiers()
		ws.deletePerson(p)
	}
	entry := &s
	for i, one := range s {
		one.value = strings.Clone(one.value)
		s[i] = one
		ws.suppressed[one] = entry
	}
	ws.suppressions++
}

// unsuppress lets the identifiers of the profile who be used again. It reports
// whether who was suppressed. The profile itself is not restored.
func (ws *workspaceState) unsuppress(who identifier) bool {
	entry, found := ws.suppressed[who]
	if !found {
		return false
	}
	for _, one := range *entry {
		delete(ws.suppressed, one)
	}
	ws.suppressions--
	return true
}

func (p *personState) identifiers() []identifier {
	ids := []identifier{{byCustomerIOID, p.customerIOID}}
	if p.id != "" {
		ids = append(ids, identifier{byID, p.id})
	}
	if p.email != "" {
		ids = append(ids, identifier{byEmail, p.email})
	}
	return ids
}
