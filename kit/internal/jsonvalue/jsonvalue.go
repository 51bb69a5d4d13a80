// Package jsonvalue appends values of typed inputs, such as columns of a database, as JSON. No function loses a digit or a byte; a value that JSON
// cannot represent is an error.
package jsonvalue

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"time"
)

// The values that have no JSON form.
var (
	ErrNotFinite = errors.New("JSON has neither NaN nor infinities; leave the value out of the input, or make it null")
	ErrYear      = errors.New("the year is not between 0 and 9999, which is what ISO 8601 can write; leave the value out of the input, or make it null")
)

const hexDigits = "0123456789abcdef"

// AppendText appends text as a JSON string, byte by byte: invalid UTF-8 stays invalid, so that the reader refuses it.
func AppendText[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		if c == '"' || c == '\\' {
			dst = append(dst, '\\', c)
		} else {
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
		}
	}
	return append(append(dst, s[start:]...), '"')
}

// AppendRaw appends text that should be JSON unchanged, without the white space around it. If it is not JSON, it is appended as a string.
func AppendRaw(dst, text []byte) []byte {
	if !json.Valid(text) {
		return AppendText(dst, text)
	}
	return append(dst, bytes.Trim(text, " \t\r\n")...)
}

// AppendBinary appends bytes as a JSON string of standard base64.
func AppendBinary(dst, b []byte) []byte {
	dst = base64.StdEncoding.AppendEncode(append(dst, '"'), b)
	return append(dst, '"')
}

// AppendFloat appends the shortest number that reads back as the same floating-point number of so many bits, 32 or 64.
func AppendFloat(dst []byte, f float64, bits int) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return dst, ErrNotFinite
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, f, format, -1, bits), nil
}

// AppendTime appends a time as a JSON string in ISO 8601, to the nanosecond and without trailing zeros: with a zone in UTC with a Z, without one as
// the clock showed it.
func AppendTime(dst []byte, t time.Time, zone bool) ([]byte, error) {
	t = t.UTC()
	if !writable(t) {
		return dst, ErrYear
	}
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = appendYMD(append(dst, '"'), year, int(month), day)
	dst = appendHMS(append(dst, 'T'), hour, minute, second, t.Nanosecond())
	if zone {
		dst = append(dst, 'Z')
	}
	return append(dst, '"'), nil
}

// AppendDate appends the day of a time in UTC as a JSON string, such as "2006-01-02".
func AppendDate(dst []byte, t time.Time) ([]byte, error) {
	if t = t.UTC(); !writable(t) {
		return dst, ErrYear
	}
	year, month, day := t.Date()
	return append(appendYMD(append(dst, '"'), year, int(month), day), '"'), nil
}

// AppendClock appends a time of day as a JSON string, such as "15:04:05.25". It must not be negative.
func AppendClock(dst []byte, d time.Duration, zone bool) []byte {
	dst = appendHMS(append(dst, '"'), int(d/time.Hour), int(d/time.Minute%60), int(d/time.Second%60), int(d%time.Second))
	if zone {
		dst = append(dst, 'Z')
	}
	return append(dst, '"')
}

func writable(t time.Time) bool { return t.Year() >= 0 && t.Year() <= 9999 }

func appendYMD(dst []byte, year, month, day int) []byte {
	dst = two(two(dst, year/100), year%100)
	dst = two(append(dst, '-'), month)
	return two(append(dst, '-'), day)
}

func appendHMS(dst []byte, hour, minute, second, nanosecond int) []byte {
	dst = two(dst, hour)
	dst = two(append(dst, ':'), minute)
	dst = two(append(dst, ':'), second)
	if nanosecond == 0 {
		return dst
	}
	dst = append(dst, '.')
	for scale := 100_000_000; nanosecond > 0; scale /= 10 {
		dst = append(dst, byte('0'+nanosecond/scale))
		nanosecond %= scale
	}
	return dst
}

func two(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }
