package source

import (
	"bytes"
	"strings"
)

// reading is the result of reading the sample in a dialect.
type reading struct {
	Dialect
	header  []string
	columns int
	rows    int
	bad     int   // rows that do not fit the dialect
	misfit  int   // bad rows that have a delimiter
	badLine int64 // of the first bad row
	badRule string
	badWide int          // its fields, if their number is what is wrong
	fault   *FormatError // why the header cannot be read

	begins  int // fields that begin with a double quote
	middle  int // fields that contain a double quote but do not begin with one
	quoted  int // fields in quotes
	need    int // quoted fields that would be split without quotes
	soft    int // quoted fields that only some programs quote
	nulls   int // fields that are \N
	escaped int // fields in which a backslash escapes
	loose   int // other fields with a backslash
	strict  int // fields in which every backslash is before a character that a writer has to escape
	within  int // fields in quotes that contain an escaped quote
	doubles int // fields between apostrophes that contain doubled ones
	line    int64
	single  tally  // of apostrophes around fields
	double  tally  // of double quotes around fields
	wrapped string // characters that are on both sides of each name in the header
}

// tally counts, for each column, the fields that have a character at both ends.
type tally struct {
	filled, both map[int]int
	one          int // fields that begin with it and do not end with it
}

func (t *tally) add(column int, text []byte, c byte) {
	if len(text) == 0 || strings.Trim(string(text), "+-0123456789.,eE") == "" {
		return
	}
	if t.filled == nil {
		t.filled, t.both = make(map[int]int), make(map[int]int)
	}
	t.filled[column]++
	switch {
	case len(text) > 1 && text[0] == c && text[len(text)-1] == c:
		t.both[column]++
	case text[0] == c:
		t.one++
	}
}

// throughout reports whether each column is enclosed in all of its fields or in none. It returns the largest number of enclosed rows.
func (t *tally) throughout() (bool, int) {
	most := 0
	for column, n := range t.both {
		if n != t.filled[column] {
			return false, 0
		}
		most = max(most, n)
	}
	return most > 0 && t.one == 0, most
}

// some returns the largest number of rows in which a column is enclosed, among columns that are enclosed in all of their fields.
func (t *tally) some() (most int) {
	for column, n := range t.both {
		if n == t.filled[column] {
			most = max(most, n)
		}
	}
	return most
}

func (r *reading) clean() bool { return r.bad == 0 && r.fault == nil }

// fits reports whether the rows seem to have columns in this dialect. Some rows may have no delimiter at all.
func (r *reading) fits() bool {
	good := r.rows - r.bad
	return r.fault == nil && r.columns > 1 && (r.misfit == 0 && good >= r.bad || good >= 9*r.bad)
}

// read reads the sample in a dialect.
func (s *detector) read(d Dialect) *reading {
	if r := s.readings[d]; r != nil {
		return r
	}
	r := &reading{Dialect: d}
	s.readings[d] = r
	c := &csvFramer{delimiter: d.Delimiter, limit: min(s.limit, sampleBytes/4), line: s.line}
	if !d.plain() {
		c.odd = &d
	}
	if s.cfg.Columns != nil {
		for _, name := range s.cfg.Columns {
			c.header = append(c.header, Column{Name: name, Kind: KindText})
		}
		r.columns, c.checks = len(c.header), newRowChecks(c.header, s.cfg)
	}
	const enough = 200 // bad rows
	for data := s.sample; len(data) > 0 && r.bad < enough; {
		row, n, state := c.record(data, s.whole)
		if state == wanting {
			break
		}
		line := c.line
		c.line += c.lines(data[:n])
		data = data[n:]
		switch {
		case state == skipped:
		case c.header == nil && row.Err != nil:
			r.fault = &FormatError{Line: row.Line, Problem: "the header cannot be read: " + row.Err.Rule, Hint: row.Err.Hint}
			r.bad++
			return r
		case c.header == nil:
			if r.fault = s.readHeader(r, c, row); r.fault != nil {
				return r
			}
		default:
			r.add(c, &row, line)
		}
	}
	return r
}

func (s *detector) readHeader(r *reading, c *csvFramer, row Row) *FormatError {
	for i, f := range c.fields {
		name := string(c.textOf(row.Raw, f))
		c.header = append(c.header, Column{Name: name, Kind: KindText})
		raw := row.Raw[f.start:f.end]
		switch {
		case len(raw) < 2 || raw[0] != raw[len(raw)-1] || !strings.ContainsRune("'`~^$*%|#!", rune(raw[0])):
			r.wrapped = "-"
		case i == 0:
			r.wrapped = string(raw[:1])
		case r.wrapped != string(raw[:1]):
			r.wrapped = "-"
		}
		r.look(c, row.Raw, f)
	}
	if r.wrapped == "-" {
		r.wrapped = ""
	}
	r.header, r.columns, r.line = namesOf(c.header), len(c.header), row.Line
	c.checks = newRowChecks(c.header, s.cfg)
	return nil
}

// add counts a row.
func (r *reading) add(c *csvFramer, row *Row, line int64) {
	if err := row.Err; err != nil {
		switch err.Rule {
		case RuleRepeatedHeader, RuleOtherHeader, RuleByteOrderMark, RuleNoData, RuleNULByte:
			return
		}
		r.rows++
		if r.bad++; r.bad == 1 {
			if r.badLine, r.badRule = line, err.Rule; err.Rule == RuleFieldCount {
				r.badWide = len(c.fields)
			}
		}
		r.misfit += boolInt(bytes.IndexByte(row.Raw, r.Delimiter) >= 0)
		return
	}
	r.rows++
	for i, f := range c.fields {
		text := row.Raw[f.start:f.end]
		r.look(c, row.Raw, f)
		r.single.add(i, text, '\'')
		r.doubles += boolInt(doublesApostrophes(text))
		if f.start > 0 && row.Raw[f.start-1] == '"' && r.Quote == '"' {
			text = row.Raw[f.start-1 : f.end+1]
		}
		r.double.add(i, text, '"')
	}
}

// look counts what is in a field.
func (r *reading) look(c *csvFramer, row []byte, f csvField) {
	text := row[f.start:f.end]
	if f.start > 0 && row[f.start-1] == c.quote() {
		r.quoted++
		r.within += boolInt(c.odd != nil && c.odd.Escape != None && bytes.Contains(text, []byte{c.odd.Escape, c.quote()}))
		r.begins += boolInt(c.quote() == '"')
		switch {
		case bytes.IndexByte(text, c.delimiter) >= 0, bytes.ContainsAny(text, "\r\n"), f.escaped, bytes.IndexByte(text, c.quote()) >= 0:
			r.need++
		case bytes.ContainsAny(text, ",;'\\") || len(bytes.TrimSpace(text)) != len(text):
			r.soft++
		}
	} else if at := bytes.IndexByte(text, '"'); at == 0 {
		r.begins++
	} else if at > 0 {
		r.middle++
	}
	r.strict += boolInt(strictlyEscaped(text, c.delimiter))
	switch slash := bytes.IndexByte(row[f.start:f.end], '\\'); {
	case f.start+2 <= len(row) && f.start == f.end && row[f.start] == '\\' && row[f.start+1] == 'N', string(text) == `\N`:
		r.nulls++
	case slash < 0:
	case paired(text):
		r.escaped++
	default:
		r.loose++
	}
}

// paired reports whether each backslash is before a character that it can escape.
func paired(text []byte) bool {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		if i++; i == len(text) || bytes.IndexByte([]byte("\\\"'tnrbfv0Z,;|\t\r\n\x01"), text[i]) < 0 {
			return false
		}
	}
	return true
}

// strictlyEscaped reports whether a field has backslashes, and each is before a character that a writer has to escape: a backslash, a quote, a
// delimiter, or a line end.
func strictlyEscaped(text []byte, delimiter byte) bool {
	some := false
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		some = true
		if i++; i < len(text) && bytes.IndexByte([]byte{'\\', '"', '\'', '\r', '\n', delimiter}, text[i]) < 0 {
			return false
		}
	}
	return some
}

// doublesApostrophes reports whether a field is between apostrophes and all other apostrophes in it are doubled.
func doublesApostrophes(text []byte) bool {
	if len(text) < 4 || text[0] != '\'' || text[len(text)-1] != '\'' {
		return false
	}
	inner := text[1 : len(text)-1]
	n := bytes.Count(inner, []byte{'\''})
	return n > 0 && n == 2*bytes.Count(inner, []byte("''"))
}
