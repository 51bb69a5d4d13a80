package mapping

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ciokit/cio/kit/internal/plural"
)

// numberLayout is a way to write a number, as a mapping names it: how 1234.5 would look, such as 1.234,5 or $1,234.50.
type numberLayout struct {
	before, after string // the text around the digits, without the spaces in between
	group         string // the text between thousands, empty if there is none
	mark          string // the text before the decimals, empty if there are none
}

const numberLayoutHint = `write how 1234.5 would look, such as "1,234.5", "1.234,5", "1 234,5", "$1,234.50", "1.234,50 €" or "1234.5%"`

// parseNumberLayout parses a layout of a mapping. problem is empty if it is valid.
func parseNumberLayout(s string) (l numberLayout, problem string) {
	wrong := "the layout " + strconv.Quote(s) + " is not a number layout"
	start := strings.IndexByte(s, '1')
	if start < 0 {
		return l, wrong
	}
	rest := s[start+1:]
	if l.group, rest = cutMark(rest); !strings.HasPrefix(rest, "234") {
		return l, wrong
	}
	rest = rest[len("234"):]
	if mark, decimals := cutMark(rest); (mark == "." || mark == ",") && strings.HasPrefix(decimals, "5") {
		l.mark = mark
		_, rest = cutDigits(decimals)
	}
	l.before, l.after = strings.TrimSpace(s[:start]), strings.TrimSpace(rest)
	switch {
	case l.group != "" && l.group == l.mark:
		return l, wrong + ": the same character separates thousands and decimals"
	case strings.ContainsAny(l.before+l.after, "0123456789+-()"):
		return l, wrong
	}
	return l, ""
}

// cutMark cuts off a character that can separate thousands or decimals.
func cutMark(s string) (mark, rest string) {
	r, n := utf8.DecodeRuneInString(s)
	if n > 0 && (strings.ContainsRune(".,'’_", r) || unicode.IsSpace(r)) {
		return s[:n], s[n:]
	}
	return "", s
}

// plainNumber returns a number that fits one of the layouts. The result has a point before its decimals and nothing else between its digits.
func plainNumber(text []byte, layouts []numberLayout) ([]byte, *ValueError) {
	for _, l := range layouts {
		if plain, ok := l.plain(string(text)); ok {
			return plain, nil
		}
	}
	return nil, refuse(RuleNotANumber, "it does not match %s of the mapping: thousands have three digits each, and a currency sign or %% is at the same place as in the layout",
		plural.Form(len(layouts), "the layout", "any of the layouts"))
}

// plain returns the number without the text that the layout has around and between its digits. A minus can be before or after all of it, or inside.
// Brackets around it mean a minus too.
func (l numberLayout) plain(s string) ([]byte, bool) {
	s = strings.TrimSpace(s)
	out := make([]byte, 0, len(s)+1)
	negative := false
	if len(s) > 1 && s[0] == '(' && s[len(s)-1] == ')' {
		negative, s = true, strings.TrimSpace(s[1:len(s)-1])
	}
	sign := func() bool {
		rest, minus := cutSign(s)
		if len(rest) == len(s) {
			return true
		}
		if minus && negative {
			return false
		}
		negative, s = negative || minus, strings.TrimSpace(rest)
		return true
	}
	if !sign() {
		return nil, false
	}
	before, ok := strings.CutPrefix(s, l.before)
	if !ok {
		return nil, false
	}
	s = strings.TrimSpace(before)
	if l.before != "" && !sign() {
		return nil, false
	}
	trailing := func() bool {
		rest, minus := strings.CutSuffix(s, "-")
		if minus && negative {
			return false
		}
		if minus {
			negative, s = true, strings.TrimSpace(rest)
		}
		return true
	}
	if !trailing() {
		return nil, false
	}
	after, ok := strings.CutSuffix(s, l.after)
	if !ok {
		return nil, false
	}
	s = strings.TrimSpace(after)
	if l.after != "" && !trailing() {
		return nil, false
	}
	if negative {
		out = append(out, '-')
	}
	return l.digits(out, s)
}

func cutSign(s string) (rest string, minus bool) {
	for _, sign := range []string{"-", "−", "+"} {
		if rest, ok := strings.CutPrefix(s, sign); ok {
			return rest, sign != "+"
		}
	}
	return s, false
}

// digits appends the text between the signs.
func (l numberLayout) digits(dst []byte, s string) ([]byte, bool) {
	whole, fraction, point := s, "", false
	if l.mark != "" {
		whole, fraction, point = strings.Cut(s, l.mark)
	}
	if point && !allDigits([]byte(fraction)) {
		return nil, false
	}
	first, rest := cutDigits(whole)
	if first == "" && (!point || rest != "") {
		return nil, false
	}
	dst = append(dst, first...)
	if rest != "" && (l.group == "" || len(first) > 3 || first[0] == '0') {
		return nil, false
	}
	for rest != "" {
		r, n := utf8.DecodeRuneInString(rest)
		if !l.groups(r) || len(rest) < n+3 {
			return nil, false
		}
		three := rest[n : n+3]
		if !allDigits([]byte(three)) {
			return nil, false
		}
		dst, rest = append(dst, three...), rest[n+3:]
	}
	if point {
		dst = append(append(dst, '.'), fraction...)
	}
	return dst, true
}

// groups reports whether a character separates thousands. All kinds of spaces count as the same character, and so do all kinds of apostrophes.
func (l numberLayout) groups(r rune) bool {
	g, _ := utf8.DecodeRuneInString(l.group)
	switch {
	case unicode.IsSpace(g):
		return unicode.IsSpace(r)
	case g == '\'' || g == '’':
		return r == '\'' || r == '’'
	}
	return r == g
}
