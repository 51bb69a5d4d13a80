package mapping

import (
	"fmt"
	"strings"

	"github.com/ciokit/cio/kit/internal/spelling"
	"go.yaml.in/yaml/v4"
)

// message reads one item of messages.
func (p *mappingReader) message(n *yaml.Node, path string) *messageSpec {
	entries, ok := p.entries(n, path, "write the type of message and, indented below it, its fields")
	if !ok {
		return nil
	}
	m := &messageSpec{at: at(n, path)}
	unknown := false
	for _, e := range entries {
		k := kinds[e.name]
		switch {
		case e.name == "null":
			m.nulls = p.nulls(e.val, path+".null")
		case e.name == "when":
			m.when = p.condition(e.val, path+".when")
		case e.name == "verbatim":
			m.verbatim = p.flag(e.val, e.name, path+"."+e.name)
		case e.name == "default":
			m.defaults = p.defaults(e.val, path+".default")
		case k == nil:
			unknown = true
			p.problem(at(e.key, path), suggestKind(e.name), "there is no type of message %q", e.name)
		case m.kind != nil:
			p.problem(at(e.key, path), "begin a new item with a dash", "there are two messages in one item, %s and %s", m.kind.name, e.name)
		default:
			m.kind = k
			p.fields(m, e.val, path+"."+e.name)
		}
	}
	switch {
	case m.kind != nil:
		return m
	case !unknown:
		p.problem(m.at, "write one of identify, track, page, screen, group, alias, or the name of a command or of a semantic event", "the item names no type of message")
	}
	return nil
}

// condition reads the condition of a message.
func (p *mappingReader) condition(n *yaml.Node, path string) *spec {
	s := p.value(n, path)
	if s == nil {
		return nil
	}
	if s.kind != specExpression && s.kind != specColumn {
		p.problem(s.at, `write an expression, such as when: =status == "paid"`, "when must be a condition, not %s", s.describe())
		return nil
	}
	if s.kind == specExpression && s.expr.converter != converterNone {
		p.problem(s.at, "compare it, such as when: =(int(orders) ?? 0) > 0", "when must be a condition that is true or false")
		return nil
	}
	return s
}

// flag reads a key that is true or false.
func (p *mappingReader) flag(n *yaml.Node, key, path string) bool {
	s := p.value(n, path)
	if s == nil {
		return false
	}
	if s.kind != specLiteral || s.typed != "true or false" {
		p.problem(s.at, "write "+key+": true, or leave it out", "%s must be true or false, not %s", key, s.describe())
		return false
	}
	return string(s.json) == "true"
}

// defaults reads the values for the empty cells of columns.
func (p *mappingReader) defaults(n *yaml.Node, path string) (list []defaultSpec) {
	const hint = "write columns with the value for their empty cells, such as default: {plan: free}"
	if n = p.enter(n, path); n == nil {
		return nil
	}
	defer p.leave()
	entries, ok := p.entries(n, path, hint)
	if !ok {
		return nil
	}
	for _, e := range entries {
		name := e.name
		if strings.HasPrefix(name, "$") {
			name, _ = columnName(name)
		}
		value := p.value(e.val, path+"."+name)
		switch {
		case value == nil:
		case value.kind != specLiteral || value.typed == "null":
			p.problem(value.at, "give text, a number, or true or false; for anything else use an expression with ??", "the default of a column must be a constant, not %s", value.describe())
		case value.typed == "text" && value.text == "":
			p.problem(value.at, hint, "the default of a column is empty")
		default:
			list = append(list, defaultSpec{at(e.key, path), name, value})
		}
	}
	return list
}

// describe says what a value is, for an error.
func (s *spec) describe() string {
	switch s.kind {
	case specColumn:
		return "a column"
	case specExpression:
		return "an expression"
	case specObject, specAll:
		return "a mapping"
	case specList:
		return "a list"
	}
	return s.typed
}

// nulls reads the columns whose empty cells are sent as null.
func (p *mappingReader) nulls(n *yaml.Node, path string) (list []nullSpec) {
	const hint = "write the names of columns in a list, such as null: [plan]"
	if n = p.enter(n, path); n == nil {
		return nil
	}
	defer p.leave()
	if n.Kind != yaml.SequenceNode {
		p.problem(at(n, path), hint, "this is %s, not a list", describe(n))
		return nil
	}
	for i, item := range n.Content {
		where := at(item, fmt.Sprintf("%s[%d]", path, i))
		if item = p.enter(item, where.path); item == nil {
			return list
		}
		if item.Kind == yaml.ScalarNode {
			name := item.Value
			if strings.HasPrefix(name, "$") {
				name, _ = columnName(name)
			}
			list = append(list, nullSpec{where, name})
		} else {
			p.problem(where, hint, "this is %s, not a column", describe(item))
		}
		p.leave()
	}
	return list
}

// fields reads the fields of a message.
func (p *mappingReader) fields(m *messageSpec, n *yaml.Node, path string) {
	if n = p.enter(n, path); n == nil {
		return
	}
	defer p.leave()
	entries, ok := p.entries(n, path, "write its fields below it, such as userId: $customer_id")
	if !ok {
		return
	}
	for _, e := range entries {
		property, known := m.kind.property(e.name)
		var f field = -1
		for _, a := range m.kind.fields {
			if fieldNames[a] == e.name {
				f = a
			}
		}
		if f < 0 && !known {
			hint := spelling.Suggest(e.name, m.kind.names())
			if m.kind.definition != nil {
				hint += "; a property of your own goes below properties"
			}
			p.problem(at(e.key, path), hint, "%s has no field %q", m.kind.name, e.name)
			continue
		}
		s := p.value(e.val, path+"."+e.name)
		switch {
		case s == nil:
		case f >= 0:
			m.fields[f] = s
			p.checkField(f, s)
		default:
			m.properties = append(m.properties, propertySpec{property, s})
			p.checkProperty(property, s)
		}
	}
	p.checkRequired(m, at(n, path))
	p.lay(m, at(n, path))
	p.checkBelow(m)
}
