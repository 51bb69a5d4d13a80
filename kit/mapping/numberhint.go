package mapping

import (
	"bytes"
	"strconv"
)

// giveDecimal is the hint for a number with decimals, with a comma or with a point before them.
const giveDecimal = "give digits with an optional sign and decimals"

// numberHint names the usual reasons why text is not a number, if numbers have a point before decimals. It returns otherwise if it recognizes none.
// c is the function that reads the text.
func numberHint(text []byte, c converter, otherwise string) string {
	switch lower := bytes.ToLower(bytes.TrimLeft(bytes.TrimSpace(text), "+-")); {
	case len(bytes.TrimSpace(text)) != len(text):
		return "there are spaces around it; remove them, or write trim(column) for the column in the mapping"
	case bytes.HasPrefix(lower, []byte("nan")), bytes.HasPrefix(lower, []byte("inf")):
		return "JSON has neither NaN nor infinities; leave the cell empty"
	case bytes.IndexByte(text, ',') >= 0:
		return markHint("it contains a comma, but numbers here have a point before their decimals", text, c)
	}
	return otherwise
}

// markHint says how a mapping reads a number with a comma or a point at an unexpected place. It names the layout if the number shows it.
func markHint(problem string, text []byte, c converter) string {
	switch layouts := layoutsOf(text); {
	case len(layouts) == 2:
		return "nothing shows whether the " + markName(text) + " separates decimals or thousands; give the layout in the mapping: " +
			layoutCall(text, layouts[0], c) + " or " + layoutCall(text, layouts[1], c)
	case len(layouts) == 1 && layouts[0] == "1234,5":
		return problem + "; give the layout in the mapping, " + layoutCall(text, layouts[0], c) + ", or load with --decimal-comma if all numbers have a comma"
	case len(layouts) == 1:
		return problem + "; give the layout in the mapping, " + layoutCall(text, layouts[0], c)
	}
	return problem + "; if it is a number, give its layout in the mapping: how 1234.5 would look, as in " + converterNames[c] + `(column, "1.234,5")`
}

// layoutCall is the call that reads the number in the layout: of the function that the mapping uses, or of decimal if that is int and the number has
// decimals.
func layoutCall(text []byte, layout string, c converter) string {
	why := ""
	if c == converterInt {
		l, _ := parseNumberLayout(layout)
		if plain, ok := l.plain(string(text)); ok && bytes.IndexByte(plain, '.') >= 0 {
			c, why = converterDecimal, " (int reads no decimals)"
		}
	}
	return converterNames[c] + "(column, " + strconv.Quote(layout) + ")" + why
}

func markName(text []byte) string {
	if bytes.IndexByte(text, ',') >= 0 {
		return "comma"
	}
	return "point"
}

// layoutsOf returns the layouts that a number with commas or points may have: two if nothing decides between them, none if the text has anything else
// than digits, commas and points.
func layoutsOf(text []byte) []string {
	digits := bytes.TrimLeft(text, "+-")
	if len(bytes.Trim(digits, "0123456789.,")) > 0 || len(digits) == 0 {
		return nil
	}
	last := bytes.LastIndexAny(digits, ",.")
	if last < 0 {
		return nil
	}
	mark := digits[last]
	other := byte(',' + '.' - mark)
	pointed, grouped := "1234"+string(mark)+"5", "1"+string(mark)+"234"+string(other)+"5"
	thousands := len(digits)-last-1 == 3
	switch marks, others := bytes.Count(digits, []byte{mark}), bytes.Count(digits, []byte{other}); {
	case marks > 1 && others == 0:
		return []string{grouped}
	case marks > 1:
		return nil
	case others > 0:
		return []string{"1" + string(other) + "234" + string(mark) + "5"}
	case thousands && last > 0 && last <= 3:
		return []string{pointed, grouped}
	}
	return []string{pointed}
}

// pointedNumber returns a number with a point before its decimals. It reads it in one of the layouts or, if there are none, with a comma before its
// decimals.
func pointedNumber(text []byte, layouts []numberLayout, c converter) ([]byte, *ValueError) {
	if len(layouts) > 0 {
		return plainNumber(text, layouts)
	}
	return withPoint(text, c)
}

// withPoint returns a number that has a comma before its decimals with a point instead.
func withPoint(text []byte, c converter) ([]byte, *ValueError) {
	if bytes.IndexByte(text, '.') >= 0 {
		return nil, refuse(RuleNotANumber, "%s", markHint("it contains a point, but numbers here have a comma before their decimals", text, c))
	}
	if bytes.IndexByte(text, ',') < 0 {
		return text, nil
	}
	pointed := bytes.Replace(text, []byte(","), []byte("."), 1)
	if _, ok := parseNumber(pointed); !ok && len(bytes.TrimSpace(text)) == len(text) {
		return nil, refuse(RuleNotANumber, "%s", markHint("it is not a number with one comma before its decimals", text, c))
	}
	return pointed, nil
}
