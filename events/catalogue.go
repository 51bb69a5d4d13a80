package events

import (
	"slices"
	"strings"
)

// Definition describes one semantic event.
type Definition struct {
	// Name is the event's name on the wire, such as Order Completed.
	Name string `json:"name"`
	// Type is the struct of this package, such as OrderCompleted.
	Type string `json:"type"`
	// Category is the published category, such as Ecommerce.
	Category string `json:"category"`
	// By is userId or anonymousId if the event needs that identifier; empty if either is enough.
	By string `json:"by,omitempty"`
	// Acts marks a command: Customer.io carries it out and keeps no event of it.
	Acts bool `json:"acts,omitempty"`
	// Extra is the field of the struct that takes properties without a field of their own.
	Extra string `json:"extra"`
	// Doc says what the event means.
	Doc string `json:"doc"`
	// Fields are the named fields: the properties, then those in the context.
	Fields []Field `json:"fields,omitempty"`
}

// Field describes one named field of an event or of an object within it.
type Field struct {
	// Name is the field's name on the wire.
	Name string `json:"name"`
	// Context is the path of a field in the message's context, such as context.device.token; empty for a property.
	Context string `json:"context,omitempty"`
	// GoName and GoType are those of the field of the struct.
	GoName string `json:"go_name"`
	GoType string `json:"go_type"`
	// Kind is the kind of value on the wire.
	Kind Kind `json:"kind"`
	// Enum lists the known values; nil if any value is allowed.
	Enum []string `json:"enum,omitempty"`
	// Required marks a field without which the event says nothing.
	Required bool `json:"required,omitempty"`
	// Unit is the unit of a number; empty if it has none or the documents give none.
	Unit string `json:"unit,omitempty"`
	// Range limits a number if the documents do; nil otherwise.
	Range *Range `json:"range,omitempty"`
	// Default is what Customer.io uses if the field is missing; nil if it uses nothing.
	Default *int `json:"default,omitempty"`
	// Doc says what the field means.
	Doc string `json:"doc"`
	// Fields are those of each object of a list.
	Fields []Field `json:"fields,omitempty"`
}

// Range is a range of numbers, both ends included.
type Range struct {
	Min int `json:"min"`
	Max int `json:"max"`
}

// Kind is a kind of value on the wire.
type Kind string

// The kinds of values that named fields have.
const (
	KindString  Kind = "string"
	KindInteger Kind = "integer"
	KindNumber  Kind = "number"
	KindBoolean Kind = "boolean"
	KindTime    Kind = "datetime" // a string of RFC 3339
	KindStrings Kind = "[]string"
	KindObject  Kind = "object" // of any members
	KindObjects Kind = "[]object"
)

// All returns the definitions of all semantic events, sorted by name. The caller may change the slice. What the definitions point to is
// shared and must not be changed.
func All() []Definition { return slices.Clone(definitions) }

// Lookup returns the definition of the event with exactly that name on the wire.
func Lookup(name string) (Definition, bool) {
	i, ok := slices.BinarySearchFunc(definitions, name, func(d Definition, name string) int { return strings.Compare(d.Name, name) })
	if !ok {
		return Definition{}, false
	}
	return definitions[i], true
}
