package load

import (
	"slices"
	"strings"
	"unicode"

	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
)

// suggest returns what to write instead of a name that is not among those there are: the nearest, if one is near, or all of them.
func suggest(name string, names []string) string {
	if best := nearest(name, names); best != "" {
		return "write " + printed.Line(best)
	}
	const most = 30
	if len(names) > most {
		return "use one of " + printed.Line(strings.Join(names[:most], ", ")) + ", ..."
	}
	return "use " + plural.Form(len(names), "", "one of ") + printed.Line(strings.Join(names, ", "))
}

// suggestColumn is suggest for the columns of an input. It names none if the line that should name them may be a row: that is personal data.
func suggestColumn(name string, columns []string) string {
	best := nearest(name, columns)
	switch {
	case best == "" && slices.ContainsFunc(columns, looksLikeData):
		return "look whether the first line names the columns: --columns gives names to those of CSV without a header"
	case best == "":
		return suggest(name, columns)
	case slices.ContainsFunc(columns, looksLikeData):
		return "write " + printed.Line(best)
	}
	return "write " + printed.Line(best) + "; the columns are " + quoteNames(columns)
}

// looksLikeData reports whether the name of a column looks as if it were none, but a value in a row.
func looksLikeData(name string) bool {
	name = strings.TrimLeft(name, " \t+-(\"'")
	digits := 0
	for _, r := range name {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	return name == "" || unicode.IsDigit(rune(name[0])) || strings.Contains(name, "@") || digits > 3
}

// nearest returns the name that name was probably meant to be: one that differs in case, spaces and punctuation only, or else in a third
// of its letters at most. It returns an empty string if there is none.
func nearest(name string, names []string) string {
	folded := fold(name)
	best, distance := "", len([]rune(folded))/3+1
	for _, candidate := range names {
		f := fold(candidate)
		if f == folded {
			return candidate
		}
		if d := editDistance(folded, f); d < distance {
			best, distance = candidate, d
		}
	}
	return best
}

// fold leaves the letters and digits of a name, in lower case.
func fold(s string) string {
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
