package mapping

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/spelling"
	"github.com/ciokit/cio/kit/source"
)

// valueText is the value for a column, converted by what it looks like, and what a person should know of it.
func (w *proposer) valueText(c source.ColumnProfile) (text string, notes []string) {
	text = columnText(c.Name)
	if call := w.converted(c); call != "" {
		text = expressionText(call)
	}
	if c.Personal {
		notes = append(notes, "personal data")
	}
	switch {
	case c.Looks == source.LooksEmpty && len(c.NullWords) == 0:
		notes = append(notes, "empty in the rows that were looked at")
	case c.Choices != nil:
		var calls []string
		for _, l := range c.Choices {
			calls = append(calls, "="+w.chosen(c, l))
		}
		notes = append(notes, "sent as text, for nothing decides between "+strings.Join(calls, " and "))
	case c.Looks == source.LooksText && c.Personal:
	case c.Looks == source.LooksText && len(c.Evidence) > 0 && strings.Contains(c.Evidence[0], "kept as text"):
		notes = append(notes, strings.ReplaceAll(c.Evidence[0], "\n", " "))
	}
	for _, n := range c.NullWords {
		notes = append(notes, plural.Count(n.Count, "cell is", "cells are")+" "+strings.TrimSpace(n.Word))
	}
	if c.Odd != nil && text != columnText(c.Name) {
		notes = append(notes, fmt.Sprintf("%s no %s, first in line %d, and will be rejected: mend them, or send the column as %s",
			plural.Count(c.Odd.Count, "cell is", "cells are"), oddNoun(c.Looks), c.Odd.Line, columnText(c.Name)))
	}
	return text, notes
}

func oddNoun(l source.Looks) string {
	switch l {
	case source.LooksDate:
		return "date"
	case source.LooksInteger:
		return "whole number"
	case source.LooksBoolean:
		return "true or false"
	}
	return "number"
}

// converted is the call that converts a column, empty if it is sent as it is.
func (w *proposer) converted(c source.ColumnProfile) string {
	column := columnExpression(c.Name)
	layouts := quotedList(c.Layouts)
	switch c.Looks {
	case source.LooksInteger:
		if c.Native {
			return ""
		}
		return "int(" + column + layouts + ")"
	case source.LooksNumber:
		switch {
		case c.Native:
			return ""
		case c.Exponents > 0 && c.Layouts == nil:
			return "float(" + column + ")"
		case c.Layouts == nil && c.Comma != w.comma:
			layouts = `, "1234.5"`
			if c.Comma {
				layouts = `, "1234,5"`
			}
		}
		return "decimal(" + column + layouts + ")"
	case source.LooksDate:
		if c.Padded > 0 {
			column = "trim(" + column + ")"
		}
		return "date(" + column + layouts + ")"
	case source.LooksBoolean:
		return boolCall(c, column)
	case source.LooksUnix, source.LooksUnixMilli, source.LooksUnixMicro, source.LooksSerial:
		return "date(" + column + ", " + strconv.Quote(string(c.Looks)) + ")"
	}
	return ""
}

// boolCall is the call that converts a column of true and false, empty where it is one of the input or has words that a mapping cannot tell apart.
func boolCall(c source.ColumnProfile, column string) string {
	if c.Native {
		return ""
	}
	if c.Padded > 0 {
		column = "trim(" + column + ")"
	}
	trues, falses := spellings(c.True), spellings(c.False)
	known := func(words []string, meant bool) bool {
		return !slices.ContainsFunc(words, func(word string) bool {
			b, ok := booleans[strings.ToLower(word)]
			return !ok || b != meant
		})
	}
	switch {
	case (trues == nil || falses == nil) && !slices.Contains([]string{"true", "false", "yes", "no"}, strings.ToLower(strings.Join(slices.Concat(trues, falses), ""))):
		return "" // y or on alone may stand for something else
	case known(trues, true) && known(falses, false):
		return "bool(" + column + ")"
	case len(trues) == 1 && len(falses) == 1:
		return "bool(" + column + quotedList([]string{trues[0], falses[0]}) + ")"
	}
	return ""
}

// spellings are words without the spaces around them, each once.
func spellings(words []string) []string {
	var trimmed []string
	for _, word := range words {
		trimmed = append(trimmed, strings.TrimSpace(word))
	}
	slices.Sort(trimmed)
	return slices.Compact(trimmed)
}

// zoneless returns the calls of dates whose clocks nobody has named the zone of, and the names of their columns.
func (w *proposer) zoneless() (call string, names []string) {
	for _, i := range w.read {
		c := w.p.Columns[i]
		if !c.Zoneless || hasAny(spelling.Fold(c.Name), "utc", "gmt") || slices.Contains(names, strconv.Quote(c.Name)) {
			continue
		}
		if names == nil {
			call = strings.TrimSuffix(w.converted(c), ")") + `, "Europe/Berlin")`
		}
		names = append(names, strconv.Quote(c.Name))
	}
	return call, names
}

// chosen is the call that converts a column by one of its choices.
func (w *proposer) chosen(c source.ColumnProfile, layout string) string {
	function := "decimal"
	if strings.Contains(layout, "06") {
		function = "date"
	}
	return function + "(" + columnExpression(c.Name) + ", " + strconv.Quote(layout) + ")"
}

func quotedList(list []string) string {
	var b strings.Builder
	for _, s := range list {
		b.WriteString(", " + strconv.Quote(s))
	}
	return b.String()
}
