package doctest

import (
	"go/scanner"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var qualified = regexp.MustCompile(`(^|[^\w/.-])([a-z]\w*)\.([A-Z]\w*)`)

// exported returns the exported names of each public package, as the snapshots in api have them.
func exported(t *testing.T) map[string]map[string]bool {
	t.Helper()
	snapshots, err := filepath.Glob(filepath.FromSlash("../../api/*.txt"))
	if err != nil || len(snapshots) == 0 {
		t.Fatalf("no snapshots of packages: %v", err)
	}
	word := regexp.MustCompile(`\b[A-Z]\w*`)
	all := map[string]map[string]bool{}
	for _, file := range snapshots {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		name = name[strings.LastIndexByte(name, '-')+1:]
		if all[name] == nil {
			all[name] = map[string]bool{}
		}
		for _, w := range word.FindAllString(string(text), -1) {
			all[name][w] = true
		}
	}
	return all
}

// unknown returns what a text names of a package that has no such name.
func unknown(text string, all map[string]map[string]bool) (names []string) {
	for _, m := range qualified.FindAllStringSubmatch(text, -1) {
		if known := all[m[2]]; known != nil && !known[m[3]] {
			names = append(names, m[2]+"."+m[3])
		}
	}
	return names
}

// comments returns the comments of a Go file.
func comments(source string) string {
	fset := token.NewFileSet()
	var s scanner.Scanner
	s.Init(fset.AddFile("", fset.Base(), len(source)), []byte(source), nil, scanner.ScanComments)
	var all strings.Builder
	for {
		switch _, tok, text := s.Scan(); tok {
		case token.EOF:
			return all.String()
		case token.COMMENT:
			all.WriteString(text + "\n")
		}
	}
}

// Comments and guides name only what the packages have. The changelog also names what they had.
func TestNamesExist(t *testing.T) {
	t.Parallel()
	all := exported(t)
	n := 0
	files(t, func(file, text string) {
		if path.Base(file) == "CHANGELOG.md" {
			return
		}
		if path.Ext(file) == ".go" {
			text = comments(text)
		}
		for _, name := range unknown(text, all) {
			if name != "otel.GetMeterProvider" { // which is of the package that ours is for
				t.Errorf("%s names %s, which does not exist", file, name)
			}
		}
		n++
	}, ".go", ".md")
	if n < 100 {
		t.Errorf("only %d files were read", n)
	}
}

func TestUnknown(t *testing.T) {
	t.Parallel()
	all := map[string]map[string]bool{"cio": {"Track": true}}
	if got := unknown("cio.Track, (cio.EU), other.EU, x/cio.EU and emulator-cio.EU", all); len(got) != 1 || got[0] != "cio.EU" {
		t.Errorf("got %q", got)
	}
	if got := comments("package a // cio.A\n/* cio.B */ var x = cio.C"); !strings.Contains(got, "cio.A") || !strings.Contains(got, "cio.B") || strings.Contains(got, "cio.C") {
		t.Errorf("got %q", got)
	}
}
