package mapping

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/checker/nature"
	"github.com/expr-lang/expr/vm/runtime"
)

var (
	typeInteger = reflect.TypeFor[int64]()
	typeFloat   = reflect.TypeFor[float64]()
	typeText    = reflect.TypeFor[string]()
	typeBool    = reflect.TypeFor[bool]()
	typeAny     = reflect.TypeFor[any]()
)

// operators are the functions that replace the operators of the language. No mapping can call them by these names.
var operators = map[string]*builtin.Function{
	"+": checked("$add", addNumbers, promoted), "-": checked("$subtract", subtractNumbers, promoted), "*": checked("$multiply", multiplyNumbers, promoted),
	"/": checked("$divide", divideNumbers, gives(typeFloat)), "%": checked("$modulo", moduloNumbers, gives(typeInteger)),
	"**": checked("$power", powerNumbers, gives(typeFloat)), "^": checked("$power", powerNumbers, gives(typeFloat)),
	"<":  checked("$less", comparison(func(c int) bool { return c < 0 }, runtime.Less), gives(typeBool)),
	">":  checked("$more", comparison(func(c int) bool { return c > 0 }, runtime.More), gives(typeBool)),
	"<=": checked("$atMost", comparison(func(c int) bool { return c <= 0 }, runtime.LessOrEqual), gives(typeBool)),
	">=": checked("$atLeast", comparison(func(c int) bool { return c >= 0 }, runtime.MoreOrEqual), gives(typeBool)),
	"==": checked("$equal", equals(true), gives(typeBool)), "!=": checked("$unequal", equals(false), gives(typeBool)),
	"in": checked("$in", contained, gives(typeBool)),
}

// inner are functions that replace other parts of the language.
var (
	functionNegate = checked("$negate", negate, promoted)
	functionSum    = checked("$sum", sumOf, gives(typeAny))
	functionPlace  = checked("$place", asIndex, placed)
	functionBound  = checked("$bound", asBound, placed)
	// Both of two numbers must have a value: an empty cell, converted by int or float, is not a number that differs from others.
	functionSame   = checked("$same", ofNumbers("==", equals(true)), gives(typeBool))
	functionDiffer = checked("$differ", ofNumbers("!=", equals(false)), gives(typeBool))
	inner          = []*builtin.Function{functionNegate, functionSum, functionPlace, functionBound, functionSame, functionDiffer}
)

// replaced are functions of the language that have another implementation here.
var replaced = []*builtin.Function{
	checked("abs", absolute, promoted), checked("ceil", rounding("ceil", math.Ceil), gives(typeFloat)), checked("floor", rounding("floor", math.Floor), gives(typeFloat)),
	checked("round", rounding("round", math.Round), gives(typeFloat)), checked("max", largest, promoted), checked("min", smallest, promoted),
	checked("mean", meanOf, gives(typeFloat)), checked("median", medianOf, gives(typeFloat)), checked("string", written, gives(typeAny)),
	checked("bitand", ofBits("bitand", func(a, b int64) (any, error) { return a & b, nil }), gives(typeInteger)),
	checked("bitor", ofBits("bitor", func(a, b int64) (any, error) { return a | b, nil }), gives(typeInteger)),
	checked("bitxor", ofBits("bitxor", func(a, b int64) (any, error) { return a ^ b, nil }), gives(typeInteger)),
	checked("bitnand", ofBits("bitnand", func(a, b int64) (any, error) { return a &^ b, nil }), gives(typeInteger)),
	checked("bitshl", shift("bitshl", shiftLeft), gives(typeInteger)),
	checked("bitshr", shift("bitshr", func(a int64, by uint64) (any, error) { return a >> by, nil }), gives(typeInteger)),
	checked("bitushr", shift("bitushr", func(a int64, by uint64) (any, error) { return int64(uint64(a) >> by), nil }), gives(typeInteger)),
	checked("bitnot", func(args ...any) (any, error) {
		n, ok := integerOf(calculable(args[0]))
		if !ok {
			return nil, refuse(RuleExpression, "bitnot needs an integer")
		}
		return ^n, nil
	}, gives(typeInteger)),
}

// argumentsOf are the numbers and kinds of arguments of the functions in replaced that do not accept any number of them.
var argumentsOf = map[string]struct {
	count    int
	integers bool
}{"abs": {1, false}, "ceil": {1, false}, "floor": {1, false}, "round": {1, false}, "string": {1, false}, "bitand": {2, true}, "bitor": {2, true}, "bitxor": {2, true},
	"bitnand": {2, true}, "bitshl": {2, true}, "bitshr": {2, true}, "bitushr": {2, true}, "bitnot": {1, true}}

// checked describes a function to the language.
func checked(name string, f func(...any) (any, error), result func([]reflect.Type) reflect.Type) *builtin.Function {
	return &builtin.Function{Name: name, Func: f, Validate: func(args []reflect.Type) (reflect.Type, error) {
		wanted, known := argumentsOf[name]
		if known && len(args) != wanted.count || len(args) == 0 {
			return typeAny, errors.New("the number of arguments of " + name + " is wrong")
		}
		numbers := name[0] != '$' && name != "string"
		for _, t := range args {
			switch k := kindOf(t); {
			case !numbers || k == reflect.Interface || isIntegerKind(k) && t != reflect.TypeFor[time.Duration]():
			case k == reflect.Float64 && !wanted.integers:
			case (k == reflect.Slice || k == reflect.Array) && !known:
			default:
				return typeAny, errors.New(name + " does not accept " + typeName(t))
			}
		}
		return result(args), nil
	}}
}

func kindOf(t reflect.Type) reflect.Kind {
	if t == nil {
		return reflect.Invalid
	}
	return t.Kind()
}

func isIntegerKind(k reflect.Kind) bool { return k >= reflect.Int && k <= reflect.Int64 }

func isNumberType(t reflect.Type) bool {
	return isIntegerKind(kindOf(t)) && t != reflect.TypeFor[time.Duration]() || kindOf(t) == reflect.Float64
}

func gives(t reflect.Type) func([]reflect.Type) reflect.Type {
	return func([]reflect.Type) reflect.Type { return t }
}

// promoted is the type of a calculation with numbers: floating point if one of them is. For texts it is the type of the arguments.
func promoted(args []reflect.Type) reflect.Type {
	result := typeInteger
	for _, t := range args {
		switch k := kindOf(t); {
		case t == typeText && len(args) == 2 && args[0] == args[1]:
			return typeText
		case k == reflect.Float64:
			result = typeFloat
		case !isIntegerKind(k) || t == reflect.TypeFor[time.Duration]():
			return typeAny
		}
	}
	if slices.Contains(args, typeFloat) {
		return typeFloat
	}
	return result
}

// placed is the type of an index.
func placed(args []reflect.Type) reflect.Type {
	switch k := kindOf(args[0]); {
	case isIntegerKind(k) || k == reflect.Float64:
		return reflect.TypeFor[int]()
	case k == reflect.Interface:
		return typeAny
	}
	return args[0]
}

// operatorBinder replaces operators by functions that lose nothing.
type operatorBinder struct{ problem error }

// Visit is for ast.Walk. The tree must have its types.
func (b *operatorBinder) Visit(n *ast.Node) {
	switch t := (*n).(type) {
	case *ast.UnaryNode:
		if t.Operator == "-" {
			b.call(n, functionNegate, t.Node)
		}
	case *ast.BinaryNode:
		b.binary(n, t)
	case *ast.MemberNode:
		b.place(&t.Property)
	case *ast.SliceNode:
		for _, bound := range []*ast.Node{&t.From, &t.To} {
			if *bound != nil {
				b.place(bound)
			}
		}
	case *ast.CallNode, *ast.BuiltinNode:
		b.function(n)
	}
}

func (b *operatorBinder) binary(n *ast.Node, t *ast.BinaryNode) {
	left, right := t.Left.Type(), t.Right.Type()
	switch {
	case t.Operator == "..":
		b.call(&t.Left, functionBound, t.Left)
		b.call(&t.Right, functionBound, t.Right)
	case left == typeText && right == typeText, left == typeBool && right == typeBool:
		// The language does this correctly too, and faster.
	case t.Operator == "in" && left == typeText:
	case t.Operator == "==" && isNumberType(left) && isNumberType(right):
		b.call(n, functionSame, t.Left, t.Right)
	case t.Operator == "!=" && isNumberType(left) && isNumberType(right):
		b.call(n, functionDiffer, t.Left, t.Right)
	case operators[t.Operator] != nil:
		b.call(n, operators[t.Operator], t.Left, t.Right)
	}
}

// counting are functions of the language, with the place of an argument that is an index or a count.
var counting = map[string]int{"take": 1, "get": 1, "repeat": 1, "split": 2, "splitAfter": 2, "replace": 3}

func (b *operatorBinder) function(n *ast.Node) {
	name, arguments := called(*n)
	for _, f := range replaced {
		if f.Name == name {
			b.call(n, f, arguments...)
			return
		}
	}
	switch at, counts := counting[name]; {
	case counts && at < len(arguments):
		b.place(&arguments[at])
	case name == "groupBy" && len(arguments) == 2:
		if predicate, ok := arguments[1].(*ast.PredicateNode); ok {
			b.place(&predicate.Node)
		}
	case name == "sum" && len(arguments) > 0:
		list := arguments[0]
		if len(arguments) == 2 {
			list = &ast.BuiltinNode{Name: "map", Arguments: arguments}
		}
		b.call(n, functionSum, list)
	}
}

// place turns an index into an int.
func (b *operatorBinder) place(n *ast.Node) {
	switch (*n).(type) {
	case *ast.IntegerNode, *ast.StringNode:
		return
	}
	if k := kindOf((*n).Type()); k == reflect.Interface || isIntegerKind(k) || k == reflect.Float64 {
		b.call(n, functionPlace, *n)
	}
}

// call replaces a node by a call. A call with constant arguments must have a result.
func (b *operatorBinder) call(n *ast.Node, f *builtin.Function, arguments ...ast.Node) {
	var values []any
	for _, a := range arguments {
		if v, ok := constantOf(a); ok {
			values = append(values, v)
		}
	}
	if len(values) == len(arguments) && len(values) > 0 && b.problem == nil {
		v, err := tryCall(f, values)
		if b.problem = err; err == nil && v != nil {
			ast.Patch(n, &ast.ConstantNode{Value: v})
			return
		}
	}
	ast.Patch(n, &ast.CallNode{Callee: &ast.IdentifierNode{Value: f.Name}, Arguments: arguments})
}

// constantOf returns the value of a constant.
func constantOf(n ast.Node) (any, bool) {
	switch n := n.(type) {
	case *ast.IntegerNode:
		return n.Value, true
	case *ast.FloatNode:
		return n.Value, true
	case *ast.StringNode:
		return n.Value, true
	case *ast.BoolNode:
		return n.Value, true
	case *ast.ConstantNode:
		return n.Value, isNumber(n.Value)
	}
	return nil, false
}

// tryCall calls a function and returns its panics as errors.
func tryCall(f *builtin.Function, args []any) (v any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("the expression has no result")
		}
	}()
	return f.Func(args...)
}

// forgetTypes makes the checker check all calls again.
func forgetTypes(root *ast.Node) {
	ast.Walk(root, visitor(func(n ast.Node) {
		if call, ok := n.(*ast.CallNode); ok {
			call.SetNature(nature.Nature{})
		}
	}))
}
