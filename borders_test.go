package cio_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/ciokit/cio"

// arrows are the imports among our packages, without those of tests; "." is package cio. A package of kit/internal that imports none of our packages
// outside kit/internal is not listed: every package of kit may import it.
//
// A fake that shares code with the client cannot detect the client's mistakes, so emulator imports nothing. A program that imports the client gets
// only the client. otel, outbox and prom import only the client, and nothing outside kit imports kit.
const arrows = `
.                    internal/names internal/wire
appapi               .
emulator             emulator/internal/rawjson
emulator/internal/rawjson
events               internal/wire
internal/address
internal/gen         internal/gen/apifacts internal/gen/eventspec
internal/gen/apifacts
internal/gen/eventspec
internal/names
internal/wire

erasure              . appapi erasure/internal/c2sp internal/address
erasure/cmd/checkreceipt  erasure/internal/checker
erasure/internal/c2sp
erasure/internal/checker
examples/orders      . events outbox
examples/orders-postgres  . events outbox/postgres
otel                 .
outbox               .
outbox/outboxtest    . outbox
outbox/postgres      . outbox
prom                 .

kit/apitest
kit/cmd/ciokit       . appapi emulator erasure events internal/address kit/cmd/ciokit/internal/console kit/cmd/ciokit/internal/destination kit/cmd/ciokit/internal/exit kit/cmd/ciokit/internal/input kit/cmd/ciokit/internal/nextstep kit/cmd/ciokit/internal/progress kit/cmd/ciokit/internal/reading kit/emulatordb kit/internal/idlist kit/internal/notebook kit/livetest kit/load kit/load/reportpage kit/mapping kit/show kit/source kit/source/sqldb kit/verify outbox outbox/postgres
kit/cmd/ciokit/internal/console  kit/cmd/ciokit/internal/exit
kit/cmd/ciokit/internal/destination  . kit/cmd/ciokit/internal/console kit/cmd/ciokit/internal/exit kit/internal/emulated
kit/cmd/ciokit/internal/exit
kit/cmd/ciokit/internal/input  kit/cmd/ciokit/internal/console kit/cmd/ciokit/internal/exit kit/mapping kit/source kit/source/sqldb
kit/cmd/ciokit/internal/progress  . kit/cmd/ciokit/internal/console kit/load
kit/cmd/ciokit/internal/nextstep  kit/cmd/ciokit/internal/console
kit/cmd/ciokit/internal/reading  . appapi kit/cmd/ciokit/internal/console kit/cmd/ciokit/internal/destination kit/cmd/ciokit/internal/exit
kit/doctest
kit/emulatordb       emulator
kit/emulatortest
kit/internal/emulated  emulator
kit/internal/idlist  kit/mapping kit/source
kit/internal/notebook  emulator kit/livetest kit/sandbox kit/show
kit/livetest         . appapi emulator events kit/internal/emulated
kit/load             . internal/address internal/wire kit/internal/idlist kit/load/internal/snapshot kit/mapping kit/source
kit/load/internal/snapshot  internal/address kit/source
kit/load/reportpage  kit/load
kit/mapping          . events internal/address internal/wire kit/source
kit/notebooktest
kit/paritytest
kit/paritytest/lines
kit/sandbox          . emulator kit/show
kit/show             .
kit/source
kit/source/sqldb     kit/source
kit/spectest
kit/upgradetest
kit/verify           . appapi internal/address kit/mapping kit/source
`

// foreign are the modules of others that the packages of a module may import, by the beginning of their paths. Those of kit are in its go.mod.
var foreign = map[string][]string{
	"erasure":         {"github.com/gofrs/flock", "golang.org/x/mod/sumdb/"},
	"examples":        {"github.com/jackc/pgx/v5"},
	"otel":            {"go.opentelemetry.io/otel"},
	"outbox":          {"github.com/gofrs/flock", "modernc.org/sqlite"},
	"outbox/postgres": {"github.com/jackc/pgx/v5"},
	"prom":            {"github.com/prometheus/client_golang/"},
}

// beside are the modules of the workspace besides the root. If there is no workspace, only the root module is checked.
var beside = []string{"erasure", "examples", "kit", "otel", "outbox", "prom"}

// TestImportBorders checks what each package imports: in every module of the workspace, or only in this module without a workspace.
func TestImportBorders(t *testing.T) {
	t.Parallel()
	allowed := map[string][]string{}
	for line := range strings.Lines(arrows) {
		if fields := strings.Fields(line); len(fields) > 0 {
			allowed[fields[0]] = fields[1:]
		}
	}
	found := imports(t)
	small := func(name string) bool {
		return strings.HasPrefix(name, "kit/internal/") && !slices.ContainsFunc(found[name], func(i string) bool {
			return isOurs(i) && !strings.HasPrefix(short(i), "kit/internal/")
		})
	}
	for name, list := range found {
		var ours []string
		for _, i := range list {
			switch {
			case !isOurs(i):
				top, _, _ := strings.Cut(name, "/")
				if strings.HasPrefix(name, "outbox/postgres") { // a module within the other's directory
					top = "outbox/postgres"
				}
				if top != "kit" && !slices.ContainsFunc(foreign[top], func(start string) bool { return strings.HasPrefix(i, start) }) {
					t.Errorf("%s imports %s, which it must not", name, i)
				}
			case small(short(i)) && strings.HasPrefix(name, "kit/"):
			default:
				ours = append(ours, short(i))
			}
		}
		may, listed := allowed[name]
		if !listed && !small(name) {
			t.Errorf("%s is not among the arrows of this test; it imports %q", name, ours)
			continue
		}
		for _, i := range ours {
			if !slices.Contains(may, i) {
				t.Errorf("%s imports %s, which it must not", name, i)
			}
		}
		for _, i := range may {
			if !slices.Contains(ours, i) {
				t.Errorf("%s does not import %s any more: take away the arrow", name, i)
			}
		}
	}
	for name := range allowed {
		if _, ok := found[name]; !ok && (found["kit/load"] != nil || !slices.Contains(beside, strings.Split(name, "/")[0])) {
			t.Errorf("%s is not a package any more", name)
		}
	}
}

func isOurs(path string) bool { return path == module || strings.HasPrefix(path, module+"/") }

// short returns the path of one of our packages, relative to the repository.
func short(path string) string {
	if path == module {
		return "."
	}
	return strings.TrimPrefix(path, module+"/")
}

// imports returns what each package imports, apart from the standard library, by the short name of the package.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, p := range packages(t) {
		// A path whose first part is not a host belongs to the standard library.
		found[short(p.path)] = slices.DeleteFunc(slices.Clone(p.imports), func(i string) bool { first, _, _ := strings.Cut(i, "/"); return !strings.Contains(first, ".") })
	}
	return found
}

// listed is a package of the workspace, or of this module if there is no workspace.
type listed struct {
	path, dir      string
	imports, files []string // files that build constraints select, and files that they exclude
}

var listPackages = sync.OnceValues(func() ([]listed, error) {
	cmd := exec.Command("go", "list", "-f", `{{.ImportPath}}|{{.Dir}}|{{join .Imports " "}}|{{join .GoFiles " "}} {{join .IgnoredGoFiles " "}}`, "work")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, errs.String())
	}
	var all []listed
	for line := range strings.Lines(string(out)) {
		parts := strings.Split(strings.TrimSpace(line), "|")
		all = append(all, listed{parts[0], parts[1], strings.Fields(parts[2]), strings.Fields(parts[3])})
	}
	return all, nil
})

func packages(t *testing.T) []listed {
	t.Helper()
	all, err := listPackages()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// pair is what kit uses of internal/wire, a package of another module: a released kit works with every root module that has these declarations.
const pair = `
const MaxDepth = 200
const TooDeep = "nested-too-deep"
func Check(raw []byte) error
func Lookup(object []byte, name string) (value []byte, ok bool)
func Members(object []byte) iter.Seq2[[]byte, []byte]
func Text(value []byte) (string, bool)
type Checked []byte
type Error struct
`

// TestWirePair compares what kit uses of internal/wire with the list, and the list with the declarations.
func TestWirePair(t *testing.T) {
	t.Parallel()
	declared := map[string]string{}
	for _, f := range parseAll(t, filepath.Join("internal", "wire")) {
		for _, d := range f.Decls {
			declare(d, declared)
		}
	}
	used := map[string]bool{}
	for _, f := range parseAll(t, "kit") {
		if slices.ContainsFunc(f.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == strconv.Quote(module+"/internal/wire") }) {
			ast.Inspect(f, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					if x, ok := s.X.(*ast.Ident); ok && x.Name == "wire" && x.Obj == nil {
						used[s.Sel.Name] = true
					}
				}
				return true
			})
		}
	}
	if len(used) == 0 {
		t.Skip("module kit is not here")
	}
	var got []string
	for name := range used {
		got = append(got, declared[name])
	}
	slices.Sort(got)
	if text := strings.Join(got, "\n"); text != strings.TrimSpace(pair) {
		t.Errorf("kit uses of internal/wire:\n%s\nIf a declaration has changed, kit needs a release that requires the root's; then change the list here.", text)
	}
}

// parseAll parses the Go files below a directory, without those of tests.
func parseAll(t *testing.T, dir string) (files []*ast.File) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		files = append(files, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// declare records the exported names of a declaration with their text: a function with its signature, a struct without its fields.
func declare(d ast.Decl, into map[string]string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			d.Body = nil
			into[d.Name.Name] = text(d)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if _, ok := s.Type.(*ast.StructType); ok {
					into[s.Name.Name] = "type " + s.Name.Name + " struct"
				} else {
					into[s.Name.Name] = "type " + text(s)
				}
			case *ast.ValueSpec:
				for _, name := range s.Names {
					into[name.Name] = d.Tok.String() + " " + text(s)
				}
			}
		}
	}
}

func text(n ast.Node) string {
	var b bytes.Buffer
	_ = printer.Fprint(&b, token.NewFileSet(), n) // to memory
	return b.String()
}
