package appapi

import (
	"encoding/json"
	"errors"
)

// Filter selects people or objects. Make one with [AttributeIs], [HasAttribute] and [InSegment], and combine them with [All], [Any] and
// [Not]. The zero value is an error, so that nobody selects everybody by mistake.
type Filter struct {
	kind      string // and, or, not, segment, attribute
	parts     []Filter
	segment   ID
	attribute string
	operator  string
	value     string
	object    ID // the type of the objects, if it is a filter of objects
}

// AttributeIs matches people or objects with this value of the attribute. The API compares it as text.
func AttributeIs(name, value string) Filter {
	return Filter{kind: "attribute", attribute: name, operator: "eq", value: value}
}

// HasAttribute matches people or objects that have the attribute.
func HasAttribute(name string) Filter {
	return Filter{kind: "attribute", attribute: name, operator: "exists"}
}

// InSegment matches the people in a segment.
func InSegment(id ID) Filter { return Filter{kind: "segment", segment: id} }

// All matches people or objects that match all of the filters.
func All(filters ...Filter) Filter { return Filter{kind: "and", parts: filters} }

// Any matches people or objects that match at least one of the filters.
func Any(filters ...Filter) Filter { return Filter{kind: "or", parts: filters} }

// Not matches people or objects that do not match the filter.
func Not(filter Filter) Filter { return Filter{kind: "not", parts: []Filter{filter}} }

// of makes it a filter of objects of a type.
func (f Filter) of(typeID ID) Filter {
	f.object = typeID
	parts := make([]Filter, len(f.parts))
	for i, part := range f.parts {
		parts[i] = part.of(typeID)
	}
	f.parts = parts
	return f
}

// check refuses filters that the API could read with another meaning.
func (f Filter) check() error {
	switch {
	case f.kind == "":
		return errors.New("the Filter is empty: make one with AttributeIs, HasAttribute, InSegment, All, Any or Not")
	case (f.kind == "and" || f.kind == "or") && len(f.parts) == 0:
		return errors.New("a Filter of All or Any has no parts")
	case f.kind == "segment" && f.object != "":
		return errors.New("objects cannot be in a segment: InSegment is for people")
	case f.kind == "segment" && !isWhole(string(f.segment)):
		return errors.New("the id of a segment must be a whole number")
	case f.kind == "attribute" && f.attribute == "":
		return errors.New("a Filter has an empty attribute name")
	}
	for _, part := range f.parts {
		if err := part.check(); err != nil {
			return err
		}
	}
	return nil
}

// MarshalJSON writes the filter in the form of the API.
func (f Filter) MarshalJSON() ([]byte, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	return json.Marshal(f.tree())
}

func (f Filter) tree() map[string]any {
	switch f.kind {
	case "segment":
		return map[string]any{"segment": map[string]any{"id": json.Number(f.segment)}}
	case "not":
		return map[string]any{"not": f.parts[0].tree()}
	case "and", "or":
		parts := make([]any, len(f.parts))
		for i, part := range f.parts {
			parts[i] = part.tree()
		}
		return map[string]any{f.kind: parts}
	}
	condition, name := map[string]any{"field": f.attribute, "operator": f.operator}, "attribute"
	if f.operator == "eq" {
		condition["value"] = f.value
	}
	if f.object != "" {
		name, condition["type_id"] = "object_attribute", string(f.object)
	}
	return map[string]any{name: condition}
}
