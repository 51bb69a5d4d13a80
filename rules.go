package cio

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ciokit/cio/internal/wire"
)

// rules is the part of a Config that matters for encoding.
type rules struct {
	maxMessageBytes        int
	allowAnonymousIdentify bool
	guard                  func(Identity) error
	// context is the encoded object over which every message's context is merged: the library, under Config.Context; nil for none.
	context []byte
}

var defaultRules = rules{maxMessageBytes: defaultMaxMessageBytes, context: []byte(libraryContext)}

// checkIDs checks what can be checked before encoding: that ids are visible, and that a call has the ids it requires
// (docs/rules.md#fields-and-identity).
func checkIDs(env *envelope) error {
	switch {
	case blank(env.userID):
		return rejectBlank("userId")
	case blank(env.anonymousID):
		return rejectBlank("anonymousId")
	case blank(env.groupID):
		return rejectBlank("groupId")
	case blank(env.previousID):
		return rejectBlank("previousId")
	case blank(env.messageID):
		return rejectBlank("messageId")
	}
	switch env.typ {
	case TypeTrack, TypePage, TypeScreen:
		if env.userID == "" && env.anonymousID == "" {
			if c, ok := env.event.(command); ok {
				return reject("userId", RuleNoIdentity, "set UserID to the person; the API drops the event "+quoted(c.name)+" without one")
			}
			return reject("userId", RuleNoIdentity, "set UserID or AnonymousID; the API drops a "+string(env.typ)+" call without either")
		}
	case TypeGroup:
		if env.groupID == "" {
			return reject("groupId", RuleNoGroup, "set GroupID to the object's id")
		}
	case TypeAlias:
		switch {
		case env.userID == "":
			return reject("userId", RuleNoIdentity, "set UserID to the id that remains")
		case env.previousID == "":
			return reject("previousId", RuleNoPreviousID, "set PreviousID to the person's former id")
		case env.userID == env.previousID:
			return reject("previousId", RuleSameID, "PreviousID must differ from UserID")
		}
	}
	return nil
}

// checkMeaning checks the rules that depend on the encoded body and context.
func (r *rules) checkMeaning(typ Type, event string, id *Identity, body, context []byte) error {
	switch typ {
	case TypeIdentify:
		return r.checkIdentify(id)
	case TypeGroup:
		return checkGroup(body)
	case TypeTrack:
		return checkCommand(event, id, body, context)
	}
	return nil
}

func (r *rules) checkGuard(id Identity) error {
	if r.guard == nil {
		return nil
	}
	if err := r.guard(id); err != nil {
		return &MessageError{Rule: RuleGuard, Hint: "Config.Guard refuses to send this person's data", Err: err}
	}
	return nil
}

// admit checks a message that is already encoded. These rules may be stricter than those under which it was encoded.
func (r *rules) admit(e *Encoded) error {
	if e.data == nil {
		return reject("", RuleNotMessage, "the zero Encoded is not a message; make one with Encode")
	}
	if e.anonymous && !r.allowAnonymousIdentify {
		return rejectAnonymousIdentify()
	}
	if len(e.data) > r.maxMessageBytes {
		return tooLarge(e.data, r.maxMessageBytes)
	}
	if r.guard == nil {
		return nil
	}
	return r.checkGuard(e.Identity())
}

func (r *rules) checkIdentify(id *Identity) error {
	switch {
	case id.UserID != "":
		return nil
	case blank(id.Email):
		return rejectBlank("traits.email")
	case id.Email != "":
		return nil
	case id.AnonymousID == "":
		return reject("userId", RuleNoIdentity, "set UserID, or the trait email")
	case r.allowAnonymousIdentify:
		return nil
	}
	return rejectAnonymousIdentify()
}

// isAnonymousIdentify reports whether a valid call is an identify with an anonymousId alone, which Customer.io ignores.
func isAnonymousIdentify(typ Type, id *Identity) bool {
	return typ == TypeIdentify && id.UserID == "" && id.Email == ""
}

func rejectAnonymousIdentify() error {
	return reject("userId", RuleAnonymousIdentify, "Customer.io ignores an identify call with an anonymousId alone; set UserID or the trait email, or allow it by Config.AllowAnonymousIdentify")
}

func checkGroup(traits []byte) error {
	for _, name := range []string{"objectTypeId", "object_type_id"} {
		if v, ok := wire.Lookup(traits, name); ok && !isTypeID(v) {
			return reject("traits."+name, RuleObjectType, `give the object type's number as a string, such as "1"`)
		}
	}
	if v, ok := wire.Lookup(traits, "relationshipAttributes"); ok && v[0] != '{' && string(v) != "null" {
		return reject("traits.relationshipAttributes", RuleNotObject, "give a JSON object")
	}
	return nil
}

// isTypeID accepts digits, as a number or as a string: the API's documents show both (docs/rules.md#objects).
func isTypeID(v []byte) bool {
	s, ok := wire.Text(v)
	if !ok {
		s = string(v)
	}
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// actsOn returns the identifier of what an event acts on, besides people: its place in the message, and its value; nil if it is absent.
func actsOn(event string, body, context []byte) (field string, value []byte) {
	switch event {
	case eventDeviceSet, eventDeviceDeleted:
		device, _ := wire.Lookup(context, "device")
		return "context.device.token", member(device, "token")
	case eventObjectDeleted, eventRelationshipDeleted:
		return "properties.objectId", member(body, "objectId")
	case eventReportDelivery:
		return "properties.deliveryId", member(body, "deliveryId")
	}
	return "", nil
}

// checkCommand checks that a command names its target.
func checkCommand(event string, id *Identity, body, context []byte) error {
	need := func(ok bool, field, hint string) error {
		if ok {
			return nil
		}
		return reject(field, RuleRequired, "the event "+quoted(event)+" "+hint)
	}
	needID := func(hint string) error {
		field, v := actsOn(event, body, context)
		if s, ok := wire.Text(v); ok && blank(s) {
			return rejectBlank(field)
		}
		return need(v != nil, field, hint)
	}
	switch event {
	case eventUserDeleted, eventUserSuppressed, eventUserUnsuppressed:
		return need(id.UserID != "", "userId", "acts on a known person: set UserID")
	case eventDeviceSet, eventDeviceDeleted:
		if err := need(id.UserID != "", "userId", "acts on a known person's device: set UserID"); err != nil {
			return err
		}
		if err := needID("needs a token, the push token of the device"); err != nil {
			return err
		}
		device, _ := wire.Lookup(context, "device")
		return need(event == eventDeviceDeleted || member(device, "type") != nil, "context.device.type", "needs a type, the platform ios or android")
	case eventObjectDeleted:
		if err := need(id.AnonymousID != "", "anonymousId", "needs an anonymousId, of any value"); err != nil {
			return err
		}
		return needID("needs the id of the object")
	case eventRelationshipDeleted:
		if err := need(id.UserID != "", "userId", "needs the person whose relationship ends: set UserID"); err != nil {
			return err
		}
		return needID("needs the id of the object")
	case eventReportDelivery:
		if err := needID("needs the id of the delivery"); err != nil {
			return err
		}
		return need(member(body, "metric") != nil, "properties.metric", "needs the metric, such as opened")
	case eventReportContent:
		return need(member(body, "actionType") != nil, "properties.actionType", "needs viewed_content or clicked_content")
	}
	return nil
}

// member returns the object's member of that name; nil if it is absent, null or an empty string.
func member(object []byte, name string) []byte {
	if v, _ := wire.Lookup(object, name); string(v) != "null" && string(v) != `""` {
		return v
	}
	return nil
}

// An identifier that nobody can see is a mistake: everybody who has it is one person. How the API treats one is not documented. It is
// rejected if none of its characters is visible. An id with visible characters is valid, whatever else it holds: a zero width joiner is a
// part of many names and emoji.

// seen reports whether a byte is visible ASCII. Most ids begin and end with one.
func seen(c byte) bool { return c > ' ' && c < 0x7f }

// blank reports whether an id is given and has no visible character.
func blank(id string) bool { return id != "" && !seen(id[0]) && !strings.ContainsFunc(id, visible) }

// invisible has the characters without a glyph: white space, controls, formats, what Unicode calls ignorable, such as Hangul fillers, and
// two symbols that are blank. It does not have characters that are not assigned or private, because nobody here knows how they look.
var invisible = []*unicode.RangeTable{
	unicode.Z, unicode.Cc, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Noncharacter_Code_Point,
	{R16: []unicode.Range16{{Lo: 0x2800, Hi: 0x2800, Stride: 1}}, R32: []unicode.Range32{{Lo: 0x1d159, Hi: 0x1d159, Stride: 1}}},
}

func visible(r rune) bool {
	// These are formats that have a glyph, such as the Arabic number sign.
	return !unicode.In(r, invisible...) || unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// doubtful is a quick check whether an id may be padded or a placeholder.
func doubtful(id string) bool {
	return id != "" && (!seen(id[0]) || !seen(id[len(id)-1]) || len(id) < len(placeholders) && placeholders[len(id)] != nil)
}

// pads reports whether a character at the end of an id can only be left over from the place it was copied from. It does not report
// characters that may belong to the character next to them: joiners, selectors, tags of flags, fillers.
func pads(r rune) bool {
	switch {
	case r == '\u200c' || r == '\u200d' || r >= 0xe0020 && r <= 0xe007f || visible(r):
		return false
	}
	return unicode.In(r, unicode.Z, unicode.Cc, unicode.Cf)
}

func padded(id string) bool {
	if seen(id[0]) && seen(id[len(id)-1]) {
		return false
	}
	first, _ := utf8.DecodeRuneInString(id)
	last, _ := utf8.DecodeLastRuneInString(id)
	return pads(first) || pads(last)
}

// placeholders has the words that programs write if they have no value, by their length.
var placeholders = func() (byLen [len("[object object]") + 1][]string) {
	for _, word := range []string{
		"null", "(null)", "<null>", "nil", "(nil)", "<nil>", "%!s(<nil>)", "<no value>", "none", "nan", "<na>", "n/a", "#n/a", `\n`, "undefined", "[object object]",
	} {
		byLen[len(word)] = append(byLen[len(word)], word)
	}
	return byLen
}()

// placeholder reports whether an id is a word for a missing value, in any case.
func placeholder(id string) bool {
	if !seen(id[0]) || !seen(id[len(id)-1]) {
		id = strings.TrimFunc(id, pads)
	}
	if len(id) >= len(placeholders) {
		return false
	}
	for _, word := range placeholders[len(id)] {
		if strings.EqualFold(word, id) {
			return true
		}
	}
	return false
}

func rejectBlank(field string) *MessageError {
	return reject(field, RuleBlankID, "it has no visible character, so everybody who has it would be one person; set an id, or leave the field out")
}

// Limits of the store behind the API (docs/rules.md#attributes). They are documented for Customer.io's older Track API, which reports
// broken ones after it has answered. Whether each holds here is an assumption, so they only warn.
const (
	maxIDBytes             = 150
	maxAttributeNameBytes  = 150
	maxAttributeValueBytes = 1000
	maxAttributes          = 300
	maxEventNameBytes      = 100
)

// Warning is a doubt about a message; the message is sent. Either it breaks a limit that Customer.io enforces later and without an error:
// the message is accepted and a part of it is lost. Or the message is probably not what was meant.
type Warning struct {
	// Field is the path of the value, with the names on the wire.
	Field string
	// Rule is one of the RuleLimit constants, [RulePaddedID], [RulePlaceholderID] or [RuleNearSemantic].
	Rule Rule
	// Hint says what the limit is, or what is doubtful.
	Hint string
}

// The rules that only warn.
const (
	RuleLimitID             Rule = "id-length"
	RuleLimitAttributeName  Rule = "attribute-name-length"
	RuleLimitAttributeValue Rule = "attribute-value-length"
	RuleLimitAttributes     Rule = "attribute-count"
	RuleLimitEventName      Rule = "event-name-length"
	// RulePaddedID is an id with white space or an invisible character at an end. For Customer.io it is a different id.
	RulePaddedID Rule = "padded-id"
	// RulePlaceholderID is an id such as null or undefined, which usually means that there is none: everybody who has it is one person.
	RulePlaceholderID Rule = "placeholder-id"
)

func warningsOf(env *envelope, email, event string, like likeness, body, context []byte) (warnings []Warning) {
	warn := func(field string, rule Rule, hint string) {
		warnings = append(warnings, Warning{Field: field, Rule: rule, Hint: hint})
	}
	doubt := func(field, id string) {
		if padded(id) {
			warn(field, RulePaddedID, "it begins or ends with white space or an invisible character, so it is a different id from the one without it")
		}
		if placeholder(id) {
			warn(field, RulePlaceholderID, "it is a word for a missing id; everybody who has it would be one person")
		}
	}
	var on, object string
	if env.typ == TypeTrack {
		var value []byte
		on, value = actsOn(event, body, context)
		object, _ = wire.Text(value)
	}
	for _, id := range [...]struct{ field, id string }{{"userId", env.userID}, {"anonymousId", env.anonymousID}, {"groupId", env.groupID}, {"previousId", env.previousID}} {
		if len(id.id) > maxIDBytes {
			warn(id.field, RuleLimitID, "ids have at most "+strconv.Itoa(maxIDBytes)+" bytes")
		}
		if doubtful(id.id) && id.id != object { // which stands in for the anonymousId of some
			doubt(id.field, id.id)
		}
	}
	if doubtful(env.messageID) {
		doubt("messageId", env.messageID)
	}
	if doubtful(object) {
		doubt(on, object)
	}
	if env.typ == TypeIdentify && env.userID == "" && doubtful(email) {
		doubt("traits.email", email)
	}
	switch env.typ {
	case TypeTrack:
		if len(event) > maxEventNameBytes {
			warn("event", RuleLimitEventName, "event names have at most "+strconv.Itoa(maxEventNameBytes)+" bytes")
		}
		if like.right != "" {
			warn("event", RuleNearSemantic, "it resembles the semantic event "+quoted(like.right)+", but for Customer.io it is a different name; cio.Verbatim says that the name is right")
		}
	case TypeIdentify, TypeGroup:
		if within(body) {
			return warnings
		}
		n := 0
		for name, value := range wire.Members(body) {
			n++
			if len(name) > maxAttributeNameBytes {
				warn("traits", RuleLimitAttributeName, "attribute names have at most "+strconv.Itoa(maxAttributeNameBytes)+" bytes")
			}
			if textLen(value) > maxAttributeValueBytes {
				warn("traits."+string(name), RuleLimitAttributeValue, "attribute values have at most "+strconv.Itoa(maxAttributeValueBytes)+" bytes")
			}
		}
		if n > maxAttributes {
			warn("traits", RuleLimitAttributes, "a person or an object has at most "+strconv.Itoa(maxAttributes)+" attributes")
		}
	}
	return warnings
}

// textLen returns the length of a string without quotes and escapes. Of any other value it returns the length as written.
func textLen(value []byte) int {
	if len(value) < 2 || value[0] != '"' {
		return len(value)
	}
	if len(value) <= maxEventNameBytes { // under every limit, whatever its escapes
		return len(value) - 2
	}
	var s string
	if json.Unmarshal(value, &s) != nil {
		return len(value) - 2
	}
	return len(s)
}

// within is a quick check that an object breaks no limit of attributes: it is too short for a long value or for many values, and no run of
// bytes between two quotes is as long as a name that is too long.
func within(object []byte) bool {
	switch {
	case len(object) <= maxAttributeNameBytes:
		return true
	case len(object) > maxAttributeValueBytes, bytes.IndexByte(object, '\\') >= 0:
		return false
	}
	// Such a run contains at least one of the bytes that are checked here.
	for at := maxAttributeNameBytes; at < len(object); at += maxAttributeNameBytes {
		before, after := bytes.LastIndexByte(object[:at], '"'), bytes.IndexByte(object[at:], '"')
		if after < 0 {
			return true
		}
		if at+after-before > maxAttributeNameBytes {
			return false
		}
	}
	return true
}
