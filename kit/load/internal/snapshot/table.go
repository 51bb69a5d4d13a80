package snapshot

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/ciokit/cio/kit/source"
)

// TableColumn is a column of the input that a snapshot was made of.
type TableColumn struct {
	Name string `json:"name"`
	Type string `json:"type,omitempty"`
	// Read says that the mapping read it.
	Read bool `json:"read,omitempty"`
}

// KeptSets returns the sets of columns of several files, nil if there is only one or there are too many to keep.
func KeptSets(sets [][]string) [][]string {
	size := 0
	for _, set := range sets {
		for _, name := range set {
			size += 6*len(name) + 3 // its most bytes in JSON
		}
		size += 3
	}
	if len(sets) < 2 || size > maxTable {
		return nil
	}
	return sets
}

// maxTable bounds the names of columns in a snapshot, so that there is room for the rest of its info.
const maxTable = 16 << 10

// TableOf returns the columns of an input, nil if each row has its own columns or there are too many to keep.
func TableOf(columns []source.Column, reads []string) (table []TableColumn) {
	read := make(map[string]bool)
	for _, name := range reads {
		read[name] = true
	}
	size := 0
	for _, c := range columns {
		table = append(table, TableColumn{c.Name, c.Type, read[c.Name]})
		size += 6*len(c.Name) + len(c.Type) + 40 // its most bytes in JSON
	}
	if size > maxTable {
		return nil
	}
	return table
}

// ColumnSets returns the sets of columns of the input; nil if there were too many to keep.
func (i *Info) ColumnSets() [][]string {
	if i.Sets != nil {
		return i.Sets
	}
	var names []string
	for _, c := range i.Table {
		names = append(names, c.Name)
	}
	if names == nil || HashSets([][]string{names}) != i.Columns { // there were several sets, and the version that made it did not keep them
		return nil
	}
	return [][]string{names}
}

// HashText returns a hash of a text, empty for an empty text.
func HashText(s string) string {
	if s == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}

// HashSets returns a hash of the sets of columns of an input. The order of the columns and of the files does not matter.
func HashSets(headers [][]string) string {
	var sets []string
	for _, names := range headers {
		var set []byte
		for _, name := range slices.Sorted(slices.Values(names)) {
			set = AppendText(set, []byte(name))
		}
		sets = append(sets, string(set))
	}
	if len(sets) == 1 { // the hash of one file
		return HashText(sets[0])
	}
	slices.Sort(sets)
	var all []byte
	for _, set := range sets {
		all = AppendText(all, []byte(set))
	}
	return HashText(string(all))
}

// NewColumns returns the names that are in none of the old sets of columns, and whether nothing else has changed: each new set contains all columns
// of an old set, and each old set is contained in a new one, so that no column can have been renamed.
func NewColumns(was, now [][]string) (names []string, wider bool) {
	if len(was) == 0 || len(now) == 0 {
		return nil, false
	}
	holds := func(all, some []string) bool {
		return !slices.ContainsFunc(some, func(name string) bool { return !slices.Contains(all, name) })
	}
	wider = true
	for _, set := range now {
		wider = wider && slices.ContainsFunc(was, func(w []string) bool { return holds(set, w) })
		for _, name := range set {
			if !slices.Contains(names, name) && !slices.ContainsFunc(was, func(w []string) bool { return slices.Contains(w, name) }) {
				names = append(names, name)
			}
		}
	}
	for _, w := range was {
		wider = wider && slices.ContainsFunc(now, func(set []string) bool { return holds(set, w) })
	}
	return names, wider
}

// ColumnSets returns the sets of columns of an input.
func ColumnSets(columns []source.Column, headers [][]string) [][]string {
	if len(headers) > 0 {
		return headers
	}
	var names []string
	for _, c := range columns {
		names = append(names, c.Name)
	}
	return [][]string{names}
}
