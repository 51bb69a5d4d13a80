package spectest

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/ciokit/cio/internal/gen/apifacts"
	"github.com/ciokit/cio/internal/gen/eventspec"
)

const root = "../.."

// document is the facts of one of Customer.io's OpenAPI documents, as a tree of the values that encoding/json returns.
type document struct {
	name string
	tree map[string]any
}

// documentNames are the documents of the Data Pipelines API, and how many of the events each describes.
var documentNames = map[string]int{"pipelines-2025-08.json": 72, "pipelines-2026-08.json": 9}

// openDocument reads the facts of a document and changes what is specific to OpenAPI 3.0 to JSON Schema.
func openDocument(t *testing.T, name string) *document {
	t.Helper()
	b, err := apifacts.Read(root, name)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	d := &document{name: name, tree: tree.(map[string]any)}
	if version, _ := d.tree["openapi"].(string); strings.HasPrefix(version, "3.0.") {
		permitNull(tree)
	}
	return d
}

// permitNull replaces nullable, which JSON Schema does not have, by null among the types and values.
func permitNull(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, value := range v {
			permitNull(value)
		}
		if v["nullable"] != true {
			return
		}
		delete(v, "nullable")
		if typ, ok := v["type"].(string); ok {
			v["type"] = []any{typ, "null"}
		}
		if enum, ok := v["enum"].([]any); ok && !slices.Contains(enum, nil) {
			v["enum"] = append(enum, nil)
		}
	case []any:
		for _, value := range v {
			permitNull(value)
		}
	}
}

// schema returns the schema of that name; ok is false if the document has none.
func (d *document) schema(name string) (s map[string]any, ok bool) {
	components := d.tree["components"].(map[string]any)
	s, ok = components["schemas"].(map[string]any)[name].(map[string]any)
	return s, ok
}

// isEnvelope reports whether the schema describes the whole message; others describe the event's properties.
func isEnvelope(s map[string]any) bool {
	for _, keyword := range []string{"oneOf", "anyOf"} { // repair changes oneOf to anyOf
		if alternatives, ok := s[keyword].([]any); ok {
			s = alternatives[0].(map[string]any)
		}
	}
	members, _ := s["properties"].(map[string]any)
	_, hasProperties := members["properties"].(map[string]any)
	_, hasContext := members["context"].(map[string]any)
	return hasProperties || hasContext
}

// repair fixes what is wrong with the schema of an event according to exceptions.txt: if alternatives always fit together, one of them is enough, and
// a property that is required but not defined is not required any more.
func (d *document) repair(exceptions eventspec.Exceptions, name string) {
	s, ok := d.schema(name)
	if !ok {
		return
	}
	if _, listed := exceptions.Find(eventspec.OneOf, name, ""); listed {
		s["anyOf"] = s["oneOf"]
		delete(s, "oneOf")
	}
	for _, x := range exceptions {
		if x.Kind != eventspec.Theirs || x.Schema != name {
			continue
		}
		members := s["properties"].(map[string]any)
		if isEnvelope(s) {
			s = members["properties"].(map[string]any)
		}
		s["required"] = slices.DeleteFunc(s["required"].([]any), func(v any) bool { return v == x.Path })
	}
}

// validators compiles schemas of one document.
type validators struct {
	compiler *jsonschema.Compiler
	doc      *document
}

func newValidators(t *testing.T, d *document) *validators {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource("https://customer.io/"+d.name, d.tree); err != nil {
		t.Fatal(err)
	}
	return &validators{c, d}
}

func (v *validators) schema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	s, err := v.compiler.Compile("https://customer.io/" + v.doc.name + "#/components/schemas/" + name)
	if err != nil {
		t.Fatalf("%s: schema %s: %v", v.doc.name, name, err)
	}
	return s
}
