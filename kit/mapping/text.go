package mapping

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/ciokit/cio/kit/source"
)

const hexDigits = "0123456789abcdef"

// appendString writes text as a JSON string. It must be UTF-8.
func appendString(dst, text []byte) ([]byte, *ValueError) {
	if !utf8.Valid(text) {
		return dst, notUTF8()
	}
	dst = append(dst, '"')
	start := 0
	for i, c := range text {
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, text[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
		}
	}
	dst = append(dst, text[start:]...)
	return append(dst, '"'), nil
}

func notUTF8() *ValueError {
	return refuse(RuleNotUTF8, "the text contains bytes that are not UTF-8; give the encoding of the file, such as Encoding (--encoding windows-1252), or fix the row")
}

// appendCell writes the cell as JSON. It must have a value.
func appendCell(dst []byte, c source.Cell) ([]byte, *ValueError) {
	if c.Kind != source.KindJSON {
		return appendString(dst, c.Bytes)
	}
	if !utf8.Valid(c.Bytes) {
		return dst, notUTF8()
	}
	if bytes.IndexByte(c.Bytes, '\\') >= 0 && halfPair(c.Bytes) {
		return dst, noCharacter()
	}
	return append(dst, c.Bytes...), nil
}

func noCharacter() *ValueError {
	return refuse(RuleNotUTF8, "the text contains half a surrogate pair (\\ud800 to \\udfff), which is not a character")
}

// halfPair reports whether the escapes in valid JSON contain half a surrogate pair.
func halfPair(text []byte) bool {
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 {
			return false
		}
		escape := text[i+1]
		if text = text[i+2:]; escape != 'u' {
			continue
		}
		high := rune(hex4(text))
		if text = text[4:]; !utf16.IsSurrogate(high) {
			continue
		}
		if len(text) < 6 || text[0] != '\\' || text[1] != 'u' || utf16.DecodeRune(high, rune(hex4(text[2:]))) == utf8.RuneError {
			return true
		}
		text = text[6:]
	}
}

// plainText returns the text of a cell with a value: the bytes of text, the content of a JSON string, the digits of a JSON number. The converters
// int, float, decimal and date read it. It may use scratch, which it returns for reuse.
func plainText(scratch []byte, c source.Cell) (text, grown []byte, err *ValueError) {
	if c.Kind != source.KindJSON {
		return c.Bytes, scratch, nil
	}
	switch first := c.Bytes[0]; {
	case first == '"' && bytes.IndexByte(c.Bytes, '\\') < 0:
		return c.Bytes[1 : len(c.Bytes)-1], scratch, nil
	case first == '"':
		grown, err = appendUnquoted(scratch[:0], c.Bytes)
		return grown, grown, err
	case first == '-' || first-'0' <= 9:
		return c.Bytes, scratch, nil
	}
	return nil, scratch, refuse(RuleNotText, "the value is neither text nor a number")
}

// appendUnquoted appends the content of a valid JSON string. Half a surrogate pair is an error: it is not a character.
func appendUnquoted(dst, quoted []byte) ([]byte, *ValueError) {
	s := quoted[1 : len(quoted)-1]
	for len(s) > 0 {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return append(dst, s...), nil
		}
		dst = append(dst, s[:i]...)
		escape := s[i+1]
		s = s[i+2:]
		switch escape {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r := rune(hex4(s))
			s = s[4:]
			if utf16.IsSurrogate(r) {
				var low rune = -1
				if len(s) >= 6 && s[0] == '\\' && s[1] == 'u' {
					low = rune(hex4(s[2:]))
				}
				if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
					return dst, noCharacter()
				}
				s = s[6:]
			}
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, escape)
		}
	}
	return dst, nil
}

func hex4(s []byte) (n int) {
	for _, c := range s[:4] {
		switch {
		case c >= 'a':
			c -= 'a' - 10
		case c >= 'A':
			c -= 'A' - 10
		default:
			c -= '0'
		}
		n = n<<4 | int(c)
	}
	return n
}

// checkIdentifier checks text that identifies something: a person, an event, a message.
func checkIdentifier(text []byte) *ValueError {
	if !utf8.Valid(text) {
		return notUTF8()
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return refuse(RuleNUL, "the identifier contains a NUL character; check whether the file is damaged or not UTF-8")
	}
	return nil
}
