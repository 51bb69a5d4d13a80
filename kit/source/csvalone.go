package source

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
)

// mostHeader is the length in bytes of the longest header that is accepted if no row follows it.
const mostHeader = 64 << 10

// lineSeparators end lines for some programs. Here they are text.
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

// oddHeader returns why a header may contain rows that were not recognized, nil if it cannot. That is an error only if no row follows.
func (c *csvFramer) oddHeader(row Row) *FormatError {
	odd := func(hint, format string, args ...any) *FormatError {
		return &FormatError{Line: row.Line, Hint: hint, Problem: "no row follows the header, and " + fmt.Sprintf(format, args...)}
	}
	inner := bytes.Trim(row.Raw, " \t\r\n")
	before := len(row.Raw) - len(bytes.TrimLeft(row.Raw, " \t\r\n"))
	if bytes.IndexByte(inner, '\r') >= 0 && c.strayCR(row.Raw, before, before+len(inner)) {
		return odd("if carriage returns end lines, use --line-end any", "it contains a carriage return")
	}
	for _, s := range lineSeparators {
		text := bytes.TrimPrefix(bytes.TrimSuffix(inner, []byte(s.text)), []byte(s.text))
		if string([]byte{c.delimiter}) != s.text && bytes.Contains(text, []byte(s.text)) {
			return odd("lines end with a line feed or a carriage return; if this character ends them, convert the input: "+s.mend, "it contains %s", s.name)
		}
	}
	if c.spans >= 0 && c.cfg.Quote == 0 {
		for _, f := range c.fields {
			text := row.Raw[f.start:f.end]
			if bytes.ContainsAny(text, "\r\n") && bytes.IndexByte(text, c.delimiter) >= 0 {
				return odd("close the quote; or use --quote none if quotes are text, or --quote '\"' if the name is correct", "a name in quotes contains delimiters and line ends, as if its closing quote came too late")
			}
		}
	}
	if len(c.fields) == 1 && c.cfg.looks {
		for _, d := range []byte(strong) {
			if bytes.IndexByte(inner, d) > 0 {
				return odd("use --delimiter "+flagText(d)+" or --delimiter "+flagText(c.delimiter)+", whichever separates names", "it is a single name that contains %s", charName(d))
			}
		}
	}
	if len(row.Raw) > mostHeader {
		return odd("check which character ends its lines: it must be a line feed or a carriage return", "it is %d bytes long, as if it contained the rows", len(row.Raw))
	}
	return nil
}

// followed returns an error if the header seems to contain rows and no row follows it.
func (c *csvFramer) followed(ctx context.Context, w *window, row Row) error {
	odd := c.oddHeader(row)
	if odd == nil {
		return nil
	}
	for len(bytes.TrimLeft(w.rest(), "\r\n")) == 0 { // the row is a part of the window, which therefore must not slide
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

// headerAlone returns the reading of a sample that has a header and no row, if a single character separates the names.
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

// distinct reports whether all names are set and none occurs twice.
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
