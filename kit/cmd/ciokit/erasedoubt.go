package main

import (
	"slices"
	"strings"
	"unicode"

	"github.com/ciokit/cio/internal/address"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/spelling"
)

// doubtfulID says what makes it doubtful that somebody has a text as an identifier, "" for nothing. Customer.io would take such a text for an id that nobody has, and
// answer that it has deleted that person.
func doubtfulID(id string) string {
	switch {
	case strings.ContainsFunc(id, unseen):
		return "the id has an invisible character in it, such as a soft hyphen or a space of no width"
	case strings.ContainsAny(id, "@\uff20\ufe6b") || strings.Contains(id, "%40"):
		if !address.Is(id) {
			return "the text has an @ in it, and is no address to Customer.io"
		}
		if domain := id[strings.LastIndexByte(id, '@')+1:]; strings.ContainsFunc(domain, notInDomain) {
			return "the text has an @ in it, and behind it something that is no domain"
		}
		if address.Doubtful(id) {
			return "the address has a letter that is not of ASCII in upper case, or one that is much like a letter of ASCII, such as the Kelvin sign; it is not documented what Customer.io takes it for"
		}
	}
	return ""
}

// unseen reports whether nothing, or only a space that is none, is to be seen of a character.
func unseen(r rune) bool {
	return r != ' ' && unicode.IsSpace(r) || r == '\u2800' || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

func notInDomain(r rune) bool {
	return r != '.' && r != '-' && r != '_' && !unicode.In(r, unicode.Letter, unicode.Mark, unicode.Number)
}

// suggestColumn says which column to write instead of a name. It names columns only where the first line is sure to have names: a file without a header has people there.
func suggestColumn(name string, names []string) string {
	if areNames(names) {
		return spelling.SuggestColumn(name, names)
	}
	return "the first line has " + plural.Count(len(names), "field", "fields") + ", which may be a person: look whether it names the columns; --columns gives names to those of CSV without a header"
}

// partsOfNames are what names of columns have in them, and people's names and ids seldom.
var partsOfNames = []string{"email", "mail", "user", "customer", "person", "contact", "external", "identifier", "address", "name", "phone", "created", "kunde", "nummer", "number"}

// areNames reports whether texts are names of columns and not the values of a row: one of them is a word for a column of people, and none looks like a value.
func areNames(names []string) bool {
	known := func(name string) bool {
		return isNameWord(name) || !strings.ContainsFunc(name, unicode.IsDigit) && slices.ContainsFunc(partsOfNames, func(part string) bool { return strings.Contains(spelling.Fold(name), part) })
	}
	value := func(name string) bool { return strings.Contains(name, "@") || spelling.LooksLikeData(name) }
	return slices.ContainsFunc(names, known) && !slices.ContainsFunc(names, value)
}
