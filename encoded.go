package cio

import (
	"cmp"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/ciokit/cio/internal/wire"
)

// Encoded is a message in its wire form. It was checked, and its message id and timestamp are fixed. It is a [Message] itself. You can
// store it with MarshalJSON or AppendJSON, read it back with UnmarshalJSON, and send it later, as often as you need, always with the same
// id. It is immutable and safe for concurrent use. The zero value is not a message and is rejected.
type Encoded struct {
	// Kept small: loads and queues hold many of them. Rare questions are answered from data.
	data           []byte
	tag            uint64
	warnings       *[]Warning // nil for none
	typ            Type
	idStart, idLen uint16 // of the message id in data, if it stands there without escapes
	anonymous      bool   // an identify of nobody known
}

func newEncoded(data []byte, h *header) Encoded {
	e := Encoded{data: data, tag: h.tag, typ: h.typ}
	if len(h.warnings) > 0 {
		warnings := h.warnings
		e.warnings = &warnings
	}
	e.idStart, e.idLen = h.plainID(data)
	e.anonymous = isAnonymousIdentify(h.typ, &h.identity)
	return e
}

// MessageID returns the id with which the message is sent.
func (e Encoded) MessageID() string {
	if e.idLen > 0 {
		return string(e.data[e.idStart : e.idStart+e.idLen])
	}
	v, _ := wire.Lookup(e.data, "messageId")
	s, _ := wire.Text(v)
	return s
}

// Type returns the type of the message, such as identify.
func (e Encoded) Type() Type { return e.typ }

// Tag returns the Tag of the message that was encoded. It is not part of the wire form: 0 after UnmarshalJSON.
func (e Encoded) Tag() uint64 { return e.tag }

// WithTag returns the same message with another Tag.
func (e Encoded) WithTag(tag uint64) Encoded {
	e.tag = tag
	return e
}

// Len returns the size of the wire form in bytes.
func (e Encoded) Len() int { return len(e.data) }

// Identity says whom or what the message is about.
func (e Encoded) Identity() Identity {
	var id Identity
	for name, v := range wire.Members(e.data) {
		switch string(name) {
		case "userId":
			id.UserID, _ = wire.Text(v)
		case "anonymousId":
			id.AnonymousID, _ = wire.Text(v)
		case "groupId":
			id.GroupID, _ = wire.Text(v)
		case "previousId":
			id.PreviousID, _ = wire.Text(v)
		case "traits":
			if e.typ == TypeIdentify {
				id.Email = emailTrait(v)
			}
		}
	}
	return id
}

// Warnings returns warnings: limits that the message breaks, ids that are probably a mistake, and the name of an event that is one or two
// letters away from a semantic one. It returns nil for none. The caller must not change them.
func (e Encoded) Warnings() []Warning {
	if e.warnings == nil {
		return nil
	}
	return *e.warnings
}

// AppendJSON appends the wire form: one JSON object with the member type, as it is in the array of a batch. The error is always nil.
func (e Encoded) AppendJSON(dst []byte) ([]byte, error) { return append(dst, e.data...), nil }

// MarshalJSON returns a copy of the wire form; the zero Encoded is null.
func (e Encoded) MarshalJSON() ([]byte, error) {
	if e.data == nil {
		return []byte("null"), nil
	}
	return append([]byte(nil), e.data...), nil
}

// String names the message without its contents, which are personal data.
func (e Encoded) String() string {
	return fmt.Sprintf("%s message %s (%d bytes)", e.typ, e.MessageID(), len(e.data))
}

// LogValue logs the message without its contents, which are personal data.
func (e Encoded) LogValue() slog.Value { return slog.StringValue(e.String()) }

// GoString is String, for %#v.
func (e Encoded) GoString() string { return "cio.Encoded{" + e.String() + "}" }

// fill seals the type as a Message; the encoder uses an Encoded unchanged.
func (e Encoded) fill(*envelope) {}

// UnmarshalJSON reads a wire form, which any program may have written. It makes the same checks as [Encode], with two exceptions: the
// [Client] that sends the message checks the size, and whether it is an identify with only an anonymousId. The bytes must also contain the
// type, a message id, and a timestamp that is text. Without a stored id, a message would get a different id each time it is read. The error
// is a [*MessageError].
func (e *Encoded) UnmarshalJSON(data []byte) error {
	var room [16]wire.Part
	data, members, err := wire.AppendObject(nil, data, room[:0])
	if err != nil {
		m := valueError("", err)
		if m.Rule == RuleNotObject {
			m.Rule = RuleNotMessage
		}
		return m
	}
	if data[0] != '{' {
		return reject("", RuleNotMessage, "a message is a JSON object")
	}
	var own membersOf
	own.read(members)
	typ, err := typeOf(own.typ)
	if err != nil {
		return err
	}
	text := func(name string, v []byte) string {
		s, wrong := textMember(name, v)
		err = cmp.Or(err, wrong)
		return s
	}
	env := envelope{
		typ: typ, messageID: text("messageId", own.messageID), userID: text("userId", own.userID), anonymousID: text("anonymousId", own.anonymousID),
		groupID: text("groupId", own.groupID), previousID: text("previousId", own.previousID),
	}
	event := strings.TrimSpace(text("event", own.event))
	if err != nil {
		return err
	}
	if env.messageID == "" {
		return reject("messageId", RuleNoMessageID, "a stored message must have its id, so that a repeat can be recognised")
	}
	if err := checkTimeText(own.timestamp); err != nil {
		return err
	}
	if typ == TypeTrack && event == "" {
		return reject("event", RuleNoEvent, "a track call needs the event's name")
	}
	if err := checkIDs(&env); err != nil {
		return err
	}
	body := own.properties
	if typ.bodyKey() == "traits" {
		body = own.traits
	}
	for _, m := range []struct {
		name  string
		value []byte
	}{{typ.bodyKey(), body}, {"context", own.context}, {"integrations", own.integrations}} {
		if v := m.value; v != nil && v[0] != '{' && string(v) != "null" {
			return reject(m.name, RuleNotObject, "give a JSON object")
		}
	}
	context := own.context
	id := Identity{UserID: env.userID, AnonymousID: env.anonymousID, GroupID: env.groupID, PreviousID: env.previousID}
	if typ == TypeIdentify {
		id.Email = emailTrait(body)
	}
	lenient := rules{allowAnonymousIdentify: true}
	if err := lenient.checkMeaning(typ, event, &id, body, context); err != nil {
		return err
	}
	var like likeness
	if typ == TypeTrack {
		like = resembles(event)
	}
	*e = newEncoded(data, &header{
		typ: typ, messageID: env.messageID, idStart: own.idAt + 1, idEnd: own.idAt + len(own.messageID) - 1, // without its quotes
		identity: id, warnings: warningsOf(&env, id.Email, event, like, body, context),
	})
	return nil
}

// membersOf holds the members of a message; nil for a member that it does not have.
type membersOf struct {
	typ, messageID, userID, anonymousID, groupID, previousID, event, timestamp, properties, traits, context, integrations []byte

	idAt int // where messageID begins in the message
}

// read takes the members that have a meaning. Of two with one name it takes the last, as decoders do.
func (m *membersOf) read(members []wire.Part) {
	for i := range members {
		switch v := members[i].Value; string(members[i].Name) {
		case "type":
			m.typ = v
		case "messageId":
			m.messageID, m.idAt = v, members[i].At
		case "userId":
			m.userID = v
		case "anonymousId":
			m.anonymousID = v
		case "groupId":
			m.groupID = v
		case "previousId":
			m.previousID = v
		case "event":
			m.event = v
		case "timestamp":
			m.timestamp = v
		case "properties":
			m.properties = v
		case "traits":
			m.traits = v
		case "context":
			m.context = v
		case "integrations":
			m.integrations = v
		}
	}
}

func typeOf(value []byte) (Type, error) {
	text, _ := wire.TextBytes(value)
	for _, typ := range [...]Type{TypeIdentify, TypeTrack, TypePage, TypeScreen, TypeGroup, TypeAlias} {
		if string(text) == string(typ) {
			return typ, nil
		}
	}
	return "", reject("type", RuleNotMessage, "give the type: identify, track, page, screen, group or alias")
}

// textMember returns the member's text; empty if it is absent or null.
func textMember(name string, v []byte) (string, error) {
	if v == nil || string(v) == "null" {
		return "", nil
	}
	s, ok := wire.Text(v)
	if !ok {
		return "", reject(name, RuleNotMessage, "give text, in quotes")
	}
	return s, nil
}

// checkTimeText refuses a missing time, an integer, which the API would read as milliseconds, and text that is not a time
// (docs/rules.md#message-id-and-time).
func checkTimeText(v []byte) error {
	const form = "RFC 3339 text, such as 2026-01-31T12:00:00Z"
	text, isText := wire.TextBytes(v)
	if isText {
		if _, err := time.Parse(time.RFC3339Nano, string(text)); err == nil {
			return nil
		}
	}
	switch {
	case v == nil || string(v) == "null":
		return reject("timestamp", RuleTime, "the message has no time; give the time when it happened as "+form)
	case isText:
		return reject("timestamp", RuleTime, "give the time as "+form)
	}
	return reject("timestamp", RuleTime, "the API would read a number as milliseconds; give the time as "+form+", in quotes")
}
