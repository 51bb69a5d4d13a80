package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// jsonFramer cuts JSON into rows. It reads JSON Lines itself, and uses a jsonStream for values that may span lines.
type jsonFramer struct {
	limit int
	path  []string // where the rows are in each object; none if the objects are the rows
	// spans allows values that span lines: it is not set for the lines of a rejects file.
	spans  bool
	stream *jsonStream // nil for JSON Lines
	sole   soleObject

	line    int64 // of the first unused byte
	ordinal int64
	skip    bool // the rest of the line belongs to a row over the limit

	cells objectCells
}

func (j *jsonFramer) choose(names []string) error {
	if err := j.cells.choose(names); err != nil {
		return err
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
		if (len(line) > j.limit || !j.take(line, object, b)) && !j.odd(w, b, line, object, final) {
			if j.stream != nil {
				j.stream.frame(w, b)
			}
			return
		}
		w.pos += next
		j.line++
	}
}

// odd handles a line that is not one object. It returns false, and leaves the line, if more of the input must decide what it is, or if it is the
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
		j.value(one, b)
	}
	return true
}

// broken handles a line that is not JSON, or several lines that end with a single CR.
func (j *jsonFramer) broken(line []byte, b *Batch) {
	for {
		end := bytes.IndexByte(line, '\r')
		if !j.spans || end < 0 {
			end = len(line)
		}
		one := line[:end]
		switch object := bytes.Trim(one, " \t"); {
		case len(object) == 0:
		case j.take(one, object, b):
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

// spanning reports whether the object that begins on a line continues on the next one: it is complete there, or only such objects begin like that.
// more is set if more of the input is needed to decide.
func (j *jsonFramer) spanning(w *window, object []byte, final bool) (begins, more bool) {
	if len(object) == 1 { // a single bracket
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

// joined reports whether a line over the limit consists of several objects.
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

// objectsOf returns the objects that follow each other on a line, nil if there is anything else. unfinished says that the last one does not end.
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

// take makes a row of an object, which is all of raw without the blanks. It returns false, and adds no row, if it is not a JSON object.
func (j *jsonFramer) take(raw, object []byte, b *Batch) bool {
	if object[0] != '{' {
		return false
	}
	cells := b.addCells(len(j.cells.names))
	bad, whole := j.cells.fill(cells, object)
	if !whole || bad != nil {
		b.dropCells(cells)
		cells = nil
	}
	if whole {
		b.Rows = append(b.Rows, j.row(raw, bad))
		b.Rows[len(b.Rows)-1].Cells = cells
	}
	return whole
}

// value makes a row of a valid value, which may not be an object.
func (j *jsonFramer) value(value []byte, b *Batch) {
	if !j.take(value, value, b) {
		b.Rows = append(b.Rows, j.row(value, &RowError{RuleNotObject, "the value in the list is JSON, but not an object; a row is an object with a member for each column"}))
	}
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
