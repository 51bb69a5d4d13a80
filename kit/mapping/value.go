package mapping

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/ciokit/cio/kit/source"
)

// row is the row from which values are made.
type row struct {
	cells   []source.Cell
	raw     []byte
	in      *interpreter
	scratch []byte // for the text of JSON strings with escapes
	foreign bool   // JSON was written that this package did not make
	email   [2]int // where the trait email of an identify is, if the mapping names it
	notes   []note // warnings about the row's values
}

// appendCell writes a cell with a value as JSON. A scalar without escapes is already in the form that this package writes: the source has checked it.
// Any other JSON may contain white space, or nest deeply.
func (r *row) appendCell(dst []byte, c source.Cell) ([]byte, *ValueError) {
	if c.Kind == source.KindJSON && (c.Bytes[0] == '{' || c.Bytes[0] == '[' || bytes.IndexByte(c.Bytes, '\\') >= 0) {
		r.foreign = true
	}
	return appendCell(dst, c)
}

// value is a value of a mapping, compiled for an input.
type value interface {
	// appendJSON appends the value as JSON. It returns false and an unchanged dst if the row has none.
	appendJSON(dst []byte, r *row) ([]byte, bool, *ValueError)
}

// scalar is a value that can be text or a time.
type scalar interface {
	value
	// text returns the value as an identifier. It returns false if the row has none.
	text(r *row) (string, bool, *ValueError)
	// instant returns the value as a time. It returns false if the row has none.
	instant(r *row) (instant, bool, *ValueError)
}

// literal is the same in every row.
type literal struct {
	json []byte
	str  string
}

func (l literal) appendJSON(dst []byte, _ *row) ([]byte, bool, *ValueError) {
	return append(dst, l.json...), true, nil
}

func (l literal) text(*row) (string, bool, *ValueError) { return l.str, true, nil }

func (l literal) instant(*row) (instant, bool, *ValueError) {
	t, err := parseDate([]byte(l.str), nil)
	return t, true, err
}

// column is an unconverted cell.
type column struct {
	slot int
	name string
}

func (c column) appendJSON(dst []byte, r *row) ([]byte, bool, *ValueError) {
	cell := r.cells[c.slot]
	if cell.Kind == source.KindAbsent {
		return dst, false, nil
	}
	out, err := r.appendCell(dst, cell)
	if err != nil {
		return dst, false, err.from(c.name)
	}
	return out, true, nil
}

// plain returns the cell's text. It returns false if there is none.
func (c column) plain(r *row) ([]byte, bool, *ValueError) {
	cell := r.cells[c.slot]
	if cell.Kind == source.KindAbsent {
		return nil, false, nil
	}
	text, scratch, err := plainText(r.scratch, cell)
	r.scratch = scratch
	if err != nil {
		return nil, false, err.from(c.name)
	}
	return text, true, nil
}

func (c column) text(r *row) (string, bool, *ValueError) {
	text, ok, err := c.plain(r)
	if !ok || err != nil {
		return "", false, err
	}
	if cell := r.cells[c.slot]; cell.Kind == source.KindJSON && cell.Bytes[0] != '"' {
		if _, err := parseInt(text); err != nil && err.Rule == RuleNotAnInteger {
			return "", false, refuse(RuleNotText, "an identifier must be text or an integer; put it in quotes").from(c.name)
		}
	}
	if err := checkIdentifier(text); err != nil {
		return "", false, err.from(c.name)
	}
	return string(text), true, nil
}

func (c column) instant(r *row) (instant, bool, *ValueError) {
	t, ok, err := c.read(r, nil)
	return t.instant, ok, err
}

// conversion is a cell with one of the converters.
type conversion struct {
	column
	converter converter
	date      dateRule
	numbers   []numberLayout // count instead of comma
	words     []string       // for true and false
	comma     bool           // a comma is before decimals
	path      string         // its field
}

func (c *conversion) appendJSON(dst []byte, r *row) ([]byte, bool, *ValueError) {
	if cell := r.cells[c.slot]; c.converter == converterBool && cell.Kind == source.KindJSON && (cell.Bytes[0] == 't' || cell.Bytes[0] == 'f') {
		return append(dst, cell.Bytes...), true, nil
	}
	text, ok, err := c.plain(r)
	if !ok || err != nil || len(text) == 0 {
		return dst, false, err
	}
	out := dst
	given := text
	if (c.comma || c.numbers != nil) && c.converter != converterDate && c.converter != converterBool && (r.cells[c.slot].Kind == source.KindText || r.cells[c.slot].Bytes[0] == '"') {
		if text, err = pointedNumber(text, c.numbers, c.converter); err != nil {
			return dst, false, c.refusal(given, err)
		}
	}
	switch c.converter {
	case converterInt:
		var n int64
		if n, err = parseInt(text); err == nil {
			out = strconv.AppendInt(dst, n, 10)
		}
	case converterFloat:
		var f float64
		if f, err = parseFloat(text); err == nil {
			out = appendFloat(dst, f)
		}
	case converterDecimal:
		out, err = appendDecimal(dst, text)
	case converterBool:
		var b bool
		if b, err = parseBool(text, c.words); err == nil {
			out = strconv.AppendBool(dst, b)
		}
	case converterDate:
		var t timed
		if t, err = c.date.zone.parse(text, c.date.layouts); err == nil {
			r.warn(t.warning, c.path)
			out = append(t.append(append(dst, '"')), '"')
		}
	}
	if err != nil {
		return dst, false, c.refusal(given, err)
	}
	return out, true, nil
}

// refusal completes the error of a converter. If bytes are not UTF-8, that is the reason in any case.
func (c *conversion) refusal(text []byte, err *ValueError) *ValueError {
	if bad := checkUTF8(text); bad != nil {
		err = bad
	}
	return err.from(c.name)
}

func (c *conversion) text(r *row) (string, bool, *ValueError) {
	out, ok, err := c.appendJSON(nil, r)
	if c.converter == converterDate && ok {
		out = out[1 : len(out)-1]
	}
	return string(out), ok, err
}

func (c *conversion) instant(r *row) (instant, bool, *ValueError) {
	text, ok, err := c.plain(r)
	if !ok || err != nil || len(text) == 0 {
		return instant{}, false, err
	}
	t, err := c.date.zone.parse(text, c.date.layouts)
	if err != nil {
		return instant{}, false, c.refusal(text, err)
	}
	r.warn(t.warning, c.path)
	return t.instant, true, nil
}

// computed is the result of an expression.
type computed struct {
	program *program
	name    string // the first column that it reads
	zone    *zone  // of the whole mapping
	path    string // its field
}

// run returns the expression's result for the row, nil if it has none.
func (c computed) run(r *row) (any, *ValueError) {
	v, err := r.in.run(c.program, r.cells)
	r.notes = append(r.notes, r.in.notes...)
	return v, err
}

func (c computed) appendJSON(dst []byte, r *row) ([]byte, bool, *ValueError) {
	r.foreign = true
	v, err := c.run(r)
	if v == nil || err != nil {
		return dst, false, err
	}
	out, err := appendResult(dst, v)
	if err != nil {
		return dst, false, err.from(c.name)
	}
	return out, true, nil
}

func (c computed) text(r *row) (string, bool, *ValueError) {
	v, err := c.run(r)
	if v == nil || err != nil {
		return "", false, err
	}
	switch v := v.(type) {
	case string:
		if err := checkIdentifier([]byte(v)); err != nil {
			return "", false, err.from(c.name)
		}
		return v, true, nil
	case int64:
		return strconv.FormatInt(v, 10), true, nil
	case int:
		return strconv.Itoa(v), true, nil
	case decimal:
		return v.digits, true, nil
	case exact:
		if _, err := parseInt([]byte(v.digits)); err == nil || err.Rule != RuleNotAnInteger {
			return v.digits, true, nil
		}
	}
	return "", false, refuse(RuleNotText, "an identifier must be text or an integer, the expression's result is %s; use string(...)", described(v)).from(c.name)
}

func (c computed) instant(r *row) (instant, bool, *ValueError) {
	v, err := c.run(r)
	if v == nil || err != nil {
		return instant{}, false, err
	}
	var t instant
	switch v := v.(type) {
	case string:
		var read timed
		read, err = c.zone.parse([]byte(v), nil)
		r.warn(read.warning, c.path)
		t = read.instant
	case time.Time:
		t, err = inRange(v, 9)
	default:
		err = refuse(RuleNotADate, "the expression's result is a %T, not a time; %s", v, timestampHint)
	}
	if err != nil {
		return instant{}, false, err.from(c.name)
	}
	return t, true, nil
}

// nullable is a value that becomes null if it is absent because one of some columns is absent.
type nullable struct {
	value
	slots []int
}

func (n nullable) appendJSON(dst []byte, r *row) ([]byte, bool, *ValueError) {
	out, ok, err := n.value.appendJSON(dst, r)
	if ok || err != nil {
		return out, ok, err
	}
	for _, slot := range n.slots {
		if r.cells[slot].Kind == source.KindAbsent {
			return append(dst, "null"...), true, nil
		}
	}
	return dst, false, nil
}

// object is an object of the values that the row has. It is absent if it has several values and the row has none of them.
type object struct {
	names []string
	keys  [][]byte // "name":
	items []value
}

func (o object) appendJSON(dst []byte, r *row) ([]byte, bool, *ValueError) {
	start := len(dst)
	dst = append(dst, '{')
	for i, item := range o.items {
		before := len(dst)
		if before > start+1 {
			dst = append(dst, ',')
		}
		dst = append(dst, o.keys[i]...)
		out, ok, err := item.appendJSON(dst, r)
		if err != nil {
			if o.names[i] == "" && err.Column != "" { // one of all members
				err.in(err.Column)
				return dst[:start], false, err
			}
			return dst[:start], false, err.in(o.names[i])
		}
		if dst = out; !ok {
			dst = dst[:before]
		}
	}
	if len(dst) == start+1 && len(o.items) > 0 {
		return dst[:start], false, nil
	}
	return append(dst, '}'), true, nil
}

// list is a list of the values that the row has. It is absent if it has several values and the row has none of them.
type list []value

func (l list) appendJSON(dst []byte, r *row) ([]byte, bool, *ValueError) {
	start := len(dst)
	dst = append(dst, '[')
	for i, item := range l {
		before := len(dst)
		if before > start+1 {
			dst = append(dst, ',')
		}
		out, ok, err := item.appendJSON(dst, r)
		if err != nil {
			return dst[:start], false, err.in("[" + strconv.Itoa(i) + "]")
		}
		if dst = out; !ok {
			dst = dst[:before]
		}
	}
	if len(dst) == start+1 && len(l) > 0 {
		return dst[:start], false, nil
	}
	return append(dst, ']'), true, nil
}

// from adds the column of the value.
func (e *ValueError) from(column string) *ValueError {
	e.Column = column
	return e
}

// in adds the member that is the value, or contains it.
func (e *ValueError) in(name string) *ValueError {
	switch {
	case e.Field == "":
		e.Field = name
	case e.Field[0] == '[':
		e.Field = name + e.Field
	default:
		e.Field = name + "." + e.Field
	}
	return e
}

func checkUTF8(text []byte) *ValueError {
	if !utf8.Valid(text) {
		return notUTF8()
	}
	return nil
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
