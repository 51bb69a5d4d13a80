package sqldb

import (
	"bytes"
	"database/sql"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/ciokit/cio/kit/internal/jsonvalue"
	"github.com/ciokit/cio/kit/source"
)

// value is a value of a row as the driver returns it, without a copy. It is valid until the next row.
type value struct{ is any }

// Scan implements sql.Scanner.
func (v *value) Scan(is any) error {
	v.is = is
	return nil
}

// unread drops a value that is not wanted.
type unread struct{}

// Scan implements sql.Scanner.
func (unread) Scan(any) error { return nil }

// rowWriter writes rows as JSON objects of the selected columns. The cells are parts of these objects.
type rowWriter struct {
	order   *order
	keys    []int // the indexes of its keys among the values
	limit   int   // bytes of a row
	columns []columnWriter
	values  []value // pointers to the values that are read
	into    []any   // pointers to those that are read
	cells   [][2]int
}

// columnWriter writes the values of a selected column.
type columnWriter struct {
	name  string
	key   []byte // as it begins a member
	write writer
	place int // among the values
	slot  int // among the cells
}

// newRowWriter makes a writer for rows of these types, which must be the types that describe has found.
func (r *result) newRowWriter(types []*sql.ColumnType) (*rowWriter, error) {
	s := r.selection()
	w := &rowWriter{order: r.order, keys: s.keys, limit: r.asked.MaxRowBytes, cells: make([][2]int, r.chosen), values: make([]value, len(types)), into: make([]any, len(types))}
	changed := len(types) != s.width
	for i := range w.into {
		w.into[i] = unread{}
	}
	for place, column := range s.columns {
		c := r.columns[column]
		if changed = changed || types[place].Name() != c.Name; changed {
			break
		}
		slot := r.slots[column]
		if slot < 0 {
			continue
		}
		typ := types[place].DatabaseTypeName()
		if r.dialect == sqlite { // its query may have hidden the type
			typ = c.Type
		}
		w.into[place] = &w.values[place]
		w.columns = append(w.columns, columnWriter{c.Name, append(appendText([]byte{','}, c.Name), ':'), r.dialect.writerOf(typ), place, slot})
	}
	if changed {
		return nil, &source.FormatError{Problem: "the columns of the query have changed since it was checked", Hint: "somebody has changed a table or a view; load it again"}
	}
	for _, place := range s.keys {
		w.into[place] = &w.values[place]
	}
	return w, nil
}

// write adds the current row to the page.
func (w *rowWriter) write(p *page) (err error) {
	var bad *source.RowError
	begin := len(p.raw)
	p.raw = append(p.raw, '{')
	for i := range w.columns {
		c := &w.columns[i]
		key := c.key
		if i == 0 {
			key = key[1:] // without the comma
		}
		p.raw = append(p.raw, key...)
		start := len(p.raw)
		v := w.values[c.place].is
		if longer(v, w.limit) {
			p.raw = appendBeginning(p.raw, v, w.limit)
			bad = w.tooLong(p, begin)
			break
		}
		if p.raw, err = c.write(p.raw, v); err != nil {
			p.raw = append(p.raw[:start], "null"...)
		}
		if len(p.raw)-begin > w.limit {
			bad = w.tooLong(p, begin)
			break
		}
		switch {
		case err != nil:
			w.cells[c.slot] = [2]int{1, 0}
			if bad == nil {
				bad = &source.RowError{Rule: RuleNoJSON, Hint: fmt.Sprintf("column %s: %v", c.name, err)}
				if err == errNotUTF8 {
					bad.Rule = source.RuleNotUTF8
				}
			}
		case string(p.raw[start:]) == "null":
			w.cells[c.slot] = [2]int{}
		default:
			w.cells[c.slot] = [2]int{start, len(p.raw)}
		}
	}
	if bad == nil || bad.Rule != source.RuleRowTooLong {
		p.raw = append(p.raw, '}')
	}
	if w.order != nil {
		if p.keys, err = w.order.appendKeys(p.keys, w.values, w.keys); err != nil {
			return err
		}
	}
	return p.add(w.cells, bad)
}

// tooLong keeps only the beginning of the row.
func (w *rowWriter) tooLong(p *page, begin int) *source.RowError {
	kept, bad := source.CutRow(p.raw[begin:], w.limit)
	if p.raw = p.raw[:begin+len(kept)]; cap(p.raw) > 4*pageBytes {
		p.raw = bytes.Clone(p.raw) // otherwise the page would keep the memory for the rest
	}
	for i := range w.cells {
		w.cells[i] = [2]int{1, 0}
	}
	return bad
}

// longer reports whether a value is certainly longer than the limit as JSON. Spaces around it do not count.
func longer(v any, limit int) bool {
	switch v := v.(type) {
	case string:
		return len(v) > limit && len(strings.TrimSpace(v)) > limit
	case []byte:
		return len(v) > limit && len(bytes.TrimSpace(v)) > limit
	}
	return false
}

// appendBeginning appends the beginning of a value that is too long, without an end.
func appendBeginning(dst []byte, v any, limit int) []byte {
	var head []byte
	switch v := v.(type) {
	case string:
		head = []byte(v[:min(len(v), limit)])
	case []byte:
		if head = v[:min(len(v), limit)]; !utf8.Valid(head[:max(len(head)-utf8.UTFMax, 0)]) {
			dst = jsonvalue.AppendBinary(dst, head)
			return dst[:len(dst)-1]
		}
	}
	dst = jsonvalue.AppendText(dst, head)
	return dst[:len(dst)-1]
}
