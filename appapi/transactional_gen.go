// Code generated from spec/appapi.txt and spec/facts by internal/gen. DO NOT EDIT.

package appapi

import (
	"context"
	"iter"
	"net/url"
	"time"
)

// Transactional gives access to transactional messages.
type Transactional struct{ client *Client }

// Transactional gives access to transactional messages.
func (c *Client) Transactional() Transactional { return Transactional{c} }

// List returns all transactional messages.
func (r Transactional) List(ctx context.Context) ([]TransactionalMessage, error) {
	return one[[]TransactionalMessage](ctx, r.client, opTransactionalList, nil, nil, nil)
}

// Get returns a transactional message. The error is [ErrNotFound] if the id does not exist.
func (r Transactional) Get(ctx context.Context, transactionalID ID) (TransactionalMessage, error) {
	return one[TransactionalMessage](ctx, r.client, opTransactionalGet, []string{string(transactionalID)}, nil, nil)
}

// Metrics returns the results of a transactional message's deliveries. The error is [ErrNotFound] if the id does not
// exist.
func (r Transactional) Metrics(ctx context.Context, transactionalID ID, q TransactionalMetricsQuery) (Metrics, error) {
	v := params{}
	q.set(v)
	return one[Metrics](ctx, r.client, opTransactionalMetrics, []string{string(transactionalID)}, url.Values(v), nil)
}

// LinkMetrics returns how often the links of a transactional message were clicked. The error is [ErrNotFound] if the id
// does not exist.
func (r Transactional) LinkMetrics(ctx context.Context, transactionalID ID, q LinkMetricsQuery) ([]LinkMetrics, error) {
	v := params{}
	q.set(v)
	return one[[]LinkMetrics](ctx, r.client, opTransactionalLinkMetrics, []string{string(transactionalID)}, url.Values(v), nil)
}

// Messages returns the deliveries of a transactional message, page by page. An error is in the last pair. The error is
// [ErrNotFound] if the id does not exist.
func (r Transactional) Messages(ctx context.Context, transactionalID ID, q TransactionalMessageQuery) iter.Seq2[Message, error] {
	v := params{}
	q.set(v)
	return pages[Message](ctx, r.client, opTransactionalMessages, []string{string(transactionalID)}, url.Values(v), nil)
}

// Contents returns the variants of a transactional message. The error is [ErrNotFound] if the id does not exist.
func (r Transactional) Contents(ctx context.Context, transactionalID ID) ([]Content, error) {
	return one[[]Content](ctx, r.client, opTransactionalContents, []string{string(transactionalID)}, nil, nil)
}

// TransactionalMessage is a message that an application sends to one person.
type TransactionalMessage struct {
	ID                 ID        `json:"id" api:"number"`
	Name               string    `json:"name"`
	CreatedAt          time.Time `json:"created_at"`
	Description        string    `json:"description"`
	HideMessageBody    bool      `json:"hide_message_body"`
	LinkTracking       bool      `json:"link_tracking"`
	OpenTracking       bool      `json:"open_tracking"`
	QueueDrafts        bool      `json:"queue_drafts"`
	SendToUnsubscribed bool      `json:"send_to_unsubscribed"`
	UpdatedAt          time.Time `json:"updated_at"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *TransactionalMessage) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v TransactionalMessage) MarshalJSON() ([]byte, error) { return marshal(v) }

// TransactionalMetricsQuery says the time of the metrics.
type TransactionalMetricsQuery struct {
	Period Period
	Steps  int
}

func (q TransactionalMetricsQuery) set(v params) {
	v.text("period", string(q.Period))
	v.int("steps", q.Steps)
}

// TransactionalMessageQuery says which deliveries to return.
type TransactionalMessageQuery struct {
	// PageSize is how many to ask for at once; 0: as many as the API gives by itself.
	PageSize int
	Metric   Metric
	State    DeliveryState
	From     time.Time
	To       time.Time
}

func (q TransactionalMessageQuery) set(v params) {
	v.size("limit", q.PageSize, 0)
	v.text("metric", string(q.Metric))
	v.text("state", string(q.State))
	v.time("start_ts", q.From)
	v.time("end_ts", q.To)
}
