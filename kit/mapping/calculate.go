package mapping

import (
	"reflect"

	"github.com/expr-lang/expr/ast"
)

// These sets say what the functions of the language do with JSON numbers among their arguments. A function in none of them calculates with them.
var (
	// handsOn are functions whose result contains their arguments, or parts of them.
	handsOn = map[string]bool{"filter": true, "find": true, "findLast": true, "groupBy": true, "sortBy": true, "map": true, "reduce": true, "first": true, "last": true, "get": true,
		"take": true, "reverse": true, "concat": true, "flatten": true, "values": true, "toPairs": true, "fromPairs": true, presentName: true}
	// writes are functions that write numbers unchanged, or do not read them.
	writes = map[string]bool{"len": true, "keys": true, "string": true, "toJSON": true, "decimal": true}
	// judges are functions that calculate only in their predicates.
	judges = map[string]bool{"all": true, "none": true, "any": true, "one": true, "count": true, "findIndex": true, "findLastIndex": true, "sum": true,
		"filter": true, "find": true, "findLast": true, "groupBy": true, "sortBy": true}
)

// calculateExactly wraps calcName around everything that may contain JSON numbers, at the places where an expression calculates. The tree must have
// its types.
func calculateExactly(root *ast.Node) { calculateIn(root, true) }

// calculateIn is calculateExactly for a node. passes says that the expression only passes its value on, and does not calculate with it.
func calculateIn(n *ast.Node, passes bool) {
	carries := false // numbers from elsewhere
	switch t := (*n).(type) {
	case *ast.UnaryNode:
		calculateIn(&t.Node, false)
	case *ast.BinaryNode:
		calculateIn(&t.Left, t.Operator == "??" && passes)
		calculateIn(&t.Right, t.Operator == "??" && passes)
	case *ast.ChainNode:
		calculateIn(&t.Node, true)
		carries = true
	case *ast.MemberNode:
		calculateIn(&t.Node, true)
		calculateIn(&t.Property, false)
		carries = true
	case *ast.SliceNode:
		calculateIn(&t.Node, true)
		for _, bound := range []*ast.Node{&t.From, &t.To} {
			if *bound != nil {
				calculateIn(bound, false)
			}
		}
		carries = true
	case *ast.CallNode:
		carries = calculateInCall(*n, t.Arguments)
	case *ast.BuiltinNode:
		carries = calculateInCall(*n, t.Arguments)
	case *ast.PredicateNode:
		calculateIn(&t.Node, passes)
	case *ast.ConditionalNode:
		calculateIn(&t.Cond, false)
		calculateIn(&t.Exp1, passes)
		calculateIn(&t.Exp2, passes)
	case *ast.VariableDeclaratorNode:
		calculateIn(&t.Value, true)
		calculateIn(&t.Expr, passes)
	case *ast.SequenceNode:
		for i := range t.Nodes {
			calculateIn(&t.Nodes[i], passes || i < len(t.Nodes)-1)
		}
	case *ast.ArrayNode:
		for i := range t.Nodes {
			calculateIn(&t.Nodes[i], passes)
		}
	case *ast.MapNode:
		for i := range t.Pairs {
			calculateIn(&t.Pairs[i], passes)
		}
	case *ast.PairNode:
		calculateIn(&t.Key, false)
		calculateIn(&t.Value, passes)
	case *ast.IdentifierNode, *ast.PointerNode:
		carries = true
	}
	if carries && !passes && mayHoldNumbers((*n).Type()) {
		ast.Patch(n, &ast.CallNode{Callee: &ast.IdentifierNode{Value: calcName}, Arguments: []ast.Node{*n}})
	}
}

// calculateInCall is calculateIn for the arguments of a call. It reports whether the result may contain JSON numbers.
func calculateInCall(call ast.Node, arguments []ast.Node) bool {
	name, _ := called(call)
	for i := range arguments {
		passes := handsOn[name] || writes[name]
		if judges[name] && len(arguments) > 1 {
			passes = i == 0
		}
		if name == "get" || name == "take" {
			passes = i == 0
		}
		calculateIn(&arguments[i], passes)
	}
	return handsOn[name] || name == "fromJSON"
}

// mayHoldNumbers reports whether values of a type may contain JSON numbers.
func mayHoldNumbers(t reflect.Type) bool {
	if t == nil {
		return true
	}
	switch t.Kind() {
	case reflect.Interface, reflect.Slice, reflect.Array, reflect.Map:
		return true
	}
	return false
}
