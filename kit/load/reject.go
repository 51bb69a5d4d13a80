package load

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"hash/crc32"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// Reject is a row, or a message of a row, that was not accepted because of its contents. Its JSON form is one line of a rejects file. If a row was
// rejected here, it has one Reject, with its first problem. If Customer.io rejected messages of a row, it has one for each of these messages.
// source.Open reads rejects files: after you fix the rows, load the file again.
type Reject struct {
	// File is the file of the row, if the input has several files. Line is the line on which the row begins. A row that was read from a rejects file
	// keeps the file and line that it had first.
	File string `json:"file,omitempty"`
	Line int64  `json:"line"`
	// Column is the bad column, empty if no column is at fault.
	Column string `json:"column,omitempty"`
	// Field is the field that the column would have become, with its name on the wire; messages[1].userId if the mapping has several messages.
	Field string `json:"field,omitempty"`
	// Rule is the rule that the row breaks, as a short name that can be compared and counted; refused-by-api if Customer.io rejected a message.
	Rule string `json:"rule"`
	// Hint says what is wrong and what to do; if Customer.io rejected a message, what the API answered. It is never empty.
	Hint string `json:"hint"`
	// Row is the row exactly as it is in the input. If it is not UTF-8, it is in RowBase64 instead, in standard base64.
	Row       string `json:"row,omitempty"`
	RowBase64 string `json:"row_base64,omitempty"`
	// Kept is what is needed to load the row again; nil if there is no Row.
	Kept *source.Kept `json:"ciokit,omitempty"`

	unreadable bool
	value      *string // a pointer, so that nothing that prints a Reject prints it
}

// The rules of rows that are rejected for a reason other than their contents.
const (
	// RuleRefusedByAPI is the rule of messages that Customer.io rejected.
	RuleRefusedByAPI = "refused-by-api"
	// RuleDecimalComma is the rule of rows of a rejects file whose load had another Job.DecimalComma than this one.
	RuleDecimalComma = "decimal-comma"
)

// Value returns the value of the bad Column, or its beginning; false if it is not known. It is personal data, for the person who runs the load.
// Nothing that this package writes contains it.
func (r Reject) Value() (string, bool) {
	if r.value == nil {
		return "", false
	}
	return *r.value, true
}

// because records the value of the bad cell.
func (r Reject) because(c *mapping.Causes) {
	if text, ok := r.Value(); ok {
		c.Add(r.Rule, r.Column, text)
	}
}

func newReject(line int64, err *mapping.ValueError) Reject {
	return Reject{Line: line, Column: err.Column, Field: err.Field, Rule: err.Rule, Hint: err.Hint, value: err.Value}
}

func unreadable(line int64, err *source.RowError) Reject {
	return Reject{Line: line, Rule: err.Rule, Hint: err.Hint, unreadable: true}
}

// of returns the reject with the file of its row.
func (r Reject) of(file string) Reject {
	r.File = file
	return r
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
	to      summingWriter // counts what goes into buf
	enc     *json.Encoder // nil for CSV
	written int64         // bytes, some of which may be in buf
	sum     uint32        // of those
	synced  int64

	comma  bool // numbers are read with a comma
	rowIDs bool // rows have several messages, and some ids are made from the row's bytes

	header    []string // of CSV
	delimiter byte
}

func newRejectWriter(w io.Writer) *rejectWriter {
	if w == nil {
		return &rejectWriter{}
	}
	rw := &rejectWriter{out: w}
	rw.buf = bufio.NewWriterSize(w, 64<<10)
	rw.to = summingWriter{rw}
	rw.enc = json.NewEncoder(rw.to)
	rw.enc.SetEscapeHTML(false)
	return rw
}

// summingWriter counts and sums what goes into a rejectWriter's buffer.
type summingWriter struct{ *rejectWriter }

func (w summingWriter) Write(p []byte) (int, error) {
	n, err := w.buf.Write(p)
	w.written += int64(n)
	w.sum = crc32.Update(w.sum, sums, p[:n])
	return n, err
}

// asCSV makes the writer write CSV, as a Source of CSV reads it.
func (w *rejectWriter) asCSV(columns []source.Column, delimiter byte) {
	w.enc, w.delimiter = nil, delimiter
	for _, c := range columns {
		w.header = append(w.header, c.Name)
	}
}

// write writes a reject of a row. another says that it is not the first one of the same row; CSV has each row only once.
func (w *rejectWriter) write(r Reject, row *chunkRow, raw []byte, another bool) error {
	switch {
	case w.buf == nil:
		return nil
	case w.enc != nil:
		r = r.withRow(raw)
		r.Kept = w.kept(&r, row, raw)
		return w.enc.Encode(r)
	case another:
		return nil
	}
	kept := w.kept(&r, row, raw)
	var line []byte
	if w.written == 0 {
		for _, name := range append(w.header, source.RejectColumns...) {
			line = append(w.appendField(line, name), w.delimiter)
		}
		line[len(line)-1] = '\n'
	}
	apart := "" // in a column of its own
	if kept.Torn || kept.Quote != "" || kept.Format != source.FormatCSV || kept.Delimiter != string(w.delimiter) || !slices.Equal(kept.Columns, w.header) {
		apart = string(raw)
		line = append(line, bytes.Repeat([]byte{w.delimiter}, len(w.header)-1)...)
	} else {
		line, kept.Form = append(line, raw...), source.Form{} // the header has the form
	}
	text, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	for _, field := range []string{r.String(), strconv.FormatInt(r.Line, 10), apart, r.File, string(text)} {
		line = append(line, w.delimiter)
		if field != "" {
			line = w.appendField(line, field)
		}
	}
	_, err = w.to.Write(append(line, '\n'))
	return err
}

// kept returns what is needed to load the row again.
func (w *rejectWriter) kept(r *Reject, row *chunkRow, raw []byte) *source.Kept {
	k := &source.Kept{Version: source.KeptVersion, Form: *source.ObjectForm}
	if r.File == mirrorFile {
		k.Format = source.FormatNoRow
		return k
	}
	k.Ordinal, k.Sum, k.Torn, k.DecimalComma = row.ordinal, source.RowSum(raw), r.unreadable, w.comma
	if row.form != nil {
		k.Form = *row.form
	}
	if row.kept != nil {
		k.DecimalComma, k.Sent = row.kept.DecimalComma, row.kept.Sent
	}
	if k.Sent == nil && row.reject == nil && w.rowIDs {
		k.Sent = raw
	}
	return k
}

// appendField appends a field of CSV, quoted if necessary.
func (w *rejectWriter) appendField(dst []byte, s string) []byte {
	if s != "" && !strings.ContainsAny(s, "\"\r\n"+string(w.delimiter)) {
		return append(dst, s...)
	}
	return append(append(append(dst, '"'), strings.ReplaceAll(s, `"`, `""`)...), '"')
}

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

// unsynced returns what must be synced to write flushed data to disk; nil if it is on disk, or if it does not go to a file.
func (w *rejectWriter) unsynced() syncer {
	out, ok := w.out.(syncer)
	if !ok || w.synced == w.written {
		return nil
	}
	w.synced = w.written
	return out
}

// checkRejects refuses a rejects file if the input must be the whole table: people who are not in it would seem to have left, and a snapshot of it
// would not have them.
func (j *Job) checkRejects() error {
	if !j.Source.Info().Rejects || j.Changes.Snapshot == "" && j.Changes.Mirror == "" {
		return nil
	}
	return &source.FormatError{Problem: "the input is a rejects file, which is not the whole table: with a snapshot, everybody else would seem to have left",
		Hint: "load it without --snapshot and --mode mirror"}
}
