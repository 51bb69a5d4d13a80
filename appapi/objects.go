package appapi

import (
	"context"
	"errors"
)

// ObjectType is a kind of object that a workspace knows. Customer.io makes none by itself beyond the first.
type ObjectType struct {
	// ID is a whole number as text, as in Relationship.TypeID.
	ID, Name string
	Enabled  bool
}

// Object is what a workspace holds of an object.
type Object struct {
	TypeID string
	// Attributes are as the API returns them, as text whatever was sent.
	Attributes map[string]string
}

// Objects gives access to objects.
type Objects struct{ client *Client }

// Objects returns what reads objects.
func (c *Client) Objects() Objects { return Objects{c} }

// Types lists the types of objects (getObjectTypes).
func (r Objects) Types(ctx context.Context) ([]ObjectType, error) {
	var answer struct {
		Types []struct {
			ID      any    `json:"id"` // text by the document of the API
			Name    string `json:"name"`
			Enabled bool   `json:"enabled"`
		} `json:"types"`
	}
	if err := r.client.get(ctx, "getObjectTypes", "/v1/object_types", nil, &answer); err != nil {
		return nil, err
	}
	list := make([]ObjectType, 0, len(answer.Types))
	for _, t := range answer.Types {
		list = append(list, ObjectType{textOf(map[string]any{"": t.ID})[""], t.Name, t.Enabled})
	}
	return list, nil
}

// Attributes returns an object with its attributes (getObjectAttributes). The error is ErrNotFound if there is no such object.
func (r Objects) Attributes(ctx context.Context, typeID, objectID string) (Object, error) {
	if typeID == "" || objectID == "" {
		return Object{}, errors.New("appapi: no object: name its type and its id")
	}
	var answer struct {
		Object struct {
			TypeID     any            `json:"object_type_id"`
			Attributes map[string]any `json:"attributes"`
		} `json:"object"`
	}
	if err := r.client.get(ctx, "getObjectAttributes", "/v1/objects/"+segment(typeID)+"/"+segment(objectID)+"/attributes", nil, &answer); err != nil {
		return Object{}, err
	}
	return Object{textOf(map[string]any{"": answer.Object.TypeID})[""], textOf(answer.Object.Attributes)}, nil
}
