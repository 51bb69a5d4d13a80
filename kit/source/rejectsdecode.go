package source

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// decode reads a row of the rejects file.
func (f *rejectsFramer) decode(line *Row) *rejected {
	var r *rejected
	err := line.Err
	switch {
	case err != nil:
	case f.table != nil:
		r, err = f.decodeCells(line)
	default:
		r, err = decodeLine(line.Raw)
	}
	if err != nil {
		form := Form{Format: formatRejectsLine}
		if f.table != nil {
			form = Form{Format: FormatCSV, Delimiter: f.form.Delimiter, Columns: slices.Concat(f.form.Columns, RejectColumns)}
		}
		if err.Rule != RuleNotReject && err.Rule != RuleMendedTwice && err.Rule != RuleRowTooLong {
			err = notReject("%s: %s", err.Rule, err.Hint)
		}
		r = &rejected{row: bytes.Clone(line.Raw), kept: &Kept{Version: KeptVersion, Ordinal: newRow + line.Line, Form: form}, err: err}
	}
	if r.line == 0 && r.file == "" {
		r.file, r.line = FileOfRejects, line.Line
	}
	if r.kept.Version == 0 {
		r.kept.Version, r.kept.Ordinal = KeptVersion, newRow+line.Line
	}
	return r
}

func notReject(format string, args ...any) *RowError {
	return &RowError{RuleNotReject, "this line of the rejects file cannot be loaded: " + fmt.Sprintf(format, args...)}
}

// decodeLine reads a line of a rejects file in JSON Lines.
func decodeLine(line []byte) (*rejected, *RowError) {
	var text struct {
		File      string  `json:"file"`
		Line      int64   `json:"line"`
		Rule      string  `json:"rule"`
		Hint      string  `json:"hint"`
		Row       *string `json:"row"`
		RowBase64 *string `json:"row_base64"`
		Kept      *Kept   `json:"ciokit"`
	}
	if err := json.Unmarshal(line, &text); err != nil {
		return nil, notReject("it is not JSON, or the type of a member was changed")
	}
	r := &rejected{file: text.File, line: text.Line, rule: text.Rule, hint: text.Hint, kept: text.Kept}
	switch {
	case text.Kept == nil:
		return nil, notReject("it has no member ciokit, which says how the row is written; restore it")
	case text.Kept.Version != KeptVersion:
		return nil, notReject("it is of version %d of rejects files, and this program reads version %d", text.Kept.Version, KeptVersion)
	case text.Row != nil && text.RowBase64 != nil:
		return nil, &RowError{RuleMendedTwice, "the line has both row and row_base64; delete the wrong one"}
	case text.Row != nil:
		r.row = []byte(*text.Row)
	case text.RowBase64 != nil:
		var err error
		if r.row, err = base64.StdEncoding.DecodeString(*text.RowBase64); err != nil {
			return nil, notReject("row_base64 is not base64")
		}
	default:
		return nil, notReject("it has no row")
	}
	return r, nil
}

// decodeCells reads a row of a rejects file in CSV.
func (f *rejectsFramer) decodeCells(line *Row) (*rejected, *RowError) {
	n := len(line.Cells) - len(RejectColumns)
	own := func(i int) string { return string(line.Cells[n+i].Bytes) }
	r := &rejected{file: own(fileCell), kept: new(Kept)}
	r.rule, r.hint, _ = strings.Cut(own(errorCell), ": ")
	if s := own(lineCell); s != "" {
		var err error
		if r.line, err = strconv.ParseInt(s, 10, 64); err != nil || r.line < 0 {
			return nil, notReject("%s is not a line number; restore it, or empty it", RejectColumns[lineCell])
		}
	}
	if s := own(keptCell); s != "" {
		if json.Unmarshal([]byte(s), r.kept) != nil || r.kept.Version != KeptVersion {
			return nil, notReject("%s was changed; restore it, or empty it for a new row", RejectColumns[keptCell])
		}
	}
	form := Form{Format: FormatCSV, Delimiter: string(f.table.delimiter), Columns: namesOf(f.table.header[:n])}
	if row := line.Cells[n+rowCell].Bytes; len(row) > 0 {
		for _, c := range line.Cells[:n] {
			if c.Kind != KindAbsent {
				return nil, &RowError{RuleMendedTwice, fmt.Sprintf("the row is in %s and also in the columns; empty %[1]s if the columns are right, or empty the columns if %[1]s is right", RejectColumns[rowCell])}
			}
		}
		r.row = bytes.Clone(row)
		if r.kept.Format == "" {
			r.kept.Form = form
		}
		return r, nil
	}
	r.row = bytes.Clone(firstFields(line.Raw, f.table.delimiter, n))
	r.kept.Form = form
	return r, nil
}

// firstFields returns the part of a row of CSV that contains its first n fields.
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
