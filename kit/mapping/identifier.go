package mapping

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ciokit/cio/internal/wire"
	"github.com/ciokit/cio/kit/source"
)

// The rules for text at the place of an identifier that is not one. Used as an identifier, it would make one person of many.
const (
	// RulePlaceholder is for text that programs write if there is no value, such as NULL or nan. A mapping's id_words allows single words.
	RulePlaceholder = "placeholder-id"
	// RulePaddedID is for an identifier with spaces or invisible characters around it. A mapping's verbatim_ids allows them.
	RulePaddedID = "padded-id"
	// RuleNumberID is for an identifier that a spreadsheet or a data frame has rewritten as a number, such as 101.0 or 1.23E+05. A mapping's
	// verbatim_ids allows such text.
	RuleNumberID = "id-rewritten-as-number"
)

// placeholders are the texts that mean "no value", as programs write them. No other spelling counts.
var placeholders = wordSet(
	"NULL", "null", "Null", "(null)", "(NULL)", "<null>", "<NULL>", "[NULL]", `\N`, // databases, their dumps and their tools
	"None", "none", "NONE", "(none)", "nan", "NaN", "NAN", "Nan", "-nan", "-NaN", "<NA>", "NaT", "NA", // Python, pandas, R
	"N/A", "n/a", "N/a", "#N/A", "#n/a", "#NA", "#NULL!", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#ERROR!", "(blank)", // spreadsheets
	"undefined", "[object Object]", "nil", "<nil>", "(nil)", // JavaScript, Ruby, Go, C
	"-", "--", "–", "—", // people
)

// maxPlaceholder is the length of the longest placeholder; beginsPlaceholder contains their first bytes. With these, most ids need no lookup in the
// table.
var maxPlaceholder, beginsPlaceholder = func() (most int, first [256]bool) {
	for word := range placeholders {
		most, first[word[0]] = max(most, len(word)), true
	}
	return most, first
}()

func isPlaceholder(text string) bool {
	return text != "" && len(text) <= maxPlaceholder && beginsPlaceholder[text[0]] && placeholders[text]
}

func wordSet(words ...string) map[string]bool {
	set := make(map[string]bool, len(words))
	for _, w := range words {
		set[w] = true
	}
	return set
}

// isIdentifierField reports whether the field identifies a person, an object, a device or a delivery.
func isIdentifierField(f field) bool {
	switch f {
	case fieldUserID, fieldAnonymousID, fieldGroupID, fieldPreviousID, fieldToken, fieldObjectTypeID, fieldObjectID, fieldDeliveryID:
		return true
	}
	return false
}

// idRules say which text is not an identifier.
type idRules struct {
	words    map[string]bool // placeholders that are somebody's id
	verbatim bool            // padded ids, and ids that look like rewritten numbers, are sent unchanged
	comma    bool            // a comma is before decimals
}

// check returns an error for text that is not an identifier. The error contains a placeholder, but no other text.
func (r *idRules) check(text string) *ValueError {
	if err := r.checkWord(text); err != nil {
		return err
	}
	if r.verbatim || isPlain(text) {
		return nil
	}
	if inner := TrimID(text); inner != text {
		what := "has spaces or invisible characters around it"
		if inner == "" {
			what = "consists of spaces or invisible characters"
		}
		return refuse(RulePaddedID, "the identifier %s; remove them (for spaces, with =trim(column)), or write verbatim_ids: true in the mapping if they belong to the identifier", what)
	}
	if rewritten(text, r.comma) {
		return refuse(RuleNumberID, "the identifier looks like a number that a spreadsheet or a data frame wrote, and may have lost digits; "+
			"export the column as text, or write verbatim_ids: true in the mapping if the ids are correct")
	}
	return nil
}

// isPlain reports quickly that text is neither padded nor a rewritten number.
func isPlain(text string) bool {
	for i := range len(text) {
		if !plainInID[text[i]] {
			return false
		}
	}
	return true
}

// plainInID are the bytes that are not invisible and do not occur in every rewritten number.
var plainInID = func() (set [256]bool) {
	for c := byte('!'); c < 0x7f; c++ {
		set[c] = c != '.' && c != ',' && c != '+'
	}
	return set
}()

// checkWord returns an error for placeholders only.
func (r *idRules) checkWord(text string) *ValueError {
	if !isPlaceholder(text) || r.words[text] {
		return nil
	}
	quoted, _ := json.Marshal(text) // never fails
	return refuse(RulePlaceholder, `the identifier is %s, which programs write if there is no value; leave the cell empty, list the word under null_words, `+
		`or write id_words: [%s] in the mapping if it is somebody's id`, text, bytes.ReplaceAll(quoted, []byte(`\u003c`), []byte("<")))
}

// TrimID returns the text without the spaces and invisible characters around it.
func TrimID(text string) string {
	if ascii := func(c byte) bool { return c > ' ' && c < 0x7f }; text == "" || ascii(text[0]) && ascii(text[len(text)-1]) {
		return text
	}
	return strings.TrimFunc(text, invisible)
}

// invisible reports whether a character cannot be seen.
func invisible(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r <= ' ' || r == 0x7f
	case r >= 0xe0020 && r <= 0xe007f: // the end of a flag
		return false
	case r == '\u115f', r == '\u1160', r == '\u3164', r == '\uffa0', r == '\u2800': // Hangul fillers, the empty Braille pattern
		return true
	}
	return unicode.IsSpace(r) || unicode.In(r, unicode.Cc, unicode.Cf)
}

// rewritten reports whether text is a number in a form that programs give to an integer, and that nobody uses for an id:
//
//	101.0, 101.00                digits and a fraction of zeros, as of a column of floating point numbers
//	1.23E+05, 1,23E+05, 12.3e+04 a point or a comma, and an exponent with its sign
//	1e+05                        one digit and an exponent of two with a plus, as R has it
//	1.2345678E7                  one digit, a point, and an exponent of 7 or more or with a minus, as Java has it
//
// 12e5, 1e5, 1.10, 1.2.0 and 007.0 are none of these.
func rewritten(text string, comma bool) bool {
	if text == "" {
		return false
	}
	s := text
	if s[0] == '-' || s[0] == '+' {
		s = s[1:]
	}
	whole, s := cutDigits(s)
	if whole == "" {
		return false
	}
	fraction, point := "", byte(0)
	if s != "" && (s[0] == '.' || s[0] == ',') {
		point = s[0]
		if fraction, s = cutDigits(s[1:]); fraction == "" {
			return false
		}
	}
	if s == "" { // no exponent
		return point != 0 && (point == '.' || comma) && strings.Trim(fraction, "0") == "" && (whole[0] != '0' || whole == "0")
	}
	if s[0] != 'e' && s[0] != 'E' {
		return false
	}
	capital := s[0] == 'E'
	sign := byte(0)
	if s = s[1:]; s != "" && (s[0] == '+' || s[0] == '-') {
		sign, s = s[0], s[1:]
	}
	exponent, rest := cutDigits(s)
	if exponent == "" || rest != "" || len(exponent) > 3 {
		return false
	}
	switch {
	case point == 0:
		return sign == '+' && len(whole) == 1 && len(exponent) == 2
	case sign == 0:
		return capital && point == '.' && len(whole) == 1 && exponent[0] != '0' && (len(exponent) > 1 || exponent >= "7")
	}
	return true
}

func cutDigits(s string) (digits, rest string) {
	n := 0
	for n < len(s) && s[n]-'0' <= 9 {
		n++
	}
	return s[:n], s[n:]
}

// identifier is a value that identifies somebody or something.
type identifier struct {
	scalar
	column string // the column of the value
	rules  *idRules
	bits   int  // the precision of the column's floating point numbers, 0 if it has others
	part   bool // a part of an identifier: only a placeholder is certainly wrong
}

func (i identifier) text(r *row) (string, bool, *ValueError) {
	s, ok, err := i.scalar.text(r)
	if !ok || err != nil {
		return s, ok, err
	}
	if i.part {
		err = i.rules.checkWord(s)
	} else {
		err = i.rules.check(s)
	}
	if err == nil && i.bits > 0 {
		err = checkWhole(s, i.bits)
	}
	if err != nil {
		return "", false, err.from(i.column)
	}
	return s, true, nil
}

// checkWhole returns an error for an integer that a floating point number with so many bits may have rounded.
func checkWhole(digits string, bits int) *ValueError {
	if n, err := parseInt([]byte(digits)); err == nil && n < 1<<bits && n > -1<<bits {
		return nil
	}
	return refuse(RuleNumberID, "the identifier comes from a column of floating point numbers, which keeps no more than %d bits of it; export the column as text or as integers", bits)
}

// floatBits are the types of floating point columns, with the number of integer bits that they keep.
var floatBits = map[string]int{"DOUBLE": 53, "FLOAT8": 53, "REAL": 53, "FLOAT": 24, "FLOAT4": 24, "FLOAT16": 11}

// identifier compiles a value that identifies somebody or something, or a part of one. A literal is never checked: the author of the mapping means
// it.
func (c *compilation) identifier(s *spec, path string, part bool) scalar {
	v := c.scalar(s, path)
	if _, ok := v.(literal); ok {
		return v
	}
	id := identifier{scalar: v, column: c.sources[path], rules: c.ids, part: part}
	if s.kind == specColumn {
		for _, col := range c.columns {
			if col.Name == s.text && col.Kind == source.KindJSON {
				id.bits = floatBits[col.Type]
			}
		}
	}
	return id
}

// checkEmail returns an error for an identify whose only identifier is an address that is not valid.
func (m *Mapper) checkEmail(p *Message) *ValueError {
	if m.values.text[fieldUserID] != "" {
		return nil
	}
	email, _ := wire.Text(m.emailJSON(p))
	err := m.plan.ids.check(email)
	if err == nil {
		return nil
	}
	if err.Column = p.columns["traits.email"]; err.Column == "" {
		err.Column = "email" // of $all
	}
	return err.in("traits.email")
}

// CheckID returns an error for text that is not an identifier, by the rules of a mapping without exceptions; nil if it is one. A rewritten number
// counts with a point and with a comma.
func CheckID(text string) *ValueError { return (&idRules{comma: true}).check(text) }

// CellID returns a cell of a column as an identifier, empty if it has no value. It returns an error for a floating point number that may have lost
// digits.
func CellID(c source.Cell, of source.Column) (string, *ValueError) {
	id, _, err := column{0, of.Name}.text(&row{cells: []source.Cell{c}})
	if bits := floatBits[of.Type]; err == nil && bits > 0 && of.Kind == source.KindJSON {
		err = checkWhole(id, bits)
	}
	return id, err
}
