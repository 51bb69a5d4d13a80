package mapping

import (
	"bytes"
	"cmp"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr/vm/runtime"
)

// magnitude returns a number of any type in a form that can be compared exactly.
func magnitude(v any) (number, bool) {
	switch v := v.(type) {
	case int64:
		return parseNumber(strconv.AppendInt(nil, v, 10))
	case int:
		return parseNumber(strconv.AppendInt(nil, int64(v), 10))
	case float64:
		return parseNumber(strconv.AppendFloat(nil, v, 'e', -1, 64))
	case exact:
		return parseNumber([]byte(v.digits))
	case decimal:
		return parseNumber([]byte(v.digits))
	case inexact:
		return v.number()
	}
	return number{}, false
}

func magnitudeOf(f float64) number {
	n, _ := magnitude(f)
	return n
}

// number returns the number of canonical, if its length is reasonable.
func (i inexact) number() (n number, ok bool) {
	digits, exponent, ok := strings.Cut(i.canonical, "e")
	if !ok {
		return n, false
	}
	n.exponent, _ = strconv.Atoi(exponent)
	rest, negative := strings.CutPrefix(digits, "-")
	n.negative, n.digits = negative, []byte(rest)
	return n, allDigits(n.digits) && len(rest) <= maxNumberBytes
}

func (n number) compare(m number) int {
	sign := func(n number) int {
		switch {
		case len(n.digits) == 0:
			return 0
		case n.negative:
			return -1
		}
		return 1
	}
	if c := cmp.Compare(sign(n), sign(m)); c != 0 || sign(n) == 0 {
		return c
	}
	return sign(n) * cmp.Or(cmp.Compare(n.exponent, m.exponent), bytes.Compare(n.digits, m.digits))
}

func isNumber(v any) bool {
	switch v.(type) {
	case int64, int, float64, exact, decimal, inexact:
		return true
	}
	return false
}

// compareNumbers compares two numbers of any type.
func compareNumbers(a, b any) (int, *ValueError) {
	if m, ok := integerOf(a); ok {
		if n, ok := integerOf(b); ok {
			return cmp.Compare(m, n), nil
		}
	}
	if x, ok := a.(float64); ok {
		if y, ok := b.(float64); ok {
			return cmp.Compare(x, y), nil
		}
	}
	x, ok := magnitude(a)
	y, ok2 := magnitude(b)
	if !ok || !ok2 {
		return 0, tooExact()
	}
	return x.compare(y), nil
}

// comparison is an operator that compares. otherwise is called for operands that are not numbers; it panics as the language does.
func comparison(holds func(int) bool, otherwise func(a, b any) bool) func(...any) (any, error) {
	return func(args ...any) (any, error) {
		if !isNumber(args[0]) || !isNumber(args[1]) {
			return otherwise(calculable(args[0]), calculable(args[1])), nil
		}
		c, err := compareNumbers(args[0], args[1])
		if err != nil {
			return nil, err
		}
		return holds(c), nil
	}
}

// equal compares two values of any kind, and numbers by their value.
func equal(a, b any) (bool, *ValueError) {
	if isNumber(a) && isNumber(b) {
		c, err := compareNumbers(a, b)
		return c == 0, err
	}
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false, nil
		}
		for key := range x {
			other, ok := y[key]
			if !ok {
				return false, nil
			}
			if same, err := equal(x[key], other); !same || err != nil {
				return false, err
			}
		}
		return true, nil
	case time.Time:
		y, ok := b.(time.Time)
		return ok && x.Equal(y), nil
	}
	v, w := reflect.ValueOf(a), reflect.ValueOf(b)
	if isList(v) && isList(w) {
		if v.Len() != w.Len() {
			return false, nil
		}
		for i := range v.Len() {
			if same, err := equal(v.Index(i).Interface(), w.Index(i).Interface()); !same || err != nil {
				return false, err
			}
		}
		return true, nil
	}
	return runtime.Equal(a, b), nil
}

func isList(v reflect.Value) bool { return v.Kind() == reflect.Slice || v.Kind() == reflect.Array }

func equals(want bool) func(...any) (any, error) {
	return func(args ...any) (any, error) {
		same, err := equal(args[0], args[1])
		if err != nil {
			return nil, err
		}
		return same == want, nil
	}
}

// ofNumbers is an operator of two numbers, both of which must have a value.
func ofNumbers(operator string, f func(...any) (any, error)) func(...any) (any, error) {
	return func(args ...any) (any, error) {
		if args[0] == nil || args[1] == nil {
			panic(fmt.Sprintf("invalid operation: %T %s %T", args[0], operator, args[1]))
		}
		return f(args...)
	}
}

// contained is the operator in.
func contained(args ...any) (any, error) {
	list := reflect.ValueOf(args[1])
	if !list.IsValid() || !isList(list) {
		return runtime.In(calculable(args[0]), args[1]), nil
	}
	for i := range list.Len() {
		if same, err := equal(args[0], list.Index(i).Interface()); err != nil {
			return nil, err
		} else if same {
			return true, nil
		}
	}
	return false, nil
}
