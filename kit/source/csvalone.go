package source

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
)

// mostHeader is how long a header without rows is at most taken for one, in bytes.
const mostHeader = 64 << 10

// lineSeparators end lines for some programs, and are text here.
var lineSeparators = []struct{ text, name, mend string }{
	{"\u2028", "a line separator (U+2028)", `perl -CSD -pe 's/\x{2028}/\n/g' FILE`},
	{"\u2029", "a paragraph separator (U+2029)", `perl -CSD -pe 's/\x{2029}/\n/g' FILE`},
	{"\u0085", "a next-line character (U+0085)", `perl -CSD -pe 's/\x{85}/\n/g' FILE`},
	{"\v", "a vertical tab", `tr '\013' '\n' < FILE`},
	{"\f", "a form feed", `tr '\014' '\n' < FILE`},
	{"\x1c", "a file separator (0x1C)", `tr '\034' '\n' < FILE`},
	{"\x1d", "a group separator (0x1D)", `tr '\035' '\n' < FILE`},
	{"\x1e", "a record separator (0x1E)", `tr '\036' '\n' < FILE`},
	{`\n`, `a backslash with an n`, `sed 's/\\n/\n/g' FILE`},
	{`\r`, `a backslash with an r`, `sed 's/\\r/\n/g' FILE`},
}

// oddHeader returns why a header can hold rows that were not read as such, nil if it cannot. It is an error only where no row follows.
func (c *csvFramer) oddHeader(row Row) *FormatError {
	odd := func(hint, format string, args ...any) *FormatError {
		return &FormatError{Line: row.Line, Hint: hint, Problem: "no row follows the header, and " + fmt.Sprintf(format, args...)}
	}
	inner := bytes.Trim(row.Raw, " \t\r\n")
	before := len(row.Raw) - len(bytes.TrimLeft(row.Raw, " \t\r\n"))
	if bytes.IndexByte(inner, '\r') >= 0 && c.strayCR(row.Raw, before, before+len(inner)) {
		return odd("say so if carriage returns end lines: --line-end any", "it holds a carriage return")
	}
	for _, s := range lineSeparators {
		text := bytes.TrimPrefix(bytes.TrimSuffix(inner, []byte(s.text)), []byte(s.text))
		if string([]byte{c.delimiter}) != s.text && bytes.Contains(text, []byte(s.text)) {
			return odd("lines end with a line feed, or with a carriage return; convert the input if this ends them: "+s.mend, "it holds %s", s.name)
		}
	}
	if c.spans >= 0 && c.cfg.Quote == 0 {
		for _, f := range c.fields {
			text := row.Raw[f.start:f.end]
			if bytes.ContainsAny(text, "\r\n") && bytes.IndexByte(text, c.delimiter) >= 0 {
				return odd("close the quote; or say what quotes are: --quote none if they are text, --quote '\"' if the name is as it should be", "a name in quotes holds delimiters and line ends, as if its quote were closed too late")
			}
		}
	}
	if len(c.fields) == 1 && c.cfg.looks {
		for _, d := range []byte(strong) {
			if bytes.IndexByte(inner, d) > 0 {
				return odd("say which character separates names: --delimiter "+flagText(d)+", or --delimiter "+flagText(c.delimiter), "it is one name that holds %s", charName(d))
			}
		}
	}
	if len(row.Raw) > mostHeader {
		return odd("look which character ends its lines: lines end with a line feed, or with a carriage return", "it is %d bytes long, as if the rows stood in it", len(row.Raw))
	}
	return nil
}

// followed returns an error if the header seems to hold rows, and none follows it.
func (c *csvFramer) followed(ctx context.Context, w *window, row Row) error {
	odd := c.oddHeader(row)
	if odd == nil {
		return nil
	}
	for len(bytes.TrimLeft(w.rest(), "\r\n")) == 0 { // the row is a part of the window, which so must not slide
		if len(w.rest()) > c.limit {
			return odd
		}
		if err := w.fill(ctx); err == io.EOF {
			return odd
		} else if err != nil {
			return err
		}
	}
	return nil
}

// headerAlone returns the reading of a sample that holds a header and no row, in which a single character separates names.
func headerAlone(others []*reading) *reading {
	var alone *reading
	for _, r := range others {
		if r.rows > 0 || r.fault != nil || !distinct(r.header) {
			continue
		}
		if alone != nil {
			return nil
		}
		alone = r
	}
	return alone
}

// distinct reports whether all names are there and none twice.
func distinct(names []string) bool {
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		name = strings.TrimSpace(name)
		if name == "" || seen[name] {
			return false
		}
		seen[name] = true
	}
	return true
}
