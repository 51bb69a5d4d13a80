package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ciokit/cio/internal/gen/apifacts"
)

const appDocument = "app-api-2025-07.json"

// appFacts are the operations of the App API's document.
type appFacts struct {
	schemas map[string]*appSchema
	paths   map[string]map[string]*appOperation // by path and verb in capitals
}

type appOperation struct {
	Parameters  []appParameter `json:"parameters"`
	RequestBody *appBody       `json:"requestBody"`
	Responses   map[string]*appBody
}

type appParameter struct {
	Name   string     `json:"name"`
	In     string     `json:"in"`
	Schema *appSchema `json:"schema"`
}

type appBody struct {
	Content map[string]struct {
		Schema *appSchema `json:"schema"`
	} `json:"content"`
}

func (b *appBody) schema() *appSchema {
	if b == nil {
		return nil
	}
	return b.Content["application/json"].Schema
}

// appSchema is the part of a schema that makes a type.
type appSchema struct {
	Ref        string                `json:"$ref"`
	Type       string                `json:"type"`
	Format     string                `json:"format"`
	Enum       []any                 `json:"enum"`
	Maximum    *float64              `json:"maximum"`
	Required   []string              `json:"required"`
	Properties map[string]*appSchema `json:"properties"`
	Items      *appSchema            `json:"items"`
	AllOf      []*appSchema          `json:"allOf"`
	OneOf      []*appSchema          `json:"oneOf"`
	AnyOf      []*appSchema          `json:"anyOf"`
	Additional json.RawMessage       `json:"additionalProperties"`
}

func loadAppFacts(root string) (*appFacts, error) {
	text, err := apifacts.Read(root, appDocument)
	if err != nil {
		return nil, err
	}
	var document struct {
		Paths      map[string]map[string]json.RawMessage
		Components struct{ Schemas map[string]*appSchema }
	}
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", appDocument, err)
	}
	f := &appFacts{document.Components.Schemas, map[string]map[string]*appOperation{}}
	for path, item := range document.Paths {
		f.paths[path] = map[string]*appOperation{}
		var shared []appParameter
		if raw, ok := item["parameters"]; ok {
			if err := json.Unmarshal(raw, &shared); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
		}
		for verb, raw := range item {
			if verb == "parameters" {
				continue
			}
			op := new(appOperation)
			if err := json.Unmarshal(raw, op); err != nil {
				return nil, fmt.Errorf("%s %s: %w", verb, path, err)
			}
			op.Parameters = append(op.Parameters, shared...)
			f.paths[path][strings.ToUpper(verb)] = op
		}
	}
	return f, nil
}

// flat returns a schema with what it refers to and all its parts and alternatives merged into it. Required is what all alternatives require.
func (f *appFacts) flat(s *appSchema) *appSchema {
	if s == nil {
		return &appSchema{}
	}
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return f.flat(f.schemas[name])
	}
	out := *s
	out.Properties = map[string]*appSchema{}
	for name, p := range s.Properties {
		out.Properties[name] = p
	}
	out.Required = slices.Clone(s.Required)
	for _, part := range s.AllOf {
		part = f.flat(part)
		out.take(f, part)
		out.Required = append(out.Required, part.Required...)
	}
	for i, part := range slices.Concat(s.OneOf, s.AnyOf) {
		part = f.flat(part)
		out.take(f, part)
		if i == 0 {
			out.Required = append(out.Required, part.Required...)
			continue
		}
		out.Required = slices.DeleteFunc(out.Required, func(name string) bool {
			return !slices.Contains(part.Required, name) && !slices.Contains(s.Required, name)
		})
	}
	out.AllOf, out.OneOf, out.AnyOf = nil, nil, nil
	return &out
}

// take merges the properties of a part.
func (s *appSchema) take(f *appFacts, part *appSchema) {
	for name, p := range part.Properties {
		if has, ok := s.Properties[name]; ok {
			p = f.merge(has, p)
		}
		s.Properties[name] = p
	}
	if s.Type == "" {
		s.Type, s.Format = part.Type, part.Format
	}
	if s.Items == nil {
		s.Items = part.Items
	}
	if s.Additional == nil {
		s.Additional = part.Additional
	}
}

// merge returns a schema that both are.
func (f *appFacts) merge(a, b *appSchema) *appSchema {
	a, b = f.flat(a), f.flat(b)
	out := *a
	out.Properties = map[string]*appSchema{}
	for name, p := range a.Properties {
		out.Properties[name] = p
	}
	out.take(f, b)
	out.Enum = union(a.Enum, b.Enum)
	if len(a.Enum) == 0 || len(b.Enum) == 0 {
		out.Enum = nil
	}
	if a.Items != nil && b.Items != nil {
		out.Items = f.merge(a.Items, b.Items)
	}
	out.Required = slices.DeleteFunc(slices.Clone(a.Required), func(name string) bool { return !slices.Contains(b.Required, name) })
	return &out
}

func union(a, b []any) []any {
	out := slices.Clone(a)
	for _, v := range b {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}
