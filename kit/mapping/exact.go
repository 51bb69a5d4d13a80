package mapping

import (
	"errors"
	"strconv"
	"unicode/utf8"

	"github.com/ciokit/cio/internal/wire"
	"github.com/ciokit/cio/kit/source"
)

// exact is a JSON number as it is written. An expression passes it on with every digit. For calculations, calculable replaces it by an int64, a
// float64 or an inexact.
type exact struct{ digits string }

func (e exact) String() string { return e.digits }

// MarshalJSON is for toJSON.
func (e exact) MarshalJSON() ([]byte, error) { return []byte(e.digits), nil }

// inexact is a JSON number that neither an int64 nor a float64 can represent. Two with the same value are equal; no other operation is possible.
type inexact struct{ canonical string }

// MarshalJSON is for values that encoding/json writes: it must not become an empty object.
func (inexact) MarshalJSON() ([]byte, error) { return nil, tooExact() }

func tooExact() *ValueError {
	return refuse(RuleLossy, "a number has more digits than an expression can calculate with; use decimal, or pass it on as it is")
}

// described names the kind of an expression's value.
func described(v any) string {
	switch v.(type) {
	case exact, inexact, decimal:
		return "a number"
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	case string:
		return "text"
	case bool:
		return "true or false"
	case instant:
		return "a time"
	case nil:
		return "nothing"
	case int, int64, float64:
		return "a number"
	}
	return "a value of another kind"
}

// calcName is the function that is wrapped around values that may contain JSON numbers, at the places where an expression calculates. No mapping can
// call it.
const calcName = "$calc"

func calc(args ...any) (any, error) { return calculable(args[0]), nil }

// calculable returns a value in which each exact is replaced by an int64, a float64 or an inexact.
func calculable(v any) any {
	switch v := v.(type) {
	case exact:
		if n, err := strconv.ParseInt(v.digits, 10, 64); err == nil {
			return n
		}
		if f, err := parseFloat([]byte(v.digits)); err == nil {
			return f
		}
		n, ok := parseNumber([]byte(v.digits))
		if !ok {
			return inexact{v.digits}
		}
		sign := ""
		if n.negative {
			sign = "-"
		}
		return inexact{sign + string(n.digits) + "e" + strconv.Itoa(n.exponent)}
	case []any:
		items := make([]any, len(v))
		for i := range v {
			items[i] = calculable(v[i])
		}
		return items
	case map[string]any:
		members := make(map[string]any, len(v))
		for key := range v {
			members[key] = calculable(v[key])
		}
		return members
	}
	return v
}

// decodeCell returns a JSON cell as a value of an expression.
func decodeCell(c source.Cell) (any, *ValueError) {
	if c.Kind == source.KindAbsent {
		return nil, nil
	}
	return decodeJSON(c.Bytes)
}

// decodeJSON returns one JSON value as a value of an expression: nil, a bool, a string, an exact, a []any or a map[string]any. It returns an error
// for text that is not made of characters, and for an object with two members with the same name.
func decodeJSON(text []byte) (any, *ValueError) {
	if !utf8.Valid(text) {
		return nil, notUTF8()
	}
	if err := wire.Check(text); err != nil {
		var bad *wire.Error
		if errors.As(err, &bad) && bad.Rule == wire.TooDeep {
			return nil, refuse(source.RuleTooDeep, "objects and lists are nested deeper than %d levels", wire.MaxDepth)
		}
		return nil, refuse(source.RuleNotJSON, "%s", source.WhyNotJSON(text))
	}
	d := jsonDecoder{text: text}
	v := d.value()
	return v, d.err
}

// jsonDecoder reads text that is known to be valid JSON.
type jsonDecoder struct {
	text []byte
	at   int
	err  *ValueError // the first one
}

func (d *jsonDecoder) space() {
	for d.at < len(d.text) && (d.text[d.at] == ' ' || d.text[d.at] == '\t' || d.text[d.at] == '\r' || d.text[d.at] == '\n') {
		d.at++
	}
}

func (d *jsonDecoder) value() any {
	d.space()
	switch d.text[d.at] {
	case '{':
		return d.object()
	case '[':
		return d.array()
	case '"':
		return d.string()
	case 't':
		d.at += len("true")
		return true
	case 'f':
		d.at += len("false")
		return false
	case 'n':
		d.at += len("null")
		return nil
	}
	from := d.at
	for d.at < len(d.text) && partOfNumber(d.text[d.at]) {
		d.at++
	}
	return exact{string(d.text[from:d.at])}
}

func partOfNumber(c byte) bool {
	return c-'0' <= 9 || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}

func (d *jsonDecoder) string() string {
	from := d.at
	for d.at++; d.text[d.at] != '"'; d.at++ {
		if d.text[d.at] == '\\' {
			d.at++
		}
	}
	d.at++
	text, err := appendUnquoted(nil, d.text[from:d.at])
	d.note(err)
	return string(text)
}

func (d *jsonDecoder) array() any {
	items := []any{}
	d.at++
	for d.space(); d.text[d.at] != ']'; d.space() {
		items = append(items, d.value())
		if d.space(); d.text[d.at] == ',' {
			d.at++
		}
	}
	d.at++
	return items
}

func (d *jsonDecoder) object() any {
	members := map[string]any{}
	d.at++
	for d.space(); d.text[d.at] != '}'; d.space() {
		key := d.string()
		d.space()
		d.at++ // past the colon
		if _, twice := members[key]; twice {
			d.note(refuse(source.RuleTwice, "an object has two members with the same name, so it is not clear which is meant"))
		}
		members[key] = d.value()
		if d.space(); d.text[d.at] == ',' {
			d.at++
		}
	}
	d.at++
	return members
}

func (d *jsonDecoder) note(err *ValueError) {
	if d.err == nil && err != nil {
		d.err = err
	}
}

// parseJSON is the function fromJSON.
func parseJSON(args ...any) (any, error) {
	switch v := args[0].(type) {
	case nil:
		return nil, nil
	case string:
		if v == "" {
			return nil, nil
		}
		decoded, bad := decodeJSON([]byte(v))
		if bad != nil {
			return nil, bad
		}
		return decoded, nil
	}
	return nil, refuse(RuleExpression, "fromJSON reads text, and the value is JSON already: leave fromJSON out")
}
