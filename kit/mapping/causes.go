package mapping

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
)

// Causes are the cells that rows were rejected for because they do not convert, by rule and column. They are somebody's data and stay in memory.
type Causes []*cause

type cause struct {
	rule, column string
	count        int64
	cells        []string // the first of them
}

// What bounds the memory that causes take. A cell of a reject has 256 bytes at most.
const (
	maxCauses     = 20
	maxCauseCells = 300
)

// hintedRules are the rules of cells that another expression, or a flag, may convert.
var hintedRules = []string{RuleNotAnInteger, RuleNotANumber, RuleNotADate, RuleNotABoolean}

// Add notes a value of a column that a rule refused. Values of columns without a name, and rules that no expression mends, tell nothing.
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

// Hints say for so many rows what their cells look like and what would read them. comma says that the load reads numbers with a comma. They hold no
// value but words that stand for nothing, or for true and false.
func (c Causes) Hints(rows int64, comma bool) (list []string) {
	for _, at := range c {
		if h := at.hint(rows, comma); h != "" {
			list = append(list, h)
		}
	}
	return list
}

// hint says what the cells look like and what reads them, empty if that is not clear. A layout is named only where one row in twenty needs it: of
// a few the mapping may be right, and the cells wrong.
func (c *cause) hint(rows int64, comma bool) string {
	name := "value"
	if c.rule == RuleNotADate {
		name = "date" // the rule says it, whatever the column is called
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
		parts = append(parts, looks+" are "+strings.Join(words, ", ")+", which may stand for nothing: null_words: {"+quotedYAML(c.column)+": ["+strings.Join(quoted, ", ")+"]}")
	}
	const oneIn = 20
	if c.count*oneIn >= rows {
		if s := c.mend(p, comma); s != "" {
			if c.count*2 < rows {
				s += "; name it beside what reads the other rows"
			}
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "; ")
}

// mend says what the cells look like and the expression that reads them.
func (c *cause) mend(p source.ColumnProfile, comma bool) string {
	w := &proposer{comma: comma}
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
	s := "the cells look like " + looks + ": =" + call
	switch {
	case p.Zoneless:
		s += `; name the zone of the clock too, such as "Europe/Berlin", unless time_zone does, or it is read as UTC`
	case p.Looks == source.LooksDate:
		s += "; keep the zone if the mapping names one"
	case p.Comma && p.Layouts == nil && !comma:
		s += ", or load with --decimal-comma if all numbers have a comma"
	}
	return s
}

// reads reports whether an expression reads most of the cells but for words that stand for nothing. Where the mapping has the same expression, it
// has just refused them.
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

// choices names what nothing decides between.
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
