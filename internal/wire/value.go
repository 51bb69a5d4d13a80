package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Checked is JSON that this project's own code has written: one value without white space between its tokens, in valid UTF-8, without the
// escape \ufffd, and nested less deep than MaxDepth. A pointer to it is appended without a check; a json.RawMessage is checked. The type is
// in an internal package, because nobody else may leave out the check.
type Checked []byte

// MaxDepth limits how deep objects and arrays nest, in what is written and in what is checked. It stops at a map that contains itself.
const MaxDepth = 200

// Appender is a value that writes its own JSON. What it writes is checked before it is trusted.
type Appender interface {
	AppendJSON(dst []byte) ([]byte, error)
}

// AppendValue appends v as JSON. Maps are written with their keys sorted. A nil map, slice or pointer is null. Values of uncommon types
// that do not implement Appender go through encoding/json, without its escaping of HTML. On an error, of type *Error, dst comes back
// unchanged.
func AppendValue(dst []byte, v any) ([]byte, error) {
	n := len(dst)
	out, err := appendNested(dst, v, 0)
	if err != nil {
		return out[:n], err
	}
	return out, nil
}

func appendNested(dst []byte, v any, depth int) ([]byte, error) {
	if depth > MaxDepth {
		return dst, &Error{Rule: TooDeep}
	}
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case string:
		return AppendString(dst, v), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case float64:
		return appendFloatBits(dst, v, 64)
	case *Checked:
		return append(dst, *v...), nil
	case map[string]any:
		return appendMap(dst, v, depth)
	case []any:
		return appendSlice(dst, v, depth)
	case time.Time:
		return AppendTime(dst, v)
	case json.RawMessage:
		if v == nil {
			return append(dst, "null"...), nil
		}
		return AppendRaw(dst, v)
	case []string:
		if v == nil {
			return append(dst, "null"...), nil
		}
		return AppendStrings(dst, v), nil
	case map[string]string:
		return appendMap(dst, v, depth)
	case []map[string]any:
		return appendSlice(dst, v, depth)
	case json.Number:
		return appendNumber(dst, v)
	case Appender:
		return appendAppender(dst, v)
	case int8:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int16:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int32:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case uint:
		return strconv.AppendUint(dst, uint64(v), 10), nil
	case uint8:
		return strconv.AppendUint(dst, uint64(v), 10), nil
	case uint16:
		return strconv.AppendUint(dst, uint64(v), 10), nil
	case uint32:
		return strconv.AppendUint(dst, uint64(v), 10), nil
	case uint64:
		return strconv.AppendUint(dst, v, 10), nil
	case float32:
		return appendFloatBits(dst, float64(v), 32)
	}
	return appendMarshalled(dst, v)
}

// smallMap is how many members of a map are sorted without a heap allocation.
const smallMap = 16

type member[V any] struct {
	key   string
	value V
}

// appendMap walks m once and sorts what it found: looking every value up again by its key would hash it a second time.
func appendMap[V any](dst []byte, m map[string]V, depth int) ([]byte, error) {
	if m == nil {
		return append(dst, "null"...), nil
	}
	var small [smallMap]member[V]
	members := small[:0]
	if len(m) > smallMap {
		members = make([]member[V], 0, len(m))
	}
	for k, v := range m {
		members = append(members, member[V]{k, v})
	}
	sortMembers(members)
	dst = append(dst, '{')
	for i := range members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendString(dst, members[i].key)
		dst = append(dst, ':')
		var err error
		if dst, err = appendMember(dst, members[i].value, depth+1); err != nil {
			return dst, At(err, members[i].key)
		}
	}
	return append(dst, '}'), nil
}

// sortMembers sorts by key. Few members, the usual case, are sorted in place without a call for each comparison.
func sortMembers[V any](members []member[V]) {
	if len(members) > smallMap {
		slices.SortFunc(members, func(a, b member[V]) int { return strings.Compare(a.key, b.key) })
		return
	}
	for i := 1; i < len(members); i++ {
		m := members[i]
		j := i
		for ; j > 0 && m.key < members[j-1].key; j-- {
			members[j] = members[j-1]
		}
		members[j] = m
	}
}

// appendMember spares a string the conversion to an interface, which would allocate.
func appendMember[V any](dst []byte, v V, depth int) ([]byte, error) {
	if s, ok := any(&v).(*string); ok {
		return AppendString(dst, *s), nil
	}
	return appendNested(dst, any(v), depth)
}

func appendSlice[V any](dst []byte, s []V, depth int) ([]byte, error) {
	if s == nil {
		return append(dst, "null"...), nil
	}
	dst = append(dst, '[')
	for i, v := range s {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendNested(dst, v, depth+1); err != nil {
			return dst, At(err, "["+strconv.Itoa(i)+"]")
		}
	}
	return append(dst, ']'), nil
}

func appendNumber(dst []byte, n json.Number) ([]byte, error) {
	n0 := len(dst)
	dst = append(dst, n...)
	if end, err := number(dst[n0:], 0); err != nil || end != len(n) {
		return dst[:n0], &Error{Rule: NotANumber}
	}
	return dst, nil
}

func appendAppender(dst []byte, v Appender) ([]byte, error) {
	if rv := reflect.ValueOf(v); rv.Kind() == reflect.Pointer && rv.IsNil() {
		return append(dst, "null"...), nil
	}
	n := len(dst)
	out, err := v.AppendJSON(dst)
	if err != nil {
		return dst, At(err, "")
	}
	if len(out) < n {
		return dst, &Error{Rule: NotJSON}
	}
	if Generated(v) {
		return out, nil
	}
	c := checker{src: out[n:]}
	if err := c.whole(); err != nil {
		return dst, err
	}
	if c.untidy {
		return AppendRaw(out[:n], bytes.Clone(out[n:]))
	}
	return out, nil
}

// generatedBy is the package whose types write JSON that needs no check: its code is generated, and tested against encoding/json.
const generatedBy = "github.com/ciokit/cio/events"

// Generated reports whether v is of a generated type. A struct of somebody else that embeds one is not.
func Generated(v any) bool {
	t := reflect.TypeOf(v)
	return t != nil && t.PkgPath() == generatedBy
}

func appendMarshalled(dst []byte, v any) ([]byte, error) {
	w := sliceWriter{dst}
	enc := json.NewEncoder(&w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		rule := NotEncodable
		var value *json.UnsupportedValueError
		var inner *Error
		switch {
		case errors.As(err, &inner):
			rule = inner.Rule
		case errors.As(err, &value) && (value.Str == "NaN" || value.Str == "+Inf" || value.Str == "-Inf"):
			rule = NotANumber
		}
		return dst, &Error{Rule: rule, Err: err}
	}
	out := bytes.TrimSuffix(w.dst, []byte("\n"))
	// encoding/json passes on what a MarshalJSON method or a RawMessage holds without a look at its text.
	if err := Check(out[len(dst):]); err != nil {
		return dst, err
	}
	return out, nil
}

type sliceWriter struct{ dst []byte }

func (w *sliceWriter) Write(p []byte) (int, error) {
	w.dst = append(w.dst, p...)
	return len(p), nil
}
