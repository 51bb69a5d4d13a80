package cio_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// notYetHeld are the packages whose identifiers do not have to obey the rules below yet.
var notYetHeld = []string{"kit/load", "kit/source", "kit/mapping"}

// TestConstantsBeginWithTheirType checks that the name of each exported constant begins with the name of its type, if the type is of the same
// package: from emulator.Dropped alone, a reader cannot tell whether it is a verdict or an effect.
func TestConstantsBeginWithTheirType(t *testing.T) {
	t.Parallel()
	for dir, files := range packageFiles(t) {
		for _, c := range constants(files) {
			if ast.IsExported(c.name) && ast.IsExported(c.typ) && !strings.HasPrefix(c.name, c.typ) {
				t.Errorf("%s: the constant %s of type %s does not begin with %s", dir, c.name, c.typ, c.typ)
			}
		}
	}
}

// TestNoTypeDiffersByCaseAlone forbids a type whose name differs from another identifier of the package only in upper and lower case.
func TestNoTypeDiffersByCaseAlone(t *testing.T) {
	t.Parallel()
	for dir, files := range packageFiles(t) {
		types, all := map[string]bool{}, map[string][]string{}
		for _, f := range files {
			for _, d := range f.Decls {
				for _, name := range declared(d, types) {
					folded := strings.ToLower(name)
					all[folded] = append(all[folded], name)
				}
			}
		}
		for _, twins := range all {
			slices.Sort(twins)
			if twins = slices.Compact(twins); len(twins) > 1 && slices.ContainsFunc(twins, func(name string) bool { return types[name] }) {
				t.Errorf("%s: %s differ by case alone", dir, strings.Join(twins, " and "))
			}
		}
	}
}

// TestIdentifierRulesFindWhatBreaksThem checks that the tests above can fail.
func TestIdentifierRulesFindWhatBreaksThem(t *testing.T) {
	t.Parallel()
	const text = `package p
type Colour string
type plan struct{}
type Plan struct{ plan }
const (
	Red Colour = "red"
	Green
	ColourBlue = Colour("blue")
	Other = 7
)
const Conversion = Colour("grey")
func (plan) Method() {}`
	f, err := parser.ParseFile(token.NewFileSet(), "p.go", text, 0)
	if err != nil {
		t.Fatal(err)
	}
	var wrong []string
	for _, c := range constants([]*ast.File{f}) {
		if !strings.HasPrefix(c.name, c.typ) {
			wrong = append(wrong, c.name)
		}
	}
	if want := []string{"Red", "Green", "Conversion"}; !slices.Equal(wrong, want) {
		t.Errorf("found %v, want %v", wrong, want)
	}
	types := map[string]bool{}
	var names []string
	for _, d := range f.Decls {
		names = append(names, declared(d, types)...)
	}
	if want := []string{"Colour", "plan", "Plan", "Red", "Green", "ColourBlue", "Other", "Conversion"}; !slices.Equal(names, want) || !types["plan"] {
		t.Errorf("found %v, want %v; types %v", names, want, types)
	}
}

// packageFiles returns the files of all packages of all modules by directory, without tests.
func packageFiles(t *testing.T) map[string][]*ast.File {
	t.Helper()
	byDir := map[string][]*ast.File{}
	set := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		if slices.Contains(notYetHeld, dir) {
			return nil
		}
		f, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		byDir[dir] = append(byDir[dir], f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(byDir["."]) == 0 || len(byDir["emulator"]) == 0 {
		t.Fatalf("found %d packages, and not those that must be there", len(byDir))
	}
	return byDir
}

// constant is a constant with the name of its type, if the type is of the same package.
type constant struct{ name, typ string }

func constants(files []*ast.File) (all []constant) {
	own := map[string]bool{}
	for _, f := range files {
		for _, d := range f.Decls {
			declared(d, own)
		}
	}
	for _, f := range files {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			typ := "" // of the constants in the group that repeat the type
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				if v.Type != nil || len(v.Values) > 0 {
					typ = typeName(v)
				}
				for _, name := range v.Names {
					if own[typ] {
						all = append(all, constant{name.Name, typ})
					}
				}
			}
		}
	}
	return all
}

// typeName is the name of the type in the declaration or the conversion of a constant; empty if there is none.
func typeName(v *ast.ValueSpec) string {
	expr := v.Type
	if expr == nil {
		call, ok := v.Values[0].(*ast.CallExpr)
		if !ok {
			return ""
		}
		expr = call.Fun
	}
	if name, ok := expr.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}

// declared returns the names that a declaration adds to its package, and records those of types.
func declared(d ast.Decl, types map[string]bool) (names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil && d.Name.Name != "init" {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				types[s.Name.Name] = true
				names = append(names, s.Name.Name)
			case *ast.ValueSpec:
				for _, name := range s.Names {
					if name.Name != "_" {
						names = append(names, name.Name)
					}
				}
			}
		}
	}
	return names
}
