package source

import (
	"slices"
	"strings"
)

// dates judges a column whose cells are dates.
func (c *ColumnProfile) dates(j *judgement) bool {
	n, odd := c.cover(classPatterns, classNulls)
	if !most(n, odd) {
		return false
	}
	dayFirst, choices, why := c.order(j)
	if choices {
		c.Looks, c.Native = LooksText, false
		c.dropWords(classNulls)
		c.show("%s; %s", share(n, c.filled, "dates"), why)
		c.showNulls()
		if why != mixedOrders {
			c.Choices = append(c.layouts(true), c.layouts(false)...)
		}
		return true
	}
	if !c.is(LooksDate, classPatterns, "dates") {
		return false
	}
	if c.Layouts = c.layouts(dayFirst); c.Layouts != nil {
		var names []string
		for _, l := range c.Layouts {
			names = append(names, HumanLayout(l))
		}
		c.show("written as %s", strings.Join(names, " and "))
	}
	if why != "" {
		c.show("%s", why)
	}
	if slices.ContainsFunc(c.Layouts, func(l string) bool { return strings.Contains(l, "06") && !strings.Contains(l, "2006") }) {
		c.show("the year has two digits: 69 to 99 become 1969 to 1999")
	}
	return true
}

const mixedOrders = "some have the day first and some the month, so that the column cannot be read as a whole"

// order returns which of the first two numbers is the day, and the reason. undecided reports that nothing shows it.
func (c *ColumnProfile) order(j *judgement) (dayFirst, undecided bool, why string) {
	dayFirst = true
	var first1, last1 nullSeen
	open := ""
	for _, p := range c.patterns {
		if !p.ambiguous() {
			continue
		}
		open = p.mark()
		if p.dayFirst.count > 0 && (first1.count == 0 || p.dayFirst.place.line < first1.place.line) {
			first1.place = p.dayFirst.place
		}
		if p.dayLast.count > 0 && (last1.count == 0 || p.dayLast.place.line < last1.place.line) {
			last1.place = p.dayLast.place
		}
		first1.count += p.dayFirst.count
		last1.count += p.dayLast.count
	}
	switch {
	case open == "":
		return true, false, ""
	case first1.count > 0 && last1.count > 0:
		return true, true, mixedOrders
	case first1.count > 0:
		return true, false, "the day comes first: " + counted(first1.count, "cell has", "cells have") + " a first number over 12, first " + where(first1.place)
	case last1.count > 0:
		return false, false, "the month comes first: " + counted(last1.count, "cell has", "cells have") + " a second number over 12, first " + where(last1.place)
	case open == ".":
		return true, false, "dates with points have the day first everywhere"
	}
	if j != nil && j.orders[open] != "" && j.orders[open] != "both" {
		dayFirst := j.orders[open] == first
		what := "month"
		if dayFirst {
			what = "day"
		}
		return dayFirst, false, "nothing here decides, but the " + what + " comes first in the column " + quoteName(j.orderedBy[open])
	}
	return true, true, "no number is over 12, so nothing decides between day and month"
}

// ambiguous reports whether the day may be the first or the second number.
func (p *datePattern) ambiguous() bool {
	return strings.Contains(p.pattern, first) && strings.Contains(p.pattern, second) && !strings.Contains(p.pattern, "2006-"+second) &&
		strings.Index(p.pattern, first) < strings.Index(p.pattern, second)
}

// mark is the text between day and month.
func (p *datePattern) mark() string {
	_, rest, _ := strings.Cut(p.pattern, first)
	mark, _, _ := strings.Cut(rest, second)
	return mark
}

// layouts returns the layouts of the dates, none if they need none.
func (c *ColumnProfile) layouts(dayFirst bool) []string {
	if !slices.ContainsFunc(c.patterns, func(p *datePattern) bool { return !p.iso }) {
		return nil
	}
	var list []string
	for _, p := range c.patterns {
		a, b := "02", "01"
		if p.short {
			a, b = "2", "1"
		}
		if p.ambiguous() && !dayFirst {
			a, b = b, a
		}
		layout := strings.NewReplacer(first, a, second, b).Replace(p.pattern)
		if !slices.Contains(list, layout) {
			list = append(list, layout)
		}
	}
	return list
}

// HumanLayout writes a layout of dates as people do, such as dd.mm.yyyy.
func HumanLayout(layout string) string {
	return strings.NewReplacer("2006", "yyyy", "January", "January", "Monday", "Monday", "Mon", "Mon", "Jan", "Jan", "Z07:00", "+00:00", "-0700", "+0000", "-07", "+00", "MST", "UTC",
		"06", "yy", "02", "dd", "01", "mm", "15", "hh", "04", "mm", "05", "ss", "2", "d", "1", "m", "3", "h").Replace(layout)
}
