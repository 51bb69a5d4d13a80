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
	// Delimiter separates the fields of CSV, whose Columns have these names.
	Delimiter string   `json:"delimiter,omitempty"`
	Columns   []string `json:"columns,omitempty"`
	// Quote and Escape are those of the Dialect, none for None; both are empty where a quoted field doubles its double quotes.
	Quote  string `json:"quote,omitempty"`
	Escape string `json:"escape,omitempty"`
}

// odd is the dialect of the rows, nil for the plain one.
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

// ObjectForm is that of rows which are JSON objects.
var ObjectForm = &Form{Format: FormatJSONLines}

// Formats that only rows of rejects files have.
const (
	// FormatNoRow is what stands in a rejects file without being a row of an input. It cannot be loaded.
	FormatNoRow Format = "none"
	// formatRejectsLine is a line of a rejects file that could not be read.
	formatRejectsLine Format = "rejects"
)

// Kept is what a rejects file keeps beside a row, so that the row can be loaded again.
type Kept struct {
	// Version is the format's, KeptVersion.
	Version int `json:"rejects"`
	// Ordinal is the row's place in the input that it was first read from.
	Ordinal int64 `json:"ordinal"`
	// Sum is RowSum of the row, by which it is seen whether the row was mended.
	Sum string `json:"sum,omitempty"`
	// Form says how the row is written.
	Form
	// Torn says that the row could not be read. As long as it is what it was, it is rejected for the same reason.
	Torn bool `json:"torn,omitempty"`
	// DecimalComma is set if its numbers were read with a comma.
	DecimalComma bool `json:"decimal_comma,omitempty"`
	// Sent is the row as it was when messages of it were sent first; nil where that does not matter. Ids are made of it, so that what was
	// accepted then keeps its ids.
	Sent []byte `json:"sent,omitempty"`
}

// KeptVersion is the version of rejects files that this package reads.
const KeptVersion = 1

// RowSum tells a row from another.
func RowSum(row []byte) string {
	sum := sha256.Sum256(row)
	return hex.EncodeToString(sum[:8])
}

// RejectColumns are the columns that a rejects file in CSV has behind those of the input: why the row was rejected, its line, the row itself
// where it does not stand in the columns of the input, its file, and a Kept.
var RejectColumns = []string{"_error", "_line", "_row", "_file", "_ciokit"}

// The places in RejectColumns.
const (
	errorCell = iota
	lineCell
	rowCell
	fileCell
	keptCell
)

// The rules of what is wrong with a rejects file itself.
const (
	RuleNotReject   = "not-a-reject" // a line of a rejects file that is none of its rows any more
	RuleMendedTwice = "mended-twice" // a row of a rejects file that stands there twice and was mended in two ways
)

// FileOfRejects stands for the rejects file in the rows that come from no other file.
const FileOfRejects = "(rejects)"

// newRow is the first ordinal of rows that were added to a rejects file by hand: no input has so many.
const newRow = 1 << 62

// rejectsFramer reads a rejects file: it hands out the rows that were rejected, with the file, line and ordinal that they had, as their input
// would if they had been mended there.
type rejectsFramer struct {
	lines *jsonFramer // of a file in JSON Lines
	table *csvFramer  // of a file in CSV
	form  Form        // of the rows in the columns of a table, or of the first row
	limit int         // of a row

	header  []Column
	chosen  []string
	objects objectCells // of rows of JSON
	parsers map[string]*csvFramer

	held    *rejected // may be followed by other refusals of the same row
	scratch Batch
}

// rejected is what a rejects file holds of a row.
type rejected struct {
	file       string
	line       int64
	rule, hint string
	row        []byte
	kept       *Kept
	err        *RowError // why it cannot be loaded as it is
}

// mended reports whether the row is not what it was.
func (r *rejected) mended() bool { return RowSum(r.row) != r.kept.Sum }

// of reports whether both are about one row.
func (r *rejected) of(other *rejected) bool {
	return r.line > 0 && r.kept.Sum != "" && r.file == other.file && r.line == other.line && r.kept.Ordinal == other.kept.Ordinal && r.kept.Sum == other.kept.Sum
}

// firstRecord returns the first line of a file, or the first record if it is CSV with line ends in its header. whole says that it is all
// there.
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

// namesRejectColumns reports whether a header has columns of a rejects file, in whatever order; a name that contains theirs is none.
func namesRejectColumns(header string) bool {
	names := strings.FieldsFunc(header, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return slices.Contains(names, RejectColumns[keptCell]) && slices.Contains(names, RejectColumns[errorCell])
}

// rejectsInUTF8 reports whether an input is a rejects file as it was written, in UTF-8, whatever the encoding of the input that it comes from.
func rejectsInUTF8(r *bufio.Reader) bool {
	head, err := r.Peek(1)
	for whole := false; !whole && err == nil; _, whole = firstRecord(head) {
		head, err = r.Peek(r.Buffered() + 1)
	}
	if !seemsRejects(head) {
		return false
	}
	head, _ = r.Peek(r.Size())                                  // an error comes again
	for cut := 0; cut < utf8.UTFMax && cut < len(head); cut++ { // the last character may be
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
	const room = 8 // a row in quotes, escaped, and once more as it was, is longer than by itself
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
			return nil, &FormatError{Line: 1, Problem: "the first line of the rejects file is no JSON", Hint: "mend it: in JSON a quote within a text is written \\\""}
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

// findForm looks for the first line of JSON Lines that holds a row of an input, because its form is that of the file.
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
				return &FormatError{Line: 1, Problem: "the rejects file does not say which columns its rows have", Hint: "put the member ciokit back as it was"}
			}
			return nil
		}
		if at += end + 1; at >= len(w.rest()) && (w.err != nil || at > 2*f.lines.limit) {
			return nil
		}
	}
}

// maxDepth bounds how often a line of a rejects file can be the row of another.
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
		return nil, &FormatError{Line: 1, Problem: "the columns of the rejects file are not as it was written", Hint: "its last columns must be " + strings.Join(RejectColumns, ", ") + ", in that order"}
	}
	return nil, nil
}

var earlierRejects = &FormatError{Line: 1, Problem: "this looks like a rejects file of an earlier version, which does not hold what is needed to load it again",
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
			return nil, &FormatError{Line: 1, Problem: "the header of the rejects file is not as it was written", Hint: "its last columns must be " + strings.Join(RejectColumns, ", ")}
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

// parser returns what reads the fields of rows of this form.
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
	if len(f.parsers) < 100 { // a form for each of many rows is nothing to remember
		f.parsers[key] = p
	}
	return p, nil
}
