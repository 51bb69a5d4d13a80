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

// Warning is a limit that Customer.io enforces later and without an error, so that a message is accepted and a part of it is lost.
type Warning struct {
	// Field leads to the value as it is named on the wire.
	Field string
	// Rule is one of the RuleLimit constants.
	Rule Rule
	// Hint says what the limit is.
	Hint string
}

// The rules that only warn.
const (
	RuleLimitID             Rule = "id-length"
	RuleLimitAttributeName  Rule = "attribute-name-length"
	RuleLimitAttributeValue Rule = "attribute-value-length"
	RuleLimitAttributes     Rule = "attribute-count"
	RuleLimitEventName      Rule = "event-name-length"
)

// Warnings returns the limits that the message breaks, and an event's name that is one or two letters away from a semantic one; nil for
// none. The caller must not change them.
func (e Encoded) Warnings() []Warning {
	if e.warnings == nil {
		return nil
	}
	return *e.warnings
}

func warningsOf(typ Type, id *Identity, event string, like likeness, body []byte) (warnings []Warning) {
	warn := func(field string, rule Rule, hint string) {
		warnings = append(warnings, Warning{Field: field, Rule: rule, Hint: hint})
	}
	for _, id := range [...]struct{ field, id string }{{"userId", id.UserID}, {"anonymousId", id.AnonymousID}, {"groupId", id.GroupID}, {"previousId", id.PreviousID}} {
		if len(id.id) > maxIDBytes {
			warn(id.field, RuleLimitID, "ids have at most "+strconv.Itoa(maxIDBytes)+" bytes")
		}
	}
	switch typ {
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
			c.log.Warn("a message breaks a limit of Customer.io; it is sent, but a part of it may be lost (logged once per rule)", "rule", string(w.Rule), "field", w.Field, "hint", w.Hint)
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
