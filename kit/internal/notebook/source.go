package notebook

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// code is the source of a code cell, split as in GoNB: declarations, then, after a line %%, the code to run. Each part has as many lines as the cell,
// with empty lines for the rest, so that positions in a part are positions in the cell.
type code struct {
	decls, body string
	// shell are the lines that begin with !, without it, by their number.
	shell map[int]string
	// magic are the other lines that begin with %, by their number.
	magic map[int]string
	runs  bool // whether there is a %%

	imports []importSpec
	names   map[string]token.Position // declared at the top level
	uses    map[string]bool           // names that the cell may use for imports
	calls   []string                  // such as fmt.Println
	problem error                     // why it is not valid Go
}

type importSpec struct{ name, path string }

// takeApart splits a cell. If a cell is not valid Go, it has a problem, and the parts that can still be found.
func takeApart(source string) code {
	c := code{shell: map[int]string{}, magic: map[int]string{}, names: map[string]token.Position{}, uses: map[string]bool{}}
	var decls, body []string
	for i, line := range strings.Split(source, "\n") {
		d, b := "", ""
		switch trimmed := strings.TrimSpace(line); {
		case strings.HasPrefix(line, "!"):
			c.shell[i+1] = strings.TrimLeft(line, "!*")
		case trimmed == "%%" || trimmed == "%main":
			c.runs = true
		case strings.HasPrefix(line, "%"):
			c.magic[i+1] = trimmed
		case c.runs:
			b = line
		default:
			d = line
		}
		decls, body = append(decls, d), append(body, b)
	}
	c.decls, c.body = strings.Join(decls, "\n"), strings.Join(body, "\n")
	c.parse()
	return c
}

func (c *code) parse() {
	fset := token.NewFileSet()
	// All on the first line, so that the other lines keep their numbers.
	file, err := parser.ParseFile(fset, "", "package p;"+c.decls, parser.SkipObjectResolution)
	if err != nil {
		c.problem = err
		return
	}
	for _, i := range file.Imports {
		c.imports = append(c.imports, newImport(i))
	}
	for _, d := range file.Decls {
		c.declare(fset, d)
	}
	c.note(file)
	run, err := parser.ParseFile(fset, "", "package p;func _() {"+c.body+"\n}", parser.SkipObjectResolution)
	if err != nil {
		c.problem = err
		return
	}
	c.note(run)
}

func newImport(i *ast.ImportSpec) importSpec {
	p, err := strconv.Unquote(i.Path.Value)
	if err != nil {
		p = i.Path.Value
	}
	if i.Name != nil {
		return importSpec{i.Name.Name, p}
	}
	name := path.Base(p)
	if majorVersion.MatchString(name) {
		name = path.Base(path.Dir(p))
	}
	return importSpec{name, p}
}

var majorVersion = regexp.MustCompile(`^v\d+$`)

func (c *code) declare(fset *token.FileSet, d ast.Decl) {
	add := func(id *ast.Ident) {
		if id.Name != "_" {
			c.names[id.Name] = fset.Position(id.Pos())
		}
	}
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			add(d.Name)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.ValueSpec:
				for _, id := range s.Names {
					add(id)
				}
			case *ast.TypeSpec:
				add(s.Name)
			}
		}
	}
}

func (c *code) note(file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok {
				c.uses[x.Name] = true
				c.calls = append(c.calls, x.Name+"."+s.Sel.Name)
			}
		}
		return true
	})
}

// position returns the line and the message of the cell's first syntax error.
func (c *code) position() (line int, text string) {
	if list, ok := c.problem.(scanner.ErrorList); ok && len(list) > 0 {
		return list[0].Pos.Line, list[0].Msg
	}
	return 1, fmt.Sprint(c.problem)
}

// withoutImports replaces the import declarations of valid Go source by spaces, and keeps the lines.
func withoutImports(decls string) string {
	const head = "package p;"
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", head+decls, parser.SkipObjectResolution)
	if err != nil {
		return decls // the compiler reports why
	}
	text := []byte(decls)
	for _, d := range file.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
			for i := fset.Position(g.Pos()).Offset - len(head); i < fset.Position(g.End()).Offset-len(head); i++ {
				if text[i] != '\n' {
					text[i] = ' '
				}
			}
		}
	}
	return string(text)
}
