package emulator

import (
	"strings"
	"time"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// apply lets one valid message act on the workspace. It returns why the
// message had no effect, if it had none: what the API finds out only after it
// has answered.
func (ws *workspaceState) apply(m *decodedMessage, now time.Time) finding {
	if why := ws.suppressedFinding(m); why.rule != noRule {
		return why
	}
	if !ws.config.IgnoreIntegrations && m.switchedOff() {
		return finding{rule: ruleSwitchedOff, field: "integrations"}
	}
	if ws.config.DropUnknownObjectTypes && m.object.id != "" && m.object.typeID != defaultObjectType {
		if m.kind != kindIdentify {
			return finding{rule: ruleUnknownObjectType}
		}
		m.warn(ruleNotRelated, "traits.objectTypeId")
		m.object = objectKey{} // the person is there all the same
	}
	switch m.kind {
	case kindIdentify:
		return ws.identify(m, now)
	case kindTrack:
		return ws.track(m, now)
	case kindPage, kindScreen:
		return ws.keep(m, now)
	case kindGroup:
		return ws.group(m)
	case kindAlias:
		return ws.alias(m)
	}
	return finding{}
}

func (ws *workspaceState) identify(m *decodedMessage, now time.Time) finding {
	who, known := resolve(m.userID, m.email)
	if !known {
		return finding{rule: ruleAnonymousIdentify, field: "userId"}
	}
	email := strings.ToLower(m.email)
	p := ws.find(who)
	if p == nil && who.kind == byID && email != "" {
		p = ws.mergeByEmail(who, email, m)
	}
	if p == nil {
		if who.kind == byCustomerIOID {
			return finding{rule: ruleUnknownCustomerIOID, field: "userId"}
		}
		p = ws.addPerson(who, m)
	}
	p.seenAt = m.received
	if who.kind == byEmail && p.traits.get("email") == "" {
		sent := m.userID
		if sent == "" {
			sent = m.email
		}
		p.traits.set("email", rawjson.Quote(sent), m)
	}
	ws.writeTraits(p, m, who, now)
	if m.anonymousID != "" && !ws.claim(p, m.anonymousID, m, now) {
		m.warn(ruleAnonymousIDTaken, "anonymousId")
	}
	if m.object.id != "" {
		as := ws.relate(p, m.object)
		ws.writeObject(as, m, relationshipPath, relationshipAttributes(m))
	}
	return finding{}
}

// writeTraits merges an identify's traits into the person's, acting on those
// with a meaning of their own (docs/rules.md#attributes).
func (ws *workspaceState) writeTraits(p *personState, m *decodedMessage, who identifier, now time.Time) {
	w := ws.attributeWriter(m, "traits.")
	w.merge(&p.traits, m.traits, func(name string) bool {
		return m.object.id != "" && reservedObjectTrait(name) || reservedTrait(name)
	})
	if m.traits == "" {
		return
	}
	for name, value := range rawjson.Members(m.traits) {
		switch name {
		case "email":
			ws.writeEmail(p, m, value, who)
		case "id":
			ws.writeID(p, m, value, who)
		case "cio_id":
			m.warn(ruleReservedTrait, "traits.cio_id")
		case "anonymous_id":
			if !rawjson.IsString(value) || value == `""` || !ws.claim(p, rawjson.Unquote(value), m, now) {
				m.warn(ruleReservedTrait, "traits.anonymous_id")
			}
		case "createdAt":
			w.set(&p.traits, "created_at", value)
		default:
			if strings.HasPrefix(name, subscriptionPreferences+".") && !setPreference(&p.traits, name, value, m) {
				m.warn(ruleReservedTrait, "traits."+clip(name))
			}
		}
	}
}

// reservedTrait reports whether writeTraits acts on the trait instead of
// storing it under its name.
func reservedTrait(name string) bool {
	switch name {
	case "email", "id", "cio_id", "anonymous_id", "createdAt":
		return true
	}
	return strings.HasPrefix(name, subscriptionPreferences+".")
}

// writeEmail changes p's email, unless somebody else has it, or p has another
// and nothing allows that it changes. Removing the email of a person with no id
// is ignored: nobody could find them again.
func (ws *workspaceState) writeEmail(p *personState, m *decodedMessage, value string, who identifier) {
	if ws.attributeWriter(m, "traits.").outdated(p.traits, "email") {
		return
	}
	if rawjson.IsNull(value) || value == `""` {
		if p.id == "" || who.kind == byEmail {
			m.warn(ruleReservedTrait, "traits.email")
			return
		}
		ws.dropEmail(p)
		p.traits.set("email", "null", m)
		return
	}
	if !rawjson.IsString(value) {
		m.warnDetail(ruleReservedTrait, "traits.email", "a string is expected")
		return
	}
	email := identifier{byEmail, strings.ToLower(strings.TrimSpace(rawjson.Unquote(value)))}
	if email.value == "" {
		m.warn(ruleReservedTrait, "traits.email")
		return
	}
	mayChange := p.email == "" || who.kind == byCustomerIOID || who.kind == byID && ws.config.ChangeEmails
	switch owner := ws.find(email); {
	case owner != nil && owner != p:
		m.warn(ruleEmailTaken, "traits.email")
		return
	case owner == nil && !mayChange:
		m.warn(ruleEmailKept, "traits.email")
		return
	case owner == nil:
		ws.name(p, email)
	}
	ws.attributeWriter(m, "traits.").set(&p.traits, "email", value)
}

// writeID gives an id to a person who has none, or who is named by their
// cio_id, as the Track API does.
func (ws *workspaceState) writeID(p *personState, m *decodedMessage, value string, who identifier) {
	id := value
	if rawjson.IsString(value) {
		id = rawjson.Unquote(value)
	} else if !rawjson.IsNumber(value) {
		id = ""
	}
	switch {
	case id != "" && id == p.id:
	case id != "" && (p.id == "" || who.kind == byCustomerIOID && !ws.config.KeepIDs) && ws.byID[id] == nil && !ws.isSuppressed(identifier{byID, id}):
		if p.id != "" {
			m.deeds |= deedRenamed
			p.merged(MergeKindRename, p.id, 0, m)
		}
		ws.name(p, identifier{byID, id})
	default:
		m.warn(ruleReservedTrait, "traits.id")
	}
}

func (ws *workspaceState) track(m *decodedMessage, now time.Time) finding {
	switch m.event {
	case eventDeviceUpdated, eventDeviceDeleted:
		who, _ := resolve(m.userID, "")
		if m.event == eventDeviceDeleted && ws.find(who) == nil {
			m.warn(ruleNothingToDelete, "userId")
			return finding{}
		}
		p, why := ws.personFor(who, m)
		if p == nil {
			return why
		}
		if m.event == eventDeviceUpdated {
			ws.updateDevice(p, m)
		} else if !ws.deleteDevice(p, m) {
			m.warn(ruleNothingToDelete, "context.device.token")
		}
	case eventUserDeleted:
		who := ws.commanded(m.userID)
		if p := ws.find(who); p != nil {
			ws.deletePerson(p)
		} else {
			m.warn(ruleNothingToDelete, "userId")
		}
	case eventUserSuppressed:
		who := ws.commanded(m.userID)
		ws.suppress(who)
	case eventUserUnsuppressed:
		who := ws.commanded(m.userID)
		if !ws.unsuppress(who) {
			m.warn(ruleNothingToDelete, "userId")
		}
	case eventRelationshipDeleted:
		who, _ := resolve(m.userID, "")
		if p := ws.find(who); p == nil || !ws.unrelate(p, m.object) {
			m.warn(ruleNothingToDelete, "properties.objectId")
		}
	case eventObjectDeleted:
		if !ws.deleteObject(m.object) {
			m.warn(ruleNothingToDelete, "properties.objectId")
		}
	case eventReportDelivery, eventReportContent:
		ws.keepReport(m)
	default:
		return ws.keep(m, now)
	}
	return finding{}
}

// commanded is whom a deletion, a suppression or the end of one names.
func (ws *workspaceState) commanded(userID string) identifier {
	who, _ := resolve(userID, "")
	if who.kind == byCustomerIOID && ws.config.PlainCIOIDs {
		return identifier{byID, userID}
	}
	return who
}

// keep stores a track, page or screen call as an event of whom it names.
func (ws *workspaceState) keep(m *decodedMessage, now time.Time) finding {
	who, known := resolve(m.userID, "")
	if known {
		p, why := ws.personFor(who, m)
		if p == nil {
			return why
		}
		ws.keepEvent(p, newEvent(m))
	} else if m.anonymousID != "" {
		ws.keepAnonymous(m, now)
	}
	return finding{}
}

func (ws *workspaceState) group(m *decodedMessage) finding {
	if ws.objects[m.object] == nil {
		m.deeds |= deedCreatedObject
	}
	relationships := ws.relationships
	var as *attributes
	if who, known := resolve(m.userID, ""); known {
		p, why := ws.personFor(who, m)
		if p == nil {
			return why
		}
		as = ws.relate(p, m.object)
	} else if m.anonymousID != "" {
		as = ws.relateAnonymous(m.anonymousID, m.object)
	}
	if ws.relationships > relationships {
		m.deeds |= deedRelated
	}
	ws.writeObject(&ws.objectFor(m.object).attributes, m, "traits.", m.traits)
	if as != nil {
		ws.writeObject(as, m, relationshipPath, relationshipAttributes(m))
	}
	return finding{}
}

// relationshipAttributes is the raw object, or "". validate has checked its
// type.
func relationshipAttributes(m *decodedMessage) string {
	if as := rawjson.Member(m.traits, "relationshipAttributes"); rawjson.IsObject(as) {
		return as
	}
	return ""
}

func (ws *workspaceState) alias(m *decodedMessage) finding {
	if !ws.config.MergeOnAlias {
		return finding{}
	}
	from, _ := resolve(m.previousID, "")
	into, _ := resolve(m.userID, "")
	previous := ws.find(from)
	if previous == nil {
		m.warn(ruleNothingToDelete, "previousId")
		return finding{}
	}
	p, why := ws.personFor(into, m)
	if p == nil {
		return why
	}
	if p != previous {
		ws.merge(p, previous, m)
	}
	return finding{}
}
