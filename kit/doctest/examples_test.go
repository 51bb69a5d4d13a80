package doctest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// notVerbs are exported functions and methods that nobody calls by name: they implement interfaces of the standard library or of this one.
var notVerbs = []string{
	"Error", "Is", "Unwrap", "String", "GoString", "Format", "LogValue", "MarshalJSON", "UnmarshalJSON", "AppendJSON", "ServeHTTP", "RoundTrip",
}

// Every exported function and method of the packages for users is called in an Example or in a block of Go of a document.
func TestVerbsHaveExamples(t *testing.T) {
	t.Parallel()
	shown := map[string]bool{}
	show := func(n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				shown[n.Sel.Name] = true
			case *ast.Ident:
				shown[n.Name] = true
			}
			return true
		})
	}
	for _, dir := range []string{".", "appapi", "emulator"} {
		paths, err := filepath.Glob(filepath.Join(root, dir, "*_test.go"))
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: no tests: %v", dir, err)
		}
		for _, path := range paths {
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, decl := range f.Decls {
				if fn, ok := decl.(*ast.FuncDecl); ok && (strings.HasPrefix(fn.Name.Name, "Example") || strings.HasPrefix(filepath.Base(path), "example")) {
					show(fn.Body)
				}
			}
		}
	}
	for _, d := range documents(t) {
		for _, b := range d.blocks {
			if b.lang != "go" {
				continue
			}
			if s, err := parseSnippet(b); err == nil { // another test reports the error
				show(s.file)
			}
		}
	}
	n := 0
	for _, dir := range []string{".", "appapi", "emulator"} {
		for _, f := range sources(t, dir) {
			for _, decl := range f.Decls {
				fn, ok := decl.(*ast.FuncDecl)
				if !ok || !fn.Name.IsExported() || slices.Contains(notVerbs, fn.Name.Name) || !ast.IsExported(receiver(fn)) {
					continue
				}
				n++
				name := strings.TrimPrefix(receiver(fn)+"."+fn.Name.Name, "Func.")
				if !shown[fn.Name.Name] {
					t.Errorf("%s.%s is in no Example and in no document", f.Name.Name, name)
				}
			}
		}
	}
	if n < 40 {
		t.Errorf("only %d verbs were found", n)
	}
}

// receiver returns the name of the type that a method belongs to, Func for a function.
func receiver(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return "Func"
	}
	typ := fn.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if id, ok := typ.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}
