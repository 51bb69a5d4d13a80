package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/events"
	"github.com/ciokit/cio/kit/internal/spelling"
	"github.com/ciokit/cio/kit/source"
)

// Compiled is a mapping that is compiled for an input.
type Compiled struct {
	columns  []string // to be selected, in the order of their slots
	wholeRow bool     // a value uses all members of the row
	messages []*Message

	ids       *idRules
	nullWords nullWords
	// columnNulls are those of single columns. slotNulls are the same by slot.
	columnNulls []columnNull
	slotNulls   []nullWords
}

// Message makes one message for a row.
type Message struct {
	kind  *kind
	place int
	path  string // the beginning of a field's path in a reject

	when         scalar // nil: always
	whenOnKey    bool   // it reads a column of the userId
	verbatim     bool   // the event's name is sent unchanged
	defaults     []defaultCell
	texts        []textPlan
	timestamp    scalar
	body         value
	context      value
	integrations value
	id           scalar
	key          []scalar
	email        int // where the trait email of an identify comes from; see emailtrait.go

	columns map[string]string // of fields, by the name on the wire: the column of each
}

// textPlan is a text field.
type textPlan struct {
	field field
	value scalar
}

// defaultCell is the value for an empty cell.
type defaultCell struct {
	slot int
	cell source.Cell
}

// Compile checks the mapping against the columns of an input, nil if its rows name their own columns. decimalComma says that numbers have a comma
// before their decimals. The error is a *Error.
func (m *Mapping) Compile(columns []source.Column, decimalComma bool) (*Compiled, error) {
	c := &compilation{comma: decimalComma, zone: m.zone, columns: columns, kind: source.KindJSON, slots: make(map[string]int),
		ids: &idRules{words: m.idWords, verbatim: m.verbatimIDs, comma: decimalComma}}
	if columns != nil && !slices.ContainsFunc(columns, func(col source.Column) bool { return col.Kind != source.KindText }) {
		c.kind = source.KindText
	}
	p := &Compiled{columns: m.Columns(), ids: c.ids, nullWords: m.nullWords, columnNulls: m.columnNulls}
	c.plan = p
	for slot, name := range p.columns {
		c.slots[name] = slot
	}
	c.selected = &p.columns
	everything := false
	for _, msg := range m.messages {
		for _, s := range msg.specs() {
			s.walk(func(s *spec) { everything = everything || s.kind == specAll })
		}
	}
	p.wholeRow = everything && columns == nil
	if len(p.columns) == 0 && !everything {
		c.problem(position{}, "name a column, such as userId: $customer_id", "the mapping reads no column: every row would become the same messages")
	}
	for i, spec := range m.messages {
		msg := c.message(spec)
		msg.place = i
		if len(m.messages) > 1 {
			msg.path = fmt.Sprintf("messages[%d].", i)
		}
		p.messages = append(p.messages, msg)
	}
	p.slotNulls = c.slotNulls(m.columnNulls, p.wholeRow)
	if len(c.problems) == 0 {
		for i, spec := range m.messages {
			c.checkConstants(p, spec, p.messages[i])
		}
	}
	if len(c.problems) > 0 {
		return nil, &Error{Name: m.name, Problems: c.problems}
	}
	return p, nil
}

// compilation is a mapping that is being compiled.
type compilation struct {
	mappingReader // collects the problems
	columns       []source.Column
	times         map[string]int // how many columns have a name; nil until the first search
	kind          source.Kind
	slots         map[string]int
	nulls         []string // the columns of the current message whose empty cells are null
	sources       map[string]string
	selected      *[]string // the names of the slots
	ids           *idRules
	plan          *Compiled
	current       *kind                  // of the current message
	properties    map[*spec]events.Field // of the current message, if it is a semantic event

	comma        bool  // a comma is before decimals
	zone         *zone // of the whole mapping, nil for UTC
	interpretAll bool  // lets a test compare the results
}

func (c *compilation) message(m *messageSpec) *Message {
	out := &Message{kind: m.kind, verbatim: m.verbatim, columns: make(map[string]string)}
	c.nulls, c.sources = nil, out.columns
	c.current, c.properties = m.kind, propertiesOf(m)
	c.checkColumns(m)
	for _, n := range m.nulls {
		if c.checkNull(m, n) {
			c.nulls = append(c.nulls, n.column)
		}
	}
	for _, d := range m.defaults {
		if c.checkUsed(m, nullSpec{d.at, d.column}) {
			cell := source.Cell{Kind: c.kind, Bytes: []byte(d.value.text)}
			if c.kind == source.KindJSON {
				cell.Bytes = d.value.json
			}
			out.defaults = append(out.defaults, defaultCell{c.slots[d.column], cell})
		}
	}
	if m.when != nil {
		out.when = c.condition(m.when)
		if id := m.fields[fieldUserID]; id != nil {
			key := c.columnsOf(id)
			out.whenOnKey = slices.ContainsFunc(c.columnsOf(m.when), func(name string) bool { return slices.Contains(key, name) })
		}
	}
	for f, s := range m.fields {
		if s == nil {
			continue
		}
		name := fieldNames[f]
		switch f := field(f); f {
		case fieldTimestamp:
			out.timestamp = c.timestamp(s, name)
		case fieldMessageID:
			if s.kind != specList {
				out.id = c.identifier(s, name, false)
				break
			}
			for _, item := range s.items {
				out.key = append(out.key, c.identifier(item, name, true))
			}
		case fieldTraits, fieldProperties, fieldAttributes, fieldContext, fieldIntegrations:
			if s.kind == specColumn && c.kind == source.KindText {
				c.problem(s.at, "write names and values below it, such as plan: $plan", "%s must be an object, and a CSV column is text", name)
			}
			v := c.value(s, name)
			switch f {
			case fieldContext:
				out.context = v
			case fieldIntegrations:
				out.integrations = v
			default:
				out.body = v
			}
		default:
			if isIdentifierField(f) {
				out.texts = append(out.texts, textPlan{f, c.identifier(s, name, false)})
			} else {
				out.texts = append(out.texts, textPlan{f, c.scalar(s, name)})
			}
		}
	}
	if out.kind.typ == cio.TypeIdentify {
		out.findEmail()
	}
	return out
}

// checkNull reports whether the message has a value for which the column can be null.
func (c *compilation) checkNull(m *messageSpec, n nullSpec) bool {
	var names []string
	for _, f := range []field{fieldTraits, fieldProperties, fieldAttributes, fieldContext, fieldIntegrations} {
		if s := m.fields[f]; s != nil {
			names = append(names, c.columnsOf(s)...)
		}
	}
	return c.checkAmong(m, n, names)
}

// checkUsed reports whether the message reads the column.
func (c *compilation) checkUsed(m *messageSpec, n nullSpec) bool {
	var names []string
	for _, s := range m.specs() {
		names = append(names, c.columnsOf(s)...)
	}
	return c.checkAmong(m, n, names)
}

// columnsOf returns the columns that a value and those within it read.
func (c *compilation) columnsOf(s *spec) (names []string) {
	s.walk(func(s *spec) {
		names = append(names, s.columns()...)
		if s.kind == specAll {
			for _, col := range c.columns {
				names = append(names, col.Name)
			}
		}
	})
	return names
}

func (c *compilation) checkAmong(m *messageSpec, n nullSpec, names []string) bool {
	if slices.Contains(names, n.column) {
		if _, ok := c.slots[n.column]; !ok {
			c.add(n.column)
		}
		return true
	}
	hint := "remove it"
	if best := spelling.Nearest(n.column, names); best != "" {
		hint = "write " + best
	}
	c.problem(n.at, hint, "no value of this %s comes from the column %q", m.kind.name, n.column)
	return false
}

// add selects a further column.
func (c *compilation) add(name string) {
	c.slots[name] = len(*c.selected)
	*c.selected = append(*c.selected, name)
}

// slot returns the index of a column's cells. It reports a problem if the input has no such column.
func (c *compilation) slot(name string, where position) int {
	if c.columns == nil {
		return c.slots[name]
	}
	if c.times == nil {
		c.times = make(map[string]int, len(c.columns))
		for _, col := range c.columns {
			c.times[col.Name]++
		}
	}
	switch found := c.times[name]; {
	case found == 0:
		var names []string
		for _, col := range c.columns {
			names = append(names, col.Name)
		}
		hint := spelling.SuggestColumn(name, names)
		if len(names) == 1 && strings.ContainsAny(names[0], ",;\t|") {
			between := names[0][strings.IndexAny(names[0], ",;\t|")]
			hint = fmt.Sprintf("the header is a single column; if another character separates its names, use --delimiter %s", map[byte]string{',': "','", ';': "';'", '\t': `'\t'`, '|': "'|'"}[between])
		}
		c.problem(where, hint, "the input has no column %q", name)
	case found > 1:
		c.problem(where, "rename one in the file, or name all columns with --skip-rows 1 --columns '...'", "the input has %d columns named %q", found, name)
	}
	return c.slots[name]
}

// value compiles any value. path is the name of its field on the wire.
func (c *compilation) value(s *spec, path string) value {
	switch s.kind {
	case specObject:
		var o object
		for i, item := range s.items {
			if item.kind == specAll {
				c.all(&o, s, item, path)
				continue
			}
			key, _ := appendString(nil, []byte(s.keys[i]))
			o.names = append(o.names, s.keys[i])
			o.keys = append(o.keys, append(key, ':'))
			o.items = append(o.items, c.value(item, path+"."+s.keys[i]))
		}
		return o
	case specList:
		var l list
		for i, item := range s.items {
			l = append(l, c.value(item, fmt.Sprintf("%s[%d]", path, i)))
		}
		return l
	}
	v := c.asProperty(c.asReserved(c.scalar(s, path), s, path), s)
	var slots []int
	for _, name := range s.columns() {
		if slices.Contains(c.nulls, name) {
			slots = append(slots, c.slots[name])
		}
	}
	if slots != nil {
		return nullable{v, slots}
	}
	return v
}

// scalar compiles a value that is neither an object nor a list.
func (c *compilation) scalar(s *spec, path string) scalar {
	if columns := s.columns(); len(columns) > 0 {
		c.sources[path] = columns[0]
	}
	switch s.kind {
	case specColumn:
		return column{c.slot(s.text, s.at), s.text}
	case specExpression:
		return c.expression(s, path)
	}
	return literal{s.json, s.text}
}

// timestamp compiles the message's time.
func (c *compilation) timestamp(s *spec, path string) scalar {
	switch v := c.scalar(s, path).(type) {
	case column:
		return zoned{v, c.zone, path}
	case literal:
		t, err := c.zone.parse([]byte(v.str), nil)
		switch {
		case err != nil:
			c.problem(s.at, err.Hint, "timestamp must be a time")
		case t.warning == RuleTimeTwice:
			c.problem(s.at, "add its offset from UTC, such as +01:00", "this time occurred twice, because clocks were put back")
		}
		return moment{v, t.instant}
	default:
		return v
	}
}

// condition compiles the condition of a message.
func (c *compilation) condition(s *spec) scalar {
	if s.kind == specColumn && c.kind == source.KindText {
		c.problem(s.at, fmt.Sprintf(`compare it, such as when: =%s == "yes"`, s.text), "when is the column %q, which is text, not true or false", s.text)
		return literal{}
	}
	return c.scalar(s, "when")
}

func (c *compilation) expression(s *spec, path string) scalar {
	e := s.expr
	var slots []int
	before := len(c.problems)
	for _, name := range e.columns {
		if right := foreignConstants[name]; right != "" && c.columns != nil && !slices.ContainsFunc(c.columns, func(col source.Column) bool { return col.Name == name }) {
			c.problem(s.at, "write "+right, "the input has no column %q", name)
			continue
		}
		slots = append(slots, c.slot(name, s.at))
	}
	if len(c.problems) > before {
		return literal{}
	}
	if e.simple && !c.interpretAll {
		col := column{slots[0], e.columns[0]}
		if e.converter == converterNone {
			return col
		}
		date := e.date
		date.zone = date.within(c.zone)
		if date.zone == nil && date.pick != pickNone {
			c.problem(s.at, pickHint, "in UTC no time occurs twice")
		}
		return &conversion{column: col, converter: e.converter, date: date, numbers: e.numbers, words: e.words, comma: c.comma, path: path}
	}
	p, err := c.compileExpression(e, slots, path)
	if err != nil {
		c.problem(s.at, err.hint, "%s", err.what)
		return literal{}
	}
	name := ""
	if len(e.columns) > 0 {
		name = e.columns[0]
	}
	return computed{p, name, c.zone, path}
}
