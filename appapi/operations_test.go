package appapi

import (
	"encoding/json"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio/internal/gen/apifacts"
)

// facts is the part of the API's document that the tests need.
type facts struct {
	Paths      map[string]map[string]json.RawMessage
	Components struct{ Schemas map[string]map[string]any }
}

type documented struct {
	Parameters  []struct{ Name, In string }
	RequestBody struct {
		Content map[string]struct{ Schema map[string]any }
	}
	Responses map[string]struct {
		Content map[string]struct{ Schema map[string]any }
	}
}

func readFacts(t *testing.T) *facts {
	t.Helper()
	text, err := apifacts.Read("..", "app-api-2025-07.json")
	if err != nil {
		t.Fatal(err)
	}
	f := new(facts)
	if err := json.Unmarshal(text, f); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *facts) operation(t *testing.T, verb, path string) documented {
	t.Helper()
	var d documented
	for _, key := range []string{strings.ToLower(verb), "parameters"} {
		raw := f.Paths[path][key]
		if key == "parameters" && raw != nil {
			var shared []struct{ Name, In string }
			if err := json.Unmarshal(raw, &shared); err != nil {
				t.Fatal(err)
			}
			d.Parameters = append(d.Parameters, shared...)
		} else if raw != nil {
			if err := json.Unmarshal(raw, &d); err != nil {
				t.Fatal(err)
			}
		}
	}
	return d
}

// TestEveryOperationIsTypedOrHasAReason checks each operation of the document.
func TestEveryOperationIsTypedOrHasAReason(t *testing.T) {
	t.Parallel()
	known := map[string]string{}
	for _, op := range operations {
		known[op.method+" "+op.path] = op.name
	}
	total := 0
	for path, item := range readFacts(t).Paths {
		for verb := range item {
			key := strings.ToUpper(verb) + " " + path
			if verb == "parameters" {
				continue
			}
			total++
			if reason, ok := untyped[key]; (known[key] == "") != ok || ok && len(reason) < 20 {
				t.Errorf("%s: typed as %q, and the reason why not is %q", key, known[key], reason)
			}
		}
	}
	if total != len(operations)+len(untyped) || len(operations) < 60 {
		t.Errorf("%d operations, of which %d are typed and %d not", total, len(operations), len(untyped))
	}
}

// schemaValue returns a value that a schema allows, with additional members that the schema does not list.
func (f *facts) schemaValue(r *rand.Rand, s map[string]any, depth int) any {
	if ref, ok := s["$ref"].(string); ok {
		return f.schemaValue(r, f.Components.Schemas[ref[strings.LastIndexByte(ref, '/')+1:]], depth)
	}
	if s["nullable"] == true && r.IntN(4) == 0 {
		return nil
	}
	if values, ok := s["enum"].([]any); ok {
		return values[r.IntN(len(values))]
	}
	merged := map[string]any{}
	isObject := s["type"] == "object"
	for _, part := range partsOf(r, s) {
		if value, ok := f.schemaValue(r, part, depth).(map[string]any); ok {
			maps.Copy(merged, value)
			isObject = true
		} else if s["type"] == nil && s["properties"] == nil {
			return value
		}
	}
	if properties, ok := s["properties"].(map[string]any); ok {
		isObject = true
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			if r.IntN(8) > 0 {
				merged[name] = f.schemaValue(r, properties[name].(map[string]any), depth+1)
			}
		}
	}
	if isObject {
		if extra, ok := s["additionalProperties"].(map[string]any); ok {
			merged["key one"] = f.schemaValue(r, extra, depth+1)
		} else if depth > 0 && s["properties"] != nil {
			merged["unheard_of"] = map[string]any{"of": []any{r.IntN(9), nil, "<&>"}}
		}
		return merged
	}
	switch s["type"] {
	case "array":
		list := []any{}
		for range r.IntN(3) + 1 {
			list = append(list, f.schemaValue(r, s["items"].(map[string]any), depth+1))
		}
		return list
	case "integer":
		return r.IntN(2_000_000_000)
	case "number":
		return r.Float64()
	case "boolean":
		return r.IntN(2) == 0
	case "string":
		return [...]string{"", "text", "ü<\u2028>", "7"}[r.IntN(4)]
	}
	return map[string]any{"any": true}
}

func partsOf(r *rand.Rand, s map[string]any) (parts []map[string]any) {
	for _, keyword := range []string{"allOf", "oneOf", "anyOf"} {
		list, _ := s[keyword].([]any)
		if keyword != "allOf" && len(list) > 0 {
			list = list[r.IntN(len(list)):][:1]
		}
		for _, part := range list {
			parts = append(parts, part.(map[string]any))
		}
	}
	return parts
}

// TestEveryOperation calls each method. The request is one that the document has, and the method returns everything that was in the answer.
func TestEveryOperation(t *testing.T) {
	t.Parallel()
	f := readFacts(t)
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(4) {
				r := rand.New(rand.NewPCG(seed, 7))
				s := &scripted{t: t, op: op, doc: f.operation(t, op.method, op.path), facts: f, rand: r}
				server := httptest.NewServer(s)
				client, err := NewClient(Config{APIKey: "k", BaseURL: server.URL, RateLimit: -1})
				if err != nil {
					t.Fatal(err)
				}
				got := callByName(t, client, op.name)
				server.Close()
				if isPaged(op.name) {
					s.want = flatten(s.want)
				}
				if got == nil {
					s.want = nil // an answer without a value
				}
				if op.name == "Customers.Many" {
					s.want = customersOf(s.want)
				}
				want, _ := json.Marshal(s.want)
				have, err := json.Marshal(got)
				if err != nil || !sameJSON(have, want) {
					t.Fatalf("%v; returned\n%s\nanswered\n%s", err, have, want)
				}
			}
		})
	}
}

// scripted answers one operation, with a value made from its schema.
type scripted struct {
	t     *testing.T
	op    operation
	doc   documented
	facts *facts
	rand  *rand.Rand
	calls int
	want  []any // what the answers contain if the operation checks it
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.calls++
	if r.Method != s.op.method || !fits(r.URL.EscapedPath(), s.op.path) {
		s.t.Errorf("%s %s, want %s %s", r.Method, r.URL.EscapedPath(), s.op.method, s.op.path)
	}
	for name := range r.URL.Query() {
		known := slices.ContainsFunc(s.doc.Parameters, func(p struct{ Name, In string }) bool { return p.In == "query" && p.Name == name })
		if !known && !(s.op.name == "Customers.Relationships" && name == "id_type") {
			s.t.Errorf("%s: the document has no parameter %s", s.op.name, name)
		}
	}
	body, _ := io.ReadAll(r.Body)
	schema := s.doc.RequestBody.Content["application/json"].Schema
	if (schema != nil) != (len(body) > 0) {
		s.t.Errorf("%s: the body is %q", s.op.name, body)
	} else if schema != nil {
		var v any
		if json.Unmarshal(body, &v) != nil || !s.facts.allows(schema, v) {
			s.t.Errorf("%s: the document does not allow %s", s.op.name, body)
		}
	}
	answer := s.doc.Responses["200"].Content["application/json"].Schema
	if answer == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	value := s.facts.schemaValue(s.rand, answer, 0).(map[string]any)
	into := value
	names := strings.Split(s.op.answer, ".")
	for i, name := range names {
		if s.op.answer == "" {
			s.want = append(s.want, any(value))
			break
		}
		if value[name] == nil || name == "customers" || name == "results" {
			value[name] = s.facts.schemaValue(rand.New(rand.NewPCG(1, 2)), member1(s.facts, answer, name), 1)
		}
		if i == len(names)-1 {
			s.want = append(s.want, into[name])
		}
	}
	delete(value, "next")
	if s.calls == 1 && slices.ContainsFunc(s.doc.Parameters, func(p struct{ Name, In string }) bool { return p.Name == "start" && p.In == "query" }) && isPaged(s.op.name) {
		value["next"] = "page two"
	}
	if strings.HasSuffix(s.op.path, "{suppression_type}") && s.calls == 2 { // the end of paging by offsets
		value["suppressions"], s.want = []any{}, s.want[:1]
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

func member1(f *facts, s map[string]any, name string) map[string]any {
	if ref, ok := s["$ref"].(string); ok {
		return member1(f, f.Components.Schemas[ref[strings.LastIndexByte(ref, '/')+1:]], name)
	}
	if p, ok := s["properties"].(map[string]any); ok {
		if m, ok := p[name].(map[string]any); ok {
			return m
		}
	}
	for _, part := range partsOf(rand.New(rand.NewPCG(1, 1)), s) {
		if m := member1(f, part, name); m != nil {
			return m
		}
	}
	return nil
}

func isPaged(name string) bool {
	m := methodByName(new(Client), name).Type()
	return m.NumOut() == 1 && m.Out(0).Kind() == reflect.Func
}

// fits reports whether a path has the form of a documented path.
func fits(path, documented string) bool {
	have, want := strings.Split(path, "/"), strings.Split(documented, "/")
	return len(have) == len(want) && !slices.ContainsFunc(want, func(part string) bool {
		i := slices.Index(want, part)
		return part[:min(1, len(part))] != "{" && have[i] != part
	})
}

// allows is a simple check of a body: it has only known members, with the right types, and all required ones.
func (f *facts) allows(s map[string]any, v any) bool {
	if ref, ok := s["$ref"].(string); ok {
		return f.allows(f.Components.Schemas[ref[strings.LastIndexByte(ref, '/')+1:]], v)
	}
	for _, keyword := range []string{"oneOf", "anyOf"} {
		if list, ok := s[keyword].([]any); ok {
			return slices.ContainsFunc(list, func(part any) bool { return f.allows(part.(map[string]any), v) })
		}
	}
	if list, ok := s["allOf"].([]any); ok { // its parts have different members
		all := map[string]any{"type": "object", "properties": map[string]any{}}
		for _, part := range list {
			maps.Copy(all["properties"].(map[string]any), part.(map[string]any)["properties"].(map[string]any))
		}
		return f.allows(all, v)
	}
	switch v := v.(type) {
	case map[string]any:
		properties, _ := s["properties"].(map[string]any)
		required, _ := s["required"].([]any)
		for _, name := range required {
			if _, ok := v[name.(string)]; !ok {
				return false
			}
		}
		for name, value := range v {
			p, ok := properties[name].(map[string]any)
			if !ok || !f.allows(p, value) {
				return false
			}
		}
		return true
	case []any:
		items, _ := s["items"].(map[string]any)
		return s["type"] == "array" && !slices.ContainsFunc(v, func(item any) bool { return !f.allows(items, item) })
	case string:
		values, isEnum := s["enum"].([]any)
		return s["type"] == "string" && (!isEnum || slices.Contains(values, any(v)))
	case float64:
		return s["type"] == "integer" || s["type"] == "number"
	case bool:
		return s["type"] == "boolean"
	}
	return false
}

func methodByName(c *Client, name string) reflect.Value {
	resource, method, _ := strings.Cut(name, ".")
	on := reflect.ValueOf(c)
	if resource != "Client" {
		on = on.MethodByName(resource).Call(nil)[0]
	}
	return on.MethodByName(method)
}

// callByName calls a method with a value for each argument. It returns the method's results, one value for each answer.
func callByName(t *testing.T, c *Client, name string) []any {
	t.Helper()
	m := methodByName(c, name)
	args := []reflect.Value{reflect.ValueOf(t.Context())}
	for i := 1; i < m.Type().NumIn(); i++ {
		typ := m.Type().In(i)
		if m.Type().IsVariadic() && i == m.Type().NumIn()-1 {
			typ = typ.Elem()
		}
		args = append(args, argument(typ))
	}
	out := m.Call(args)
	if last, ok := out[len(out)-1].Interface().(error); ok && last != nil {
		t.Fatal(last)
	}
	switch {
	case len(out) == 2:
		return []any{out[0].Interface()}
	case out[0].Kind() != reflect.Func:
		return nil
	}
	items := []any{}
	for item, err := range out[0].Seq2() {
		if e, ok := err.Interface().(error); ok && e != nil {
			t.Fatal(e)
		}
		items = append(items, item.Interface())
	}
	return []any{items}
}

// argument returns a value of the type of an argument.
func argument(typ reflect.Type) reflect.Value {
	v := reflect.New(typ).Elem()
	switch typ {
	case reflect.TypeFor[CustomerID]():
		return reflect.ValueOf(ByEmail("a/b+c @example.com"))
	case reflect.TypeFor[Filter]():
		return reflect.ValueOf(All(AttributeIs("plan", "pro"), Any(HasAttribute("email"), AttributeIs("a", "b"))))
	case reflect.TypeFor[ObjectSearch]():
		return reflect.ValueOf(ObjectSearch{TypeID: "2", Filter: Not(AttributeIs("plan", "pro")), PageSize: 3})
	case reflect.TypeFor[time.Time]():
		return reflect.ValueOf(time.Unix(1_700_000_000, 0))
	case reflect.TypeFor[DeliveryExport]():
		return reflect.ValueOf(DeliveryExport{CampaignID: "7", From: time.Unix(1, 0), Metric: MetricSent, Attributes: []string{"a"}})
	case reflect.TypeFor[ImportType](), reflect.TypeFor[ImportScope]():
		return reflect.ValueOf(map[bool]any{true: ImportTypePeople, false: ImportScopeAll}[typ == reflect.TypeFor[ImportType]()])
	case reflect.TypeFor[NewImport]():
		return reflect.ValueOf(NewImport{Type: ImportTypePeople, Name: "n", Identifier: "id", DataFileURL: "https://example.com/a.csv", DataToProcess: ImportScopeAll})
	case reflect.TypeFor[ID]():
		return reflect.ValueOf(ID("7"))
	}
	switch typ.Kind() {
	case reflect.String:
		v.SetString("a/../b")
	case reflect.Int:
		v.SetInt(5)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Struct:
		for i := range typ.NumField() {
			if typ.Field(i).IsExported() {
				v.Field(i).Set(argument(typ.Field(i).Type))
			}
		}
	}
	return v
}

// customersOf returns the people without the entries around them.
func customersOf(want []any) []any {
	all := []any{}
	for _, entry := range want[0].([]any) {
		if customer := entry.(map[string]any)["customer"]; customer != nil {
			all = append(all, customer)
		} else {
			all = append(all, map[string]any{})
		}
	}
	return []any{all}
}

// flatten joins the answers of two pages, as the iterator does.
func flatten(want []any) []any {
	if len(want) == 0 {
		return nil
	}
	all := []any{}
	for _, page := range want {
		all = append(all, page.([]any)...)
	}
	return []any{all}
}
