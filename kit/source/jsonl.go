package source

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// jsonFramer cuts JSON Lines into rows.
type jsonFramer struct {
	limit int

	line    int64 // of the first byte not used up
	ordinal int64
	skip    bool // the rest of the line belongs to a row that was over the limit

	slots map[string]int // of the selected columns
}

func (j *jsonFramer) columns(context.Context, *window) ([]Column, error) { return nil, nil }

func (j *jsonFramer) choose(names []string) error {
	j.slots = make(map[string]int, len(names))
	for i, name := range names {
		if _, ok := j.slots[name]; ok {
			return fmt.Errorf("source: column %q is selected twice", name)
		}
		j.slots[name] = i
	}
	return nil
}

func (j *jsonFramer) frame(w *window, b *Batch) {
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
		w.pos += next
		var row Row
		switch object := bytes.Trim(line, " \t\r"); {
		case len(object) == 0:
			j.line++
			continue
		case len(line) > j.limit:
			row = j.row(line[:min(len(line), keptBytes)], tooLong(j.limit))
		default:
			if err := checkObject(object); err != nil {
				row = j.row(line, err)
			} else {
				row = j.row(line, nil)
				row.Cells = b.addCells(len(j.slots))
				j.fill(row.Cells, object)
			}
		}
		j.line++
		b.Rows = append(b.Rows, row)
	}
}

func (j *jsonFramer) row(raw []byte, err *RowError) Row {
	r := Row{Line: j.line, Ordinal: j.ordinal, Raw: raw, Form: ObjectForm, Err: err}
	j.ordinal++
	return r
}

// fill sets the cells that the object has a member for. Of several equal keys the last counts.
func (j *jsonFramer) fill(cells []Cell, object []byte) {
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
		switch {
		case !ok:
		case string(m.value) == "null":
			cells[slot] = Cell{}
		default:
			cells[slot] = Cell{JSON, m.value}
		}
	}
}

// checkObject returns why a line is not a JSON object.
func checkObject(line []byte) *RowError {
	if !json.Valid(line) {
		hint := "the line is not valid JSON"
		var syntax *json.SyntaxError
		if err := json.Unmarshal(line, new(json.RawMessage)); errors.As(err, &syntax) {
			switch {
			case syntax.Offset >= int64(len(line)) && line[0] == '{':
				hint += ": it ends before the object is complete; each object must be on a line of its own"
			case line[0] == '{' && line[len(line)-1] == ',':
				hint += ": there is a comma after the object, as in an array; write one object a line: jq -c '.[]' FILE"
			default:
				hint += fmt.Sprintf(": see byte %d", syntax.Offset)
			}
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
