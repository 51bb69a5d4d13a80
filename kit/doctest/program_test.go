package doctest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
)

// importable are the packages that a block can use without importing them, by name.
var importable = func() map[string]string {
	const own = "github.com/ciokit/cio"
	byName := map[string]string{"cio": own, "events": own + "/events", "emulator": own + "/emulator", "appapi": own + "/appapi", "cioprom": own + "/prom", "outbox": own + "/outbox", "erasure": own + "/erasure", "load": own + "/kit/load", "mapping": own + "/kit/mapping", "source": own + "/kit/source"}
	for _, p := range []string{
		"context", "encoding/json", "errors", "fmt", "io", "log", "log/slog", "net/http", "net/http/httptest", "os", "os/signal", "path/filepath", "strings",
		"sync", "sync/atomic", "syscall", "testing", "testing/synctest", "time",
		"github.com/prometheus/client_golang/prometheus",
	} {
		byName[path.Base(p)] = p
	}
	return byName
}()

// unit is a package of the generated module, made of one block, or of the blocks of a document with the same package clause.
type unit struct {
	name  string // of the package and its directory
	files []string
	// runs are the subtests, by their places in the document.
	runs []run
}

type run struct {
	place string // such as docs/errors.md:12
	call  string // a Go expression that accepts t
}

// snippet is a parsed block.
type snippet struct {
	block
	pkg     string // the package clause, if it has one
	decls   bool   // it consists of declarations
	source  string // with "..." as a comment
	file    *ast.File
	fileSet *token.FileSet
}

// parseSnippet finds out the kind of a block, and refuses a block that gofmt would change.
func parseSnippet(b block) (*snippet, error) {
	s := &snippet{block: b, fileSet: token.NewFileSet()}
	lines := strings.Split(b.text, "\n")
	for i, line := range lines {
		if strings.TrimSpace(line) == "..." {
			lines[i] = strings.Replace(line, "...", "// ...", 1)
		}
	}
	s.source = strings.Join(lines, "\n")
	formatted, err := format.Source([]byte(s.source))
	if err != nil {
		return nil, err
	}
	if string(formatted) != s.source {
		return nil, fmt.Errorf("gofmt would write\n%s", formatted)
	}
	parse := func(source string) (err error) {
		s.file, err = parser.ParseFile(s.fileSet, b.doc, source, parser.ParseComments)
		return err
	}
	if parse(s.source) == nil {
		s.pkg, s.decls = s.file.Name.Name, true
		return s, nil
	}
	if parse("package p\n"+s.source) == nil {
		s.decls = true
		return s, nil
	}
	return s, parse("package p\nfunc _() {\n" + s.source + "\n}")
}

// imports returns the import declarations for packages that the block uses and does not import itself.
func (s *snippet) imports(always ...string) string {
	names := slices.Clone(always)
	declared := map[string]bool{}
	for _, spec := range s.file.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		declared[path.Base(p)] = true
		if spec.Name != nil {
			declared[spec.Name.Name] = true
		}
	}
	if len(declared) > 0 {
		return ""
	}
	for _, id := range s.file.Unresolved {
		if importable[id.Name] != "" && !slices.Contains(names, id.Name) {
			names = append(names, id.Name)
		}
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "import %s %q\n", name, importable[name])
	}
	return b.String()
}

// tests returns the names of the test functions.
func (s *snippet) tests() (names []string) {
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
			names = append(names, f.Name.Name)
		}
	}
	return names
}

// variables are the variables that a block of statements can use, in the order of harness.Func.
var variables = []struct{ name, typ string }{
	{"ctx", "context.Context"}, {"t", "*testing.T"}, {"key", "string"}, {"client", "*cio.Client"}, {"srv", "*emulator.Server"},
}

// function returns the Go file of a block of statements.
func (s *snippet) function(pkg string) string {
	body := s.file.Decls[len(s.file.Decls)-1].(*ast.FuncDecl).Body.List
	own := map[string]bool{} // variables that the block declares itself
	for _, stmt := range body {
		if a, ok := stmt.(*ast.AssignStmt); ok && a.Tok == token.DEFINE {
			for _, left := range a.Lhs {
				if id, ok := left.(*ast.Ident); ok {
					own[id.Name] = true
				}
			}
		}
	}
	var params []string
	for _, v := range variables {
		name := v.name
		if own[name] {
			name = "_"
		}
		params = append(params, name+" "+v.typ)
	}
	end := "return nil\n"
	if len(body) > 0 {
		switch last := body[len(body)-1].(type) {
		case *ast.ReturnStmt:
			end = ""
		case *ast.AssignStmt:
			if id, ok := last.Lhs[0].(*ast.Ident); ok && len(last.Lhs) == 1 && id.Name == "err" {
				end = "return err\n"
			}
		}
	}
	return fmt.Sprintf("package %s\n\n%s\n// Run is the block.\nfunc Run(%s) error {\n//line %s:%d\n%s%s}\n",
		pkg, s.imports("context", "testing", "cio", "emulator"), strings.Join(params, ", "), s.doc, s.line, s.source, end)
}

// program returns the Go file of a program, with its main exported.
func (s *snippet) program(pkg string) string {
	text := strings.Replace(s.source, "package main", "package "+pkg, 1)
	return strings.Replace(text, "func main()", "func Main()", 1)
}

// units turns the blocks of the documents into packages.
func units(docs []document) (all []*unit, problems []string) {
	shared := map[string]*unit{} // by document and package clause
	for _, d := range docs {
		for _, b := range d.blocks {
			if b.lang != "go" || b.directive != "" {
				continue
			}
			place := fmt.Sprintf("%s:%d", b.doc, b.line)
			s, err := parseSnippet(b)
			if err != nil {
				problems = append(problems, fmt.Sprintf("%s: %v", place, err))
				continue
			}
			output := "nil"
			if b.output != nil {
				output = fmt.Sprintf("new(%q)", *b.output)
			}
			u := &unit{name: fmt.Sprintf("block%03d", len(all))}
			switch {
			case s.pkg == "main":
				u.files = []string{s.program(u.name)}
				u.runs = []run{{place, "harness.Program(t, " + u.name + ".Main, " + output + ")"}}
			case !s.decls:
				u.files = []string{s.function(u.name)}
				u.runs = []run{{place, "harness.Run(t, " + u.name + ".Run, " + output + ")"}}
			default:
				clause := "package " + s.pkg
				if with := shared[d.path+" "+s.pkg]; with != nil && s.pkg != "" {
					u = with
				} else {
					shared[d.path+" "+s.pkg] = u
				}
				text := strings.TrimPrefix(s.source, clause)
				u.files = append(u.files, fmt.Sprintf("package %s\n%s\n//line %s:%d\n%s", u.name, s.imports(), s.doc, s.line, text))
				for _, name := range s.tests() {
					u.runs = append(u.runs, run{place + "/" + name, "harness.Test(t, " + u.name + "." + name + ")"})
				}
			}
			if !slices.Contains(all, u) {
				all = append(all, u)
			}
		}
	}
	return all, problems
}

// mainTest returns the test file that runs all of them, one after another.
func mainTest(all []*unit) []byte {
	var b bytes.Buffer
	b.WriteString("package doctest\n\nimport (\n\"testing\"\n\n\"doctest.example/harness\"\n")
	for _, u := range all {
		name := u.name
		if len(u.runs) == 0 {
			name = "_"
		}
		fmt.Fprintf(&b, "%s \"doctest.example/%s\"\n", name, u.name)
	}
	b.WriteString(")\n\nfunc TestBlocks(t *testing.T) {\n")
	for _, u := range all {
		for _, r := range u.runs {
			fmt.Fprintf(&b, "t.Run(%q, func(t *testing.T) { %s })\n", strings.ReplaceAll(r.place, "/", "|"), r.call)
		}
	}
	b.WriteString("}\n")
	return b.Bytes()
}
