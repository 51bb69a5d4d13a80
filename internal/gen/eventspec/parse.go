package eventspec

import (
	"errors"
	"fmt"
	"go/token"
	"strings"
)

// Error is a fault in a file, found at a line counted from 1.
type Error struct {
	File string
	Line int
	Msg  string
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg) }

// maxErrors bounds what one run reports.
const maxErrors = 10

// Parse reads events.txt. The file name is for errors only. The error joins one *Error for each fault, up to ten.
func Parse(file, text string) (*Spec, error) {
	p := &parser{file: file, spec: &Spec{}, groups: map[string][]Field{}, types: map[string]int{}}
	for i, raw := range strings.Split(text, "\n") {
		p.line = i + 1
		trimmed := strings.TrimSpace(raw)
		if trimmed == "" || strings.HasPrefix(trimmed, "#") {
			continue
		}
		if raw[0] == ' ' || raw[0] == '\t' {
			p.body(trimmed)
		} else {
			p.header(trimmed)
		}
	}
	p.end()
	p.resolve()
	if len(p.errs) > 0 {
		return nil, errors.Join(p.errs...)
	}
	return p.spec, nil
}

type parser struct {
	file string
	line int
	errs []error

	spec     *Spec
	groups   map[string][]Field
	types    map[string]int // Go identifiers of package events and the line of each
	category string

	// block is the kind of the open block and start its line.
	block string
	start int
	enum  Enum
	event Event
	// name, doc and fields are those of the open block.
	name   string
	doc    string
	fields []Field
}

func (p *parser) errorf(line int, format string, args ...any) {
	if len(p.errs) < maxErrors {
		p.errs = append(p.errs, &Error{File: p.file, Line: line, Msg: fmt.Sprintf(format, args...)})
	}
}

func (p *parser) header(line string) {
	p.end()
	p.start, p.doc, p.fields = p.line, "", nil
	kind, rest := cut(line)
	switch kind {
	case "category":
		key, quoted := cut(rest)
		name, tail, ok := quotedString(quoted)
		if !ok || tail != "" || !isLower(key) {
			p.errorf(p.line, `want: category key "Name", the key in lower-case letters`)
			return
		}
		p.category = key
		p.spec.Categories = append(p.spec.Categories, Category{Key: key, Name: name})
	case "enum", "object", "group":
		if kind == "group" && !isLower(rest) || kind != "group" && !p.declare(rest) {
			p.errorf(p.line, "want: %s and a name; types are exported Go names, groups are in lower case", kind)
			return
		}
		if _, taken := p.groups[rest]; kind == "group" && taken {
			p.errorf(p.line, "group %s is already defined", rest)
		}
		p.block, p.name, p.enum = kind, rest, Enum{Type: rest}
	case "event":
		typ, quoted := cut(rest)
		name, tail, ok := quotedString(quoted)
		if !ok || tail != "" {
			p.errorf(p.line, `want: event GoName "Wire Name"`)
			return
		}
		if p.category == "" {
			p.errorf(p.line, "event %q comes before any category", name)
		}
		if !p.declare(typ) {
			p.errorf(p.line, "%q is not an exported Go name", typ)
		}
		if _, ok := p.spec.Event(name); ok {
			p.errorf(p.line, "event %q is already defined", name)
		}
		p.block, p.name = "event", typ
		p.event = Event{Type: typ, Name: name, Category: p.category, Line: p.line, Extra: Extra{GoName: "Extra",
			Doc: "Other properties, by their names on the wire. The name of a field of this struct is an error."}}
	case "misnomer":
		wrong, rest, ok1 := quotedString(rest)
		right, tail, ok2 := quotedString(rest)
		if !ok1 || !ok2 || tail != "" {
			p.errorf(p.line, `want: misnomer "Wrong" "Right"`)
			return
		}
		p.spec.Misnomers = append(p.spec.Misnomers, Misnomer{Wrong: wrong, Right: right, Line: p.line})
	default:
		p.errorf(p.line, "unknown block %q; want category, enum, group, object, event or misnomer", kind)
	}
}

// declare registers a Go identifier of package events; false means that it is not usable as one.
func (p *parser) declare(name string) bool {
	if !token.IsIdentifier(name) || !token.IsExported(name) {
		return false
	}
	if line, taken := p.types[name]; taken {
		p.errorf(p.line, "%s is already declared at line %d", name, line)
	}
	p.types[name] = p.line
	return true
}

func (p *parser) body(line string) {
	switch {
	case p.block == "":
		p.errorf(p.line, "an indented line outside any block")
	case p.block != "group" && p.doc == "":
		p.doc = line
		if !strings.HasSuffix(line, ".") {
			p.errorf(p.line, "the first line says what it is and ends in a full stop")
		}
	case p.block == "enum":
		p.enumValue(line)
	case p.block == "event" && p.directive(line):
	default:
		p.field(line)
	}
}

func (p *parser) enumValue(line string) {
	goName, rest := cut(line)
	wire, doc, ok := quotedString(rest)
	if !ok || wire == "" || doc == "" || !p.declare(p.enum.Type+goName) {
		p.errorf(p.line, `want: GoName "wire value" Meaning.`)
		return
	}
	p.enum.Values = append(p.enum.Values, EnumValue{GoName: goName, Wire: wire, Doc: doc})
}

// directive reads a line of an event that is not a field.
func (p *parser) directive(line string) bool {
	word, rest := cut(line)
	e := &p.event
	switch word {
	case "schema":
		e.Schema = rest
	case "by":
		if rest != "userId" && rest != "anonymousId" {
			p.errorf(p.line, "want: by userId or by anonymousId")
		}
		e.By = rest
	case "acts":
		e.Acts = true
	case "note":
		e.Notes = append(e.Notes, rest)
	case "extra":
		name, doc := cut(rest)
		if !token.IsExported(name) || doc == "" {
			p.errorf(p.line, "want: extra GoName Meaning.")
		}
		e.Extra = Extra{GoName: name, Doc: doc}
	default:
		return false
	}
	return true
}

// end closes the open block.
func (p *parser) end() {
	if p.block != "" && p.block != "group" && p.doc == "" {
		p.errorf(p.start, "%s %s lacks its first line, which says what it is", p.block, p.name)
	}
	switch p.block {
	case "enum":
		p.enum.Doc = p.doc
		p.spec.Enums = append(p.spec.Enums, p.enum)
	case "group":
		p.groups[p.name] = p.fields
	case "object":
		p.spec.Objects = append(p.spec.Objects, Object{Type: p.name, Doc: p.doc, Fields: p.fields})
	case "event":
		p.event.Doc = p.doc
		for _, f := range p.fields {
			if strings.HasPrefix(f.Path, "context.") {
				p.event.Context = append(p.event.Context, f)
			} else {
				p.event.Properties = append(p.event.Properties, f)
			}
		}
		p.spec.Events = append(p.spec.Events, p.event)
	}
	p.block = ""
}

// resolve checks what can only be known at the end of the file.
func (p *parser) resolve() {
	for _, o := range p.spec.Objects {
		p.checkFields(o.Type, o.Fields)
	}
	schemas := map[string]string{}
	for _, e := range p.spec.Events {
		p.checkFields(e.Type, e.Properties, e.Context, []Field{{GoName: e.Extra.GoName, Type: "object", Path: "-", Line: e.Line}})
		if other, taken := schemas[e.Schema]; e.Schema == "" || taken {
			p.errorf(e.Line, "event %q needs a schema line that no other event has (%q, also of %q)", e.Name, e.Schema, other)
		}
		schemas[e.Schema] = e.Name
	}
	for _, m := range p.spec.Misnomers {
		if _, ok := p.spec.Event(m.Right); !ok {
			p.errorf(m.Line, "there is no event %q", m.Right)
		}
		if _, ok := p.spec.Event(m.Wrong); ok {
			p.errorf(m.Line, "%q is an event, not a misnomer", m.Wrong)
		}
	}
}

func (p *parser) checkFields(owner string, lists ...[]Field) {
	goNames, paths := map[string]bool{}, map[string]bool{}
	for _, fields := range lists {
		for _, f := range fields {
			switch {
			case paths[f.Path]:
				p.errorf(f.Line, "%s has the field %s twice", owner, f.Path)
			case goNames[f.GoName]:
				p.errorf(f.Line, "%s has two fields called %s in Go; rename one with: as GoName", owner, f.GoName)
			}
			goNames[f.GoName], paths[f.Path] = true, true
			_, isEnum := p.spec.Enum(f.Type)
			_, isObject := p.spec.Object(f.Type)
			switch {
			case f.List && !isObject:
				p.errorf(f.Line, "[]%s: only []string and lists of objects are lists; there is no object %s", f.Type, f.Type)
			case !f.List && isObject:
				p.errorf(f.Line, "%s: a single nested object has no Go form; use []%s or object", f.Type, f.Type)
			case !isBasic(f.Type) && !isEnum && !isObject:
				p.errorf(f.Line, "unknown type %s", f.Type)
			}
			if strings.HasPrefix(f.Path, "context.") && f.Type != "string" && !isEnum {
				p.errorf(f.Line, "%s: fields of the context are strings or enums", f.Path)
			}
		}
	}
}
