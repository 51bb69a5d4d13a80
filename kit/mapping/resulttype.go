package mapping

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
)

// typeName names a type of the language for authors of mappings.
func typeName(t reflect.Type) string {
	switch t {
	case nil:
		return "nothing"
	case reflect.TypeFor[*time.Location]():
		return "a time zone"
	case reflect.TypeFor[time.Duration]():
		return "a duration"
	case reflect.TypeFor[time.Time]():
		return "a time"
	case reflect.TypeFor[decimal]():
		return "a decimal"
	case reflect.TypeFor[[]byte]():
		return "bytes"
	}
	switch k := t.Kind(); {
	case isIntegerKind(k):
		return "an integer"
	case k == reflect.Float64:
		return "a floating point number"
	case k == reflect.Bool:
		return "true or false"
	case k == reflect.String:
		return "text"
	case k == reflect.Slice || k == reflect.Array:
		return "a list"
	case k == reflect.Map:
		return "an object"
	case k == reflect.Func:
		return "a function"
	}
	return t.String()
}

// hasJSON reports whether values of the type may have a JSON form.
func hasJSON(t reflect.Type) bool {
	switch t {
	case nil, reflect.TypeFor[decimal](), reflect.TypeFor[time.Time]():
		return true
	case reflect.TypeFor[time.Duration](), reflect.TypeFor[[]byte]():
		return false
	}
	switch k := t.Kind(); {
	case isIntegerKind(k), k == reflect.Float64, k == reflect.Bool, k == reflect.String, k == reflect.Interface:
		return true
	case k == reflect.Slice, k == reflect.Array:
		return hasJSON(t.Elem())
	case k == reflect.Map:
		return (t.Key().Kind() == reflect.String || t.Key().Kind() == reflect.Interface) && hasJSON(t.Elem())
	}
	return false
}

// checkResult says what is wrong with the type of an expression's result for its field.
func checkResult(t reflect.Type, path string) *expressionError {
	k := kindOf(t)
	unknown := t == nil || k == reflect.Interface
	isText := k == reflect.String || isIntegerKind(k) && t != reflect.TypeFor[time.Duration]() || t == reflect.TypeFor[decimal]()
	f := field(slices.Index(fieldNames[:], path))
	switch {
	case unknown:
		return nil
	case path == "when":
		if k != reflect.Bool {
			return &expressionError{"the condition gives " + typeName(t) + ", not true or false", `compare it, such as when: =status == "paid"`}
		}
	case f == fieldTimestamp && k != reflect.String && t != reflect.TypeFor[time.Time]():
		return &expressionError{"timestamp must be a time, and the expression gives " + typeName(t), timestampHint}
	case (f >= 0 && f < fieldTexts || f == fieldMessageID) && !isText:
		return &expressionError{fmt.Sprintf("%s must be text or an integer, and the expression gives %s", path, typeName(t)), "use string(...)"}
	case !hasJSON(t):
		hint := "send text, a number, true or false, a time, a list or an object"
		if t == reflect.TypeFor[*time.Location]() {
			hint = `name the zone in date, as in date(at, "Europe/Berlin")`
		}
		return &expressionError{"the expression gives " + typeName(t) + ", which JSON cannot represent", hint}
	}
	return nil
}

// checkParts says which value in the result JSON cannot represent, whatever the type of the whole.
func checkParts(n ast.Node, path string) (wrong *expressionError) {
	var parts []ast.Node
	switch n := n.(type) {
	case *ast.ArrayNode:
		parts = n.Nodes
	case *ast.MapNode:
		for _, pair := range n.Pairs {
			parts = append(parts, pair.(*ast.PairNode).Value)
		}
	case *ast.ConditionalNode:
		parts = []ast.Node{n.Exp1, n.Exp2}
	case *ast.VariableDeclaratorNode:
		parts = []ast.Node{n.Expr}
	default:
		if t := n.Type(); !hasJSON(t) {
			return checkResult(t, path)
		}
	}
	for _, part := range parts {
		if wrong = cmp.Or(wrong, checkParts(part, path)); wrong != nil {
			break
		}
	}
	return wrong
}

// checkNumbers reports numbers in an expression that the language would round.
func checkNumbers(source string) *expressionError {
	tokens, err := lexer.Lex(file.NewSource(source))
	if err != nil {
		return nil // the parser has reported it
	}
	for _, t := range tokens {
		if t.Kind != lexer.Number {
			continue
		}
		text := make([]byte, 0, len(t.Value))
		for _, c := range []byte(t.Value) {
			if c != '_' {
				text = append(text, c)
			}
		}
		if _, ok := parseNumber(text); !ok {
			continue // hexadecimal, octal or binary, which are integers
		}
		if _, bad := parseInt(text); bad == nil {
			continue
		}
		if _, bad := parseFloat(text); bad != nil {
			return &expressionError{"the number " + t.Value + " has more digits than an expression can calculate with", `write decimal("` + string(text) + `") to pass it on`}
		}
	}
	return nil
}
