// Package spelling finds the name that a misspelt one was meant to be.
package spelling

import (
	"strings"
	"unicode"
)

// Nearest returns the name that name was probably meant to be: one that differs in case, spaces and punctuation only, or else in a third
// of its letters at most. It returns an empty string if there is none.
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

// Fold leaves the letters and digits of a name, in lower case.
func Fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// editDistance returns how many letters must be added, removed, replaced or swapped with their neighbour to make b of a.
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
