package mapping

import (
	"bytes"
	"strconv"
)

// giveDecimal is the hint for a number with decimals, with a comma or with a point before them.
const giveDecimal = "give digits with an optional sign and decimals"

// numberHint names the usual reasons why text is not a number, if numbers have a point before decimals. It returns otherwise if it recognizes none.
func numberHint(text []byte, otherwise string) string {
	switch lower := bytes.ToLower(bytes.TrimLeft(bytes.TrimSpace(text), "+-")); {
	case len(bytes.TrimSpace(text)) != len(text):
		return "there are spaces around it; remove them, or write trim(column) for the column in the mapping"
	case bytes.HasPrefix(lower, []byte("nan")), bytes.HasPrefix(lower, []byte("inf")):
		return "JSON has neither NaN nor infinities; leave the cell empty"
	case bytes.IndexByte(text, ',') >= 0:
		return markHint("it contains a comma, but numbers here have a point before their decimals", text)
	}
	return otherwise
}

// markHint says how a mapping reads a number with a comma or a point at an unexpected place. It names the layout if the number shows it.
func markHint(problem string, text []byte) string {
	switch layouts := layoutsOf(text); {
	case len(layouts) == 2:
		return "nothing shows whether the " + markName(text) + " separates decimals or thousands; give the layout in the mapping: decimal(column, " +
			strconv.Quote(layouts[0]) + ") or decimal(column, " + strconv.Quote(layouts[1]) + ")"
	case len(layouts) == 1 && layouts[0] == "1234,5":
		return problem + `; give the layout in the mapping, decimal(column, "1234,5"), or load with --decimal-comma if all numbers have a comma`
	case len(layouts) == 1:
		return problem + "; give the layout in the mapping, decimal(column, " + strconv.Quote(layouts[0]) + ")"
	}
	return problem + `; if it is a number, give its layout in the mapping: how 1234.5 would look, as in decimal(column, "1.234,5")`
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
func pointedNumber(text []byte, layouts []numberLayout) ([]byte, *ValueError) {
	if len(layouts) > 0 {
		return plainNumber(text, layouts)
	}
	return withPoint(text)
}

// withPoint returns a number that has a comma before its decimals with a point instead.
func withPoint(text []byte) ([]byte, *ValueError) {
	if bytes.IndexByte(text, '.') >= 0 {
		return nil, refuse(RuleNotANumber, "%s", markHint("it contains a point, but numbers here have a comma before their decimals", text))
	}
	if bytes.IndexByte(text, ',') < 0 {
		return text, nil
	}
	pointed := bytes.Replace(text, []byte(","), []byte("."), 1)
	if _, ok := parseNumber(pointed); !ok && len(bytes.TrimSpace(text)) == len(text) {
		return nil, refuse(RuleNotANumber, "%s", markHint("it is not a number with one comma before its decimals", text))
	}
	return pointed, nil
}
