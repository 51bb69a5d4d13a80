// Code generated from spec/appapi.txt and spec/facts by internal/gen. DO NOT EDIT.

package appapi

import (
	"context"
	"encoding/json"
	"iter"
	"net/url"
	"time"
)

// Customers gives access to people.
type Customers struct{ client *Client }

// Customers gives access to people.
func (c *Client) Customers() Customers { return Customers{c} }

// Search returns the people who match the filter, page by page. An error is in the last pair.
func (r Customers) Search(ctx context.Context, filter Filter, q SearchQuery) iter.Seq2[Identifiers, error] {
	v := params{}
	q.set(v)
	return pages[Identifiers](ctx, r.client, opCustomersSearch, nil, url.Values(v), wrapped("filter", filter))
}

// Attributes returns a person with their attributes and devices. The error is [ErrNotFound] if the id does not exist.
func (r Customers) Attributes(ctx context.Context, id CustomerID) (Customer, error) {
	v := id.params()
	return one[Customer](ctx, r.client, opCustomersAttributes, []string{id.arg()}, url.Values(v), nil)
}

// Messages returns the messages that were sent to a person, page by page. An error is in the last pair. The error is
// [ErrNotFound] if the id does not exist.
func (r Customers) Messages(ctx context.Context, id CustomerID, q CustomerMessageQuery) iter.Seq2[CustomerMessage, error] {
	v := id.params()
	q.set(v)
	return pages[CustomerMessage](ctx, r.client, opCustomersMessages, []string{id.arg()}, url.Values(v), nil)
}

// Relationships returns the objects that a person is related to, page by page. Customer.io says that an object may come
// twice. It is an assumption that a person can be named by another identifier than the id here: the document of the API
// lists no id_type for this operation, as it does for the others. An error is in the last pair. The error is
// [ErrNotFound] if the id does not exist.
func (r Customers) Relationships(ctx context.Context, id CustomerID) iter.Seq2[Relationship, error] {
	v := id.params()
	return pages[Relationship](ctx, r.client, opCustomersRelationships, []string{id.arg()}, url.Values(v), nil)
}

// Segments returns the segments that a person is in. The error is [ErrNotFound] if the id does not exist.
func (r Customers) Segments(ctx context.Context, id CustomerID) ([]Segment, error) {
	v := id.params()
	return one[[]Segment](ctx, r.client, opCustomersSegments, []string{id.arg()}, url.Values(v), nil)
}

// Subscriptions returns which topics a person is subscribed to. The error is [ErrNotFound] if the id does not exist.
func (r Customers) Subscriptions(ctx context.Context, id CustomerID, q SubscriptionQuery) (CustomerSubscriptions, error) {
	v := id.params()
	q.set(v)
	return one[CustomerSubscriptions](ctx, r.client, opCustomersSubscriptions, []string{id.arg()}, url.Values(v), nil)
}

// Identifiers are those of a person; ID and Email are empty if the person has none. Two answers are about the same
// person if the CIOIDs are equal.
type Identifiers struct {
	ID string `json:"id"`
	// CIOID is the cio_id, without a prefix.
	CIOID string `json:"cio_id"`
	Email string `json:"email"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *Identifiers) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v Identifiers) MarshalJSON() ([]byte, error) { return marshal(v) }

// SearchQuery says how a search is made.
type SearchQuery struct {
	// PageSize is how many to ask for at once, at most 1000; 0: 1000.
	PageSize int
}

func (q SearchQuery) set(v params) {
	v.size("limit", q.PageSize, 1000)
}

// CustomerEntry is one person of many.
type CustomerEntry struct {
	Customer Customer `json:"customer"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *CustomerEntry) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v CustomerEntry) MarshalJSON() ([]byte, error) { return marshal(v) }

// Customer is the data of a person in a workspace.
type Customer struct {
	ID          string      `json:"id"`
	Identifiers Identifiers `json:"identifiers"`
	// Attributes are all text, as the API returns them, whatever was sent. The identifiers of the person are among them.
	Attributes map[string]string `json:"attributes"`
	Devices    []Device          `json:"devices"`
	// Set is when each attribute was last set, to the second. Customer.io calls this part of the answer deprecated.
	Set map[string]time.Time `json:"timestamps"`
	// Unsubscribed is true if the person gets only transactional messages.
	Unsubscribed bool `json:"unsubscribed"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *Customer) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v Customer) MarshalJSON() ([]byte, error) { return marshal(v) }

// CustomerMessageQuery says which messages of a person to return. The zero value is all of them.
type CustomerMessageQuery struct {
	// PageSize is how many to ask for at once, at most 1000; 0: 1000.
	PageSize int
	From     time.Time
	To       time.Time
}

func (q CustomerMessageQuery) set(v params) {
	v.size("limit", q.PageSize, 1000)
	v.time("start_ts", q.From)
	v.time("end_ts", q.To)
}

// CustomerMessage is a message that was sent to a person.
type CustomerMessage struct {
	ID             string       `json:"id"`
	Type           MessageType  `json:"type"`
	ActionID       ID           `json:"action_id" api:"number"`
	BroadcastID    ID           `json:"broadcast_id" api:"number"`
	CampaignID     ID           `json:"campaign_id" api:"number"`
	ContentID      ID           `json:"content_id" api:"number"`
	Created        time.Time    `json:"created"`
	CustomerID     string       `json:"customer_id"`
	DeduplicateID  string       `json:"deduplicate_id"`
	FailureMessage string       `json:"failure_message"`
	Forgotten      bool         `json:"forgotten"`
	Metrics        MessageTimes `json:"metrics"`
	TemplateID     ID           `json:"msg_template_id"`
	NewsletterID   ID           `json:"newsletter_id" api:"number"`
	Recipient      string       `json:"recipient"`
	Subject        string       `json:"subject"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *CustomerMessage) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v CustomerMessage) MarshalJSON() ([]byte, error) { return marshal(v) }

// Relationship relates a person to an object.
type Relationship struct {
	TypeID ID                `json:"object_type_id" api:"number"`
	Object ObjectIdentifiers `json:"identifiers"`
	// Attributes is those of the relationship.
	Attributes map[string]json.RawMessage `json:"attributes"`
	Timestamps map[string]time.Time       `json:"timestamps"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *Relationship) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v Relationship) MarshalJSON() ([]byte, error) { return marshal(v) }

// Segment is a group of people.
type Segment struct {
	ID            ID          `json:"id" api:"number"`
	Type          SegmentType `json:"type"`
	Name          string      `json:"name"`
	DeduplicateID string      `json:"deduplicate_id"`
	Description   string      `json:"description"`
	// Progress is how far the segment is built, in percent.
	Progress int64        `json:"progress"`
	State    SegmentState `json:"state"`
	Tags     []string     `json:"tags"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *Segment) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v Segment) MarshalJSON() ([]byte, error) { return marshal(v) }

// SubscriptionQuery says the language of the topics; the zero value is the workspace's own.
type SubscriptionQuery struct {
	Language string
}

func (q SubscriptionQuery) set(v params) {
	v.text("language", q.Language)
}

// CustomerSubscriptions is the topics that a person is subscribed to.
type CustomerSubscriptions struct {
	ID           string              `json:"id"`
	Identifiers  Identifiers         `json:"identifiers"`
	Header       SubscriptionHeader  `json:"header"`
	Topics       []TopicSubscription `json:"topics"`
	Unsubscribed bool                `json:"unsubscribed"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *CustomerSubscriptions) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v CustomerSubscriptions) MarshalJSON() ([]byte, error) { return marshal(v) }

// Device is a push device of a person.
type Device struct {
	// Token is the token by which Apple or Google addresses the device.
	Token      string            `json:"id" api:"required"`
	Attributes map[string]string `json:"attributes"`
	// LastUsed is zero if it is not known.
	LastUsed time.Time `json:"last_used"`
	// Platform is ios or android.
	Platform string `json:"platform" api:"required"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *Device) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v Device) MarshalJSON() ([]byte, error) { return marshal(v) }

// MessageTimes is the time of an outcome of a message; zero if it did not happen.
type MessageTimes struct {
	Delivered time.Time `json:"delivered"`
	Sent      time.Time `json:"sent"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *MessageTimes) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v MessageTimes) MarshalJSON() ([]byte, error) { return marshal(v) }

// SubscriptionHeader is the title of the page where people choose.
type SubscriptionHeader struct {
	Subtitle string `json:"subtitle"`
	Title    string `json:"title"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *SubscriptionHeader) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v SubscriptionHeader) MarshalJSON() ([]byte, error) { return marshal(v) }

// TopicSubscription is a topic and whether a person is subscribed to it.
type TopicSubscription struct {
	ID          ID     `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Subscribed  bool   `json:"subscribed"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *TopicSubscription) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v TopicSubscription) MarshalJSON() ([]byte, error) { return marshal(v) }

// SegmentState is the state of a segment.
type SegmentState string

// The values of SegmentState in the API's document.
const (
	SegmentStateEvents       SegmentState = "events"
	SegmentStateBuild        SegmentState = "build"
	SegmentStateEventsQueued SegmentState = "events_queued"
	SegmentStateBuildQueued  SegmentState = "build_queued"
	SegmentStateFinished     SegmentState = "finished"
)

// SegmentType is how people get into a segment.
type SegmentType string

// The values of SegmentType in the API's document.
const (
	SegmentTypeDynamic SegmentType = "dynamic"
	SegmentTypeManual  SegmentType = "manual"
)
