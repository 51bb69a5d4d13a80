package load

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ciokit/cio/kit/source"
)

// Reject is a row, or a message of one, that was not accepted because of what it holds. Its JSON form is one line of a rejects file. A row
// that was refused here stands there once, with its first problem; a row that Customer.io refused messages of, once for each of them.
type Reject struct {
	// File is the file that the row comes from, where the input has several. Line is the line on which the row begins.
	File string `json:"file,omitempty"`
	Line int64  `json:"line"`
	// Column is the column at fault, empty if it is not one.
	Column string `json:"column,omitempty"`
	// Field is the field that it would have become, as named on the wire; messages[1].userId where the mapping has several messages.
	Field string `json:"field,omitempty"`
	// Rule is what the row breaks, as a short name that can be compared and counted; for what Customer.io refused, refused-by-api.
	Rule string `json:"rule"`
	// Hint says what is wrong and what to do; for what Customer.io refused, what it said. It is never empty.
	Hint string `json:"hint"`
	// Row is the row as it stands in the input. If that is not UTF-8 it is in RowBase64 instead, in standard base64.
	Row       string `json:"row,omitempty"`
	RowBase64 string `json:"row_base64,omitempty"`

	unreadable bool
}

// RuleRefusedByAPI is the rule of messages that Customer.io refused.
const RuleRefusedByAPI = "refused-by-api"

func newReject(line int64, err *valueError) Reject {
	return Reject{Line: line, Column: err.column, Field: err.field, Rule: err.rule, Hint: err.hint}
}

func unreadable(line int64, err *source.RowError) Reject {
	return Reject{Line: line, Rule: err.Rule, Hint: err.Hint, unreadable: true}
}

// withRow returns the reject with the row's bytes.
func (r Reject) withRow(raw []byte) Reject {
	if utf8.Valid(raw) {
		r.Row = string(raw)
	} else {
		r.RowBase64 = base64.StdEncoding.EncodeToString(raw)
	}
	return r
}

// rejectWriter writes rejects as JSON Lines, or as CSV.
type rejectWriter struct {
	out     io.Writer
	buf     *bufio.Writer // nil if they are not wanted
	to      io.Writer     // counts what goes into buf
	enc     *json.Encoder // nil for CSV
	written int64         // bytes, some of which may be in buf
	synced  int64

	header    []string // of CSV
	mended    bool     // the input has the columns that rejects have beside its own
	delimiter byte
	last      string // the file and line of the row that was written last
}

func newRejectWriter(w io.Writer) *rejectWriter {
	if w == nil {
		return &rejectWriter{}
	}
	rw := &rejectWriter{out: w}
	rw.buf = bufio.NewWriterSize(w, 64<<10)
	rw.to = countingWriter{rw.buf, &rw.written}
	rw.enc = json.NewEncoder(rw.to)
	rw.enc.SetEscapeHTML(false)
	return rw
}

// asCSV has CSV written, in the manner of a Source of CSV.
func (w *rejectWriter) asCSV(columns []source.Column, delimiter byte) {
	w.enc, w.delimiter = nil, delimiter
	if w.mended = areRejects(columns); w.mended {
		columns = columns[:len(columns)-2]
	}
	for _, c := range columns {
		w.header = append(w.header, c.Name)
	}
}

// The columns that a CSV of rejects has behind those of the input.
const (
	errorColumn = "_error"
	lineColumn  = "_line"
)

// areRejects reports whether the columns are those of a CSV of rejects.
func areRejects(columns []source.Column) bool {
	n := len(columns)
	return n > 2 && columns[n-2].Name == errorColumn && columns[n-1].Name == lineColumn
}

// firstFields returns the part of a row of CSV that holds its first n fields.
func firstFields(row []byte, delimiter byte, n int) []byte {
	quoted := false
	for i, c := range row {
		switch {
		case c == '"':
			quoted = !quoted
		case c == delimiter && !quoted:
			if n--; n == 0 {
				return row[:i]
			}
		}
	}
	return row
}

func (w *rejectWriter) write(r Reject, raw []byte) error {
	switch {
	case w.buf == nil:
		return nil
	case w.enc != nil:
		return w.enc.Encode(r.withRow(raw))
	case w.last == r.place() && r.File != mirrorFile:
		return nil // another message of the same row
	}
	w.last = r.place()
	var line []byte
	if w.written == 0 {
		for _, name := range w.header {
			line = append(w.appendField(line, name), w.delimiter)
		}
		line = append(append(append(line, errorColumn...), w.delimiter), lineColumn+"\n"...)
	}
	if r.unreadable || r.File == mirrorFile {
		line = append(w.appendField(line, string(raw)), strings.Repeat(string(w.delimiter), len(w.header)-1)...)
	} else {
		if w.mended {
			raw = firstFields(raw, w.delimiter, len(w.header))
		}
		line = append(line, raw...)
	}
	line = w.appendField(append(line, w.delimiter), r.String())
	line = append(strconv.AppendInt(append(line, w.delimiter), r.Line, 10), '\n')
	_, err := w.to.Write(line)
	return err
}

// appendField appends a field of CSV, quoted where it must be.
func (w *rejectWriter) appendField(dst []byte, s string) []byte {
	if s != "" && !strings.ContainsAny(s, "\"\r\n"+string(w.delimiter)) {
		return append(dst, s...)
	}
	return append(append(append(dst, '"'), strings.ReplaceAll(s, `"`, `""`)...), '"')
}

// place tells the row from others.
func (r Reject) place() string { return r.File + ":" + strconv.FormatInt(r.Line, 10) }

// String says what is wrong in one line, without the row and its line number.
func (r Reject) String() string {
	s := r.Rule + ": " + r.Hint
	if r.Column != "" {
		return "column " + r.Column + ": " + s
	}
	return s
}

func (w *rejectWriter) flush() error {
	if w.buf == nil {
		return nil
	}
	return w.buf.Flush()
}

// unsynced returns what must be synced to bring what was flushed to disk; nil if it is there, or does not go to a file.
func (w *rejectWriter) unsynced() syncer {
	out, ok := w.out.(syncer)
	if !ok || w.synced == w.written {
		return nil
	}
	w.synced = w.written
	return out
}
