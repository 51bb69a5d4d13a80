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
	// By is userId or anonymousId where the event needs that one identifier; empty where either will do.
	By string `json:"by,omitempty"`
	// Acts marks a command: Customer.io carries it out and keeps no event of it.
	Acts bool `json:"acts,omitempty"`
	// Extra is the field of the struct that takes properties without a field of their own.
	Extra string `json:"extra"`
	// Doc says what the event stands for.
	Doc string `json:"doc"`
	// Fields are the named fields: the properties, then those that travel in the context.
	Fields []Field `json:"fields,omitempty"`
}

// Field describes one named field of an event or of an object within it.
type Field struct {
	// Name is the field's name on the wire.
	Name string `json:"name"`
	// Context leads to a field that travels in the message's context, such as context.device.token; empty for a property.
	Context string `json:"context,omitempty"`
	// GoName and GoType are those of the field of the struct.
	GoName string `json:"go_name"`
	GoType string `json:"go_type"`
	// Kind is the kind of value on the wire.
	Kind Kind `json:"kind"`
	// Enum holds the known values; nil where any value will do.
	Enum []string `json:"enum,omitempty"`
	// Required marks a field without which the event says nothing.
	Required bool `json:"required,omitempty"`
	// Unit is that of a number; empty where it has none or the documents give none.
	Unit string `json:"unit,omitempty"`
	// Range bounds a number where the documents do; nil elsewhere.
	Range *Range `json:"range,omitempty"`
	// Default is what Customer.io takes where the field is missing; nil where it takes nothing.
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

// All returns the definitions of all semantic events, sorted by name. The slice is the caller's; what the definitions point to is shared and
// must not be changed.
func All() []Definition { return slices.Clone(definitions) }

// Lookup returns the definition of the event with exactly that name on the wire.
func Lookup(name string) (Definition, bool) {
	i, ok := slices.BinarySearchFunc(definitions, name, func(d Definition, name string) int { return strings.Compare(d.Name, name) })
	if !ok {
		return Definition{}, false
	}
	return definitions[i], true
}
