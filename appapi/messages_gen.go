// Code generated from spec/appapi.txt and spec/facts by internal/gen. DO NOT EDIT.

package appapi

import (
	"context"
	"iter"
	"net/url"
	"time"
)

// Messages gives access to messages and their delivery.
type Messages struct{ client *Client }

// Messages gives access to messages and their delivery.
func (c *Client) Messages() Messages { return Messages{c} }

// List returns messages, page by page. An error is in the last pair.
func (r Messages) List(ctx context.Context, q MessageQuery) iter.Seq2[Message, error] {
	v := params{}
	q.set(v)
	return pages[Message](ctx, r.client, opMessagesList, nil, url.Values(v), nil)
}

// Get returns a message. The error is [ErrNotFound] if the id does not exist.
func (r Messages) Get(ctx context.Context, messageID string) (Message, error) {
	return one[Message](ctx, r.client, opMessagesGet, []string{messageID}, nil, nil)
}

// Archived returns a message as it was sent. The error is [ErrNotFound] if the id does not exist.
func (r Messages) Archived(ctx context.Context, messageID string) (ArchivedMessage, error) {
	return one[ArchivedMessage](ctx, r.client, opMessagesArchived, []string{messageID}, nil, nil)
}

// MessageQuery says which messages to return. The zero value is all of them.
type MessageQuery struct {
	// PageSize is how many to ask for at once, at most 1000; 0: 1000.
	PageSize     int
	Type         MessageType
	Metric       Metric
	Drafts       bool
	CampaignID   ID
	NewsletterID ID
	ActionID     ID
	From         time.Time
	To           time.Time
}

func (q MessageQuery) set(v params) {
	v.size("limit", q.PageSize, 1000)
	v.text("type", string(q.Type))
	v.text("metric", string(q.Metric))
	v.bool("drafts", q.Drafts)
	v.text("campaign_id", string(q.CampaignID))
	v.text("newsletter_id", string(q.NewsletterID))
	v.text("action_id", string(q.ActionID))
	v.time("start_ts", q.From)
	v.time("end_ts", q.To)
}

// Message is a message and its delivery.
type Message struct {
	ID             string        `json:"id"`
	Type           MessageType   `json:"type"`
	Customer       Identifiers   `json:"customer_identifiers"`
	ActionID       ID            `json:"action_id" api:"number"`
	BroadcastID    ID            `json:"broadcast_id" api:"number"`
	CampaignID     ID            `json:"campaign_id" api:"number"`
	ContentID      ID            `json:"content_id" api:"number"`
	Created        time.Time     `json:"created"`
	CustomerID     string        `json:"customer_id"`
	DeduplicateID  string        `json:"deduplicate_id"`
	FailureMessage string        `json:"failure_message"`
	Forgotten      bool          `json:"forgotten"`
	TemplateID     ID            `json:"message_template_id" api:"number"`
	Metrics        MessageCounts `json:"metrics"`
	NewsletterID   ID            `json:"newsletter_id" api:"number"`
	ParentActionID ID            `json:"parent_action_id" api:"number"`
	Recipient      string        `json:"recipient"`
	Subject        string        `json:"subject"`
	TriggerEventID string        `json:"trigger_event_id"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *Message) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v Message) MarshalJSON() ([]byte, error) { return marshal(v) }

// ArchivedMessage is a message as it was sent.
type ArchivedMessage struct {
	ID            string            `json:"id"`
	BCC           string            `json:"bcc"`
	Body          string            `json:"body"`
	FakeBCC       bool              `json:"fake_bcc"`
	Forgotten     bool              `json:"forgotten"`
	From          string            `json:"from"`
	Headers       map[string]string `json:"headers"`
	PreheaderText string            `json:"preheader_text"`
	Recipient     string            `json:"recipient"`
	ReplyTo       string            `json:"reply_to"`
	RequestMethod string            `json:"request_method"`
	Subject       string            `json:"subject"`
	URL           string            `json:"url"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *ArchivedMessage) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v ArchivedMessage) MarshalJSON() ([]byte, error) { return marshal(v) }

// MessageCounts says how often, or when, each outcome of a message happened. The document of the API has numbers here;
// if Customer.io gives times, they are in unix seconds.
type MessageCounts struct {
	Bounced         int64 `json:"bounced"`
	Clicked         int64 `json:"clicked"`
	Converted       int64 `json:"converted"`
	Created         int64 `json:"created"`
	Delivered       int64 `json:"delivered"`
	Drafted         int64 `json:"drafted"`
	Dropped         int64 `json:"dropped"`
	Failed          int64 `json:"failed"`
	HumanClicked    int64 `json:"human_clicked"`
	HumanOpened     int64 `json:"human_opened"`
	Opened          int64 `json:"opened"`
	PrefetchClicked int64 `json:"prefetch_clicked"`
	PrefetchOpened  int64 `json:"prefetch_opened"`
	Sent            int64 `json:"sent"`
	Spammed         int64 `json:"spammed"`
	Undeliverable   int64 `json:"undeliverable"`
	Unsubscribed    int64 `json:"unsubscribed"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *MessageCounts) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v MessageCounts) MarshalJSON() ([]byte, error) { return marshal(v) }

// MessageType is the channel of a message.
type MessageType string

// The values of MessageType in the API's document.
const (
	MessageTypeEmail   MessageType = "email"
	MessageTypeWebhook MessageType = "webhook"
	MessageTypeTwilio  MessageType = "twilio"
	MessageTypeSlack   MessageType = "slack"
	MessageTypePush    MessageType = "push"
	MessageTypeInApp   MessageType = "in_app"
)

// Metric is an outcome of a message.
type Metric string

// The values of Metric in the API's document.
const (
	MetricAttempted     Metric = "attempted"
	MetricSent          Metric = "sent"
	MetricDelivered     Metric = "delivered"
	MetricOpened        Metric = "opened"
	MetricClicked       Metric = "clicked"
	MetricConverted     Metric = "converted"
	MetricBounced       Metric = "bounced"
	MetricSpammed       Metric = "spammed"
	MetricUnsubscribed  Metric = "unsubscribed"
	MetricDropped       Metric = "dropped"
	MetricFailed        Metric = "failed"
	MetricUndeliverable Metric = "undeliverable"
	MetricCreated       Metric = "created"
)
