// Code generated from spec/appapi.txt and spec/facts by internal/gen. DO NOT EDIT.

package appapi

import (
	"context"
	"iter"
	"net/url"
	"time"
)

// Newsletters gives access to newsletters.
type Newsletters struct{ client *Client }

// Newsletters gives access to newsletters.
func (c *Client) Newsletters() Newsletters { return Newsletters{c} }

// List returns newsletters, page by page. An error is in the last pair.
func (r Newsletters) List(ctx context.Context, q NewsletterQuery) iter.Seq2[Newsletter, error] {
	v := params{}
	q.set(v)
	return pages[Newsletter](ctx, r.client, opNewslettersList, nil, url.Values(v), nil)
}

// Get returns a newsletter. The error is [ErrNotFound] if the id does not exist.
func (r Newsletters) Get(ctx context.Context, newsletterID ID) (Newsletter, error) {
	return one[Newsletter](ctx, r.client, opNewslettersGet, []string{string(newsletterID)}, nil, nil)
}

// Metrics returns the results of a newsletter's messages. The error is [ErrNotFound] if the id does not exist.
func (r Newsletters) Metrics(ctx context.Context, newsletterID ID, q MetricsQuery) (Metrics, error) {
	v := params{}
	q.set(v)
	return one[Metrics](ctx, r.client, opNewslettersMetrics, []string{string(newsletterID)}, url.Values(v), nil)
}

// LinkMetrics returns how often the links of a newsletter were clicked. The error is [ErrNotFound] if the id does not
// exist.
func (r Newsletters) LinkMetrics(ctx context.Context, newsletterID ID, q LinkMetricsQuery) ([]LinkMetrics, error) {
	v := params{}
	q.set(v)
	return one[[]LinkMetrics](ctx, r.client, opNewslettersLinkMetrics, []string{string(newsletterID)}, url.Values(v), nil)
}

// Messages returns the messages of a newsletter, page by page. An error is in the last pair. The error is [ErrNotFound]
// if the id does not exist.
func (r Newsletters) Messages(ctx context.Context, newsletterID ID, q NewsletterMessageQuery) iter.Seq2[Message, error] {
	v := params{}
	q.set(v)
	return pages[Message](ctx, r.client, opNewslettersMessages, []string{string(newsletterID)}, url.Values(v), nil)
}

// Contents returns the variants of a newsletter. The error is [ErrNotFound] if the id does not exist.
func (r Newsletters) Contents(ctx context.Context, newsletterID ID) ([]Content, error) {
	return one[[]Content](ctx, r.client, opNewslettersContents, []string{string(newsletterID)}, nil, nil)
}

// Content returns a variant of a newsletter. The error is [ErrNotFound] if one of the ids does not exist.
func (r Newsletters) Content(ctx context.Context, newsletterID ID, contentID ID) (Content, error) {
	return one[Content](ctx, r.client, opNewslettersContent, []string{string(newsletterID), string(contentID)}, nil, nil)
}

// ContentMetrics returns the results of the messages of a variant. The error is [ErrNotFound] if one of the ids does
// not exist.
func (r Newsletters) ContentMetrics(ctx context.Context, newsletterID ID, contentID ID, q MetricsQuery) (Metrics, error) {
	v := params{}
	q.set(v)
	return one[Metrics](ctx, r.client, opNewslettersContentMetrics, []string{string(newsletterID), string(contentID)}, url.Values(v), nil)
}

// ContentLinkMetrics returns how often the links of a variant were clicked. The error is [ErrNotFound] if one of the
// ids does not exist.
func (r Newsletters) ContentLinkMetrics(ctx context.Context, newsletterID ID, contentID ID, q MetricsQuery) ([]LinkMetrics, error) {
	v := params{}
	q.set(v)
	return one[[]LinkMetrics](ctx, r.client, opNewslettersContentLinkMetrics, []string{string(newsletterID), string(contentID)}, url.Values(v), nil)
}

// TestGroups returns the groups of a newsletter's A/B test. The error is [ErrNotFound] if the id does not exist.
func (r Newsletters) TestGroups(ctx context.Context, newsletterID ID) ([]TestGroup, error) {
	return one[[]TestGroup](ctx, r.client, opNewslettersTestGroups, []string{string(newsletterID)}, nil, nil)
}

// NewsletterQuery says how newsletters are listed.
type NewsletterQuery struct {
	// PageSize is how many to ask for at once; 0: as many as the API gives by itself.
	PageSize int
	Sort     SortOrder
}

func (q NewsletterQuery) set(v params) {
	v.size("limit", q.PageSize, 0)
	v.text("sort", string(q.Sort))
}

// Newsletter is a message to many people at once.
type Newsletter struct {
	ID                  ID          `json:"id" api:"number"`
	Type                MessageType `json:"type"`
	Name                string      `json:"name"`
	ContentIDs          []ID        `json:"content_ids" api:"number"`
	Created             time.Time   `json:"created"`
	DeduplicateID       string      `json:"deduplicate_id"`
	RecipientSegmentIDs []ID        `json:"recipient_segment_ids" api:"number"`
	SentAt              time.Time   `json:"sent_at"`
	SubscriptionTopicID ID          `json:"subscription_topic_id" api:"number"`
	Tags                []string    `json:"tags"`
	Updated             time.Time   `json:"updated"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *Newsletter) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v Newsletter) MarshalJSON() ([]byte, error) { return marshal(v) }

// NewsletterMessageQuery says which messages of a newsletter to return.
type NewsletterMessageQuery struct {
	// PageSize is how many to ask for at once; 0: as many as the API gives by itself.
	PageSize int
	Metric   Metric
	From     time.Time
	To       time.Time
}

func (q NewsletterMessageQuery) set(v params) {
	v.size("limit", q.PageSize, 0)
	v.text("metric", string(q.Metric))
	v.time("start_ts", q.From)
	v.time("end_ts", q.To)
}

// Content is a variant of a message.
type Content struct {
	ID            ID                `json:"id" api:"number"`
	Type          string            `json:"type"`
	Name          string            `json:"name"`
	BCC           string            `json:"bcc"`
	Body          string            `json:"body"`
	BodyAMP       string            `json:"body_amp"`
	Created       time.Time         `json:"created"`
	DeduplicateID string            `json:"deduplicate_id"`
	FakeBCC       bool              `json:"fake_bcc"`
	From          string            `json:"from"`
	FromID        ID                `json:"from_id" api:"number"`
	Headers       map[string]string `json:"headers"`
	Language      string            `json:"language"`
	Layout        string            `json:"layout"`
	NewsletterID  ID                `json:"newsletter_id" api:"number"`
	PreheaderText string            `json:"preheader_text"`
	Preprocessor  string            `json:"preprocessor"`
	Recipient     string            `json:"recipient"`
	ReplyTo       string            `json:"reply_to"`
	ReplyToID     ID                `json:"reply_to_id" api:"number"`
	Subject       string            `json:"subject"`
	Updated       time.Time         `json:"updated"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *Content) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v Content) MarshalJSON() ([]byte, error) { return marshal(v) }

// TestGroup is a group of a newsletter's A/B test.
type TestGroup struct {
	ID         ID     `json:"id" api:"number"`
	Name       string `json:"name"`
	ContentIDs []ID   `json:"content_ids"`
	Label      string `json:"label"`
	Winner     bool   `json:"winner"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *TestGroup) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v TestGroup) MarshalJSON() ([]byte, error) { return marshal(v) }

// SortOrder is which comes first.
type SortOrder string

// The values of SortOrder in the API's document.
const (
	SortOrderAsc  SortOrder = "asc"
	SortOrderDesc SortOrder = "desc"
)
