package address

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// It is documented that addresses which differ in case are one person. It is not documented what that means for letters outside of ASCII.
// Append folds them, as the emulator does: use it to ask whether two spellings may be one person. AppendSure leaves them, so that two
// people never count as one.

// AppendSure is Append, but folds only the letters of ASCII. Two spellings that are one address to it are one address, whatever Customer.io
// does with other letters.
func AppendSure(dst []byte, s string) ([]byte, bool) {
	start := len(dst)
	dst, ok := Append(dst, s)
	if !ok || isASCII(s) {
		return dst, ok
	}
	dst = append(dst[:start], s...)
	for i, c := range dst[start:] {
		if 'A' <= c && c <= 'Z' {
			dst[start+i] = c + 'a' - 'A'
		}
	}
	return dst, true
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Doubtful reports whether it is not sure how a letter outside of ASCII in the address is compared. Such a letter is in upper case, or some
// rule of case turns it into a letter of ASCII, such as the Kelvin sign into k.
func Doubtful(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf && (unicode.ToLower(r) != r || toASCII(r) != r) }) && Is(s)
}

// Spellings returns how else an address with letters outside of ASCII may be compared. like is in lower case, but leaves the letters that a
// rule of case turns into ASCII. near has those turned too. Both are empty for other addresses, and for other text.
func Spellings(s string) (like, near string) {
	if isASCII(s) || !Is(s) {
		return "", ""
	}
	like = strings.Map(func(r rune) rune {
		if r >= utf8.RuneSelf && toASCII(r) != r {
			return r
		}
		return unicode.ToLower(r)
	}, s)
	return like, strings.ToLower(strings.Map(toASCII, s))
}

// toASCII returns the lower-case letter of ASCII into which some rule of case turns a letter. If there is none, it returns the letter.
func toASCII(r rune) rune {
	if r < utf8.RuneSelf {
		return r
	}
	for _, other := range [...]rune{unicode.ToLower(r), unicode.ToUpper(r), unicode.SimpleFold(r)} {
		if other < utf8.RuneSelf {
			return unicode.ToLower(other)
		}
	}
	return r
}
