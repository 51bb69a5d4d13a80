package source

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// path returns the names of the members that lead to the rows.
func (c Config) path() []string {
	p := strings.TrimPrefix(c.JSONPath, "$")
	switch {
	case c.JSONPath == "":
		return nil
	case strings.HasPrefix(p, "/"):
		names := strings.Split(p[1:], "/")
		for i := range names {
			names[i] = strings.ReplaceAll(strings.ReplaceAll(names[i], "~1", "/"), "~0", "~")
		}
		return names
	}
	p = strings.TrimSuffix(strings.TrimSuffix(p, "[]"), "[*]")
	return strings.Split(strings.TrimPrefix(p, "."), ".")
}

// showPath writes a path as --json-path accepts it.
func showPath(names []string) string {
	if !slices.ContainsFunc(names, func(name string) bool { return strings.ContainsAny(name, "./~[]$") || name == "" }) {
		return strings.Join(names, ".")
	}
	var b strings.Builder
	for _, name := range names {
		b.WriteString("/" + strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1"))
	}
	return b.String()
}

// columns decides by the first value how the input is written.
func (j *jsonFramer) columns(ctx context.Context, w *window) ([]Column, error) {
	if len(j.path) > 0 {
		j.stream = &jsonStream{rows: j, path: j.path}
		return nil, nil
	}
	var first firstValue
	err := w.head(ctx, func(data []byte) bool { return first.read(data, j.limit) })
	if err != nil {
		return nil, err
	}
	data := w.rest()
	first.read(data, j.limit)
	value := data[first.at : first.at+first.scanned]
	switch {
	case len(value) == 0 || value[0] != '{' && value[0] != '[':
		return nil, nil
	case first.tooLong:
		if paths := lists(value, nil); len(paths) > 0 {
			return nil, inside(paths, "is one object of more than "+count(j.limit, "byte"))
		}
	case first.done && w.err == io.EOF && len(bytes.Trim(data[first.at+first.scanned:], " \t\r\n")) == 0:
		j.sole.of(value)
	}
	if value[0] == '[' || first.spans(value) {
		j.stream = &jsonStream{rows: j}
	}
	return nil, nil
}

// firstValue reads the first value of an input, as the data arrives.
type firstValue struct {
	at      int // where the value begins
	scanned int // how many of its bytes have arrived
	done    bool
	failed  bool
	tooLong bool
	next    byte // the next byte on its line, 0 for the line end
}

// read reports whether enough of the input has arrived to decide how it is written.
func (f *firstValue) read(data []byte, limit int) bool {
	*f = firstValue{}
	for f.at < len(data) && (isBlank(data[f.at]) || data[f.at] == recordSeparator) {
		f.at++
	}
	rest := data[f.at:]
	if len(rest) == 0 {
		return len(data) > chunkBytes
	}
	if rest[0] == '[' {
		f.scanned = 1
		return true
	}
	var scan jsonScanner
	f.scanned, f.done = scan.feed(rest)
	f.failed = scan.failed()
	if !f.done {
		f.tooLong = !f.failed && len(rest) > limit
		return f.failed || f.tooLong
	}
	behind := bytes.TrimLeft(rest[f.scanned:], " \t")
	if len(behind) == 0 {
		return false
	}
	f.next = behind[0]
	if f.next == '\r' {
		if len(behind) == 1 {
			return false
		}
		if behind[1] == '\n' {
			f.next = '\n'
		}
	}
	// Whether more data follows matters only if this value may contain the rows. Otherwise nobody waits for it.
	return len(bytes.TrimLeft(behind, " \t\r\n")) > 0 || rest[0] != '{' || len(lists(rest[:f.scanned], nil)) == 0
}

// spans reports whether objects are written in another way than JSON Lines: over several lines, or several on a line.
func (f *firstValue) spans(value []byte) bool {
	line, _, several := bytes.Cut(value, newline)
	if bytes.IndexByte(bytes.TrimRight(line, "\r"), '\r') >= 0 {
		several = true
	}
	switch {
	case f.done:
		return several || f.next == '{' || f.next == recordSeparator || f.next == '\r'
	case f.failed:
		return several && len(bytes.Trim(line, " \t\r")) == 1
	}
	return several
}

// soleObject is the only value of an input. It may contain the rows.
type soleObject struct {
	names   []string // of its members
	paths   [][]string
	columns [][]string // of the first row at each of paths
}

func (s *soleObject) of(object []byte) {
	for m := range members(object) {
		s.names = append(s.names, m.name(object))
	}
	s.paths = lists(object, nil)
	for _, path := range s.paths {
		var names []string
		for m := range members(firstAt(object, path)) {
			names = append(names, string(m.key))
		}
		s.columns = append(s.columns, names)
	}
}

// check returns an error if the selected columns are not in the object, but are in rows within it.
func (s *soleObject) check(names []string) error {
	has := func(all []string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(all, n) })
	}
	if len(s.paths) == 0 || has(s.names) {
		return nil
	}
	var paths [][]string
	for i, path := range s.paths {
		if has(s.columns[i]) {
			paths = append(paths, path)
		}
	}
	if len(paths) == 0 {
		return nil
	}
	return inside(paths, "is one object")
}

// inside is the error for an input whose rows are within an object.
func inside(paths [][]string, is string) error {
	var shown []string
	for _, path := range paths {
		shown = append(shown, showPath(path))
	}
	err := &FormatError{Problem: fmt.Sprintf("the input %s, and its rows seem to be in its member %s", is, strings.Join(shown, " or ")), Hint: "use --json-path " + shown[0]}
	if len(shown) == 1 {
		err.Flag, err.Value = "json-path", shown[0]
	}
	return err
}

// lists returns the paths at which an object has lists of objects. data may contain only the beginning of the object.
func lists(object []byte, path []string) (paths [][]string) {
	const deepest = 4
	if len(path) == deepest {
		return nil
	}
	for i := 1; ; {
		i = spaceEnd(object, i)
		if i < len(object) && object[i] == ',' {
			i = spaceEnd(object, i+1)
		}
		var key jsonScanner
		n, done := key.feed(object[min(i, len(object)):])
		if !done || object[i] != '"' {
			return paths
		}
		var name string
		if json.Unmarshal(object[i:i+n], &name) != nil {
			return paths
		}
		i = spaceEnd(object, i+n)
		if i = spaceEnd(object, i+1); i >= len(object) { // past the colon
			return paths
		}
		here := append(slices.Clone(path), name)
		switch object[i] {
		case '[':
			if at := spaceEnd(object, i+1); at < len(object) && object[at] == '{' {
				paths = append(paths, here)
			}
		case '{':
			paths = append(paths, lists(object[i:], here)...)
		}
		var value jsonScanner
		if n, done = value.feed(object[i:]); !done {
			return paths
		}
		i += n
	}
}

func spaceEnd(data []byte, i int) int {
	for i < len(data) && isBlank(data[i]) {
		i++
	}
	return i
}

// firstAt returns the first object of the list at a path, which exists.
func firstAt(object []byte, path []string) []byte {
	for m := range members(object) {
		if m.name(object) != path[0] {
			continue
		}
		if len(path) > 1 {
			return firstAt(m.value, path[1:])
		}
		at := spaceEnd(m.value, 1)
		return m.value[at:bracketsEnd(m.value, at)]
	}
	return []byte("{}")
}

// beginsJSON reports whether text begins like objects of JSON and not like a CSV header: with an object on its line, or with the first object of a
// list.
func beginsJSON(head []byte) bool {
	text := bytes.TrimLeft(head, " \t\r\n")
	if rest, list := bytes.CutPrefix(text, []byte("[")); list {
		text = bytes.TrimLeft(rest, " \t\r\n")
	}
	if len(text) == 0 || text[0] != '{' {
		return false
	}
	named := bytes.TrimLeft(text[1:], " \t\r\n")
	if len(named) == 0 || named[0] != '"' {
		return false
	}
	var scan jsonScanner
	n, done := scan.feed(named)
	behind := bytes.TrimLeft(named[n:], " \t\r\n")
	return done && len(behind) > 0 && behind[0] == ':'
}

// looksForObjects is how many lines, and how many bytes at most, are searched for the beginning of an object or a list.
const (
	looksForObjects = 20
	objectsWithin   = 64 << 10
)

// noObjects returns an error if the input is declared as JSON, but none of its first lines is JSON or begins an object or a list. Otherwise each row
// of a table would be rejected separately. A single line may be a damaged row.
func noObjects(ctx context.Context, w *window, line int64) error {
	begins := func(text []byte) bool {
		text = bytes.TrimLeft(text, " \t\r\n")
		return len(text) > 0 && (bytes.IndexByte([]byte{'{', '[', recordSeparator}, text[0]) >= 0 || json.Valid(text))
	}
	looked := func(head []byte) bool {
		return len(head) >= objectsWithin || bytes.Count(head, []byte("\n")) > looksForObjects
	}
	if err := w.head(ctx, func(head []byte) bool { return begins(head) || looked(head) }); err != nil {
		return err
	}
	texts := 0
	for text := range bytes.Lines(w.rest()[:min(len(w.rest()), objectsWithin)]) {
		if begins(text) {
			return nil
		}
		if len(bytes.TrimSpace(text)) > 0 {
			texts++
		}
		if texts == looksForObjects {
			break
		}
	}
	if texts < 2 {
		return nil
	}
	return &FormatError{Line: line, Problem: "the input is read as JSON, but none of the first lines is JSON", Hint: "if it is a table of text, use --format csv", Flag: "format", Value: string(FormatCSV)}
}
