package source

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
)

// judgement is what was found out about a column, and what the columns say about each other.
type judgement struct {
	points, commas string            // the name of a column whose decimals certainly follow a point, or a comma
	orders         map[string]string // by the mark between the parts of dates: which number is certainly the day, first or second
	orderedBy      map[string]string // the column that shows it
}

// cover returns how many cells are of any of the classes, and counts the others. Cells of the classes nulls are in neither count.
func (c *ColumnProfile) cover(of, nulls class) (n int64, odd nullSeen) {
	for _, s := range c.shapes {
		switch {
		case s.class&nulls != 0:
		case s.class&of != 0:
			n += s.count
		default:
			if odd.count == 0 || s.place.file == odd.place.file && s.place.line < odd.place.line {
				odd.place = s.place
			}
			odd.count += s.count
		}
	}
	return n, odd
}

// A column is what all of its cells are. If there are enough cells, one in a hundred may differ.
const (
	oddOneIn  = 100
	fewToTell = 20
)

func most(n int64, odd nullSeen) bool {
	return n > 0 && (odd.count == 0 || n >= fewToTell && odd.count*oddOneIn <= n+odd.count)
}

// finish judges the column by the cells that were counted.
func (c *ColumnProfile) finish(rows int64, j *judgement) {
	c.Evidence, c.NullWords, c.Odd, c.Layouts, c.Choices, c.Mixed, c.Rare, c.Almost, c.Thousands = nil, nil, nil, nil, nil, nil, nil, nil, nil
	if c.twice {
		c.Looks = LooksTwice
		return
	}
	c.Empty, c.Distinct = rows-c.filled, len(c.hashes)
	c.decide(j)
	c.Zoneless = c.Looks == LooksDate && slices.ContainsFunc(c.patterns, (*datePattern).zoneless)
	c.rare(j)
	c.almost(j)
	c.Days = c.Looks == LooksDate && slices.ContainsFunc(c.patterns, (*datePattern).day)
	words := nameWords(c.Name)
	c.Personal = c.Looks == LooksEmail || c.Looks == LooksPhone || isPersonal(words)
	if c.Values = nil; !c.Personal && c.few != nil && c.Looks != LooksID && int64(len(c.few)) < c.filled {
		for _, v := range slices.Sorted(maps.Keys(c.few)) {
			c.Values = append(c.Values, ValueCount{v, c.few[v]})
		}
		slices.SortStableFunc(c.Values, func(a, b ValueCount) int { return cmp.Compare(b.Count, a.Count) })
	}
	if c.foreign.count > 0 {
		c.show("%s not UTF-8, first %s: give the encoding, such as windows-1252", counted(c.foreign.count, "cell is", "cells are"), where(c.foreign.place))
	}
	if c.Padded > 0 {
		c.show("%s spaces around the value", counted(c.Padded, "cell has", "cells have"))
	}
}

// decide sets what the column looks like, and the reasons.
func (c *ColumnProfile) decide(j *judgement) {
	_, values := c.cover(0, classNulls)
	strong, _ := c.cover(classNull, 0)
	switch {
	case c.filled == 0:
		c.Looks = LooksEmpty
		return
	case values.count == 0 && (strong == c.filled || c.filled >= fewToTell || strong > 0):
		c.Looks = LooksEmpty
		c.dropWords(classNulls)
		c.showNulls()
		return
	}
	for _, try := range []func(*judgement) bool{c.object, c.email, c.boolean, c.whole, c.phone, c.dates, c.number} {
		if try(j) {
			return
		}
	}
	c.Looks = LooksText
	c.dropWords(classNull)
	c.explainText()
}

// is sets what the column looks like, if most cells are of the classes. noun names them.
func (c *ColumnProfile) is(looks Looks, of class, noun string) bool {
	n, odd := c.cover(of, classNulls&^of)
	if !most(n, odd) {
		return false
	}
	c.Looks = looks
	c.Native = looks != LooksObject
	for _, s := range c.shapes {
		c.Native = c.Native && (s.class&of == 0 || s.class&classNative != 0)
	}
	c.dropWords(classNulls &^ of)
	c.show("%s", share(n, c.filled, noun))
	c.showNulls()
	if odd.count > 0 {
		c.Odd = &OddCells{odd.count, odd.place.file, odd.place.line}
		c.show("%s something else, first %s", counted(odd.count, "cell is", "cells are"), where(odd.place))
	}
	return true
}

// dropWords sets the words that mean "no value".
func (c *ColumnProfile) dropWords(of class) {
	c.NullWords = nil
	for _, word := range slices.Sorted(maps.Keys(c.spellings)) {
		seen := c.spellings[word]
		if wordClass(strings.TrimSpace(word))&of != 0 {
			c.NullWords = append(c.NullWords, NullWord{word, seen.count, seen.place.file, seen.place.line})
		}
	}
	slices.SortStableFunc(c.NullWords, func(a, b NullWord) int { return cmp.Compare(b.Count, a.Count) })
}

func (c *ColumnProfile) object(*judgement) bool {
	return c.is(LooksObject, classObject, "JSON objects or lists")
}

func (c *ColumnProfile) email(*judgement) bool {
	n, odd := c.cover(classEmail, classNulls)
	if odd.count > 0 && n >= 2*odd.count && !most(n, odd) {
		// A wrong address is a mistake in an address. It does not show that the column is something else.
		c.Looks = LooksEmail
		c.dropWords(classNulls)
		c.show("%s", share(n, c.filled, "email addresses"))
		c.showNulls()
		c.Odd = &OddCells{odd.count, odd.place.file, odd.place.line}
		c.show("%s something else, first %s", counted(odd.count, "cell is", "cells are"), where(odd.place))
		return true
	}
	return c.is(LooksEmail, classEmail, "email addresses")
}

func (c *ColumnProfile) boolean(*judgement) bool {
	best, most := class(0), int64(0)
	for f := classTrueFalse; f <= classSiNo; f <<= 1 {
		if n, _ := c.cover(f, classNulls); n > most {
			best, most = f, n
		}
	}
	if best == 0 || !c.is(LooksBoolean, best, "true or false") {
		return false
	}
	c.True, c.False = nil, nil
	for _, word := range slices.Sorted(maps.Keys(c.spellings)) {
		switch lower := strings.ToLower(strings.TrimSpace(word)); {
		case words[lower]&best == 0:
		case slices.Contains([]string{"true", "yes", "y", "t", "on", "ja", "oui", "si", "sí"}, lower):
			c.True = append(c.True, word)
		default:
			c.False = append(c.False, word)
		}
	}
	if !c.Native {
		c.show("written as %s", strings.Join(slices.Concat(c.True, c.False), " and "))
	}
	return true
}

// whole judges digits without anything between them.
func (c *ColumnProfile) whole(*judgement) bool {
	n, odd := c.cover(classWhole|classDigits, classNulls)
	if !most(n, odd) {
		return false
	}
	digits, _ := c.cover(classDigits, classNulls)
	name := nameWords(c.Name)
	c.Native = false
	switch {
	case digits == n && c.compact(name):
		return true
	case hasWord(name, phoneWords) && digits == n:
		return c.is(LooksPhone, classDigits, "digits") && c.show("a telephone number by the column's name: kept as text")
	case hasWord(name, postWords) && digits == n:
		return c.is(LooksPostcode, classDigits, "digits") && c.show("a postcode by the column's name: kept as text")
	case c.zeros.count > 0:
		return c.is(LooksID, classWhole|classDigits, "digits") &&
			c.show("%s zeros in front, first %s: a number would lose them", counted(c.zeros.count, "cell has", "cells have"), where(c.zeros.place))
	case c.maxDigits > 18 || digits > 0 && c.maxDigits == 0:
		return c.is(LooksID, classWhole|classDigits, "digits") && c.show("too many for a 64-bit number")
	}
	if unit, why := c.epoch(name); unit != "" {
		return c.is(unit, classWhole, "whole numbers") && c.show("%s", why)
	}
	wholes, _ := c.cover(classWhole, classNulls)
	if wholes == digits && isIDName(name) {
		if !c.is(LooksID, classWhole|classDigits, "digits") {
			return false
		}
		if c.isNative() {
			c.Native = true
		}
		return c.show("an id by the column's name: kept as text")
	}
	if !c.is(LooksInteger, classWhole, "whole numbers") {
		return false
	}
	if c.zeroOne == n && n > 1 {
		c.show("only 0 and 1")
	}
	return true
}

func (c *ColumnProfile) isNative() bool {
	return !slices.ContainsFunc(c.shapes, func(s readable) bool { return s.class&classNulls == 0 && s.class&classNative == 0 })
}

// compact judges days and times that are written as digits only.
func (c *ColumnProfile) compact(name []string) bool {
	for i, p := range c.patterns {
		if p.pattern != "20060102" && p.pattern != "20060102150405" {
			continue
		}
		n, odd := c.cover(classPattern<<i, classNulls)
		if !most(n, odd) || !isTimeName(name) && (n < 5 || len(c.hashes) < 3 || isIDName(name)) {
			continue
		}
		if c.is(LooksDate, classPattern<<i, "dates") {
			c.Layouts, c.Native = []string{p.pattern}, false
			return c.show("written as %s", HumanLayout(p.pattern))
		}
	}
	return false
}

// epoch returns which time count whole numbers are, by the column's name and their range.
func (c *ColumnProfile) epoch(name []string) (looks Looks, why string) {
	if !isTimeName(name) {
		return "", ""
	}
	const first, last = 315_532_800, 4_102_444_800 // 1980 and 2100
	for _, unit := range []struct {
		looks Looks
		per   int64
		text  string
	}{{LooksUnix, 1, "seconds"}, {LooksUnixMilli, 1_000, "milliseconds"}, {LooksUnixMicro, 1_000_000, "microseconds"}} {
		if c.low >= first*unit.per && c.high <= last*unit.per {
			return unit.looks, unit.text + " since 1970 by the column's name and their size"
		}
	}
	if c.low >= firstSerial && c.high <= lastSerial {
		return LooksSerial, "days as spreadsheets count them, by the column's name and their size"
	}
	return "", ""
}

// Numbers in this range count as days of a spreadsheet: 1900-03-01 to 2099.
const firstSerial, lastSerial = 61, 73_050

func (c *ColumnProfile) phone(*judgement) bool {
	n, odd := c.cover(classPhone|classDigits, classNulls)
	written, _ := c.cover(classPhone, classNulls|classDigits)
	if !most(n, odd) || written == 0 || len(c.patterns) > 0 {
		return false
	}
	return c.is(LooksPhone, classPhone|classDigits, "telephone numbers")
}

// number judges numbers with something between their digits or around them.
func (c *ColumnProfile) number(j *judgement) bool {
	c.Comma, c.Exponents = false, 0
	anyStyle, odd := c.cover(classStyles|classExponent, classNulls)
	if !most(anyStyle, odd) {
		return false
	}
	if c.isNative() {
		return c.is(LooksNumber, classStyles|classExponent, "numbers")
	}
	exponents, _ := c.cover(classExponent, classNulls)
	name := nameWords(c.Name)
	// Choose the plainest way that fits the most numbers.
	best, fits := class(0), int64(-1)
	for s := classPoint; s <= classGroupQuote; s <<= 1 {
		if n, _ := c.cover(s|classExponent, classNulls); n > fits {
			best, fits = s, n
		}
	}
	point, _ := c.cover(classPoint, classNulls)
	if best == classPoint && point+exponents == anyStyle && c.low >= 20_000 && c.high <= lastSerial && isTimeName(name) && c.affixes == nil {
		return c.is(LooksSerial, classPoint, "numbers") && c.show("days as spreadsheets count them, by the column's name and their size")
	}
	if best == classPoint && isIDName(name) && c.affixes == nil {
		return c.is(LooksID, classStyles, "digits and points") && c.show("an id by the column's name: kept as text")
	}
	if rival := rivals[best]; rival != 0 && !c.apart(best, rival) {
		if best = j.settle(best, rival); best == 0 {
			return c.undecided(styleOf[classPoint], rival)
		}
	}
	if !c.is(LooksNumber, best|classExponent, "numbers") {
		return false
	}
	c.Exponents = exponents
	c.doubt(best)
	style := styleOf[best]
	c.Comma = strings.HasSuffix(style, ",5")
	c.layNumbers(best, style)
	return true
}

// rivals are the second ways that fit a number with three digits after its only mark.
var rivals = map[class]class{classPoint: classGroupPoint, classComma: classGroupComma}

// styleOf is 1234.5 in each way of writing numbers.
var styleOf = map[class]string{classPoint: "1234.5", classComma: "1234,5", classGroupComma: "1,234.5", classGroupPoint: "1.234,5",
	classSpaceComma: "1 234,5", classSpacePoint: "1 234.5", classGroupQuote: "1'234.5"}

// apart reports whether a cell fits the first way and not the second, or all cells that fit both are whole numbers.
func (c *ColumnProfile) apart(one, other class) bool {
	both := false
	for _, s := range c.shapes {
		switch {
		case s.class&one != 0 && s.class&other == 0:
			return true
		case s.class&one != 0 && s.class&classStyles != classStyles:
			both = true
		}
	}
	return !both
}

// doubt counts the few numbers that would have another value if the mark before their last three digits separated thousands.
func (c *ColumnProfile) doubt(best class) {
	const oneIn = 10
	rival := rivals[best]
	var marked int64
	var doubtful nullSeen
	for _, s := range c.shapes {
		if s.class&best == 0 || s.class&classStyles == classStyles {
			continue
		}
		marked += s.count
		if s.class&rival != 0 {
			if doubtful.count == 0 || s.place.line < doubtful.place.line {
				doubtful.place = s.place
			}
			doubtful.count += s.count
		}
	}
	if rival != 0 && doubtful.count > 0 && doubtful.count*oneIn <= marked {
		c.Thousands = &OddCells{doubtful.count, doubtful.place.file, doubtful.place.line}
		c.show("%s three digits after the mark, first %s: read as decimals, but thousands may be meant", counted(doubtful.count, "cell has", "cells have"), where(doubtful.place))
	}
}

// settle decides between two ways by the other columns; 0 if they do not decide.
func (j *judgement) settle(one, other class) class {
	if j == nil || j.points != "" && j.commas != "" {
		return 0
	}
	point := one == classPoint
	switch {
	case j.points != "" && point, j.commas != "" && !point:
		return one
	case j.points != "" || j.commas != "":
		return other
	}
	return 0
}

func (c *ColumnProfile) undecided(_ string, rival class) bool {
	one := classPoint
	mark := "point"
	if rival == classGroupComma {
		one, mark = classComma, "comma"
	}
	n, _ := c.cover(one, classNulls)
	c.Looks, c.Native = LooksText, false
	c.dropWords(classNulls)
	c.Choices = []string{styleOf[one], styleOf[rival]}
	c.show("%s; every %s has three digits after it, so nothing decides whether it separates thousands or decimals", share(n, c.filled, "numbers"), mark)
	c.showNulls()
	return true
}

// layNumbers sets the layouts of numbers, if they need any, and shows what is between and around their digits.
func (c *ColumnProfile) layNumbers(best class, style string) {
	laid, _ := c.cover(classLayout, classNulls)
	grouped := best != classPoint && best != classComma
	between := map[byte]string{'.': "a point", ',': "a comma", ' ': "a space", '\'': "an apostrophe"}
	if c.Comma {
		c.show("a comma is before the decimals")
	}
	if grouped {
		plain := classPoint
		if c.Comma {
			plain = classComma
		}
		n, _ := c.cover(plain, classNulls)
		all, _ := c.cover(best, classNulls)
		c.show("%s %s between thousands", counted(all-n, "has", "have"), between[style[1]])
	}
	if laid == 0 && !grouped {
		return
	}
	bare := true
	for _, s := range c.shapes {
		if s.class&classStyles != 0 && s.class&classLayout == 0 {
			bare = false
		}
	}
	around := slices.SortedFunc(maps.Keys(c.affixes), func(a, b affix) int {
		return cmp.Or(cmp.Compare(c.affixes[b], c.affixes[a]), cmp.Compare(a.before+a.after, b.before+b.after))
	})
	withAround := int64(0)
	for _, a := range around {
		layout := a.before + style + a.after
		if len(a.before) > 1 && isLetter(a.before[len(a.before)-1]) {
			layout = a.before + " " + style
		}
		if a.after != "" && a.after != "%" {
			layout = a.before + style + " " + a.after
		}
		c.Layouts = append(c.Layouts, layout)
		withAround += c.affixes[a]
		c.show("%s %s", counted(c.affixes[a], "has", "have"), strings.TrimSpace(a.before+" "+a.after))
	}
	if !bare || withAround < laid {
		c.Layouts = append(c.Layouts, style)
	}
	if len(around) > 1 && !slices.ContainsFunc(around, func(a affix) bool { return a.after == "%" }) {
		c.show("the column has several currencies: a number alone does not show its currency")
	}
}

// percent returns a share that is rounded down, so that only the whole is 100.
func percent(n, of int64) float64 { return math.Floor(float64(n)*1000/float64(of)) / 10 }
