package apifacts

import (
	"regexp"
	"slices"
	"strings"
)

// kept are the keywords of a schema whose values are facts. A default is kept where it is a number or a boolean, because texts are examples.
var kept = []string{
	"$ref", "type", "format", "nullable", "enum", "const", "required", "deprecated",
	"minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties",
}

func extractFacts(tree map[string]any) map[string]any {
	facts := map[string]any{"openapi": tree["openapi"], "version": at(tree, "info")["version"], "paths": each(at(tree, "paths"), pathItem)}
	components := map[string]any{}
	if responses := at(tree, "components", "responses"); responses != nil {
		components["responses"] = each(responses, body)
	}
	components["schemas"] = each(at(tree, "components", "schemas"), component)
	facts["components"] = components
	if names := tabulatedNames(tree); len(names) > 0 {
		facts["eventNames"] = names
	}
	return facts
}

// at returns the object that the names lead to, or nil.
func at(object map[string]any, names ...string) map[string]any {
	for _, name := range names {
		object, _ = object[name].(map[string]any)
	}
	return object
}

func each(object map[string]any, f func(map[string]any) map[string]any) map[string]any {
	out := make(map[string]any, len(object))
	for name, value := range object {
		if member, ok := value.(map[string]any); ok {
			out[name] = f(member)
		} else {
			out[name] = value // true and false are schemas too
		}
	}
	return out
}

func list(values []any, f func(map[string]any) map[string]any) []any {
	out := make([]any, len(values))
	for i, value := range values {
		out[i] = value
		if member, ok := value.(map[string]any); ok {
			out[i] = f(member)
		}
	}
	return out
}

func pathItem(item map[string]any) map[string]any {
	out := map[string]any{}
	for _, method := range []string{"get", "put", "post", "delete", "patch"} {
		if operation := at(item, method); operation != nil {
			out[method] = operationFacts(operation)
		}
	}
	if parameters, ok := item["parameters"].([]any); ok {
		out["parameters"] = list(parameters, parameter)
	}
	return out
}

func operationFacts(operation map[string]any) map[string]any {
	out := map[string]any{"responses": each(at(operation, "responses"), body)}
	if parameters, ok := operation["parameters"].([]any); ok {
		out["parameters"] = list(parameters, parameter)
	}
	if request := at(operation, "requestBody"); request != nil {
		out["requestBody"] = body(request)
	}
	return out
}

func parameter(p map[string]any) map[string]any {
	out := pick(p, "$ref", "name", "in", "required")
	if s := at(p, "schema"); s != nil {
		out["schema"] = schema(s)
	}
	return out
}

// body is what a request or an answer has.
func body(b map[string]any) map[string]any {
	out := pick(b, "$ref", "required")
	if content := at(b, "content"); content != nil {
		out["content"] = each(content, func(c map[string]any) map[string]any {
			if s := at(c, "schema"); s != nil {
				return map[string]any{"schema": schema(s)}
			}
			return map[string]any{}
		})
	}
	return out
}

// component is a schema with a name. Its title can be the name of an event.
func component(s map[string]any) map[string]any {
	out := schema(s)
	if title, ok := s["title"].(string); ok && isName(title) {
		out["title"] = title
	}
	return out
}

// isName tells a name of a few words from a sentence.
func isName(text string) bool { return len(strings.Fields(text)) <= 6 && !strings.Contains(text, ".") }

func schema(s map[string]any) map[string]any {
	out := pick(s, kept...)
	for _, keyword := range []string{"properties", "patternProperties"} {
		if members := at(s, keyword); members != nil {
			out[keyword] = each(members, schema)
		}
	}
	for _, keyword := range []string{"items", "additionalProperties", "not"} {
		switch value := s[keyword].(type) {
		case map[string]any:
			out[keyword] = schema(value)
		case bool:
			out[keyword] = value
		}
	}
	for _, keyword := range []string{"allOf", "oneOf", "anyOf"} {
		if parts, ok := s[keyword].([]any); ok {
			out[keyword] = list(parts, schema)
		}
	}
	if value, ok := s["default"]; ok {
		if _, text := value.(string); !text {
			out["default"] = value
		}
	}
	return out
}

func pick(object map[string]any, names ...string) map[string]any {
	out := map[string]any{}
	for _, name := range names {
		if value, ok := object[name]; ok {
			out[name] = value
		}
	}
	return out
}

var (
	tableHead = regexp.MustCompile(`(?m)^\| *(Type \| Events|Event Name \| Description) *\|.*\n((?:\|.*(?:\n|$))+)`)
	quoted    = regexp.MustCompile("`([^`]+)`")
)

// tabulatedNames returns every name of an event that stands in a table of the descriptions, each once.
func tabulatedNames(v any) []any {
	found := map[string]bool{}
	collectNames(v, found)
	names := make([]any, 0, len(found))
	for name := range found {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	return names
}

func collectNames(v any, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if text, ok := value.(string); ok && key == "description" {
				namesInTables(text, into)
			}
			collectNames(value, into)
		}
	case []any:
		for _, value := range v {
			collectNames(value, into)
		}
	}
}

func namesInTables(text string, into map[string]bool) {
	for _, table := range tableHead.FindAllStringSubmatch(text, -1) {
		cell := 0
		if strings.HasPrefix(table[1], "Type") {
			cell = 1
		}
		for row := range strings.SplitSeq(table[2], "\n") {
			if cells := strings.Split(strings.Trim(row, "| "), "|"); len(cells) > cell {
				for _, m := range quoted.FindAllStringSubmatch(cells[cell], -1) {
					into[m[1]] = true
				}
			}
		}
	}
}
