package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
)

// jsonFramer cuts JSON into rows: JSON Lines by itself, what may span lines by a jsonStream.
type jsonFramer struct {
	limit int
	path  []string // where in each object the rows are; none if the objects are they
	// spans allows values that span lines: it is not set for the lines of a rejects file.
	spans  bool
	stream *jsonStream // nil for JSON Lines
	sole   soleObject

	line    int64 // of the first byte not used up
	ordinal int64
	skip    bool // the rest of the line belongs to a row that was over the limit

	slots map[string]int // of the selected columns
	met   []int64        // for each slot 1 and the ordinal of the row that had it last
}

func (j *jsonFramer) choose(names []string) error {
	j.slots = make(map[string]int, len(names))
	for i, name := range names {
		if _, ok := j.slots[name]; ok {
			return fmt.Errorf("source: column %q is selected twice", name)
		}
		j.slots[name] = i
	}
	return j.sole.check(names)
}

func (j *jsonFramer) frame(w *window, b *Batch) {
	if j.stream != nil {
		j.stream.frame(w, b)
		return
	}
	final := w.err == io.EOF
	for len(b.Rows) < batchRows {
		data := w.rest()
		end := bytes.IndexByte(data, '\n')
		next := end + 1
		switch {
		case j.skip && end < 0:
			w.pos += len(data)
			return
		case j.skip:
			j.skip = false
			j.line++
			w.pos += next
			continue
		case end < 0 && len(data) > j.limit && j.joined(data):
			j.stream = &jsonStream{rows: j}
			j.stream.frame(w, b)
			return
		case end < 0 && len(data) > j.limit:
			j.skip = true
			w.pos += len(data)
			b.Rows = append(b.Rows, j.row(data[:min(len(data), keptBytes)], tooLong(j.limit)))
			continue
		case end < 0 && (!final || len(data) == 0):
			return
		case end < 0:
			next = len(data)
		}
		line := trimEnd(data[:next])
		if len(line) > 0 && line[0] == recordSeparator {
			line = line[1:]
		}
		object := bytes.Trim(line, " \t\r")
		if len(object) == 0 {
			w.pos += next
			j.line++
			continue
		}
		if len(line) <= j.limit && json.Valid(object) && object[0] == '{' {
			b.Rows = append(b.Rows, j.valid(line, object, b))
		} else if !j.odd(w, b, line, object, final) {
			if j.stream != nil {
				j.stream.frame(w, b)
			}
			return
		}
		w.pos += next
		j.line++
	}
}

// odd takes a line that is not one object. It returns false, and has not taken it, if more of the input must tell what it is, or if it is the
// beginning of objects that span lines.
func (j *jsonFramer) odd(w *window, b *Batch, line, object []byte, final bool) bool {
	if len(line) > j.limit {
		b.Rows = append(b.Rows, j.row(line[:min(len(line), keptBytes)], tooLong(j.limit)))
		return true
	}
	var several [][]byte
	if j.spans {
		switch found, unfinished := objectsOf(object); {
		case unfinished:
			begins, more := j.spanning(w, object, final)
			if more {
				return false
			}
			if begins {
				j.stream = &jsonStream{rows: j}
				return false
			}
		default:
			several = found
		}
	}
	if several == nil {
		j.broken(line, b)
	}
	for _, one := range several {
		b.Rows = append(b.Rows, j.valid(one, one, b))
	}
	return true
}

// broken takes a line that is no JSON, or several that end with a CR alone.
func (j *jsonFramer) broken(line []byte, b *Batch) {
	for {
		end := bytes.IndexByte(line, '\r')
		if !j.spans || end < 0 {
			end = len(line)
		}
		one := line[:end]
		switch object := bytes.Trim(one, " \t"); {
		case len(object) == 0:
		case json.Valid(object) && object[0] == '{':
			b.Rows = append(b.Rows, j.valid(one, object, b))
		default:
			b.Rows = append(b.Rows, j.row(one, checkObject(object)))
		}
		if end == len(line) {
			return
		}
		line = line[end+1:]
		j.line++
	}
}

// spanning reports whether the object that begins a line, and does not end on it, goes on behind it: it is complete there, or it begins as only
// such objects do. It cannot be told without more of the input if more is set.
func (j *jsonFramer) spanning(w *window, object []byte, final bool) (begins, more bool) {
	if len(object) == 1 { // a bracket alone
		return true, false
	}
	data := w.rest()
	data = data[:min(len(data), j.limit)]
	at := bytes.IndexByte(data, '{')
	for at < len(data) {
		var scan jsonScanner
		n, done := scan.feed(data[at:])
		if scan.failed() {
			return false, false
		}
		if at += n; !done {
			break
		}
		for at < len(data) && (isBlank(data[at]) && data[at] != '\n' || data[at] == recordSeparator) {
			at++
		}
		if at < len(data) && data[at] != '{' {
			return data[at] == '\n', false
		}
		if at == len(data) && final {
			return true, false
		}
	}
	return false, !final && len(data) < j.limit
}

// joined reports whether a line over the limit is objects one behind the other.
func (j *jsonFramer) joined(data []byte) bool {
	at := spaceEnd(data, 0)
	if !j.spans || at == len(data) || data[at] != '{' {
		return false
	}
	var scan jsonScanner
	n, done := scan.feed(data[at:])
	at = spaceEnd(data, at+n)
	return done && at < len(data) && data[at] == '{'
}

// objectsOf returns the objects that stand one behind the other, nil if there is anything else. unfinished says that the last of them does not end.
func objectsOf(line []byte) (objects [][]byte, unfinished bool) {
	for len(line) > 0 {
		if line[0] != '{' {
			return nil, false
		}
		var scan jsonScanner
		n, done := scan.feed(line)
		if !done {
			return nil, !scan.failed()
		}
		objects = append(objects, line[:n:n])
		line = bytes.TrimLeft(line[n:], " \t\r\x1e")
	}
	return objects, false
}

// valid makes a row of a valid object, which is all of raw but for what is blank.
func (j *jsonFramer) valid(raw, object []byte, b *Batch) Row {
	row := j.row(raw, nil)
	row.Cells = b.addCells(len(j.slots))
	if row.Err = j.fill(row.Cells, object, row.Ordinal); row.Err != nil {
		row.Cells = nil
	}
	return row
}

// object makes a row of a valid value, which may be no object.
func (j *jsonFramer) object(value []byte, b *Batch) Row {
	if value[0] == '{' {
		return j.valid(value, value, b)
	}
	return j.row(value, &RowError{RuleNotObject, "the value in the list is JSON, but not an object; a row is an object with a member for each column"})
}

func (j *jsonFramer) failure(w *window) error {
	if j.stream == nil {
		return nil
	}
	return j.stream.failure(w)
}

func (j *jsonFramer) row(raw []byte, err *RowError) Row {
	r := Row{Line: j.line, Ordinal: j.ordinal, Raw: raw, Form: ObjectForm, Err: err}
	j.ordinal++
	return r
}

// fill sets the cells that the object has a member for. Two members of one name that say different things are an error.
func (j *jsonFramer) fill(cells []Cell, object []byte, ordinal int64) *RowError {
	if len(j.met) < len(cells) {
		j.met = make([]int64, len(cells))
	}
	for m := range members(object) {
		slot, ok := -1, false
		if bytes.IndexByte(m.key, '\\') < 0 {
			slot, ok = j.slots[string(m.key)]
		} else {
			var key string
			if json.Unmarshal(object[m.at:m.at+len(m.key)+2], &key) == nil {
				slot, ok = j.slots[key]
			}
		}
		if !ok {
			continue
		}
		cell := Cell{JSON, m.value}
		if string(m.value) == "null" {
			cell = Cell{}
		}
		if j.met[slot] == ordinal+1 && (cell.Kind != cells[slot].Kind || !bytes.Equal(cell.Bytes, cells[slot].Bytes)) {
			return &RowError{RuleTwice, "the object has two members of one name, with different values, and the mapping reads it; rename one of them where the file is made"}
		}
		j.met[slot], cells[slot] = ordinal+1, cell
	}
	return nil
}

// checkObject returns why a line is not a JSON object.
func checkObject(line []byte) *RowError {
	if !json.Valid(line) {
		hint := "the line is not valid JSON: "
		var syntax *json.SyntaxError
		switch err := json.Unmarshal(line, new(json.RawMessage)); {
		case errors.As(err, &syntax) && syntax.Offset >= int64(len(line)) && line[0] == '{' && syntax.Error() == "unexpected end of JSON input":
			hint += "it ends before the object is complete"
		case line[0] == '{' && line[len(line)-1] == ',' && json.Valid(line[:len(line)-1]):
			hint += "there is a comma after the object, as in an array without its brackets; write one object a line: jq -c '.[]' FILE"
		default:
			hint += strings.TrimPrefix(WhyNotJSON(line), notValid+": ")
		}
		return &RowError{RuleNotJSON, hint}
	}
	switch line[0] {
	case '{':
		return nil
	case '[':
		return &RowError{RuleNotObject, "the line is a JSON array; write one object a line: jq -c '.[]' FILE"}
	}
	return &RowError{RuleNotObject, "the line is JSON, but not an object; write one object a line"}
}

// member is one member of an object: its key as it stands there, without quotes, where its opening quote is, and its value.
type member struct {
	at         int
	key, value []byte
}

// Members walks the members of a row of JSON Lines, in their order: keys with their quotes, as they stand there, and values. Raw is a
// Row's, whose Err is nil.
func Members(raw []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		object := bytes.Trim(raw, " \t\r")
		for m := range members(object) {
			if !yield(object[m.at:m.at+len(m.key)+2], m.value) {
				return
			}
		}
	}
}

// members walks the members of an object that is known to be valid JSON.
func members(object []byte) func(yield func(member) bool) {
	return func(yield func(member) bool) {
		for i := skipSpace(object, 1); object[i] != '}'; {
			m := member{at: i}
			end := stringEnd(object, i)
			m.key = object[i+1 : end-1]
			i = skipSpace(object, skipSpace(object, end)+1) // over the colon
			end = valueEnd(object, i)
			m.value = object[i:end:end]
			if !yield(m) {
				return
			}
			if i = skipSpace(object, end); object[i] == ',' {
				i = skipSpace(object, i+1)
			}
		}
	}
}

func skipSpace(data []byte, i int) int {
	for data[i] == ' ' || data[i] == '\t' || data[i] == '\r' || data[i] == '\n' {
		i++
	}
	return i
}

// stringEnd returns where the string that begins at i ends, past its closing quote.
func stringEnd(data []byte, i int) int {
	for i++; ; i++ {
		switch data[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
}

// valueEnd returns where the value that begins at i ends.
func valueEnd(data []byte, i int) int {
	switch data[i] {
	case '"':
		return stringEnd(data, i)
	case '{', '[':
		for depth := 0; ; {
			switch data[i] {
			case '"':
				i = stringEnd(data, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
	}
	for i++; i < len(data) && bytes.IndexByte([]byte(",}] \t\r\n"), data[i]) < 0; i++ {
	}
	return i
}
