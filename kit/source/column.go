package source

import (
	"encoding/json"
	"hash/maphash"
	"slices"
	"strings"
	"unicode/utf8"
)

// Looks is what the values of a column look like.
type Looks string

// What values look like.
const (
	LooksEmpty     Looks = "empty"
	LooksInteger   Looks = "integer"
	LooksNumber    Looks = "number"
	LooksBoolean   Looks = "boolean"
	LooksDate      Looks = "date"      // a date in one of the column's Layouts; without Layouts, in RFC 3339 or nearly so
	LooksUnix      Looks = "unix"      // seconds since 1970, judged by the column's name and range
	LooksUnixMilli Looks = "unix_ms"   // milliseconds since 1970
	LooksUnixMicro Looks = "unix_us"   // microseconds since 1970
	LooksSerial    Looks = "excel"     // days as spreadsheets count them
	LooksEmail     Looks = "email"     //
	LooksPhone     Looks = "phone"     // a telephone number: digits that nobody calculates with
	LooksPostcode  Looks = "postcode"  //
	LooksObject    Looks = "object"    // a JSON object or list
	LooksText      Looks = "text"      //
	LooksID        Looks = "id digits" // digits that are not a quantity: a number would lose zeros in front, or the column is named like an id
	LooksTwice     Looks = "twice"     // another column has the same name, so neither can be read; nothing else is known about them
)

// ColumnProfile describes a column.
type ColumnProfile struct {
	Name string `json:"name"`
	// Type is the column's own type, empty if it has none. Looks is what its values look like, without the NullWords and the Odd cells.
	Type  string `json:"type,omitempty"`
	Looks Looks  `json:"looks"`
	// Evidence gives the reasons in words, with numbers of cells and lines. It contains no value of the column except words that mean "no value".
	Evidence []string `json:"evidence,omitempty"`
	// Layouts are the layouts of the dates or numbers, as a mapping gives them to date, int and decimal; none if they need none.
	Layouts []string `json:"layouts,omitempty"`
	// Choices are layouts that all fit, so that nothing decides between them. The column then Looks like text.
	Choices []string `json:"choices,omitempty"`
	// Mixed are the two layouts of a column of text that has numbers in both, if each number fits only one of them or is whole.
	Mixed []string `json:"mixed,omitempty"`
	// Zoneless says that the dates have a time of day without a time zone.
	Zoneless bool `json:"zoneless,omitempty"`
	// Days says that some dates have no time of day: they are calendar dates, and no time zone may move them.
	Days bool `json:"days,omitempty"`
	// Comma says that a comma is before the decimals.
	Comma bool `json:"decimal_comma,omitempty"`
	// Native says that the input itself declares the values as numbers or booleans.
	Native bool `json:"native,omitempty"`
	// NullWords are the words that mean "no value" in this column.
	NullWords []NullWord `json:"null_words,omitempty"`
	// Odd counts the cells that are not like the others.
	Odd *OddCells `json:"odd,omitempty"`
	// Rare is set if only one or two words make this a column of text; otherwise nil.
	Rare *RareWords `json:"rare,omitempty"`
	// Almost is set if a column of text is something else except for a few cells, and Rare is not set; otherwise nil.
	Almost *AlmostAll `json:"almost,omitempty"`
	// Thousands counts the numbers whose only mark has three digits after it, if they are few in comparison with the numbers that show what the mark
	// means. They are read as decimals, but the mark may have meant thousands.
	Thousands *OddCells `json:"thousands,omitempty"`
	// True and False are the spellings of a boolean.
	True  []string `json:"true,omitempty"`
	False []string `json:"false,omitempty"`
	// Exponents is how many numbers have an exponent.
	Exponents int64 `json:"exponents,omitempty"`
	// Padded is how many cells have spaces around them.
	Padded int64 `json:"padded,omitempty"`
	// Values are the different values, with the number of rows that have them, most frequent first. They are set only if they are few and not
	// personal data.
	Values []ValueCount `json:"values,omitempty"`
	// Empty is how many rows have no value. Distinct is how many different values there are; at most 1,000 are counted.
	Empty    int64 `json:"empty"`
	Distinct int   `json:"distinct"`
	// Personal says that the column's name or values look like personal data.
	Personal bool `json:"personal"`
	// Example is a value, or the beginning of one. It may be personal data.
	Example string `json:"example"`

	twice     bool
	filled    int64
	hashes    map[uint64]struct{}
	few       map[string]int64 // of short values, while they are few; nil once there are more
	shapes    []readable
	spellings map[string]nullSeen
	strange   map[string]nullSeen // short words without digits that have no known meaning, while they are few
	stranger  bool                // there are more of them than strange can keep
	affixes   map[affix]int64
	patterns  []*datePattern
	maxDigits int   // of whole numbers
	minDigits int   // the same
	low, high int64 // of whole numbers and serial days
	zeroOne   int64
	zeros     nullSeen // of digits with zeros in front
	foreign   nullSeen // of cells that are not UTF-8
}

// NullWord is a word that means "no value" in a column.
type NullWord struct {
	Word  string `json:"word"`
	Count int64  `json:"count"`
	// File and Line are the place of the first one.
	File string `json:"file,omitempty"`
	Line int64  `json:"line"`
}

// OddCells counts cells that are not like the others of their column.
type OddCells struct {
	Count int64  `json:"count"`
	File  string `json:"file,omitempty"`
	Line  int64  `json:"line"` // of the first one
}

// RareWords are words in few cells of a column (one in ten at most), none of which is known to mean "no value".
type RareWords struct {
	Words []NullWord `json:"words"`
	// Others is the profile of the column without them.
	Others ColumnProfile `json:"-"`
}

// AlmostAll is a column that would be something else than text without a few cells, one in five at most.
type AlmostAll struct {
	// Odd counts these few cells.
	Odd OddCells `json:"odd"`
	// Others is the profile of the column without them.
	Others ColumnProfile `json:"-"`
}

// ValueCount is a value of a column, and how many rows have it.
type ValueCount struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

// readable is what some cells can be read as, how many they are, and the place of the first.
type readable struct {
	class class
	count int64
	place place
}

// place is the place of a cell.
type place struct {
	file string
	line int64
}

// nullSeen is how often something was seen, and the place of the first one.
type nullSeen struct {
	count int64
	place place
}

func (n *nullSeen) see(at place) {
	if n.count++; n.count == 1 {
		n.place = at
	}
}

// datePattern is the pattern of some dates of a column.
type datePattern struct {
	pattern    string
	count      int64
	dayFirst   nullSeen // the first number is over 12
	dayLast    nullSeen // the second is
	short, iso bool
}

// zoneless reports whether the pattern has a time of day and no time zone.
func (d *datePattern) zoneless() bool {
	return !d.day() && !strings.Contains(d.pattern, "07") && !strings.Contains(d.pattern, "MST")
}

// day reports whether the pattern has no time of day.
func (d *datePattern) day() bool { return !strings.Contains(d.pattern, "04") }

// These limits bound the memory for a column, whatever it contains.
const (
	inspectValues = 1_000
	maxShapes     = 48
	maxPatterns   = 16
	maxAffixes    = 8
	maxFew        = 12
	maxFewBytes   = 40
	maxExample    = 200
	maxCellLooked = 4 << 10
	maxSpellings  = 24
	maxStrange    = 3
)

func newColumnProfile(name, typ string) ColumnProfile { return ColumnProfile{Name: name, Type: typ} }

var hashSeed = maphash.MakeSeed()

// add counts a value.
func (c *ColumnProfile) add(cell Cell, at place) {
	text := string(cell.Bytes)
	native := cell.Kind == KindJSON
	if native && text[0] == '"' {
		native = false
		if json.Unmarshal(cell.Bytes, &text) != nil || text == "" {
			return
		}
	}
	c.filled++
	if !utf8.ValidString(text) {
		c.foreign.see(at)
	}
	if c.Example == "" {
		c.Example = cut(text, maxExample)
	}
	c.count(text)
	k, word := c.classOf(text, native, at)
	if word != "" {
		c.spell(word, at)
	}
	if k&^classPadded == 0 {
		c.wonder(text, at)
	}
	for i := range c.shapes {
		if c.shapes[i].class == k {
			c.shapes[i].count++
			return
		}
	}
	if len(c.shapes) == maxShapes {
		k = 0
		if i := slices.IndexFunc(c.shapes, func(s readable) bool { return s.class == 0 }); i >= 0 {
			c.shapes[i].count++
			return
		}
	}
	c.shapes = append(c.shapes, readable{k, 1, at})
}

func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}

// count counts the different values.
func (c *ColumnProfile) count(text string) {
	if len(c.hashes) < inspectValues {
		if c.hashes == nil {
			c.hashes = make(map[uint64]struct{})
			c.few = make(map[string]int64)
		}
		c.hashes[maphash.String(hashSeed, text)] = struct{}{}
	}
	if c.few == nil {
		return
	}
	if _, known := c.few[text]; !known && (len(c.few) == maxFew || len(text) > maxFewBytes) {
		c.few = nil
		return
	}
	c.few[text]++
}

// spell counts a word that may mean "no value".
func (c *ColumnProfile) spell(word string, at place) {
	if c.spellings == nil {
		c.spellings = make(map[string]nullSeen)
	}
	if seen, known := c.spellings[word]; known || len(c.spellings) < maxSpellings {
		seen.see(at)
		c.spellings[word] = seen
	}
}

// wonder counts a word that has no known meaning.
func (c *ColumnProfile) wonder(text string, at place) {
	seen, known := c.strange[text]
	if !known && (len(c.strange) == maxStrange || len(text) > longestWord || strings.ContainsAny(text, "0123456789@")) {
		c.stranger = true
		return
	}
	if c.strange == nil {
		c.strange = make(map[string]nullSeen)
	}
	seen.see(at)
	c.strange[text] = seen
}

// classOf returns what a cell can be read as. It also returns the cell as word if it may mean "no value" or is a spelling of a boolean.
func (c *ColumnProfile) classOf(text string, native bool, at place) (k class, word string) {
	if native {
		switch text[0] {
		case 't', 'f':
			return classNative | classTrueFalse, text
		case '{', '[':
			return classNative | classObject, ""
		}
		k = classNative
	}
	inner := strings.TrimSpace(text)
	switch {
	case inner == "" || len(inner) > maxCellLooked:
		if inner != "" && (inner[0] == '{' || inner[0] == '[') && json.Valid([]byte(inner)) {
			return classObject, ""
		}
		return k, ""
	case len(inner) != len(text):
		k |= classPadded
		c.Padded++
	}
	if w := wordClass(inner); w != 0 {
		return k | w, text
	}
	if strings.Trim(inner, "0123456789") == "" {
		k |= classDigits
		if inner[0] == '0' && len(inner) > 1 {
			c.zeros.see(at)
		}
	}
	n, around := numberClass(inner)
	if k&classPadded != 0 && n&classStyles != 0 {
		n = n&^classWhole | classLayout
	}
	if n != 0 && around != (affix{}) && !c.surround(around) {
		n = 0
	}
	k |= n
	if n&classWhole != 0 || n&classPoint != 0 {
		c.measure(inner, n&classWhole != 0)
	}
	if d, ok := parseDateCell(inner); ok {
		k |= c.date(d, at)
	}
	if k&^(classPadded|classNative) == 0 || k&^(classPadded|classDigits) == 0 {
		k |= textClass(inner)
	}
	return k, ""
}

// surround counts the text around a number. It returns false if there are more kinds than a mapping can sensibly list.
func (c *ColumnProfile) surround(around affix) bool {
	if c.affixes == nil {
		c.affixes = make(map[affix]int64)
	}
	if c.affixes[around] == 0 && len(c.affixes) == maxAffixes {
		return false
	}
	c.affixes[around]++
	return true
}

// measure records how large numbers are.
func (c *ColumnProfile) measure(s string, whole bool) {
	digits, n := 0, int64(0)
	for i := 0; i < len(s) && isDigit(rune(s[i])); i++ {
		digits, n = digits+1, n*10+int64(s[i]-'0')
	}
	if s[0] == '-' || digits > 18 {
		n = -1
	}
	if c.maxDigits == 0 {
		c.minDigits, c.low, c.high = digits, n, n
	}
	c.minDigits, c.maxDigits = min(c.minDigits, digits), max(c.maxDigits, digits, 1)
	c.low, c.high = min(c.low, n), max(c.high, n)
	if whole && (s == "0" || s == "1") {
		c.zeroOne++
	}
}

// date records the pattern of a date, and returns its class.
func (c *ColumnProfile) date(d dateCell, at place) class {
	i := slices.IndexFunc(c.patterns, func(p *datePattern) bool { return p.pattern == d.pattern })
	if i < 0 {
		if i = len(c.patterns); i == maxPatterns {
			return 0
		}
		c.patterns = append(c.patterns, &datePattern{pattern: d.pattern, iso: true})
	}
	p := c.patterns[i]
	p.count++
	p.short = p.short || d.short
	p.iso = p.iso && d.iso
	if strings.Contains(d.pattern, first) && strings.Contains(d.pattern, second) && !strings.HasPrefix(d.pattern, "2006") {
		if d.a > 12 {
			p.dayFirst.see(at)
		}
		if d.b > 12 {
			p.dayLast.see(at)
		}
	}
	return classPattern << i
}
