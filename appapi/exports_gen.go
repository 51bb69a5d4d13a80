// Code generated from spec/appapi.txt and spec/facts by internal/gen. DO NOT EDIT.

package appapi

import (
	"context"
	"time"
)

// Exports gives access to exports.
type Exports struct{ client *Client }

// Exports gives access to exports.
func (c *Client) Exports() Exports { return Exports{c} }

// List returns all exports.
func (r Exports) List(ctx context.Context) ([]Export, error) {
	return one[[]Export](ctx, r.client, opExportsList, nil, nil, nil)
}

// Get returns an export and its state. The error is [ErrNotFound] if the id does not exist.
func (r Exports) Get(ctx context.Context, exportID ID) (Export, error) {
	return one[Export](ctx, r.client, opExportsGet, []string{string(exportID)}, nil, nil)
}

// People starts an export of the people who match the filter.
func (r Exports) People(ctx context.Context, filter Filter) (Export, error) {
	return one[Export](ctx, r.client, opExportsPeople, nil, nil, wrapped("filters", filter))
}

// Deliveries starts an export of deliveries.
func (r Exports) Deliveries(ctx context.Context, which DeliveryExport) (Export, error) {
	return one[Export](ctx, r.client, opExportsDeliveries, nil, nil, which)
}

// Link returns the link to the export's file. The link expires after a while, so ask for it when you need it; Download
// does that. The error is [ErrNotFound] if the id does not exist.
func (r Exports) Link(ctx context.Context, exportID ID) (string, error) {
	return one[string](ctx, r.client, opExportsLink, []string{string(exportID)}, nil, nil)
}

// Export is a file that Customer.io makes.
type Export struct {
	ID            ID           `json:"id" api:"number"`
	Type          ExportType   `json:"type"`
	CreatedAt     time.Time    `json:"created_at"`
	DeduplicateID string       `json:"deduplicate_id"`
	Description   string       `json:"description"`
	Downloads     int64        `json:"downloads"`
	Failed        bool         `json:"failed"`
	Status        ExportStatus `json:"status"`
	Total         int64        `json:"total"`
	UpdatedAt     time.Time    `json:"updated_at"`
	UserEmail     string       `json:"user_email"`
	UserID        ID           `json:"user_id" api:"number"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *Export) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v Export) MarshalJSON() ([]byte, error) { return marshal(v) }

// DeliveryExport is which deliveries to export. One of the ids is required.
type DeliveryExport struct {
	ActionID        ID        `json:"action_id" api:"number"`
	Attributes      []string  `json:"attributes"`
	CampaignID      ID        `json:"campaign_id" api:"number"`
	Drafts          bool      `json:"drafts"`
	To              time.Time `json:"end"`
	Metric          Metric    `json:"metric"`
	NewsletterID    ID        `json:"newsletter_id" api:"number"`
	From            time.Time `json:"start"`
	TransactionalID ID        `json:"transactional_message_id" api:"number"`
}

// MarshalJSON writes the body of the request.
func (v DeliveryExport) MarshalJSON() ([]byte, error) { return marshalBody(v) }

// ExportStatus is the state of an export.
type ExportStatus string

// The values of ExportStatus in the API's document.
const (
	ExportStatusDone    ExportStatus = "done"
	ExportStatusPending ExportStatus = "pending"
	ExportStatusFailed  ExportStatus = "failed"
)

// ExportType is the contents of an export.
type ExportType string

// The values of ExportType in the API's document.
const (
	ExportTypeCustomers  ExportType = "customers"
	ExportTypeDeliveries ExportType = "deliveries"
)
