package sqldb

import (
	"fmt"
	"slices"
	"strings"
)

// selection is the query that runs, and the parts of its rows that are read.
type selection struct {
	query   string
	columns []int // of the described query, in the order of the values
	keys    []int // for each key of the order its index among the values
	width   int   // values of a row
}

// selection makes the database return only the selected columns, if it can: others may be huge.
func (r *result) selection() selection {
	var s selection
	whole := !r.nests || r.order == nil && !slices.Contains(r.slots, -1) || r.order == nil && r.chosen == 0
	var list []string
	for i, c := range r.columns {
		switch name := r.dialect.identifier(c.Name); {
		case whole:
			s.columns = append(s.columns, i)
		case r.slots[i] >= 0:
			s.columns, list = append(s.columns, i), append(list, "q."+name+" AS "+name)
		}
	}
	if s.width = len(s.columns); whole && r.order == nil {
		s.query = r.query
		return s
	}
	if whole {
		list = append(list, "q.*")
	}
	if r.order != nil {
		for i, name := range r.order.columns() {
			place := slices.Index(s.columns, r.order.keys[i].column)
			if r.dialect.rawKeys || place < 0 {
				place = s.width
				s.width++
				if r.dialect.rawKeys {
					name = "+" + name // without the declared type, because of which the driver would change it
				}
				list = append(list, fmt.Sprintf("%s AS key%d", name, i))
			}
			s.keys = append(s.keys, place)
		}
	}
	s.query = "SELECT " + strings.Join(list, ", ") + " FROM (\n" + r.query + "\n) AS q"
	if r.order != nil {
		s.query += " ORDER BY " + strings.Join(r.order.columns(), ", ")
	}
	return s
}
