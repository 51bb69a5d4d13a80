package main

import (
	"bytes"
	"fmt"
	"go/format"
	"strings"
	"unicode/utf8"

	"github.com/ciokit/cio/internal/gen/eventspec"
)

// file is one generated file, its path relative to the root of the repository and with slashes.
type file struct {
	path    string
	content []byte
}

// generate returns all files that the spec gives rise to.
func generate(spec *eventspec.Spec) ([]file, error) {
	var files []file
	add := func(path, pkg string, imports []string, write func(*source)) error {
		s := &source{}
		s.printf("// Code generated from spec/events.txt by internal/gen. DO NOT EDIT.\n\n")
		if path == "internal/names/names_gen.go" {
			s.comment("", "Package names holds the names of Customer.io's semantic events, for those who must not depend on their types.")
		}
		s.printf("package %s\n\n", pkg)
		switch len(imports) {
		case 0:
		case 1:
			s.printf("import %q\n\n", imports[0])
		default:
			s.printf("import (\n\"%s\"\n)\n\n", strings.Join(imports, "\"\n\n\""))
		}
		write(s)
		content, err := format.Source(s.buf.Bytes())
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		files = append(files, file{path, content})
		return nil
	}

	const wire = "github.com/ciokit/cio/internal/wire"
	for _, c := range spec.Categories {
		var events []eventspec.Event
		for _, e := range spec.Events {
			if e.Category == c.Key {
				events = append(events, e)
			}
		}
		imports := []string{wire}
		if usesTime(events) {
			imports = []string{"time", wire}
		}
		if err := add("events/"+c.Key+"_gen.go", "events", imports, func(s *source) { s.events(spec, events) }); err != nil {
			return nil, err
		}
	}
	for _, f := range []struct {
		path, pkg string
		imports   []string
		write     func(*source)
	}{
		{"events/objects_gen.go", "events", []string{wire}, func(s *source) { s.objects(spec) }},
		{"events/enums_gen.go", "events", nil, func(s *source) { s.enums(spec) }},
		{"events/catalogue_gen.go", "events", nil, func(s *source) { s.catalogue(spec) }},
		{"events/list_gen_test.go", "events_test", []string{"github.com/ciokit/cio/events"}, func(s *source) { s.testList(spec) }},
		{"internal/names/names_gen.go", "names", nil, func(s *source) { s.names(spec) }},
		{"emulator/catalogue_gen.go", "emulator", nil, func(s *source) { s.emulator(spec) }},
	} {
		if err := add(f.path, f.pkg, f.imports, f.write); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func usesTime(events []eventspec.Event) bool {
	for _, e := range events {
		for _, f := range e.Properties {
			if f.Type == "datetime" {
				return true
			}
		}
	}
	return false
}

// source is Go source in the making.
type source struct{ buf bytes.Buffer }

func (s *source) printf(format string, args ...any) { fmt.Fprintf(&s.buf, format, args...) }

// commentWidth is the length of a line of comment, without its indentation.
const commentWidth = 120

// comment writes text as a comment, wrapped.
func (s *source) comment(indent, text string) {
	line := indent + "//"
	for word := range strings.FieldsSeq(text) {
		if utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > commentWidth {
			s.printf("%s\n", line)
			line = indent + "//"
		}
		line += " " + word
	}
	s.printf("%s\n", line)
}
