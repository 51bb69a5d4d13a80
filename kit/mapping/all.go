package mapping

import (
	"bytes"
	"slices"

	"github.com/ciokit/cio/kit/internal/spelling"
	"github.com/ciokit/cio/kit/source"
)

// all adds to an object what its $all means: the columns that it neither leaves out nor names itself.
func (c *compilation) all(o *object, outer, s *spec, path string) {
	named := make(map[string]bool)
	for i, key := range outer.keys {
		if outer.items[i].kind != specAll {
			named[key] = true
		}
	}
	except := make(map[string]bool)
	for _, e := range s.except {
		except[e.column] = true
	}
	if c.columns == nil {
		for name := range named {
			except[name] = true
		}
		o.names, o.keys = append(o.names, ""), append(o.keys, nil)
		o.items = append(o.items, everyMember{except, c.plan, c.reservedMembers(path)})
		return
	}
	var names []string
	for _, col := range c.columns {
		names = append(names, col.Name)
	}
	for _, e := range s.except {
		if !slices.Contains(names, e.column) {
			c.problem(e.at, spelling.SuggestColumn(e.column, names), "the input has no column %q", e.column)
		}
	}
	for i, name := range names {
		switch {
		case except[name] || named[name]:
		case name == "":
			c.problem(s.at, `give it a name in the file, or leave out columns without a name: except: [""]`, "column %d of the input has no name", i+1)
			return
		default:
			if _, ok := c.slots[name]; !ok {
				c.add(name)
			}
			key, _ := appendString(nil, []byte(name))
			o.names = append(o.names, name)
			o.keys = append(o.keys, append(key, ':'))
			o.items = append(o.items, c.value(&spec{at: s.at, kind: specColumn, text: name}, path+"."+name))
		}
	}
}

// everyMember is all members of the row's JSON object, except for some.
type everyMember struct {
	except map[string]bool
	plan   *Compiled // knows the words that mean "no value"
	// reserved are the members that Customer.io reads as a certain type.
	reserved map[string]func(dst, json []byte, r *row) ([]byte, bool, *ValueError)
}

// appendJSON appends the members without braces. It returns false if the row has none.
func (e everyMember) appendJSON(dst []byte, r *row) ([]byte, bool, *ValueError) {
	r.foreign = true // the names come from the row
	start := len(dst)
	seen := make(map[string]int) // the place of each in list: the last of equal names counts
	type member struct{ key, value []byte }
	var list []member
	for key, value := range source.Members(r.raw) {
		name, err := appendUnquoted(nil, key)
		if err != nil {
			return dst, false, err
		}
		if e.except[string(name)] {
			continue
		}
		if at, ok := seen[string(name)]; ok {
			list[at].value = value
			continue
		}
		seen[string(name)] = len(list)
		list = append(list, member{key, value})
	}
	for _, m := range list {
		if string(m.value) == "null" || e.plan.isNull(m.key, m.value) {
			continue
		}
		before := len(dst)
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = append(append(dst, m.key...), ':')
		if name, _ := appendUnquoted(nil, m.key); e.reserved[string(name)] != nil {
			out, ok, err := e.reserved[string(name)](dst, bytes.TrimSpace(m.value), r)
			if err != nil {
				return dst, false, err.from(string(name))
			}
			if dst = out; !ok {
				dst = dst[:before]
			}
			continue
		}
		var err *ValueError
		if dst, err = appendCell(dst, source.Cell{Kind: source.KindJSON, Bytes: m.value}); err != nil {
			name, _ := appendUnquoted(nil, m.key)
			return dst, false, err.from(string(name))
		}
	}
	return dst, len(dst) > start, nil
}
