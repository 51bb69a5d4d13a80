package appapi

import (
	"context"
	"errors"
	"iter"
	"net/url"
)

// ObjectSearch says which objects to find. The type is required.
type ObjectSearch struct {
	TypeID ID
	// Filter is what the objects must be like; InSegment fits no object.
	Filter Filter
	// PageSize is how many to ask for at once; 0: as many as the API gives by itself.
	PageSize int
}

// Find returns the objects of a type that the filter fits, page by page. An error is the last pair.
func (r Objects) Find(ctx context.Context, search ObjectSearch) iter.Seq2[ObjectIdentifiers, error] {
	if search.TypeID == "" {
		return func(yield func(ObjectIdentifiers, error) bool) {
			yield(ObjectIdentifiers{}, errors.New("appapi: Objects.Find: ObjectSearch.TypeID is empty"))
		}
	}
	v := params{}
	v.size("limit", search.PageSize, 0)
	return pages[ObjectIdentifiers](ctx, r.client, opObjectsFind, nil, url.Values(v), objectBody{search.TypeID, search.Filter.of(search.TypeID)})
}

// objectBody is what Find sends.
type objectBody struct {
	TypeID ID     `json:"object_type_id" api:"required"`
	Filter Filter `json:"filter" api:"required"`
}

func (b objectBody) check() error { return b.Filter.check() }
