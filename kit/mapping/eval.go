package mapping

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/ciokit/cio/kit/source"
	"github.com/expr-lang/expr/vm"
)

// decimal is the digits of a number as an expression's result. It can be passed on, but not calculated with.
type decimal struct{ digits string }

func (d decimal) String() string { return d.digits }

// MarshalJSON is for toJSON.
func (d decimal) MarshalJSON() ([]byte, error) { return []byte(d.digits), nil }

// rawCell is a cell that is an argument of a converter.
type rawCell source.Cell

// argument returns the text that a converter reads. absent says that there is none. A number is returned as its text.
func argument(v any) (text []byte, absent bool, err error) {
	switch v := v.(type) {
	case nil:
		return nil, true, nil
	case string:
		return []byte(v), v == "", nil
	case rawCell:
		if v.Kind == source.KindAbsent {
			return nil, true, nil
		}
		text, _, bad := plainText(nil, source.Cell(v))
		if bad != nil {
			return nil, false, bad
		}
		return text, len(text) == 0, nil
	case int64:
		return strconv.AppendInt(nil, v, 10), false, nil
	case int:
		return strconv.AppendInt(nil, int64(v), 10), false, nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, false, refuse(RuleNotANumber, "the expression's result is not a finite number")
		}
		return strconv.AppendFloat(nil, v, 'f', -1, 64), false, nil
	case decimal:
		return []byte(v.digits), false, nil
	case exact:
		if !strings.ContainsAny(v.digits, "eE") {
			return []byte(v.digits), false, nil
		}
		return argument(calculable(v))
	case inexact:
		return nil, false, tooExact()
	}
	return nil, false, refuse(RuleExpression, "%s cannot be converted", described(v))
}

// numeric returns a converter for numbers. The text has one of the given layouts, or else a comma before decimals if comma is set.
func numeric(c converter, convert func(...any) (any, error), comma bool) func(...any) (any, error) {
	return func(args ...any) (any, error) {
		if !comma && len(args) == 1 {
			return convert(args...)
		}
		var layouts []numberLayout
		for _, arg := range args[1:] {
			name, _ := arg.(string)
			l, problem := parseNumberLayout(name)
			if problem != "" {
				return nil, refuse(RuleExpression, "%s; %s", problem, numberLayoutHint)
			}
			layouts = append(layouts, l)
		}
		var text []byte
		switch v := args[0].(type) {
		case string:
			text = []byte(v)
		case rawCell:
			if v.Kind == source.KindAbsent || v.Bytes[0] != '"' && v.Kind == source.KindJSON {
				return convert(args...)
			}
			var bad *ValueError
			if text, _, bad = plainText(nil, source.Cell(v)); bad != nil {
				return nil, bad
			}
		default:
			return convert(args...)
		}
		if len(text) == 0 {
			return nil, nil
		}
		pointed, bad := pointedNumber(text, layouts, c)
		if bad != nil {
			return nil, bad
		}
		return convert(string(pointed))
	}
}

func convertInt(args ...any) (any, error) {
	text, absent, err := argument(args[0])
	if absent || err != nil {
		return nil, err
	}
	n, bad := parseInt(text)
	if bad != nil {
		return nil, bad
	}
	return n, nil
}

func convertFloat(args ...any) (any, error) {
	text, absent, err := argument(args[0])
	if absent || err != nil {
		return nil, err
	}
	f, bad := parseFloat(text)
	if bad != nil {
		return nil, bad
	}
	return f, nil
}

func convertDecimal(args ...any) (any, error) {
	text, absent, err := argument(args[0])
	if absent || err != nil {
		return nil, err
	}
	digits, bad := appendDecimal(nil, text)
	if bad != nil {
		return nil, bad
	}
	return decimal{string(digits)}, nil
}

func convertBool(args ...any) (any, error) {
	if b, ok := args[0].(bool); ok {
		return b, nil
	}
	if cell, ok := args[0].(rawCell); ok && cell.Kind == source.KindJSON && (cell.Bytes[0] == 't' || cell.Bytes[0] == 'f') {
		return cell.Bytes[0] == 't', nil
	}
	text, absent, err := argument(args[0])
	if absent || err != nil {
		return nil, err
	}
	var words []string
	for _, arg := range args[1:] {
		word, _ := arg.(string)
		words = append(words, word)
	}
	if wrong := boolWords(words); wrong != nil {
		return nil, refuse(RuleExpression, "%s", wrong.what)
	}
	b, bad := parseBool(text, words)
	if bad != nil {
		return nil, bad
	}
	return b, nil
}

// boundDate says how one date of an expression reads times.
type boundDate struct {
	dateRule
	zone *zone  // of the whole mapping
	path string // the field of the expression
}

// notesName is the name of the interpreter in an expression; warnings use it. No mapping can use this name.
const notesName = "$notes"

// unbound takes the place of a function until the expression is bound to the input.
func unbound(...any) (any, error) {
	return nil, refuse(RuleExpression, "the function must be called by its name")
}

func convertDate(args ...any) (any, error) {
	text, absent, err := argument(args[0])
	if absent || err != nil {
		return nil, err
	}
	bound := args[1].(*boundDate)
	rule := bound.dateRule
	if len(args) > 3 {
		var texts []string
		for _, arg := range args[3:] {
			text, _ := arg.(string)
			texts = append(texts, text)
		}
		var problem, hint string
		if rule, problem, hint = parseDateRule(texts); problem != "" {
			return nil, refuse(RuleExpression, "%s; %s", problem, hint)
		}
	}
	t, bad := rule.within(bound.zone).parse(text, rule.layouts)
	if bad != nil {
		return nil, bad
	}
	if in := args[2].(*interpreter); t.warning != "" {
		in.notes = append(in.notes, note{t.warning, bound.path})
	}
	return string(t.append(nil)), nil
}

// interpreter runs expressions for one row after the other.
type interpreter struct {
	machine vm.VM
	env     map[string]any
	columns []string // by slot
	row     int64    // the number of the current row
	filled  []int64  // for each slot the row whose value is in env
	notes   []note   // of the expression that ran last
}

func newInterpreter(columns []string) *interpreter {
	in := &interpreter{env: make(map[string]any), columns: columns, filled: make([]int64, len(columns)), row: 1}
	in.env[notesName] = in
	return in
}

// run returns the value of a program for the row. nil means no value.
func (in *interpreter) run(p *program, cells []source.Cell) (any, *ValueError) {
	for _, slot := range p.slots {
		if in.filled[slot] == in.row {
			continue
		}
		in.filled[slot] = in.row
		name, cell := in.columns[slot], cells[slot]
		if p.kind == source.KindText {
			if err := checkUTF8(cell.Bytes); err != nil {
				in.filled[slot] = 0
				err.Column = name
				return nil, err
			}
			in.env[columnPrefix+name] = string(cell.Bytes)
			continue
		}
		in.env[rawPrefix+name] = rawCell(cell)
		decoded, err := decodeCell(cell)
		if err != nil {
			in.filled[slot] = 0
			return nil, err.from(name)
		}
		in.env[columnPrefix+name] = decoded
	}
	in.notes = in.notes[:0]
	v, err := in.machine.Run(p.code, in.env)
	if err != nil {
		return nil, in.explain(p, cells, err)
	}
	if p.kind == source.KindText && v == "" {
		v = nil // like an empty cell: CSV cannot distinguish no text from empty text
	}
	return v, nil
}

// explain turns an error of the interpreter into an error without the row's data.
func (in *interpreter) explain(p *program, cells []source.Cell, err error) *ValueError {
	var bad *ValueError
	if errors.As(err, &bad) {
		bad = &ValueError{Rule: bad.Rule, Hint: bad.Hint}
	} else {
		bad = refuse(RuleExpression, "the expression has no result for this row")
		// This message of expr is followed by types. Other messages of expr are followed by values.
		if _, types, ok := strings.Cut(err.Error(), "invalid operation: "); ok {
			types, _, _ = strings.Cut(types, " (") // the place in the expression
			bad.Hint += ": invalid operation " + types
		}
	}
	if len(p.slots) > 0 {
		bad.Column = in.columns[p.slots[0]]
	}
	for _, slot := range p.slots {
		if bad.Rule == RuleExpression && cells[slot].Kind == source.KindAbsent {
			bad.Column = in.columns[slot]
			bad.Hint += fmt.Sprintf("; the column %s is empty: give a value for that case, as in int(%[1]s) ?? 0", in.columns[slot])
			break
		}
	}
	return bad
}

// appendResult writes the value of an expression, which must not be nil, as JSON.
func appendResult(dst []byte, v any) ([]byte, *ValueError) {
	switch v := v.(type) {
	case string:
		return appendString(dst, []byte(v))
	case bool:
		return strconv.AppendBool(dst, v), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return dst, refuse(RuleNotANumber, "the expression's result is not a finite number")
		}
		return appendFloat(dst, v), nil
	case decimal:
		return append(dst, v.digits...), nil
	case time.Time:
		t, err := inRange(v, 9)
		if err != nil {
			return dst, err
		}
		return append(t.AppendFormat(append(dst, '"'), time.RFC3339Nano), '"'), nil
	case exact:
		return append(dst, v.digits...), nil
	case inexact:
		return dst, tooExact()
	case []any:
		return appendList(dst, len(v), func(i int) any { return v[i] })
	case map[string]any:
		return appendObject(dst, sortedKeys(v), func(key string) any { return v[key] })
	}
	return appendOther(dst, v)
}

// appendOther is appendResult for types that only functions of the language return.
func appendOther(dst []byte, v any) ([]byte, *ValueError) {
	r := reflect.ValueOf(v)
	if !hasJSON(r.Type()) {
		return dst, refuse(RuleExpression, "the expression's result is %s, which JSON cannot represent", typeName(r.Type()))
	}
	switch k := r.Kind(); {
	case isIntegerKind(k):
		return strconv.AppendInt(dst, r.Int(), 10), nil
	case isList(r):
		return appendList(dst, r.Len(), func(i int) any { return r.Index(i).Interface() })
	case k == reflect.Map:
		members := make(map[string]any, r.Len())
		for _, key := range r.MapKeys() {
			name, ok := key.Interface().(string)
			if !ok {
				return dst, refuse(RuleExpression, "the names in an object must be text; use string(...)")
			}
			members[name] = r.MapIndex(key).Interface()
		}
		return appendObject(dst, sortedKeys(members), func(key string) any { return members[key] })
	}
	return dst, refuse(RuleExpression, "the expression's result is %s, which JSON cannot represent", typeName(r.Type()))
}

func appendList(dst []byte, n int, item func(int) any) (_ []byte, err *ValueError) {
	dst = append(dst, '[')
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendItem(dst, item(i)); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func appendObject(dst []byte, names []string, member func(string) any) (_ []byte, err *ValueError) {
	dst = append(dst, '{')
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendString(dst, []byte(name)); err != nil {
			return dst, err
		}
		if dst, err = appendItem(append(dst, ':'), member(name)); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// appendItem is appendResult within a list or an object. There, nil is null.
func appendItem(dst []byte, v any) ([]byte, *ValueError) {
	if v == nil {
		return append(dst, "null"...), nil
	}
	return appendResult(dst, v)
}
