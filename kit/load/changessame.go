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
	case was.Columns != c.info.Columns:
		return "set of columns"
	}
	return ""
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
	if len(headers) == 0 {
		var names []string
		for _, c := range columns {
			names = append(names, c.Name)
		}
		headers = [][]string{names}
	}
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
