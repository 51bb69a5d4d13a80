package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"go/format"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// cannedAt is the time in canned answers, in unix seconds.
const cannedAt = 1700000000

// cannedAnswers returns the file of package emulator that has each operation of the App API's document with an answer in its shape.
func cannedAnswers(facts *appFacts) (file, error) {
	type operation struct {
		verb, path, body string
		status           int
	}
	var all []operation
	for path, verbs := range facts.paths {
		for verb, op := range verbs {
			answered := operation{verb: verb, path: path}
			for status, r := range op.Responses {
				n, err := strconv.Atoi(status)
				if err != nil || n > 299 || answered.status != 0 && n > answered.status {
					continue
				}
				answered.status, answered.body = n, ""
				if s := r.schema(); s != nil {
					text, err := json.Marshal(facts.example("", s))
					if err != nil {
						return file{}, fmt.Errorf("%s %s: %w", verb, path, err)
					}
					answered.body = string(text)
				}
			}
			if answered.status == 0 {
				return file{}, fmt.Errorf("%s %s has no answer", verb, path)
			}
			all = append(all, answered)
		}
	}
	slices.SortFunc(all, func(a, b operation) int {
		return cmp.Or(strings.Compare(a.path, b.path), strings.Compare(a.verb, b.verb))
	})
	s := &source{}
	s.printf("// Code generated from spec/facts by internal/gen. DO NOT EDIT.\n\npackage emulator\n\n")
	s.comment("", "documentedOperations are those of the App API's document, each with an answer in the shape that the document gives it.")
	s.printf("var documentedOperations = []documentedOperation{\n")
	for _, op := range all {
		s.printf("{%q, %q, %d, %s},\n", op.verb, op.path, op.status, quoted(op.body))
	}
	s.printf("}\n")
	content, err := format.Source(s.buf.Bytes())
	return file{"emulator/appoperations_gen.go", content}, err
}

// quoted writes text as a Go string.
func quoted(text string) string {
	if strings.ContainsRune(text, '`') || text == "" {
		return strconv.Quote(text)
	}
	return "`" + text + "`"
}

// example makes a value of a schema: one item in each list, the first of what may be chosen, and the same for the same schema. It says of texts that
// they are canned.
func (f *appFacts) example(name string, s *appSchema) any {
	if len(s.Enum) > 0 {
		return s.Enum[0]
	}
	if choices := slices.Concat(s.OneOf, s.AnyOf); len(choices) > 0 && len(s.Properties) == 0 {
		return f.example(name, choices[0])
	}
	s = f.flat(s)
	switch s.Type {
	case "array":
		return []any{f.example(name, s.Items)}
	case "boolean":
		return false
	case "integer", "number":
		switch {
		case isTime(s):
			return cannedAt
		case name == "id" || strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "_ids"):
			return 1
		}
		return 0
	case "string":
		switch {
		case name == "next":
			return ""
		case name == "id" || strings.HasSuffix(name, "_id"):
			return "1"
		case s.Format == "email":
			return "canned@example.com"
		case s.Format == "url":
			return "https://example.com/canned"
		case s.Format == "ip address":
			return "192.0.2.1" // of a block for documents, which nobody has
		}
		return "canned"
	}
	members := map[string]any{}
	for _, member := range slices.Sorted(maps.Keys(s.Properties)) {
		members[member] = f.example(member, s.Properties[member])
	}
	return members
}
