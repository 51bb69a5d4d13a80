package spectest

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/ciokit/cio/internal/gen/eventspec"
)

func loadSpec(t *testing.T) (*eventspec.Spec, eventspec.Exceptions) {
	t.Helper()
	read := func(name string) (string, string) {
		path := filepath.Join(root, "spec", name)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return path, string(b)
	}
	spec, err := eventspec.Parse(read("events.txt"))
	if err != nil {
		t.Fatal(err)
	}
	exceptions, err := eventspec.ParseExceptions(read("exceptions.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return spec, exceptions
}

// golden returns a golden file of package events in the form that the schema describes: a track call, or only the properties. Each call returns a new
// tree.
func golden(t *testing.T, e eventspec.Event, kind string, envelope bool) map[string]any {
	t.Helper()
	path := filepath.Join(root, "events", "testdata", "golden", strings.ToLower(strings.ReplaceAll(e.Name, " ", "_"))+"."+kind+".json")
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	tree, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	message := tree.(map[string]any)
	if !envelope {
		return message["properties"].(map[string]any)
	}
	id := e.By
	if id == "" {
		id = "userId"
	}
	message[id] = "u1"
	message["type"] = "track"
	message["timestamp"] = "2026-03-01T12:30:00Z"
	return message
}

// eachEvent calls f for every event that the document describes.
func eachEvent(t *testing.T, spec *eventspec.Spec, d *document, f func(e eventspec.Event, envelope bool)) {
	t.Helper()
	n := 0
	for _, e := range spec.Events {
		if s, ok := d.schema(e.Schema); ok {
			n++
			f(e, isEnvelope(s))
		}
	}
	if want := documentNames[d.name]; n != want {
		t.Errorf("%s describes %d events, want %d", d.name, n, want)
	}
}

// TestEventsAreValid validates every event with all its fields, and without fields. Without fields, an event is invalid if the schema requires
// something.
func TestEventsAreValid(t *testing.T) {
	t.Parallel()
	spec, exceptions := loadSpec(t)
	for name := range documentNames {
		d := openDocument(t, name)
		for _, e := range spec.Events {
			d.repair(exceptions, e.Schema)
		}
		v := newValidators(t, d)
		eachEvent(t, spec, d, func(e eventspec.Event, envelope bool) {
			s := v.schema(t, e.Schema)
			if err := s.Validate(golden(t, e, "all", envelope)); err != nil {
				t.Errorf("%s: %q with all fields: %v", name, e.Name, err)
			}
			err := s.Validate(golden(t, e, "none", envelope))
			if required := requiredByBoth(e, exceptions); (err != nil) != required {
				t.Errorf("%s: %q without fields: %v, want an error: %t", name, e.Name, err, required)
			}
		})
	}
}

// requiredByBoth reports whether the schema requires a field that events.txt also requires.
func requiredByBoth(e eventspec.Event, exceptions eventspec.Exceptions) bool {
	return slices.ContainsFunc(slices.Concat(e.Properties, e.Context), func(f eventspec.Field) bool {
		_, oursAlone := exceptions.Find(eventspec.Required, e.Schema, f.Path)
		return f.Required && !oursAlone
	})
}

// TestRepairsAreNeeded validates against the unchanged schemas. A schema that exceptions.txt calls contradictory must reject even an event with all
// fields.
func TestRepairsAreNeeded(t *testing.T) {
	t.Parallel()
	spec, exceptions := loadSpec(t)
	for name := range documentNames {
		d := openDocument(t, name)
		v := newValidators(t, d)
		eachEvent(t, spec, d, func(e eventspec.Event, envelope bool) {
			_, contradictory := exceptions.Find(eventspec.OneOf, e.Schema, "")
			for _, x := range exceptions {
				contradictory = contradictory || x.Kind == eventspec.Theirs && x.Schema == e.Schema
			}
			err := v.schema(t, e.Schema).Validate(golden(t, e, "all", envelope))
			if (err != nil) != contradictory {
				t.Errorf("%s: %q: %v, want an error: %t", name, e.Name, err, contradictory)
			}
		})
	}
}

// TestValidatorSeesEveryField puts a value of the wrong type into each field of each event in turn. If the event is still valid, the schema does not
// have the name of the field.
func TestValidatorSeesEveryField(t *testing.T) {
	t.Parallel()
	spec, exceptions := loadSpec(t)
	for name := range documentNames {
		d := openDocument(t, name)
		for _, e := range spec.Events {
			d.repair(exceptions, e.Schema)
		}
		v := newValidators(t, d)
		spoilt := 0
		eachEvent(t, spec, d, func(e eventspec.Event, envelope bool) {
			s := v.schema(t, e.Schema)
			for _, path := range fieldPaths(spec, e, envelope) {
				message := golden(t, e, "all", envelope)
				spoil(t, message, path)
				err := s.Validate(message)
				listed := strings.TrimPrefix(strings.Join(path, "."), "properties.")
				if _, unknown := exceptions.Find(eventspec.Ours, e.Schema, listed); (err == nil) != unknown {
					t.Errorf("%s: %q with %s of the wrong type: %v, want an error: %t", name, e.Name, listed, err, !unknown)
				}
				spoilt++
			}
		})
		if spoilt < documentNames[name] {
			t.Errorf("%s: only %d fields tried", name, spoilt)
		}
	}
}

// fieldPaths returns the path of every named field in the golden file. For objects in lists, the path goes through the first item.
func fieldPaths(spec *eventspec.Spec, e eventspec.Event, envelope bool) [][]string {
	var paths [][]string
	for _, f := range e.Properties {
		path := []string{f.Name}
		if envelope {
			path = []string{"properties", f.Name}
		}
		paths = append(paths, path)
		o, _ := spec.Object(f.Type)
		for _, member := range o.Fields {
			paths = append(paths, slices.Concat(path, []string{member.Name}))
		}
	}
	for _, f := range e.Context {
		paths = append(paths, strings.Split(f.Path, "."))
	}
	return paths
}

// spoil replaces the value at path with one of another type.
func spoil(t *testing.T, message map[string]any, path []string) {
	t.Helper()
	at := message
	for _, segment := range path[:len(path)-1] {
		next := at[segment]
		if list, ok := next.([]any); ok {
			next = list[0]
		}
		object, ok := next.(map[string]any)
		if !ok {
			t.Fatalf("no object %s of %v in the golden file, only %v", segment, path, slices.Sorted(maps.Keys(at)))
		}
		at = object
	}
	last := path[len(path)-1]
	switch at[last].(type) {
	case nil:
		t.Fatalf("no %v in the golden file", path)
	case string:
		at[last] = json.Number("17")
	default:
		at[last] = "seventeen"
	}
}

func TestPermitNull(t *testing.T) {
	t.Parallel()
	const text = `{"anyOf":[{"type":"integer","nullable":true,"enum":[1,2]},{"type":"string","nullable":false}]}`
	tree, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	permitNull(tree)
	got, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"anyOf":[{"enum":[1,2,null],"type":["integer","null"]},{"nullable":false,"type":"string"}]}`; string(got) != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
