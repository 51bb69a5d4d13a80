// Code generated from spec/appapi.txt and spec/facts by internal/gen. DO NOT EDIT.

package appapi

import (
	"context"
	"iter"
	"net/url"
	"time"
)

// Suppressions gives access to the addresses that the email provider sends nothing to.
type Suppressions struct{ client *Client }

// Suppressions gives access to the addresses that the email provider sends nothing to.
func (c *Client) Suppressions() Suppressions { return Suppressions{c} }

// Of returns whether and why an address is suppressed.
func (r Suppressions) Of(ctx context.Context, emailAddress string) (EmailSuppressions, error) {
	return one[EmailSuppressions](ctx, r.client, opSuppressionsOf, []string{emailAddress}, nil, nil)
}

// List returns the suppressed addresses, page by page; the type is SuppressionTypeBounces or
// SuppressionTypeSpamReports. An error is in the last pair.
func (r Suppressions) List(ctx context.Context, suppressionType SuppressionType, q SuppressionQuery) iter.Seq2[Suppression, error] {
	v := params{}
	q.set(v)
	return offsetPages[Suppression](ctx, r.client, opSuppressionsList, []string{string(suppressionType)}, url.Values(v))
}

// Add suppresses an address at the email provider. It does not suppress the person.
func (r Suppressions) Add(ctx context.Context, suppressionType SuppressionType, emailAddress string) error {
	return nothing(ctx, r.client, opSuppressionsAdd, []string{string(suppressionType), emailAddress}, nil, nil)
}

// Remove ends the suppression of an address at the email provider.
func (r Suppressions) Remove(ctx context.Context, suppressionType SuppressionType, emailAddress string) error {
	return nothing(ctx, r.client, opSuppressionsRemove, []string{string(suppressionType), emailAddress}, nil, nil)
}

// EmailSuppressions are the suppressions of one address.
type EmailSuppressions struct {
	Category     string        `json:"category"`
	Suppressions []Suppression `json:"suppressions"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *EmailSuppressions) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v EmailSuppressions) MarshalJSON() ([]byte, error) { return marshal(v) }

// SuppressionQuery says how suppressions are listed.
type SuppressionQuery struct {
	// PageSize is how many to ask for at once, at most 1000; 0: 1000.
	PageSize int
}

func (q SuppressionQuery) set(v params) {
	v.size("limit", q.PageSize, 1000)
}

// Suppression is why an address is suppressed.
type Suppression struct {
	Created time.Time `json:"created"`
	Email   string    `json:"email"`
	Reason  string    `json:"reason"`
	Status  string    `json:"status"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *Suppression) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v Suppression) MarshalJSON() ([]byte, error) { return marshal(v) }

// SuppressionType is why an address is suppressed.
type SuppressionType string

// The values of SuppressionType in the API's document.
const (
	SuppressionTypeBounces     SuppressionType = "bounces"
	SuppressionTypeSpamReports SuppressionType = "spam_reports"
)
