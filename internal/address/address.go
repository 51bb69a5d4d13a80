// Package address tells which text is an email address to Customer.io, and compares addresses and ids as it does.
package address

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// maxAddress is how many bytes an email address has at most.
const maxAddress = 254

// Is reports whether a userId or a trait is an email address to Customer.io, by the rule of the emulator: something, one @, and a domain
// with a dot inside. Addresses that differ only in case are one; everything else is compared by its bytes.
func Is(s string) bool {
	_, ok := Append(nil, s)
	return ok
}

// inAddress says for each byte that may be anywhere in an address how it is compared; 0 for the others and for those with a meaning.
var inAddress = func() (as [256]byte) {
	for c := range byte(utf8.RuneSelf) {
		as[c] = c
	}
	for c := byte('A'); c <= 'Z'; c++ {
		as[c] = c + 'a' - 'A'
	}
	for _, c := range []byte(" \t\r\n<>(),;:\"[]\\@.") {
		as[c] = 0
	}
	return as
}()

// Append appends the address in the form in which it is compared. It returns false if s is not an address. Letters outside of ASCII are in
// lower case too, as in the emulator: it is likely, and not documented, that two such addresses are one person. A load uses it to find out
// who may be one person: it keeps their order, and deletes nobody who may still be there. An erasure uses AppendSure.
func Append[T string | []byte](dst []byte, s T) ([]byte, bool) {
	if len(s) > maxAddress {
		return dst, false
	}
	start, at, dot := len(dst), -1, -1
	dst = slices.Grow(dst, len(s))
	out := dst[start : start+len(s)]
	for i := range out {
		c := s[i]
		if out[i] = inAddress[c]; out[i] != 0 {
			continue
		}
		switch {
		case c >= utf8.RuneSelf:
			return appendForeign(dst, string(s))
		case c == '@':
			if at >= 0 || i == 0 {
				return dst, false
			}
			at, dot = i, i
		case c == '.':
			if at >= 0 {
				if dot == i-1 { // a domain does not begin with a dot, and has no two in a row
					return dst, false
				}
				dot = i
			}
		case c != 0:
			return dst, false
		}
		out[i] = c
	}
	if at < 0 || dot == at || dot == len(s)-1 {
		return dst, false
	}
	return dst[:start+len(s)], true
}

// appendForeign is appendAddress for text that is not all ASCII.
func appendForeign(dst []byte, s string) ([]byte, bool) {
	plain := strings.Map(func(r rune) rune { // the rule asks for nothing of other letters
		if r >= utf8.RuneSelf {
			return 'x'
		}
		return r
	}, s)
	if _, ok := Append(nil, plain); !ok {
		return dst, false
	}
	return append(dst, strings.ToLower(s)...), true
}

// Fold returns an id as it is compared with others. What is sent is the id itself. An id of Customer.io's own is not an address.
func Fold(id string) string {
	if strings.IndexByte(id, '@') < 0 || strings.HasPrefix(id, "cio_") && len(id) > len("cio_") {
		return id
	}
	if folded, ok := Append(nil, id); ok {
		return string(folded)
	}
	return id
}

// Of returns an email address as it is compared with others, empty if the text is none.
func Of(text string) string {
	folded, _ := Append(nil, strings.TrimSpace(text))
	return string(folded)
}
