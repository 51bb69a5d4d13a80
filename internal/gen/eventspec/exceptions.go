package eventspec

import (
	"errors"
	"path"
	"strings"
)

// Kinds of Exception.
const (
	// Ours is a field that events.txt has and the schema has not.
	Ours = "ours"
	// Theirs is a property of the schema that events.txt does not have.
	Theirs = "theirs"
	// Required is a property that only one side requires.
	Required = "required"
	// EnumValueOurs is a value, Path=value, that only events.txt lists.
	EnumValueOurs = "enum"
	// OneOf is a schema whose alternatives all accept the same message, so that exactly one can never hold.
	OneOf = "oneof"
	// NotAnEvent is a schema, or a pattern of schemas, that describes something else.
	NotAnEvent = "schema"
)

// Exception is one place where events.txt and Customer.io's documents differ knowingly.
type Exception struct {
	Kind string
	// Schema is the name of the schema in the documents; for NotAnEvent a pattern as path.Match has it.
	Schema string
	// Path leads to the field as Field.Path does; empty for a whole schema.
	Path   string
	Reason string
	Line   int
}

// Exceptions are the contents of exceptions.txt.
type Exceptions []Exception

// ParseExceptions reads exceptions.txt. The file name is for errors only.
func ParseExceptions(file, text string) (Exceptions, error) {
	var list Exceptions
	var errs []error
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		x := Exception{Line: i + 1}
		x.Kind, line = cut(line)
		x.Schema, x.Reason = cut(line)
		switch x.Kind {
		case Ours, Theirs, Required, EnumValueOurs:
			x.Path, x.Reason = cut(x.Reason)
		case OneOf, NotAnEvent:
		default:
			errs = append(errs, &Error{File: file, Line: i + 1, Msg: "unknown kind " + x.Kind})
			continue
		}
		if _, err := path.Match(x.Schema, ""); err != nil || !strings.HasSuffix(x.Reason, ".") {
			errs = append(errs, &Error{File: file, Line: i + 1, Msg: "want: kind schema [path] Reason."})
			continue
		}
		list = append(list, x)
	}
	return list, errors.Join(errs...)
}

// Find returns the exception of that kind for that schema and path, and its index.
func (x Exceptions) Find(kind, schema, fieldPath string) (int, bool) {
	for i, e := range x {
		if e.Kind != kind || e.Path != fieldPath {
			continue
		}
		if ok, _ := path.Match(e.Schema, schema); ok {
			return i, true
		}
	}
	return 0, false
}
