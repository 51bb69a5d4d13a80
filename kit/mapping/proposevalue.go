package mapping

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/spelling"
	"github.com/ciokit/cio/kit/source"
)

// valueText returns the value for a column, converted by what it looks like, and notes for a person.
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
		notes = append(notes, "empty in the rows that were inspected")
	case c.Choices != nil:
		var calls []string
		for _, l := range c.Choices {
			calls = append(calls, "="+w.chosen(c, l))
		}
		notes = append(notes, "sent as text, because nothing decides between "+strings.Join(calls, " and "))
	case c.Rare != nil:
		notes = append(notes, w.rareText(c)...)
	case c.Almost != nil:
		notes = append(notes, w.almostText(c)...)
	case c.Mixed != nil && !c.Personal:
		notes = append(notes, strings.ReplaceAll(c.Evidence[0], "\n", " "), w.mixedText(c))
	case c.Looks == source.LooksText && c.Personal:
	case c.Looks == source.LooksText && len(c.Evidence) > 0 && strings.Contains(c.Evidence[0], "kept as text"):
		notes = append(notes, strings.ReplaceAll(c.Evidence[0], "\n", " "))
	}
	for _, n := range c.NullWords {
		notes = append(notes, fmt.Sprintf("%s %s, first in line %d", plural.Count(n.Count, "cell is", "cells are"), strings.TrimSpace(n.Word), n.Line))
	}
	if c.Odd != nil && text != columnText(c.Name) {
		notes = append(notes, fmt.Sprintf("%s not %s, first in line %d, and will be rejected: fix them, or send the column as %s",
			plural.Count(c.Odd.Count, "cell is", "cells are"), oddNoun(c.Looks), c.Odd.Line, columnText(c.Name)))
	}
	if c.Thousands != nil {
		mark := "point"
		if c.Comma {
			mark = "comma"
		}
		notes = append(notes, fmt.Sprintf("%s three digits after the %s, first in line %d: read as decimals; fix %s if the mark separates thousands",
			plural.Count(c.Thousands.Count, "cell has", "cells have"), mark, c.Thousands.Line, plural.Form(int(c.Thousands.Count), "it", "them")))
	}
	return text, notes
}

// rareText says which words make a column text, and how to read the other cells.
func (w *proposer) rareText(c source.ColumnProfile) (notes []string) {
	var words []string
	for _, word := range c.Rare.Words {
		notes = append(notes, fmt.Sprintf("%s %s, first in line %d", plural.Count(word.Count, "cell is", "cells are"), strconv.Quote(strings.TrimSpace(word.Word)), word.Line))
		words = append(words, quotedYAML(word.Word))
	}
	others := c.Rare.Others
	others.Name = c.Name
	calls := w.calls(others)
	if calls == nil {
		return append(notes, "kept as text")
	}
	return append(notes, fmt.Sprintf("kept as text; if that means \"no value\", write null_words: {%s: [%s]} and =%s", quotedYAML(c.Name), strings.Join(words, ", "), strings.Join(calls, " or =")))
}

// almostText says how many cells make a column text, and how to read the other cells.
func (w *proposer) almostText(c source.ColumnProfile) (notes []string) {
	if len(c.Evidence) > 0 {
		notes = append(notes, strings.ReplaceAll(c.Evidence[0], "\n", " "))
	}
	others := c.Almost.Others
	others.Name = c.Name
	calls := w.calls(others)
	if calls == nil {
		return notes
	}
	nulls := ""
	if len(others.NullWords) > len(c.NullWords) {
		var words []string
		for _, n := range others.NullWords {
			words = append(words, quotedYAML(n.Word))
		}
		nulls = fmt.Sprintf("null_words: {%s: [%s]} and ", quotedYAML(c.Name), strings.Join(words, ", "))
	}
	notes = append(notes, fmt.Sprintf("to reject %s, write %s=%s", plural.Form(int(c.Almost.Odd.Count), "its row", "their rows"), nulls, strings.Join(calls, " or =")))
	if c.Mixed != nil {
		notes = append(notes, w.mixedText(c))
	}
	return notes
}

// mixedText says how to read a column of numbers in two layouts.
func (w *proposer) mixedText(c source.ColumnProfile) string {
	return "to read both layouts, write =decimal(" + columnExpression(c.Name) + quotedList(c.Mixed) + ")"
}

// calls are the calls that convert a column: several if nothing decides between them, none if it is sent unchanged.
func (w *proposer) calls(c source.ColumnProfile) (calls []string) {
	for _, l := range c.Choices {
		calls = append(calls, w.chosen(c, l))
	}
	if call := w.converted(c); c.Choices == nil && call != "" {
		calls = append(calls, call)
	}
	return calls
}

func oddNoun(l source.Looks) string {
	switch l {
	case source.LooksDate:
		return "a date"
	case source.LooksInteger:
		return "a whole number"
	case source.LooksBoolean:
		return "true or false"
	}
	return "a number"
}

// converted is the call that converts a column, empty if it is sent unchanged.
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
		return w.numberFunction() + "(" + column + layouts + ")"
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

// boolCall is the call that converts a column of true and false. It is empty if the input declares it as one, or if a mapping cannot read its words.
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
		return "" // a single y or on may mean something else
	case known(trues, true) && known(falses, false):
		return "bool(" + column + ")"
	case len(trues) == 1 && len(falses) == 1:
		return "bool(" + column + quotedList([]string{trues[0], falses[0]}) + ")"
	}
	return ""
}

// spellings returns the words without the spaces around them, each once.
func spellings(words []string) []string {
	var trimmed []string
	for _, word := range words {
		trimmed = append(trimmed, strings.TrimSpace(word))
	}
	slices.Sort(trimmed)
	return slices.Compact(trimmed)
}

// zones says which times have no time zone, and how to name it: in each column, if the zone of the whole mapping would move calendar dates of others.
func (w *proposer) zones(b *bytes.Buffer) {
	const zone = "Europe/Berlin"
	var calls, clocks, days []string
	for _, i := range w.read {
		c := w.p.Columns[i]
		name := strconv.Quote(c.Name)
		switch {
		case slices.Contains(clocks, name) || slices.Contains(days, name):
		case c.Zoneless && !hasAny(spelling.Fold(c.Name), "utc", "gmt"):
			clocks = append(clocks, name)
			calls = append(calls, strings.ReplaceAll("="+strings.TrimSuffix(w.converted(c), ")")+`, "`+zone+`")`, "\n", " "))
		case c.Days && (i != w.time || !w.timed):
			days = append(days, name)
		}
	}
	switch {
	case clocks == nil:
	case days == nil:
		fmt.Fprintf(b, "# time_zone: %s # the time of %s has no time zone and is read as UTC; for one column: %s\n", zone, strings.Join(clocks, ", "), calls[0])
	default:
		fmt.Fprintf(b, "# The time of %s has no time zone and is read as UTC. If it is in another zone, name that in the column, not for the whole mapping:\n", strings.Join(clocks, ", "))
		for _, call := range calls {
			fmt.Fprintf(b, "#   %s\n", call)
		}
		fmt.Fprintf(b, "# time_zone: %s would move the calendar dates of %s: 2024-07-01 would be sent as 2024-06-30T22:00:00Z.\n", zone, strings.Join(days, ", "))
	}
}

// chosen is the call that converts a column with one of its choices.
func (w *proposer) chosen(c source.ColumnProfile, layout string) string {
	function := w.numberFunction()
	if strings.Contains(layout, "06") {
		function = "date"
	}
	return function + "(" + columnExpression(c.Name) + ", " + strconv.Quote(layout) + ")"
}

// numberFunction is the function that reads numbers with decimals: decimal, unless the mapping uses float.
func (w *proposer) numberFunction() string {
	if w.reads == converterFloat {
		return converterNames[converterFloat]
	}
	return converterNames[converterDecimal]
}

func quotedList(list []string) string {
	var b strings.Builder
	for _, s := range list {
		b.WriteString(", " + strconv.Quote(s))
	}
	return b.String()
}
