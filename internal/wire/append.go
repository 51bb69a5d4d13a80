package wire

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// invalidEscape stands for bytes that were not UTF-8. See the package comment.
const invalidEscape = `\ufffd`

// plain marks the ASCII bytes that stand for themselves inside a JSON string.
var plain = func() (t [utf8.RuneSelf]bool) {
	for c := range t {
		t[c] = c >= 0x20 && c != '"' && c != '\\'
	}
	return t
}()

// AppendString appends s as a JSON string with its quotes. Bytes that are not UTF-8 become the escape \ufffd.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if plain[c] {
				i++
				continue
			}
			dst = append(dst, s[start:i]...)
			dst = appendEscaped(dst, c)
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, s[start:i]...)
			dst = append(dst, invalidEscape...)
			i++
			start = i
			continue
		}
		i += size
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

func appendEscaped(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
}

// AppendStrings appends s as a JSON array of strings; nil is an empty array.
func AppendStrings(dst []byte, s []string) []byte {
	dst = append(dst, '[')
	for i, v := range s {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendString(dst, v)
	}
	return append(dst, ']')
}

// AppendFloat appends f in the shortest form that reads back as f, laid out as encoding/json does it. NaN and infinities are not JSON
// and give an *Error.
func AppendFloat(dst []byte, f float64) ([]byte, error) { return appendFloatBits(dst, f, 64) }

func appendFloatBits(dst []byte, f float64, bits int) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return dst, &Error{Rule: NotANumber}
	}
	if out, ok := appendAmount(dst, f); ok {
		return out, nil
	}
	abs := math.Abs(f)
	layout := byte('f')
	if abs != 0 && (bits == 64 && (abs < 1e-6 || abs >= 1e21) || bits == 32 && (float32(abs) < 1e-6 || float32(abs) >= 1e21)) {
		layout = 'e'
	}
	dst = strconv.AppendFloat(dst, f, layout, -1, bits)
	if n := len(dst); layout == 'e' && n >= 4 && dst[n-4] == 'e' && dst[n-3] == '-' && dst[n-2] == '0' {
		dst[n-2] = dst[n-1] // e-09 is e-9
		dst = dst[:n-1]
	}
	return dst, nil
}

// appendAmount writes a number of at most two decimals, such as an amount of money, as an integer with a point in it. Up to 15 digits that is the
// shortest text that reads back as f.
func appendAmount(dst []byte, f float64) ([]byte, bool) {
	if !(math.Abs(f) < 1e13) || f == 0 && math.Signbit(f) {
		return dst, false
	}
	n := int64(math.Round(f * 100))
	if float64(n)/100 != f {
		return dst, false
	}
	if n < 0 {
		dst = append(dst, '-')
		n = -n
	}
	dst = strconv.AppendInt(dst, n/100, 10)
	switch cents := byte(n % 100); {
	case cents == 0:
	case cents%10 == 0:
		dst = append(dst, '.', '0'+cents/10)
	default:
		dst = append(dst, '.', '0'+cents/10, '0'+cents%10)
	}
	return dst, true
}

// AppendTime appends t as a quoted RFC 3339 time in UTC with as many fractional digits as t has. A year outside 0 to 9999 has no such
// form and gives an *Error.
func AppendTime(dst []byte, t time.Time) ([]byte, error) {
	t = t.UTC()
	if y := t.Year(); y < 0 || y > 9999 {
		return dst, &Error{Rule: YearOutOfRange}
	}
	dst = append(dst, '"')
	dst = t.AppendFormat(dst, time.RFC3339Nano)
	return append(dst, '"'), nil
}
