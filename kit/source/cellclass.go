package source

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// class is a set of bits: one for each thing that a cell can be read as. A cell may be several: 1 is a whole number, a number in any layout of
// decimals, and true.
type class uint64

const (
	classNull       class = 1 << iota // what programs write if there is no value, in any column
	classWeakNull                     // words that mean "no value" only in a column of something else than words: none, -, unknown
	classWhole                        // a whole number without zeros in front, of at most 18 digits
	classDigits                       // digits only, perhaps with zeros in front
	classPoint                        // a number with a point before its decimals and no mark between thousands
	classComma                        // the same with a comma
	classGroupComma                   // 1,234.5
	classGroupPoint                   // 1.234,5
	classSpaceComma                   // 1 234,5
	classSpacePoint                   // 1 234.5
	classGroupQuote                   // 1'234.5
	classExponent                     // 1.5e3
	classLayout                       // a number that needs a layout: it has a currency, brackets or spaces around it
	classNative                       // a number or a boolean that the input itself declares as one
	classPadded                       // spaces around it
	classTrueFalse
	classYesNo
	classYN
	classTF
	classOnOff
	classJaNein
	classOuiNon
	classSiNo
	classEmail
	classObject
	classPhone
	classPattern // the first of the column's date patterns; the last bit is the last one
)

// The classes, grouped by what they have in common.
const (
	classBoolean = classTrueFalse | classYesNo | classYN | classTF | classOnOff | classJaNein | classOuiNon | classSiNo
	classNulls   = classNull | classWeakNull
	// classPatterns are the classes of dates that need a layout.
	classPatterns = ^(classPattern - 1)
	// classStyles are the ways to write a number.
	classStyles = classPoint | classComma | classGroupComma | classGroupPoint | classSpaceComma | classSpacePoint | classGroupQuote
)

// words are the cells that have a meaning as a whole, in lower case.
var words = map[string]class{
	"true": classTrueFalse, "false": classTrueFalse, "yes": classYesNo, "no": classYesNo | classSiNo, "y": classYN, "n": classYN,
	"t": classTF, "f": classTF, "on": classOnOff, "off": classOnOff, "ja": classJaNein, "nein": classJaNein,
	"oui": classOuiNon, "non": classOuiNon, "si": classSiNo, "sí": classSiNo,
	"none": classWeakNull, "na": classWeakNull, "nan": classWeakNull, "-nan": classWeakNull, "nil": classWeakNull, "-": classWeakNull, "--": classWeakNull,
	"–": classWeakNull, "—": classWeakNull, "?": classWeakNull, ".": classWeakNull, "unknown": classWeakNull, "undefined": classWeakNull,
	"missing": classWeakNull, "empty": classWeakNull, "not set": classWeakNull, "not available": classWeakNull, "tbd": classWeakNull,
	"unbekannt": classWeakNull, "k.a.": classWeakNull, "k. a.": classWeakNull, "keine angabe": classWeakNull, "n.a.": classWeakNull, "n. a.": classWeakNull, "non renseigné": classWeakNull, "inconnu": classWeakNull,
	"null": classWeakNull, "n/a": classNull, "#n/a": classNull, "#na": classNull, "#null!": classNull, "#ref!": classNull, "#value!": classNull,
	"#name?": classNull, "#div/0!": classNull, "#num!": classNull, "#error!": classNull, "(blank)": classNull, `\n`: classNull, "(null)": classNull,
	"<null>": classNull, "[null]": classNull, "<na>": classNull, "nat": classWeakNull, "(none)": classNull, "<nil>": classNull,
	"0000-00-00": classWeakNull, "0000-00-00 00:00:00": classWeakNull, "00.00.0000": classWeakNull, "00/00/0000": classWeakNull,
}

// longestWord is the length of the longest cell that is looked up in words.
const longestWord = 20

// wordClass returns the class of a cell that is one of words.
func wordClass(s string) class {
	if len(s) > longestWord {
		return 0
	}
	c := words[strings.ToLower(s)]
	switch {
	case s == "NULL":
		return classNull
	case c == classNull && s == `\n`: // PostgreSQL and MySQL write \N
		return 0
	}
	return c
}

// affix is the text around the digits of a number.
type affix struct{ before, after string }

// currencies are the signs and codes that people write next to amounts.
var currencies = func() map[string]bool {
	set := map[string]bool{"%": true}
	for _, s := range strings.Fields(`$ € £ ¥ ₹ ₽ ₩ ₺ ₪ ฿ US$ A$ C$ CA$ AU$ R$ NZ$ HK$ S$ MX$ zł kr kr. Kč Ft lei Fr. SFr. Rs. Rs
		USD EUR GBP JPY CHF CNY AUD CAD NZD SEK NOK DKK ISK PLN CZK HUF RON BGN TRY INR BRL MXN ZAR SGD HKD KRW RUB UAH AED SAR ILS THB IDR MYR PHP VND ARS CLP COP PEN`) {
		set[s] = true
	}
	return set
}()

// longestNumber is the length of the longest text that is parsed as a number.
const longestNumber = 64

// numberClass returns the class of a cell that is a number, and the text around its digits.
func numberClass(s string) (class, affix) {
	if s == "" || len(s) > longestNumber {
		return 0, affix{}
	}
	c := class(0)
	first := strings.IndexFunc(s, isDigit)
	last := strings.LastIndexFunc(s, isDigit)
	if first < 0 {
		return 0, affix{}
	}
	if first > 0 && (s[first-1] == '.' || s[first-1] == ',') && (first == 1 || !isDigit(rune(s[first-2]))) {
		first--
	}
	before, after := s[:first], s[last+1:]
	if strings.HasPrefix(before, "(") && strings.HasSuffix(after, ")") {
		before, after, c = before[1:], after[:len(after)-1], classLayout
	}
	plainMinus := before == "-" && after == ""
	before, signed := cutMinus(before)
	after, trailing := cutMinus(after)
	if signed && trailing || (signed || trailing) && c != 0 {
		return 0, affix{}
	}
	around := affix{strings.TrimSpace(before), strings.TrimSpace(after)}
	if around.before != "" && !currencies[around.before] || around.after != "" && !currencies[around.after] {
		return 0, affix{}
	}
	if signed && !plainMinus || trailing || around != (affix{}) {
		c = classLayout
	}
	body := s[first : last+1]
	styles, whole := styleClass(body)
	if styles == 0 {
		if isExponent(body) && c == 0 {
			return classExponent, affix{}
		}
		return 0, affix{}
	}
	if whole && c == 0 && len(body) <= 18 {
		c |= classWhole
	}
	return c | styles, around
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// cutMinus cuts a minus off a part of a cell that has no digits.
func cutMinus(s string) (rest string, minus bool) {
	for _, sign := range []string{"-", "−"} {
		if at := strings.Index(s, sign); at >= 0 {
			return s[:at] + s[at+len(sign):], true
		}
	}
	return s, false
}

// styleClass returns the ways of writing numbers that fit the digits and the marks between them; none if they are not a number. whole reports whether
// there are only digits.
func styleClass(s string) (c class, whole bool) {
	type group struct {
		mark   byte // between this group and the one before, 's' for a space, 'q' for an apostrophe
		digits int
	}
	groups := make([]group, 0, 8)
	current := group{}
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		switch {
		case isDigit(r):
			current.digits++
			continue
		case len(groups) == cap(groups):
			return 0, false
		}
		groups = append(groups, current)
		switch {
		case r == '.' || r == ',':
			current = group{mark: byte(r)}
		case r == '\'' || r == '’':
			current = group{mark: 'q'}
		case r == ' ' || r == '\u00a0' || r == '\u202f' || r == '\u2009':
			current = group{mark: 's'}
		default:
			return 0, false
		}
	}
	groups = append(groups, current)
	zero := groups[0].digits > 1 && s[0] == '0'
	if len(groups) == 1 {
		if zero {
			return 0, false
		}
		return classStyles, true
	}
	// thousands reports whether the groups up to this one are thousands, all with the same mark between them.
	thousands := func(upTo int) (mark byte, ok bool) {
		if upTo == 0 {
			return 0, !zero
		}
		mark = groups[1].mark
		if groups[0].digits < 1 || groups[0].digits > 3 || s[0] == '0' {
			return 0, false
		}
		for _, g := range groups[1 : upTo+1] {
			if g.mark != mark || g.digits != 3 {
				return 0, false
			}
		}
		return mark, true
	}
	last := len(groups) - 1
	if mark, ok := thousands(last); ok {
		c |= map[byte]class{',': classGroupComma, '.': classGroupPoint, 's': classSpaceComma | classSpacePoint, 'q': classGroupQuote}[mark]
	}
	mark, ok := thousands(last - 1)
	if decimals := groups[last].mark; ok && groups[last].digits > 0 {
		switch {
		case mark == 0 && decimals == '.':
			c |= classPoint | classGroupComma | classSpacePoint | classGroupQuote
		case mark == 0 && decimals == ',':
			c |= classComma | classGroupPoint | classSpaceComma
		case mark == ',' && decimals == '.':
			c |= classGroupComma
		case mark == '.' && decimals == ',':
			c |= classGroupPoint
		case mark == 's' && decimals == ',':
			c |= classSpaceComma
		case mark == 's' && decimals == '.':
			c |= classSpacePoint
		case mark == 'q' && decimals == '.':
			c |= classGroupQuote
		}
	}
	return c, false
}

// isExponent reports whether digits are a number with an exponent.
func isExponent(s string) bool {
	at := strings.IndexAny(s, "eE")
	if at <= 0 {
		return false
	}
	styles, _ := styleClass(s[:at])
	exponent := strings.TrimLeft(s[at+1:], "+-")
	return styles&(classPoint|classComma) != 0 && exponent != "" && len(exponent) <= 3 && strings.Trim(exponent, "0123456789") == ""
}

// textClass returns the class of a cell that is neither a word nor a number.
func textClass(s string) class {
	switch {
	case strings.IndexByte(s, '@') > 0:
		if isEmail(s) {
			return classEmail
		}
	case (s[0] == '{' || s[0] == '[') && json.Valid([]byte(s)):
		return classObject
	case isPhone(s):
		return classPhone
	}
	return 0
}

func isEmail(s string) bool {
	at := strings.IndexByte(s, '@')
	domain := s[at+1:]
	return at > 0 && len(s) <= 254 && strings.IndexByte(domain, '@') < 0 && strings.Contains(strings.Trim(domain, "."), ".") &&
		!strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`<>(),;:"[]\`, r) })
}

// isPhone reports whether a cell is written like a telephone number: 7 to 15 digits, with a plus in front or with marks between them.
func isPhone(s string) bool {
	if len(s) < 7 || len(s) > 30 {
		return false
	}
	digits := 0
	for _, r := range s {
		switch {
		case isDigit(r):
			digits++
		case !strings.ContainsRune("+-()./ \u00a0", r):
			return false
		}
	}
	return digits >= 7 && digits <= 15 && (s[0] == '+' || s[0] == '(' || s[0] == '0')
}
