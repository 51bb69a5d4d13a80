package mapping

import (
	"bytes"
	"fmt"
	"math"
	"strconv"

	"github.com/ciokit/cio"
)

// The rules for values that cannot be mapped, in addition to those of package source and package cio.
const (
	RuleNotAnInteger = "not-an-integer"
	RuleNotANumber   = "not-a-number"
	RuleOutOfRange   = "number-out-of-range"
	RuleLossy        = "number-loses-digits" // a number that a 64-bit floating point number cannot represent exactly
	RuleNotADate     = "not-a-date"
	RuleNotUTF8      = string(cio.RuleUTF8)
	RuleNotText      = "not-text"          // an identifier that is neither text nor an integer
	RuleNUL          = "nul-in-identifier" // an identifier that contains a NUL character
	RuleExpression   = "expression-failed"
	RuleNotEncodable = string(cio.RuleNotEncodable)
	RuleNoMessageID  = string(cio.RuleNoMessageID) // a messageId whose columns are all empty
)

// ValueError says why a value cannot be mapped. Its Hint contains no data of the row, except a placeholder such as NULL.
type ValueError struct {
	Column string // the column it came from
	Field  string // the field that it is for, as named on the wire; the callers add the outer names
	Rule   string
	Hint   string
	Value  *string // the beginning of the column's value
}

func (e *ValueError) Error() string { return e.Rule + ": " + e.Hint }

func refuse(rule, format string, args ...any) *ValueError {
	return &ValueError{Rule: rule, Hint: fmt.Sprintf(format, args...)}
}

// parseInt reads an optional sign and digits.
func parseInt(text []byte) (int64, *ValueError) {
	digits := text
	negative := false
	if len(digits) > 0 && (digits[0] == '-' || digits[0] == '+') {
		negative = digits[0] == '-'
		digits = digits[1:]
	}
	if !allDigits(digits) {
		return 0, refuse(RuleNotAnInteger, "%s", numberHint(text, converterInt, "give digits with an optional sign, or use float or decimal in the mapping"))
	}
	var n uint64
	for _, d := range digits {
		if n > (math.MaxUint64-9)/10 {
			return 0, outOfRange()
		}
		n = n*10 + uint64(d-'0')
	}
	switch {
	case !negative && n <= math.MaxInt64:
		return int64(n), nil
	case negative && n <= 1<<63:
		return -int64(n), nil
	}
	return 0, outOfRange()
}

func outOfRange() *ValueError {
	return refuse(RuleOutOfRange, "the integer does not fit in 64 bits; use decimal in the mapping, which keeps every digit, or send it as text")
}

func allDigits(b []byte) bool {
	for _, d := range b {
		if d-'0' > 9 {
			return false
		}
	}
	return len(b) > 0
}

// maxNumberBytes bounds the text of a number that float or decimal reads.
const maxNumberBytes = 200

// number is the parsed text of a number. Its value is digits[0].digits[1:] times ten to the power of the exponent.
type number struct {
	negative bool
	digits   []byte // without leading and trailing zeros; none for zero
	exponent int
}

// parseNumber parses an optional sign, digits with an optional point, and an optional exponent.
func parseNumber(text []byte) (number, bool) {
	var n number
	if len(text) > maxNumberBytes {
		return n, false
	}
	rest := text
	if len(rest) > 0 && (rest[0] == '-' || rest[0] == '+') {
		n.negative = rest[0] == '-'
		rest = rest[1:]
	}
	mantissa := rest
	if i := bytes.IndexAny(rest, "eE"); i >= 0 {
		mantissa = rest[:i]
		exponent := rest[i+1:]
		if digits := bytes.TrimLeft(exponent, "+-"); len(exponent)-len(digits) > 1 || !allDigits(digits) || len(digits) > 6 {
			return n, false
		}
		n.exponent, _ = strconv.Atoi(string(bytes.TrimPrefix(exponent, []byte("+"))))
	}
	whole, fraction, point := bytes.Cut(mantissa, []byte("."))
	if len(whole) > 0 && !allDigits(whole) || point && !allDigits(fraction) || len(whole)+len(fraction) == 0 {
		return n, false
	}
	n.exponent += len(whole) - 1
	n.digits = append(append(make([]byte, 0, len(mantissa)), whole...), fraction...)
	before := len(n.digits)
	n.digits = bytes.TrimLeft(n.digits, "0")
	n.exponent -= before - len(n.digits)
	if n.digits = bytes.TrimRight(n.digits, "0"); len(n.digits) == 0 {
		n.exponent = 0
	}
	return n, true
}

// parseFloat reads a decimal number. It returns an error if the nearest 64-bit floating point number, written as short as possible, is not equal to
// it.
func parseFloat(text []byte) (float64, *ValueError) {
	n, ok := parseNumber(text)
	if !ok {
		return 0, refuse(RuleNotANumber, "%s", numberHint(text, converterFloat, fmt.Sprintf("%s, of at most %d characters", giveDecimal, maxNumberBytes)))
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return 0, refuse(RuleOutOfRange, "the number is too large for a 64-bit floating point number; use decimal in the mapping, or send it as text")
	}
	const exact = 15 // so many digits are always kept, unless the number is near the ends of the range
	if len(n.digits) <= exact && n.exponent > -300 && n.exponent < 300 {
		return f, nil
	}
	shortest, _ := parseNumber(strconv.AppendFloat(nil, f, 'e', -1, 64))
	if !bytes.Equal(shortest.digits, n.digits) || shortest.exponent != n.exponent {
		return 0, refuse(RuleLossy, "a 64-bit floating point number cannot represent all its digits; use decimal in the mapping, which keeps them")
	}
	return f, nil
}

// appendFloat writes a finite number like encoding/json: the shortest text that reads back as the same number.
func appendFloat(dst []byte, f float64) []byte {
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
		if n := len(dst); dst[n-4] == 'e' && dst[n-2] == '0' { // e-09 is written e-9
			dst[n-2] = dst[n-1]
			dst = dst[:n-1]
		}
		return dst
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// appendDecimal writes the number with exactly its digits, as JSON: without a plus sign and unnecessary leading zeros.
func appendDecimal(dst, text []byte) ([]byte, *ValueError) {
	rest := text
	if len(rest) > 0 && (rest[0] == '-' || rest[0] == '+') {
		rest = rest[1:]
	}
	whole, fraction, point := bytes.Cut(rest, []byte("."))
	switch {
	case len(text) > maxNumberBytes:
		return dst, refuse(RuleNotANumber, "give a number of at most %d characters", maxNumberBytes)
	case len(whole) > 0 && !allDigits(whole) || point && !allDigits(fraction) || len(whole)+len(fraction) == 0:
		hint := giveDecimal
		if _, ok := parseNumber(text); ok {
			hint = "it has an exponent; write it out, or use float in the mapping"
		}
		return dst, refuse(RuleNotANumber, "%s", numberHint(text, converterDecimal, hint))
	}
	if text[0] == '-' {
		dst = append(dst, '-')
	}
	if whole = bytes.TrimLeft(whole, "0"); len(whole) == 0 {
		whole = []byte("0")
	}
	dst = append(dst, whole...)
	if point {
		dst = append(append(dst, '.'), fraction...)
	}
	return dst, nil
}
