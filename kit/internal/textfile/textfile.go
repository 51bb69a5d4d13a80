// Package textfile reads small files of text as editors and shells write them.
package textfile

import (
	"bytes"
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrEncoding says that a text has an encoding that Decode does not know.
var ErrEncoding = errors.New("it is neither UTF-8 nor UTF-16; save it as UTF-8")

// Decode returns the contents of a file as UTF-8 without a byte order mark. A text with the mark of UTF-16, as PowerShell's > writes it, is decoded
// from UTF-16.
func Decode(text []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(text, []byte("\xff\xfe")):
		return fromUTF16(text[2:], 0, 1)
	case bytes.HasPrefix(text, []byte("\xfe\xff")):
		return fromUTF16(text[2:], 1, 0)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
		return nil, ErrEncoding
	}
	return text, nil
}

// fromUTF16 decodes UTF-16; low and high are the places of the low and the high byte.
func fromUTF16(text []byte, low, high int) ([]byte, error) {
	if len(text)%2 != 0 {
		return nil, ErrEncoding
	}
	var out []byte
	for i := 0; i < len(text); i += 2 {
		r := rune(text[i+low]) | rune(text[i+high])<<8
		if utf16.IsSurrogate(r) {
			if i += 2; i == len(text) {
				return nil, ErrEncoding
			}
			r = utf16.DecodeRune(r, rune(text[i+low])|rune(text[i+high])<<8)
		}
		if r == 0 || r == utf8.RuneError {
			return nil, ErrEncoding
		}
		out = utf8.AppendRune(out, r)
	}
	return out, nil
}
