package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ciokit/cio/events"
	"github.com/ciokit/cio/kit/internal/spelling"
	"github.com/ciokit/cio/kit/source"
)

// checkDefinition checks that a semantic event has everything that it requires.
func (p *mappingReader) checkDefinition(m *messageSpec, where position) {
	d := m.kind.definition
	missing := func(what, hint string) { p.problem(where, hint, "%s needs %s", m.kind.name, what) }
	user, anonymous := m.fields[fieldUserID] != nil, m.fields[fieldAnonymousID] != nil
	switch {
	case d.By == "userId" && !user:
		missing("userId", "add userId: $COLUMN, with the name of the column that has the person's id")
	case d.By == "anonymousId" && !anonymous:
		missing("anonymousId", "add anonymousId: with any text; the API requires one")
	case d.By == "" && !user && !anonymous:
		missing("userId or anonymousId", "add userId: $COLUMN, with the name of the column that has the person's id")
	}
	for _, f := range d.Fields {
		if f.Required && !slices.ContainsFunc(m.properties, func(s propertySpec) bool { return s.field.Name == f.Name }) {
			missing(f.Name, "add "+f.Name+": and its value, such as $COLUMN for the value of a column")
		}
	}
}

// kindWords name a property of each kind, and say how to make one from a column.
var kindWords = map[events.Kind]struct{ what, make string }{
	events.KindString:  {"text", "$%s"},
	events.KindInteger: {"an integer", "=int(%s)"},
	events.KindNumber:  {"a number", "=decimal(%s)"},
	events.KindBoolean: {"true or false", "=bool(%s)"},
	events.KindTime:    {"a time", "=date(%s)"},
	events.KindStrings: {"a list of texts", `'=split(%s, ",")'`},
	events.KindObject:  {"an object", "names and values below it"},
	events.KindObjects: {"a list of objects", "each of them below it, after a dash"},
}

// convertersFor are the converters with a result of the kind.
var convertersFor = map[events.Kind][]converter{
	events.KindString:  {converterDate},
	events.KindTime:    {converterDate},
	events.KindBoolean: {converterBool},
	events.KindInteger: {converterInt, converterDecimal},
	events.KindNumber:  {converterInt, converterFloat, converterDecimal},
}

// checkProperty checks everything about a property of a semantic event that does not depend on the input.
func (p *mappingReader) checkProperty(f events.Field, s *spec) {
	words := kindWords[f.Kind]
	wrong := func() {
		hint := "write " + words.make
		switch {
		case s.kind == specLiteral && f.Kind != events.KindObject && f.Kind != events.KindObjects:
			hint = "give " + words.what + ", or a column"
		case strings.Contains(hint, "%s"):
			hint = fmt.Sprintf(hint, columnOr(s, f.Name))
		}
		p.problem(s.at, hint, "%s is %s, not %s", f.Name, words.what, s.describe())
	}
	switch s.kind {
	case specLiteral:
		p.checkLiteral(f, s, wrong)
	case specExpression:
		if c := s.expr.converter; c != converterNone && !slices.Contains(convertersFor[f.Kind], c) {
			p.problem(s.at, "write "+fmt.Sprintf(words.make, s.expr.columns[0]), "%s is %s, and %s gives something else", f.Name, words.what, converterNames[c])
		}
	case specObject:
		if f.Kind != events.KindObject {
			wrong()
		}
	case specList:
		if f.Kind != events.KindStrings && f.Kind != events.KindObjects {
			wrong()
			return
		}
		for _, item := range s.items {
			p.checkItem(f, item)
		}
	case specAll:
		wrong()
	}
}

// columnOr returns the column of a value, or a name if there is none.
func columnOr(s *spec, name string) string {
	if columns := s.columns(); len(columns) > 0 {
		return columns[0]
	}
	return name
}

func (p *mappingReader) checkLiteral(f events.Field, s *spec, wrong func()) {
	ok := false
	switch f.Kind {
	case events.KindString:
		ok = s.typed == "text"
		if s.typed == "a number" || s.typed == "true or false" {
			p.problem(s.at, `put it in quotes: "`+s.text+`"`, "%s is text, not %s", f.Name, s.typed)
			return
		}
	case events.KindInteger:
		ok = s.typed == "a number" && !strings.ContainsAny(s.text, ".eE")
	case events.KindNumber:
		ok = s.typed == "a number"
	case events.KindBoolean:
		ok = s.typed == "true or false"
	case events.KindTime:
		_, err := parseDate([]byte(s.text), nil)
		ok = s.typed == "text" && err == nil
	}
	if s.typed == "null" {
		return
	}
	if !ok {
		wrong()
		return
	}
	p.checkEnum(f.Name, s, f.Enum)
}

// checkItem checks an element of a list.
func (p *mappingReader) checkItem(f events.Field, item *spec) {
	if f.Kind == events.KindStrings {
		p.checkProperty(events.Field{Name: f.Name, Kind: events.KindString}, item)
		return
	}
	if item.kind != specObject {
		if item.kind != specColumn && item.kind != specExpression {
			p.problem(item.at, "write its names and values after the dash", "%s is a list of objects, and this is %s", f.Name, item.describe())
		}
		return
	}
	for i, key := range item.keys {
		at := slices.IndexFunc(f.Fields, func(m events.Field) bool { return m.Name == key })
		switch {
		case at >= 0:
			p.checkProperty(f.Fields[at], item.items[i])
		case len(f.Fields) > 0 && key != "$all":
			var names []string
			for _, m := range f.Fields {
				names = append(names, m.Name)
			}
			if best := spelling.Nearest(key, names); best != "" {
				p.problem(item.items[i].at, "write "+best, "an object of %s has no member %q", f.Name, key)
			}
		}
	}
}

// lay puts the properties of a semantic event at their place on the wire: among the properties, or in the context.
func (p *mappingReader) lay(m *messageSpec, where position) {
	for _, property := range m.properties {
		f, path := fieldProperties, []string{property.field.Name}
		if property.field.Context != "" {
			f, path = fieldContext, strings.Split(property.field.Context, ".")[1:]
		}
		if m.fields[f] == nil {
			m.fields[f] = &spec{at: where, kind: specObject}
		}
		object := m.fields[f]
		if object.kind != specObject {
			p.problem(object.at, "write names and values below it", "%s is %s, and %s must be put into it", fieldNames[f], object.describe(), property.field.Name)
			continue
		}
		if !object.put(path, property.value) {
			p.problem(property.value.at, "keep one of them", "%s is there twice, directly and below %s", property.field.Name, fieldNames[f])
		}
	}
}

// checkBelow checks the properties of a semantic event that are under properties, together with those of the mapping's own.
func (p *mappingReader) checkBelow(m *messageSpec) {
	object := m.fields[fieldProperties]
	if object == nil || object.kind != specObject {
		return
	}
	for i, key := range object.keys {
		f, known := m.kind.property(key)
		value := object.items[i]
		if known && f.Context == "" && !slices.ContainsFunc(m.properties, func(s propertySpec) bool { return s.value == value }) {
			m.properties = append(m.properties, propertySpec{f, value})
			p.checkProperty(f, value)
		}
	}
}

// put adds a value to an object, within the objects at path. It returns false if something else is at that place.
func (s *spec) put(path []string, value *spec) bool {
	i := slices.Index(s.keys, path[0])
	switch {
	case i < 0 && len(path) == 1:
		s.keys = append(s.keys, path[0])
		s.items = append(s.items, value)
		return true
	case i < 0:
		i = len(s.keys)
		s.keys = append(s.keys, path[0])
		s.items = append(s.items, &spec{at: value.at, kind: specObject})
	case len(path) == 1 || s.items[i].kind != specObject:
		return false
	}
	return s.items[i].put(path[1:], value)
}

// checkColumns checks the properties of a semantic event that are unconverted columns, if the columns are text.
func (c *compilation) checkColumns(m *messageSpec) {
	for _, property := range m.properties {
		c.checkColumn(property.field, property.value)
	}
}

func (c *compilation) checkColumn(f events.Field, s *spec) {
	switch {
	case s.kind == specColumn && c.kind == source.KindText && f.Kind != events.KindString:
		hint := fmt.Sprintf("write "+kindWords[f.Kind].make, s.text)
		if !strings.Contains(kindWords[f.Kind].make, "%s") {
			hint = "write " + kindWords[f.Kind].make
		}
		c.problem(s.at, hint, "%s is %s, and the column %q is text", f.Name, kindWords[f.Kind].what, s.text)
	case s.kind == specList && f.Kind == events.KindObjects:
		for _, item := range s.items {
			for i, key := range item.keys {
				if at := slices.IndexFunc(f.Fields, func(m events.Field) bool { return m.Name == key }); at >= 0 {
					c.checkColumn(f.Fields[at], item.items[i])
				}
			}
		}
	}
}
