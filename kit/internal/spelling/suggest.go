package spelling

import (
	"slices"
	"strings"
	"unicode"

	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
)

// Suggest returns what to write instead of a name that does not exist: the nearest name, if one is near, or all names.
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

// SuggestColumn is Suggest for the columns of an input. It shows no column names if the header line may be a row, because a row is personal data.
func SuggestColumn(name string, columns []string) string {
	best := Nearest(name, columns)
	switch {
	case best == "" && slices.ContainsFunc(columns, LooksLikeData):
		return "check that the first line has the names of the columns; if the CSV has no header, name its columns with --columns"
	case best == "":
		return Suggest(name, columns)
	case slices.ContainsFunc(columns, LooksLikeData):
		return "write " + printed.Line(best)
	}
	return "write " + printed.Line(best) + "; the columns are " + List(columns)
}

// LooksLikeData reports whether the name of a column looks like a value in a row.
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

// List returns names for display, only the first if there are many.
func List(names []string) string {
	const most = 30
	if len(names) > most {
		return printed.Line(strings.Join(names[:most], ", ")) + ", ..."
	}
	return printed.Line(strings.Join(names, ", "))
}
