package source

import (
	"bytes"
	"strings"
)

// quotes returns the reading with this delimiter and with the quotes, escapes and line ends that the sample shows. If it shows several, it returns
// one of them and an error.
func (s *detector) quotes(delimiter byte) (*reading, error) {
	r, err := s.quoted(delimiter)
	if r != nil {
		return r, err
	}
	d := Dialect{Delimiter: delimiter, Quote: '"', Escape: None}
	d.LineEnd = s.lineEnds(d)
	if r = s.read(d); r.columns < 2 {
		r = s.read(d.with(None, None))
	}
	return r, err
}

func (s *detector) quoted(delimiter byte) (*reading, error) {
	d := Dialect{Delimiter: delimiter, Quote: '"', Escape: None, LineEnd: LineEndLF}
	if s.cfg.Quote != 0 {
		d.Quote = s.cfg.Quote
	}
	if s.cfg.Escape != 0 {
		d.Escape = s.cfg.Escape
	}
	d.LineEnd = s.lineEnds(d)
	var r *reading
	var err error
	switch {
	case s.cfg.Quote != 0 && s.cfg.Escape != 0:
		return s.read(d), nil
	case s.cfg.Quote != 0:
		return s.escapes(s.read(d), false)
	case delimiter == '\t' || delimiter < ' ':
		r, err = s.textQuotes(d)
	default:
		r, err = s.usualQuotes(d)
	}
	if err == nil && r.Quote != '\'' && r.doubles > 0 {
		if in := s.read(d.with('\'', d.Escape)); in.clean() && in.rows > 0 {
			return nil, refuse(r.line, sayApostrophes, "%s between apostrophes contain doubled apostrophes", count(r.doubles, "field"))
		}
	}
	if err != nil || s.cfg.Escape != 0 {
		return r, err
	}
	if r, err = s.escapes(r, r.Quote != d.Quote); err == nil && r.Escape != None {
		err = s.otherQuotes(r)
	}
	return r, err
}

// otherQuotes returns an error if other quotes fit the sample too. It is for samples in which a backslash escapes.
func (s *detector) otherQuotes(r *reading) error {
	through, _ := r.double.throughout()
	if s.cfg.Quote != 0 || r.within > 0 || through && r.Quote == '"' {
		return nil
	}
	for _, quote := range []byte{None, '"', '\''} {
		if o := s.read(r.with(quote, r.Escape)); quote != r.Quote && o.clean() && o.rows > 0 && o.quoted+r.quoted > 0 {
			return refuse(r.line, "use --quote none if quotes are text, or --quote '\"' or --quote \"'\" if they enclose fields", "a backslash escapes here, and it is not clear what quotes are")
		}
	}
	return nil
}

func (d Dialect) with(quote, escape byte) Dialect {
	d.Quote, d.Escape = quote, escape
	return d
}

// usualQuotes decides for a file whose quotes probably enclose fields.
func (s *detector) usualQuotes(d Dialect) (*reading, error) {
	q := s.read(d)
	if r, err := s.apostrophes(d, q); r != nil || err != nil {
		return r, err
	}
	if q.clean() {
		return q, nil
	}
	if e := s.read(d.with('"', '\\')); d.Escape == None && s.cfg.Escape == 0 && bytes.Contains(s.sample, []byte(`\"`)) && e.fault == nil && 2*e.bad <= q.bad && e.rows > 0 {
		return e, nil
	}
	if q.fault != nil || q.begins > 0 || d.Delimiter == ',' || d.Delimiter == ';' {
		return q, nil // spreadsheets write such files, and they quote correctly
	}
	t := s.read(d.with(Unseen, d.Escape))
	if t.columns > 1 && t.clean() && t.rows > 0 && t.begins == 0 && t.middle > 0 {
		s.quotesAreText(t)
		return t, nil
	}
	return q, nil
}

func (s *detector) quotesAreText(r *reading) {
	s.show("Quotes are text: %s fit the header if they are, and the row on line %d does not if they enclose fields", count(r.rows-r.bad, "row"), s.read(r.with('"', r.Escape)).badLine)
}

const sayQuotes = `use --quote none if quotes are text, or --quote '"' if they enclose fields`

// textQuotes decides for a file whose quotes may well be text.
func (s *detector) textQuotes(d Dialect) (*reading, error) {
	t := s.read(d.with(None, d.Escape))
	if t.begins == 0 && (t.clean() || !s.beginsField('"')) {
		if r, err := s.apostrophes(d, t); r != nil || err != nil {
			return r, err
		}
		return s.read(d.with(Unseen, d.Escape)), nil
	}
	q := s.read(d)
	if s.cfg.Escape == 0 && bytes.Contains(s.sample, []byte(`\"`)) && !q.clean() {
		if e := s.read(d.with('"', '\\')); e.clean() && e.rows > 0 && (!t.clean() || e.need > 0) {
			return e, nil
		}
	}
	all, rows := q.double.throughout()
	all = all && (rows > 1 || q.quoted > 0 && s.headerQuoted(q))
	switch {
	case q.clean() && (all || !t.clean() || q.need > 0 && q.quoted == q.need):
		s.show("Quotes enclose fields: %s are in quotes, and %s would be split without them", count(q.quoted, "field"), count(q.need, "field"))
		return q, nil
	case t.clean() && !q.clean() && (q.need == 0 || t.double.one > 0 && !all):
		s.quotesAreText(t)
		return t, nil
	case t.clean() && q.clean() && q.need == 0 && q.soft == 0 && q.rows > 1:
		s.show("Quotes are text: %s of %s begin and end with one, and none of them would need it", plainCount(q.quoted), count(q.rows, "row"))
		return t, nil
	}
	line := q.badLine
	if line == 0 {
		line = t.badLine
	}
	return nil, refuse(line, sayQuotes, "it is not clear whether quotes are text: %s begin with one", count(t.begins, "field"))
}

func plainCount(n int) string { return strings.TrimSuffix(count(n, ""), " ") }

// headerQuoted reports whether the names in the header are in quotes.
func (s *detector) headerQuoted(r *reading) bool {
	head := s.firstLine()
	return len(head) > 0 && head[0] == '"' && head[len(head)-1] == '"' && bytes.Count(head, []byte{'"'}) >= 2*r.columns
}

// beginsField reports whether the character occurs at a place where a field can begin.
func (s *detector) beginsField(c byte) bool {
	for i := 1; i < len(s.sample); i++ {
		if s.sample[i] == c && strings.IndexByte("\r\n"+strong, s.sample[i-1]) >= 0 {
			return true
		}
	}
	return false
}

const sayApostrophes = "use --quote \"'\" if apostrophes enclose fields, --quote '\"' if they are text"

// apostrophes returns the reading in which apostrophes enclose fields, if they do.
func (s *detector) apostrophes(d Dialect, q *reading) (*reading, error) {
	if q.wrapped != "" && q.wrapped != "'" && q.columns > 1 {
		return nil, refuse(q.line, "use --quote '"+q.wrapped+"' if it encloses fields, --quote '\"' if it does not", "the names in the header are between two characters %s", q.wrapped)
	}
	all := q.wrapped == "'"
	some := q.single.some()
	if !all && some == 0 && (q.clean() || !s.beginsField('\'')) {
		return nil, nil
	}
	r := s.read(d.with('\'', d.Escape))
	if e := s.read(d.with('\'', '\\')); s.cfg.Escape == 0 && !r.clean() && e.clean() && bytes.Contains(s.sample, []byte(`\'`)) {
		r = e
	}
	through, rows := q.single.throughout()
	switch {
	case r.clean() && r.rows > 0 && r.quoted > 0 && (all || !q.clean() || through && rows > 2):
		s.show("Apostrophes enclose fields: %s are between two of them", count(r.quoted, "field"))
		return r, nil
	case all:
		return nil, refuse(q.line, sayApostrophes, "all names in the header begin and end with an apostrophe, and the rows do not fit that")
	case q.clean() && some > 0:
		return nil, refuse(q.line, sayApostrophes, "all fields of a column begin and end with an apostrophe")
	}
	return nil, nil
}

const sayEscape = `use --escape '\' if the backslash escapes, --escape none if it is text`

// escapes returns the reading with a backslash that escapes, if the sample shows that it does. without says that quotes are text in the sample, or
// that it does not show what they are.
func (s *detector) escapes(r *reading, without bool) (*reading, error) {
	if r.Escape != None || r.fault != nil {
		if r.Escape != None && r.escaped+r.nulls > 0 {
			s.show("A backslash escapes the next character: %s have one", count(r.escaped+r.nulls, "field"))
		}
		return r, nil
	}
	d := r.Dialect
	if d.Quote == Unseen {
		d.Quote = None
	}
	d.Escape = '\\'
	if bytes.IndexByte(s.sample, '\\') < 0 {
		return r, nil
	}
	e := s.read(d)
	none := s.read(d.with(None, '\\'))
	switch {
	case r.nulls > 0 && e.bad <= r.bad && (r.Quote >= Unseen || r.escaped+r.loose == 0):
		s.show(`A backslash escapes the next character: \N means null in %s`, count(r.nulls, "field"))
		return e, nil
	case r.nulls > 0:
		return nil, refuse(r.line, sayEscape, `\N is in %s, and other backslashes are elsewhere`, count(r.nulls, "field"))
	case !r.clean() && e.clean() && e.rows > 0:
		s.show("A backslash escapes the next character: %s fit the header if it does", count(e.rows, "row"))
		return e, nil
	case !r.clean() && r.begins == 0 && none.clean() && none.rows > 0 && s.cfg.Quote == 0 && none.columns > 1 && !s.read(d.with(None, None)).clean():
		s.show("A backslash escapes the next character, and quotes are text: %s fit the header", count(none.rows, "row"))
		return none, nil
	case r.Quote >= Unseen && r.escaped > 0 && r.loose == 0 && r.bad == 0 && e.clean():
		if bytes.Contains(s.sample, []byte(`\"`)) || bytes.Contains(s.sample, append([]byte{'\\'}, r.Delimiter)) {
			s.show("A backslash escapes the next character: it does so in all of %s", count(r.escaped, "field"))
			return e, nil
		}
		return nil, refuse(r.line, sayEscape, "each backslash in %s is at a place where it could escape the next character", count(r.escaped, "field"))
	case !r.clean() && s.escapedClean(d):
		return nil, refuse(r.badLine, sayEscape+", and what quotes are, such as --quote none", "a row does not fit the header, but all rows do if a backslash escapes the next character")
	case r.strict > 0 && r.strict == r.escaped+r.loose && (!r.clean() || s.escapedClean(d)):
		return nil, refuse(r.line, sayEscape, "each backslash in %s is at a place where a writer would escape the next character", count(r.strict, "field"))
	}
	return r, nil
}

// escapedClean reports whether the sample can be read with this escape, with any quote.
func (s *detector) escapedClean(d Dialect) bool {
	for _, quote := range []byte{d.Quote, None, '"', '\''} {
		if r := s.read(d.with(quote, d.Escape)); r.clean() && r.rows > 0 && (s.cfg.Quote == 0 || quote == d.Quote) {
			return true
		}
	}
	return false
}
