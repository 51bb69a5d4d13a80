package mapping

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ciokit/cio/kit/source"
	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/optimizer"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"
)

// converter is one of the functions that turn a column into a value.
type converter int

const (
	converterNone converter = iota
	converterInt
	converterFloat
	converterDecimal
	converterDate
	converterBool
)

var converterNames = [...]string{converterInt: "int", converterFloat: "float", converterDecimal: "decimal", converterDate: "date", converterBool: "bool"}

var converters = map[string]converter{"int": converterInt, "float": converterFloat, "decimal": converterDecimal, "date": converterDate, "bool": converterBool}

// expression is the parsed text after = in a mapping.
type expression struct {
	text    string // as it is written
	source  string // with $name and $["name"] as expr writes them
	columns []string

	// An expression that is only a column, or one converter of a column, needs no interpreter. simple says so. Then columns[0] is the column, date
	// says how date reads it, and numbers are the layouts for int, float or decimal.
	simple    bool
	converter converter
	date      dateRule
	numbers   []numberLayout
	words     []string // the arguments of bool
	texts     []string // the arguments of the converter after the column
}

// expressionError says what is wrong with an expression.
type expressionError struct{ what, hint string }

// parseExpression parses an expression without knowledge of the columns.
func parseExpression(text string) (*expression, *expressionError) {
	e := &expression{text: text, source: withoutDollars(text)}
	if strings.TrimSpace(e.source) == "" {
		return nil, &expressionError{"the expression is empty", "write == for a text that begins with ="}
	}
	tree, err := parser.ParseWithConfig(e.source, expressionConfig(nil, false))
	if err != nil {
		return nil, e.unreadable(err)
	}
	if wrong := checkNumbers(e.source); wrong != nil {
		return nil, wrong
	}
	scan := findNames(tree.Node)
	if scan.wholeRow {
		return nil, &expressionError{"$ and $env mean the whole row", `name a column: $["any name"]`}
	}
	e.columns = scan.columns
	if err := e.recognise(tree.Node); err != nil {
		return nil, err
	}
	return e, nil
}

// firstLine returns the message of an error of expr in one line, without its position.
func firstLine(err error) string {
	message := err.Error()
	var at *file.Error
	if errors.As(err, &at) {
		message = at.Message
	}
	return strings.SplitN(message, "\n", 2)[0]
}

// recognise sets simple if the expression is a column or one converter of a column. It checks the layouts of the converter.
func (e *expression) recognise(root ast.Node) *expressionError {
	if _, ok := columnOf(root); ok {
		e.simple = true
		return nil
	}
	var problem *expressionError
	ast.Walk(&root, visitor(func(n ast.Node) {
		name, arguments := called(n)
		if converters[name] == converterNone || problem != nil {
			return
		}
		texts, _ := constantTexts(arguments)
		problem = checkConstants(converters[name], texts)
	}))
	if problem != nil {
		return problem
	}
	name, arguments := called(root)
	c := converters[name]
	if c == converterNone || len(arguments) == 0 {
		return nil
	}
	if _, ok := columnOf(arguments[0]); !ok {
		return nil
	}
	texts, all := constantTexts(arguments)
	if !all {
		return nil
	}
	e.simple, e.converter, e.texts = true, c, texts
	switch c {
	case converterDate:
		e.date, _, _ = parseDateRule(texts)
		return nil
	case converterBool:
		e.words = texts
		return nil
	}
	for _, text := range texts {
		l, _ := parseNumberLayout(text)
		e.numbers = append(e.numbers, l)
	}
	return nil
}

// checkConstants checks the constant arguments of a converter.
func checkConstants(c converter, texts []string) *expressionError {
	if c == converterDate {
		if _, problem, hint := parseDateRule(texts); problem != "" {
			return &expressionError{problem, hint}
		}
		return nil
	}
	if c == converterBool {
		return boolWords(texts)
	}
	for _, text := range texts {
		if _, problem := parseNumberLayout(text); problem != "" {
			return &expressionError{problem, numberLayoutHint}
		}
	}
	return nil
}

// constantTexts returns the constant texts among the arguments after the first, and whether all of them are constant texts.
func constantTexts(arguments []ast.Node) (texts []string, all bool) {
	all = true
	for _, arg := range arguments[min(1, len(arguments)):] {
		if s, ok := arg.(*ast.StringNode); ok {
			texts = append(texts, s.Value)
		} else {
			all = false
		}
	}
	return texts, all
}

// called returns the name and the arguments if a node is a call of a function by its name.
func called(n ast.Node) (string, []ast.Node) {
	switch n := n.(type) {
	case *ast.CallNode:
		if id, ok := n.Callee.(*ast.IdentifierNode); ok {
			return id.Value, n.Arguments
		}
	case *ast.BuiltinNode:
		return n.Name, n.Arguments
	}
	return "", nil
}

// columnOf returns the column of a node: an identifier, or $env["any name"].
func columnOf(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return n.Value, n.Value != rowName
	case *ast.ChainNode:
		return columnOf(n.Node)
	case *ast.MemberNode:
		row, ok := n.Node.(*ast.IdentifierNode)
		name, constant := n.Property.(*ast.StringNode)
		if ok && constant && row.Value == rowName {
			return name.Value, true
		}
	}
	return "", false
}

// presentName is the function that turns an empty text into nil. No mapping can call it: its name is not an identifier.
const presentName = "$present"

func present(args ...any) (any, error) {
	if args[0] == "" {
		return nil, nil
	}
	return args[0], nil
}

// rowName is expr's name for the whole environment.
const rowName = "$env"

// visitor is a function that sees every node, inner nodes first.
type visitor func(ast.Node)

// Visit is for ast.Walk.
func (v visitor) Visit(n *ast.Node) { v(*n) }

// names are the identifiers of an expression, grouped by their meaning.
type names struct {
	columns  []string // in the order of first use
	others   map[ast.Node]bool
	locals   map[string]bool
	wholeRow bool // $env is used alone, or its index is computed
}

func findNames(root ast.Node) *names {
	s := &names{others: make(map[ast.Node]bool), locals: make(map[string]bool)}
	rows := 0
	ast.Walk(&root, visitor(func(n ast.Node) {
		switch n := n.(type) {
		case *ast.CallNode:
			s.others[n.Callee] = true
		case *ast.VariableDeclaratorNode:
			s.locals[n.Name] = true
		case *ast.MemberNode:
			if _, ok := columnOf(n); ok {
				s.others[n.Node] = true
				rows--
			}
		case *ast.IdentifierNode:
			if n.Value == rowName {
				rows++
			}
		}
	}))
	s.wholeRow = rows > 0
	ast.Walk(&root, visitor(func(n ast.Node) {
		if name, ok := s.column(n); ok && !slices.Contains(s.columns, name) {
			s.columns = append(s.columns, name)
		}
	}))
	return s
}

// column returns the column of this node of the expression.
func (s *names) column(n ast.Node) (string, bool) {
	if _, chain := n.(*ast.ChainNode); chain || s.others[n] {
		return "", false
	}
	name, ok := columnOf(n)
	if _, plain := n.(*ast.IdentifierNode); plain && s.locals[name] {
		return "", false
	}
	return name, ok
}

// withoutDollars replaces $name by name and $[ by $env[ outside of texts and comments.
func withoutDollars(s string) string {
	var b strings.Builder
	eachPart(s, func(part string, _ int) { b.WriteString(part) })
	return b.String()
}

// eachPart calls do with each part of what withoutDollars returns, and with its place in s.
func eachPart(s string, do func(part string, from int)) {
	for i := 0; i < len(s); {
		end := i + 1
		switch rest := s[i:]; {
		case strings.IndexByte("\"'`", s[i]) >= 0:
			for end < len(s) && s[end] != s[i] {
				if s[end] == '\\' && s[i] != '`' {
					end++
				}
				end++
			}
			end = min(end+1, len(s))
		case strings.HasPrefix(rest, "/*"):
			if end = strings.Index(rest, "*/"); end < 0 {
				end = len(rest) - 2
			}
			end += i + 2
		case strings.HasPrefix(rest, "//"):
			if end = strings.IndexByte(rest, '\n'); end < 0 {
				end = len(rest)
			}
			end += i
		case strings.HasPrefix(rest, "$["):
			do(rowName, i)
			i++
			continue
		case s[i] == '$' && !strings.HasPrefix(rest, rowName) && startsName(rest[1:]):
			i++
			continue
		}
		do(s[i:end], i)
		i = end
	}
}

func startsName(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return r == '_' || unicode.IsLetter(r)
}

// columnPrefix and rawPrefix begin the names of a row's columns in a compiled expression. No identifier of the language begins with them, so a column
// and a function can have the same name.
const (
	columnPrefix = "$"
	rawPrefix    = "$$" // the cell itself, for the converters: no digit is lost before they read it
)

// program is an expression compiled for an input.
type program struct {
	code  *vm.Program
	slots []int // of the columns that it reads
	kind  source.Kind
}

// compileExpression compiles an expression for the input. slots are those of e.columns. path is its field; a condition must be true or false.
func (c *compilation) compileExpression(e *expression, slots []int, path string) (*program, *expressionError) {
	kind, comma := c.kind, c.comma
	env := make(types.Map, 2*len(e.columns)+1)
	env[notesName] = types.Any
	for _, name := range e.columns {
		if env[columnPrefix+name] = types.Any; kind == source.KindText {
			env[columnPrefix+name] = types.String
		}
		env[rawPrefix+name] = types.Any
	}
	config := expressionConfig(env, comma)
	tree, err := parser.ParseWithConfig(e.source, config)
	if err != nil {
		return nil, e.unreadable(err)
	}
	bindColumns(&tree.Node, kind)
	result, err := checker.Check(tree, config)
	if err != nil {
		what := e.wrong(err)
		return nil, &expressionError{"the expression is wrong: " + what, e.wrongHint(firstLine(err), what, kind, c.columns)}
	}
	if wrong := cmp.Or(checkResult(result, path), checkParts(tree.Node, path)); wrong != nil {
		return nil, wrong
	}
	dates := &dateBinder{zone: c.zone, path: path}
	if ast.Walk(&tree.Node, dates); dates.problem != nil {
		return nil, dates.problem
	}
	calculateExactly(&tree.Node)
	operators := new(operatorBinder)
	if ast.Walk(&tree.Node, operators); operators.problem != nil {
		return nil, constantProblem(operators.problem)
	}
	forgetTypes(&tree.Node)
	if _, err := checker.Check(tree, config); err != nil {
		return nil, &expressionError{what: "the expression is wrong: " + e.wrong(err)}
	}
	if err := optimizer.Optimize(&tree.Node, config); err != nil {
		return nil, &expressionError{what: "the expression is wrong: " + e.wrong(err)}
	}
	code, err := compiler.Compile(tree, config)
	if err != nil {
		return nil, &expressionError{what: "the expression cannot be compiled: " + firstLine(err)}
	}
	return &program{code, slots, kind}, nil
}

// constantProblem says why a constant part of an expression has no result.
func constantProblem(err error) *expressionError {
	var bad *ValueError
	if errors.As(err, &bad) {
		return &expressionError{"a part of the expression has no result in any row", bad.Hint}
	}
	return &expressionError{what: "a part of the expression has no result in any row"}
}

// binder renames the nodes that are columns.
type binder struct {
	names *names
	kind  source.Kind
}

// Visit is for ast.Walk.
func (b binder) Visit(n *ast.Node) {
	if name, ok := b.names.column(*n); ok {
		*n = &ast.IdentifierNode{Value: columnPrefix + name}
		return
	}
	if or, ok := (*n).(*ast.BinaryNode); ok && or.Operator == "??" && b.kind == source.KindText {
		// An empty CSV cell is an empty text, not nil. Make it nil, so that the value after ?? is used.
		if name, _ := called(or.Left); converters[name] == converterNone {
			or.Left = &ast.CallNode{Callee: &ast.IdentifierNode{Value: presentName}, Arguments: []ast.Node{or.Left}}
		}
		return
	}
	function, arguments := called(*n)
	if converters[function] == converterNone || len(arguments) == 0 || b.kind == source.KindText {
		return
	}
	if id, ok := arguments[0].(*ast.IdentifierNode); ok && strings.HasPrefix(id.Value, columnPrefix) {
		id.Value = rawPrefix + id.Value[len(columnPrefix):]
	}
}

func bindColumns(root *ast.Node, kind source.Kind) {
	ast.Walk(root, binder{findNames(*root), kind})
}

// dateName is the function that replaces date: it has the rule of the constant arguments, and a place for warnings. No mapping can call it.
const dateName = "$date"

// dateBinder gives each date the rule of its constant arguments.
type dateBinder struct {
	zone    *zone // of the whole mapping
	path    string
	problem *expressionError
}

// Visit is for ast.Walk.
func (b *dateBinder) Visit(n *ast.Node) {
	name, arguments := called(*n)
	if converters[name] != converterDate || len(arguments) == 0 {
		return
	}
	bound := &boundDate{zone: b.zone, path: b.path}
	texts, all := constantTexts(arguments)
	rest := arguments[1:]
	if all {
		bound.dateRule, _, _ = parseDateRule(texts)
		rest = nil
		if bound.within(b.zone) == nil && bound.pick != pickNone {
			b.problem = &expressionError{"in UTC no time occurs twice", pickHint}
		}
	}
	*n = &ast.CallNode{Callee: &ast.IdentifierNode{Value: dateName},
		Arguments: append([]ast.Node{arguments[0], &ast.ConstantNode{Value: bound}, &ast.IdentifierNode{Value: notesName}}, rest...)}
}

// expressionConfig returns a configuration of expr with our functions and, if env is not nil, the columns.
func expressionConfig(env types.Map, comma bool) *conf.Config {
	config := conf.CreateNew()
	options := []expr.Option{
		expr.Function("int", numeric(converterInt, convertInt, comma), new(func(string, ...string) int64), new(func(int64) int64), new(func(float64) int64)),
		expr.Function("float", numeric(converterFloat, convertFloat, comma), new(func(string, ...string) float64), new(func(int64) float64), new(func(float64) float64)),
		expr.Function("decimal", numeric(converterDecimal, convertDecimal, comma), new(func(string, ...string) decimal), new(func(int64) decimal), new(func(float64) decimal)),
		expr.Function("bool", convertBool, new(func(string, ...string) bool), new(func(bool) bool), new(func(int64) bool)),
		expr.Function("fromJSON", parseJSON, new(func(any) any)),
		expr.Function(calcName, calc, new(func(any) any)),
		expr.Function(presentName, present, new(func(any) any)),
		expr.Function("date", unbound, new(func(string, ...string) string)),
		expr.Function(dateName, convertDate, new(func(any, any, any, ...string) string)),
	}
	if env != nil {
		options = append(options, expr.Env(env))
	}
	for _, option := range options {
		option(config)
	}
	for _, f := range slices.Concat(inner, replaced, slices.Collect(maps.Values(operators))) {
		config.Functions[f.Name] = f
	}
	return config
}
