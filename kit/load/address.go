package load

import (
	"strings"
	"unicode/utf8"
)

// maxAddress is how many bytes an e-mail address has at most.
const maxAddress = 254

// isAddress reports whether a userId or a trait is an e-mail address to Customer.io, by the rule of the emulator: something, one @, and a domain
// with a dot inside. Addresses that differ in case alone are one; everything else is compared by its bytes.
func isAddress(s string) bool {
	_, ok := appendAddress(nil, s)
	return ok
}

// notInAddress are the bytes that no address has.
var notInAddress = func() (set [256]bool) {
	for _, c := range []byte(" \t\r\n<>(),;:\"[]\\") {
		set[c] = true
	}
	return set
}()

// appendAddress appends the address as it is compared, and returns false if s is none.
func appendAddress[T string | []byte](dst []byte, s T) ([]byte, bool) {
	if len(s) > maxAddress {
		return dst, false
	}
	start, at, dot := len(dst), -1, -1
	for i := range len(s) {
		c := s[i]
		switch {
		case c-'A' < 26:
			c += 'a' - 'A'
		case c >= utf8.RuneSelf:
			return appendForeign(dst[:start], string(s))
		case notInAddress[c]:
			return dst[:start], false
		case c == '@':
			if at >= 0 || i == 0 {
				return dst[:start], false
			}
			at, dot = i, i
		case c == '.' && at >= 0:
			if dot == i-1 { // a domain does not begin with a dot, and has no two in a row
				return dst[:start], false
			}
			dot = i
		}
		dst = append(dst, c)
	}
	if at < 0 || dot == at || dot == len(s)-1 {
		return dst[:start], false
	}
	return dst, true
}

// appendForeign is appendAddress for text that is not all ASCII.
func appendForeign(dst []byte, s string) ([]byte, bool) {
	plain := strings.Map(func(r rune) rune { // the rule asks for nothing of other letters
		if r >= utf8.RuneSelf {
			return 'x'
		}
		return r
	}, s)
	if _, ok := appendAddress(nil, plain); !ok {
		return dst, false
	}
	return append(dst, strings.ToLower(s)...), true
}

// foldID returns an id as it is compared with others. What is sent is the id itself. An id of Customer.io's own is no address.
func foldID(id string) string {
	if strings.IndexByte(id, '@') < 0 || strings.HasPrefix(id, "cio_") && len(id) > len("cio_") {
		return id
	}
	if folded, ok := appendAddress(nil, id); ok {
		return string(folded)
	}
	return id
}

// addressOf returns an e-mail address as it is compared with others, empty if the text is none.
func addressOf(text string) string {
	folded, _ := appendAddress(nil, strings.TrimSpace(text))
	return string(folded)
}
