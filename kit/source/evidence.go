package source

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/ciokit/cio/kit/internal/plural"
)

// show adds a sentence to the evidence. It returns true.
func (c *ColumnProfile) show(format string, args ...any) bool {
	c.Evidence = append(c.Evidence, fmt.Sprintf(format, args...))
	return true
}

// showNulls says which words mean "no value".
func (c *ColumnProfile) showNulls() {
	for i, w := range c.NullWords {
		if i == 4 {
			c.show("%s more words mean \"no value\"", plural.Grouped(int64(len(c.NullWords)-i)))
			return
		}
		c.show("%s %s, first %s", counted(w.Count, "cell is", "cells are"), strings.TrimSpace(w.Word), where(place{w.File, w.Line}))
	}
}

func counted(n int64, one, many string) string { return plural.Count(n, one, many) }

// share says how many of the cells something applies to.
func share(n, of int64, noun string) string {
	if n == of {
		return noun
	}
	return fmt.Sprintf("%.1f %% %s", percent(n, of), noun)
}

func where(p place) string {
	if p.file != "" {
		return fmt.Sprintf("in line %d of %s", p.line, quoteName(p.file))
	}
	return fmt.Sprintf("in line %d", p.line)
}

// quoteName writes a name from the input so that it is safe in a terminal.
func quoteName(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return name
}
