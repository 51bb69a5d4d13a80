// Code generated from spec/appapi.txt and spec/facts by internal/gen. DO NOT EDIT.

package appapi

import (
	"context"
	"encoding/json"
	"iter"
	"net/url"
	"time"
)

// Campaigns gives access to campaigns.
type Campaigns struct{ client *Client }

// Campaigns gives access to campaigns.
func (c *Client) Campaigns() Campaigns { return Campaigns{c} }

// List returns all campaigns.
func (r Campaigns) List(ctx context.Context) ([]Campaign, error) {
	return one[[]Campaign](ctx, r.client, opCampaignsList, nil, nil, nil)
}

// Get returns a campaign. The error is [ErrNotFound] if the id does not exist.
func (r Campaigns) Get(ctx context.Context, campaignID ID) (Campaign, error) {
	return one[Campaign](ctx, r.client, opCampaignsGet, []string{string(campaignID)}, nil, nil)
}

// Metrics returns the results of a campaign's messages. The error is [ErrNotFound] if the id does not exist.
func (r Campaigns) Metrics(ctx context.Context, campaignID ID, q CampaignMetricsQuery) (Metrics, error) {
	v := params{}
	v.text("version", "2")
	q.set(v)
	return one[Metrics](ctx, r.client, opCampaignsMetrics, []string{string(campaignID)}, url.Values(v), nil)
}

// LinkMetrics returns how often the links of a campaign were clicked. The error is [ErrNotFound] if the id does not
// exist.
func (r Campaigns) LinkMetrics(ctx context.Context, campaignID ID, q LinkMetricsQuery) ([]LinkMetrics, error) {
	v := params{}
	q.set(v)
	return one[[]LinkMetrics](ctx, r.client, opCampaignsLinkMetrics, []string{string(campaignID)}, url.Values(v), nil)
}

// JourneyMetrics returns how people went through a campaign. The query's times and its resolution are required. The
// error is [ErrNotFound] if the id does not exist.
func (r Campaigns) JourneyMetrics(ctx context.Context, campaignID ID, q JourneyMetricsQuery) (JourneyMetrics, error) {
	v := params{}
	q.set(v)
	return one[JourneyMetrics](ctx, r.client, opCampaignsJourneyMetrics, []string{string(campaignID)}, url.Values(v), nil)
}

// Messages returns the messages of a campaign, page by page. An error is in the last pair. The error is [ErrNotFound]
// if the id does not exist.
func (r Campaigns) Messages(ctx context.Context, campaignID ID, q CampaignMessageQuery) iter.Seq2[Message, error] {
	v := params{}
	q.set(v)
	return pages[Message](ctx, r.client, opCampaignsMessages, []string{string(campaignID)}, url.Values(v), nil)
}

// Actions returns the steps of a campaign, page by page. An error is in the last pair. The error is [ErrNotFound] if
// the id does not exist.
func (r Campaigns) Actions(ctx context.Context, campaignID ID) iter.Seq2[Action, error] {
	return pages[Action](ctx, r.client, opCampaignsActions, []string{string(campaignID)}, nil, nil)
}

// Action returns a step of a campaign. The error is [ErrNotFound] if one of the ids does not exist.
func (r Campaigns) Action(ctx context.Context, campaignID ID, actionID ID) (Action, error) {
	return one[Action](ctx, r.client, opCampaignsAction, []string{string(campaignID), string(actionID)}, nil, nil)
}

// ActionMetrics returns the results of the messages of a step. The error is [ErrNotFound] if one of the ids does not
// exist.
func (r Campaigns) ActionMetrics(ctx context.Context, campaignID ID, actionID ID, q CampaignMetricsQuery) (Metrics, error) {
	v := params{}
	v.text("version", "2")
	q.set(v)
	return one[Metrics](ctx, r.client, opCampaignsActionMetrics, []string{string(campaignID), string(actionID)}, url.Values(v), nil)
}

// ActionLinkMetrics returns how often the links of a step were clicked. The error is [ErrNotFound] if one of the ids
// does not exist.
func (r Campaigns) ActionLinkMetrics(ctx context.Context, campaignID ID, actionID ID, q MetricsQuery) ([]LinkMetrics, error) {
	v := params{}
	q.set(v)
	return one[[]LinkMetrics](ctx, r.client, opCampaignsActionLinkMetrics, []string{string(campaignID), string(actionID)}, url.Values(v), nil)
}

// Campaign is a series of messages that begin when something happens to a person.
type Campaign struct {
	ID                            ID               `json:"id" api:"number"`
	ObjectTypeID                  ID               `json:"object_type_id" api:"number"`
	Type                          string           `json:"type"`
	Name                          string           `json:"name"`
	Actions                       []ActionRef      `json:"actions"`
	Active                        bool             `json:"active"`
	Audience                      CampaignAudience `json:"audience"`
	Created                       time.Time        `json:"created"`
	DateAttribute                 string           `json:"date_attribute"`
	DeduplicateID                 string           `json:"deduplicate_id"`
	EventName                     string           `json:"event_name"`
	FilterObjectAttributes        string           `json:"filter_object_attributes"`
	FilterRelationshipAttributes  string           `json:"filter_relationship_attributes"`
	FilterSegmentIDs              []ID             `json:"filter_segment_ids" api:"number"`
	FirstStarted                  time.Time        `json:"first_started"`
	Frequency                     string           `json:"frequency"`
	Templates                     []TemplateRef    `json:"msg_templates"`
	ObjectAttributeTriggers       json.RawMessage  `json:"object_attribute_triggers"`
	RelationshipAttributeTriggers json.RawMessage  `json:"relationship_attribute_triggers"`
	StartHour                     int64            `json:"start_hour"`
	StartMinutes                  int64            `json:"start_minutes"`
	State                         string           `json:"state"`
	Tags                          []string         `json:"tags"`
	Timezone                      string           `json:"timezone"`
	TriggerSegmentIDs             []ID             `json:"trigger_segment_ids" api:"number"`
	Updated                       time.Time        `json:"updated"`
	UseCustomerTimezone           bool             `json:"use_customer_timezone"`
	WebhookID                     ID               `json:"webhook_id" api:"number"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *Campaign) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v Campaign) MarshalJSON() ([]byte, error) { return marshal(v) }

// CampaignMetricsQuery says the time and the type of messages. The zero value is the API's default.
type CampaignMetricsQuery struct {
	Type       MessageType
	Resolution Resolution
	TimeZone   string
	From       time.Time
	To         time.Time
	Period     Period
	Steps      int
}

func (q CampaignMetricsQuery) set(v params) {
	v.text("type", string(q.Type))
	v.text("res", string(q.Resolution))
	v.text("tz", q.TimeZone)
	v.time("start", q.From)
	v.time("end", q.To)
	v.text("period", string(q.Period))
	v.int("steps", q.Steps)
}

// Metrics are counts over time.
type Metrics struct {
	Series Series `json:"series"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *Metrics) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v Metrics) MarshalJSON() ([]byte, error) { return marshal(v) }

// LinkMetricsQuery says the time over which links were clicked.
type LinkMetricsQuery struct {
	Period Period
	Steps  int
	// Unique counts each person once.
	Unique bool
}

func (q LinkMetricsQuery) set(v params) {
	v.text("period", string(q.Period))
	v.int("steps", q.Steps)
	v.bool("unique", q.Unique)
}

// LinkMetrics is how often a link was clicked.
type LinkMetrics struct {
	Link   Link    `json:"link"`
	Metric Metrics `json:"metric"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *LinkMetrics) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v LinkMetrics) MarshalJSON() ([]byte, error) { return marshal(v) }

// JourneyMetricsQuery says the time and its steps. All are required.
type JourneyMetricsQuery struct {
	From       time.Time
	To         time.Time
	Resolution Resolution
}

func (q JourneyMetricsQuery) set(v params) {
	v.time("start", q.From)
	v.time("end", q.To)
	v.text("res", string(q.Resolution))
}

// JourneyMetrics is how people went through a campaign, each with one number for each step of time.
type JourneyMetrics struct {
	Activated      []int64 `json:"activated"`
	Converted      []int64 `json:"converted"`
	ExitedEarly    []int64 `json:"exited_early"`
	Finished       []int64 `json:"finished"`
	Messaged       []int64 `json:"messaged"`
	NeverActivated []int64 `json:"never_activated"`
	Started        []int64 `json:"started"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *JourneyMetrics) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v JourneyMetrics) MarshalJSON() ([]byte, error) { return marshal(v) }

// CampaignMessageQuery says which messages of a campaign to return.
type CampaignMessageQuery struct {
	// PageSize is how many to ask for at once, at most 1000; 0: 1000.
	PageSize int
	Type     MessageType
	Metric   Metric
	Drafts   bool
	From     time.Time
	To       time.Time
}

func (q CampaignMessageQuery) set(v params) {
	v.size("limit", q.PageSize, 1000)
	v.text("type", string(q.Type))
	v.text("metric", string(q.Metric))
	v.bool("drafts", q.Drafts)
	v.time("start_ts", q.From)
	v.time("end_ts", q.To)
}

// Action is a step of a campaign or broadcast, with its message.
type Action struct {
	ID             ID                `json:"id" api:"number"`
	Type           string            `json:"type"`
	Name           string            `json:"name"`
	BCC            string            `json:"bcc"`
	Body           string            `json:"body"`
	BodyAMP        string            `json:"body_amp"`
	BroadcastID    ID                `json:"broadcast_id" api:"number"`
	CampaignID     ID                `json:"campaign_id" api:"number"`
	Created        time.Time         `json:"created"`
	DeduplicateID  string            `json:"deduplicate_id"`
	FakeBCC        bool              `json:"fake_bcc"`
	From           string            `json:"from"`
	FromID         ID                `json:"from_id" api:"number"`
	Headers        map[string]string `json:"headers"`
	ImageURL       string            `json:"image_url"`
	Language       string            `json:"language"`
	Layout         string            `json:"layout"`
	Method         string            `json:"method"`
	ParentActionID ID                `json:"parent_action_id" api:"number"`
	PreheaderText  string            `json:"preheader_text"`
	Preprocessor   string            `json:"preprocessor"`
	Recipient      string            `json:"recipient"`
	ReplyTo        string            `json:"reply_to"`
	ReplyToID      ID                `json:"reply_to_id" api:"number"`
	SendingState   string            `json:"sending_state"`
	Subject        string            `json:"subject"`
	Updated        time.Time         `json:"updated"`
	URL            string            `json:"url"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *Action) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v Action) MarshalJSON() ([]byte, error) { return marshal(v) }

// MetricsQuery says the time and the type of messages. The zero value is the API's default.
type MetricsQuery struct {
	Period Period
	Steps  int
	Type   MessageType
}

func (q MetricsQuery) set(v params) {
	v.text("period", string(q.Period))
	v.int("steps", q.Steps)
	v.text("type", string(q.Type))
}

// ActionRef is a step of a campaign or broadcast.
type ActionRef struct {
	ID   ID     `json:"id" api:"number"`
	Type string `json:"type"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *ActionRef) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v ActionRef) MarshalJSON() ([]byte, error) { return marshal(v) }

// CampaignAudience is the people that a campaign about relationships is for.
type CampaignAudience struct {
	Type                int64           `json:"type"`
	PersonFilters       json.RawMessage `json:"person_filters"`
	RelationshipFilters json.RawMessage `json:"relationship_filters"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *CampaignAudience) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v CampaignAudience) MarshalJSON() ([]byte, error) { return marshal(v) }

// TemplateRef is a template of messages.
type TemplateRef struct {
	ID   ID     `json:"id" api:"number"`
	Type string `json:"type"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *TemplateRef) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v TemplateRef) MarshalJSON() ([]byte, error) { return marshal(v) }

// Series are counts, each with one number for each step of time, the newest last.
type Series struct {
	Status2xx         []int64 `json:"2xx"`
	Status3xx         []int64 `json:"3xx"`
	Status4xx         []int64 `json:"4xx"`
	Status5xx         []int64 `json:"5xx"`
	Attempted         []int64 `json:"attempted"`
	Bounced           []int64 `json:"bounced"`
	Clicked           []int64 `json:"clicked"`
	Converted         []int64 `json:"converted"`
	Created           []int64 `json:"created"`
	Deferred          []int64 `json:"deferred"`
	Delivered         []int64 `json:"delivered"`
	Drafted           []int64 `json:"drafted"`
	Failed            []int64 `json:"failed"`
	HumanClicked      []int64 `json:"human_clicked"`
	HumanOpened       []int64 `json:"human_opened"`
	Opened            []int64 `json:"opened"`
	PrefetchClicked   []int64 `json:"prefetch_clicked"`
	PrefetchOpened    []int64 `json:"prefetch_opened"`
	Sent              []int64 `json:"sent"`
	Spammed           []int64 `json:"spammed"`
	Suppressed        []int64 `json:"suppressed"`
	TopicUnsubscribed []int64 `json:"topic_unsubscribed"`
	Undeliverable     []int64 `json:"undeliverable"`
	Unsubscribed      []int64 `json:"unsubscribed"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *Series) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v Series) MarshalJSON() ([]byte, error) { return marshal(v) }

// Link is a link of a message.
type Link struct {
	ID  ID     `json:"id" api:"number"`
	URL string `json:"href"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *Link) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v Link) MarshalJSON() ([]byte, error) { return marshal(v) }

// Period is a step of time.
type Period string

// The values of Period in the API's document.
const (
	PeriodHours  Period = "hours"
	PeriodDays   Period = "days"
	PeriodWeeks  Period = "weeks"
	PeriodMonths Period = "months"
)

// Resolution is a step of time.
type Resolution string

// The values of Resolution in the API's document.
const (
	ResolutionHours   Resolution = "hours"
	ResolutionHourly  Resolution = "hourly"
	ResolutionDays    Resolution = "days"
	ResolutionDaily   Resolution = "daily"
	ResolutionWeeks   Resolution = "weeks"
	ResolutionWeekly  Resolution = "weekly"
	ResolutionMonths  Resolution = "months"
	ResolutionMonthly Resolution = "monthly"
)
