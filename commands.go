package cio

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/ciokit/cio/internal/wire"
)

// DeletePerson deletes a person and everything known of them. It cannot be undone. A later call for the same UserID makes a new person;
// [SuppressPerson] prevents that.
type DeletePerson struct {
	// UserID is the person's id, or their email address.
	UserID string

	MessageID    string    // as in Identify
	Timestamp    time.Time // as in Identify
	Context      any       // as in Identify
	Integrations any       // as in Identify
	Tag          uint64    // as in Identify
}

func (m DeletePerson) fill(e *envelope) {
	command{name: eventUserDeleted}.fill(e, m.UserID, "", meta{m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag})
}

// SuppressPerson deletes a person and prevents Customer.io from accepting data for the same UserID again, until [UnsuppressPerson]. Deleted
// data does not come back. It is an assumption that the API answers later calls for a suppressed person with success and drops them.
type SuppressPerson struct {
	UserID string

	MessageID    string    // as in Identify
	Timestamp    time.Time // as in Identify
	Context      any       // as in Identify
	Integrations any       // as in Identify
	Tag          uint64    // as in Identify
}

func (m SuppressPerson) fill(e *envelope) {
	command{name: eventUserSuppressed}.fill(e, m.UserID, "", meta{m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag})
}

// UnsuppressPerson allows data for the UserID again. It does not restore what was deleted.
type UnsuppressPerson struct {
	UserID string

	MessageID    string    // as in Identify
	Timestamp    time.Time // as in Identify
	Context      any       // as in Identify
	Integrations any       // as in Identify
	Tag          uint64    // as in Identify
}

func (m UnsuppressPerson) fill(e *envelope) {
	command{name: eventUserUnsuppressed}.fill(e, m.UserID, "", meta{m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag})
}

// Platform is what a device runs on.
type Platform string

// The platforms that Customer.io knows (docs/rules.md#devices).
const (
	PlatformIOS     Platform = "ios"
	PlatformAndroid Platform = "android"
)

// SetDevice registers a person's device for push messages, or updates its attributes. UserID, Token and Platform are required.
type SetDevice struct {
	UserID string
	// Token is the address of the device at Apple or Google.
	Token    string
	Platform Platform
	// AppID is the app's bundle id or package name, such as com.example.shop. Customer.io shows it as app_identifier.
	AppID string
	// Attributes is any value that encodes to a JSON object: device_model, app_version, push_enabled and others.
	Attributes any

	MessageID    string    // as in Identify
	Timestamp    time.Time // as in Identify
	Context      any       // as in Identify
	Integrations any       // as in Identify
	Tag          uint64    // as in Identify
}

func (m SetDevice) fill(e *envelope) {
	c := command{name: eventDeviceSet, properties: m.Attributes, context: device{m.Token, m.Platform, m.AppID}}
	c.fill(e, m.UserID, "", meta{m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag})
}

// DeleteDevice removes a device from a person. UserID and Token are required. The app registers the device again when it starts next.
type DeleteDevice struct {
	UserID   string
	Token    string
	Platform Platform
	AppID    string

	MessageID    string    // as in Identify
	Timestamp    time.Time // as in Identify
	Context      any       // as in Identify
	Integrations any       // as in Identify
	Tag          uint64    // as in Identify
}

func (m DeleteDevice) fill(e *envelope) {
	c := command{name: eventDeviceDeleted, context: device{m.Token, m.Platform, m.AppID}}
	c.fill(e, m.UserID, "", meta{m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag})
}

// device is the part of a device message that is in its context (docs/rules.md#devices).
type device struct {
	token    string
	platform Platform
	appID    string
}

func (d device) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.Open("device")
	o.String("token", d.token)
	o.String("type", string(d.platform))
	o.Close()
	o.Open("app")
	o.String("namespace", d.appID)
	o.Close()
	return o.End()
}

// SetObject creates an object, such as a company, an account or a course, or sets attributes of it. ObjectID is required.
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
	id, rejection := typeID(m.TypeID)
	e.typ, e.groupID, e.body, e.rejection = TypeGroup, m.ObjectID, overlay{m.Attributes, groupTraits{typeID: id}}, rejection
	e.messageID, e.timestamp, e.context, e.integrations, e.tag = m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag
}

// Relate relates a person to an object, or sets attributes of the relationship. ObjectID is required, and UserID or AnonymousID. If the
// object does not exist yet, it is created.
type Relate struct {
	UserID      string
	AnonymousID string
	// TypeID is the number of the object's type in the workspace, as a string; default "1".
	TypeID   string
	ObjectID string
	// Attributes belong to the relationship, not to the object: any value that encodes to a JSON object. A null or "" removes one.
	Attributes any

	MessageID    string    // as in Identify
	Timestamp    time.Time // as in Identify
	Context      any       // as in Identify
	Integrations any       // as in Identify
	Tag          uint64    // as in Identify
}

func (m Relate) fill(e *envelope) {
	id, rejection := typeID(m.TypeID)
	if m.UserID == "" && m.AnonymousID == "" {
		rejection = reject("userId", RuleNoIdentity, "set UserID or AnonymousID to the person to relate")
	}
	e.typ, e.userID, e.anonymousID, e.groupID, e.body, e.rejection = TypeGroup, m.UserID, m.AnonymousID, m.ObjectID, groupTraits{id, m.Attributes}, rejection
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

// The API requires an anonymousId here, of any value. The id of the object is used, so that all messages about one object have the same
// text for their order.
func (m DeleteObject) fill(e *envelope) {
	id, rejection := typeID(m.TypeID)
	switch {
	case m.ObjectID == "":
		rejection = reject("properties.objectId", RuleRequired, eventObjectDeleted+" needs the id of the object: set ObjectID")
	case blank(m.ObjectID):
		rejection = rejectBlank("properties.objectId")
	}
	command{name: eventObjectDeleted, properties: objectRef{id, m.ObjectID}}.fill(e, "", m.ObjectID, meta{m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag})
	e.rejection = rejection
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
	id, rejection := typeID(m.TypeID)
	command{name: eventRelationshipDeleted, properties: objectRef{id, m.ObjectID}}.fill(e, m.UserID, "", meta{m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag})
	e.rejection = rejection
}

// groupTraits are the traits of a group call that are not the object's own attributes: the type is text there (docs/rules.md#objects).
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

// objectRef names an object among the properties of a delete event: the type is a number there (docs/rules.md#objects).
type objectRef struct{ typeID, id string }

func (r objectRef) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("objectId", r.id)
	o.Value("objectTypeId", json.Number(r.typeID))
	return o.End()
}

// Metric says what happened to a delivery.
type Metric string

// The metrics of [ReportDelivery]. The first four are documented. The others are known only from Segment's destination for Customer.io
// (docs/rules.md#semantic-events).
const (
	MetricDelivered Metric = "delivered"
	MetricOpened    Metric = "opened"
	MetricClicked   Metric = "clicked"
	MetricConverted Metric = "converted"
	MetricBounced   Metric = "bounced"
	MetricDropped   Metric = "dropped"
	MetricSpammed   Metric = "spammed"
	MetricDeferred  Metric = "deferred"
)

// ReportDelivery reports what happened to a message that Customer.io had sent, such as a push message that was opened. DeliveryID and
// Metric are required.
type ReportDelivery struct {
	// UserID and AnonymousID say who reports. If both are empty, the id of the delivery is sent as the anonymousId, as Customer.io's own
	// SDKs for phones do.
	UserID, AnonymousID string
	// DeliveryID is part of the message that Customer.io sent: in a push message it is CIO-Delivery-ID.
	DeliveryID string
	Metric     Metric
	// Recipient is the address or token that it went to. Reason says why it failed. Href is the link that was clicked. ActionName and
	// ActionValue are those of the button.
	Recipient, Reason, Href, ActionName, ActionValue string

	MessageID    string    // as in Identify
	Timestamp    time.Time // as in Identify
	Context      any       // as in Identify
	Integrations any       // as in Identify
	Tag          uint64    // as in Identify
}

func (m ReportDelivery) fill(e *envelope) {
	anonymousID := m.AnonymousID
	var rejection *MessageError
	switch {
	case m.DeliveryID == "":
		rejection = reject("properties.deliveryId", RuleRequired, eventReportDelivery+" needs the id of the delivery: set DeliveryID")
	case blank(m.DeliveryID):
		rejection = rejectBlank("properties.deliveryId")
	case m.UserID == "" && anonymousID == "":
		anonymousID = m.DeliveryID
	}
	command{name: eventReportDelivery, properties: deliveryReport{m}}.fill(e, m.UserID, anonymousID, meta{m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag})
	e.rejection = rejection
}

type deliveryReport struct{ m ReportDelivery }

func (r deliveryReport) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("deliveryId", r.m.DeliveryID)
	o.String("metric", string(r.m.Metric))
	o.String("recipient", r.m.Recipient)
	o.String("reason", r.m.Reason)
	o.String("href", r.m.Href)
	o.String("actionName", r.m.ActionName)
	o.String("actionValue", r.m.ActionValue)
	return o.End()
}

// ContentAction is what a person did with in-app content.
type ContentAction string

// The actions of [ReportContent].
const (
	ContentActionViewed  ContentAction = "viewed_content"
	ContentActionClicked ContentAction = "clicked_content"
)

// InAppContent is the ContentType that Customer.io's SDK for browsers sends.
const InAppContent = "in_app_content"

// ReportContent reports to Customer.io what a person did with in-app content. Action is required, and UserID or AnonymousID.
type ReportContent struct {
	UserID, AnonymousID string
	Action              ContentAction
	// ContentID and TemplateID are Customer.io's numbers of the content; 0 means absent.
	ContentID, TemplateID int
	// ContentType is [InAppContent], as far as is known; empty means absent.
	ContentType string
	// ActionName and ActionValue are those of the element that was clicked.
	ActionName, ActionValue string

	MessageID    string    // as in Identify
	Timestamp    time.Time // as in Identify
	Context      any       // as in Identify
	Integrations any       // as in Identify
	Tag          uint64    // as in Identify
}

func (m ReportContent) fill(e *envelope) {
	command{name: eventReportContent, properties: contentReport{m}}.fill(e, m.UserID, m.AnonymousID, meta{m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag})
}

type contentReport struct{ m ReportContent }

func (r contentReport) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("actionType", string(r.m.Action))
	o.Int("contentId", nonZero(&r.m.ContentID))
	o.Int("templateId", nonZero(&r.m.TemplateID))
	o.String("contentType", r.m.ContentType)
	o.String("actionName", r.m.ActionName)
	o.String("actionValue", r.m.ActionValue)
	return o.End()
}

func nonZero(n *int) *int {
	if *n == 0 {
		return nil
	}
	return n
}

// command is an event that Customer.io acts on and does not store.
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

// overlay is an object of the caller, with members of this library over it.
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

// defaultObjectType is the type of an object if none is given (docs/rules.md#objects).
const defaultObjectType = "1"

// typeID returns the object type to send, or the rejection of a type that is not a number.
func typeID(id string) (string, *MessageError) {
	if id == "" {
		return defaultObjectType, nil
	}
	if trimmed := strings.TrimLeft(id, "0"); trimmed != "" && strings.Trim(id, "0123456789") == "" && len(trimmed) <= 18 {
		return trimmed, nil
	}
	return "", reject("objectTypeId", RuleObjectType, `give the object type's number as a string, such as "1"`)
}
