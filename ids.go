package cio

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// An identifier that nobody can see is a mistake: all who have it are one person. What the API makes of one is not documented. It is refused
// if no character of it can be seen. One that has visible characters is somebody's, whatever else it holds: a zero width joiner is a part of
// many names and emoji.

// seen reports whether a byte is ASCII that can be seen. Ids mostly begin and end with one.
func seen(c byte) bool { return c > ' ' && c < 0x7f }

// blank reports whether an id is given and has no character that can be seen.
func blank(id string) bool { return id != "" && !seen(id[0]) && !strings.ContainsFunc(id, visible) }

// invisible has the characters without a glyph: white space, controls, formats, what Unicode calls ignorable, such as Hangul fillers, and two
// symbols that are blank. Characters that are not assigned or private are not in it: how those look is not known here.
var invisible = []*unicode.RangeTable{
	unicode.Z, unicode.Cc, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Noncharacter_Code_Point,
	{R16: []unicode.Range16{{Lo: 0x2800, Hi: 0x2800, Stride: 1}}, R32: []unicode.Range32{{Lo: 0x1d159, Hi: 0x1d159, Stride: 1}}},
}

func visible(r rune) bool {
	// The latter are formats that have a glyph, such as the Arabic number sign.
	return !unicode.In(r, invisible...) || unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// doubtful reports, at a glance, whether an id may be padded or a placeholder.
func doubtful(id string) bool {
	return id != "" && (!seen(id[0]) || !seen(id[len(id)-1]) || len(id) < len(placeholders) && placeholders[len(id)] != nil)
}

// pads reports whether a character at an id's end can only be left over from where the id came from. What can belong to the character beside
// it cannot be told: joiners, selectors, tags of flags, fillers.
func pads(r rune) bool {
	switch {
	case r == '\u200c' || r == '\u200d' || r >= 0xe0020 && r <= 0xe007f || visible(r):
		return false
	}
	return unicode.In(r, unicode.Z, unicode.Cc, unicode.Cf)
}

func padded(id string) bool {
	if seen(id[0]) && seen(id[len(id)-1]) {
		return false
	}
	first, _ := utf8.DecodeRuneInString(id)
	last, _ := utf8.DecodeLastRuneInString(id)
	return pads(first) || pads(last)
}

// placeholders has what programs write where they have no value, by its length.
var placeholders = func() (byLen [len("[object object]") + 1][]string) {
	for _, word := range []string{
		"null", "(null)", "<null>", "nil", "(nil)", "<nil>", "%!s(<nil>)", "<no value>", "none", "nan", "<na>", "n/a", "#n/a", `\n`, "undefined", "[object object]",
	} {
		byLen[len(word)] = append(byLen[len(word)], word)
	}
	return byLen
}()

// placeholder reports whether an id is a word that stands for the lack of one, in whatever case.
func placeholder(id string) bool {
	if !seen(id[0]) || !seen(id[len(id)-1]) {
		id = strings.TrimFunc(id, pads)
	}
	if len(id) >= len(placeholders) {
		return false
	}
	for _, word := range placeholders[len(id)] {
		if strings.EqualFold(word, id) {
			return true
		}
	}
	return false
}

func refuseBlank(field string) *MessageError {
	return refuse(field, RuleBlankID, "it has no visible character: all who have it would be one; set an id, or leave the field out")
}
