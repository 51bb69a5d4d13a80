package source

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// The rules of a RowError about the way CSV is written.
const (
	RuleSwallowedRows  = "swallowed-rows"  // a quoted CSV field that seems to contain rows, because a quote before it or in it is missing
	RuleQuoteUnclear   = "unclear-quote"   // a CSV field that begins with a quote, if it is unknown whether quotes are text
	RuleUnknownEscape  = "unknown-escape"  // an escape character before a character with which it has no meaning
	RuleStrayCR        = "stray-cr"        // a CSV row with a carriage return where a line should end with a line feed
	RuleNULByte        = "nul-byte"        // a CSV row with a NUL
	RuleByteOrderMark  = "byte-order-mark" // a CSV row that begins with a byte order mark, as in files that were joined
	RuleRepeatedHeader = "repeated-header" // a CSV row that contains the names of the columns
	RuleOtherHeader    = "other-header"    // a CSV row below a header with other columns, or with the same columns in another order
	RuleNoData         = "no-data"         // a CSV row that is a line of dashes, a note such as a row count, or totals at the end
)

// needsMore means a RowError that depends on the data that follows.
var needsMore = new(RowError)

var utf8BOM = []byte("\xef\xbb\xbf")

// rowChecks finds rows that have the right number of fields but are not data.
type rowChecks struct {
	names   []string  // of the columns, folded
	begins  [256]bool // the bytes with which the first field of such a row can begin
	quoted  bool      // the user has said what quotes are: no quote counts as missing
	all     bool      // the user has said that every row is data
	crIsAny bool      // the user has said that a single CR is data
	behind  int64     // the line of a header with other columns: no row below it can be read; 0 if there is none
}

func newRowChecks(header []Column, cfg Config) *rowChecks {
	k := &rowChecks{quoted: cfg.Quote != 0, all: cfg.AllRows, crIsAny: cfg.LineEnd != ""}
	for _, c := range header {
		name := fold([]byte(c.Name))
		k.names = append(k.names, name)
		if name != "" {
			k.begins[name[0]], k.begins[strings.ToUpper(name[:1])[0]] = true, true
		}
	}
	for _, b := range []byte(" -(#=+*_\t\"'\xef" + "tTgGsSrReE") {
		k.begins[b] = true
	}
	return k
}

// fold maps the spellings of a name to one text.
func fold(text []byte) string {
	return strings.ToLower(strings.Trim(string(bytes.TrimPrefix(text, utf8BOM)), " \t\"'"))
}

// check returns why a row that has the right number of fields is not data. It is nil for almost every row, so it must be fast.
func (c *csvFramer) check(row *Row, data []byte, n int, final bool) *RowError {
	k := c.checks
	if k == nil {
		return nil
	}
	if bytes.IndexByte(row.Raw, 0) >= 0 {
		return &RowError{RuleNULByte, "the row contains a NUL byte; check whether the file is damaged, or is UTF-16 (--encoding utf-16le)"}
	}
	if !k.crIsAny && (c.odd == nil || c.odd.LineEnd != LineEndAny) && bytes.IndexByte(row.Raw, '\r') >= 0 && c.strayCR(row.Raw, 0, len(row.Raw)) {
		return &RowError{RuleStrayCR, "a carriage return is outside of quotes, but lines end with line feeds; use --line-end any if it ends a line too, or --line-end lf if it is text"}
	}
	if c.spans >= 0 && !k.quoted {
		if rows := c.swallowed(row.Raw); rows > 0 {
			return &RowError{RuleSwallowedRows, fmt.Sprintf("the quote opened on line %d seems to have swallowed %s, because a quote is missing or is text; fix it, or use --quote none if quotes are text, or --quote '\"' if the field is correct",
				c.line+c.lines(row.Raw[:c.spans]), count(rows, "row"))}
		}
	}
	first := c.fields[0]
	if k.all {
		return nil
	}
	if k.behind == 0 && (first.start >= first.end || !k.begins[row.Raw[first.start]]) && (len(row.Raw) == 0 || row.Raw[0] != 0xef) {
		return nil
	}
	return c.checkWords(row, data, n, final)
}

// strayCR reports whether a field without quotes, between two positions of a row, contains a CR without an escape character before it.
func (c *csvFramer) strayCR(row []byte, from, to int) bool {
	for _, f := range c.fields {
		start, end := max(f.start, from), min(f.end, to)
		if start >= end {
			continue
		}
		text := row[start:end]
		if f.start > 0 && row[f.start-1] == c.quote() || bytes.IndexByte(text, '\r') < 0 {
			continue
		}
		for i := 0; i < len(text); i++ {
			switch {
			case text[i] == '\r':
				return true
			case c.odd != nil && c.odd.Escape != None && text[i] == c.odd.Escape:
				i++
			}
		}
	}
	return false
}

// quote is the character that encloses fields, None if there is none.
func (c *csvFramer) quote() byte {
	if c.odd != nil {
		return c.odd.Quote
	}
	return '"'
}

// checkWords checks the text of the cells.
func (c *csvFramer) checkWords(row *Row, data []byte, n int, final bool) *RowError {
	k := c.checks
	same, known, filled := 0, 0, 0
	texts := make([]string, len(c.fields))
	for i, f := range c.fields {
		texts[i] = fold(c.textOf(row.Raw, f))
		if texts[i] == "" {
			continue
		}
		filled++
		if texts[i] == k.names[i] {
			same++
		}
		for _, name := range k.names {
			if name == texts[i] {
				known++
				break
			}
		}
	}
	named := 0
	for _, name := range k.names {
		named += boolInt(name != "")
	}
	switch {
	case filled > 0 && same == filled && same == named:
		k.behind = 0
		return &RowError{RuleRepeatedHeader, "the row repeats the header, as in files that were joined; delete it, or use --all-rows if it is data"}
	case isName(texts[0], k.names) && known >= 2 && 2*known >= filled && same < known+boolInt(known < filled) && couldBeNames(texts):
		k.behind = row.Line
		return &RowError{RuleOtherHeader, "the row contains column names that differ from the header: files with other columns seem to have been joined here; load each file separately, or use --all-rows if the row is data"}
	case k.behind > 0:
		return &RowError{RuleOtherHeader, fmt.Sprintf("the row is below line %d, a header with other columns; load the files that were joined separately, or use --all-rows if that line is data", k.behind)}
	case bytes.HasPrefix(row.Raw, utf8BOM):
		return &RowError{RuleByteOrderMark, "the row begins with a byte order mark, as in files that were joined; delete the mark"}
	case ruler(texts):
		return &RowError{RuleNoData, "the row is a line of dashes, not data; delete it, or use --all-rows if it is data"}
	case footer.MatchString(texts[0]) && filled <= 2:
		return &RowError{RuleNoData, "the row is a note, such as a row count, not data; delete it, or use --all-rows if it is data"}
	case total.MatchString(texts[0]) && amounts(texts[1:]):
		return c.lastRow(data[n:], final)
	}
	return nil
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func isName(text string, names []string) bool {
	for _, name := range names {
		if text != "" && name == text {
			return true
		}
	}
	return false
}

// couldBeNames reports whether all cells that are not empty could be names of columns: none occurs twice, and none looks like a value.
func couldBeNames(texts []string) bool {
	seen := make(map[string]bool, len(texts))
	for _, text := range texts {
		if text == "" {
			continue
		}
		if seen[text] || !nameLike(text) {
			return false
		}
		seen[text] = true
	}
	return true
}

// nameLike reports whether a folded text could be the name of a column.
func nameLike(text string) bool {
	return text != "" && !strings.Contains(text, "@") && strings.Trim(text, "0123456789.,:-/ ") != ""
}

// textOf is the text of a field.
func (c *csvFramer) textOf(row []byte, f csvField) []byte {
	text := row[f.start:f.end]
	if f.escaped {
		text, _ = c.unescape(nil, text)
	}
	return text
}

// footer matches lines that programs write below rows; total matches those that people write.
var (
	footer = regexp.MustCompile(`^(\(?[\d,. ]+ (rows?|records?|lines?)( affected| selected| in set.*| returned)?[).]*|rows?( affected| count)?: ?[\d,. ]+|-- ?(end|eof|done|total|\d).*|#+ ?(end|eof|total).*|end[ -]of[ -](file|report|export|data|list)\b.*|(total )?(record|row)s?( count)?[:=] ?[\d,. ]*|\*+ ?end.*)$`)
	total  = regexp.MustCompile(`^(grand |sub)?(total|totals|sum|summe|gesamt|somme|totale)\b`)
)

// ruler reports whether all cells consist of dashes.
func ruler(texts []string) bool {
	some := false
	for _, t := range texts {
		if strings.Trim(t, "-=+") != "" {
			return false
		}
		some = some || len(t) > 1
	}
	return some
}

// amounts reports whether there is a number and all cells that are not empty are numbers, perhaps with a currency. It is needed because a company may
// be called Total too.
func amounts(texts []string) bool {
	some := false
	for _, t := range texts {
		digits, others := 0, 0
		for _, r := range t {
			digits += boolInt(unicode.IsDigit(r))
			others += boolInt(unicode.IsLetter(r))
		}
		if t != "" && (digits == 0 || others > 3) {
			return false
		}
		some = some || t != ""
	}
	return some
}

// lastRow returns an error if a row of totals is followed only by more of them.
func (c *csvFramer) lastRow(rest []byte, final bool) *RowError {
	for lines := 0; lines < 10; lines++ {
		rest = bytes.TrimLeft(rest, "\r\n,; \t")
		if len(rest) == 0 {
			break
		}
		end := c.endOfLine(rest, final)
		if end < 0 && !final {
			return needsMore
		}
		if end < 0 {
			end = len(rest)
		}
		field, _, _ := bytes.Cut(c.trim(rest[:end]), []byte{c.delimiter})
		if text := fold(field); !footer.MatchString(text) && !total.MatchString(text) {
			return nil
		}
		rest = rest[end:]
	}
	if !final {
		return needsMore
	}
	return &RowError{RuleNoData, "the last row contains totals, not data; delete it, or use --all-rows if it is data"}
}

// swallowed returns how many rows a quoted field seems to contain: its lines have delimiters at the places where rows would have them.
func (c *csvFramer) swallowed(row []byte) int {
	columns := len(c.fields)
	if columns < 2 {
		return 0
	}
	for j, f := range c.fields {
		if f.start == 0 || row[f.start-1] != c.quote() || f.start < c.spans {
			continue
		}
		pieces := c.cutLines(row[f.start:f.end])
		if len(pieces) < 2 {
			continue
		}
		if rows := c.rhythm(pieces, j, columns, row); rows > 0 {
			return rows
		}
	}
	return 0
}

// cutLines cuts the text of a field into lines.
func (c *csvFramer) cutLines(text []byte) (pieces [][]byte) {
	for {
		at := bytes.IndexAny(text, "\r\n")
		if at < 0 {
			return append(pieces, text)
		}
		pieces = append(pieces, text[:at])
		if text = text[at+1:]; len(text) > 0 && text[0] == '\n' && at >= 0 {
			text = text[1:]
		}
	}
}

// rhythm returns how many rows begin in the lines of the j-th field, 0 if the lines do not look like rows.
func (c *csvFramer) rhythm(pieces [][]byte, j, columns int, row []byte) int {
	delimiter := []byte{c.delimiter}
	begun := 0
	var firsts [][]byte // fields of rows that begin in the field
	for i, piece := range pieces {
		want := columns - 1
		switch i {
		case 0:
			want -= j
		case len(pieces) - 1:
			want = j
		}
		if i > 0 && i < len(pieces)-1 && len(piece) == 0 {
			continue // a blank line
		}
		if bytes.Count(piece, delimiter) != want || c.delimiter != ' ' && bytes.Contains(piece, append(delimiter[:1:1], ' ')) {
			return 0
		}
		if i > 0 {
			begun++
			first, _, _ := bytes.Cut(piece, delimiter)
			firsts = append(firsts, first)
		}
	}
	if j == 0 && begun == 1 { // it contains only the beginning of a first field
		return begun * boolInt(columns > 4)
	}
	alike := j > 0
	for _, first := range firsts {
		alike = alike && shape(first) == shape(c.textOf(row, c.fields[0]))
	}
	if begun > 0 && (alike || (columns-1)*begun >= 4) {
		return begun
	}
	return 0
}

// shape returns what kind of text an id is.
func shape(id []byte) string {
	var b strings.Builder
	last := byte(0)
	for _, c := range bytes.Trim(id, "\" ") {
		kind := c
		switch {
		case c >= '0' && c <= '9':
			kind = '0'
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= 0x80:
			kind = 'a'
		}
		if kind != last {
			b.WriteByte(kind)
		}
		last = kind
	}
	s := b.String()
	if strings.Contains(s, "@") {
		return "@"
	}
	if s == "a" {
		return "word" // this says little, but two of them are alike
	}
	return s
}

// strayQuote describes a misplaced quote in a field.
func (c *csvFramer) strayQuote() *RowError {
	return &RowError{RuleStrayQuote, "a field that contains a quote must be in quotes, with the quote doubled; use --escape '\\' if a backslash is before it, or --quote none if quotes are text"}
}
