package emulator

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// Message is one decoded message, as [Config].Refuse and [Record] show it. Its
// strings are as sent, except that the event's name has no surrounding space.
type Message struct {
	// Type is identify, track, page, screen, group or alias. If the message is
	// invalid, it is what was sent.
	Type        string `json:"type,omitempty"`
	UserID      string `json:"userId,omitempty"`
	AnonymousID string `json:"anonymousId,omitempty"`
	GroupID     string `json:"groupId,omitempty"`
	PreviousID  string `json:"previousId,omitempty"`
	// Event is the track call's event, or the name of a page or screen.
	Event     string `json:"event,omitempty"`
	MessageID string `json:"messageId,omitempty"`
	// Raw is the message as sent, without the rest of its batch. It is nil if
	// no message could be read, and must not be changed.
	Raw json.RawMessage `json:"message,omitempty"`
}

type kind uint8

const (
	kindUnknown kind = iota
	kindIdentify
	kindTrack
	kindPage
	kindScreen
	kindGroup
	kindAlias
)

var kindNames = [...]string{"", "identify", "track", "page", "screen", "group", "alias"}

func (k kind) String() string { return kindNames[k] }

func kindOf(name string) kind {
	for k := kindIdentify; k <= kindAlias; k++ {
		if kindNames[k] == name {
			return k
		}
	}
	return kindUnknown
}

// decodedMessage is one message, decoded once. Its strings share the memory of
// raw if they have no escapes.
type decodedMessage struct {
	kind kind
	raw  string

	typ         string // as sent in a batch
	userID      string
	anonymousID string
	groupID     string
	previousID  string
	event       string
	messageID   string

	// Raw JSON objects, or "".
	traits, properties, context, batchContext string
	integrations, batchIntegrations           string

	email  string    // traits.email of an identify
	object objectKey // what a group, identify or Deleted event points at
	at     time.Time

	sequence uint64 // in the journal, known once it is applied
	received time.Time
	origin   *originRef // made when something is to remember the message

	deeds    deeds     // set while it is applied
	broken   finding   // the first rule it breaks, if any
	warnings []finding // kept whatever its verdict
}

// export returns m in its public form.
func (m *decodedMessage) export() Message {
	return Message{
		Type:        m.typeName(),
		UserID:      m.userID,
		AnonymousID: m.anonymousID,
		GroupID:     m.groupID,
		PreviousID:  m.previousID,
		Event:       m.event,
		MessageID:   m.messageID,
		Raw:         rawMessage(m.raw),
	}
}

func (m *decodedMessage) typeName() string {
	if m.kind == kindUnknown {
		return m.typ
	}
	return m.kind.String()
}

func (m *decodedMessage) breaks(rule ruleID, field string) {
	if m.broken.rule == noRule {
		m.broken = finding{rule: rule, field: field}
	}
}

func (m *decodedMessage) breaksDetail(rule ruleID, field, detail string) {
	if m.broken.rule == noRule {
		m.broken = finding{rule, field, detail}
	}
}

func (m *decodedMessage) warn(rule ruleID, field string) {
	m.warnings = append(m.warnings, finding{rule: rule, field: field})
}

func (m *decodedMessage) warnDetail(rule ruleID, field, detail string) {
	m.warnings = append(m.warnings, finding{rule, field, detail})
}

// decodeMessage reads the fields of one message. raw is valid JSON and the
// message keeps it. k is the type that the path implies, or kindUnknown in a
// batch, where the message must say it. now is the default timestamp. keepName
// is [Config].KeepPageNames. A wrong JSON type is reported as the rule that the
// message breaks. validate checks everything else that the message must have.
func decodeMessage(raw string, k kind, now time.Time, keepName bool) decodedMessage {
	m := decodedMessage{kind: k, raw: raw, at: now}
	if !rawjson.IsObject(raw) {
		m.breaks(ruleNotAnObject, "")
		return m
	}
	var timestamp, original, name string
	for field, value := range rawjson.Members(raw) {
		switch field {
		case "type":
			if k == kindUnknown {
				m.typ = m.text(field, value)
			}
		case "userId":
			m.userID = m.identifier(field, value)
		case "anonymousId":
			m.anonymousID = m.identifier(field, value)
		case "groupId":
			m.groupID = m.identifier(field, value)
		case "previousId":
			m.previousID = m.identifier(field, value)
		case "messageId":
			m.messageID = m.text(field, value)
		case "event":
			m.event = m.text(field, value)
		case "name":
			name = value
		case "timestamp":
			timestamp = value
		case "originalTimestamp":
			original = value
		case "traits":
			m.traits = m.objectText(field, value)
		case "properties":
			m.properties = m.objectText(field, value)
		case "context":
			m.context = m.objectText(field, value)
		case "integrations":
			m.integrations = m.objectText(field, value)
		case "objectTypeId", "object_type_id":
			m.warn(ruleTopLevelObjectType, field)
		}
	}
	if k == kindUnknown {
		m.kind = kindOf(m.typ)
	}
	switch m.kind {
	case kindPage, kindScreen:
		m.event = m.text("name", name)
	}
	m.event = strings.TrimSpace(m.event)
	if m.kind == kindPage && m.event == "" && !keepName {
		if url := rawjson.Member(m.properties, "url"); rawjson.IsString(url) {
			m.event = rawjson.Unquote(url) // as Journeys names pages (docs/rules.md#fields-and-identity)
		}
	}
	m.readTimestamp(timestamp, original, now)
	return m
}

// text reads a string that may be absent or null.
func (m *decodedMessage) text(field, raw string) string {
	switch {
	case rawjson.IsString(raw):
		return rawjson.Unquote(raw)
	case !rawjson.IsNull(raw):
		m.breaksDetail(ruleFieldType, field, "a string is expected")
	}
	return ""
}

// identifier reads a string that may be absent or null, or, with a warning, a
// number, of which it keeps the text.
func (m *decodedMessage) identifier(field, raw string) string {
	if rawjson.IsNumber(raw) {
		m.warn(ruleNumericID, field)
		return raw
	}
	s := m.text(field, raw)
	if len(s) > maxIDBytes {
		m.warn(ruleIDLength, field)
	}
	return s
}

// objectText reads an object that may be absent or null.
func (m *decodedMessage) objectText(field, raw string) string {
	switch {
	case rawjson.IsObject(raw):
		return raw
	case !rawjson.IsNull(raw):
		m.breaksDetail(ruleFieldType, field, "an object is expected")
	}
	return ""
}

// contextMember returns the raw member of the message's context, or else of its
// batch's. The documentation says that a batch's context applies to all of its
// messages; the SDKs need their own to win (docs/rules.md#batches).
func (m *decodedMessage) contextMember(name string) string {
	if own := rawjson.Member(m.context, name); own != "" {
		return own
	}
	return rawjson.Member(m.batchContext, name)
}

func rawMessage(raw string) json.RawMessage {
	if raw == "" {
		return nil
	}
	return json.RawMessage(raw)
}
