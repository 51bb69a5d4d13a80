package spelling

import (
	"slices"
	"strings"
	"unicode"

	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
)

// Suggest returns what to write instead of a name that is not among those there are: the nearest, if one is near, or all of them.
func Suggest(name string, names []string) string {
	if best := Nearest(name, names); best != "" {
		return "write " + printed.Line(best)
	}
	const most = 30
	if len(names) > most {
		return "use one of " + printed.Line(strings.Join(names[:most], ", ")) + ", ..."
	}
	return "use " + plural.Form(len(names), "", "one of ") + printed.Line(strings.Join(names, ", "))
}

// SuggestColumn is Suggest for the columns of an input. It names none if the line that should name them may be a row: that is personal data.
func SuggestColumn(name string, columns []string) string {
	best := Nearest(name, columns)
	switch {
	case best == "" && slices.ContainsFunc(columns, LooksLikeData):
		return "look whether the first line names the columns: --columns gives names to those of CSV without a header"
	case best == "":
		return Suggest(name, columns)
	case slices.ContainsFunc(columns, LooksLikeData):
		return "write " + printed.Line(best)
	}
	return "write " + printed.Line(best) + "; the columns are " + List(columns)
}

// LooksLikeData reports whether the name of a column looks as if it were none, but a value in a row.
func LooksLikeData(name string) bool {
	name = strings.TrimLeft(name, " \t+-(\"'")
	digits := 0
	for _, r := range name {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	return name == "" || unicode.IsDigit(rune(name[0])) || strings.Contains(name, "@") || digits > 3
}

// List returns names to be shown, the first of many.
func List(names []string) string {
	const most = 30
	if len(names) > most {
		return printed.Line(strings.Join(names[:most], ", ")) + ", ..."
	}
	return printed.Line(strings.Join(names, ", "))
}
