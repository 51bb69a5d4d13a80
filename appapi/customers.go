package appapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strings"
	"time"
)

// CustomerID says who is meant, and by which identifier. Make one with ByID, ByEmail or ByCIOID; the zero value is nobody.
type CustomerID struct{ kind, value string }

// ByID names a person by their id.
func ByID(id string) CustomerID { return CustomerID{"id", id} }

// ByEmail names a person by their email address.
func ByEmail(email string) CustomerID { return CustomerID{"email", email} }

// ByCIOID names a person by the cio_id that Customer.io gave them, with or without its prefix cio_.
func ByCIOID(id string) CustomerID {
	return CustomerID{"cio_id", "cio_" + strings.TrimPrefix(id, "cio_")}
}

func (id CustomerID) path(what string) (string, url.Values, error) {
	if id.value == "" || id.value == "cio_" {
		return "", nil, errors.New("appapi: no customer: name one with ByID, ByEmail or ByCIOID")
	}
	query := url.Values{}
	if id.kind != "id" { // which is what the API takes it for otherwise
		query.Set("id_type", id.kind)
	}
	return "/v1/customers/" + segment(id.value) + "/" + what, query, nil
}

// Identifiers are those of a person; ID and Email are empty where the person has none.
type Identifiers struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	// CIOID is the cio_id, without a prefix.
	CIOID string `json:"cio_id"`
}

// Customer is what a workspace holds of a person.
type Customer struct {
	Identifiers Identifiers
	// Attributes are as the API returns them: all as text, whatever was sent. Their identifiers are among them.
	Attributes map[string]string
	// Set is when each attribute was set last, to the second. Customer.io calls this part of the answer deprecated.
	Set map[string]time.Time
	// Unsubscribed people get transactional messages only.
	Unsubscribed bool
	Devices      []Device
}

// Device is a push device of a person.
type Device struct {
	// Token is what Apple or Google addresses the device by, Platform is ios or android.
	Token, Platform string
	// LastUsed is zero where it is not known.
	LastUsed   time.Time
	Attributes map[string]string
}

// Relationship relates a person to an object.
type Relationship struct {
	// TypeID is the number of the object's type, as a string; ObjectID the object's id.
	TypeID, ObjectID string
	// Attributes are those of the relationship.
	Attributes map[string]json.RawMessage
}

// Customers gives access to people.
type Customers struct{ client *Client }

// Customers returns what reads people.
func (c *Client) Customers() Customers { return Customers{c} }

// Attributes returns a person with their attributes and devices (getPersonAttributes). The error is ErrNotFound if there is no such person.
func (r Customers) Attributes(ctx context.Context, id CustomerID) (Customer, error) {
	path, query, err := id.path("attributes")
	if err != nil {
		return Customer{}, err
	}
	var answer struct {
		Customer struct {
			Identifiers  Identifiers    `json:"identifiers"`
			Attributes   map[string]any `json:"attributes"`
			Timestamps   map[string]any `json:"timestamps"`
			Unsubscribed bool           `json:"unsubscribed"`
			Devices      []struct {
				ID         string         `json:"id"`
				Platform   string         `json:"platform"`
				LastUsed   seconds        `json:"last_used"`
				Attributes map[string]any `json:"attributes"`
			} `json:"devices"`
		} `json:"customer"`
	}
	if err := r.client.get(ctx, "getPersonAttributes", path, query, &answer); err != nil {
		return Customer{}, err
	}
	in := answer.Customer
	out := Customer{Identifiers: in.Identifiers, Attributes: textOf(in.Attributes), Set: make(map[string]time.Time), Unsubscribed: in.Unsubscribed}
	for name, at := range in.Timestamps {
		if n, ok := at.(json.Number); ok {
			if s, err := n.Int64(); err == nil && s != 0 {
				out.Set[name] = time.Unix(s, 0).UTC()
			}
		}
	}
	for _, d := range in.Devices {
		out.Devices = append(out.Devices, Device{d.ID, d.Platform, time.Time(d.LastUsed), textOf(d.Attributes)})
	}
	return out, nil
}

// ByEmail returns the people with the email address (getPeopleEmail); none is no error.
func (r Customers) ByEmail(ctx context.Context, email string) ([]Identifiers, error) {
	if email == "" {
		return nil, errors.New("appapi: no email address to look for")
	}
	var answer struct {
		Results []Identifiers `json:"results"`
	}
	err := r.client.get(ctx, "getPeopleEmail", "/v1/customers", url.Values{"email": {email}}, &answer)
	return answer.Results, err
}

// Relationships returns the objects that a person is related to, page by page (getPersonRelationships). An error is the last pair; it is
// ErrNotFound if there is no such person. Customer.io says that an object may come twice. That a person can be named by anything but their id
// here is an assumption: the document of the API lists no id_type for this operation, as it does for the others.
func (r Customers) Relationships(ctx context.Context, id CustomerID) iter.Seq2[Relationship, error] {
	return func(yield func(Relationship, error) bool) {
		path, query, err := id.path("relationships")
		if err != nil {
			yield(Relationship{}, err)
			return
		}
		type page struct {
			Items []struct {
				TypeID      json.Number `json:"object_type_id"`
				Identifiers struct {
					ObjectID string `json:"object_id"`
				} `json:"identifiers"`
				Attributes map[string]json.RawMessage `json:"attributes"`
			} `json:"cio_relationships"`
			Next string `json:"next"`
		}
		eachPage(ctx, r.client, "getPersonRelationships", path, query, func(p *page) (string, bool) {
			for _, item := range p.Items {
				if !yield(Relationship{item.TypeID.String(), item.Identifiers.ObjectID, item.Attributes}, nil) {
					return "", false
				}
			}
			return p.Next, true
		}, func(err error) { yield(Relationship{}, err) })
	}
}

// Activities returns what happened to a person, the newest first, page by page (getPersonActivities). An error is the last pair; it is
// ErrNotFound if there is no such person. Customer.io keeps activities for 30 days.
func (r Customers) Activities(ctx context.Context, id CustomerID, q ActivityQuery) iter.Seq2[Activity, error] {
	path, query, err := id.path("activities")
	if err != nil {
		return func(yield func(Activity, error) bool) { yield(Activity{}, err) }
	}
	q.Customer = CustomerID{}
	return r.client.activities(ctx, "getPersonActivities", path, q.values(query))
}

// eachPage asks for page after page until use says that it is enough or none is left.
func eachPage[P any](ctx context.Context, c *Client, operation, path string, query url.Values, use func(*P) (next string, more bool), fail func(error)) {
	for {
		page := new(P)
		if err := c.get(ctx, operation, path, query, page); err != nil {
			fail(err)
			return
		}
		next, more := use(page)
		switch {
		case !more || next == "":
			return
		case next == query.Get("start"):
			fail(fmt.Errorf("appapi: %s: the answer names the page itself as the next one", operation))
			return
		}
		query.Set("start", next)
	}
}

// seconds is a time in unix seconds; 0 and null are the zero time.
type seconds time.Time

// UnmarshalJSON reads it.
func (s *seconds) UnmarshalJSON(b []byte) error {
	var n *int64
	if err := json.Unmarshal(b, &n); err != nil {
		return err
	}
	if *s = (seconds{}); n != nil && *n != 0 {
		*s = seconds(time.Unix(*n, 0).UTC())
	}
	return nil
}

// textOf turns values into text: the documentation says that all are, and some are not.
func textOf(values map[string]any) map[string]string {
	out := make(map[string]string, len(values))
	for name, v := range values {
		switch v := v.(type) {
		case nil:
		case string:
			out[name] = v
		default:
			b, _ := json.Marshal(v) // it came out of JSON
			out[name] = string(b)
		}
	}
	return out
}
