// Code generated from spec/appapi.txt and spec/facts by internal/gen. DO NOT EDIT.

package appapi

import (
	"time"
)

// Activities gives access to the log of a workspace.
type Activities struct{ client *Client }

// Activities gives access to the log of a workspace.
func (c *Client) Activities() Activities { return Activities{c} }

// Activity is one thing that happened to a person.
type Activity struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	// Name is the name of an event, if the API gives it; the document of the API does not list it.
	Name string `json:"name"`
	// Customer is the person to whom it happened.
	Customer   Identifiers `json:"customer_identifiers"`
	CustomerID string      `json:"customer_id"`
	// Data depends on the type: the properties of an event, the attributes of a change with their values from and to, the
	// delivery of a message.
	Data         ActivityData `json:"data"`
	DeliveryID   string       `json:"delivery_id"`
	DeliveryType string       `json:"delivery_type"`
	// At is when it happened, to the second.
	At time.Time `json:"timestamp"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *Activity) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v Activity) MarshalJSON() ([]byte, error) { return marshal(v) }
