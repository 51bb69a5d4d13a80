package mapping

import (
	"slices"

	"github.com/ciokit/cio/kit/internal/spelling"
	"github.com/ciokit/cio/kit/source"
)

// nullWords are the words that count as an empty cell.
type nullWords map[string]bool

// match reports whether a cell with a value is one of the words.
func (w nullWords) match(scratch []byte, c source.Cell) bool {
	text, _, err := plainText(scratch, c)
	return err == nil && w[string(text)]
}

// columnNull are the words that count as an empty cell in one column.
type columnNull struct {
	at     position
	column string
	words  nullWords
}

// slotNulls returns the words of single columns by slot, nil if there are none. A word for a column that the input does not have, or that the mapping
// does not read, is a problem.
func (c *compilation) slotNulls(list []columnNull, wholeRow bool) []nullWords {
	if list == nil {
		return nil
	}
	bySlot := make([]nullWords, len(*c.selected))
	var names []string
	for _, col := range c.columns {
		names = append(names, col.Name)
	}
	for _, n := range list {
		slot, ok := c.slots[n.column]
		switch {
		case ok:
			bySlot[slot] = n.words
		case c.columns != nil && !slices.Contains(names, n.column):
			c.problem(n.at, spelling.SuggestColumn(n.column, names), "the input has no column %q", n.column)
		case !wholeRow:
			c.problem(n.at, "remove it", "the mapping does not read the column %q", n.column)
		}
	}
	return bySlot
}

// dropNulls removes the words that mean "no value" from a row.
func (p *Compiled) dropNulls(cells []source.Cell) {
	if p.nullWords == nil && p.slotNulls == nil {
		return
	}
	for i := range cells {
		if cells[i].Kind == source.KindAbsent {
			continue
		}
		if p.nullWords != nil && p.nullWords.match(nil, cells[i]) || p.slotNulls != nil && p.slotNulls[i] != nil && p.slotNulls[i].match(nil, cells[i]) {
			cells[i] = source.Cell{}
		}
	}
}

// isNull reports whether a member of a row means "no value".
func (p *Compiled) isNull(name, value []byte) bool {
	cell := source.Cell{Kind: source.KindJSON, Bytes: value}
	if len(p.nullWords) > 0 && p.nullWords.match(nil, cell) {
		return true
	}
	for _, n := range p.columnNulls {
		if text, err := appendUnquoted(nil, name); err == nil && n.column == string(text) && n.words.match(nil, cell) {
			return true
		}
	}
	return false
}
