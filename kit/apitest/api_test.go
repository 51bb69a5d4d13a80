package apitest

import (
	"flag"
	"fmt"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

var update = flag.Bool("update", false, "write the files in the directory api anew")

const (
	library = "github.com/ciokit/cio"
	files   = "../../api"
)

// The exported names of packages are those in the files, one file for each package. To change them: go test ./kit/apitest -update, and a line in
// CHANGELOG.md for users whose code changes with them.
func TestAPI(t *testing.T) {
	t.Parallel()
	found, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedTypes | packages.NeedImports | packages.NeedFiles, Dir: "../.."}, "work")
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[string]string)
	for _, pkg := range found {
		if len(pkg.Errors) > 0 {
			t.Fatal(pkg.Errors)
		}
		parts := strings.Split(pkg.PkgPath, "/")
		if pkg.Name == "main" || slices.Contains(parts, "internal") {
			continue
		}
		if text := describe(pkg.Types); text != "" { // some contain only tests
			want[fileOf(pkg.PkgPath)] = text
		}
	}
	if len(want) < 15 {
		t.Fatalf("only %d packages", len(want))
	}
	if *update {
		write(t, want)
	}
	entries, err := os.ReadDir(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if _, ok := want[entry.Name()]; !ok {
			t.Errorf("api/%s is of no package; remove it if the package is gone on purpose", entry.Name())
		}
	}
	for name, text := range want {
		kept, err := os.ReadFile(filepath.Join(files, name))
		if err != nil {
			t.Errorf("%v: a package is new; go test ./kit/apitest -update", err)
			continue
		}
		for _, line := range changes(string(kept), text) {
			t.Errorf("api/%s: %s", name, line)
		}
	}
	if t.Failed() {
		t.Log("If the changes are meant, go test ./kit/apitest -update writes them, and CHANGELOG.md says what they mean for code.")
	}
}

// fileOf is the name of a package's file.
func fileOf(path string) string {
	name := strings.TrimPrefix(strings.TrimPrefix(path, library), "/")
	if name == "" {
		name = "cio"
	}
	return strings.ReplaceAll(name, "/", "-") + ".txt"
}

func write(t *testing.T, want map[string]string) {
	if err := os.RemoveAll(files); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(files, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range want {
		if err := os.WriteFile(filepath.Join(files, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// changes returns the lines that were removed or added.
func changes(before, now string) []string {
	var list []string
	old, lines := strings.Split(before, "\n"), strings.Split(now, "\n")
	for _, line := range old {
		if !slices.Contains(lines, line) {
			list = append(list, "gone: "+line)
		}
	}
	for _, line := range lines {
		if !slices.Contains(old, line) {
			list = append(list, "new: "+line)
		}
	}
	return list
}

// describe lists what a package exports, a line for each name that other code can use.
func describe(pkg *types.Package) string {
	var lines []string
	short := func(other *types.Package) string {
		if other == pkg {
			return ""
		}
		return other.Path()
	}
	text := func(t types.Type) string { return types.TypeString(t, short) }
	for _, name := range pkg.Scope().Names() {
		object := pkg.Scope().Lookup(name)
		if !object.Exported() {
			continue
		}
		switch object := object.(type) {
		case *types.Const:
			lines = append(lines, fmt.Sprintf("const %s %s = %s", name, text(object.Type()), object.Val().ExactString()))
		case *types.Var:
			lines = append(lines, fmt.Sprintf("var %s %s", name, text(object.Type())))
		case *types.Func:
			lines = append(lines, "func "+name+strings.TrimPrefix(text(object.Type()), "func"))
		case *types.TypeName:
			lines = append(lines, describeType(object, text)...)
		}
	}
	if len(lines) == 0 {
		return ""
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

func describeType(object *types.TypeName, text func(types.Type) string) []string {
	name := object.Name()
	if object.IsAlias() {
		return []string{fmt.Sprintf("type %s = %s", name, text(types.Unalias(object.Type())))}
	}
	named := object.Type().(*types.Named)
	parameters := strings.TrimPrefix(text(named), name)
	var lines []string
	switch of := named.Underlying().(type) {
	case *types.Struct:
		lines = append(lines, fmt.Sprintf("type %s%s struct", name, parameters))
		for field := range of.Fields() {
			if field.Exported() {
				lines = append(lines, fmt.Sprintf("field %s.%s %s", name, field.Name(), text(field.Type())))
			}
		}
	case *types.Interface:
		lines = append(lines, fmt.Sprintf("type %s%s %s", name, parameters, text(of)))
	default:
		lines = append(lines, fmt.Sprintf("type %s%s %s", name, parameters, text(of)))
	}
	if types.IsInterface(named) {
		return lines
	}
	methods := types.NewMethodSet(types.NewPointer(named))
	for i := range methods.Len() {
		method := methods.At(i).Obj().(*types.Func)
		if !method.Exported() {
			continue
		}
		receiver := name
		if _, ok := types.Unalias(method.Signature().Recv().Type()).(*types.Pointer); ok {
			receiver = "*" + name
		}
		lines = append(lines, fmt.Sprintf("method (%s) %s%s", receiver, method.Name(), strings.TrimPrefix(text(method.Type()), "func")))
	}
	return lines
}
