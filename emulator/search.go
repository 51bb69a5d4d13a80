package emulator

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// search is a text to search for, as [MessagesQuery] describes it.
type search struct {
	all, none []needle
}

func newSearch(text string) search {
	var s search
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		var term string
		var excluded bool
		if rest, found := strings.CutPrefix(text, "-"); found && startsTerm(rest) {
			excluded, text = true, rest
		}
		switch term, text = cutTerm(text); {
		case term == "": // an empty phrase is in every text
		case excluded:
			s.none = append(s.none, newNeedle(term))
		default:
			s.all = append(s.all, newNeedle(term))
		}
	}
	// What is found least often decides first.
	slices.SortStableFunc(s.all, func(a, b needle) int { return cmp.Compare(b.rarity(), a.rarity()) })
	return s
}

// startsTerm reports whether a text begins with something to exclude: a dash on
// its own is a text.
func startsTerm(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	return text != "" && !unicode.IsSpace(first)
}

// cutTerm cuts the first word or phrase off a text, which begins with it. A
// phrase ends at a quotation mark that ends the text or has space after it, so
// that a part of JSON in quotation marks is one phrase.
func cutTerm(text string) (term, rest string) {
	if strings.HasPrefix(text, `"`) {
		for end := 1; ; end++ {
			i := strings.IndexByte(text[end:], '"')
			if i < 0 {
				break
			}
			end += i
			if rest := text[end+1:]; !startsTerm(rest) {
				return text[1:end], rest
			}
		}
	}
	end := strings.IndexFunc(text, unicode.IsSpace)
	if end < 0 {
		end = len(text)
	}
	return text[:end], text[end:]
}

// empty reports whether the search finds all messages.
func (s *search) empty() bool { return len(s.all)+len(s.none) == 0 }

// in reports whether raw, which is JSON, has all texts, escaped or not, and
// none of those that are excluded.
func (s *search) in(raw string) bool {
	without, done := "", false // raw without escapes
	has := func(n *needle) bool {
		if n.found(raw) {
			return true
		}
		if !done {
			if done = true; strings.IndexByte(raw, '\\') >= 0 {
				without = unescaped(raw)
			}
		}
		return without != "" && n.found(without)
	}
	for i := range s.all {
		if !has(&s.all[i]) {
			return false
		}
	}
	for i := range s.none {
		if has(&s.none[i]) {
			return false
		}
	}
	return true
}

// rarity orders needles: the rarer their rarest byte and the longer they are,
// the rarer they are.
func (n *needle) rarity() int {
	rank := len(rareFirst) + 1
	if n.text != "" {
		if i := strings.IndexByte(rareFirst, n.text[n.pivot]); i >= 0 {
			rank = i
		} else {
			rank = -1
		}
	}
	return len(n.text) - rank
}
