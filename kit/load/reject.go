package load

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"io"
	"unicode/utf8"

	"github.com/ciokit/cio/kit/source"
)

// Reject is a row, or a message of one, that was not accepted because of what it holds. Its JSON form is one line of a rejects file. A row
// that was refused here stands there once, with its first problem; a row that Customer.io refused messages of, once for each of them.
type Reject struct {
	// Line is the line on which the row begins.
	Line int64 `json:"line"`
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
}

// RuleRefusedByAPI is the rule of messages that Customer.io refused.
const RuleRefusedByAPI = "refused-by-api"

func newReject(line int64, err *valueError) Reject {
	return Reject{Line: line, Column: err.column, Field: err.field, Rule: err.rule, Hint: err.hint}
}

func unreadable(line int64, err *source.RowError) Reject {
	return Reject{Line: line, Rule: err.Rule, Hint: err.Hint}
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

// rejectWriter writes rejects as JSON Lines.
type rejectWriter struct {
	buf *bufio.Writer // nil if they are not wanted
	enc *json.Encoder
}

func newRejectWriter(w io.Writer) *rejectWriter {
	if w == nil {
		return &rejectWriter{}
	}
	buf := bufio.NewWriterSize(w, 64<<10)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	return &rejectWriter{buf, enc}
}

func (w *rejectWriter) write(r Reject, raw []byte) error {
	if w.buf == nil {
		return nil
	}
	return w.enc.Encode(r.withRow(raw))
}

func (w *rejectWriter) flush() error {
	if w.buf == nil {
		return nil
	}
	return w.buf.Flush()
}
