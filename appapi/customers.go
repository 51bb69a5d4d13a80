package appapi

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"strings"
)

// CustomerID identifies a person by one identifier. Make one with [ByID], [ByEmail] or [ByCIOID]; the zero value is nobody.
type CustomerID struct{ kind, value string }

// ByID identifies a person by their id.
func ByID(id string) CustomerID { return CustomerID{"id", id} }

// ByEmail identifies a person by their email address.
func ByEmail(email string) CustomerID { return CustomerID{"email", email} }

// ByCIOID identifies a person by the cio_id that Customer.io gave them, with or without its prefix cio_.
func ByCIOID(id string) CustomerID {
	return CustomerID{"cio_id", "cio_" + strings.TrimPrefix(id, "cio_")}
}

// arg is the person in a path, empty for nobody.
func (id CustomerID) arg() string {
	if id.value == "cio_" {
		return ""
	}
	return id.value
}

// params begins a query about the person.
func (id CustomerID) params() params {
	v := params{}
	if id.kind != "id" { // which is what the API takes it for otherwise
		v.text("id_type", id.kind)
	}
	return v
}

// ByEmail returns the people with the email address. If there are none, that is not an error.
func (r Customers) ByEmail(ctx context.Context, email string) ([]Identifiers, error) {
	if email == "" {
		return nil, errors.New("appapi: the email address is empty")
	}
	return one[[]Identifiers](ctx, r.client, opCustomersByEmail, nil, url.Values{"email": {email}}, nil)
}

// manyAtOnce is how many people one request of Many can name.
const manyAtOnce = 100

// Many returns people by their ids, with their attributes and devices, 100 in one request. People who do not exist are left out, and the
// order is that of the answers, so use their Identifiers to tell who is who.
func (r Customers) Many(ctx context.Context, ids ...string) iter.Seq2[Customer, error] {
	return func(yield func(Customer, error) bool) {
		for rest := ids; len(rest) > 0; {
			n := min(len(rest), manyAtOnce)
			found, err := one[[]CustomerEntry](ctx, r.client, opCustomersMany, nil, nil, wrapped("ids", rest[:n]))
			if err != nil {
				yield(Customer{}, err)
				return
			}
			for _, entry := range found {
				if !yield(entry.Customer, nil) {
					return
				}
			}
			rest = rest[n:]
		}
	}
}

// Activities returns what happened to a person, newest first, page by page. An error is in the last pair; it is [ErrNotFound] if there
// is no such person. Customer.io keeps activities for 30 days.
func (r Customers) Activities(ctx context.Context, id CustomerID, q ActivityQuery) iter.Seq2[Activity, error] {
	v := id.params()
	q.Customer, q.Deleted = CustomerID{}, false
	q.set(v)
	return pages[Activity](ctx, r.client, opCustomersActivities, []string{id.arg()}, url.Values(v), nil)
}
