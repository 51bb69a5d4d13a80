package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ciokit/cio/internal/gen/eventspec"
)

// catalogue writes the table behind events.All.
func (s *source) catalogue(spec *eventspec.Spec) {
	s.printf("var definitions = []Definition{\n")
	for _, e := range byName(spec) {
		s.printf("{Name: %q, Type: %q, Category: %q", e.Name, e.Type, categoryName(spec, e))
		s.strings("By", e.By)
		if e.Acts {
			s.printf(", Acts: true")
		}
		s.printf(", Extra: %q,\nDoc: %q", e.Extra.GoName, strings.Join(append([]string{e.Doc}, e.Notes...), " "))
		if fields := slices.Concat(e.Properties, e.Context); len(fields) > 0 {
			s.printf(", Fields: []Field{\n")
			s.catalogueFields(spec, fields)
			s.printf("}")
		}
		s.printf("},\n")
	}
	s.printf("}\n")
}

func (s *source) catalogueFields(spec *eventspec.Spec, fields []eventspec.Field) {
	for _, f := range fields {
		s.printf("{Name: %q", f.Name)
		if strings.HasPrefix(f.Path, "context.") {
			s.printf(", Context: %q", f.Path)
		}
		s.printf(", GoName: %q, GoType: %q, Kind: %s", f.GoName, goType(f), kind(spec, f))
		s.strings("Enum", enumValues(spec, f)...)
		if f.Required {
			s.printf(", Required: true")
		}
		s.strings("Unit", f.Unit)
		if f.Min != nil {
			s.printf(", Range: &Range{%d, %d}", *f.Min, *f.Max)
		}
		if f.Default != nil {
			s.printf(", Default: new(%d)", *f.Default)
		}
		s.printf(", Doc: %q", f.Doc)
		if o, ok := spec.Object(f.Type); ok {
			s.printf(", Fields: []Field{\n")
			s.catalogueFields(spec, o.Fields)
			s.printf("}")
		}
		s.printf("},\n")
	}
}

// strings writes a member of a literal: a string, or a slice of them for Enum. Without values it writes nothing.
func (s *source) strings(name string, values ...string) {
	switch {
	case len(values) == 0 || values[0] == "":
	case name == "Enum" || name == "enum":
		s.printf(", %s: []string{\"%s\"}", name, strings.Join(values, `", "`))
	default:
		s.printf(", %s: %q", name, values[0])
	}
}

func kind(spec *eventspec.Spec, f eventspec.Field) string {
	switch _, isEnum := spec.Enum(f.Type); {
	case f.List:
		return "KindObjects"
	case isEnum:
		return "KindString"
	}
	return map[string]string{"string": "KindString", "integer": "KindInteger", "number": "KindNumber", "boolean": "KindBoolean", "datetime": "KindTime",
		"[]string": "KindStrings", "object": "KindObject"}[f.Type]
}

func enumValues(spec *eventspec.Spec, f eventspec.Field) []string {
	e, _ := spec.Enum(f.Type)
	var values []string
	for _, v := range e.Values {
		values = append(values, v.Wire)
	}
	return values
}

func categoryName(spec *eventspec.Spec, e eventspec.Event) string {
	i := slices.IndexFunc(spec.Categories, func(c eventspec.Category) bool { return c.Key == e.Category })
	return spec.Categories[i].Name
}

// byName returns the events sorted by their names on the wire.
func byName(spec *eventspec.Spec) []eventspec.Event {
	return slices.SortedFunc(slices.Values(spec.Events), func(a, b eventspec.Event) int { return cmp.Compare(a.Name, b.Name) })
}

// testList writes what the tests of package events range over.
func (s *source) testList(spec *eventspec.Spec) {
	s.printf("// all holds one empty value of every event, in the order of events.All.\nvar all = []event{\n")
	for _, e := range byName(spec) {
		s.printf("events.%s{},\n", e.Type)
	}
	s.printf("}\n\n// objects holds one empty value of every nested object.\nvar objects = []appender{\n")
	for _, o := range spec.Objects {
		s.printf("events.%s{},\n", o.Type)
	}
	s.printf("}\n")
}

// names writes package names.
func (s *source) names(spec *eventspec.Spec) {
	s.printf("// Semantic holds the name of every semantic event, sorted.\nvar Semantic = []string{\n")
	for _, e := range byName(spec) {
		s.printf("%q,\n", e.Name)
	}
	s.printf("}\n\n")
	s.comment("", "Misnomer is a name that Customer.io's documents use for a semantic event and that its API does not know: an event so named is stored and does nothing.")
	s.printf("type Misnomer struct {\n// Wrong is the name as documents have it, Right the one to use.\nWrong, Right string\n}\n\n")
	s.printf("// Misnomers holds every known misnomer, sorted.\nvar Misnomers = []Misnomer{\n")
	list := slices.SortedFunc(slices.Values(spec.Misnomers), func(a, b eventspec.Misnomer) int { return cmp.Compare(a.Wrong, b.Wrong) })
	for _, m := range list {
		s.printf("{%q, %q},\n", m.Wrong, m.Right)
	}
	s.printf("}\n")
}

// emulator writes the emulator's catalogue, which shares no type with package events.
func (s *source) emulator(spec *eventspec.Spec) {
	s.printf(`// semanticEvent is what the documents say about one semantic event.
type semanticEvent struct {
	name     string
	category string
	// by is userId or anonymousId where the event needs that one identifier.
	by string
	// acts marks an event that is carried out and not stored.
	acts bool
	// properties and context are its named fields; those of context have a path from the context, such as device.token.
	properties []semanticField
	context    []semanticField
}

// semanticField is one named field of a semantic event or of an object in a list.
type semanticField struct {
	path string
	// kind is string, integer, number, boolean, datetime, []string, object or []object.
	kind     string
	required bool
	enum     []string
	fields   []semanticField
}

// semanticEvents holds every semantic event, sorted by name.
var semanticEvents = []semanticEvent{
`)
	for _, e := range byName(spec) {
		s.printf("{name: %q, category: %q", e.Name, categoryName(spec, e))
		s.strings("by", e.By)
		if e.Acts {
			s.printf(", acts: true")
		}
		s.emulatorFields(spec, "properties", e.Properties)
		s.emulatorFields(spec, "context", e.Context)
		s.printf("},\n")
	}
	s.printf("}\n")
}

func (s *source) emulatorFields(spec *eventspec.Spec, name string, fields []eventspec.Field) {
	if len(fields) == 0 {
		return
	}
	s.printf(", %s: []semanticField{\n", name)
	for _, f := range fields {
		kind := f.Type
		if _, isEnum := spec.Enum(f.Type); isEnum {
			kind = "string"
		}
		if f.List {
			kind = "[]object"
		}
		s.printf("{path: %q, kind: %q", strings.TrimPrefix(f.Path, "context."), kind)
		if f.Required {
			s.printf(", required: true")
		}
		s.strings("enum", enumValues(spec, f)...)
		if o, ok := spec.Object(f.Type); ok {
			s.emulatorFields(spec, "fields", o.Fields)
		}
		s.printf("},\n")
	}
	s.printf("}")
}
