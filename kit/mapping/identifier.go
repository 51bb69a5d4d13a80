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

// The rules of text that stands where an identifier should and is none: taken for one it makes a single person of many.
const (
	// RulePlaceholder is what a program writes where there is no value, such as NULL or nan. A mapping's id_words allows one.
	RulePlaceholder = "placeholder-id"
	// RulePaddedID is an identifier with spaces or invisible characters around it. A mapping's verbatim_ids allows them.
	RulePaddedID = "padded-id"
	// RuleNumberID is an identifier that a spreadsheet or a data frame has rewritten as a number, such as 101.0 or 1.23E+05. A mapping's
	// verbatim_ids allows text of that look.
	RuleNumberID = "id-rewritten-as-number"
)

// placeholders are the texts that stand for no value, as programs spell them. No other spelling counts.
var placeholders = wordSet(
	"NULL", "null", "Null", "(null)", "(NULL)", "<null>", "<NULL>", "[NULL]", `\N`, // databases, their dumps and their tools
	"None", "none", "NONE", "(none)", "nan", "NaN", "NAN", "Nan", "-nan", "-NaN", "<NA>", "NaT", "NA", // Python, pandas, R
	"N/A", "n/a", "N/a", "#N/A", "#n/a", "#NA", "#NULL!", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#ERROR!", "(blank)", // spreadsheets
	"undefined", "[object Object]", "nil", "<nil>", "(nil)", // JavaScript, Ruby, Go, C
	"-", "--", "–", "—", // people
)

// maxPlaceholder is the length of the longest placeholder, beginsPlaceholder what one begins with: a look at these spares most ids the table.
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

// isIdentifierField reports whether the field names a person, an object, a device or a delivery.
func isIdentifierField(f field) bool {
	switch f {
	case fieldUserID, fieldAnonymousID, fieldGroupID, fieldPreviousID, fieldToken, fieldObjectTypeID, fieldObjectID, fieldDeliveryID:
		return true
	}
	return false
}

// idRules say which text is no identifier.
type idRules struct {
	words    map[string]bool // placeholders that are somebody's id
	verbatim bool            // padded ids, and those that look like rewritten numbers, are meant as they stand
	comma    bool            // stands before decimals
}

// check refuses text that is no identifier. The error holds a placeholder, and nothing else of the text.
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
			what = "is nothing but spaces or invisible characters"
		}
		return refuse(RulePaddedID, "the identifier %s; remove them, by =trim(column) if they are spaces, or write verbatim_ids: true into the mapping if they belong to it", what)
	}
	if rewritten(text, r.comma) {
		return refuse(RuleNumberID, "the identifier is a number as a spreadsheet or a data frame writes it, and may have lost digits; "+
			"export the column as text, or write verbatim_ids: true into the mapping if such ids are meant")
	}
	return nil
}

// isPlain reports at a glance that text is neither padded nor a rewritten number.
func isPlain(text string) bool {
	for i := range len(text) {
		if !plainInID[text[i]] {
			return false
		}
	}
	return true
}

// plainInID are the bytes that are neither invisible nor found in every rewritten number.
var plainInID = func() (set [256]bool) {
	for c := byte('!'); c < 0x7f; c++ {
		set[c] = c != '.' && c != ',' && c != '+'
	}
	return set
}()

// checkWord refuses placeholders alone.
func (r *idRules) checkWord(text string) *ValueError {
	if !isPlaceholder(text) || r.words[text] {
		return nil
	}
	quoted, _ := json.Marshal(text) // never fails
	return refuse(RulePlaceholder, `the identifier is %s, which programs write where there is no value; leave the cell empty, list the word under null_words, `+
		`or write id_words: [%s] into the mapping if it is somebody's id`, text, bytes.ReplaceAll(quoted, []byte(`\u003c`), []byte("<")))
}

// TrimID returns the text without the spaces and invisible characters around it.
func TrimID(text string) string {
	if ascii := func(c byte) bool { return c > ' ' && c < 0x7f }; text == "" || ascii(text[0]) && ascii(text[len(text)-1]) {
		return text
	}
	return strings.TrimFunc(text, invisible)
}

// invisible reports whether nothing is to be seen of a character.
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

// rewritten reports whether text is a number in a form that programs give to what was an integer, and that nobody gives to an id:
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

// identifier is a value that names somebody or something.
type identifier struct {
	scalar
	column string // that it comes from
	rules  *idRules
	bits   int  // how many the column's numbers have, if they are floating point numbers; 0 if not
	part   bool // of an identifier: only a placeholder is sure to be none
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

// checkWhole refuses an integer that a floating point number of so many bits may have been rounded to.
func checkWhole(digits string, bits int) *ValueError {
	if n, err := parseInt([]byte(digits)); err == nil && n < 1<<bits && n > -1<<bits {
		return nil
	}
	return refuse(RuleNumberID, "the identifier comes from a column of floating point numbers, which keeps no more than %d bits of it; export the column as text or as integers", bits)
}

// floatBits are the types of columns of floating point numbers, with how many bits of an integer they keep.
var floatBits = map[string]int{"DOUBLE": 53, "FLOAT8": 53, "REAL": 53, "FLOAT": 24, "FLOAT4": 24, "FLOAT16": 11}

// identifier compiles a value that names somebody or something, or part of one. A literal is what the one who wrote the mapping means.
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

// checkEmail refuses an identify whose only name for the person is an address that is none.
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

// CheckID refuses text that is no identifier by the rules of a mapping that allows none of them, whatever it reads as a number; nil if it is one.
func CheckID(text string) *ValueError { return (&idRules{comma: true}).check(text) }

// CellID returns a cell of a column as an identifier, empty if it has no value. It refuses a number of a column of floating point numbers that may
// have lost digits.
func CellID(c source.Cell, of source.Column) (string, *ValueError) {
	id, _, err := column{0, of.Name}.text(&row{cells: []source.Cell{c}})
	if bits := floatBits[of.Type]; err == nil && bits > 0 && of.Kind == source.KindJSON {
		err = checkWhole(id, bits)
	}
	return id, err
}
