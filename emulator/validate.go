package emulator

import (
	"strings"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// maxIDBytes, and the limits in traits.go, are those of the store behind the
// API (docs/rules.md#attributes). The store applies them after the answer, so
// they only warn.
const (
	maxIDBytes        = 150
	maxEventNameBytes = 100
)

// defaultObjectType is the type of an object whose message states none.
const defaultObjectType = "1"

// validate checks what the message's type requires
// (docs/rules.md#fields-and-identity, #objects and #devices) and sets m.broken
// to the first rule that it breaks.
func (m *decodedMessage) validate() {
	if m.broken.rule != noRule {
		return
	}
	switch m.kind {
	case kindUnknown:
		if m.typ == "" {
			m.breaks(ruleMissingType, "type")
		} else {
			m.breaks(ruleUnknownType, "type")
		}
	case kindIdentify:
		m.validateIdentify()
	case kindTrack:
		m.validateTrack()
	case kindPage, kindScreen:
		m.requireIdentity()
		if m.kind == kindPage && rawjson.IsNull(rawjson.Member(m.properties, "url")) {
			m.warn(ruleMissingURL, "properties.url")
		}
	case kindGroup:
		if m.groupID == "" {
			m.breaks(ruleMissingGroupID, "groupId")
			return
		}
		m.object.id = m.groupID
		m.object.typeID = m.objectType(m.traits, "traits.")
		m.requireObject(m.traits, "traits.", "relationshipAttributes")
	case kindAlias:
		if m.userID == "" {
			m.breaks(ruleMissingUserID, "userId")
		} else if m.previousID == "" {
			m.breaks(ruleMissingPreviousID, "previousId")
		}
	}
}

func (m *decodedMessage) requireIdentity() {
	if m.userID == "" && m.anonymousID == "" {
		m.breaks(ruleMissingIdentity, "userId")
	}
}

func (m *decodedMessage) validateIdentify() {
	if email := rawjson.Member(m.traits, "email"); rawjson.IsString(email) {
		m.email = strings.TrimSpace(rawjson.Unquote(email))
	}
	if m.email == "" {
		m.requireIdentity()
	}
	if objectID := rawjson.Member(m.traits, "objectId"); !rawjson.IsNull(objectID) {
		m.object.id = m.identifier("traits.objectId", objectID)
		m.object.typeID = m.objectType(m.traits, "traits.")
		m.requireObject(m.traits, "traits.", "relationshipAttributes")
	}
}

func (m *decodedMessage) validateTrack() {
	if m.event == "" {
		m.breaks(ruleMissingEvent, "event")
		return
	}
	if len(m.event) > maxEventNameBytes {
		m.warn(ruleEventName, "event")
	}
	switch m.event {
	case eventDeviceUpdated, eventDeviceDeleted:
		m.validateDevice()
	case eventUserDeleted, eventUserSuppressed, eventUserUnsuppressed:
		m.requireUserID()
	case eventRelationshipDeleted:
		m.requireUserID()
		m.validateObjectEvent()
	case eventObjectDeleted:
		if m.anonymousID == "" {
			m.breaks(ruleMissingAnonymousID, "anonymousId")
		}
		m.validateObjectEvent()
	case eventReportDelivery:
		m.wantReportField("deliveryId")
		m.wantReportField("metric")
	case eventReportContent:
		m.wantReportField("actionType")
	default:
		if m.userID == "" && m.anonymousID == "" {
			if m.groupID == "" && rawjson.IsNull(m.contextMember("groupId")) {
				m.breaks(ruleMissingIdentity, "userId")
				return
			}
			m.warn(ruleNobody, "userId")
		}
		if near := nearSemantic(m.event); near != "" {
			m.warnDetail(ruleNearSemanticName, "event", "the semantic event is "+near)
		}
	}
}

func (m *decodedMessage) requireUserID() {
	if m.userID == "" {
		m.breaks(ruleMissingUserID, "userId")
	}
}

func (m *decodedMessage) wantReportField(name string) {
	if rawjson.IsNull(rawjson.Member(m.properties, name)) {
		m.warn(ruleReportFields, "properties."+name)
	}
}

func (m *decodedMessage) validateDevice() {
	m.requireUserID()
	device := m.contextMember("device")
	if !rawjson.IsObject(device) {
		m.breaks(ruleMissingToken, "context.device.token")
		return
	}
	if token := rawjson.Member(device, "token"); !rawjson.IsString(token) || token == `""` {
		m.breaks(ruleMissingToken, "context.device.token")
	}
	switch rawjson.Member(device, "type") {
	case `"ios"`, `"android"`:
	default:
		m.warn(ruleDeviceType, "context.device.type")
	}
}

func (m *decodedMessage) validateObjectEvent() {
	m.object.id = m.identifier("properties.objectId", rawjson.Member(m.properties, "objectId"))
	if m.object.id == "" {
		m.breaks(ruleMissingObjectID, "properties.objectId")
		return
	}
	m.object.typeID = m.objectType(m.properties, "properties.")
}

// objectType returns the object type that the attributes name, in the order of
// Segment's destination: object_type_id, else objectTypeId, as a string or a
// number, else the default (docs/rules.md#objects).
func (m *decodedMessage) objectType(attributes, path string) string {
	for _, name := range [...]string{"object_type_id", "objectTypeId"} {
		raw := rawjson.Member(attributes, name)
		switch {
		case rawjson.IsNumber(raw):
			m.checkObjectType(path+name, raw)
			return raw
		case !rawjson.IsNull(raw):
			if s := m.text(path+name, raw); s != "" {
				m.checkObjectType(path+name, s)
				return s
			}
		}
	}
	return defaultObjectType
}

// checkObjectType warns of a type that is not a whole number: types are
// numbered (docs/rules.md#objects).
func (m *decodedMessage) checkObjectType(field, typeID string) {
	if strings.Trim(typeID, "0123456789") != "" {
		m.warn(ruleOddObjectType, field)
	}
}

// validateBySwitch checks what a switch forbids.
func (m *decodedMessage) validateBySwitch(config *Config) {
	if config.RequireGroupPerson && m.kind == kindGroup && m.typ != "" || config.RequireReportPerson && isReport(m.event) && m.kind == kindTrack {
		m.requireIdentity()
	}
	if config.RefuseOddObjectTypes {
		for _, w := range m.warnings {
			if w.rule == ruleOddObjectType {
				m.breaksDetail(ruleFieldType, w.field, "an object type in digits is expected")
			}
		}
	}
}

func isReport(event string) bool { return event == eventReportDelivery || event == eventReportContent }

// requireObject has the message break a rule if the named member is there and
// is not an object.
func (m *decodedMessage) requireObject(attributes, path, name string) {
	m.objectText(path+name, rawjson.Member(attributes, name))
}
