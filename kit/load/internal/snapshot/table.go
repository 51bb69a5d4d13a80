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

// KeptSets returns the sets of columns of several files, nil where there is one or they are too many to be kept.
func KeptSets(sets [][]string) [][]string {
	size := 0
	for _, set := range sets {
		for _, name := range set {
			size += 6*len(name) + 3 // as JSON has it at most
		}
		size += 3
	}
	if len(sets) < 2 || size > maxTable {
		return nil
	}
	return sets
}

// maxTable bounds the names of columns in a snapshot, beside which there must be room for the rest of its info.
const maxTable = 16 << 10

// TableOf returns the columns of an input, nil where its rows name their own or there are too many to be kept.
func TableOf(columns []source.Column, reads []string) (table []TableColumn) {
	read := make(map[string]bool)
	for _, name := range reads {
		read[name] = true
	}
	size := 0
	for _, c := range columns {
		table = append(table, TableColumn{c.Name, c.Type, read[c.Name]})
		size += 6*len(c.Name) + len(c.Type) + 40 // as JSON has it at most
	}
	if size > maxTable {
		return nil
	}
	return table
}

// ColumnSets returns the sets of columns that the input had; nil if they were too many to be kept.
func (i *Info) ColumnSets() [][]string {
	if i.Sets != nil {
		return i.Sets
	}
	var names []string
	for _, c := range i.Table {
		names = append(names, c.Name)
	}
	if names == nil || HashSets([][]string{names}) != i.Columns { // there were several, by a version that did not keep them
		return nil
	}
	return [][]string{names}
}

// HashText tells a text from others, empty for none.
func HashText(s string) string {
	if s == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}

// HashSets tells the sets of columns of an input from others, whatever the order of the columns and of the files.
func HashSets(headers [][]string) string {
	var sets []string
	for _, names := range headers {
		var set []byte
		for _, name := range slices.Sorted(slices.Values(names)) {
			set = AppendText(set, []byte(name))
		}
		sets = append(sets, string(set))
	}
	if len(sets) == 1 { // that of one file
		return HashText(sets[0])
	}
	slices.Sort(sets)
	var all []byte
	for _, set := range sets {
		all = AppendText(all, []byte(set))
	}
	return HashText(string(all))
}

// NewColumns returns the names that are in none of the sets of columns that there were, and whether nothing else has changed: each set has all
// columns of one that there was, and each of those is in one of them, so that no column can have got another name.
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

// ColumnSets returns the sets of columns that an input has.
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
