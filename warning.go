package cio

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/ciokit/cio/internal/wire"
)

// Limits of the store behind the API (api-facts 1.8). They are documented for Customer.io's older Track API, and broken ones are
// reported there after the call was answered: whether each holds here is an assumption, so they only warn.
const (
	maxIDBytes             = 150
	maxAttributeNameBytes  = 150
	maxAttributeValueBytes = 1000
	maxAttributes          = 300
	maxEventNameBytes      = 100
)

// Warning is something about a message that is sent all the same: a limit that Customer.io enforces later and without an error, so that the
// message is accepted and a part of it is lost, or what is hardly what was meant.
type Warning struct {
	// Field leads to the value as it is named on the wire.
	Field string
	// Rule is one of the RuleLimit constants, RulePaddedID, RulePlaceholderID or RuleNearSemantic.
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
	// RulePaddedID is an id with white space or an invisible character at an end: to Customer.io another id than the one without.
	RulePaddedID Rule = "padded-id"
	// RulePlaceholderID is an id such as null or undefined, which is mostly no id: all who have it are one.
	RulePlaceholderID Rule = "placeholder-id"
)

// Warnings returns the limits that the message breaks, ids that are hardly meant, and an event's name that is one or two letters away from a
// semantic one; nil for none. The caller must not change them.
func (e Encoded) Warnings() []Warning {
	if e.warnings == nil {
		return nil
	}
	return *e.warnings
}

func warningsOf(env *envelope, email, event string, like likeness, body, context []byte) (warnings []Warning) {
	warn := func(field string, rule Rule, hint string) {
		warnings = append(warnings, Warning{Field: field, Rule: rule, Hint: hint})
	}
	doubt := func(field, id string) {
		if padded(id) {
			warn(field, RulePaddedID, "it begins or ends with white space or an invisible character, and is another id than the one without")
		}
		if placeholder(id) {
			warn(field, RulePlaceholderID, "it is a word for the lack of an id; all who have it would be one")
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
			warn("event", RuleNearSemantic, "it resembles the semantic event "+quoted(like.right)+", which is another name to Customer.io; cio.Verbatim says that it is meant as it stands")
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

// textLen returns the length of a string without quotes and escapes, of any other value as it is written.
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

// warn counts warnings and logs each kind of them once.
func (c *Client) warn(warnings []Warning) {
	for _, w := range warnings {
		c.counters.warnings.Add(1)
		if _, logged := c.warned.LoadOrStore(w.Rule, true); !logged {
			c.log.Warn("a message is sent, but a part of it may be lost, or it may not be what was meant (logged once per rule)", "rule", string(w.Rule), "field", w.Field, "hint", w.Hint)
		}
	}
}

// within reports, at a glance, that an object breaks no limit of attributes: it is too short for a long value or for many, and no run of
// bytes between two quotes is as long as a name that is too long.
func within(object []byte) bool {
	switch {
	case len(object) <= maxAttributeNameBytes:
		return true
	case len(object) > maxAttributeValueBytes, bytes.IndexByte(object, '\\') >= 0:
		return false
	}
	// Such a run holds at least one of the bytes that are looked at.
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
