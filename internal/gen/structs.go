package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ciokit/cio/internal/gen/eventspec"
)

// events writes the structs of one category.
func (s *source) events(spec *eventspec.Spec, events []eventspec.Event) {
	for _, e := range events {
		s.comment("", e.Type+" "+lowerFirst(e.Doc)+" On the wire it is "+strconv.Quote(e.Name)+".")
		for _, note := range eventNotes(e) {
			s.printf("//\n")
			s.comment("", note)
		}
		s.printf("type %s struct {\n", e.Type)
		for _, f := range slices.Concat(e.Properties, e.Context) {
			s.structField(f)
		}
		s.extraField(e.Extra)
		s.printf("}\n\n")

		s.printf("// EventName returns %q.\n", e.Name)
		s.printf("func (%s) EventName() string { return %q }\n\n", e.Type, e.Name)
		s.appendJSON(e.Type, e.Properties, e.Extra.GoName, "properties")
		s.missing(e)
		if len(e.Context) > 0 {
			s.context(e)
		}
	}
}

// eventNotes are the paragraphs after the first of an event's documentation.
func eventNotes(e eventspec.Event) []string {
	var notes []string
	if e.Acts {
		notes = append(notes, "It is a command: Customer.io carries it out and keeps no event of it.")
	}
	switch e.By {
	case "userId":
		notes = append(notes, "The message needs a UserID.")
	case "anonymousId":
		notes = append(notes, "The message needs an AnonymousID.")
	}
	return append(notes, e.Notes...)
}

// objects writes the structs of nested objects.
func (s *source) objects(spec *eventspec.Spec) {
	for _, o := range spec.Objects {
		s.comment("", o.Type+" "+lowerFirst(o.Doc))
		s.printf("type %s struct {\n", o.Type)
		for _, f := range o.Fields {
			s.structField(f)
		}
		s.extraField(eventspec.Extra{GoName: "Extra", Doc: "Other members, by their names on the wire. The name of a field of this struct is an error."})
		s.printf("}\n\n")
		s.appendJSON(o.Type, o.Fields, "Extra", "object")
	}
}

// enums writes the string types.
func (s *source) enums(spec *eventspec.Spec) {
	for _, e := range spec.Enums {
		s.comment("", e.Type+" is "+lowerFirst(e.Doc)+" Other values than those known here are sent as they are.")
		s.printf("type %s string\n\n", e.Type)
		s.printf("// The known values of %s.\nconst (\n", e.Type)
		for _, v := range e.Values {
			s.comment("\t", v.Doc)
			s.printf("%s%s %s = %q\n", e.Type, v.GoName, e.Type, v.Wire)
		}
		s.printf(")\n\n")
	}
}

func (s *source) structField(f eventspec.Field) {
	s.comment("\t", fieldDoc(f))
	tag := f.Name + ",omitempty"
	switch {
	case strings.HasPrefix(f.Path, "context."):
		tag = "-"
	case f.Type == "datetime":
		tag = f.Name + ",omitzero"
	}
	s.printf("%s %s `json:%q`\n", f.GoName, goType(f), tag)
}

func (s *source) extraField(x eventspec.Extra) {
	s.comment("\t", x.Doc)
	s.printf("%s map[string]any `json:\"-\"`\n", x.GoName)
}

// fieldDoc is the meaning of a field with what the traits in brackets say.
func fieldDoc(f eventspec.Field) string {
	doc := f.Doc
	if f.Unit != "" {
		doc += " In " + f.Unit + "."
	}
	if f.Min != nil {
		doc += fmt.Sprintf(" From %d to %d.", *f.Min, *f.Max)
	}
	if f.Default != nil {
		doc += fmt.Sprintf(" If it is missing, Customer.io uses %d.", *f.Default)
	}
	if strings.HasPrefix(f.Path, "context.") {
		doc += " It is sent as " + f.Path + "."
	}
	if f.Required {
		doc += " Required."
	}
	return doc
}

func goType(f eventspec.Field) string {
	switch {
	case f.List:
		return "[]" + f.Type
	case f.Type == "integer":
		return "*int"
	case f.Type == "number":
		return "*float64"
	case f.Type == "boolean":
		return "*bool"
	case f.Type == "datetime":
		return "time.Time"
	case f.Type == "object":
		return "map[string]any"
	}
	return f.Type
}

// appendJSON writes the encoder of a struct. What it encodes is called what in the documentation.
func (s *source) appendJSON(typ string, fields []eventspec.Field, extra, what string) {
	keys := "nil"
	if len(fields) > 0 {
		keys = lowerFirst(typ) + "Keys"
		s.printf("var %s = []string{", keys)
		for i, f := range fields {
			if i > 0 {
				s.printf(", ")
			}
			s.printf("%q", f.Name)
		}
		s.printf("}\n\n")
	}
	s.printf("// AppendJSON appends the %s. See the package comment for what is left out and what is an error.\n", what)
	s.printf("func (e %s) AppendJSON(dst []byte) ([]byte, error) {\no := wire.NewObject(dst)\n", typ)
	for _, f := range fields {
		s.member("e", f)
	}
	s.printf("o.Extra(e.%s, %s)\nreturn o.End()\n}\n\n", extra, keys)
	s.printf("// MarshalJSON returns what AppendJSON appends.\n")
	s.printf("func (e %s) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }\n\n", typ)
}

// member writes the line that encodes one field.
func (s *source) member(receiver string, f eventspec.Field) {
	value := receiver + "." + f.GoName
	switch {
	case f.List:
		s.printf("wire.Objects(&o, %q, %s)\n", f.Name, value)
		return
	case f.Type == "string":
		s.printf("o.String(%q, %s)\n", f.Name, value)
		return
	}
	method, ok := map[string]string{"integer": "Int", "number": "Float", "boolean": "Bool", "datetime": "Time", "[]string": "Strings", "object": "Map"}[f.Type]
	if !ok {
		method, value = "String", "string("+value+")"
	}
	s.printf("o.%s(%q, %s)\n", method, f.Name, value)
}

// missing writes the method of events that have required fields.
func (s *source) missing(e eventspec.Event) {
	var required []eventspec.Field
	for _, f := range slices.Concat(e.Context, e.Properties) {
		if f.Required {
			required = append(required, f)
		}
	}
	if len(required) == 0 {
		return
	}
	s.printf("// Missing returns the path in the message of the first required field that is not set, or the empty string.\n")
	s.printf("func (e %s) Missing() string {\nswitch {\n", e.Type)
	for _, f := range required {
		path := f.Path
		if !strings.HasPrefix(path, "context.") {
			path = "properties." + path
		}
		s.printf("case e.%s == %s:\nreturn %q\n", f.GoName, zero(f), path)
	}
	s.printf("}\nreturn \"\"\n}\n\n")
}

func zero(f eventspec.Field) string {
	if strings.HasPrefix(goType(f), "*") {
		return "nil"
	}
	return `""`
}

// context writes EventContext and the type that encodes its result.
func (s *source) context(e eventspec.Event) {
	typ := lowerFirst(e.Type) + "Context"
	var unset, groups []string
	for _, f := range e.Context {
		unset = append(unset, "e."+f.GoName+` == ""`)
		if g := contextGroup(f); !slices.Contains(groups, g) {
			groups = append(groups, g)
		}
	}
	s.printf("// EventContext returns the part for the message's context, or nil if none of it is set.\n")
	s.printf("func (e %s) EventContext() any {\nif %s {\nreturn nil\n}\nreturn %s(e)\n}\n\n", e.Type, strings.Join(unset, " && "), typ)
	s.printf("type %s %s\n\n", typ, e.Type)
	s.printf("func (c %s) AppendJSON(dst []byte) ([]byte, error) {\no := wire.NewObject(dst)\n", typ)
	for _, g := range groups {
		s.printf("o.Open(%q)\n", g)
		for _, f := range e.Context {
			if contextGroup(f) == g {
				s.member("c", f)
			}
		}
		s.printf("o.Close()\n")
	}
	s.printf("return o.End()\n}\n\nfunc (c %s) MarshalJSON() ([]byte, error) { return c.AppendJSON(nil) }\n\n", typ)
}

// contextGroup is the object within the context that holds the field.
func contextGroup(f eventspec.Field) string { return strings.Split(f.Path, ".")[1] }

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }
