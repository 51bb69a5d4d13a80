// Code generated from spec/appapi.txt and spec/facts by internal/gen. DO NOT EDIT.

package appapi

import (
	"context"
	"iter"
	"time"
)

// Objects gives access to objects.
type Objects struct{ client *Client }

// Objects gives access to objects.
func (c *Client) Objects() Objects { return Objects{c} }

// Types returns the types of objects.
func (r Objects) Types(ctx context.Context) ([]ObjectType, error) {
	return one[[]ObjectType](ctx, r.client, opObjectsTypes, nil, nil, nil)
}

// Attributes returns an object with its attributes.
func (r Objects) Attributes(ctx context.Context, objectTypeID ID, objectID string) (Object, error) {
	return one[Object](ctx, r.client, opObjectsAttributes, []string{string(objectTypeID), objectID}, nil, nil)
}

// Relationships returns the people that an object is related to, page by page. An error is in the last pair.
func (r Objects) Relationships(ctx context.Context, objectTypeID ID, objectID string) iter.Seq2[ObjectRelationship, error] {
	return pages[ObjectRelationship](ctx, r.client, opObjectsRelationships, []string{string(objectTypeID), objectID}, nil, nil)
}

// ObjectType is a kind of object that a workspace knows. Customer.io creates only the first one itself.
type ObjectType struct {
	ID           ID     `json:"id"`
	Name         string `json:"name"`
	Enabled      bool   `json:"enabled"`
	Icon         string `json:"icon"`
	SingularName string `json:"singular_name"`
	SingularSlug string `json:"singular_slug"`
	Slug         string `json:"slug"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *ObjectType) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v ObjectType) MarshalJSON() ([]byte, error) { return marshal(v) }

// ObjectIdentifiers identify an object.
type ObjectIdentifiers struct {
	// CIOID is the id that Customer.io gave it.
	CIOID string `json:"cio_object_id"`
	// ID is the identifier that was used when it was sent.
	ID string `json:"object_id"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *ObjectIdentifiers) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v ObjectIdentifiers) MarshalJSON() ([]byte, error) { return marshal(v) }

// Object is the data of an object in a workspace.
type Object struct {
	TypeID      ID                `json:"object_type_id"`
	Identifiers ObjectIdentifiers `json:"identifiers"`
	// Attributes are all text, as the API returns them, whatever was sent.
	Attributes map[string]string    `json:"attributes"`
	Timestamps map[string]time.Time `json:"timestamps"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *Object) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v Object) MarshalJSON() ([]byte, error) { return marshal(v) }

// ObjectRelationship relates an object to a person.
type ObjectRelationship struct {
	TypeID             ID          `json:"object_type_id"`
	Customer           Identifiers `json:"identifiers"`
	ObjectTypeDisabled bool        `json:"object_type_disabled"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *ObjectRelationship) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v ObjectRelationship) MarshalJSON() ([]byte, error) { return marshal(v) }
