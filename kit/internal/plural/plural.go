// Package plural writes numbers, and the words for what they count, as a person would.
package plural

import "strconv"

// Grouped writes 1234567 as 1,234,567.
func Grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Count writes a number with the singular or the plural: 1 row, 1,234 rows.
func Count[N int | int64](n N, one, several string) string {
	return Grouped(int64(n)) + " " + Form(n, one, several)
}

// Form returns the singular or the plural.
func Form[N int | int64](n N, one, several string) string {
	if n == 1 {
		return one
	}
	return several
}
