package cio

import (
	"encoding/json"
	"time"

	"github.com/ciokit/cio/internal/wire"
)

// SetObject creates an object, such as a company, an account or a course, or sets attributes of one. ObjectID is required.
type SetObject struct {
	// TypeID is the number of the object's type in the workspace, as a string; default "1".
	TypeID   string
	ObjectID string
	// Attributes is any value that encodes to a JSON object.
	Attributes any

	MessageID    string    // as in Identify
	Timestamp    time.Time // as in Identify
	Context      any       // as in Identify
	Integrations any       // as in Identify
	Tag          uint64    // as in Identify
}

func (m SetObject) fill(e *envelope) {
	id, refusal := typeID(m.TypeID)
	e.typ, e.groupID, e.body, e.refusal = TypeGroup, m.ObjectID, overlay{m.Attributes, groupTraits{typeID: id}}, refusal
	e.messageID, e.timestamp, e.context, e.integrations, e.tag = m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag
}

// Relate relates a person to an object, or sets attributes of the relationship. ObjectID and one of UserID and AnonymousID are required.
// An object that does not exist yet is created.
type Relate struct {
	UserID      string
	AnonymousID string
	// TypeID is the number of the object's type in the workspace, as a string; default "1".
	TypeID   string
	ObjectID string
	// Attributes are of the relationship, not of the object: any value that encodes to a JSON object. A null or "" removes one.
	Attributes any

	MessageID    string    // as in Identify
	Timestamp    time.Time // as in Identify
	Context      any       // as in Identify
	Integrations any       // as in Identify
	Tag          uint64    // as in Identify
}

func (m Relate) fill(e *envelope) {
	id, refusal := typeID(m.TypeID)
	if m.UserID == "" && m.AnonymousID == "" {
		refusal = refuse("userId", RuleNoIdentity, "set UserID or AnonymousID to the person to relate")
	}
	e.typ, e.userID, e.anonymousID, e.groupID, e.body, e.refusal = TypeGroup, m.UserID, m.AnonymousID, m.ObjectID, groupTraits{id, m.Attributes}, refusal
	e.messageID, e.timestamp, e.context, e.integrations, e.tag = m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag
}

// DeleteObject deletes an object with its attributes and all its relationships. It cannot be undone. ObjectID is required.
type DeleteObject struct {
	// TypeID is the number of the object's type in the workspace, as a string; default "1".
	TypeID   string
	ObjectID string

	MessageID    string    // as in Identify
	Timestamp    time.Time // as in Identify
	Context      any       // as in Identify
	Integrations any       // as in Identify
	Tag          uint64    // as in Identify
}

// The API insists on an anonymousId here, of whatever value. The object's own id serves, so that all messages about one object have the
// same text to go by.
func (m DeleteObject) fill(e *envelope) {
	id, refusal := typeID(m.TypeID)
	switch {
	case m.ObjectID == "":
		refusal = refuse("properties.objectId", RuleRequired, eventObjectDeleted+" needs the id of the object: set ObjectID")
	case blank(m.ObjectID):
		refusal = refuseBlank("properties.objectId")
	}
	command{name: eventObjectDeleted, properties: objectRef{id, m.ObjectID}}.fill(e, "", m.ObjectID, meta{m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag})
	e.refusal = refusal
}

// DeleteRelationship ends the relationship of a person to an object; both remain. UserID and ObjectID are required.
type DeleteRelationship struct {
	// UserID is the person's id, or their email address.
	UserID string
	// TypeID is the number of the object's type in the workspace, as a string; default "1".
	TypeID   string
	ObjectID string

	MessageID    string    // as in Identify
	Timestamp    time.Time // as in Identify
	Context      any       // as in Identify
	Integrations any       // as in Identify
	Tag          uint64    // as in Identify
}

func (m DeleteRelationship) fill(e *envelope) {
	id, refusal := typeID(m.TypeID)
	command{name: eventRelationshipDeleted, properties: objectRef{id, m.ObjectID}}.fill(e, m.UserID, "", meta{m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag})
	e.refusal = refusal
}

// groupTraits are the traits of a group call that are not the object's own attributes: the type is text there (api-facts 1.9).
type groupTraits struct {
	typeID       string
	relationship any
}

func (t groupTraits) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String(TraitObjectTypeID, t.typeID)
	o.Value(TraitRelationshipAttributes, t.relationship)
	return o.End()
}

// objectRef names an object among the properties of a delete event: the type is a number there (api-facts 1.9).
type objectRef struct{ typeID, id string }

func (r objectRef) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("objectId", r.id)
	o.Value("objectTypeId", json.Number(r.typeID))
	return o.End()
}
