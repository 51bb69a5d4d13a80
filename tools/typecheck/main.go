// Command typecheck checks whether all packages of the workspace and their tests compile for a system, and runs vet on them, without
// compiling anything: it reads only the declarations of their imports. It is meant for other systems than this one, for which nothing else
// compiles them.
//
//	GOOS=windows GOARCH=amd64 typecheck work
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/packages"
)

func main() {
	found, err := check(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "typecheck:", err)
		os.Exit(2)
	}
	slices.Sort(found) // a package is there once by itself and once with its tests
	for _, text := range slices.Compact(found) {
		fmt.Fprintln(os.Stderr, text)
	}
	if len(found) > 0 {
		os.Exit(1)
	}
}

// check returns the problems of the packages, but not of their imports.
func check(patterns []string) ([]string, error) {
	root, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	cfg := &packages.Config{
		Mode:  packages.LoadAllSyntax | packages.NeedModule,
		Tests: true,
		ParseFile: func(fset *token.FileSet, name string, src []byte) (*ast.File, error) {
			file, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
			if file != nil && !strings.HasPrefix(name, root+string(filepath.Separator)) {
				for _, d := range file.Decls {
					if f, ok := d.(*ast.FuncDecl); ok {
						f.Body = nil
					}
				}
			}
			return file, err
		},
	}
	pkgs, err := packages.Load(cfg, patterns...)
	if err != nil {
		return nil, err
	}
	pkgs = slices.DeleteFunc(pkgs, func(p *packages.Package) bool { return strings.HasSuffix(p.PkgPath, ".test") }) // Go writes these mains
	if len(pkgs) == 0 {
		return nil, fmt.Errorf("%s matches no package", strings.Join(patterns, " "))
	}
	var found []string
	for _, p := range pkgs {
		for _, err := range p.Errors {
			found = append(found, err.Error())
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	// Without function bodies, imports seem unused in imported packages. That does not matter for their declarations.
	packages.Visit(pkgs, nil, func(p *packages.Package) { p.IllTyped = false })
	graph, err := checker.Analyze(analyzers, pkgs, nil)
	if err != nil {
		return nil, err
	}
	for _, action := range graph.Roots {
		if action.Err != nil {
			found = append(found, fmt.Sprintf("%s: %s: %v", action.Package.PkgPath, action.Analyzer.Name, action.Err))
		}
		for _, d := range action.Diagnostics {
			found = append(found, fmt.Sprintf("%s: %s", action.Package.Fset.Position(d.Pos), d.Message))
		}
	}
	return found, nil
}
