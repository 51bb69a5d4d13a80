package spectest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/ciokit/cio/internal/gen/eventspec"
)

// callTypes are the calls whose requests both documents describe.
var callTypes = []string{"identify", "track", "page", "screen", "group", "alias"}

// refused are the golden messages that the schemas reject although Customer.io accepts them.
var refused = map[string]string{
	"identify.by_email": "The description of the call allows empty ids with traits.email; the schema demands an id (docs/rules.md#fields-and-identity).",
}

// refusedInBatch are the golden messages that the schema of a batch rejects, in addition to those that every schema rejects.
var refusedInBatch = map[string]string{
	"alias.all":        "The schema leaves aliases out; Customer.io's own SDKs send them in batches, and two of them nowhere else (docs/rules.md#batches).",
	"alias.least":      "As alias.all.",
	"group.least":      "The schema demands an id of a person, which that of the call does not; Customer.io's SDKs for Go and Python send groups without one, in batches only (docs/rules.md#fields-and-identity).",
	"set_object.all":   "As group.least.",
	"set_object.least": "As group.least.",
}

// unknownMembers are members of golden messages that are in no schema of their call.
var unknownMembers = map[string]string{
	"context.library": "In the samples of both documents, and sent by every SDK, in no schema.",
	"category":        "The schema has properties.category for a page; SDKs send it at the top level too, for pages and screens (docs/rules.md#fields-and-identity).",
}

// messages returns the golden messages of package cio by the names of their files. Each call returns new trees.
func messages(t *testing.T) map[string]map[string]any {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "testdata", "golden", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d golden messages, %v", len(files), err)
	}
	all := map[string]map[string]any{}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := jsonschema.UnmarshalJSON(f)
		_ = f.Close()
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = tree.(map[string]any)
	}
	return all
}

// requestSchema returns the schema of a call's body.
func (d *document) requestSchema(call string) any {
	at := d.tree["paths"].(map[string]any)["/"+call]
	for _, name := range []string{"post", "requestBody", "content", "application/json", "schema"} {
		at = at.(map[string]any)[name]
	}
	return at
}

// repairCalls changes what no message can satisfy. The schemas of calls have alternatives, and exactly one of them must fit. But a message with both
// ids fits the one for known and the one for anonymous people, a command also fits the one for custom events, and any context fits the ones for
// browsers and phones, because they require nothing. So after the repair one alternative is enough, and a context must fit all of them, which checks
// the types of all members that they name.
func repairCalls(v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			repairCalls(value)
			if context, ok := value.(map[string]any); ok && name == "context" {
				rename(context, "anyOf", "allOf")
			}
		}
		rename(v, "oneOf", "anyOf")
	case []any:
		for _, value := range v {
			repairCalls(value)
		}
	}
}

func rename(schema map[string]any, from, to string) {
	if alternatives, ok := schema[from].([]any); ok && schema[to] == nil {
		schema[to] = alternatives
		delete(schema, from)
	}
}

// request compiles the schema of a call's body. For an alias it uses the component that adds the members of all calls, because the body's own schema
// has only the two ids.
func (v *validators) request(t *testing.T, call string) *jsonschema.Schema {
	t.Helper()
	if call == "alias" {
		return v.schema(t, "alias_all")
	}
	s, err := v.compiler.Compile("https://customer.io/" + v.doc.name + "#/paths/~1" + call + "/post/requestBody/content/application~1json/schema")
	if err != nil {
		t.Fatalf("%s: the request of %s: %v", v.doc.name, call, err)
	}
	return s
}

// TestMessagesAreValid validates every golden message as the body of its call and in a batch. It also validates each command by the schema of its
// event.
func TestMessagesAreValid(t *testing.T) {
	t.Parallel()
	spec, exceptions := loadSpec(t)
	for name := range documentNames {
		d := openDocument(t, name)
		for _, e := range spec.Events {
			d.repair(exceptions, e.Schema)
		}
		repairCalls(d.tree)
		v := newValidators(t, d)
		checked := map[string]int{}
		batchSchema := v.request(t, "batch")
		var batch []any
		for file, message := range messages(t) {
			call := message["type"].(string)
			checked[call]++
			err := v.request(t, call).Validate(message)
			if _, listed := refused[file]; (err != nil) != listed {
				t.Errorf("%s: %s: %v, want an error: %t", name, file, err, listed)
			}
			if call == "track" {
				checkCommand(t, v, spec, exceptions, file, message)
			}
			err = batchSchema.Validate(map[string]any{"batch": []any{message}})
			if listed := refused[file]+refusedInBatch[file] != ""; (err != nil) != listed {
				t.Errorf("%s: %s in a batch: %v, want an error: %t", name, file, err, listed)
			}
			if err == nil {
				batch = append(batch, message)
			}
		}
		for _, call := range callTypes {
			if checked[call] < 2 {
				t.Errorf("%d golden messages of %s", checked[call], call)
			}
		}
		if err := batchSchema.Validate(map[string]any{"batch": batch}); err != nil {
			t.Errorf("%s: a batch of %d: %v", name, len(batch), err)
		}
	}
}

// checkCommand validates a track call by the schema of its event, if the event is a command.
func checkCommand(t *testing.T, v *validators, spec *eventspec.Spec, exceptions eventspec.Exceptions, file string, message map[string]any) {
	t.Helper()
	e, ok := spec.Event(message["event"].(string))
	if !ok || !e.Acts {
		return
	}
	s, ok := v.doc.schema(e.Schema)
	if !ok || !isEnvelope(s) {
		t.Fatalf("%s: no schema %s of a whole message", v.doc.name, e.Schema)
	}
	if err := v.schema(t, e.Schema).Validate(message); err != nil {
		t.Errorf("%s: %s by the schema %s: %v", v.doc.name, file, e.Schema, err)
	}
	// All properties of a command are known, except those of a device, which are its attributes.
	members, _ := s["properties"].(map[string]any)["properties"].(map[string]any)
	known, named := members["properties"].(map[string]any)
	properties, _ := message["properties"].(map[string]any)
	for name := range properties {
		_, listed := exceptions.Find(eventspec.Ours, e.Schema, name)
		if _, ok := known[name]; named && !ok && !listed {
			t.Errorf("%s: %s: the schema %s has no property %s", v.doc.name, file, e.Schema, name)
		}
	}
}

// TestCallRepairsAreNeeded validates against the unchanged schemas of calls. Each schema rejects its own full message, because it fits more than one
// alternative. A page or screen call that has one id and one kind of context fits only one.
func TestCallRepairsAreNeeded(t *testing.T) {
	t.Parallel()
	for name := range documentNames {
		v := newValidators(t, openDocument(t, name))
		golden := messages(t)
		for _, call := range callTypes {
			if v.request(t, call).Validate(golden[call+".all"]) == nil {
				t.Errorf("%s: %s needs no repair any more", name, call)
			}
		}
		for _, call := range []string{"page", "screen"} {
			if err := v.request(t, call).Validate(golden[call+".least"]); err != nil {
				t.Errorf("%s: %s: %v", name, call, err)
			}
		}
	}
}

// TestEveryMemberIsKnown searches for every member of every golden message in the schema of its call or of its command. In traits, properties and
// integrations any name is allowed if the schema says so.
func TestEveryMemberIsKnown(t *testing.T) {
	t.Parallel()
	spec, _ := loadSpec(t)
	needed := map[string]bool{}
	for name := range documentNames {
		d := openDocument(t, name)
		for file, message := range messages(t) {
			call := message["type"].(string)
			schemas := []any{d.requestSchema(call)}
			if call == "alias" {
				all, _ := d.schema("alias_all")
				schemas = append(schemas, all)
			}
			if event, _ := message["event"].(string); event != "" {
				if e, ok := spec.Event(event); ok {
					s, ok := d.schema(e.Schema)
					if !ok {
						continue // the document does not describe the event
					}
					if isEnvelope(s) {
						schemas = append(schemas, s)
					}
				}
			}
			for _, path := range unknown(d, schemas, message, "") {
				if unknownMembers[path] == "" {
					t.Errorf("%s: %s: no schema has %s", name, file, path)
				}
				needed[path] = true
			}
		}
	}
	for path := range unknownMembers {
		if len(needed) > 0 && !needed[path] {
			t.Errorf("the schemas of its calls have %s: it needs no exception any more", path)
		}
	}
}

// unknown returns the paths of the members that none of the schemas names. It does not check what is inside an unknown member.
func unknown(d *document, schemas []any, object map[string]any, path string) []string {
	var paths []string
	for name, value := range object {
		var of []any
		open := false
		for _, s := range schemas {
			found, free := d.member(s, name)
			of, open = append(of, found...), open || free
		}
		if len(of) == 0 {
			free := slices.Contains([]string{"traits", "properties", "integrations"}, strings.Split(path, ".")[0])
			if !open || !free {
				paths = append(paths, path+name)
			}
			continue
		}
		if inner, ok := value.(map[string]any); ok {
			paths = append(paths, unknown(d, of, inner, path+name+".")...)
		}
	}
	return paths
}

// member returns every schema that a part or an alternative of the schema has for the member. open says that some part allows further members, or
// names none.
func (d *document) member(schema any, name string) (of []any, open bool) {
	s, _ := schema.(map[string]any)
	if ref, ok := s["$ref"].(string); ok {
		target, _ := d.schema(strings.TrimPrefix(ref, "#/components/schemas/"))
		return d.member(target, name)
	}
	for _, keyword := range []string{"allOf", "oneOf", "anyOf"} {
		parts, _ := s[keyword].([]any)
		for _, part := range parts {
			found, free := d.member(part, name)
			of, open = append(of, found...), open || free
		}
	}
	members, named := s["properties"].(map[string]any)
	_, further := s["additionalProperties"]
	open = open || further || s["type"] == "object" && !named
	if m, ok := members[name]; ok {
		of = append(of, m)
	}
	return of, open
}

// TestValidatorSeesEveryMember puts a value of the wrong type into each known member of the six calls in turn. If the message is still valid, the
// validator does not check that member.
func TestValidatorSeesEveryMember(t *testing.T) {
	t.Parallel()
	for name := range documentNames {
		original := openDocument(t, name)
		d := openDocument(t, name)
		repairCalls(d.tree)
		v := newValidators(t, d)
		for _, call := range callTypes {
			schemas := []any{original.requestSchema(call)}
			if call == "alias" {
				all, _ := original.schema("alias_all")
				schemas = append(schemas, all)
			}
			request := v.request(t, call)
			spoilt := 0
			for _, path := range knownPaths(original, schemas, messages(t)[call+".all"], nil) {
				message := messages(t)[call+".all"]
				other := "anonymousId" // with it the message would fit the other alternative
				if path[0] == other {
					other = "userId"
				}
				delete(message, other)
				if call == "group" && (path[0] == "userId" || path[0] == "anonymousId") {
					continue // neither alternative requires its id, so the other one always fits
				}
				spoil(t, message, path)
				if err := request.Validate(message); err == nil {
					t.Errorf("%s: %s with %s of the wrong type is valid", name, call, strings.Join(path, "."))
				}
				spoilt++
			}
			if spoilt < 5 {
				t.Errorf("%s: only %d members of %s tried", name, spoilt, call)
			}
		}
	}
}

// knownPaths returns the paths of the members that some schema names, including those of objects.
func knownPaths(d *document, schemas []any, object map[string]any, prefix []string) [][]string {
	var paths [][]string
	for name, value := range object {
		var of []any
		for _, s := range schemas {
			found, _ := d.member(s, name)
			of = append(of, found...)
		}
		if len(of) == 0 {
			continue
		}
		path := slices.Concat(prefix, []string{name})
		paths = append(paths, path)
		if inner, ok := value.(map[string]any); ok {
			paths = append(paths, knownPaths(d, of, inner, path)...)
		}
	}
	return paths
}

func TestRepairCalls(t *testing.T) {
	t.Parallel()
	const text = `{"oneOf":[{"properties":{"context":{"oneOf":[1,2]},"id":{"oneOf":[3]}}}]}`
	tree, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	repairCalls(tree)
	got, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"anyOf":[{"properties":{"context":{"allOf":[1,2]},"id":{"anyOf":[3]}}}]}`; string(got) != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
