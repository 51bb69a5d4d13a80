package wire

import "errors"

// Rules that a value can break. Their texts are part of package cio's errors.
const (
	NotANumber     = "not-a-number"
	YearOutOfRange = "year-out-of-range"
	TooDeep        = "nested-too-deep"
	NotEncodable   = "not-encodable"
	NotJSON        = "not-json"
	NotObject      = "not-a-json-object"
	NotUTF8        = "invalid-utf-8"
)

// Error is a value that has no JSON form.
type Error struct {
	// Path leads from the value given to the one at fault, such as address.zip or items[3]; empty for the value itself.
	Path string
	// Rule is one of the constants of this package.
	Rule string
	// Err is the cause, if there is one.
	Err error
}

func (e *Error) Error() string {
	s := e.Rule
	if e.Path != "" {
		s = e.Path + ": " + s
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// At returns err with the member name or [index] segment put before its path. Errors of other types are wrapped as NotEncodable.
func At(err error, segment string) error {
	var w *Error
	if !errors.As(err, &w) {
		return &Error{Path: segment, Rule: NotEncodable, Err: err}
	}
	if w.Path = join(segment, w.Path); len(w.Path) > maxPath {
		w.Path = w.Path[:maxPath]
	}
	return w
}

// maxPath limits a path: its beginning is enough to find the place, and a map that contains itself has a long one.
const maxPath = 100

func join(parent, child string) string {
	switch {
	case parent == "":
		return child
	case child == "" || child[0] == '[':
		return parent + child
	}
	return parent + "." + child
}
