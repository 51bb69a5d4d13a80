package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// handTypes are written by hand in package appapi.
var handTypes = map[string]bool{"Filter": true, "CustomerID": true, "ActivityQuery": true, "string": true, "int64": true}

// appType is a struct of answers or requests.
type appType struct {
	name, file string
	kind       string // answer, query or body
	schema     *appSchema
	parameters []appParameter // of a query
}

// appModel is all that is written.
type appModel struct {
	spec  *appSpec
	facts *appFacts
	types map[string]*appType
	order []string
	enums map[string][]any
	files map[string]string // of enums
}

func newAppModel(root string) (*appModel, error) {
	spec, err := parseAppSpec(root)
	if err != nil {
		return nil, err
	}
	facts, err := loadAppFacts(root)
	if err != nil {
		return nil, err
	}
	m := &appModel{spec, facts, map[string]*appType{}, nil, map[string][]any{}, map[string]string{}}
	if err := m.covered(); err != nil {
		return nil, err
	}
	for _, r := range spec.resources {
		for _, method := range r.methods {
			if err := m.method(r, method); err != nil {
				return nil, fmt.Errorf("spec/appapi.txt: %s.%s: %w", r.name, method.name, err)
			}
		}
	}
	return m, m.nested()
}

// covered demands that each operation of the document is typed or has a reason why not, and no other.
func (m *appModel) covered() error {
	seen := map[string]int{}
	for _, r := range m.spec.resources {
		for _, method := range r.methods {
			seen[method.verb+" "+method.path]++
		}
	}
	for _, u := range m.spec.untyped {
		seen[u.verb+" "+u.path]++
	}
	var wrong []error
	for path, verbs := range m.facts.paths {
		for verb := range verbs {
			if n := seen[verb+" "+path]; n != 1 {
				wrong = append(wrong, fmt.Errorf("spec/appapi.txt has %s %s %d times", verb, path, n))
			}
			delete(seen, verb+" "+path)
		}
	}
	for key := range seen {
		wrong = append(wrong, fmt.Errorf("spec/appapi.txt has %s, and the document has not", key))
	}
	slices.SortFunc(wrong, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(wrong...)
}

func (m *appModel) operation(method appMethod) *appOperation {
	return m.facts.paths[method.path][method.verb]
}

// method takes up the types that a method needs.
func (m *appModel) method(r appResource, method appMethod) error {
	op, file := m.operation(method), fileOf(r.name)
	if method.query != "" && !method.handQuery {
		if err := m.query(method, op, file); err != nil {
			return err
		}
	}
	for _, p := range op.Parameters {
		if enum, ok := m.spec.use("name", r.name+"."+p.Name, m.spec.names); ok && p.In == "path" {
			m.enum(enum, p.Schema, file)
		}
	}
	if method.body != "" && !handTypes[method.body] {
		s := m.facts.flat(op.RequestBody.schema())
		if method.bodyMember != "" {
			s = m.facts.flat(s.Properties[method.bodyMember])
		}
		if err := m.add(method.body, "body", file, s); err != nil {
			return err
		}
	}
	if method.answerType == "" {
		return nil
	}
	s := m.facts.flat(op.Responses["200"].schema())
	if method.answer != "" {
		for name := range strings.SplitSeq(method.answer, ".") {
			p, ok := s.Properties[name]
			if !ok {
				return fmt.Errorf("the answer has no %s", name)
			}
			s = m.facts.flat(p)
		}
	}
	name, isList := strings.CutPrefix(method.answerType, "[]")
	if isList != (s.Type == "array") {
		return fmt.Errorf("%s is %s in the document", method.answer, s.Type)
	}
	if isList {
		s = m.facts.flat(s.Items)
	}
	if handTypes[name] {
		return nil
	}
	return m.add(name, "answer", file, s)
}

// add takes up a type, or merges what another operation says of it.
func (m *appModel) add(name, kind, file string, s *appSchema) error {
	t, ok := m.types[name]
	if !ok {
		m.types[name] = &appType{name: name, file: file, kind: kind, schema: s}
		m.order = append(m.order, name)
		return nil
	}
	if t.kind != kind {
		return fmt.Errorf("%s is of a %s and of a %s", name, t.kind, kind)
	}
	t.schema = m.facts.merge(t.schema, s)
	return nil
}

func (m *appModel) enum(name string, s *appSchema, file string) {
	m.enums[name] = union(m.enums[name], s.Enum)
	if m.files[name] == "" {
		m.files[name] = file
	}
}

// query takes up the parameters that a method's query offers.
func (m *appModel) query(method appMethod, op *appOperation, file string) error {
	var offered []appParameter
	for _, p := range op.Parameters {
		if p.In != "query" || p.Name == "id_type" || method.fixed[p.Name] != "" || method.style == "page" && p.Name == "start" {
			continue
		}
		if key := method.query + "." + p.Name; m.spec.dropped[key] {
			m.spec.used["drop "+key] = true
			continue
		}
		offered = append(offered, p)
		if enum, ok := m.spec.use("name", method.query+"."+p.Name, m.spec.names); ok {
			m.enum(enum, p.Schema, file)
		}
	}
	t, ok := m.types[method.query]
	if !ok {
		m.types[method.query] = &appType{name: method.query, file: file, kind: "query", parameters: offered}
		m.order = append(m.order, method.query)
		return nil
	}
	names := func(list []appParameter) string {
		var all []string
		for _, p := range list {
			all = append(all, p.Name)
		}
		slices.Sort(all)
		return strings.Join(all, " ")
	}
	if a, b := names(t.parameters), names(offered); a != b {
		return fmt.Errorf("%s is of a method with %q, and this one has %q", method.query, a, b)
	}
	return nil
}

// nested takes up the types of members until there are no more.
func (m *appModel) nested() error {
	for done := map[string]bool{}; ; {
		again := false
		for _, name := range slices.Clone(m.order) {
			t := m.types[name]
			if t.kind == "query" {
				continue
			}
			for _, property := range slices.Sorted(maps.Keys(t.schema.Properties)) {
				key := name + "." + property
				nested, named := m.spec.names[key]
				if !named || done[key] {
					continue
				}
				done[key], again = true, true
				m.spec.used["name "+key] = true
				s := m.facts.flat(t.schema.Properties[property])
				if s.Type == "array" || s.Items != nil {
					s = m.facts.flat(s.Items)
				}
				if len(s.Enum) > 0 {
					m.enum(nested, s, t.file)
				} else if err := m.add(nested, t.kind, t.file, s); err != nil {
					return err
				}
			}
		}
		if !again {
			return nil
		}
	}
}

// goType returns the Go type of a member, and whether it is an id that is a number in JSON.
func (m *appModel) goType(owner, name string, s *appSchema) (typ string, number bool, _ error) {
	key := owner + "." + name
	s = m.facts.flat(s)
	item := s
	prefix := ""
	if s.Type == "array" {
		item, prefix = m.facts.flat(s.Items), "[]"
	}
	isID := item.Type == "integer" && !isTime(item) && (name == "id" || strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "_ids"))
	if typ, ok := m.spec.use("type", key, m.spec.types); ok {
		return typ, item.Type == "integer" && strings.HasSuffix(typ, "ID"), nil
	}
	if typ, ok := m.spec.use("name", key, m.spec.names); ok {
		return prefix + typ, false, nil
	}
	switch {
	case isID:
		return prefix + "ID", true, nil
	case isTime(item):
		return prefix + "time.Time", false, nil
	case len(item.Properties) > 0:
		return "", false, fmt.Errorf("%s is an object: spec/appapi.txt must name it", key)
	}
	switch item.Type {
	case "integer":
		return prefix + "int64", false, nil
	case "number":
		return prefix + "float64", false, nil
	case "boolean":
		return prefix + "bool", false, nil
	case "string":
		return prefix + "string", false, nil
	case "object":
		return prefix + m.mapType(item), false, nil
	}
	return "", false, fmt.Errorf("%s has no type in the document: spec/appapi.txt must give one", key)
}

func (m *appModel) mapType(s *appSchema) string {
	var additional appSchema
	switch {
	case s.Additional == nil:
		return "json.RawMessage"
	case json.Unmarshal(s.Additional, &additional) != nil:
	case isTime(&additional):
		return "map[string]time.Time"
	case additional.Type == "string":
		return "map[string]string"
	}
	return "map[string]json.RawMessage"
}

func isTime(s *appSchema) bool {
	return s.Type == "integer" && strings.EqualFold(s.Format, "unix timestamp")
}

// parameterNames are the fields of parameters whose own names say little.
var parameterNames = map[string]string{"limit": "PageSize", "start_ts": "From", "end_ts": "To", "start": "From", "end": "To"}

func (m *appModel) fieldName(owner, name string, isParameter bool) string {
	if field, ok := m.spec.use("field", owner+"."+name, m.spec.fields); ok {
		return field
	}
	if field, ok := parameterNames[name]; ok && isParameter {
		return field
	}
	return camel(name)
}

var initialisms = map[string]string{
	"id": "ID", "ids": "IDs", "url": "URL", "ip": "IP", "cio": "CIO", "bcc": "BCC", "amp": "AMP", "sdk": "SDK", "sms": "SMS",
}

// camel makes a Go name of a name in JSON.
func camel(name string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if upper, ok := initialisms[word]; ok {
			b.WriteString(upper)
			continue
		}
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// lower makes the name of a Go parameter.
func lower(name string) string {
	c := camel(name)
	if word, _, _ := strings.Cut(name, "_"); initialisms[word] != "" {
		return word + c[len(initialisms[word]):]
	}
	return strings.ToLower(c[:1]) + c[1:]
}

func fileOf(resource string) string { return strings.ToLower(resource) + "_gen.go" }
