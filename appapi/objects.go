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
	// Filter selects the objects; InSegment matches no object.
	Filter Filter
	// PageSize is how many to request at once; 0: the API's default.
	PageSize int
}

// Find returns the objects of a type that match the filter, page by page. An error is in the last pair.
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
