package source

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"unicode/utf8"
)

// csvFramer cuts CSV into rows. In contrast to encoding/csv, it keeps the bytes of each row and continues after a bad row.
type csvFramer struct {
	delimiter byte
	odd       *Dialect // the dialect, which has the delimiter too; nil for RFC 4180
	limit     int
	names     []string // of the columns, if there is no header

	line    int64 // of the first unused byte
	ordinal int64
	skip    bool // the rest of the line belongs to a row over the limit

	header []Column
	form   *Form // of the rows
	slots  []int // for each column its place among the selected ones, or -1
	chosen int

	cfg    Config
	checks *rowChecks // nil if there are none

	fields []csvField // of the record that parse read last
	spans  int        // where the first field that continues on a further line has its opening quote, or -1
}

// csvField is a field of a record, without its quotes. Its offsets are in the data that was given to parse.
type csvField struct {
	start, end int
	escaped    bool // it may contain doubled quotes, escapes, or a CRLF that becomes LF
}

func (c *csvFramer) columns(ctx context.Context, w *window) ([]Column, error) {
	if c.names != nil {
		for _, name := range c.names {
			c.header = append(c.header, Column{Name: name, Kind: KindText})
		}
		c.checks = newRowChecks(c.header, c.cfg)
		return c.header, nil
	}
	for {
		row, n, state := c.record(w.rest(), w.err == io.EOF)
		w.pos += n
		if state == wanting {
			switch err := w.fill(ctx); {
			case err == nil:
				continue
			case err != io.EOF:
				return nil, err
			}
			return nil, &FormatError{Problem: "the input is empty: it has no header", Hint: "the first line must name the columns"}
		}
		c.line += c.lines(row.Raw)
		switch {
		case state == skipped:
			c.line++
			continue
		case row.Err != nil:
			return nil, &FormatError{Line: row.Line, Problem: "the header cannot be read: " + row.Err.Rule, Hint: row.Err.Hint}
		}
		c.line++
		if err := c.followed(ctx, w, row); err != nil {
			return nil, err
		}
		return c.setHeader(row)
	}
}

func (c *csvFramer) setHeader(row Row) ([]Column, error) {
	if bytes.IndexByte(row.Raw, 0) >= 0 {
		return nil, &FormatError{Line: row.Line, Problem: "the header contains a NUL byte", Hint: "check whether the file is damaged or is not text; if it is UTF-16, use --encoding utf-16le or --encoding utf-16be"}
	}
	named := false
	for i, f := range c.fields {
		name := row.Raw[f.start:f.end]
		if f.escaped {
			name, _ = c.unescape(nil, name)
		}
		if !utf8.Valid(name) {
			return nil, &FormatError{Line: row.Line, Problem: fmt.Sprintf("the name of column %d is not UTF-8", i+1),
				Hint: "convert the file first, for example: iconv -f WINDOWS-1252 -t UTF-8 FILE"}
		}
		named = named || len(name) > 0
		c.header = append(c.header, Column{Name: string(name), Kind: KindText})
	}
	c.checks = newRowChecks(c.header, c.cfg)
	if !named {
		return nil, &FormatError{Line: row.Line, Problem: "the header contains no column name", Hint: "the first line must name the columns"}
	}
	return c.header, nil
}

func (c *csvFramer) choose(names []string) error {
	c.form = &Form{Format: FormatCSV, Delimiter: string(c.delimiter), Columns: namesOf(c.header)}
	if c.odd != nil && (c.odd.Quote != '"' || c.odd.Escape != None) {
		c.form.Quote, c.form.Escape = charText(c.odd.Quote), charText(c.odd.Escape)
	}
	c.chosen = len(names)
	slots, err := slotsOf(c.header, names)
	c.slots = slots
	return err
}

func (c *csvFramer) frame(w *window, b *Batch) {
	for len(b.Rows) < batchRows {
		row, n, state := c.record(w.rest(), w.err == io.EOF)
		w.pos += n
		switch state {
		case wanting:
			return
		case skipped:
			c.line += c.lines(row.Raw) + 1
			continue
		}
		c.line += c.lines(row.Raw)
		if !c.skip {
			c.line++
		}
		row.Ordinal, row.Form = c.ordinal, c.form
		c.ordinal++
		if row.Err == nil {
			c.fill(&row, b)
		}
		b.Rows = append(b.Rows, row)
	}
}

// fill sets the cells of a row whose fields parse has just found.
func (c *csvFramer) fill(row *Row, b *Batch) {
	row.Cells = b.addCells(c.chosen)
	for i, f := range c.fields {
		slot := c.slots[i]
		if slot < 0 || f.start == f.end {
			continue
		}
		text := row.Raw[f.start:f.end:f.end]
		if f.escaped {
			start := len(b.scratch)
			b.scratch, text = c.unescape(b.scratch, text)
			text = text[: len(b.scratch)-start : len(b.scratch)-start]
		}
		row.Cells[slot] = Cell{KindText, text}
	}
}

// state is the result of record.
type state int

const (
	found   state = iota // a row, good or bad
	skipped              // a blank line, or the rest of a row over the limit
	wanting              // more data is needed
)

var newline = []byte{'\n'}

// record finds the row at the beginning of data and its length n, which includes its line end. final says that data is the end of the input.
func (c *csvFramer) record(data []byte, final bool) (row Row, n int, s state) {
	if len(data) == 0 {
		return row, 0, wanting
	}
	if c.skip {
		end := c.endOfLine(data, final)
		if end < 0 { // a CR at the end of the data may be the first half of a line end
			return row, len(bytes.TrimRight(data, "\r")), wanting
		}
		c.skip = false
		return row, end, skipped
	}
	if n := c.lineEnd(data, 0, final); n != 0 {
		if n < 0 {
			return row, 0, wanting
		}
		return row, n, skipped
	}
	over := len(data) > c.limit
	if over {
		data, final = data[:c.limit], false
	}

	n, o := c.parse(data, final)
	row.Line = c.line
	at := max(c.spans, 0) // a position on the last line of the row, if the row is bad
	switch o {
	case parsed:
		row.Raw = c.trim(data[:n])
		if c.header == nil || len(c.fields) == len(c.header) {
			if row.Err = c.check(&row, data, n, final); row.Err == needsMore {
				return row, 0, wanting
			}
			return row, n, found
		}
		row.Err = &RowError{RuleFieldCount, fmt.Sprintf("the row has %s, the header has %d; check for a missing or unquoted delimiter", count(len(c.fields), "field"), len(c.header))}
		if c.spans < 0 {
			return row, n, found
		}
	case misquoted:
		row.Err = c.strayQuote()
	case doubtful:
		row.Err = &RowError{RuleQuoteUnclear, "a field begins with a quote, and the beginning of the input does not show whether quotes are text; use --quote none if they are text, or --quote '\"' if they enclose fields"}
	case misescaped:
		row.Err = &RowError{RuleUnknownEscape, "the escape character is before a character with which it has no known meaning; double it, or use --escape none if it is text"}
	case unclosed:
		if !final && !over {
			return row, 0, wanting
		}
		row.Err = &RowError{RuleUnclosedQuote, fmt.Sprintf("the quote opened on line %d is not closed within %d bytes or before the end of the input; close it, or double it if it is text",
			c.line+c.lines(data[:at]), c.limit)}
	case unended:
		if !over {
			return row, 0, wanting
		}
		row.Err = tooLong(c.limit)
		if c.spans < 0 {
			return c.endless(row, data)
		}
	}

	end := c.endOfLine(data[at:], final)
	switch {
	case end >= 0:
		n = at + end
	case final:
		n = len(data)
	case over:
		row.Err = tooLong(c.limit)
		return c.endless(row, data)
	default:
		return row, 0, wanting
	}
	row.Raw = c.trim(data[:n])
	return row, n, found
}

// endless makes a row of the beginning of a line that is over the limit, and sets skip for the rest of the line.
func (c *csvFramer) endless(row Row, data []byte) (Row, int, state) {
	c.skip = true
	row.Raw = data[:min(len(data), keptBytes)]
	return row, len(data), found
}

func tooLong(limit int) *RowError {
	return &RowError{RuleRowTooLong, fmt.Sprintf("the row is longer than %d bytes; only its beginning, up to %d bytes, is kept here", limit, keptBytes)}
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// outcome is the result of parse.
type outcome int

const (
	parsed     outcome = iota
	misquoted          // a quote where none is allowed
	unclosed           // the data ends within quotes
	unended            // the data ends where the line may continue
	doubtful           // a field begins with a quote, and it is unknown whether quotes are text
	misescaped         // an escape character before a character with which it has no known meaning
)

// parse finds the fields of the record at the beginning of data, which must not begin with a blank line. It returns the record's length, which
// includes its line end. It accepts what encoding/csv accepts without LazyQuotes.
func (c *csvFramer) parse(data []byte, final bool) (n int, o outcome) {
	if c.odd != nil {
		return c.parseOdd(data, final)
	}
	c.fields = c.fields[:0]
	c.spans = -1
	eol := bytes.IndexByte(data, '\n') // of the line that contains pos
	if line := data[:max(eol, 0)]; eol > 0 && bytes.IndexByte(line, '"') < 0 {
		c.split(line)
		return eol + 1, parsed
	}
	for pos := 0; ; {
		if pos < len(data) && data[pos] == '"' {
			end, doubled := closingQuote(data, pos+1)
			crosses := eol >= 0 && (end < 0 || end > eol)
			if c.spans < 0 && (crosses || end < 0) {
				c.spans = pos
			}
			if end < 0 {
				return 0, unclosed
			}
			if crosses {
				if eol = bytes.IndexByte(data[end:], '\n'); eol >= 0 {
					eol += end
				}
			}
			c.fields = append(c.fields, csvField{pos + 1, end, doubled || crosses})
			switch rest := data[end+1:]; {
			case len(rest) == 0 || len(rest) == 1 && rest[0] == '\r':
				if final {
					return len(data), parsed
				}
				return 0, unended
			case rest[0] == c.delimiter:
				pos = end + 2
			case rest[0] == '\n':
				return end + 2, parsed
			case rest[0] == '\r' && rest[1] == '\n':
				return end + 3, parsed
			default:
				return 0, misquoted
			}
			continue
		}

		end := eol
		if end < 0 {
			if !final {
				return 0, unended
			}
			end = len(data)
		}
		field := data[pos:end]
		width := bytes.IndexByte(field, c.delimiter)
		last := width < 0
		if last {
			width = len(trimEnd(field))
		}
		if bytes.IndexByte(field[:width], '"') >= 0 {
			return 0, misquoted
		}
		c.fields = append(c.fields, csvField{pos, pos + width, false})
		if last {
			return min(end+1, len(data)), parsed
		}
		pos += width + 1
	}
}

// split finds the fields of a line without quotes.
func (c *csvFramer) split(line []byte) {
	line = trimEnd(line)
	start := 0
	for {
		width := bytes.IndexByte(line[start:], c.delimiter)
		if width < 0 {
			c.fields = append(c.fields, csvField{start, len(line), false})
			return
		}
		c.fields = append(c.fields, csvField{start, start + width, false})
		start += width + 1
	}
}

// closingQuote returns the position of the quote that closes a field whose text begins at from, -1 if there is none, and whether there are doubled
// quotes before it.
func closingQuote(data []byte, from int) (end int, doubled bool) {
	for {
		i := bytes.IndexByte(data[from:], '"')
		if i < 0 {
			return -1, doubled
		}
		from += i
		if from+1 >= len(data) || data[from+1] != '"' {
			return from, doubled
		}
		doubled = true
		from += 2
	}
}

// appendUnescaped appends the text of a quoted field to dst: doubled quotes become single ones, CRLF becomes LF. It also returns the appended text
// alone.
func appendUnescaped(dst, field []byte) (all, text []byte) {
	start := len(dst)
	for len(field) > 0 {
		i := bytes.IndexAny(field, "\"\r")
		if i < 0 {
			break
		}
		dst = append(dst, field[:i]...)
		switch {
		case field[i] == '"':
			dst = append(dst, '"')
			i += 2
		case i+1 < len(field) && field[i+1] == '\n':
			i++
		default:
			dst = append(dst, '\r')
			i++
		}
		field = field[min(i, len(field)):]
	}
	dst = append(dst, field...)
	return dst, dst[start:]
}

// alone reads a row without the rest of its input.
func (c *csvFramer) alone(data []byte, line int64, b *Batch) (Row, *RowError) {
	c.line, c.skip = line, false
	row, n, state := c.record(data, true)
	switch {
	case state != found:
		return row, notReject("the row is empty; delete the line if it is not wanted")
	case row.Err != nil:
		return row, row.Err
	case len(bytes.Trim(data[n:], "\r\n")) > 0:
		return row, notReject("it contains more than one row; write each on a line of its own")
	}
	c.fill(&row, b)
	return row, nil
}
