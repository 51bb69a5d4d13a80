// Code generated from spec/appapi.txt and spec/facts by internal/gen. DO NOT EDIT.

package appapi

import (
	"context"
	"iter"
	"net/url"
	"time"
)

// Broadcasts gives access to broadcasts that the API triggers.
type Broadcasts struct{ client *Client }

// Broadcasts gives access to broadcasts that the API triggers.
func (c *Client) Broadcasts() Broadcasts { return Broadcasts{c} }

// List returns all broadcasts.
func (r Broadcasts) List(ctx context.Context) ([]Broadcast, error) {
	return one[[]Broadcast](ctx, r.client, opBroadcastsList, nil, nil, nil)
}

// Get returns a broadcast. The error is [ErrNotFound] if the id does not exist.
func (r Broadcasts) Get(ctx context.Context, broadcastID ID) (Broadcast, error) {
	return one[Broadcast](ctx, r.client, opBroadcastsGet, []string{string(broadcastID)}, nil, nil)
}

// Metrics returns the results of a broadcast's messages. The error is [ErrNotFound] if the id does not exist.
func (r Broadcasts) Metrics(ctx context.Context, broadcastID ID, q MetricsQuery) (Metrics, error) {
	v := params{}
	q.set(v)
	return one[Metrics](ctx, r.client, opBroadcastsMetrics, []string{string(broadcastID)}, url.Values(v), nil)
}

// LinkMetrics returns how often the links of a broadcast were clicked. The error is [ErrNotFound] if the id does not
// exist.
func (r Broadcasts) LinkMetrics(ctx context.Context, broadcastID ID, q LinkMetricsQuery) ([]LinkMetrics, error) {
	v := params{}
	q.set(v)
	return one[[]LinkMetrics](ctx, r.client, opBroadcastsLinkMetrics, []string{string(broadcastID)}, url.Values(v), nil)
}

// Messages returns the messages of a broadcast, page by page. An error is in the last pair. The error is [ErrNotFound]
// if the id does not exist.
func (r Broadcasts) Messages(ctx context.Context, broadcastID ID, q BroadcastMessageQuery) iter.Seq2[Message, error] {
	v := params{}
	q.set(v)
	return pages[Message](ctx, r.client, opBroadcastsMessages, []string{string(broadcastID)}, url.Values(v), nil)
}

// Actions returns the steps of a broadcast. The error is [ErrNotFound] if the id does not exist.
func (r Broadcasts) Actions(ctx context.Context, broadcastID ID) ([]Action, error) {
	return one[[]Action](ctx, r.client, opBroadcastsActions, []string{string(broadcastID)}, nil, nil)
}

// Action returns a step of a broadcast. The error is [ErrNotFound] if one of the ids does not exist.
func (r Broadcasts) Action(ctx context.Context, broadcastID ID, actionID ID) (Action, error) {
	return one[Action](ctx, r.client, opBroadcastsAction, []string{string(broadcastID), string(actionID)}, nil, nil)
}

// ActionMetrics returns the results of the messages of a step. The error is [ErrNotFound] if one of the ids does not
// exist.
func (r Broadcasts) ActionMetrics(ctx context.Context, broadcastID ID, actionID ID, q MetricsQuery) (Metrics, error) {
	v := params{}
	q.set(v)
	return one[Metrics](ctx, r.client, opBroadcastsActionMetrics, []string{string(broadcastID), string(actionID)}, url.Values(v), nil)
}

// ActionLinkMetrics returns how often the links of a step were clicked. The error is [ErrNotFound] if one of the ids
// does not exist.
func (r Broadcasts) ActionLinkMetrics(ctx context.Context, broadcastID ID, actionID ID, q MetricsQuery) ([]LinkMetrics, error) {
	v := params{}
	q.set(v)
	return one[[]LinkMetrics](ctx, r.client, opBroadcastsActionLinkMetrics, []string{string(broadcastID), string(actionID)}, url.Values(v), nil)
}

// Triggers returns when a broadcast was triggered. The error is [ErrNotFound] if the id does not exist.
func (r Broadcasts) Triggers(ctx context.Context, broadcastID ID) ([]Trigger, error) {
	return one[[]Trigger](ctx, r.client, opBroadcastsTriggers, []string{string(broadcastID)}, nil, nil)
}

// Trigger returns the progress of a trigger of a broadcast. The error is [ErrNotFound] if one of the ids does not
// exist.
func (r Broadcasts) Trigger(ctx context.Context, broadcastID ID, triggerID ID) (Trigger, error) {
	return one[Trigger](ctx, r.client, opBroadcastsTrigger, []string{string(broadcastID), string(triggerID)}, nil, nil)
}

// TriggerErrors returns the errors of a trigger of a broadcast, page by page. An error is in the last pair. The error
// is [ErrNotFound] if one of the ids does not exist.
func (r Broadcasts) TriggerErrors(ctx context.Context, broadcastID ID, triggerID ID, q TriggerErrorQuery) iter.Seq2[string, error] {
	v := params{}
	q.set(v)
	return pages[string](ctx, r.client, opBroadcastsTriggerErrors, []string{string(broadcastID), string(triggerID)}, url.Values(v), nil)
}

// Broadcast is a message to many people that the API triggers.
type Broadcast struct {
	ID            ID            `json:"id" api:"number"`
	Type          string        `json:"type"`
	Name          string        `json:"name"`
	Actions       []ActionRef   `json:"actions"`
	Active        bool          `json:"active"`
	Created       time.Time     `json:"created"`
	DeduplicateID string        `json:"deduplicate_id"`
	FirstStarted  time.Time     `json:"first_started"`
	Templates     []TemplateRef `json:"msg_template_ids"`
	State         string        `json:"state"`
	Tags          []string      `json:"tags"`
	Updated       time.Time     `json:"updated"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *Broadcast) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v Broadcast) MarshalJSON() ([]byte, error) { return marshal(v) }

// BroadcastMessageQuery says which messages of a broadcast to return.
type BroadcastMessageQuery struct {
	// PageSize is how many to ask for at once; 0: as many as the API gives by itself.
	PageSize int
	Metric   Metric
	State    DeliveryState
	Type     MessageType
	From     time.Time
	To       time.Time
}

func (q BroadcastMessageQuery) set(v params) {
	v.size("limit", q.PageSize, 0)
	v.text("metric", string(q.Metric))
	v.text("state", string(q.State))
	v.text("type", string(q.Type))
	v.time("start_ts", q.From)
	v.time("end_ts", q.To)
}

// Trigger is one time that a broadcast was triggered.
type Trigger struct {
	ID          ID        `json:"id" api:"number"`
	BroadcastID ID        `json:"broadcast_id" api:"number"`
	CreatedAt   time.Time `json:"created_at"`
	ProcessedAt time.Time `json:"processed_at"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *Trigger) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v Trigger) MarshalJSON() ([]byte, error) { return marshal(v) }

// TriggerErrorQuery says how errors are read.
type TriggerErrorQuery struct {
	// PageSize is how many to ask for at once; 0: as many as the API gives by itself.
	PageSize int
}

func (q TriggerErrorQuery) set(v params) {
	v.size("limit", q.PageSize, 0)
}

// DeliveryState is the state of a message.
type DeliveryState string

// The values of DeliveryState in the API's document.
const (
	DeliveryStateFailed    DeliveryState = "failed"
	DeliveryStateSent      DeliveryState = "sent"
	DeliveryStateDrafted   DeliveryState = "drafted"
	DeliveryStateAttempted DeliveryState = "attempted"
)
