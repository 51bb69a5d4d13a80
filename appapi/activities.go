package appapi

import (
	"context"
	"encoding/json"
	"iter"
	"net/url"
	"strconv"
	"time"
)

// maxActivities is the largest page that the API gives (api-facts 3).
const maxActivities = 100

// Types of Activity that come from what is sent to the Pipelines API. Customer.io documents about a hundred more, for messages and their fate.
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
	// Customer is whose activities; the zero value: everybody's. Not used for those of one customer.
	Customer CustomerID
	// Deleted asks for the activities of people who were deleted, and of nobody else. Not used for those of one customer.
	Deleted bool
	// PageSize is how many to ask for at once, at most 100; 0: 100.
	PageSize int
}

func (q ActivityQuery) values(v url.Values) url.Values {
	for name, value := range map[string]string{"type": q.Type, "name": q.Name, "customer_id": q.Customer.value} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if q.Customer.value != "" && q.Customer.kind != "id" {
		v.Set("id_type", q.Customer.kind)
	}
	if q.Deleted {
		v.Set("deleted", "true")
	}
	size := maxActivities
	if q.PageSize > 0 {
		size = min(size, q.PageSize)
	}
	v.Set("limit", strconv.Itoa(size))
	return v
}

// Activity is one thing that happened to a person.
type Activity struct {
	ID   string
	Type string
	// Name is that of an event, where the API gives it; the document of the API does not list it.
	Name string
	// Customer is who it happened to.
	Customer Identifiers
	// At is when it happened, to the second.
	At time.Time
	// Data depends on the type: the properties of an event, the attributes of a change with their values from and to. Empty or nil where there
	// is none.
	Data json.RawMessage
}

// Activities gives access to the log of a workspace.
type Activities struct{ client *Client }

// Activities returns what reads the log.
func (c *Client) Activities() Activities { return Activities{c} }

// List returns activities, the newest first, page by page (listActivities). An error is the last pair. Customer.io keeps activities for 30
// days.
func (r Activities) List(ctx context.Context, q ActivityQuery) iter.Seq2[Activity, error] {
	return r.client.activities(ctx, "listActivities", "/v1/activities", q.values(url.Values{}))
}

func (c *Client) activities(ctx context.Context, operation, path string, query url.Values) iter.Seq2[Activity, error] {
	type page struct {
		Activities []struct {
			ID        string          `json:"id"`
			Type      string          `json:"type"`
			Name      string          `json:"name"`
			Customer  Identifiers     `json:"customer_identifiers"`
			Timestamp seconds         `json:"timestamp"`
			Data      json.RawMessage `json:"data"`
		} `json:"activities"`
		Next string `json:"next"`
	}
	return func(yield func(Activity, error) bool) {
		from := url.Values{} // the sequence may be ranged over again
		for name, values := range query {
			from[name] = values
		}
		eachPage(ctx, c, operation, path, from, func(p *page) (string, bool) {
			for _, a := range p.Activities {
				if !yield(Activity{a.ID, a.Type, a.Name, a.Customer, time.Time(a.Timestamp), a.Data}, nil) {
					return "", false
				}
			}
			return p.Next, true
		}, func(err error) { yield(Activity{}, err) })
	}
}
