package source

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Form says how the bytes of a row are written, so that they can be read without the rest of their input.
type Form struct {
	// Format is CSV, or JSONLines for a JSON object.
	Format Format `json:"format,omitempty"`
	// Delimiter separates the fields of CSV. Columns are the names of its columns.
	Delimiter string   `json:"delimiter,omitempty"`
	Columns   []string `json:"columns,omitempty"`
	// Quote and Escape are those of the Dialect, with none for None. Both are empty if a quoted field doubles its double quotes.
	Quote  string `json:"quote,omitempty"`
	Escape string `json:"escape,omitempty"`
}

// odd returns the dialect of the rows, nil for the plain one.
func (f *Form) odd() (*Dialect, error) {
	if f.Quote == "" {
		return nil, nil
	}
	quote, err := charOf(f.Quote)
	if err != nil {
		return nil, err
	}
	escape, err := charOf(f.Escape)
	return &Dialect{Delimiter: f.Delimiter[0], Quote: quote, Escape: escape, LineEnd: LineEndLF}, err
}

// ObjectForm is the form of rows that are JSON objects.
var ObjectForm = &Form{Format: FormatJSONLines}

// Formats that only rows of rejects files have.
const (
	// FormatNoRow is for a line of a rejects file that is not a row of an input. It cannot be loaded.
	FormatNoRow Format = "none"
	// formatRejectsLine is a line of a rejects file that could not be read.
	formatRejectsLine Format = "rejects"
)

// Kept is what a rejects file keeps together with a row, so that the row can be loaded again.
type Kept struct {
	// Version is the version of the format, KeptVersion.
	Version int `json:"rejects"`
	// Ordinal is the row's place in the input that it was first read from.
	Ordinal int64 `json:"ordinal"`
	// Sum is RowSum of the row. It shows whether the row was fixed.
	Sum string `json:"sum,omitempty"`
	// Form says how the row is written.
	Form
	// Torn says that the row could not be read. If it is unchanged, it is rejected for the same reason.
	Torn bool `json:"torn,omitempty"`
	// DecimalComma is set if its numbers were read with a comma.
	DecimalComma bool `json:"decimal_comma,omitempty"`
	// Sent is the row when its first messages were sent; nil if that does not matter. Message ids are made from it, so that messages that were
	// accepted then keep their ids.
	Sent []byte `json:"sent,omitempty"`
}

// KeptVersion is the version of rejects files that this package reads.
const KeptVersion = 1

// RowSum returns a checksum of a row.
func RowSum(row []byte) string {
	sum := sha256.Sum256(row)
	return hex.EncodeToString(sum[:8])
}

// RejectColumns are the columns that a rejects file in CSV has after those of the input: why the row was rejected, its line, the row itself if it
// does not fit the columns of the input, its file, and a Kept.
var RejectColumns = []string{"_error", "_line", "_row", "_file", "_ciokit"}

// The indexes in RejectColumns.
const (
	errorCell = iota
	lineCell
	rowCell
	fileCell
	keptCell
)

// The rules for errors in a rejects file itself.
const (
	RuleNotReject   = "not-a-reject" // a line of a rejects file that is no longer one of its rows
	RuleMendedTwice = "mended-twice" // a row that is in a rejects file twice and was fixed in two different ways
)

// FileOfRejects is the file of rows that come from no other file than the rejects file.
const FileOfRejects = "(rejects)"

// newRow is the first ordinal of rows that were added to a rejects file by hand. No input has as many rows.
const newRow = 1 << 62

// rejectsFramer reads a rejects file. It hands out the rejected rows with their original file, line and ordinal, as if they had been fixed in their
// input.
type rejectsFramer struct {
	lines *jsonFramer // of a file in JSON Lines
	table *csvFramer  // of a file in CSV
	form  Form        // of the rows in the columns of a table, or of the first row
	limit int         // of a row

	header  []Column
	chosen  []string
	objects objectCells // for rows of JSON
	parsers map[string]*csvFramer

	held    *rejected // other rejections of the same row may follow
	scratch Batch
}

// rejected is a row of a rejects file.
type rejected struct {
	file       string
	line       int64
	rule, hint string
	row        []byte
	kept       *Kept
	err        *RowError // why it cannot be loaded unchanged
}

// mended reports whether the row was changed.
func (r *rejected) mended() bool { return RowSum(r.row) != r.kept.Sum }

// of reports whether both are about the same row.
func (r *rejected) of(other *rejected) bool {
	return r.line > 0 && r.kept.Sum != "" && r.file == other.file && r.line == other.line && r.kept.Ordinal == other.kept.Ordinal && r.kept.Sum == other.kept.Sum
}

// firstRecord returns the first line of a file, or the first record if it is CSV with line ends in its header. whole says that it is complete.
func firstRecord(data []byte) (record []byte, whole bool) {
	data = bytes.TrimLeft(data, " \t\r\n")
	quotes := 0
	for at := 0; ; {
		end := bytes.IndexByte(data[at:], '\n')
		if end < 0 {
			return data, false
		}
		quotes += bytes.Count(data[at:at+end], []byte{'"'})
		if at += end + 1; quotes%2 == 0 || data[0] == '{' {
			return trimEnd(data[:at]), true
		}
	}
}

// seemsRejects reports whether the beginning of an input looks like a rejects file.
func seemsRejects(head []byte) bool {
	record, _ := firstRecord(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")))
	has := func(s string) bool { return bytes.Contains(record, []byte(s)) }
	return has(`"ciokit"`) && has(`"rejects"`) || namesRejectColumns(string(record))
}

// namesRejectColumns reports whether a header has columns of a rejects file, in any order. A name that only contains one of theirs does not count.
func namesRejectColumns(header string) bool {
	names := strings.FieldsFunc(header, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return slices.Contains(names, RejectColumns[keptCell]) && slices.Contains(names, RejectColumns[errorCell])
}

// rejectsInUTF8 reports whether an input is an unchanged rejects file. It is UTF-8, whatever the encoding of the original input was.
func rejectsInUTF8(r *bufio.Reader) bool {
	head, err := r.Peek(1)
	for whole := false; !whole && err == nil; _, whole = firstRecord(head) {
		head, err = r.Peek(r.Buffered() + 1)
	}
	if !seemsRejects(head) {
		return false
	}
	head, _ = r.Peek(r.Size())                                  // an error is reported again
	for cut := 0; cut < utf8.UTFMax && cut < len(head); cut++ { // the last character may be cut
		if utf8.Valid(head[:len(head)-cut]) {
			return true
		}
	}
	return false
}

// newRejects returns a framer if the window begins like a rejects file, otherwise nil.
func newRejects(ctx context.Context, w *window, limit int) (*rejectsFramer, error) {
	enough := func(data []byte) bool {
		_, whole := firstRecord(data)
		return whole || len(data) > 2*limit+keptBytes
	}
	if err := w.head(ctx, enough); err != nil {
		return nil, err
	}
	record, _ := firstRecord(w.rest())
	f := &rejectsFramer{limit: limit, parsers: make(map[string]*csvFramer)}
	const room = 8 // a row in quotes, escaped, and together with its earlier form, is longer than the row alone
	if len(record) > 0 && record[0] == '{' {
		f.lines = &jsonFramer{limit: room * limit, line: 1}
		return f.ofLines(record)
	}
	f.table = &csvFramer{limit: room * limit, line: 1}
	return f.ofTable(record)
}

// ofLines returns f if a line is one of a rejects file.
func (f *rejectsFramer) ofLines(line []byte) (*rejectsFramer, error) {
	var object map[string]json.RawMessage
	if json.Unmarshal(line, &object) != nil {
		if seemsRejects(line) {
			return nil, &FormatError{Line: 1, Problem: "the first line of the rejects file is not JSON", Hint: "fix it: in JSON a quote within a text is written \\\""}
		}
		return nil, nil
	}
	if object["ciokit"] == nil {
		own := []string{"file", "line", "column", "field", "rule", "hint", "row", "row_base64"}
		for name := range object {
			if !slices.Contains(own, name) {
				return nil, nil
			}
		}
		if object["line"] == nil || object["rule"] == nil || object["hint"] == nil {
			return nil, nil
		}
		return nil, earlierRejects
	}
	var version struct {
		Rejects *int `json:"rejects"`
	}
	if json.Unmarshal(object["ciokit"], &version) != nil || version.Rejects == nil {
		return nil, nil
	}
	if *version.Rejects != KeptVersion {
		return nil, &FormatError{Line: 1, Problem: fmt.Sprintf("the rejects file is of version %d, and this program reads version %d", *version.Rejects, KeptVersion), Hint: "load it with the program that wrote it"}
	}
	return f, nil
}

// findForm searches for the first line of JSON Lines that contains a row of an input: its form is the form of the file.
func (f *rejectsFramer) findForm(ctx context.Context, w *window) error {
	for at := 0; ; {
		end := bytes.IndexByte(w.rest()[at:], '\n')
		switch {
		case end < 0 && w.err == nil && len(w.rest()) < 2*f.lines.limit:
			if err := w.fill(ctx); err != nil {
				return err
			}
			continue
		case end < 0:
			end = len(w.rest()) - at
		}
		r, bad := decodeLine(w.rest()[at : at+end])
		for depth := 0; bad == nil && r.kept.Format == formatRejectsLine && depth < maxDepth; depth++ {
			r, bad = decodeLine(r.row)
		}
		if bad == nil && (r.kept.Format == FormatCSV || r.kept.Format == FormatJSONLines) {
			if f.form = r.kept.Form; f.form.Format == FormatCSV && (!delimits(f.form.Delimiter) || len(f.form.Columns) == 0) {
				return &FormatError{Line: 1, Problem: "the rejects file does not say which columns its rows have", Hint: "restore the member ciokit"}
			}
			return nil
		}
		if at += end + 1; at >= len(w.rest()) && (w.err != nil || at > 2*f.lines.limit) {
			return nil
		}
	}
}

// maxDepth bounds how often a line of a rejects file can be the row of another rejects file.
const maxDepth = 4

// ofTable returns f if a record is the header of a rejects file.
func (f *rejectsFramer) ofTable(record []byte) (*rejectsFramer, error) {
	text := strings.ReplaceAll(string(record), `"`, "")
	for _, own := range [][]string{RejectColumns, RejectColumns[:2]} {
		last := own[len(own)-1]
		before := strings.TrimSuffix(text, last)
		if before == text || before == "" {
			continue
		}
		d := before[len(before)-1]
		if !delimits(string(d)) || !strings.HasSuffix(text, string(d)+strings.Join(own, string(d))) {
			continue
		}
		if len(own) == 2 {
			return nil, earlierRejects
		}
		f.table.delimiter = d
		return f, nil
	}
	if namesRejectColumns(text) {
		return nil, &FormatError{Line: 1, Problem: "the columns of the rejects file were changed", Hint: "its last columns must be " + strings.Join(RejectColumns, ", ") + ", in that order"}
	}
	return nil, nil
}

var earlierRejects = &FormatError{Line: 1, Problem: "this looks like a rejects file of an earlier version, which does not contain what is needed to load it again",
	Hint: "load the input that it comes from again, with --rejects"}

// delimits reports whether s can separate the fields of CSV.
func delimits(s string) bool {
	return len(s) == 1 && s[0] < 0x80 && !strings.ContainsAny(s, "\"\r\n")
}

func (f *rejectsFramer) columns(ctx context.Context, w *window) ([]Column, error) {
	if f.table != nil {
		all, err := f.table.columns(ctx, w)
		if err != nil {
			return nil, err
		}
		names := namesOf(all)
		n := len(names) - len(RejectColumns)
		if n < 1 || !slices.Equal(names[n:], RejectColumns) {
			return nil, &FormatError{Line: 1, Problem: "the header of the rejects file was changed", Hint: "its last columns must be " + strings.Join(RejectColumns, ", ")}
		}
		f.table.slots, f.table.chosen = make([]int, len(all)), len(all)
		for i := range all {
			f.table.slots[i] = i
		}
		f.form = Form{Format: FormatCSV, Delimiter: string(f.table.delimiter), Columns: names[:n]}
	} else {
		if err := f.findForm(ctx, w); err != nil {
			return nil, err
		}
	}
	if f.form.Format != FormatCSV {
		return nil, nil
	}
	for _, name := range f.form.Columns {
		f.header = append(f.header, Column{Name: name, Kind: KindText})
	}
	return f.header, nil
}

func namesOf(columns []Column) (names []string) {
	for _, c := range columns {
		names = append(names, c.Name)
	}
	return names
}

func (f *rejectsFramer) choose(names []string) error {
	f.chosen = names
	if err := f.objects.choose(names); err != nil {
		return err
	}
	if f.form.Format != FormatCSV {
		return nil
	}
	_, err := f.parser(&f.form)
	return err
}

// parser returns a framer for rows of this form.
func (f *rejectsFramer) parser(form *Form) (*csvFramer, error) {
	if !delimits(form.Delimiter) || len(form.Columns) == 0 {
		return nil, errors.New("it does not say which columns the row has")
	}
	key := form.Delimiter + form.Quote + "," + form.Escape + strings.Join(form.Columns, "\x00")
	if p := f.parsers[key]; p != nil {
		return p, nil
	}
	odd, err := form.odd()
	if err != nil {
		return nil, err
	}
	p := &csvFramer{delimiter: form.Delimiter[0], odd: odd, limit: f.limit}
	for _, name := range form.Columns {
		p.header = append(p.header, Column{Name: name, Kind: KindText})
	}
	if err := p.choose(f.chosen); err != nil {
		return nil, err
	}
	if len(f.parsers) < 100 { // if each of many rows has its own form, nothing is remembered
		f.parsers[key] = p
	}
	return p, nil
}
