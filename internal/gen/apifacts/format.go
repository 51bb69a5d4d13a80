package apifacts

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

const (
	sharedPrefix = "#/shared/"
	// A part that is shorter is written again wherever it occurs.
	shareFrom = 120
	// What fits in a line is one line.
	lineWidth = 140
)

// sharer replaces the schemas that occur more than once by references.
type sharer struct {
	seen   map[string]int    // how often each text occurs, not counting what is within a repeated one
	names  map[string]string // of those that occur more than once
	taken  map[string]bool
	shared map[string]any
}

// share changes the tree, and returns what it refers to then.
func share(tree map[string]any) map[string]any {
	s := &sharer{seen: map[string]int{}, names: map[string]string{}, taken: map[string]bool{}, shared: map[string]any{}}
	parts := []string{"components", "paths"}
	for _, part := range parts {
		s.count(tree[part])
	}
	for _, part := range parts {
		tree[part] = s.replace(tree[part], part)
	}
	return s.shared
}

// count visits what is in a repeated value once, so that only the largest values that repeat are counted.
func (s *sharer) count(v any) {
	switch v := v.(type) {
	case map[string]any:
		if key, ok := shareable(v); ok {
			if s.seen[key]++; s.seen[key] > 1 {
				return
			}
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			s.count(v[name])
		}
	case []any:
		for _, value := range v {
			s.count(value)
		}
	}
}

// replace names what it shares after the member at which it met it first.
func (s *sharer) replace(v any, name string) any {
	switch v := v.(type) {
	case map[string]any:
		key, ok := shareable(v)
		ok = ok && s.seen[key] > 1
		if ok && s.names[key] != "" {
			return map[string]any{"$ref": sharedPrefix + s.names[key]}
		}
		if ok {
			s.names[key] = s.free(name)
		}
		out := make(map[string]any, len(v))
		for _, member := range slices.Sorted(maps.Keys(v)) {
			within := member
			if keywords[member] {
				within = name
			}
			out[member] = s.replace(v[member], within)
		}
		if !ok {
			return out
		}
		s.shared[s.names[key]] = out
		return map[string]any{"$ref": sharedPrefix + s.names[key]}
	case []any:
		out := make([]any, len(v))
		for i, value := range v {
			out[i] = s.replace(value, name)
		}
		return out
	}
	return v
}

// keywords are members that name nothing.
var keywords = map[string]bool{
	"properties": true, "items": true, "allOf": true, "oneOf": true, "anyOf": true, "additionalProperties": true, "not": true, "schema": true,
	"content": true, "application/json": true, "parameters": true, "responses": true,
}

// free returns the name, with a number if it is taken. Names that need an escape in a reference get another one.
func (s *sharer) free(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == '/' || r == '~' || r == '{' || r == '}' {
			return '_'
		}
		return r
	}, name)
	for free, n := name, 2; ; n++ {
		if !s.taken[free] {
			s.taken[free] = true
			return free
		}
		free = name + "_" + strconv.Itoa(n)
	}
}

// shareable returns the text of a schema that is worth a reference.
func shareable(v map[string]any) (key string, ok bool) {
	_, typed := v["type"].(string)
	_, combined := v["allOf"].([]any)
	if !typed && !combined {
		return "", false
	}
	text := compact(v)
	return text, len(text) >= shareFrom
}

func compact(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // a tree of decoded JSON can be encoded
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// format returns v in lines.
func format(v any) []byte { return append(appendLines(nil, v, 0, 0), '\n') }

// appendLines breaks what is longer than a line. before is the width of what stands before v in its line.
func appendLines(b []byte, v any, indent, before int) []byte {
	text := compact(v)
	if indent > 1 && indent+before+len(text) <= lineWidth {
		return append(b, text...)
	}
	pad := func(n int) { b = append(append(b, '\n'), strings.Repeat(" ", n)...) }
	switch v := v.(type) {
	case map[string]any:
		b = append(b, '{')
		for i, name := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b = append(b, ',')
			}
			pad(indent + 1)
			key := compact(name) + ": "
			b = append(b, key...)
			b = appendLines(b, v[name], indent+1, len(key))
		}
		pad(indent)
		return append(b, '}')
	case []any:
		b = append(b, '[')
		for i, value := range v {
			if i > 0 {
				b = append(b, ',')
			}
			pad(indent + 1)
			b = appendLines(b, value, indent+1, 0)
		}
		pad(indent)
		return append(b, ']')
	}
	return append(b, text...)
}
