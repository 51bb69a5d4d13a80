package cio

import (
	"strings"
	"time"

	"github.com/ciokit/cio/internal/wire"
)

// command is the event of a message that acts instead of being stored.
type command struct {
	name       string
	properties any
	context    any
}

func (c command) EventName() string { return c.name }
func (c command) EventContext() any { return c.context }

// meta are the fields that every message has.
type meta struct {
	messageID             string
	timestamp             time.Time
	context, integrations any
	tag                   uint64
}

func (c command) fill(e *envelope, userID, anonymousID string, m meta) {
	e.typ, e.userID, e.anonymousID, e.event = TypeTrack, userID, anonymousID, c
	e.messageID, e.timestamp, e.context, e.integrations, e.tag = m.messageID, m.timestamp, m.context, m.integrations, m.tag
}

// overlay is an object of the caller's with members of ours over it.
type overlay struct {
	base any
	over wire.Appender
}

func (o overlay) AppendJSON(dst []byte) ([]byte, error) {
	over, err := o.over.AppendJSON(nil)
	if err != nil || o.base == nil {
		return append(dst, over...), err
	}
	base, err := wire.AppendValue(nil, o.base)
	switch {
	case err != nil:
		return dst, err
	case string(base) == "null":
		return append(dst, over...), nil
	case base[0] != '{':
		return dst, &wire.Error{Rule: wire.NotObject}
	}
	return wire.AppendMerged(dst, base, over), nil
}

// defaultObjectType is the type of an object where none is given (api-facts 1.9).
const defaultObjectType = "1"

// typeID returns the object type to send, or the refusal of one that is no number.
func typeID(id string) (string, *MessageError) {
	if id == "" {
		return defaultObjectType, nil
	}
	if trimmed := strings.TrimLeft(id, "0"); trimmed != "" && strings.Trim(id, "0123456789") == "" && len(trimmed) <= 18 {
		return trimmed, nil
	}
	return "", refuse("objectTypeId", RuleObjectType, `give the object type's number as a string, such as "1"`)
}
