package source

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// DetectDialect finds the dialect of delimited text that begins with the sample. The sample is UTF-8 without a byte order mark; whole says that it is
// the entire text. Whatever cfg gives is kept. A Delimiter of 0 is detected; it is a comma if the sample shows none. A *FormatError says that several
// dialects fit the sample, or none, and which flag decides.
func DetectDialect(sample []byte, whole bool, cfg Config) (Detection, error) {
	return detectDialect(sample, whole, cfg, ',', 1)
}

func detectDialect(sample []byte, whole bool, cfg Config, usual byte, line int64) (Detection, error) {
	if len(sample) > sampleBytes {
		sample, whole = sample[:sampleBytes], false
	}
	limit := cfg.MaxRowBytes
	if limit == 0 {
		limit = DefaultMaxRowBytes
	}
	s := &detector{sample: sample, whole: whole, cfg: cfg, limit: limit, line: line, readings: make(map[Dialect]*reading)}
	s.Detection.SkipLines, s.Detection.Encoding = cfg.SkipLines, cfg.Encoding
	if err := s.sepLine(); err != nil {
		return s.Detection, err
	}
	r, err := s.delimiter(usual)
	if err == nil {
		err = s.titles(r)
	}
	if err != nil {
		return s.Detection, err
	}
	skip, encoding := s.Detection.SkipLines, s.Detection.Encoding
	s.Dialect, s.Rows, s.Bad = r.Dialect, r.rows, r.bad
	s.Detection.SkipLines, s.Detection.Encoding = skip, encoding
	if r.Delimiter != ',' && s.cfg.Delimiter == 0 {
		s.show("%s separates the fields: %s have %s, like the header", charName(r.Delimiter), count(r.rows-r.bad, "row"), count(r.columns, "field"))
	}
	return s.Detection, nil
}

// detector detects the dialect of an input from its beginning.
type detector struct {
	sample   []byte
	whole    bool
	cfg      Config
	limit    int
	line     int64 // of the first byte of the sample
	readings map[Dialect]*reading
	Detection
}

// refuse returns why the sample cannot be read without a decision of the user.
func refuse(line int64, hint, format string, args ...any) *FormatError {
	return &FormatError{Line: line, Problem: fmt.Sprintf(format, args...), Hint: hint}
}

var sepLine = regexp.MustCompile(`(?i)^"?sep=([^"\r\n]+)"?[,;\t]*(\r\n|\n|\r)`)

// sepLine applies a first line that names the delimiter, as Excel does.
func (s *detector) sepLine() error {
	m := sepLine.FindSubmatch(s.sample[:min(len(s.sample), 64)])
	if m == nil || s.cfg.SkipLines > 0 || s.cfg.Columns != nil {
		return nil
	}
	if d := string(m[1]); s.cfg.Delimiter == 0 {
		if !delimits(d) {
			return refuse(1, "write the file again with another delimiter", "sep= says that %q separates the fields, but a delimiter must be one ASCII character", d)
		}
		s.cfg.Delimiter = d[0]
		s.show("Line 1 says that %s separates the fields", charName(d[0]))
	}
	s.sample, s.line = s.sample[len(m[0]):], s.line+1
	s.Detection.SkipLines++
	return nil
}

// strong are characters that separate fields in many files. weak are characters that do so in some files, and that also occur in many names.
const (
	strong = ",;\t|\x01\x1f\x1e\x02^~"
	weak   = ":#!*"
)

// delimiter returns the reading with the delimiter that the sample shows.
func (s *detector) delimiter(usual byte) (*reading, error) {
	if s.cfg.Delimiter != 0 {
		return s.quotes(s.cfg.Delimiter)
	}
	first, err := s.quotes(usual)
	unclear := make(map[*reading]bool)
	head := s.firstLine()
	var others []*reading
	for _, d := range []byte(strong + weak) {
		if d == usual || bytes.IndexByte(head, d) < 0 || bytes.IndexByte([]byte(weak), d) >= 0 && (first.columns > 1 || s.cfg.Columns != nil) {
			continue
		}
		if r, err := s.quotes(d); r.columns > 1 && r.fault == nil {
			others = append(others, r)
			unclear[r] = err != nil
		}
	}
	if err := s.longDelimiter(head, first, others); err != nil {
		return nil, err
	}
	fitting := slices.DeleteFunc(slices.Clone(others), func(r *reading) bool { return !r.fits() && !unclear[r] })
	slices.SortStableFunc(fitting, func(a, b *reading) int { return b.columns - a.columns })
	flags := func(rs ...*reading) string {
		var all []string
		for _, r := range rs {
			all = append(all, "--delimiter "+flagText(r.Delimiter))
		}
		return "use " + strings.Join(all, " or ")
	}
	if first.columns > 1 && first.fault == nil {
		switch {
		case len(fitting) > 0 && fitting[0].rows > 0 && fitting[0].clean() && first.clean() && fitting[0].columns >= first.columns:
			return nil, refuse(first.line, flags(first, fitting[0]), "the header and the rows have %s if %s separates them, and %s if %s does",
				count(first.columns, "field"), charName(first.Delimiter), count(fitting[0].columns, "field"), charName(fitting[0].Delimiter))
		case len(fitting) > 0 && fitting[0].rows > 0 && fitting[0].clean() && !first.fits() && (len(fitting) == 1 || !fitting[1].clean()):
			return s.quotes(fitting[0].Delimiter)
		}
		return first, err
	}
	alone := headerAlone(others)
	switch {
	case s.whole && alone != nil && first.fault == nil && first.rows == 0:
		return alone, nil
	case len(others) == 0 || others[0].rows == 0:
		return first, err // without a row a header shows nothing about itself
	case len(fitting) == 0:
		r := others[0]
		hint := fmt.Sprintf("if %s separates them, use --delimiter %s, and such rows are rejected; otherwise use --delimiter %s", charName(r.Delimiter), flagText(r.Delimiter), flagText(first.Delimiter))
		return nil, refuse(r.line, hint, "the header has %s if %s separates them, but %s", count(r.columns, "field"), charName(r.Delimiter), r.badRow())
	case len(fitting) > 1 && fitting[0].rows > 0 && fitting[1].clean() == fitting[0].clean() && fitting[0].columns < 2*fitting[1].columns:
		return nil, refuse(fitting[0].line, flags(fitting[0], fitting[1]), "the header and the rows have %s if %s separates them, and %s if %s does",
			count(fitting[0].columns, "field"), charName(fitting[0].Delimiter), count(fitting[1].columns, "field"), charName(fitting[1].Delimiter))
	case strings.IndexByte(weak, fitting[0].Delimiter) >= 0:
		return nil, refuse(fitting[0].line, flags(fitting[0], first), "the header has one column, or %d if %s separates them", fitting[0].columns, charName(fitting[0].Delimiter))
	}
	return s.quotes(fitting[0].Delimiter)
}

// badRow says what is wrong with the first bad row.
func (r *reading) badRow() string {
	if r.badWide > 0 {
		return fmt.Sprintf("the row on line %d has %s", r.badLine, count(r.badWide, "field"))
	}
	return fmt.Sprintf("the row on line %d cannot be read then (%s)", r.badLine, r.badRule)
}

// firstLine is the first line that is not blank.
func (s *detector) firstLine() []byte {
	rest := bytes.TrimLeft(s.sample, "\r\n")
	if end := bytes.IndexAny(rest, "\r\n"); end >= 0 {
		return rest[:end]
	}
	return rest
}

var longDelimiters = []string{"|~|", "~|~", "^|^", "|^|", "|*|", "#|#", "||", "~~", "^^", "::", ";;", "@@", "##", "$$", "%%", "\t\t", "¦", "§", "¬", "·", "‖", "þ", "\u0080"}

// longDelimiter returns an error if a delimiter is not a single ASCII character.
func (s *detector) longDelimiter(head []byte, first *reading, others []*reading) error {
	all := append([]*reading{first}, others...)
	for _, d := range longDelimiters {
		parts := strings.Split(string(head), d)
		if len(parts) < 2 || slices.ContainsFunc(parts, func(p string) bool { return strings.TrimSpace(p) == "" }) {
			continue
		}
		single := false // a single character separates the names of all columns
		for _, r := range all {
			single = single || r.columns > len(parts)-1 && r.columns > 1 && !slices.Contains(r.header, "")
		}
		if single {
			continue
		}
		return refuse(first.line, "write the file again with another delimiter, or replace this one", "%q seems to separate the fields, but a delimiter must be one ASCII character", d)
	}
	return nil
}

// titles returns an error if the header of the sample is below other lines.
func (s *detector) titles(r *reading) error {
	if s.cfg.Columns != nil {
		return nil
	}
	named := 0
	for _, name := range r.header {
		named += boolInt(strings.TrimSpace(name) != "")
	}
	if r.fault == nil && r.columns > 1 && r.clean() && named > 1 {
		return nil
	}
	candidates := []byte{r.Delimiter}
	if s.cfg.Delimiter == 0 && r.columns == 1 {
		candidates = append(candidates, strong...)
	}
	for _, d := range candidates {
		if line := s.headerBelow(d); line > 0 {
			skip := line - s.line + int64(s.Detection.SkipLines)
			err := refuse(line, fmt.Sprintf("if line %d is the header, use --skip-rows %d; if not, name the columns with --columns", line, skip),
				"the names of the columns seem to be on this line, below other lines")
			err.Flag, err.Value = "skip-rows", strconv.FormatInt(skip, 10)
			return err
		}
	}
	return nil
}

// headerBelow returns the line of a header that follows lines of one field, 0 if there is none.
func (s *detector) headerBelow(delimiter byte) int64 {
	d := Dialect{Delimiter: delimiter, Quote: '"', Escape: None, LineEnd: LineEndLF}
	c := &csvFramer{delimiter: delimiter, limit: s.limit, line: s.line}
	if s.lineEnds(d) == LineEndAny {
		d.LineEnd = LineEndAny
		c.odd = &d
	}
	const most = 20 // lines above a header
	above, below, width := 0, 0, 0
	line := int64(0)
	data := s.sample
	for len(data) > 0 && below < 3 && above < most {
		row, n, state := c.record(data, s.whole)
		if state == wanting {
			break
		}
		at := c.line
		c.line += c.lines(data[:n])
		data = data[n:]
		if state == skipped {
			continue
		}
		if row.Err != nil {
			return 0
		}
		filled := 0
		for _, f := range c.fields {
			filled += boolInt(len(bytes.TrimSpace(row.Raw[f.start:f.end])) > 0)
		}
		switch {
		case below == 0 && filled <= 1:
			above++
		case below == 0:
			if !headerLike(c, row.Raw) {
				return 0
			}
			line, width = at, len(c.fields)
			below++
		case len(c.fields) == width:
			below++
		default:
			return 0
		}
	}
	if above == 0 || below < 2 {
		return 0
	}
	return line
}

// headerLike reports whether all fields of a row could be names.
func headerLike(c *csvFramer, row []byte) bool {
	seen := make(map[string]bool)
	for _, f := range c.fields {
		text := fold(c.textOf(row, f))
		if seen[text] || !nameLike(text) {
			return false
		}
		seen[text] = true
	}
	return true
}

// lineEnds returns what ends lines.
func (s *detector) lineEnds(d Dialect) LineEnd {
	if s.cfg.LineEnd != "" {
		return s.cfg.LineEnd
	}
	if first := bytes.IndexAny(s.sample, "\r\n"); first >= 0 && s.sample[first] == '\r' && first+1 < len(s.sample) && s.sample[first+1] != '\n' && bytes.Count(s.sample[:first], []byte{'"'})%2 == 0 {
		return LineEndAny // the name of a column never contains a CR
	}
	bare := bytes.Count(s.sample, []byte{'\r'}) - bytes.Count(s.sample, []byte("\r\n"))
	if bare == 0 || bare == 1 && bytes.HasSuffix(s.sample, []byte{'\r'}) && !s.whole {
		return LineEndLF
	}
	lf := s.read(d)
	d.LineEnd = LineEndAny
	any := s.read(d)
	inRuns := bytes.Count(s.sample, []byte("\r\r\n"))
	alone := !bytes.Contains(bytes.ReplaceAll(s.sample, []byte("\r\n"), nil), newline) && bytes.Count(s.sample, []byte("\r\n")) == 0
	switch {
	case alone && any.rows > 0, any.fault == nil && any.rows > 0 && inRuns == bare && lf.bad+boolInt(lf.fault != nil) > 0,
		any.clean() && any.rows > 0 && any.columns > 1 && !lf.clean():
		return LineEndAny
	}
	return LineEndLF
}
