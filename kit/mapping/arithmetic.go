package mapping

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr/vm/runtime"
)

// This file calculates for expressions, instead of the operators of the expression language. Those let integers overflow, use as many bits as the
// machine has, and round integers that meet a floating point number. Here, integers have 64 bits on every machine. A result that does not fit is an
// error of the row, and so is an integer that would be rounded before a floating point calculation.

func integerOverflow() *ValueError {
	return refuse(RuleOutOfRange, "the result does not fit in 64 bits; send the value as decimal or as text")
}

func divisionByZero() *ValueError {
	return refuse(RuleNotANumber, "the expression divides by zero; give a value for that case, as in n == 0 ? 0 : total / n")
}

// integerOf returns an integer of any size.
func integerOf(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case int:
		return int64(v), true
	}
	return 0, false
}

// floatOf returns a number as floating point, if that represents it and its neighbours exactly. ok is false if v is not a number.
func floatOf(v any) (f float64, ok bool, err *ValueError) {
	if f, ok := v.(float64); ok {
		return f, true, nil
	}
	n, ok := integerOf(v)
	if !ok {
		return 0, false, nil
	}
	if f = float64(n); n > 1<<53 || n < -1<<53 {
		return 0, true, refuse(RuleLossy, "the expression calculates with floating point numbers, and the integer has more digits than a 64-bit one can represent")
	}
	return f, true, nil
}

// finite returns the result of a calculation with floating point numbers.
func finite(f float64) (any, error) {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return nil, refuse(RuleOutOfRange, "the result is not a finite 64-bit number")
	}
	return f, nil
}

// operation is an operator of two numbers. otherwise is called for operands that are not numbers; it panics as the language does.
func operation(integers func(a, b int64) (any, error), floats func(a, b float64) (any, error), otherwise func(a, b any) any) func(...any) (any, error) {
	return func(args ...any) (any, error) {
		a, b := calculable(args[0]), calculable(args[1])
		m, first := integerOf(a)
		n, second := integerOf(b)
		if first && second && integers != nil {
			return integers(m, n)
		}
		x, first, err := floatOf(a)
		y, second, err2 := floatOf(b)
		switch {
		case first && second && err != nil:
			return nil, err
		case first && second && err2 != nil:
			return nil, err2
		case first && second && floats != nil:
			return floats(x, y)
		}
		if err := tooExactFor(a, b); err != nil {
			return nil, err
		}
		return otherwise(a, b), nil
	}
}

// tooExactFor returns an error for numbers that cannot be calculated with.
func tooExactFor(args ...any) error {
	for _, v := range args {
		switch v.(type) {
		case inexact:
			return tooExact()
		case decimal:
			return refuse(RuleExpression, "a decimal can be compared and passed on, but not calculated with; use int or float")
		}
	}
	return nil
}

var (
	addNumbers      = operation(addIntegers, func(a, b float64) (any, error) { return finite(a + b) }, addOthers)
	subtractNumbers = operation(subtractIntegers, func(a, b float64) (any, error) { return finite(a - b) }, subtractOthers)
	multiplyNumbers = operation(multiplyIntegers, func(a, b float64) (any, error) { return finite(a * b) }, multiplyOthers)
	divideNumbers   = operation(divideIntegers, divideFloats, func(a, b any) any { return runtime.Divide(a, b) })
	moduloNumbers   = operation(moduloIntegers, nil, func(a, b any) any { return runtime.Modulo(a, b) })
	powerNumbers    = operation(powerIntegers, func(a, b float64) (any, error) { return finite(math.Pow(a, b)) }, func(a, b any) any { return runtime.Exponent(a, b) })
)

func addIntegers(a, b int64) (any, error) {
	if sum := a + b; (sum > a) == (b > 0) {
		return sum, nil
	}
	return nil, integerOverflow()
}

func subtractIntegers(a, b int64) (any, error) {
	if difference := a - b; (difference < a) == (b > 0) {
		return difference, nil
	}
	return nil, integerOverflow()
}

func multiplyIntegers(a, b int64) (any, error) {
	product := a * b
	if a != 0 && (product/a != b || a == -1 && b == math.MinInt64) {
		return nil, integerOverflow()
	}
	return product, nil
}

// divideIntegers returns a floating point number, as in the language. Only a result without a finite form is rounded.
func divideIntegers(a, b int64) (any, error) {
	if b == 0 {
		return nil, divisionByZero()
	}
	if b != -1 && a%b == 0 {
		a, b = a/b, 1
	}
	x, _, err := floatOf(a)
	y, _, err2 := floatOf(b)
	if err = cmp.Or(err, err2); err != nil {
		return nil, err
	}
	return finite(x / y)
}

func divideFloats(a, b float64) (any, error) {
	if b == 0 {
		return nil, divisionByZero()
	}
	return finite(a / b)
}

func moduloIntegers(a, b int64) (any, error) {
	if b == 0 {
		return nil, divisionByZero()
	}
	return a % b, nil
}

// powerIntegers returns a floating point number, as in the language. If the result is an integer, it is exact.
func powerIntegers(a, b int64) (any, error) {
	if b < 0 || a == 0 || a == 1 || a == -1 {
		return finite(math.Pow(float64(a), float64(b%2+2*min(max(b/2, -2000), 2000)))) // the sign of -1 depends on whether b is even
	}
	if b > 1100 {
		return finite(math.Inf(1))
	}
	exact := new(big.Int).Exp(big.NewInt(a), big.NewInt(b), nil)
	f, _ := new(big.Float).SetInt(exact).Float64()
	if math.IsInf(f, 0) {
		return finite(f)
	}
	if written, ok := parseNumber(exact.Append(nil, 10)); !ok || written.compare(magnitudeOf(f)) != 0 {
		return nil, refuse(RuleLossy, "the power has more digits than a 64-bit floating point number can represent")
	}
	return f, nil
}

func negate(args ...any) (any, error) {
	v := calculable(args[0])
	if n, ok := integerOf(v); ok {
		return subtractIntegers(0, n)
	}
	if err := tooExactFor(v); err != nil {
		return nil, err
	}
	return runtime.Negate(v), nil
}

// durations returns two durations as numbers of nanoseconds.
func durations(a, b any) (m, n int64, ok bool) {
	x, first := a.(time.Duration)
	y, second := b.(time.Duration)
	return int64(x), int64(y), first && second
}

func addOthers(a, b any) any {
	if m, n, ok := durations(a, b); ok {
		return asDuration(addIntegers(m, n))
	}
	return runtime.Add(a, b)
}

func subtractOthers(a, b any) any {
	if m, n, ok := durations(a, b); ok {
		return asDuration(subtractIntegers(m, n))
	}
	return runtime.Subtract(a, b)
}

func multiplyOthers(a, b any) any {
	if d, ok := a.(time.Duration); ok {
		a, b = b, d
	}
	d, ok := b.(time.Duration)
	n, whole := integerOf(a)
	if ok && whole {
		return asDuration(multiplyIntegers(n, int64(d)))
	}
	return runtime.Multiply(a, b)
}

// asDuration panics with the error of a calculation. The interpreter recovers it.
func asDuration(v any, err error) any {
	if err != nil {
		panic(err)
	}
	return time.Duration(v.(int64))
}

// numbersIn returns the numbers among the arguments of a function, and those in lists among them.
func numbersIn(name string, args []any) (numbers []any, err *ValueError) {
	for _, v := range args {
		if v = calculable(v); isNumber(v) {
			numbers = append(numbers, v)
			continue
		}
		list := reflect.ValueOf(v)
		if !list.IsValid() || !isList(list) {
			return nil, refuse(RuleExpression, "%s needs numbers, and one argument is %s", name, described(v))
		}
		items := make([]any, list.Len())
		for i := range items {
			items[i] = list.Index(i).Interface()
		}
		more, err := numbersIn(name, items)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, more...)
	}
	return numbers, nil
}

func sumOf(args ...any) (any, error) {
	list := reflect.ValueOf(args[0])
	if !list.IsValid() || !isList(list) {
		return nil, refuse(RuleExpression, "sum needs a list, and this is %s", described(args[0]))
	}
	var total any = int64(0)
	for i := range list.Len() {
		var err error
		if total, err = addNumbers(list.Index(i).Interface(), total); err != nil {
			return nil, err
		}
	}
	return total, nil
}

func meanOf(args ...any) (any, error) {
	numbers, bad := numbersIn("mean", args)
	if bad != nil {
		return nil, bad
	}
	if len(numbers) == 0 {
		return 0.0, nil
	}
	total, err := sumOf(numbers)
	if err != nil {
		return nil, err
	}
	return divideNumbers(total, int64(len(numbers)))
}

func medianOf(args ...any) (any, error) {
	numbers, err := sorted("median", args)
	n := len(numbers)
	switch {
	case err != nil:
		return nil, err
	case n == 0:
		return 0.0, nil
	case n%2 == 1:
		return divideNumbers(numbers[n/2], int64(1))
	}
	return meanOf(numbers[n/2-1], numbers[n/2])
}

// sorted returns the numbers of the arguments, sorted.
func sorted(name string, args []any) ([]any, error) {
	numbers, bad := numbersIn(name, args)
	if bad != nil {
		return nil, bad
	}
	var failed *ValueError
	slices.SortStableFunc(numbers, func(a, b any) int {
		c, err := compareNumbers(a, b)
		if err != nil {
			failed = err
		}
		return c
	})
	if failed != nil {
		return nil, failed
	}
	return numbers, nil
}

func largest(args ...any) (any, error) {
	numbers, err := sorted("max", args)
	if err != nil || len(numbers) == 0 {
		return nil, err
	}
	return numbers[len(numbers)-1], nil
}

func smallest(args ...any) (any, error) {
	numbers, err := sorted("min", args)
	if err != nil || len(numbers) == 0 {
		return nil, err
	}
	return numbers[0], nil
}

func absolute(args ...any) (any, error) {
	v := calculable(args[0])
	if n, ok := integerOf(v); ok && n < 0 {
		return subtractIntegers(0, n)
	}
	if f, ok := v.(float64); ok {
		return math.Abs(f), nil
	}
	if _, ok := integerOf(v); ok {
		return v, nil
	}
	return nil, refuse(RuleExpression, "abs needs a number, and this is %s", described(v))
}

// rounding is a function that rounds a number to a whole one.
func rounding(name string, round func(float64) float64) func(...any) (any, error) {
	return func(args ...any) (any, error) {
		v := calculable(args[0])
		f, ok, err := floatOf(v)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, refuse(RuleExpression, "%s needs a number, and this is %s", name, described(v))
		}
		return round(f), nil
	}
}

// ofBits is a function of the bits of two integers.
func ofBits(name string, f func(a, b int64) (any, error)) func(...any) (any, error) {
	return func(args ...any) (any, error) {
		a, ok := integerOf(calculable(args[0]))
		b, ok2 := integerOf(calculable(args[1]))
		if !ok || !ok2 {
			return nil, refuse(RuleExpression, "%s needs two integers", name)
		}
		return f(a, b)
	}
}

// shift is a function that shifts the bits of an integer.
func shift(name string, f func(a int64, by uint64) (any, error)) func(...any) (any, error) {
	return ofBits(name, func(a, b int64) (any, error) {
		if b < 0 {
			return nil, refuse(RuleExpression, "%s shifts by a negative number", name)
		}
		return f(a, uint64(b))
	})
}

func shiftLeft(a int64, by uint64) (any, error) {
	if shifted := a << by; a == 0 || by < 64 && shifted>>by == a {
		return shifted, nil
	}
	return nil, integerOverflow()
}

// asIndex returns a number as an index of a list.
func asIndex(args ...any) (any, error) {
	v := calculable(args[0])
	switch n := v.(type) {
	case int64:
		if int64(int(n)) != n {
			return nil, refuse(RuleOutOfRange, "the integer is too large for an index")
		}
		return int(n), nil
	case float64:
		whole, bad := parseInt(strconv.AppendFloat(nil, n, 'f', -1, 64))
		if bad != nil {
			return nil, refuse(RuleNotAnInteger, "an index must be an integer, and this number is not")
		}
		return asIndex(whole)
	}
	return v, nil
}

// asBound is asIndex for the ends of a range. Its size must fit too.
func asBound(args ...any) (any, error) {
	v, err := asIndex(args...)
	if n, ok := v.(int); ok && (n > math.MaxInt/4 || n < -math.MaxInt/4) {
		return nil, refuse(RuleOutOfRange, "the range is too large")
	}
	return v, err
}

// written is the function string. A number is written as in JSON; no value stays no value.
func written(args ...any) (any, error) {
	switch v := args[0].(type) {
	case nil:
		return nil, nil
	case string:
		return v, nil
	case bool, int, int64, float64, exact, decimal, time.Time:
		out, err := appendResult(nil, v)
		if err != nil {
			return nil, err
		}
		return strings.Trim(string(out), `"`), nil
	case inexact:
		return nil, tooExact()
	case time.Duration, time.Month, time.Weekday:
		return fmt.Sprint(v), nil
	}
	return nil, refuse(RuleExpression, "%s has no text of its own; use toJSON or join", described(args[0]))
}
