package doctest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// sources returns the parsed Go files of a directory, without tests.
func sources(t *testing.T, dir string) (files []*ast.File) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: no Go files: %v", dir, err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// constants returns the constants with a literal value that have the given type or, if typ is empty, no type.
func constants(files []*ast.File, typ string) map[string]string {
	all := map[string]string{}
	for _, f := range files {
		for _, d := range f.Decls {
			gen, ok := d.(*ast.GenDecl)
			if !ok || gen.Tok != token.CONST {
				continue
			}
			for _, spec := range gen.Specs {
				v := spec.(*ast.ValueSpec)
				name := ""
				if id, ok := v.Type.(*ast.Ident); ok {
					name = id.Name
				}
				for i, value := range v.Values {
					if lit, ok := value.(*ast.BasicLit); ok && name == typ {
						all[v.Names[i].Name] = lit.Value
					}
				}
			}
		}
	}
	return all
}

// docs/errors.md has every rule with its constant, and no other rule, and every exported error.
func TestErrorsAreComplete(t *testing.T) {
	t.Parallel()
	d := readDocument(t, filepath.Join(root, "docs", "errors.md"))
	files := sources(t, ".")
	rules := constants(files, "Rule")
	if len(rules) < 20 {
		t.Fatalf("only %d rules were found", len(rules))
	}
	row := regexp.MustCompile("^\\| `([a-z0-9-]+)` \\| `(Rule[A-Za-z0-9]+)` \\| ")
	listed := map[string]bool{}
	for i, line := range d.prose {
		m := row.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		listed[m[2]] = true
		if value, ok := rules[m[2]]; !ok || value != strconv.Quote(m[1]) {
			t.Errorf("%s:%d: %s is %s in the code", d.path, i+1, m[2], value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		if !listed[name] {
			t.Errorf("%s lacks %s, %s", d.path, name, rules[name])
		}
	}
	for _, name := range exportedErrors(files) {
		if !strings.Contains(d.text, "cio."+name+"`") {
			t.Errorf("%s lacks cio.%s", d.path, name)
		}
	}
}

// exportedErrors returns the names of error values and error types.
func exportedErrors(files []*ast.File) (names []string) {
	for _, f := range files {
		for name := range f.Scope.Objects {
			if strings.HasPrefix(name, "Err") || strings.HasSuffix(name, "Error") && ast.IsExported(name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// docs/limits.md has the limits of the code.
func TestLimitsAreThoseOfTheCode(t *testing.T) {
	t.Parallel()
	d := readDocument(t, filepath.Join(root, "docs", "limits.md"))
	for dir, names := range map[string][]string{
		".": {
			"defaultMaxMessageBytes", "defaultMaxBatchBytes", "defaultRateLimit", "defaultBatchMessages",
			"maxIDBytes", "maxAttributeNameBytes", "maxAttributeValueBytes", "maxAttributes", "maxEventNameBytes",
		},
		"emulator":      {"DefaultMaxCallBytes", "DefaultMaxBatchBytes"},
		"internal/wire": {"MaxDepth"},
	} {
		values := constants(sources(t, dir), "")
		for _, name := range names {
			n, err := strconv.ParseInt(values[name], 0, 64)
			if err != nil {
				t.Errorf("%s: there is no constant %s", dir, name)
			} else if !regexp.MustCompile(`\b` + grouped(n) + `\b`).MatchString(d.text) {
				t.Errorf("%s lacks %s, the value of %s", d.path, grouped(n), name)
			}
		}
	}
}

// grouped writes a number with commas.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func TestGrouped(t *testing.T) {
	t.Parallel()
	if grouped(1234567) != "1,234,567" || grouped(150) != "150" || grouped(475_000) != "475,000" {
		t.Error(grouped(1234567), grouped(150), grouped(475_000))
	}
}
