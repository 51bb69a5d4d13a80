package mapping

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/events"
	"github.com/ciokit/cio/internal/wire"
	"github.com/ciokit/cio/kit/source"
)

// The rules for values that Customer.io reads as a certain type.
const (
	// RuleNotABoolean is for text that is not clearly true or false.
	RuleNotABoolean = "not-true-or-false"
	// RulePropertyType is for properties of a semantic event with a wrong type, RulePropertyValue for those with a value that is not a known one.
	RulePropertyType  = "property-of-wrong-type"
	RulePropertyValue = "property-value-unknown"
)

var booleans = map[string]bool{"true": true, "t": true, "yes": true, "y": true, "on": true, "1": true, "false": false, "f": false, "no": false, "n": false, "off": false, "0": false}

// parseBool reads true or false. If words are given, they are the text for true and the text for false, and no other words count.
func parseBool(text []byte, words []string) (bool, *ValueError) {
	if len(words) == 2 {
		switch string(text) {
		case words[0]:
			return true, nil
		case words[1]:
			return false, nil
		}
		return false, refuse(RuleNotABoolean, "it is neither of the two words of the mapping")
	}
	if b, ok := booleans[strings.ToLower(string(text))]; ok {
		return b, nil
	}
	return false, refuse(RuleNotABoolean, `give true or false, yes or no, on or off, 1 or 0; for other words give the two words in the mapping, as in bool(column, "ja", "nein")`)
}

// boolWords says what is wrong with the arguments of bool.
func boolWords(words []string) *expressionError {
	if len(words) != 0 && (len(words) != 2 || words[0] == words[1]) {
		return &expressionError{"bool accepts a column, and optionally two words: one for true and one for false", `write bool(column), or bool(column, "ja", "nein")`}
	}
	return nil
}

// typed is a value that Customer.io reads as a certain type, from any source.
type typed struct {
	value
	column string
	// as appends the JSON in that type. It returns false if there is no value.
	as func(dst, json []byte, r *row) ([]byte, bool, *ValueError)
}

func (t typed) appendJSON(dst []byte, r *row) ([]byte, bool, *ValueError) {
	start := len(dst)
	out, ok, err := t.value.appendJSON(dst, r)
	if !ok || err != nil {
		return out, ok, err
	}
	json := slices.Clone(bytes.TrimSpace(out[start:]))
	if string(json) == "null" {
		return out, true, nil
	}
	if out, ok, err = t.as(out[:start], json, r); err != nil {
		return out[:start], false, err.from(t.column)
	}
	return out, ok, nil
}

// asBoolean is for values that Customer.io reads as true or false.
func asBoolean(dst, json []byte, _ *row) ([]byte, bool, *ValueError) {
	if s := string(json); s == "true" || s == "false" {
		return append(dst, json...), true, nil
	}
	text, _, err := plainText(nil, source.Cell{Kind: source.KindJSON, Bytes: json})
	if err != nil {
		return dst, false, refuse(RuleNotABoolean, "it must be true or false")
	}
	if len(text) == 0 {
		return dst, false, nil
	}
	b, err := parseBool(text, nil)
	if err != nil {
		return dst, false, err
	}
	return strconv.AppendBool(dst, b), true, nil
}

// asTime is for values that Customer.io reads as a time: text that date accepts, or seconds since 1970.
func asTime(z *zone, path string) func(dst, json []byte, r *row) ([]byte, bool, *ValueError) {
	return func(dst, json []byte, r *row) ([]byte, bool, *ValueError) {
		text, _, err := plainText(nil, source.Cell{Kind: source.KindJSON, Bytes: json})
		switch {
		case err != nil:
			return dst, false, refuse(RuleNotADate, "it must be a time; use date(column)")
		case len(text) == 0:
			return dst, false, nil
		case json[0] == '"':
			t, err := z.parse(text, nil)
			if err != nil {
				return dst, false, err
			}
			r.warn(t.warning, path)
			return append(t.append(append(dst, '"')), '"'), true, nil
		}
		const most = 100_000_000_000 // as seconds the year 5138, as milliseconds the year 1973
		if n, err := parseInt(text); err != nil || n >= most || n <= -most {
			return dst, false, refuse(RuleNotADate, `a number must be whole seconds since 1970; for milliseconds write date(column, "unix_ms")`)
		}
		return append(dst, json...), true, nil
	}
}

// asPreferences is for the reserved trait of subscriptions: topics and channels, with true or false for each.
func asPreferences(dst, json []byte, r *row) ([]byte, bool, *ValueError) {
	wrong := refuse(RuleNotABoolean, `it must be an object such as {"topics": {"topic_1": true}}; for text that contains one write fromJSON(column)`)
	if json[0] != '{' {
		return dst, false, wrong
	}
	for _, group := range source.Members(json) {
		group = bytes.TrimSpace(group)
		if string(group) == "null" {
			continue
		}
		if group[0] != '{' {
			return dst, false, wrong
		}
		for _, member := range source.Members(group) {
			if s := string(bytes.TrimSpace(member)); s != "true" && s != "false" && s != "null" {
				return dst, false, refuse(RuleNotABoolean, "a topic or channel in it is not true or false; give them one by one in the mapping")
			}
		}
	}
	return append(dst, json...), true, nil
}

// preferences is the reserved trait of subscriptions.
const preferences = "cio_subscription_preferences"

// reserved returns how Customer.io reads an attribute, nil if it is an ordinary attribute. name is the path to it, with points in between.
func (c *compilation) reserved(k *kind, name, path string) func(dst, json []byte, r *row) ([]byte, bool, *ValueError) {
	if k == nil {
		return nil
	}
	switch {
	case k.typ == cio.TypeIdentify && name == cio.TraitUnsubscribed:
		return asBoolean
	case k.typ == cio.TypeIdentify && (name == "created_at" || name == "createdAt"), k.name == "set_device" && name == "last_used":
		return asTime(c.zone, path)
	case k.typ != cio.TypeIdentify:
		return nil
	case name == preferences:
		return asPreferences
	case strings.HasPrefix(name, preferences+".") && strings.Count(name, ".") == 2:
		return asBoolean
	}
	return nil
}

// asReserved wraps a value that Customer.io reads as a certain type.
func (c *compilation) asReserved(v value, s *spec, path string) value {
	body, name, ok := strings.Cut(path, ".")
	if !ok || c.current == nil || body != fieldNames[c.current.body()] {
		return v
	}
	as := c.reserved(c.current, name, path)
	if as == nil {
		return v
	}
	out := typed{value: v, as: as}
	if columns := s.columns(); len(columns) > 0 {
		out.column = columns[0]
	}
	if s.kind == specLiteral {
		if _, _, err := out.appendJSON(nil, new(row)); err != nil {
			c.problem(s.at, err.Hint, "%s cannot be %s", name, s.describe())
		}
	}
	return out
}

// reservedMembers are the members of a row that Customer.io reads as a certain type, if all members go to path, and the properties of a semantic
// event.
func (c *compilation) reservedMembers(path string) map[string]func(dst, json []byte, r *row) ([]byte, bool, *ValueError) {
	reserved := make(map[string]func(dst, json []byte, r *row) ([]byte, bool, *ValueError))
	for _, name := range []string{cio.TraitUnsubscribed, "created_at", "createdAt", "last_used", preferences} {
		if as := c.reserved(c.current, name, path+"."+name); as != nil && path == fieldNames[c.current.body()] {
			reserved[name] = as
		}
	}
	if d := c.current.definition; d != nil && path == fieldNames[fieldProperties] {
		for _, f := range d.Fields {
			if f.Context == "" {
				reserved[f.Name] = asProperty(f)
			}
		}
	}
	return reserved
}

// asProperty returns the function that checks a property of a semantic event.
func asProperty(f events.Field) func(dst, json []byte, r *row) ([]byte, bool, *ValueError) {
	return func(dst, json []byte, _ *row) ([]byte, bool, *ValueError) {
		if err := checkPropertyJSON(f, json); err != nil {
			return dst, false, err
		}
		return append(dst, json...), true, nil
	}
}

// checkPropertyJSON checks a property of a semantic event in a row.
func checkPropertyJSON(f events.Field, json []byte) *ValueError {
	if json = bytes.TrimSpace(json); string(json) == "null" {
		return nil
	}
	ok := true
	isNumber := json[0] == '-' || json[0]-'0' <= 9
	switch f.Kind {
	case events.KindString:
		ok = json[0] == '"'
	case events.KindInteger:
		if ok = isNumber; ok {
			n, parsed := parseNumber(json)
			ok = parsed && n.exponent >= len(n.digits)-1
		}
	case events.KindNumber:
		ok = isNumber
	case events.KindBoolean:
		ok = json[0] == 't' || json[0] == 'f'
	case events.KindTime:
		if ok = json[0] == '"'; ok {
			text, _ := wire.Text(json)
			_, err := parseDate([]byte(text), nil)
			ok = err == nil
		}
	case events.KindObject:
		ok = json[0] == '{'
	case events.KindStrings, events.KindObjects:
		if json[0] != '[' {
			ok = false
			break
		}
		item := events.Field{Name: f.Name, Kind: events.KindString}
		if f.Kind == events.KindObjects {
			item.Kind = events.KindObject
		}
		for _, element := range elements(json) {
			if checkPropertyJSON(item, element) != nil || string(bytes.TrimSpace(element)) == "null" {
				return refuse(RulePropertyType, "%s is %s, but something in it has another type", f.Name, kindWords[f.Kind].what)
			}
			if err := checkMembers(f, element); err != nil {
				return err
			}
		}
	}
	if !ok {
		hint := ""
		if f.Kind == events.KindString {
			hint = "; use string(column)"
		}
		return refuse(RulePropertyType, "%s is %s, but this is something else%s", f.Name, kindWords[f.Kind].what, hint)
	}
	if f.Enum != nil && json[0] == '"' {
		if text, _ := wire.Text(json); !slices.Contains(f.Enum, text) {
			return refuse(RulePropertyValue, "%s can be %s", f.Name, strings.Join(f.Enum, ", "))
		}
	}
	return nil
}

// checkMembers checks the known members of an object in a list.
func checkMembers(f events.Field, object []byte) *ValueError {
	if f.Kind != events.KindObjects {
		return nil
	}
	for key, member := range source.Members(bytes.TrimSpace(object)) {
		name, _ := wire.Text(key)
		if at := slices.IndexFunc(f.Fields, func(m events.Field) bool { return m.Name == name }); at >= 0 {
			if err := checkPropertyJSON(f.Fields[at], member); err != nil {
				return err.in(f.Name)
			}
		}
	}
	return nil
}

// elements returns the elements of a JSON list.
func elements(list []byte) (items [][]byte) {
	depth, start, quoted := 0, 1, false
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			if depth--; depth == 0 && len(bytes.TrimSpace(list[start:i])) > 0 {
				items = append(items, list[start:i])
			}
		case c == ',' && depth == 1:
			items = append(items, list[start:i])
			start = i + 1
		}
	}
	return items
}

// propertiesOf returns the values of a message that are properties of a semantic event, and the members of objects in its lists.
func propertiesOf(m *messageSpec) map[*spec]events.Field {
	fields := make(map[*spec]events.Field)
	for _, p := range m.properties {
		fields[p.value] = p.field
		if p.field.Kind != events.KindObjects {
			continue
		}
		for _, item := range p.value.items {
			for i, key := range item.keys {
				if at := slices.IndexFunc(p.field.Fields, func(f events.Field) bool { return f.Name == key }); at >= 0 {
					fields[item.items[i]] = p.field.Fields[at]
				}
			}
		}
	}
	return fields
}

// asProperty wraps a value that is a property of a semantic event, if only the rows show whether it agrees with the catalogue.
func (c *compilation) asProperty(v value, s *spec) value {
	f, ok := c.properties[s]
	columns := s.columns()
	if !ok || len(columns) == 0 {
		return v
	}
	v = c.asPropertyOf(f, v, columns[0])
	if f.Required {
		return required{v, columns[0], f.Name}
	}
	return v
}

func (c *compilation) asPropertyOf(f events.Field, v value, from string) value {
	if conversion, ok := v.(*conversion); ok && f.Enum == nil && conversion.converter != converterDecimal && (f.Kind != events.KindString || conversion.converter == converterDate) {
		return v // the mapping was checked
	}
	if _, ok := v.(column); ok && c.kind == source.KindText && f.Enum == nil {
		return v
	}
	return typed{value: v, column: from, as: asProperty(f)}
}

// required is a property that a semantic event must have. A row without it is rejected, as the client rejects such an event.
type required struct {
	value
	column, property string
}

func (q required) appendJSON(dst []byte, r *row) ([]byte, bool, *ValueError) {
	out, ok, err := q.value.appendJSON(dst, r)
	if err != nil {
		return out, ok, err
	}
	if text := bytes.TrimSpace(out[len(dst):]); !ok || string(text) == "null" || string(text) == `""` {
		return dst, false, refuse(string(cio.RuleRequired), "the event requires %s, and the row has no value for it", q.property).from(q.column)
	}
	return out, true, nil
}
