package emulator_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// pageBehind are the types whose unexported methods and fields the page must
// not use. Behind Server there are locks.
var pageBehind = []string{"Server", "workspaceState", "contents", "personState", "objectState", "journal", "persistence"}

// TestPageUsesExportedMethods checks that the files of the page use only
// exported methods of the server, and lock nothing.
func TestPageUsesExportedMethods(t *testing.T) {
	t.Parallel()
	set := token.NewFileSet()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	page := 0
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "reset_") {
			continue // a file for one operating system does not belong to the page
		}
		f, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	info := &types.Info{Selections: map[*ast.SelectorExpr]*types.Selection{}}
	config := types.Config{Importer: emptyImporter{}, Error: func(error) {}}
	_, _ = config.Check("emulator", set, files, info) // types of other packages are unknown, which does not matter here
	for _, f := range files {
		name := set.File(f.Pos()).Name()
		if !strings.HasPrefix(name, "page") && name != "graph.go" {
			continue
		}
		page++
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok || info.Selections[s] == nil {
				return true
			}
			selected := info.Selections[s]
			if owner := named(selected.Recv()); slices.Contains(pageBehind, owner) && !ast.IsExported(s.Sel.Name) {
				t.Errorf("%s: the page uses %s.%s", set.Position(s.Pos()), owner, s.Sel.Name)
			}
			if strings.HasSuffix(s.Sel.Name, "Lock") {
				t.Errorf("%s: the page locks", set.Position(s.Pos()))
			}
			return true
		})
	}
	if page < 5 || len(info.Selections) < 500 {
		t.Errorf("%d files of the page, %d selections: the test does not see what it should", page, len(info.Selections))
	}
}

// named is the name of a type, or of the type that it points to.
func named(t types.Type) string {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	if n, ok := t.(*types.Named); ok {
		return n.Obj().Name()
	}
	return ""
}

// emptyImporter knows no other package: only selections of this package's types
// are checked.
type emptyImporter struct{}

func (emptyImporter) Import(name string) (*types.Package, error) {
	p := types.NewPackage(name, path.Base(name))
	p.MarkComplete()
	return p, nil
}
