package appapi

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// activityOf reads an activity with this data.
func activityOf(t *testing.T, typ, data string) Activity {
	t.Helper()
	var a Activity
	if err := json.Unmarshal([]byte(`{"type":"`+typ+`","data":`+data+`}`), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestActivityData(t *testing.T) {
	t.Parallel()
	a := activityOf(t, ActivityAttributeChange, `{"plan":{"from":"basic","to":"pro"},"n":{"from":1,"to":null}}`)
	if c, err := a.Changes(); err != nil || c["plan"] != (Change{"basic", "pro"}) || c["n"] != (Change{"1", ""}) || len(c) != 2 {
		t.Errorf("%v, %v", c, err)
	}
	for _, data := range []string{`[1]`, `{"plan":"pro"}`, `7`} {
		if _, err := activityOf(t, ActivityAttributeChange, data).Changes(); err == nil {
			t.Errorf("%s is a change", data)
		}
	}
	if c, err := activityOf(t, ActivityEvent, `[1]`).Changes(); c != nil || err != nil {
		t.Errorf("%v, %v", c, err)
	}
	d, ok := activityOf(t, "opened_email", `{"delivery_id":"m1","delivered":1700000000,"opened":true,"more":[1]}`).Data.Delivery()
	if !ok || d.DeliveryID != "m1" || !d.Opened || !d.Delivered.Equal(time.Unix(1_700_000_000, 0)) || string(d.Extra.Get("more")) != "[1]" {
		t.Errorf("%+v, %t", d, ok)
	}
	event := activityOf(t, ActivityEvent, `{"total":9.50}`)
	if _, ok := event.Data.Delivery(); ok || string(event.Data.Properties()["total"]) != "9.50" || string(event.Data.JSON()) != `{"total":9.50}` {
		t.Errorf("%v, %t", event.Data, ok)
	}
	none := activityOf(t, ActivityEvent, `null`)
	if c, err := none.Data.Changes(); none.Data != (ActivityData{}) || none.Data.JSON() != nil || none.Data.Properties() != nil || c != nil || err != nil {
		t.Errorf("null is %v", none.Data)
	}
	if err := new(ActivityData).UnmarshalJSON([]byte("{")); err == nil {
		t.Error("half an object is data")
	}
}

// Headers come as the document describes them, as a list of names and values, or not at all. They are written in the form in which they came.
func TestHeaders(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]map[string]string{
		`{"headers":{"X-A":"1"}}`:                  {"X-A": "1"},
		`{"headers":[{"name":"X-A","value":"1"}]}`: {"X-A": "1"},
		`{"headers":[]}`:                           {},
		`{"headers":""}`:                           {},
		`{"headers":null}`:                         nil,
	} {
		var c Content
		if err := json.Unmarshal([]byte(text), &c); err != nil || !reflect.DeepEqual(c.Headers, want) {
			t.Errorf("%s: %v, %v", text, c.Headers, err)
		}
		if again, err := json.Marshal(c); err != nil || !sameJSON(again, []byte(text)) {
			t.Errorf("%s became %s, %v", text, again, err)
		}
	}
	for _, text := range []string{`{"headers":[1]}`, `{"headers":[{"name":"a"}]}`, `{"headers":"secret"}`} {
		if err := json.Unmarshal([]byte(text), new(Content)); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// If the document gives a type, no field of an answer has a type that accepts everything: the test compares the types with the schemas, member by
// member.
func TestNoAnswerIsUntyped(t *testing.T) {
	t.Parallel()
	f := readFacts(t)
	seen, untypedMembers := 0, 0
	var walk func(place string, typ reflect.Type, s map[string]any)
	walk = func(place string, typ reflect.Type, s map[string]any) {
		if typ.Kind() == reflect.Slice && typ != rawType {
			items, _ := f.resolved(s)["items"].(map[string]any)
			walk(place+"[]", typ.Elem(), items)
			return
		}
		if typ.Kind() == reflect.Interface {
			t.Errorf("%s is %s", place, typ)
		}
		if typ == rawType || typ == reflect.TypeFor[map[string]json.RawMessage]() {
			untypedMembers++
			if f.hasType(s) {
				t.Errorf("%s is %s, and the document has a type: %v", place, typ, s)
			}
		}
		if typ.Kind() != reflect.Struct || typ == timeType || typ == dataType {
			return
		}
		for _, m := range shapeOf(typ).members {
			seen++
			if p := f.member(s, m.name); p != nil {
				walk(place+"."+m.name, typ.Field(m.index).Type, p)
			} else if field := typ.Field(m.index).Type; field == rawType || field.Kind() == reflect.Interface {
				t.Errorf("%s.%s is %s", place, m.name, field)
			}
		}
	}
	for _, op := range operations {
		s := f.operation(t, op.method, op.path).Responses["200"].Content["application/json"].Schema
		if s == nil {
			continue
		}
		if op.answer != "" {
			for name := range strings.SplitSeq(op.answer, ".") {
				s = f.member(s, name)
			}
		}
		out := methodByName(new(Client), op.name).Type()
		if out.NumOut() == 1 && out.Out(0).Kind() != reflect.Func {
			continue // the method returns no value
		}
		typ := out.Out(0)
		if typ.Kind() == reflect.Func { // it returns an iterator, of items
			typ = reflect.SliceOf(typ.In(0).In(0))
		}
		if op.name == "Customers.Many" {
			typ = reflect.TypeFor[[]CustomerEntry]()
		}
		walk(op.name, typ, s)
	}
	if seen < 700 || untypedMembers == 0 {
		t.Errorf("only %d members were checked, %d of them without a type in the document", seen, untypedMembers)
	}
}

// member returns the member of a schema, or of any of its parts and alternatives.
func (f *facts) member(s map[string]any, name string) map[string]any {
	s = f.resolved(s)
	properties, _ := s["properties"].(map[string]any)
	if m, ok := properties[name].(map[string]any); ok {
		return m
	}
	for _, keyword := range []string{"allOf", "oneOf", "anyOf"} {
		list, _ := s[keyword].([]any)
		for _, part := range list {
			if m := f.member(part.(map[string]any), name); m != nil {
				return m
			}
		}
	}
	return nil
}

// resolved follows a reference.
func (f *facts) resolved(s map[string]any) map[string]any {
	if ref, ok := s["$ref"].(string); ok {
		return f.resolved(f.Components.Schemas[ref[strings.LastIndexByte(ref, '/')+1:]])
	}
	return s
}

// hasType reports whether a schema describes its contents. An object without members can contain anything.
func (f *facts) hasType(s map[string]any) bool {
	s = f.resolved(s)
	if extra, ok := s["additionalProperties"].(map[string]any); ok && len(extra) > 0 || s["properties"] != nil || s["items"] != nil {
		return true
	}
	for _, keyword := range []string{"allOf", "oneOf", "anyOf"} {
		list, _ := s[keyword].([]any)
		if slices.ContainsFunc(list, func(part any) bool { return f.hasType(part.(map[string]any)) }) {
			return true
		}
	}
	return s["type"] != nil && s["type"] != "object"
}
