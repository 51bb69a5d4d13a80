package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio/internal/gen/eventspec"
)

const (
	doc2025 = "pipelines-2025-08.json"
	doc2026 = "pipelines-2026-08.json"
)

func loadSpec(t *testing.T) *eventspec.Spec {
	t.Helper()
	spec, err := load(root)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func readSpecFile(t *testing.T, name string) (path, text string) {
	t.Helper()
	path = filepath.Join(root, "spec", name)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, string(b)
}

func loadExceptions(t *testing.T) eventspec.Exceptions {
	t.Helper()
	list, err := eventspec.ParseExceptions(readSpecFile(t, "exceptions.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestDrift compares events.txt with the documents, in both directions. Every difference must be in exceptions.txt, and every exception must be a
// difference.
func TestDrift(t *testing.T) {
	t.Parallel()
	d := newDrift(t)
	for _, name := range []string{doc2025, doc2026} {
		d.doc = openDocument(t, name)
		covered := 0
		for _, e := range d.spec.Events {
			if s, ok := d.doc.schemas[e.Schema]; ok {
				covered++
				d.event(e, s)
			} else if name == doc2025 || e.Category == "journeys" {
				d.errorf("%q: there is no schema %s", e.Name, e.Schema)
			}
		}
		if want := map[string]int{doc2025: 72, doc2026: 9}[name]; covered != want {
			d.errorf("compared %d events, want %d", covered, want)
		}
		d.schemas()
		d.names()
		d.calls()
	}
	for _, difference := range d.found {
		t.Error(difference)
	}
	for i, x := range d.exceptions {
		if !d.used[i] {
			t.Errorf("spec/exceptions.txt:%d: %s %s %s: the documents do not need it any more", x.Line, x.Kind, x.Schema, x.Path)
		}
	}
}

// TestDriftSeesMisspeltFields misspells each field of each event in turn, first here and then in the schema.
func TestDriftSeesMisspeltFields(t *testing.T) {
	t.Parallel()
	tried := 0
	for _, name := range []string{doc2025, doc2026} {
		d := newDrift(t)
		d.doc = openDocument(t, name)
		for _, e := range d.spec.Events {
			s, ok := d.doc.schemas[e.Schema]
			if !ok {
				continue
			}
			theirs, _ := d.doc.eventLeaves(s)
			ours := map[string]eventspec.Field{}
			d.ours("", slices.Concat(e.Properties, e.Context), ours)
			for path, field := range ours {
				if _, same := theirs[path]; !same {
					continue // exceptions.txt has it
				}
				misspelt := maps.Clone(ours)
				delete(misspelt, path)
				misspelt[path+"x"] = field
				d.found = nil
				if d.fields(e, misspelt, theirs); len(d.found) == 0 {
					t.Errorf("%s: %q: nothing is said of %sx for %s in events.txt", name, e.Name, path, path)
				}
				other := maps.Clone(theirs)
				delete(other, path)
				other[path+"x"] = theirs[path]
				d.found = nil
				if d.fields(e, ours, other); len(d.found) == 0 {
					t.Errorf("%s: %q: nothing is said of %sx for %s in the document", name, e.Name, path, path)
				}
				tried++
			}
		}
	}
	if tried < 500 {
		t.Errorf("only %d fields tried", tried)
	}
}

type drift struct {
	spec       *eventspec.Spec
	exceptions eventspec.Exceptions
	used       map[int]bool
	doc        *document
	found      []string
}

func newDrift(t *testing.T) *drift {
	t.Helper()
	return &drift{spec: loadSpec(t), exceptions: loadExceptions(t), used: map[int]bool{}}
}

func (d *drift) errorf(format string, args ...any) {
	d.found = append(d.found, d.doc.name+": "+fmt.Sprintf(format, args...))
}

// excused reports whether the difference is listed, and marks the exception as needed.
func (d *drift) excused(kind, schema, path string) bool {
	i, ok := d.exceptions.Find(kind, schema, path)
	if ok {
		d.used[i] = true
	}
	return ok
}

func (d *drift) event(e eventspec.Event, s *schema) {
	theirs, envelope := d.doc.eventLeaves(s)
	ours := map[string]eventspec.Field{}
	d.ours("", slices.Concat(e.Properties, e.Context), ours)
	d.fields(e, ours, theirs)
	if s.Title != "" && s.Title != e.Name && !d.misnomer(s.Title, e.Name) {
		d.errorf("schema %s has the title %q, which is neither %q nor a misnomer of it", e.Schema, s.Title, e.Name)
	}
	if len(s.OneOf) > 0 && !d.excused(eventspec.OneOf, e.Schema, "") {
		d.errorf("schema %s has alternatives", e.Schema)
	}
	if envelope != nil {
		d.envelope(e, envelope)
	}
}

// fields compares the fields of an event by their paths.
func (d *drift) fields(e eventspec.Event, ours map[string]eventspec.Field, theirs map[string]leaf) {
	for path, f := range ours {
		their, ok := theirs[path]
		if !ok {
			if !d.excused(eventspec.Ours, e.Schema, path) {
				d.errorf("%q has no field %s", e.Name, path)
			}
			continue
		}
		if f.Required != their.required && !d.excused(eventspec.Required, e.Schema, path) {
			d.errorf("%q: %s: required is %t, ours is %t", e.Name, path, their.required, f.Required)
		}
		d.field(e, path, f, their.schema)
	}
	for path, their := range theirs {
		_, known := ours[path]
		isContainer := strings.HasPrefix(path, "context.") && their.Type == "object"
		if !known && !isContainer && !d.excused(eventspec.Theirs, e.Schema, path) {
			d.errorf("%q has a field %s that events.txt lacks", e.Name, path)
		}
	}
}

func (d *drift) ours(prefix string, fields []eventspec.Field, into map[string]eventspec.Field) {
	for _, f := range fields {
		into[prefix+f.Path] = f
		if o, ok := d.spec.Object(f.Type); ok {
			d.ours(prefix+f.Path+"[].", o.Fields, into)
		}
	}
}

// envelope checks the event's name and identifier, if the schema describes the whole message.
func (d *drift) envelope(e eventspec.Event, s *schema) {
	if event := s.Properties["event"]; event != nil && !slices.Equal(event.Enum, []any{e.Name}) {
		d.errorf("schema %s is of the events %q, ours is %q", e.Schema, event.Enum, e.Name)
	}
	for _, id := range []string{"userId", "anonymousId"} {
		if required := slices.Contains(s.Required, id); required != (e.By == id) {
			d.errorf("%q: %s is required: %t; events.txt says %q", e.Name, id, required, e.By)
		}
	}
}

func (d *drift) field(e eventspec.Event, path string, f eventspec.Field, s *schema) {
	typ, format, items := f.Type, "", ""
	switch enum, isEnum := d.spec.Enum(f.Type); {
	case isEnum:
		typ = "string"
		d.enum(e, path, enum, s)
	case f.List:
		typ, items = "array", "object"
	case f.Type == "[]string":
		typ, items = "array", "string"
	case f.Type == "datetime":
		typ, format = "string", "date-time"
	}
	if _, isEnum := d.spec.Enum(f.Type); !isEnum && len(s.Enum) > 0 {
		d.errorf("%q: %s has the values %q, ours is not an enum", e.Name, path, s.Enum)
	}
	theirItems := ""
	if s.Items != nil {
		theirItems = s.Items.Type
	}
	if s.Type != typ || s.Format != format || theirItems != items {
		d.errorf("%q: %s is %s %s %s, ours is %s", e.Name, path, s.Type, s.Format, theirItems, f.Type)
	}
	if !equal(s.Minimum, f.Min) || !equal(s.Maximum, f.Max) {
		d.errorf("%q: %s has another range than ours", e.Name, path)
	}
	var assumed any
	if f.Default != nil {
		assumed = float64(*f.Default)
	}
	if s.Default != assumed {
		d.errorf("%q: %s has the default %v, ours has %v", e.Name, path, s.Default, assumed)
	}
}

func equal(a, b *int) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }

func (d *drift) enum(e eventspec.Event, path string, enum eventspec.Enum, s *schema) {
	theirs := map[string]bool{}
	for _, v := range s.Enum {
		theirs[fmt.Sprint(v)] = true
	}
	for _, v := range enum.Values {
		if !theirs[v.Wire] && !d.excused(eventspec.EnumValueOurs, e.Schema, path+"="+v.Wire) {
			d.errorf("%q: %s cannot be %q", e.Name, path, v.Wire)
		}
		delete(theirs, v.Wire)
	}
	for v := range theirs {
		d.errorf("%q: %s can be %q, which events.txt lacks", e.Name, path, v)
	}
}

func (d *drift) misnomer(wrong, right string) bool {
	return slices.ContainsFunc(d.spec.Misnomers, func(m eventspec.Misnomer) bool { return m.Wrong == wrong && m.Right == right })
}

// schemas checks that every schema is either an event or known to be something else, so that a new event is noticed.
func (d *drift) schemas() {
	events := map[string]bool{}
	for _, e := range d.spec.Events {
		events[e.Schema] = true
	}
	for name := range d.doc.schemas {
		if other := d.excused(eventspec.NotAnEvent, name, ""); other == events[name] {
			d.errorf("schema %s: is an event's in events.txt: %t; is something else in exceptions.txt: %t", name, events[name], other)
		}
	}
}

// names checks that every name in a table of events is known.
func (d *drift) names() {
	names := d.doc.eventNames
	if len(names) < 8 {
		d.errorf("found only %q in tables of events", names)
	}
	for _, name := range names {
		_, known := d.spec.Event(name)
		known = known || slices.ContainsFunc(d.spec.Misnomers, func(m eventspec.Misnomer) bool { return m.Wrong == name })
		if !known {
			d.errorf("a table has the event %q", name)
		}
	}
}

// calls checks the exceptions for schemas that are not events: the schema must not have the field.
func (d *drift) calls() {
	for i, x := range d.exceptions {
		s, ok := d.doc.schemas[x.Schema]
		if x.Kind != eventspec.Ours || !ok || slices.ContainsFunc(d.spec.Events, func(e eventspec.Event) bool { return e.Schema == x.Schema }) {
			continue
		}
		fields := map[string]leaf{}
		leaves("", d.doc.flat(s), fields)
		parent, _, _ := strings.Cut(x.Path, ".")
		if _, ok := fields[parent]; !ok {
			d.errorf("schema %s has no %s at all", x.Schema, parent)
		}
		if _, ok := fields[x.Path]; !ok {
			d.used[i] = true
		}
	}
}
