package source

import (
	"maps"
	"slices"
)

// rare finds out whether only a word or two make this a column of text.
func (c *ColumnProfile) rare(j *judgement) {
	const oneIn = 10
	var n int64
	for _, seen := range c.strange {
		n += seen.count
	}
	if c.Looks != LooksText || c.Choices != nil || n == 0 || c.stranger || n*oneIn > c.filled || isPersonal(nameWords(c.Name)) {
		return
	}
	others := *c
	others.filled -= n
	others.shapes = slices.DeleteFunc(slices.Clone(c.shapes), func(s readable) bool { return s.class&^classPadded == 0 })
	others.Evidence, others.NullWords = nil, nil
	if others.decide(j); others.Looks == LooksText && others.Choices == nil || others.Looks == LooksEmpty {
		return
	}
	rare := &RareWords{Others: others}
	for _, word := range slices.Sorted(maps.Keys(c.strange)) {
		seen := c.strange[word]
		rare.Words = append(rare.Words, NullWord{word, seen.count, seen.place.file, seen.place.line})
	}
	c.Rare = rare
}

// mostly returns the classes of the largest group of cells that one conversion reads in a column of text, the number of these cells, and the other
// cells. Words that mean "no value" are in neither count.
func (c *ColumnProfile) mostly() (of class, noun string, n int64, odd nullSeen) {
	try := func(one class, what string) {
		if m, others := c.cover(one, classNulls&^one); m > n {
			of, noun, n, odd = one, what, m, others
		}
	}
	try(classWhole, "whole numbers")
	styles, _ := c.cover(classStyles, classNulls)
	for s := classPoint; s <= classGroupQuote; s <<= 1 {
		m, _ := c.cover(s|classExponent, classNulls)
		noun := "numbers"
		if m < styles { // other ways fit some of the numbers
			noun = "numbers written as " + styleOf[s]
		}
		try(s|classExponent, noun)
	}
	try(classPatterns, "dates")
	for f := classTrueFalse; f <= classSiNo; f <<= 1 {
		try(f, "true or false")
	}
	return of, noun, n, odd
}

// almost finds out what a column of text would be without a few cells, which a conversion would reject.
func (c *ColumnProfile) almost(j *judgement) {
	const oneIn = 5
	if c.Looks != LooksText || c.Choices != nil || c.Rare != nil || isPersonal(nameWords(c.Name)) {
		return
	}
	of, _, n, odd := c.mostly()
	if odd.count == 0 || odd.count*oneIn > n+odd.count {
		return
	}
	others := *c
	others.filled -= odd.count
	others.shapes = slices.DeleteFunc(slices.Clone(c.shapes), func(s readable) bool { return s.class&(of|classNulls) == 0 })
	others.Evidence, others.NullWords = nil, nil
	if others.decide(j); others.Looks == LooksText && others.Choices == nil || others.Looks == LooksEmpty || others.Odd != nil {
		return
	}
	c.Almost = &AlmostAll{OddCells{odd.count, odd.place.file, odd.place.line}, others}
}

// explainText says what most cells of a text column are, and which other cells make it text.
func (c *ColumnProfile) explainText() {
	_, noun, n, odd := c.mostly()
	if c.Mixed = c.twoLayouts(); c.Mixed != nil {
		c.show("%s; %s written as %s, first %s: kept as text", share(n, c.filled, noun), counted(odd.count, "number is", "numbers are"), c.Mixed[1], where(odd.place))
		c.dropWords(classNulls)
	} else if n > odd.count && odd.count > 0 {
		c.show("%s; %s something else, first %s: kept as text", share(n, c.filled, noun), counted(odd.count, "cell is", "cells are"), where(odd.place))
		c.dropWords(classNulls) // they are not among the others
	}
	c.showNulls()
	c.dropWords(classNull)
}

// twoLayouts returns two layouts that together read all cells of a column of numbers, nil if there are none. No cell may be another number in the
// other layout, or with its mark between thousands.
func (c *ColumnProfile) twoLayouts() []string {
	of, _, n, odd := c.mostly()
	styles, others := c.cover(classStyles, classNulls)
	special, _ := c.cover(classExponent|classLayout|classNative, classNulls)
	weak, _ := c.cover(classNulls&^classNull, classNull)
	one := of &^ classExponent
	if styleOf[one] == "" || others.count > 0 || special+weak > 0 || odd.count == 0 || n+odd.count != styles {
		return nil
	}
	for two := classPoint; two <= classGroupQuote; two <<= 1 {
		if two != one && c.separate(one, two) {
			return []string{styleOf[one], styleOf[two]}
		}
	}
	return nil
}

// separate reports whether each number of the column is in exactly one of two layouts, or whole, and in one meaning.
func (c *ColumnProfile) separate(one, two class) bool {
	for _, s := range c.shapes {
		fits := s.class & classStyles
		if s.class&classNulls != 0 || fits == classStyles {
			continue
		}
		for plain, grouped := range rivals {
			if fits&plain != 0 && fits&grouped != 0 {
				return false
			}
		}
		if (fits&one != 0) == (fits&two != 0) {
			return false
		}
	}
	return true
}
