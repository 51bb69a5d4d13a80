package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// jsonStream reads JSON whose objects may span lines: lists of objects, and objects one after the other, with or without blanks in between. After an
// error nobody can tell where the next object begins, so reading ends there with an error.
type jsonStream struct {
	rows *jsonFramer // makes rows, and counts lines
	path []string    // where the rows are in each object; none if the objects are the rows

	phase   streamPhase
	inner   int  // how many members of path have been entered
	matched bool // the current member is the next of path
	lists   bool // the current list is not within an object
	found   bool // the outermost object has a member at path
	what    scanWhat
	scan    jsonScanner
	seen    int      // bytes of the window that scan has read
	begun   int64    // the line on which the outermost value begins
	name    string   // of the current member
	others  []string // other members of the outermost object that contain a list, for an error
	broken  error
	cr      bool // the previous byte was a CR
}

type streamPhase int

const (
	atTop      streamPhase = iota // between the outermost values
	listFirst                     // after the [ of rows
	listNext                      // after a row in a list
	listValue                     // after a comma in it
	keyFirst                      // after the { of an object that contains the rows
	keyNext                       // after a comma in it
	colonNext                     // after a name
	memberNext                    // before the value of a member
	memberDone                    // after it
)

// scanWhat is the kind of value that is being scanned.
type scanWhat int

const (
	nothing scanWhat = iota
	aRow
	aKey
	aSkip // an unwanted value, or the rest of a row that is too long
)

func (s *jsonStream) frame(w *window, b *Batch) {
	for len(b.Rows) < batchRows && s.broken == nil {
		if s.what != nothing {
			if !s.goOn(w, b) {
				return
			}
			continue
		}
		s.blank(w)
		if len(w.rest()) == 0 {
			return
		}
		s.step(w, w.rest()[0])
	}
}

// blank skips what is between values.
func (s *jsonStream) blank(w *window) {
	data := w.rest()
	n := 0
	for n < len(data) && (isBlank(data[n]) || data[n] == recordSeparator && s.phase == atTop) {
		n++
	}
	s.count(data[:n])
	w.pos += n
}

// recordSeparator is before each value in JSON text sequences (RFC 7464).
const recordSeparator = 0x1e

// count counts the ends of lines: LF, CRLF and CR.
func (s *jsonStream) count(data []byte) {
	if len(data) == 0 {
		return
	}
	if !s.cr && bytes.IndexByte(data, '\r') < 0 {
		s.rows.line += int64(bytes.Count(data, newline))
		return
	}
	for _, c := range data {
		if c == '\r' || c == '\n' && !s.cr {
			s.rows.line++
		}
		s.cr = c == '\r'
	}
}

// step handles the byte after something that is complete.
func (s *jsonStream) step(w *window, c byte) {
	take := func(phase streamPhase) {
		s.count(w.rest()[:1])
		w.pos++
		s.phase = phase
	}
	begin := func(what scanWhat) {
		s.scan.reset()
		s.what, s.seen = what, 0
	}
	switch s.phase {
	case atTop:
		s.begun, s.found, s.inner, s.others = s.rows.line, false, 0, nil
		switch {
		case c == '{' && len(s.path) > 0:
			take(keyFirst)
		case c == '{':
			begin(aRow)
		case c == '[' && len(s.path) > 0:
			s.fail(w, 0, "the input is a list, and --json-path is for an object that contains one; leave the flag out")
		case c == '[':
			s.lists = true
			take(listFirst)
		default:
			s.fail(w, 0, problemOr(w.rest(), 0, "this is not an object"))
		}
	case listFirst, listValue:
		if c == ']' && s.phase == listFirst {
			take(s.behindList())
			return
		}
		if c == ']' {
			s.fail(w, 0, commaBeforeBracket)
			return
		}
		begin(aRow)
	case listNext:
		switch c {
		case ',':
			take(listValue)
		case ']':
			take(s.behindList())
		default:
			s.fail(w, 0, problemOr(w.rest(), 0, "the comma between two values of the list is missing"))
		}
	case keyFirst, keyNext:
		if c == '}' && s.phase == keyFirst {
			take(s.behindObject(w))
			return
		}
		if c == '}' {
			s.fail(w, 0, commaBeforeBracket)
			return
		}
		if c != '"' {
			s.fail(w, 0, problemOr(w.rest(), 0, "the name of a member is missing"))
			return
		}
		begin(aKey)
	case colonNext:
		if c != ':' {
			s.fail(w, 0, "the colon after the name of a member is missing")
			return
		}
		take(memberNext)
	case memberNext:
		s.member(w, c, take, begin)
	case memberDone:
		switch c {
		case ',':
			take(keyNext)
		case '}':
			take(s.behindObject(w))
		default:
			s.fail(w, 0, problemOr(w.rest(), 0, "the comma between two members is missing"))
		}
	}
}

// member handles the beginning of the value of a member of an object that contains the rows.
func (s *jsonStream) member(w *window, c byte, take func(streamPhase), begin func(scanWhat)) {
	last := s.inner+1 == len(s.path)
	switch {
	case !s.matched:
		if c == '[' && s.inner == 0 && len(s.others) < mostOthers && isPlainName(s.name) {
			s.others = append(s.others, s.name)
		}
		begin(aSkip)
	case s.found:
		s.fail(w, 0, fmt.Sprintf("the object that begins on line %d has two members %s", s.begun, showPath(s.path)))
	case last && c == '[':
		s.found, s.lists = true, false
		take(listFirst)
	case last && c == '{':
		s.found = true
		begin(aRow)
	case !last && c == '{':
		s.inner++
		take(keyFirst)
	case c == 'n': // null: there are no rows
		s.found = true
		begin(aSkip)
	default:
		s.fail(w, 0, fmt.Sprintf("the member %q is neither a list nor an object", s.path[s.inner]))
	}
}

// behindList returns the phase after the end of a list of rows.
func (s *jsonStream) behindList() streamPhase {
	if s.lists {
		s.lists = false
		return atTop
	}
	return memberDone
}

// behindObject returns the phase after the end of an object that contains rows.
func (s *jsonStream) behindObject(w *window) streamPhase {
	if s.inner > 0 {
		s.inner--
		return memberDone
	}
	if !s.found {
		s.withoutPath(w)
	}
	return atTop
}

// mostOthers is how many members an error names.
const mostOthers = 5

// isPlainName reports whether the name of a member can be shown: it is a word, and not a key such as an address.
func isPlainName(name string) bool {
	for i, r := range name {
		if r != '_' && (r > unicode.MaxASCII || !unicode.IsLetter(r)) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return name != ""
}

// withoutPath ends the stream because an object has no member at the path.
func (s *jsonStream) withoutPath(w *window) {
	s.count(w.rest()[:0])
	hint := "give the member that contains the rows with --json-path"
	if len(s.others) > 0 {
		hint += "; these contain a list: " + strings.Join(s.others, ", ")
	}
	s.broken = fmt.Errorf("source: line %d: the object that begins on line %d has no member %s; %s", s.rows.line, s.begun, showPath(s.path), hint)
}

// goOn continues the scan. It returns false if more of the input is needed.
func (s *jsonStream) goOn(w *window, b *Batch) bool {
	data := w.rest()
	n, done := s.scan.feed(data[s.seen:])
	n += s.seen
	if !done && !s.scan.failed() && w.err == io.EOF && s.scan.finish() {
		done = true
	}
	limit := s.rows.limit
	switch {
	case s.scan.failed():
		problem := s.scan.problem
		if problem == "" {
			problem = problemAt(data, n)
		}
		s.fail(w, n, problem)
		return true
	case s.what == aSkip:
		s.count(data[:n])
		w.pos += n
		s.seen = 0
	case !done && len(data) > limit && s.what == aKey:
		s.fail(w, 0, "the name of a member is too long")
		return true
	case !done && len(data) > limit, done && n > limit:
		b.Rows = append(b.Rows, s.rows.row(data[:min(n, keptBytes)], tooLong(limit)))
		s.what, s.seen = aSkip, 0
		s.count(data[:n])
		w.pos += n
	case !done:
		s.seen = n
	case s.what == aRow:
		s.rows.value(data[:n:n], b)
		s.count(data[:n])
		w.pos += n
	default:
		s.key(data[:n])
		s.count(data[:n])
		w.pos += n
		s.what = nothing
		return true
	}
	if done {
		s.what = nothing
		s.phase = s.behindValue()
	}
	return done
}

// key handles the name of a member.
func (s *jsonStream) key(quoted []byte) {
	s.name = ""
	s.matched = json.Unmarshal(quoted, &s.name) == nil && s.name == s.path[s.inner]
	s.phase = colonNext
}

// behindValue returns the phase after a value.
func (s *jsonStream) behindValue() streamPhase {
	switch s.phase {
	case listFirst, listValue:
		return listNext
	case memberNext:
		return memberDone
	}
	return atTop
}

// fail ends the stream at a byte of the window.
func (s *jsonStream) fail(w *window, at int, problem string) {
	s.count(w.rest()[:at])
	s.broken = fmt.Errorf("source: line %d: %s; the rest of the input is not read, because it is unknown where the next row begins: fix the file", s.rows.line, problem)
}

// failure returns why the input cannot be read further. It returns it after all earlier rows have been handed out.
func (s *jsonStream) failure(w *window) error {
	if s.broken != nil || w.err != io.EOF {
		return s.broken
	}
	if s.phase == atTop && s.what == nothing {
		return nil
	}
	s.broken = fmt.Errorf("source: line %d: the input ends within the value that began on line %d: the file is cut off; get it again", s.rows.line, s.begun)
	return s.broken
}

// problemOr says what is wrong at a byte, in general words only if nothing more is known.
func problemOr(data []byte, at int, otherwise string) string {
	if p := problemAt(data, at); p != notValid {
		return p
	}
	return otherwise
}
