// Code generated from spec/appapi.txt and spec/facts by internal/gen. DO NOT EDIT.

package appapi

import (
	"context"
	"iter"
	"net/url"
)

// Segments gives access to segments.
type Segments struct{ client *Client }

// Segments gives access to segments.
func (c *Client) Segments() Segments { return Segments{c} }

// List returns all segments.
func (r Segments) List(ctx context.Context) ([]Segment, error) {
	return one[[]Segment](ctx, r.client, opSegmentsList, nil, nil, nil)
}

// Create creates an empty manual segment.
func (r Segments) Create(ctx context.Context, segment NewSegment) (Segment, error) {
	return one[Segment](ctx, r.client, opSegmentsCreate, nil, nil, wrapped("segment", segment))
}

// Get returns a segment. The error is [ErrNotFound] if the id does not exist.
func (r Segments) Get(ctx context.Context, segmentID ID) (Segment, error) {
	return one[Segment](ctx, r.client, opSegmentsGet, []string{string(segmentID)}, nil, nil)
}

// Delete deletes a manual segment. Its people are not deleted.
func (r Segments) Delete(ctx context.Context, segmentID ID) error {
	return nothing(ctx, r.client, opSegmentsDelete, []string{string(segmentID)}, nil, nil)
}

// Count returns how many people are in a segment. The error is [ErrNotFound] if the id does not exist.
func (r Segments) Count(ctx context.Context, segmentID ID) (int64, error) {
	return one[int64](ctx, r.client, opSegmentsCount, []string{string(segmentID)}, nil, nil)
}

// Members returns the people in a segment, page by page. An error is in the last pair. The error is [ErrNotFound] if
// the id does not exist.
func (r Segments) Members(ctx context.Context, segmentID ID, q MemberQuery) iter.Seq2[Identifiers, error] {
	v := params{}
	q.set(v)
	return pages[Identifiers](ctx, r.client, opSegmentsMembers, []string{string(segmentID)}, url.Values(v), nil)
}

// UsedBy returns everything that depends on a segment. The error is [ErrNotFound] if the id does not exist.
func (r Segments) UsedBy(ctx context.Context, segmentID ID) (SegmentUse, error) {
	return one[SegmentUse](ctx, r.client, opSegmentsUsedBy, []string{string(segmentID)}, nil, nil)
}

// NewSegment is the settings of a new manual segment. The name is required.
type NewSegment struct {
	Name        string `json:"name" api:"required"`
	Description string `json:"description"`
}

// MarshalJSON writes the body of the request.
func (v NewSegment) MarshalJSON() ([]byte, error) { return marshalBody(v) }

func (v NewSegment) check() error {
	switch {
	case v.Name == "":
		return missing("NewSegment.Name")
	}
	return nil
}

// MemberQuery says how the members of a segment are read.
type MemberQuery struct {
	// PageSize is how many to ask for at once, at most 30000; 0: 30000.
	PageSize int
}

func (q MemberQuery) set(v params) {
	v.size("limit", q.PageSize, 30000)
}

// SegmentUse is everything that depends on a segment.
type SegmentUse struct {
	CampaignIDs        []ID `json:"campaigns" api:"number"`
	DraftNewsletterIDs []ID `json:"draft_newsletters" api:"number"`
	SentNewsletterIDs  []ID `json:"sent_newsletters" api:"number"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *SegmentUse) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v SegmentUse) MarshalJSON() ([]byte, error) { return marshal(v) }
