package mapping

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// value reads a value. It returns nil if it reported a problem.
func (p *mappingReader) value(n *yaml.Node, path string) *spec {
	where := at(n, path)
	if n = p.enter(n, path); n == nil {
		return nil
	}
	defer p.leave()
	switch n.Kind {
	case yaml.MappingNode:
		entries, ok := p.entries(n, path, "")
		if !ok {
			return nil
		}
		s := &spec{at: where, kind: specObject}
		for _, e := range entries {
			key := e.name
			if key == "$all" {
				if item := p.all(e.val, path+".$all"); item != nil {
					s.keys = append(s.keys, key)
					s.items = append(s.items, item)
				}
				continue
			}
			if strings.HasPrefix(key, "$") {
				if !strings.HasPrefix(key, "$$") {
					p.problem(at(e.key, path), "names are literal; write $"+key+" for a name that begins with $", "the name %q begins with $", key)
					continue
				}
				key = key[1:]
			}
			if item := p.value(e.val, path+"."+key); item != nil {
				s.keys = append(s.keys, key)
				s.items = append(s.items, item)
			}
		}
		return s
	case yaml.SequenceNode:
		s := &spec{at: where, kind: specList}
		for i, item := range n.Content {
			if item := p.value(item, fmt.Sprintf("%s[%d]", path, i)); item != nil {
				s.items = append(s.items, item)
			}
		}
		return s
	case yaml.ScalarNode:
		return p.scalar(n, where)
	}
	p.problem(where, "", "this is %s", describe(n))
	return nil
}

// all reads what $all leaves out.
func (p *mappingReader) all(n *yaml.Node, path string) *spec {
	const hint = "write $all: {except: [password]} with the columns to leave out, or $all: {} for none"
	s := &spec{at: at(n, path), kind: specAll}
	if n = p.enter(n, path); n == nil {
		return nil
	}
	defer p.leave()
	entries, ok := p.entries(n, path, hint)
	if !ok {
		return nil
	}
	for _, e := range entries {
		if e.name != "except" {
			p.problem(at(e.key, path), hint, "$all has no key %q", e.name)
			continue
		}
		for _, c := range p.nulls(e.val, path+".except") {
			s.except = append(s.except, exceptSpec(c))
		}
	}
	return s
}

// scalar reads a column, an expression or a literal.
func (p *mappingReader) scalar(n *yaml.Node, where position) *spec {
	text := n.Value
	literal := &spec{at: where, text: text}
	switch tag := n.ShortTag(); tag {
	case "!!null":
		literal.typed, literal.json = "null", []byte("null")
		return literal
	case "!!bool":
		literal.typed, literal.json = "true or false", []byte(strings.ToLower(text))
		return literal
	case "!!int", "!!float":
		literal.typed, literal.json = "a number", []byte(text)
		if !json.Valid(literal.json) {
			p.problem(where, "write it as decimal digits with an optional point, or in quotes if it is text", "%q is a number in YAML but not in JSON", text)
			return nil
		}
		return literal
	case "!!str", "!!timestamp":
	default:
		p.problem(where, "remove the tag", "the tag %s has no meaning here", tag)
		return nil
	}

	switch {
	case strings.HasPrefix(text, "$$"), strings.HasPrefix(text, "=="):
		text = text[1:]
	case strings.HasPrefix(text, "$"):
		name, problem := columnName(text)
		if problem != "" {
			p.problem(where, `write $name, or $["any name"]; $$ begins a text that begins with $`, "%s", problem)
			return nil
		}
		return &spec{at: where, kind: specColumn, text: name}
	case strings.HasPrefix(text, "="):
		e, err := parseExpression(text[1:])
		if err != nil {
			hint := ""
			if strings.HasPrefix(err.what, cutShort) {
				hint = p.cut(n)
			}
			if err.hint != "" {
				hint = err.hint
			}
			p.problem(where, hint, "%s", err.what)
			return nil
		}
		return &spec{at: where, kind: specExpression, expr: e}
	}
	encoded, err := appendString(nil, []byte(text))
	if err != nil {
		p.problem(where, "", "%s", err.Hint)
		return nil
	}
	literal.typed, literal.text, literal.json = "text", text, encoded
	return literal
}

// cut returns what to do if YAML has ended a value without quotes before a comma or before " #", so that it may be only the beginning of what was
// meant. It returns an empty text if YAML has not.
func (p *mappingReader) cut(n *yaml.Node) (hint string) {
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 || n.Line < 1 || n.Line > len(p.lines) {
		return ""
	}
	line := []rune(p.lines[n.Line-1])
	rest, ok := strings.CutPrefix(string(line[min(max(n.Column-1, 0), len(line)):]), n.Value)
	rest = strings.TrimLeft(rest, " \t")
	switch {
	case ok && strings.HasPrefix(rest, ","):
		return commaHint
	case ok && strings.HasPrefix(rest, "#"):
		return hashHint
	}
	return ""
}

// columnName reads $name or $["any name"].
func columnName(s string) (name, problem string) {
	name = s[1:]
	if strings.HasPrefix(name, "[") {
		inner, ok := strings.CutSuffix(name[1:], "]")
		if ok && len(inner) >= 2 && inner[0] == '\'' && inner[len(inner)-1] == '\'' && !strings.ContainsAny(inner[1:len(inner)-1], `\'`) {
			return inner[1 : len(inner)-1], ""
		}
		if !ok || json.Unmarshal([]byte(inner), &name) != nil || !strings.HasPrefix(inner, `"`) {
			return "", fmt.Sprintf("%q names no column", s)
		}
		return name, ""
	}
	if !isIdentifier(name) {
		return "", fmt.Sprintf("%q names no column", s)
	}
	return name, ""
}

// isIdentifier reports whether s is a letter or an underscore followed by letters, digits and underscores.
func isIdentifier(s string) bool {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return s != ""
}
