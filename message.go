package cio

import (
	"time"
)

// Message is one call of the Data Pipelines API: an [Identify], [Track], [Page], [Screen], [Group] or [Alias], a message that becomes one
// of them, such as [SetObject], or an [Encoded]. The interface is sealed. Messages are values; a zero field is absent from what is sent.
type Message interface {
	// fill copies the message into e for the encoder; e is zero before.
	fill(e *envelope)
}

// Type is the kind of a call, as the API spells it in the member type of a message and in the path of its endpoint.
type Type string

// The six types of call (docs/rules.md#fields-and-identity).
const (
	TypeIdentify Type = "identify"
	TypeTrack    Type = "track"
	TypePage     Type = "page"
	TypeScreen   Type = "screen"
	TypeGroup    Type = "group"
	TypeAlias    Type = "alias"
)

// envelope is what all messages have in common, before it is encoded.
type envelope struct {
	typ Type

	userID, anonymousID string
	groupID             string
	previousID          string
	name, category      string
	event               Event // of a track
	body                any   // traits, or the properties of anything but a track

	messageID    string
	timestamp    time.Time
	context      any
	integrations any
	tag          uint64

	rejection *MessageError // of a message that breaks a rule of its own
}

// bodyKey is the name of the member that holds a message's own data.
func (t Type) bodyKey() string {
	if t == TypeIdentify || t == TypeGroup {
		return "traits"
	}
	return "properties"
}

// Identify creates a person or sets traits of one. Traits that are left out keep their value; an explicit null removes one.
//
// A person is identified by UserID (an id, an email address, or a cio_id with its prefix cio_). If both ids are empty, a person is
// identified by the trait email. An AnonymousID alone is rejected with [RuleAnonymousIdentify], because Customer.io ignores such a call
// (docs/rules.md#fields-and-identity). With Config.AllowAnonymousIdentify such a call is sent.
type Identify struct {
	UserID      string
	AnonymousID string
	// Traits is any value that encodes to a JSON object: a map, a struct, a json.RawMessage.
	Traits any

	// MessageID identifies the call; default 128 random bits. Keep it across retries and repeated loads: Customer.io may ignore a repeated
	// id, within a time that it does not document.
	MessageID string
	// Timestamp is when it happened; default the time of encoding. It is sent in UTC.
	Timestamp time.Time
	// Context is any value that encodes to a JSON object. It is merged over Config.Context.
	Context any
	// Integrations switches destinations on and off: any value that encodes to a JSON object.
	Integrations any
	// Tag is never sent. It comes back in reports and failures. Use it as you like.
	Tag uint64
}

func (m Identify) fill(e *envelope) {
	e.typ, e.userID, e.anonymousID, e.body = TypeIdentify, m.UserID, m.AnonymousID, m.Traits
	e.messageID, e.timestamp, e.context, e.integrations, e.tag = m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag
}

// Track records that a person did something. UserID or AnonymousID is required, and an Event with a name.
//
// Customer.io keeps the events of an anonymous person. It gives them to the person who is later identified with the same AnonymousID
// (docs/rules.md#anonymous-events). Some events, such as User Deleted, are commands and are not stored: their own rules are checked too
// (docs/rules.md#objects and #devices).
type Track struct {
	UserID      string
	AnonymousID string
	// Event is the event and its properties: a type of package events, a type of your own, or the result of [Named].
	Event Event

	MessageID    string    // as in Identify
	Timestamp    time.Time // as in Identify
	Context      any       // as in Identify
	Integrations any       // as in Identify
	Tag          uint64    // as in Identify
}

func (m Track) fill(e *envelope) {
	e.typ, e.userID, e.anonymousID, e.event = TypeTrack, m.UserID, m.AnonymousID, m.Event
	e.messageID, e.timestamp, e.context, e.integrations, e.tag = m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag
}

// Page records that a person saw a web page. UserID or AnonymousID is required. Put the url of the page into the properties: Journeys uses
// it as the page's name (docs/rules.md#fields-and-identity).
type Page struct {
	UserID      string
	AnonymousID string
	Name        string
	Category    string
	// Properties is any value that encodes to a JSON object. Customer.io's own names are url, title, referrer, path and search.
	Properties any

	MessageID    string    // as in Identify
	Timestamp    time.Time // as in Identify
	Context      any       // as in Identify
	Integrations any       // as in Identify
	Tag          uint64    // as in Identify
}

func (m Page) fill(e *envelope) {
	e.typ, e.userID, e.anonymousID, e.name, e.category, e.body = TypePage, m.UserID, m.AnonymousID, m.Name, m.Category, m.Properties
	e.messageID, e.timestamp, e.context, e.integrations, e.tag = m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag
}

// Screen records that a person saw a screen of an app. UserID or AnonymousID is required.
type Screen struct {
	UserID      string
	AnonymousID string
	Name        string
	Category    string
	// Properties is any value that encodes to a JSON object.
	Properties any

	MessageID    string    // as in Identify
	Timestamp    time.Time // as in Identify
	Context      any       // as in Identify
	Integrations any       // as in Identify
	Tag          uint64    // as in Identify
}

func (m Screen) fill(e *envelope) {
	e.typ, e.userID, e.anonymousID, e.name, e.category, e.body = TypeScreen, m.UserID, m.AnonymousID, m.Name, m.Category, m.Properties
	e.messageID, e.timestamp, e.context, e.integrations, e.tag = m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag
}

// Group creates or updates an object, such as a company or an account. If a person is given, it relates the person to the object. GroupID,
// the id of the object, is required; a person is not.
//
// The trait objectTypeId, a number as a string, is the type of the object ("1" if it is absent). The trait relationshipAttributes, an
// object, holds attributes of the relationship (docs/rules.md#objects). [SetObject] and [Relate] set both.
type Group struct {
	UserID      string
	AnonymousID string
	GroupID     string
	// Traits is any value that encodes to a JSON object.
	Traits any

	MessageID    string    // as in Identify
	Timestamp    time.Time // as in Identify
	Context      any       // as in Identify
	Integrations any       // as in Identify
	Tag          uint64    // as in Identify
}

func (m Group) fill(e *envelope) {
	e.typ, e.userID, e.anonymousID, e.groupID, e.body = TypeGroup, m.UserID, m.AnonymousID, m.GroupID, m.Traits
	e.messageID, e.timestamp, e.context, e.integrations, e.tag = m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag
}

// Alias says that PreviousID and UserID are the same person. Both are required and must differ.
//
// Customer.io's documents say that only a few destinations need it. They do not say whether its own Journeys destination merges the two
// people, which would delete the previous one. Treat it as possibly destructive (docs/rules.md#fields-and-identity).
type Alias struct {
	UserID     string
	PreviousID string

	MessageID    string    // as in Identify
	Timestamp    time.Time // as in Identify
	Context      any       // as in Identify
	Integrations any       // as in Identify
	Tag          uint64    // as in Identify
}

func (m Alias) fill(e *envelope) {
	e.typ, e.userID, e.previousID = TypeAlias, m.UserID, m.PreviousID
	e.messageID, e.timestamp, e.context, e.integrations, e.tag = m.MessageID, m.Timestamp, m.Context, m.Integrations, m.Tag
}
