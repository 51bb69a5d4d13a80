package wire

import (
	"errors"
	"slices"
	"strconv"
	"time"
)

// NameTaken is the rule that an extra property breaks if the struct has a field of that name.
const NameTaken = "name-taken"

var errNameTaken = errors.New("the struct has a field of this name; set that instead")

// Object appends one JSON object, member by member, and remembers the first error. So the code that writes a struct is one line for each
// field. Absent values (empty strings and slices, nil pointers and maps, the zero time) write nothing. Names are written unchanged: they
// must need no escaping. The zero Object is not usable; NewObject makes one.
type Object struct {
	dst   []byte
	start int
	outer int
	err   error
}

// NewObject begins an object at the end of dst.
func NewObject(dst []byte) Object {
	return Object{start: len(dst), dst: append(dst, '{')}
}

// End closes the object. On an error, of type *Error, dst comes back as it was given to NewObject.
func (o *Object) End() ([]byte, error) {
	if o.err != nil {
		return o.dst[:o.start], o.err
	}
	return append(o.dst, '}'), nil
}

// Open begins an object within the object. Only one can be open at a time.
func (o *Object) Open(name string) {
	o.outer = len(o.dst)
	o.name(name)
	o.dst = append(o.dst, '{')
}

// Close ends what Open began, and takes it back if it stayed empty.
func (o *Object) Close() {
	if o.dst[len(o.dst)-1] == '{' {
		o.dst = o.dst[:o.outer]
		return
	}
	o.dst = append(o.dst, '}')
}

func (o *Object) name(name string) {
	o.comma()
	o.dst = append(o.dst, '"')
	o.dst = append(o.dst, name...)
	o.dst = append(o.dst, '"', ':')
}

// comma relies on no value ending in an opening brace.
func (o *Object) comma() {
	if o.dst[len(o.dst)-1] != '{' {
		o.dst = append(o.dst, ',')
	}
}

func (o *Object) fail(err error, segment string) {
	if err != nil && o.err == nil {
		o.err = At(err, segment)
	}
}

// String writes v unless it is empty.
func (o *Object) String(name, v string) {
	if v != "" {
		o.name(name)
		o.dst = AppendString(o.dst, v)
	}
}

// Int writes what v points to.
func (o *Object) Int(name string, v *int) {
	if v != nil {
		o.name(name)
		o.dst = strconv.AppendInt(o.dst, int64(*v), 10)
	}
}

// Float writes what v points to; NaN and infinities are errors.
func (o *Object) Float(name string, v *float64) {
	if v != nil {
		o.name(name)
		var err error
		o.dst, err = AppendFloat(o.dst, *v)
		o.fail(err, name)
	}
}

// Bool writes what v points to.
func (o *Object) Bool(name string, v *bool) {
	if v != nil {
		o.name(name)
		o.dst = strconv.AppendBool(o.dst, *v)
	}
}

// Time writes v, in UTC, unless it is the zero time; a year outside 0 to 9999 is an error.
func (o *Object) Time(name string, v time.Time) {
	if !v.IsZero() {
		o.name(name)
		var err error
		o.dst, err = AppendTime(o.dst, v)
		o.fail(err, name)
	}
}

// Strings writes v as an array unless it is empty.
func (o *Object) Strings(name string, v []string) {
	if len(v) > 0 {
		o.name(name)
		o.dst = AppendStrings(o.dst, v)
	}
}

// Map writes v as an object unless it is nil. Names are sorted; an empty map is an empty object.
func (o *Object) Map(name string, v map[string]any) {
	if v != nil {
		o.name(name)
		var err error
		o.dst, err = appendMap(o.dst, v, 1)
		o.fail(err, name)
	}
}

// Value writes v as AppendValue does, null included, unless it is nil.
func (o *Object) Value(name string, v any) {
	if v != nil {
		o.name(name)
		var err error
		o.dst, err = appendNested(o.dst, v, 1)
		o.fail(err, name)
	}
}

// Objects writes v as an array of objects unless it is empty.
func Objects[T Appender](o *Object, name string, v []T) {
	if len(v) == 0 {
		return
	}
	o.name(name)
	sep := byte('[')
	for i := range v {
		o.dst = append(o.dst, sep)
		sep = ','
		out, err := v[i].AppendJSON(o.dst)
		if err != nil {
			o.fail(At(err, "["+strconv.Itoa(i)+"]"), name)
			return
		}
		o.dst = out
	}
	o.dst = append(o.dst, ']')
}

// Extra writes the members of m, sorted by name. A name in taken is an error of the rule NameTaken, even if the field of that name was not
// written.
func (o *Object) Extra(m map[string]any, taken []string) {
	if len(m) == 0 || o.err != nil {
		return
	}
	var small [smallMap]string
	names := small[:0]
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if slices.Contains(taken, name) {
			o.err = &Error{Path: name, Rule: NameTaken, Err: errNameTaken}
			return
		}
		o.comma()
		o.dst = AppendString(o.dst, name)
		o.dst = append(o.dst, ':')
		var err error
		if o.dst, err = appendNested(o.dst, m[name], 1); err != nil {
			o.fail(err, name)
			return
		}
	}
}
