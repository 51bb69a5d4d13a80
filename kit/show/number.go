package show

import (
	"math"
	"strconv"
	"strings"
)

// number writes v for people: with commas between thousands, and with no more decimals than tell something.
func number(v float64) string {
	switch size := math.Abs(v); {
	case v == 0: // also for -0
		return "0"
	case math.IsNaN(v) || math.IsInf(v, 0):
		return strconv.FormatFloat(v, 'g', -1, 64)
	case v == math.Trunc(v) && size < 1e15, size >= 1000 && size < 1e15:
		return thousands(math.Round(v))
	case size >= 1e15, size < 0.001:
		return strconv.FormatFloat(v, 'g', 4, 64)
	case size >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strings.TrimRight(strconv.FormatFloat(v, 'f', 3, 64), "0")
}

// thousands writes a whole number with commas.
func thousands(v float64) string { return commas(strconv.FormatFloat(v, 'f', 0, 64)) }

// commas puts commas between the thousands of digits.
func commas(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}
