package load

import (
	"github.com/ciokit/cio/kit/load/internal/snapshot"
)

// checkSame refuses a mirror if the people of the snapshot came from somewhere else, because people who have not left would seem to have left.
func (c *changes) checkSame(file string) error {
	if c.cfg.Mirror == "" || c.old == nil || !c.old.Info.HasIDs || c.cfg.NewMapping {
		return nil
	}
	problem := "was made with another " + c.differs()
	switch {
	case c.old.Info.Mixed:
		problem = "was made with several mappings, queries, ways of reading the input, or sets of columns"
	case c.differs() == "":
		return nil
	}
	return &snapshot.Error{File: file, Problem: problem + "; if the ids of people have changed since, each of these people would look like a person who has left",
		Hint: "if you have changed this on purpose, load once with NewMapping (--new-mapping), which deletes nobody; otherwise name another snapshot"}
}

// differs says what is different where the people of the snapshot came from; empty if nothing is.
func (c *changes) differs() string {
	switch was := c.old.Info; {
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
	if c.old == nil || c.old.Info.Columns == c.info.Columns {
		return
	}
	was := c.old.Info.ColumnSets()
	c.fresh, c.wider = snapshot.NewColumns(was, c.info.ColumnSets())
}
