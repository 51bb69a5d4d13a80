package eventspec

import (
	"go/token"
	"strconv"
	"strings"
	"unicode"
)

func isBasic(typ string) bool {
	switch typ {
	case "string", "integer", "number", "boolean", "datetime", "[]string", "object":
		return true
	}
	return false
}

// field reads "name[*] [as GoName] type[traits] Meaning." or "use group".
func (p *parser) field(line string) {
	path, rest := cut(line)
	if path == "use" {
		fields, ok := p.groups[rest]
		if !ok {
			p.errorf(p.line, "there is no group %q above", rest)
		}
		p.fields = append(p.fields, fields...)
		return
	}
	f := Field{Line: p.line}
	f.Path, f.Required = strings.CutSuffix(path, "*")
	segments := strings.Split(f.Path, ".")
	f.Name = segments[len(segments)-1]
	if len(segments) != 1 && (len(segments) != 3 || segments[0] != "context" || p.block == "object") {
		p.errorf(p.line, "%s: a field is a property, or is in an object of an event's context, such as context.device.token", f.Path)
		return
	}
	for _, s := range segments {
		if !isWireName(s) {
			p.errorf(p.line, "%q is not a name of a field: want letters, digits and underscores", f.Path)
			return
		}
	}
	f.GoName = GoName(f.Name)
	typ, doc := cut(rest)
	if typ == "as" {
		f.GoName, rest = cut(doc)
		typ, doc = cut(rest)
	}
	if !token.IsIdentifier(f.GoName) || !token.IsExported(f.GoName) {
		p.errorf(p.line, "%q is not an exported Go name; say which with: as GoName", f.GoName)
	}
	if f.GoName == "EventName" || f.GoName == "EventContext" || f.GoName == "AppendJSON" || f.GoName == "MarshalJSON" || f.GoName == "Missing" {
		p.errorf(p.line, "%s is the name of a method; choose another with: as GoName", f.GoName)
	}
	typ, traits, bracketed := strings.Cut(typ, "[")
	if typ == "" { // []string or []Object
		f.List, bracketed = true, false
		typ, _ = strings.CutPrefix(traits, "]")
		if typ == "string" {
			typ, f.List = "[]string", false
		}
	}
	f.Type, f.Doc = typ, doc
	if bracketed {
		p.traits(&f, traits)
	}
	if !strings.HasSuffix(doc, ".") {
		p.errorf(p.line, "%s: want a meaning that ends in a full stop", f.Path)
	}
	p.fields = append(p.fields, f)
}

// traits reads the text in the brackets after a type.
func (p *parser) traits(f *Field, text string) {
	text, closed := strings.CutSuffix(text, "]")
	if !closed {
		p.errorf(p.line, "%s: the bracket after the type is not closed", f.Path)
		return
	}
	if f.Type != "integer" && f.Type != "number" {
		p.errorf(p.line, "%s: only numbers have ranges, units and defaults", f.Path)
	}
	for item := range strings.SplitSeq(text, ",") {
		if lo, hi, ok := strings.Cut(item, ".."); ok {
			low, err1 := strconv.Atoi(lo)
			high, err2 := strconv.Atoi(hi)
			if err1 != nil || err2 != nil || low >= high {
				p.errorf(p.line, "%s: %q is not a range; want two integers as in 0..100", f.Path, item)
			}
			f.Min, f.Max = &low, &high
			continue
		}
		if value, ok := strings.CutPrefix(item, "default="); ok {
			n, err := strconv.Atoi(value)
			if err != nil {
				p.errorf(p.line, "%s: the default %q is not an integer", f.Path, value)
			}
			f.Default = &n
			continue
		}
		if item == "" || f.Unit != "" {
			p.errorf(p.line, "%s: want one range, one default or one unit each, separated by commas", f.Path)
		}
		f.Unit = item
	}
}

// GoName turns a name on the wire, in snake case or camel case, into an exported Go name with its initialisms whole.
func GoName(name string) string {
	var words []string
	start := 0
	for i, r := range name {
		if r == '_' || unicode.IsUpper(r) {
			words = append(words, name[start:i])
			start = i
			if r == '_' {
				start++
			}
		}
	}
	words = append(words, name[start:])
	var b strings.Builder
	for _, w := range words {
		switch lower := strings.ToLower(w); lower {
		case "":
		case "id", "ip", "sku", "url":
			b.WriteString(strings.ToUpper(lower))
		case "ids":
			b.WriteString("IDs")
		default:
			b.WriteString(strings.ToUpper(lower[:1]) + lower[1:])
		}
	}
	return b.String()
}

// isWireName guarantees what the generated code relies on: the name needs no escaping in JSON.
func isWireName(s string) bool {
	for _, r := range s {
		if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

func isLower(s string) bool {
	for _, r := range s {
		if r != '_' && (r < 'a' || r > 'z') {
			return false
		}
	}
	return s != ""
}

// cut splits off the first word.
func cut(s string) (word, rest string) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimSpace(s[i:])
}

// quotedString splits off a string in double quotes, which knows no escapes.
func quotedString(s string) (value, rest string, ok bool) {
	s, ok = strings.CutPrefix(s, `"`)
	if !ok {
		return "", s, false
	}
	value, rest, ok = strings.Cut(s, `"`)
	return value, strings.TrimSpace(rest), ok && value != ""
}
