package mapping

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
)

// Causes are the cells because of which rows were rejected, by rule and column: cells that could not be converted. They are somebody's data and stay
// in memory.
type Causes []*cause

type cause struct {
	rule, column string
	count        int64
	cells        []string // the first ones
}

// These limits bound the memory of causes. A cell of a reject has at most 256 bytes.
const (
	maxCauses     = 20
	maxCauseCells = 300
)

// hintedRules are the rules for cells that another expression, or a flag, may convert.
var hintedRules = []string{RuleNotAnInteger, RuleNotANumber, RuleNotADate, RuleNotABoolean}

// Add records a value of a column that broke a rule. It ignores values of columns without a name, and rules that no expression can satisfy.
func (c *Causes) Add(rule, column, value string) {
	if column == "" || !slices.Contains(hintedRules, rule) {
		return
	}
	i := slices.IndexFunc(*c, func(have *cause) bool { return have.rule == rule && have.column == column })
	if i < 0 {
		if i = len(*c); i == maxCauses {
			return
		}
		*c = append(*c, &cause{rule: rule, column: column})
	}
	at := (*c)[i]
	if at.count++; len(at.cells) < maxCauseCells {
		var unquoted string
		if strings.HasPrefix(value, `"`) && json.Unmarshal([]byte(value), &unquoted) == nil {
			value = unquoted
		}
		at.cells = append(at.cells, value)
	}
}

// Hints say, for this many rows, what the rejected cells look like and which expression would read them. comma says that the load reads numbers with
// a comma. They contain no value, except words that mean "no value", true or false.
func (c Causes) Hints(rows int64, comma bool) []string { return c.HintsFor(nil, rows, comma) }

// HintsFor is Hints for rows of this mapping. If some of the rows have another layout than the mapping gives for their column, the hint contains the
// expression that reads them and the other rows.
func (c Causes) HintsFor(m *Mapping, rows int64, comma bool) (list []string) {
	for _, at := range c {
		if h := at.hint(m, rows, comma); h != "" {
			list = append(list, h)
		}
	}
	return list
}

// hint says what the cells look like and what reads them; it is empty if that is not clear. It names a layout only if at least one row in twenty
// needs it: if only a few do, the mapping may be right and the cells wrong.
func (c *cause) hint(m *Mapping, rows int64, comma bool) string {
	name := "value"
	if c.rule == RuleNotADate {
		name = "date" // the rule shows it, whatever the name of the column is
	}
	p := source.JudgeCells(name, c.cells)
	p.Name = c.column
	var parts []string
	if p.Looks != source.LooksText && len(p.NullWords) > 0 {
		var words, quoted []string
		for _, n := range p.NullWords {
			words, quoted = append(words, strings.TrimSpace(n.Word)), append(quoted, quotedYAML(n.Word))
		}
		looks := "the cells"
		if p.Looks != source.LooksEmpty {
			looks = "some cells"
		}
		parts = append(parts, looks+" are "+strings.Join(words, ", ")+", which may mean \"no value\": null_words: {"+quotedYAML(c.column)+": ["+strings.Join(quoted, ", ")+"]}")
	}
	const oneIn = 20
	if c.count*oneIn >= rows {
		if s := c.mend(p, m, c.count*2 < rows, comma); s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "; ")
}

// mend says what the cells look like and which expression reads them. If few rows have them, it must read the other rows too.
func (c *cause) mend(p source.ColumnProfile, m *Mapping, few, comma bool) string {
	used, _ := m.callOf(c.column)
	w := &proposer{comma: comma, reads: used}
	looks, call := "", w.converted(p)
	date := c.rule == RuleNotADate
	if call != "" && !c.reads(p, call, comma) {
		return ""
	}
	switch p.Looks {
	case source.LooksDate:
		if !date || len(p.Layouts) == 0 {
			return ""
		}
		var layouts []string
		for _, l := range p.Layouts {
			layouts = append(layouts, source.HumanLayout(l))
		}
		looks = strings.Join(layouts, " and ")
	case source.LooksUnix:
		looks = "seconds since 1970"
	case source.LooksUnixMilli:
		looks = "milliseconds since 1970"
	case source.LooksUnixMicro:
		looks = "microseconds since 1970"
	case source.LooksSerial:
		looks = "days as spreadsheets count them"
	case source.LooksBoolean:
		if c.rule != RuleNotABoolean {
			return ""
		}
		looks = strings.Join(slices.Concat(spellings(p.True), spellings(p.False)), " and ")
	case source.LooksNumber:
		if date || c.rule == RuleNotABoolean {
			return ""
		}
		if looks = strings.Join(p.Layouts, " and "); looks == "" {
			looks = map[bool]string{true: "1234,5", false: "1234.5"}[p.Comma]
		}
	case source.LooksText:
		return c.choices(p, w)
	}
	if looks == "" || call == "" {
		return ""
	}
	both, mix := "", true
	if few {
		if both, mix = c.further(p, m, comma); both != "" {
			return "some cells look like " + looks + ": =" + both + " reads these and the other rows; the first layout that fits a cell counts"
		}
	}
	if few && c.rule == RuleNotANumber && p.Looks == source.LooksNumber && p.Layouts == nil {
		call = w.chosen(p, looks) // the other rows have another layout
	}
	s := "the cells look like " + looks + ": =" + call
	if used == converterInt && p.Looks == source.LooksNumber {
		s += ", because int reads no decimals"
	}
	switch {
	case p.Zoneless:
		s += `; add the time zone, such as "Europe/Berlin", unless time_zone gives it; otherwise the time is read as UTC`
	case p.Looks == source.LooksDate:
		s += "; keep the time zone if the mapping has one"
	case p.Comma && p.Layouts == nil && !comma:
		s += ", or load with --decimal-comma if all numbers have a comma"
	}
	switch {
	case few && (p.Looks == source.LooksBoolean || !mix):
		s += "; it does not read the other rows"
	case few && p.Looks == source.LooksDate:
		s += `; give the layouts of the other rows in the same call, as in date(column, "2006-01-02", "02.01.2006")`
	case few:
		s += "; give the layouts of the other rows in the same call"
	}
	return s
}

// further returns the call of the mapping for the column with the layouts of the cells added, empty if the mapping has no such call or several.
// Layouts are tried in their order, so that the rows that the mapping reads keep their values. mix is false if the layouts contradict each other.
func (c *cause) further(p source.ColumnProfile, m *Mapping, comma bool) (text string, mix bool) {
	call, layouts := m.callOf(c.column)
	added := p.Layouts
	switch {
	case p.Looks == source.LooksUnix, p.Looks == source.LooksUnixMilli, p.Looks == source.LooksUnixMicro, p.Looks == source.LooksSerial:
		added = []string{string(p.Looks)}
	case p.Looks == source.LooksNumber && p.Layouts == nil:
		added = []string{map[bool]string{true: "1234,5", false: "1234.5"}[p.Comma]}
	}
	switch {
	case call == converterDate && c.rule == RuleNotADate:
		if layouts == nil {
			return "", true // it reads several forms, and nothing shows which of them the other rows have
		}
		have, _, _ := parseDateRule(layouts)
		more, _, _ := parseDateRule(added)
		if problem, _ := contradict(have.layouts, more.layouts); problem != "" {
			return "", false
		}
	case p.Looks != source.LooksNumber || call != converterFloat && call != converterDecimal:
		return "", true
	case layouts == nil:
		layouts = []string{map[bool]string{true: "1234,5", false: "1234.5"}[comma]}
	}
	all := slices.Clone(layouts)
	for _, l := range added {
		if !slices.Contains(all, l) {
			all = append(all, l)
		}
	}
	text = converterNames[call] + "(" + columnExpression(c.column) + quotedList(all) + ")"
	if !c.reads(p, text, comma) {
		return "", true
	}
	return text, true
}

// callOf returns the converter that the mapping applies to a column, and the texts that it gives it. It returns converterNone if there is none, or if
// there are different ones.
func (m *Mapping) callOf(column string) (call converter, texts []string) {
	if m == nil {
		return converterNone, nil
	}
	var of *expression
	differ := false
	var walk func(s *spec)
	walk = func(s *spec) {
		if e := s.expr; e != nil && e.simple && e.converter != converterNone && e.columns[0] == column {
			differ = differ || of != nil && of.source != e.source
			of = e
		}
		for _, item := range s.items {
			walk(item)
		}
	}
	for _, message := range m.messages {
		for _, s := range message.specs() {
			walk(s)
		}
		for _, property := range message.properties {
			walk(property.value)
		}
	}
	if of == nil || differ {
		return converterNone, nil
	}
	return of.converter, of.texts
}

// reads reports whether an expression reads most of the cells, apart from words that mean "no value". If the mapping already has this expression, it
// does not: these are the cells that it rejected.
func (c *cause) reads(p source.ColumnProfile, call string, comma bool) bool {
	m, err := Parse("hint", []byte("messages:\n  - identify: {userId: x, traits: {v: "+quotedYAML("="+call)+"}}\n"))
	if err != nil {
		return false
	}
	compiled, err := m.Compile([]source.Column{{Name: c.column}}, comma)
	if err != nil {
		return false
	}
	mapper, read := NewMapper(compiled, cio.Encode), 0
	for _, cell := range c.cells {
		row := source.Row{Cells: []source.Cell{{Kind: source.KindText, Bytes: []byte(cell)}}}
		if cell == "" {
			row.Cells[0] = source.Cell{}
		}
		if _, bad := mapper.Map(&row, 0); bad == nil {
			read++
		}
	}
	others := len(c.cells)
	for _, n := range p.NullWords {
		others -= int(n.Count)
	}
	return read > 0 && read*2 >= others
}

// choices names the layouts between which nothing decides.
func (c *cause) choices(p source.ColumnProfile, w *proposer) string {
	date := c.rule == RuleNotADate
	var calls []string
	for _, l := range p.Choices {
		if strings.Contains(l, "06") != date || c.rule == RuleNotABoolean {
			return ""
		}
		calls = append(calls, "="+w.chosen(p, l))
	}
	if calls == nil {
		return ""
	}
	return "the cells do not decide between " + strings.Join(calls, " and ")
}
