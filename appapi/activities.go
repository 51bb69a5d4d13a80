package appapi

import (
	"context"
	"iter"
	"net/url"
)

// maxActivities is the largest page that the API gives (docs/rules.md#the-app-api).
const maxActivities = 100

// Types of Activity that result from messages to the Pipelines API. Customer.io documents about a hundred more, for messages that it sends.
const (
	ActivityEvent              = "event"
	ActivityPage               = "page"
	ActivityScreen             = "screen"
	ActivityAttributeChange    = "attribute_change"
	ActivityDeviceChange       = "device_change"
	ActivityProfileCreate      = "profile_create"
	ActivityProfileDelete      = "profile_delete"
	ActivityAddRelationship    = "add_relationship"
	ActivityDeleteRelationship = "delete_relationship"
)

// ActivityQuery says which activities to return. The zero value is all of them.
type ActivityQuery struct {
	// Type is one type of activity; empty: any.
	Type string
	// Name is the name of an event or an attribute; empty: any.
	Name string
	// Customer selects the activities of one person; the zero value: of everybody. Customers.Activities ignores it.
	Customer CustomerID
	// Deleted selects the activities of deleted people only. Customers.Activities ignores it.
	Deleted bool
	// PageSize is how many to request at once, at most 100; 0: 100.
	PageSize int
}

func (q ActivityQuery) set(v params) {
	v.text("type", q.Type)
	v.text("name", q.Name)
	if who := q.Customer.arg(); who != "" {
		v.text("customer_id", who)
		if q.Customer.kind != "id" {
			v.text("id_type", q.Customer.kind)
		}
	}
	v.bool("deleted", q.Deleted)
	v.size("limit", q.PageSize, maxActivities)
}

// List returns activities, newest first, page by page. An error is in the last pair. Customer.io keeps activities for 30 days.
func (r Activities) List(ctx context.Context, q ActivityQuery) iter.Seq2[Activity, error] {
	v := params{}
	q.set(v)
	return pages[Activity](ctx, r.client, opActivitiesList, nil, url.Values(v), nil)
}
