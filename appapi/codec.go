package appapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The types of answers are read and written here, because encoding/json alone cannot: times are seconds, ids are numbers or text, and
// members that a type does not have are kept in its Extra.

// member is a field of a type with its name in JSON.
type member struct {
	name     string
	index    int
	number   bool // an id that the document has as a number
	required bool // written also where it is the zero value
}

// shape describes a type.
type shape struct {
	members []member
	byName  map[string]int // into members
	extra   int            // the index of the field Extra, -1 for none
}

var shapes sync.Map // reflect.Type to *shape

var (
	timeType  = reflect.TypeFor[time.Time]()
	idType    = reflect.TypeFor[ID]()
	rawType   = reflect.TypeFor[json.RawMessage]()
	extraType = reflect.TypeFor[Extra]()
	dataType  = reflect.TypeFor[ActivityData]()
	textsType = reflect.TypeFor[map[string]string]()
	timesType = reflect.TypeFor[map[string]time.Time]()
)

func shapeOf(t reflect.Type) *shape {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape)
	}
	s := &shape{byName: map[string]int{}, extra: -1}
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("json")
		switch {
		case f.Type == extraType:
			s.extra = i
		case name != "" && name != "-":
			options := f.Tag.Get("api")
			s.byName[name] = len(s.members)
			s.members = append(s.members, member{name, i, strings.Contains(options, "number"), strings.Contains(options, "required")})
		}
	}
	shapes.Store(t, s)
	return s
}

// unmarshal reads b into the struct that value points to.
func unmarshal(b []byte, value any) error {
	if err := decode(b, reflect.ValueOf(value).Elem()); err != nil {
		return fmt.Errorf("appapi: %w", err)
	}
	return nil
}

// marshal writes the struct.
func marshal(value any) ([]byte, error) {
	var b bytes.Buffer
	if err := encode(&b, reflect.ValueOf(value), false); err != nil {
		return nil, fmt.Errorf("appapi: %w", err)
	}
	return b.Bytes(), nil
}

// formError says which part of an answer is not as documented. It does not quote the answer.
type formError struct {
	path, want string
}

func (e *formError) Error() string {
	if e.path == "" {
		return "it is not " + e.want
	}
	return e.path + " is not " + e.want
}

// within puts the error's place below another.
func within(err error, place string) error {
	var f *formError
	if !errors.As(err, &f) {
		return err
	}
	path := place + f.path
	if f.path != "" && f.path[0] != '[' {
		path = place + "." + f.path
	}
	return &formError{path, f.want}
}

func isNull(raw []byte) bool { return string(bytes.TrimSpace(raw)) == "null" }

// decode reads raw into v. Null is the zero value.
func decode(raw json.RawMessage, v reflect.Value) error {
	v.SetZero()
	if v.Type() == rawType {
		v.SetBytes(slices.Clone(raw))
		return nil
	}
	if isNull(raw) {
		return nil
	}
	switch v.Type() {
	case dataType:
		v.Set(reflect.ValueOf(ActivityData{string(bytes.TrimSpace(raw))}))
		return nil
	case timeType:
		return decodeTime(raw, v)
	case idType:
		var id ID
		if id.UnmarshalJSON(raw) != nil {
			return &formError{want: "an id"}
		}
		v.SetString(string(id))
		return nil
	case textsType:
		return decodeTexts(raw, v)
	case timesType:
		return decodeTimes(raw, v)
	}
	switch v.Kind() {
	case reflect.Struct:
		return decodeStruct(raw, v)
	case reflect.Slice:
		var items []json.RawMessage
		if json.Unmarshal(raw, &items) != nil {
			return &formError{want: "a list"}
		}
		v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
		for i, item := range items {
			if err := decode(item, v.Index(i)); err != nil {
				return within(err, "["+strconv.Itoa(i)+"]")
			}
		}
		return nil
	case reflect.Map:
		var all map[string]json.RawMessage
		if json.Unmarshal(raw, &all) != nil {
			return &formError{want: "an object"}
		}
		v.Set(reflect.MakeMapWithSize(v.Type(), len(all)))
		for name, item := range all {
			value := reflect.New(v.Type().Elem()).Elem()
			if err := decode(item, value); err != nil {
				return within(err, "a member") // its name may be of a person
			}
			v.SetMapIndex(reflect.ValueOf(name), value)
		}
		return nil
	case reflect.String:
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return &formError{want: "text"}
		}
		v.SetString(s)
	case reflect.Bool:
		var b bool
		if json.Unmarshal(unquoted(raw), &b) != nil {
			return &formError{want: "true or false"}
		}
		v.SetBool(b)
	case reflect.Int64:
		var n int64
		if json.Unmarshal(unquoted(raw), &n) != nil {
			return &formError{want: "a whole number"}
		}
		v.SetInt(n)
	case reflect.Float64:
		var n float64
		if json.Unmarshal(unquoted(raw), &n) != nil {
			return &formError{want: "a number"}
		}
		v.SetFloat(n)
	default:
		panic("appapi: a field of the type " + v.Type().String())
	}
	return nil
}

// unquoted returns the content of the text, if raw is text: some numbers come as text.
func unquoted(raw json.RawMessage) json.RawMessage {
	var s string
	if raw = bytes.TrimSpace(raw); len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
		return json.RawMessage(s)
	}
	return raw
}

// decodeTime reads unix seconds, and also the text of a time, which other parts of the API use. 0 and the empty text mean that there is no
// time.
func decodeTime(raw json.RawMessage, v reflect.Value) error {
	text := unquoted(raw)
	var n int64
	switch t, err := time.Parse(time.RFC3339, string(text)); {
	case len(text) == 0:
	case err == nil:
		v.Set(reflect.ValueOf(t.UTC()))
	case json.Unmarshal(text, &n) != nil:
		return &formError{want: "a time in unix seconds"}
	case n != 0:
		v.Set(reflect.ValueOf(time.Unix(n, 0).UTC()))
	}
	return nil
}

// decodeTexts reads an object whose values are documented to be text, but are not always text: any other value becomes its JSON. Null is
// left out. An empty list and an empty text are an empty object. A list of objects with a name and a value, as headers are written
// elsewhere, becomes an object.
func decodeTexts(raw json.RawMessage, v reflect.Value) error {
	var all map[string]json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		var pairs []struct {
			Name  *string
			Value json.RawMessage
		}
		if string(bytes.TrimSpace(raw)) == `""` {
			raw = json.RawMessage("[]")
		}
		if json.Unmarshal(raw, &pairs) != nil {
			return &formError{want: "an object"}
		}
		all = make(map[string]json.RawMessage, len(pairs))
		for _, pair := range pairs {
			if pair.Name == nil || pair.Value == nil {
				return &formError{want: "an object"}
			}
			all[*pair.Name] = pair.Value
		}
	}
	texts := make(map[string]string, len(all))
	for name, item := range all {
		var s string
		switch {
		case isNull(item):
			continue
		case json.Unmarshal(item, &s) != nil:
			s = string(compact(item))
		}
		texts[name] = s
	}
	v.Set(reflect.ValueOf(texts))
	return nil
}

// decodeTimes reads an object of times. Values that are not a time are left out.
func decodeTimes(raw json.RawMessage, v reflect.Value) error {
	var all map[string]json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		return &formError{want: "an object"}
	}
	times := make(map[string]time.Time, len(all))
	for name, item := range all {
		var t time.Time
		if decode(item, reflect.ValueOf(&t).Elem()) == nil && !t.IsZero() {
			times[name] = t
		}
	}
	v.Set(reflect.ValueOf(times))
	return nil
}

func decodeStruct(raw json.RawMessage, v reflect.Value) error {
	var all map[string]json.RawMessage
	if json.Unmarshal(raw, &all) != nil || all == nil {
		return &formError{want: "an object"}
	}
	s := shapeOf(v.Type())
	forms := map[string]json.RawMessage{}
	for _, m := range s.members {
		item, there := all[m.name]
		field := v.Field(m.index)
		if there {
			delete(all, m.name)
			if err := decode(item, field); err != nil {
				return within(err, m.name)
			}
		}
		if s.extra >= 0 && !m.restores(field, item, there) {
			if !there {
				item = absent
			}
			forms[m.name] = item
		}
	}
	if s.extra >= 0 {
		v.Field(s.extra).Set(reflect.ValueOf(Extra{textOfObject(all), textOfObject(forms)}))
	}
	return nil
}

// absent marks, among the forms, a member that did not come. No other member has this form, because no field can be read from a list of an
// object of a list.
var absent = json.RawMessage(`[{"absent":[]}]`)

// restores reports whether the encoded field is what came.
func (m member) restores(field reflect.Value, raw json.RawMessage, there bool) bool {
	if !m.written(field) || !there {
		return m.written(field) == there
	}
	if field.Kind() == reflect.Struct && field.Type() != timeType && field.Type() != dataType && !isNull(raw) {
		return true // by its own Extra
	}
	var b bytes.Buffer
	if encode(&b, field, m.number) != nil {
		return false
	}
	return sameJSON(b.Bytes(), raw)
}

// written reports whether the member is written if no other form of it is known.
func (m member) written(field reflect.Value) bool { return m.required || !field.IsZero() }

// sameJSON reports whether two texts are the same value, down to how numbers are written. The order of members does not count.
func sameJSON(a, b json.RawMessage) bool {
	a, b = bytes.TrimSpace(a), bytes.TrimSpace(b)
	if bytes.Equal(a, b) {
		return true
	}
	return reflect.DeepEqual(tree(a), tree(b))
}

func tree(raw json.RawMessage) any {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	_ = d.Decode(&v) // it is known to be JSON
	return v
}

func compact(raw json.RawMessage) []byte {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return raw
	}
	return b.Bytes()
}

// encode writes v; number says that an id is written as a number.
func encode(b *bytes.Buffer, v reflect.Value, number bool) error {
	switch v.Type() {
	case timeType:
		t := v.Interface().(time.Time)
		if t.IsZero() {
			b.WriteByte('0')
		} else {
			b.WriteString(strconv.FormatInt(t.Unix(), 10))
		}
		return nil
	case dataType:
		return marshalInto(b, v.Interface())
	case rawType:
		if v.Len() == 0 {
			b.WriteString("null")
			return nil
		}
		if !json.Valid(v.Bytes()) {
			return errors.New("a json.RawMessage is not JSON")
		}
		b.Write(v.Bytes())
		return nil
	case idType:
		if number && isWhole(v.String()) {
			b.WriteString(v.String())
			return nil
		}
	}
	switch v.Kind() {
	case reflect.Struct:
		if w, ok := v.Interface().(json.Marshaler); ok && len(shapeOf(v.Type()).members) == 0 {
			return marshalInto(b, w)
		}
		return encodeStruct(b, v)
	case reflect.Slice:
		if v.IsNil() {
			b.WriteString("[]")
			return nil
		}
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := encode(b, v.Index(i), number); err != nil {
				return err
			}
		}
		b.WriteByte(']')
		return nil
	case reflect.Map:
		b.WriteByte('{')
		names := make([]string, 0, v.Len())
		for _, name := range v.MapKeys() {
			names = append(names, name.String())
		}
		slices.Sort(names)
		for i, name := range names {
			if i > 0 {
				b.WriteByte(',')
			}
			writeName(b, name)
			if err := encode(b, v.MapIndex(reflect.ValueOf(name)), number); err != nil {
				return err
			}
		}
		b.WriteByte('}')
		return nil
	}
	return marshalInto(b, v.Interface())
}

func marshalInto(b *bytes.Buffer, value any) error {
	text, err := json.Marshal(value)
	b.Write(text)
	return err
}

func writeName(b *bytes.Buffer, name string) {
	text, _ := json.Marshal(name) // text can be written
	b.Write(text)
	b.WriteByte(':')
}

func encodeStruct(b *bytes.Buffer, v reflect.Value) error {
	s := shapeOf(v.Type())
	var extra Extra
	if s.extra >= 0 {
		extra = v.Field(s.extra).Interface().(Extra)
	}
	forms := objectOf(extra.forms)
	b.WriteByte('{')
	first := true
	name := func(name string) {
		if !first {
			b.WriteByte(',')
		}
		first = false
		writeName(b, name)
	}
	for _, m := range s.members {
		field := v.Field(m.index)
		if form := forms[m.name]; form != nil && m.unchanged(field, form) {
			if !bytes.Equal(form, absent) {
				name(m.name)
				b.Write(form)
			}
			continue
		}
		if !m.written(field) {
			continue
		}
		name(m.name)
		if err := encode(b, field, m.number); err != nil {
			return err
		}
	}
	unknown := objectOf(extra.unknown)
	for _, member := range slices.Sorted(maps.Keys(unknown)) {
		name(member)
		b.Write(unknown[member])
	}
	b.WriteByte('}')
	return nil
}

// unchanged reports whether the field still has the value that was read from that form.
func (m member) unchanged(field reflect.Value, form json.RawMessage) bool {
	was := reflect.New(field.Type()).Elem()
	if !bytes.Equal(form, absent) && decode(form, was) != nil {
		return false
	}
	return reflect.DeepEqual(was.Interface(), field.Interface())
}
