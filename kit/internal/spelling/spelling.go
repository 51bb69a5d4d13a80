// Package spelling finds the name that was meant by a misspelt one.
package spelling

import (
	"strings"
	"unicode"
)

// Nearest returns the name that was probably meant by name: one that differs only in case, spaces and punctuation, or else in at most a third of its
// letters. It returns an empty string if there is none.
func Nearest(name string, names []string) string {
	folded := Fold(name)
	best, distance := "", len([]rune(folded))/3+1
	for _, candidate := range names {
		f := Fold(candidate)
		if f == folded {
			return candidate
		}
		if d := editDistance(folded, f); d < distance {
			best, distance = candidate, d
		}
	}
	return best
}

// Fold returns the letters and digits of a name, in lower case.
func Fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// editDistance returns how many letters must be added, removed, replaced or swapped with their neighbour to change a into b.
func editDistance(a, b string) int {
	s, t := []rune(a), []rune(b)
	// One row of the table for each prefix of s; only the last two are needed for the next.
	before, last, row := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range last {
		last[j] = j
	}
	for i := range s {
		row[0] = i + 1
		for j := range t {
			cost := 1
			if s[i] == t[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(t)]
}
