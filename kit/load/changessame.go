package load

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/ciokit/cio/kit/source"
)

// checkSame makes sure that a mirror takes nobody for one who has left because the people of the snapshot came from somewhere else.
func (c *changes) checkSame(file string) error {
	if c.cfg.Mirror == "" || c.old == nil || !c.old.info.HasIDs || c.cfg.NewMapping {
		return nil
	}
	problem := "was made with another " + c.differs()
	switch {
	case c.old.info.Mixed:
		problem = "was made with several mappings, queries, ways of reading the input or sets of columns"
	case c.differs() == "":
		return nil
	}
	return &SnapshotError{file, problem + ", so that people who only have another id now would be taken for some who have left",
		"if that is meant, load once with NewMapping (--new-mapping), which deletes nobody; otherwise name another snapshot"}
}

// differs says by what the people of the snapshot came from somewhere else; empty if by nothing.
func (c *changes) differs() string {
	switch was := c.old.info; {
	case was.MappingHash != c.job.Mapping.Hash():
		return "mapping"
	case was.Query != c.info.Query:
		return "query or way of reading the input"
	case was.Columns != c.info.Columns && !c.wider:
		return "set of columns"
	}
	return ""
}

// compareColumns finds out which columns the load of the old snapshot did not have.
func (c *changes) compareColumns() {
	if c.old == nil || c.old.info.Columns == c.info.Columns {
		return
	}
	was := c.old.info.columnSets()
	c.fresh, c.wider = newColumns(was, c.info.columnSets())
}

// columnSets returns the sets of columns that the input had; nil if they were too many to be kept.
func (i *SnapshotInfo) columnSets() [][]string {
	if i.Sets != nil {
		return i.Sets
	}
	var names []string
	for _, c := range i.Table {
		names = append(names, c.Name)
	}
	if names == nil || hashSets([][]string{names}) != i.Columns { // there were several, by a version that did not keep them
		return nil
	}
	return [][]string{names}
}

// newColumns returns the names that are in none of the sets of columns that there were, and whether nothing else has changed: each set has all
// columns of one that there was, and each of those is in one of them, so that no column can have got another name.
func newColumns(was, now [][]string) (names []string, wider bool) {
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

func hashText(s string) string {
	if s == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}

// hashColumns tells the columns of an input from others, whatever their order; of several files it tells the sets of columns that they have,
// headers, whatever the order of the files and however many have the same set. It is empty where each row names its own.
func hashColumns(columns []source.Column, headers [][]string) string {
	return hashSets(columnSets(columns, headers))
}

// columnSets returns the sets of columns that an input has.
func columnSets(columns []source.Column, headers [][]string) [][]string {
	if len(headers) > 0 {
		return headers
	}
	var names []string
	for _, c := range columns {
		names = append(names, c.Name)
	}
	return [][]string{names}
}

func hashSets(headers [][]string) string {
	var sets []string
	for _, names := range headers {
		var set []byte
		for _, name := range slices.Sorted(slices.Values(names)) {
			set = appendText(set, []byte(name))
		}
		sets = append(sets, string(set))
	}
	if len(sets) == 1 { // that of one file
		return hashText(sets[0])
	}
	slices.Sort(sets)
	var all []byte
	for _, set := range sets {
		all = appendText(all, []byte(set))
	}
	return hashText(string(all))
}
