package main

import (
	"fmt"
	"go/format"
	"maps"
	"slices"
	"strings"
)

// generateApp returns the files of package appapi that the facts of the App API's document and the names of spec/appapi.txt give rise to.
func generateApp(root string) ([]file, error) {
	m, err := newAppModel(root)
	if err != nil {
		return nil, err
	}
	bodies := map[string]*source{}
	names := []string{}
	of := func(name string) *source {
		if bodies[name] == nil {
			bodies[name] = &source{}
			names = append(names, name)
		}
		return bodies[name]
	}
	for _, r := range m.spec.resources {
		m.resource(of(fileOf(r.name)), r)
	}
	for _, name := range m.order {
		t := m.types[name]
		write := m.structType
		if t.kind == "query" {
			write = m.queryType
		}
		if err := write(of(t.file), t); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.enums)) {
		m.enumType(of(m.files[name]), name)
	}
	m.operations(of("operations_gen.go"))
	if unused := m.spec.unused(); len(unused) > 0 {
		slices.Sort(unused)
		return nil, fmt.Errorf("spec/appapi.txt has lines that nothing needs: %s", strings.Join(unused, ", "))
	}
	var files []file
	for _, name := range names {
		content, err := m.goFile(bodies[name].buf.String())
		if err != nil {
			return nil, fmt.Errorf("appapi/%s: %w", name, err)
		}
		files = append(files, file{"appapi/" + name, content})
	}
	canned, err := cannedAnswers(m.facts)
	if err != nil {
		return nil, err
	}
	files = append(files, file{"appapi/answers_gen_test.go", m.answerTest()}, file{"docs/app-api-operations.md", m.table()}, canned)
	return files, nil
}

const appHead = "// Code generated from spec/appapi.txt and spec/facts by internal/gen. DO NOT EDIT.\n\npackage %s\n\n"

// goFile puts the head and the imports before the code.
func (m *appModel) goFile(code string) ([]byte, error) {
	s := &source{}
	s.printf(appHead, "appapi")
	var imports []string
	for path, mark := range map[string]string{"context": "context.Context", "encoding/json": "json.", "iter": "iter.Seq2", "net/url": "url.Values", "time": "time.Time"} {
		if strings.Contains(code, mark) {
			imports = append(imports, path)
		}
	}
	slices.Sort(imports)
	if len(imports) > 0 {
		s.printf("import (\n")
		for _, path := range imports {
			s.printf("%q\n", path)
		}
		s.printf(")\n\n")
	}
	s.printf("%s", code)
	return format.Source(s.buf.Bytes())
}

func (m *appModel) resource(s *source, r appResource) {
	if r.name != "Client" {
		s.comment("", r.name+" gives access to "+r.doc+".")
		s.printf("type %s struct{ client *Client }\n\n", r.name)
		s.comment("", r.name+" gives access to "+r.doc+".")
		s.printf("func (c *Client) %s() %s { return %s{c} }\n\n", r.name, r.name, r.name)
	}
	for _, method := range r.methods {
		if method.style != "hand" {
			m.methodCode(s, r, method)
		}
	}
}

func operationName(r appResource, method appMethod) string { return "op" + r.name + method.name }

// methodCode writes one method.
func (m *appModel) methodCode(s *source, r appResource, method appMethod) {
	op := m.operation(method)
	receiver, client := "r "+r.name, "r.client"
	if r.name == "Client" {
		receiver, client = "c *Client", "c"
	}
	params, args := []string{"ctx context.Context"}, []string{}
	byPerson := false
	for _, part := range strings.Split(method.path, "/") {
		name := strings.Trim(part, "{}")
		if name == part {
			continue
		}
		typ := "string"
		for _, p := range op.Parameters {
			if p.In == "path" && p.Name == name && p.Schema.Type == "integer" {
				typ = "ID"
			}
		}
		if enum, ok := m.spec.names[r.name+"."+name]; ok {
			typ = enum
		}
		switch {
		case name == "customer_id":
			byPerson = true
			params, args = append(params, "id CustomerID"), append(args, "id.arg()")
			continue
		case typ == "string":
			args = append(args, lower(name))
		default:
			args = append(args, "string("+lower(name)+")")
		}
		params = append(params, lower(name)+" "+typ)
	}
	body := "nil"
	if method.body != "" {
		param := lower(method.body)
		if method.bodyMember != "" {
			param = method.bodyMember
		}
		switch param {
		case "import":
			param = "file"
		case "filters":
			param = "filter"
		case "deliveryExport":
			param = "which"
		}
		params = append(params, param+" "+method.body)
		body = param
		if method.bodyMember != "" {
			body = fmt.Sprintf("wrapped(%q, %s)", method.bodyMember, param)
		}
	}
	var setup []string
	query := "nil"
	if byPerson || method.query != "" || len(method.fixed) > 0 {
		query = "url.Values(v)"
		setup = append(setup, "v := params{}")
		if byPerson {
			setup[0] = "v := id.params()"
		}
		for _, name := range slices.Sorted(maps.Keys(method.fixed)) {
			setup = append(setup, fmt.Sprintf("v.text(%q, %q)", name, method.fixed[name]))
		}
		if method.query != "" {
			params = append(params, "q "+method.query)
			setup = append(setup, "q.set(v)")
		}
	}
	list := "nil"
	if len(args) > 0 {
		list = "[]string{" + strings.Join(args, ", ") + "}"
	}
	result, call := m.call(method)
	call = fmt.Sprintf(call, fmt.Sprintf("ctx, %s, %s, %s, %s", client, operationName(r, method), list, query))
	if method.style != "offset" {
		call = strings.TrimSuffix(call, ")") + ", " + body + ")"
	}
	note := ""
	if method.style == "page" || method.style == "offset" {
		note = " An error is in the last pair."
	}
	if _, can404 := op.Responses["404"]; can404 && method.verb == "GET" {
		ids := "the id does"
		if len(args) > 1 {
			ids = "one of the ids does"
		}
		note += " The error is [ErrNotFound] if " + ids + " not exist."
	}
	s.comment("", method.name+" "+method.doc+note)
	s.printf("func (%s) %s(%s) %s {\n", receiver, method.name, strings.Join(params, ", "), result)
	for _, line := range setup {
		s.printf("%s\n", line)
	}
	s.printf("return %s\n}\n\n", call)
}

// call returns what a method returns, and the call that does it.
func (m *appModel) call(method appMethod) (result, call string) {
	item := strings.TrimPrefix(method.answerType, "[]")
	switch {
	case method.answerType == "":
		return "error", "nothing(%s)"
	case method.style == "page":
		return "iter.Seq2[" + item + ", error]", "pages[" + item + "](%s)"
	case method.style == "offset":
		return "iter.Seq2[" + item + ", error]", "offsetPages[" + item + "](%s)"
	}
	return "(" + method.answerType + ", error)", "one[" + method.answerType + "](%s)"
}

// verbs begin the texts that follow a name without "is".
var verbs = map[string]bool{"are": true, "counts": true, "depends": true, "holds": true, "identifies": true, "identify": true, "is": true, "lists": true, "relates": true, "says": true}

func sentence(name, text string) string {
	first, _, _ := strings.Cut(text, " ")
	if !verbs[first] {
		text = "is " + text
	}
	return name + " " + text + "."
}

func (m *appModel) typeDoc(t string) string {
	doc, ok := m.spec.use("doc", t, m.spec.docs)
	if !ok {
		return ""
	}
	if strings.HasSuffix(t, "Query") {
		return t + " says " + doc + "."
	}
	return sentence(t, doc)
}

// structType writes a type of answers or of a request's body.
func (m *appModel) structType(s *source, t *appType) error {
	doc := m.typeDoc(t.name)
	if doc == "" {
		return fmt.Errorf("spec/appapi.txt has no doc %s", t.name)
	}
	s.comment("", doc)
	s.printf("type %s struct {\n", t.name)
	members := slices.Sorted(maps.Keys(t.schema.Properties))
	for key := range m.spec.more {
		if owner, name, _ := strings.Cut(key, "."); owner == t.name {
			members = append(members, name)
		}
	}
	slices.SortStableFunc(members, func(a, b string) int { return memberRank(a) - memberRank(b) })
	var must []string
	for _, name := range members {
		typ, number, err := m.memberType(t, name)
		if err != nil {
			return err
		}
		field := m.fieldName(t.name, name, false)
		if text, ok := m.spec.use("doc", t.name+"."+name, m.spec.docs); ok {
			s.comment("\t", sentence(field, text))
		}
		var options []string
		if number {
			options = append(options, "number")
		}
		if slices.Contains(t.schema.Required, name) && typ != "json.RawMessage" {
			options = append(options, "required")
			if t.kind == "body" && strings.TrimLeft(typ, "abcdefghijklmnopqrstuvwxyz") == "" && typ == "string" || t.kind == "body" && m.enums[typ] != nil {
				must = append(must, field)
			}
		}
		tag := fmt.Sprintf("json:%q", name)
		if len(options) > 0 {
			tag += fmt.Sprintf(" api:%q", strings.Join(options, ","))
		}
		s.printf("\t%s %s `%s`\n", field, typ, tag)
	}
	if t.kind == "body" {
		s.printf("}\n\n")
		m.bodyMethods(s, t, must)
		return nil
	}
	s.printf("\t// Extra is what else the answer contained.\n\tExtra Extra `json:\"-\"`\n}\n\n")
	s.printf("// UnmarshalJSON reads an answer of the API.\nfunc (v *%s) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }\n\n", t.name)
	s.printf("// MarshalJSON writes what was read, with Extra.\nfunc (v %s) MarshalJSON() ([]byte, error) { return marshal(v) }\n\n", t.name)
	return nil
}

func (m *appModel) bodyMethods(s *source, t *appType, must []string) {
	s.printf("// MarshalJSON writes the body of the request.\nfunc (v %s) MarshalJSON() ([]byte, error) { return marshalBody(v) }\n\n", t.name)
	if len(must) == 0 {
		return
	}
	s.printf("func (v %s) check() error {\nswitch {\n", t.name)
	for _, field := range must {
		s.printf("case v.%s == \"\":\nreturn missing(%q)\n", field, t.name+"."+field)
	}
	s.printf("}\nreturn nil\n}\n\n")
}

// memberRank puts what names a thing first.
func memberRank(name string) int {
	if i := slices.Index([]string{"id", "object_type_id", "type", "name", "identifiers", "customer_identifiers", "customer"}, name); i >= 0 {
		return i - 10
	}
	return 0
}

func (m *appModel) memberType(t *appType, name string) (typ string, number bool, err error) {
	if typ, ok := m.spec.use("more", t.name+"."+name, m.spec.more); ok {
		return typ, false, nil
	}
	return m.goType(t.name, name, t.schema.Properties[name])
}

// queryType writes the parameters of a query.
func (m *appModel) queryType(s *source, t *appType) error {
	doc := m.typeDoc(t.name)
	if doc == "" {
		return fmt.Errorf("spec/appapi.txt has no doc %s", t.name)
	}
	s.comment("", doc)
	s.printf("type %s struct {\n", t.name)
	var set []string
	for _, p := range t.parameters {
		typ, number, err := m.goType(t.name, p.Name, p.Schema)
		if err != nil {
			return err
		}
		field := m.fieldName(t.name, p.Name, true)
		text, hasText := m.spec.use("doc", t.name+"."+p.Name, m.spec.docs)
		call := fmt.Sprintf("v.text(%q, string(q.%s))", p.Name, field)
		switch {
		case field == "PageSize":
			typ, most := "int", 0
			text, hasText = "how many to ask for at once; 0: as many as the API gives by itself", true
			if p.Schema.Maximum != nil {
				most = int(*p.Schema.Maximum)
				text = fmt.Sprintf("how many to ask for at once, at most %d; 0: %d", most, most)
			}
			s.comment("\t", sentence(field, text))
			s.printf("\t%s %s\n", field, typ)
			set = append(set, fmt.Sprintf("v.size(%q, q.%s, %d)", p.Name, field, most))
			continue
		case typ == "int64":
			typ, call = "int", fmt.Sprintf("v.int(%q, q.%s)", p.Name, field)
		case typ == "bool":
			call = fmt.Sprintf("v.bool(%q, q.%s)", p.Name, field)
		case typ == "time.Time":
			call = fmt.Sprintf("v.time(%q, q.%s)", p.Name, field)
		case typ == "string" && !number:
			call = fmt.Sprintf("v.text(%q, q.%s)", p.Name, field)
		}
		if hasText {
			s.comment("\t", sentence(field, text))
		}
		s.printf("\t%s %s\n", field, typ)
		set = append(set, call)
	}
	s.printf("}\n\nfunc (q %s) set(v params) {\n%s\n}\n\n", t.name, strings.Join(set, "\n"))
	return nil
}

func (m *appModel) enumType(s *source, name string) {
	s.comment("", m.typeDoc(name))
	s.printf("type %s string\n\n// The values of %s in the API's document.\nconst (\n", name, name)
	for _, v := range m.enums[name] {
		s.printf("%s%s %s = %q\n", name, camel(fmt.Sprint(v)), name, v)
	}
	s.printf(")\n\n")
}

// operations writes the table of all that has a method.
func (m *appModel) operations(s *source) {
	s.printf("var (\n")
	var all []string
	for _, r := range m.spec.resources {
		for _, method := range r.methods {
			s.printf("%s = operation{%q, %q, %q, %q, %t}\n", operationName(r, method), r.name+"."+method.name, method.verb, method.path, method.answer, method.once)
			all = append(all, operationName(r, method))
		}
	}
	s.printf(")\n\n// operations are the operations that have a method.\nvar operations = []operation{\n%s,\n}\n\n", strings.Join(all, ",\n"))
	s.printf("// untyped are the operations without a method, which Client.Do can call, and why they have none.\nvar untyped = map[string]string{\n")
	for _, u := range m.spec.untyped {
		s.printf("%q: %q,\n", u.verb+" "+u.path, u.reason)
	}
	s.printf("}\n")
}

// answerTest lists the types of answers for the tests.
func (m *appModel) answerTest() []byte {
	s := &source{}
	s.printf(appHead, "appapi")
	s.printf("// answerTypes has a value of each type of an answer.\nvar answerTypes = map[string]any{\n")
	for _, name := range slices.Sorted(maps.Keys(m.types)) {
		if m.types[name].kind == "answer" {
			s.printf("\t%q: new(%s),\n", name, name)
		}
	}
	s.printf("}\n")
	content, err := format.Source(s.buf.Bytes())
	if err != nil {
		panic(err) // names of types
	}
	return content
}

// table is the document of what is covered.
func (m *appModel) table() []byte {
	s := &source{}
	typed := 0
	for _, r := range m.spec.resources {
		typed += len(r.methods)
	}
	s.printf("# The operations of the App API\n\nThis page is made by `go generate ./appapi` from `spec/appapi.txt`, which is compared with the document of the API.\n")
	s.printf("Of its %d operations package `appapi` has methods for %d. `Client.Do` calls the others.\n\n", typed+len(m.spec.untyped), typed)
	s.printf("## With a method\n\n| Operation | Method | What it does |\n|---|---|---|\n")
	for _, r := range m.spec.resources {
		for _, method := range r.methods {
			doc, _, _ := strings.Cut(method.doc, ". ")
			s.printf("| `%s %s` | `%s.%s` | %s |\n", method.verb, method.path, r.name, method.name, strings.TrimSuffix(doc, "."))
		}
	}
	s.printf("\n## Through `Client.Do`\n\n| Operation | Why it has no method |\n|---|---|\n")
	for _, u := range m.spec.untyped {
		s.printf("| `%s %s` | %s |\n", u.verb, u.path, u.reason)
	}
	return s.buf.Bytes()
}
