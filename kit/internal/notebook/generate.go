package notebook

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// module is the name of the module with the cells.
const module = "notebooks"

// generate writes a Go module with a package for each document and a file for each of its cells, and a main package that runs the cell that its first
// two arguments name. A cell can use the declarations of earlier cells, as in GoNB, because they are in one package.
func generate(dir string, docs []*Document) error {
	var imports, cases strings.Builder
	for i, d := range docs {
		pkg := fmt.Sprintf("n%02d", i)
		if err := os.Mkdir(filepath.Join(dir, pkg), 0o700); err != nil {
			return err
		}
		known := map[string]importSpec{}
		for _, cell := range d.CodeCells() {
			c := takeApart(cell.Source)
			for _, spec := range c.imports {
				known[spec.name] = spec
			}
			file := filepath.Join(dir, pkg, fmt.Sprintf("cell%02d.go", cell.Number))
			if err := os.WriteFile(file, []byte(goFile(pkg, d.Name, cell, c, known)), 0o600); err != nil {
				return err
			}
			fmt.Fprintf(&cases, "\tcase %q:\n\t\t%s.Cell%d()\n", cellName(d, cell.Number), pkg, cell.Number)
		}
		fmt.Fprintf(&imports, "\t%s %q\n", pkg, module+"/"+pkg)
	}
	main := "package main\n\nimport (\n\t\"os\"\n\n" + imports.String() + ")\n\nfunc main() {\n\tswitch os.Args[1] {\n" + cases.String() + "\t}\n}\n"
	return os.WriteFile(filepath.Join(dir, "main.go"), []byte(main), 0o600)
}

// cellName is the argument that selects a cell.
func cellName(d *Document, number int) string { return fmt.Sprintf("%s/%d", d.Name, number) }

// goFile returns the Go file of one cell. Line directives point back to the cell.
func goFile(pkg, name string, cell Cell, c code, known map[string]importSpec) string {
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n\n", pkg)
	for _, n := range slices.Sorted(maps.Keys(c.uses)) {
		if spec, found := known[n]; found {
			fmt.Fprintf(&b, "import %s %q\n", spec.name, spec.path)
		}
	}
	directive := func(line int) { fmt.Fprintf(&b, "//line %s[cell %d]:%d\n", name, cell.Number, line) }
	directive(1)
	b.WriteString(withoutImports(c.decls) + "\n")
	fmt.Fprintf(&b, "func Cell%d() {\n", cell.Number)
	directive(1)
	b.WriteString(c.body + "\n}\n")
	return b.String()
}
