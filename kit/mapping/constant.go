package mapping

import (
	"errors"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
)

// checkConstants reports constants of a message that the client rejects, such as the name of an event: every row would be rejected because of them.
func (c *compilation) checkConstants(p *Compiled, m *messageSpec, msg *Message) {
	probe := *msg
	constant := make(map[string]*spec) // by the name of the field
	probe.texts = nil
	for _, t := range msg.texts {
		if v, ok := t.value.(literal); ok {
			constant[fieldNames[t.field]] = m.fields[t.field]
			probe.texts = append(probe.texts, textPlan{t.field, v})
			continue
		}
		probe.texts = append(probe.texts, textPlan{t.field, literal{str: "any"}})
	}
	for f, at := range map[field]*value{msg.kind.body(): &probe.body, fieldContext: &probe.context, fieldIntegrations: &probe.integrations} {
		if *at != nil {
			*at = constantsOf(*at)
			constant[fieldNames[f]] = m.fields[f]
		}
	}
	if len(constant) == 0 {
		return
	}
	probe.timestamp, probe.key, probe.id = nil, nil, literal{str: "any"}
	made, problem := NewMapper(p, cio.Encode).message(&probe, &source.Row{Cells: make([]source.Cell, len(p.columns))}, 0)
	var bad *cio.MessageError
	if problem != nil {
		return // of a field that is not constant
	}
	if _, err := cio.Encode(made); !errors.As(err, &bad) {
		return
	}
	name, path, _ := strings.Cut(bad.Field, ".")
	s := constant[name]
	if s == nil {
		return
	}
	if s = s.within(path); s.kind == specLiteral {
		c.problem(s.at, HintOf(bad.Hint), "every row would be rejected by the rule %s, because of the field %s", bad.Rule, bad.Field)
	}
}

// within returns the value at a path, as far as the path exists.
func (s *spec) within(path string) *spec {
	for path != "" && s.kind == specObject {
		found := false
		for i, key := range s.keys {
			rest, ok := strings.CutPrefix(path, key)
			if ok && (rest == "" || rest[0] == '.') {
				s, path, found = s.items[i], strings.TrimPrefix(rest, "."), true
				break
			}
		}
		if !found {
			break
		}
	}
	return s
}

// constantsOf returns the parts of a value that are the same in every row, nil if there are none.
func constantsOf(v value) value {
	switch v := v.(type) {
	case literal:
		return v
	case object:
		var out object
		for i, item := range v.items {
			if same := constantsOf(item); same != nil {
				out.names, out.keys, out.items = append(out.names, v.names[i]), append(out.keys, v.keys[i]), append(out.items, same)
			}
		}
		if out.items != nil {
			return out
		}
	case list:
		var out list
		for _, item := range v {
			if same := constantsOf(item); same != nil {
				out = append(out, same)
			}
		}
		if out != nil {
			return out
		}
	}
	return nil
}
