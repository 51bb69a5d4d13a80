package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ciokit/cio/internal/gen/apifacts"
)

const root = "../.."

// document is the facts of one of Customer.io's OpenAPI documents.
type document struct {
	name       string
	schemas    map[string]*schema
	eventNames []string // in the tables of its descriptions
}

// schema is the part of JSON schema that the documents use.
type schema struct {
	Ref        string             `json:"$ref"`
	Title      string             `json:"title"`
	Type       string             `json:"type"`
	Format     string             `json:"format"`
	Enum       []any              `json:"enum"`
	Required   []string           `json:"required"`
	Properties map[string]*schema `json:"properties"`
	Items      *schema            `json:"items"`
	AllOf      []*schema          `json:"allOf"`
	OneOf      []*schema          `json:"oneOf"`
	AnyOf      []*schema          `json:"anyOf"`
	Minimum    *int               `json:"minimum"`
	Maximum    *int               `json:"maximum"`
	Default    any                `json:"default"`
}

// openDocument reads the facts of a document.
func openDocument(t *testing.T, name string) *document {
	t.Helper()
	b, err := apifacts.Read(root, name)
	if err != nil {
		t.Fatal(err)
	}
	var facts struct {
		EventNames []string
		Components struct {
			Schemas map[string]*schema
		}
	}
	if err := json.Unmarshal(b, &facts); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return &document{name, facts.Components.Schemas, facts.EventNames}
}

// flat returns s merged with the schemas that it refers to, and with all its parts and alternatives.
func (d *document) flat(s *schema) *schema {
	out := *s
	out.Properties = map[string]*schema{}
	for name, p := range s.Properties {
		out.Properties[name] = d.flat(p)
	}
	if s.Items != nil {
		out.Items = d.flat(s.Items)
	}
	parts := append(append(append([]*schema{}, s.AllOf...), s.OneOf...), s.AnyOf...)
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		parts = append(parts, d.schemas[name])
	}
	for _, part := range parts {
		part = d.flat(part)
		for name, p := range part.Properties {
			if _, ok := out.Properties[name]; !ok {
				out.Properties[name] = p
			}
		}
		out.Required = append(out.Required, part.Required...)
		if out.Type == "" {
			out.Type, out.Format, out.Enum = part.Type, part.Format, part.Enum
		}
	}
	return &out
}

// leaf is one field, as a document describes it.
type leaf struct {
	*schema
	required bool
}

// leaves adds the fields of a flat object by their paths; a field of an object in a list has a path such as products[].price. A field that is
// required but not defined has an empty schema.
func leaves(prefix string, s *schema, into map[string]leaf) {
	for _, name := range s.Required {
		if _, ok := s.Properties[name]; !ok {
			into[prefix+name] = leaf{&schema{}, true}
		}
	}
	for name, p := range s.Properties {
		required := false
		for _, r := range s.Required {
			required = required || r == name
		}
		into[prefix+name] = leaf{p, required}
		if p.Items != nil {
			leaves(prefix+name+"[].", p.Items, into)
		}
		leaves(prefix+name+".", p, into)
	}
}

// eventLeaves returns the fields of an event's schema by the paths that eventspec.Field uses. Some schemas describe the properties. Others describe
// the whole message, and for these the envelope is returned too.
func (d *document) eventLeaves(s *schema) (fields map[string]leaf, envelope *schema) {
	s = d.flat(s)
	fields = map[string]leaf{}
	context, properties := s.Properties["context"], s.Properties["properties"]
	if context == nil && properties == nil {
		leaves("", s, fields)
		return fields, nil
	}
	if properties != nil {
		leaves("", properties, fields)
	}
	if context != nil {
		leaves("context.", context, fields)
	}
	return fields, s
}
