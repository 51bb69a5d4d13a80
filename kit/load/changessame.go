package load

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
