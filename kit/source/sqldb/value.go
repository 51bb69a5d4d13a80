package sqldb

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// RuleNoJSON is a value that has no JSON form, such as a NaN.
const RuleNoJSON = "no-json-form"

// writer appends a value of a column as JSON.
type writer func(dst []byte, v any) ([]byte, error)

// writerOf returns the writer for a type of column, as the driver names it.
func writerOf(typ string) writer {
	typ = strings.TrimPrefix(strings.ToUpper(typ), "UNSIGNED ")
	base, _, _ := strings.Cut(typ, "(")
	switch strings.TrimSpace(base) {
	case "NUMERIC", "DECIMAL", "INT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT", "MEDIUMINT", "INT2", "INT4", "INT8", "YEAR", "FLOAT", "DOUBLE", "FLOAT4", "FLOAT8", "REAL":
		return appendNumber
	case "JSON", "JSONB":
		return appendRawJSON
	case "BLOB", "BYTEA", "BINARY", "VARBINARY", "TINYBLOB", "MEDIUMBLOB", "LONGBLOB", "BIT":
		return appendBinary
	case "DATE":
		return appendDate
	}
	return appendAny
}

// appendNumber writes a number that may come as its digits.
func appendNumber(dst []byte, v any) ([]byte, error) {
	text := ""
	switch v := v.(type) {
	case string:
		text = v
	case []byte:
		text = string(v)
	default:
		return appendAny(dst, v)
	}
	if isNumber(text) {
		return append(dst, text...), nil
	}
	switch strings.ToLower(strings.TrimLeft(text, "+-")) {
	case "nan", "inf", "infinity":
		return append(dst, "null"...), errors.New("JSON has neither NaN nor infinities; leave it out of the query, or make it NULL")
	}
	return appendText(dst, text), nil // SQLite puts any text into any column
}

// isNumber reports whether the text is a number as JSON has it.
func isNumber(s string) bool {
	return s != "" && (s[0] == '-' || s[0]-'0' <= 9) && json.Valid([]byte(s))
}

func appendRawJSON(dst []byte, v any) ([]byte, error) {
	var text []byte
	switch v := v.(type) {
	case string:
		text = []byte(v)
	case []byte:
		text = v
	default:
		return appendAny(dst, v)
	}
	if !json.Valid(text) {
		return appendText(dst, string(text)), nil
	}
	return append(dst, text...), nil
}

func appendBinary(dst []byte, v any) ([]byte, error) {
	b, ok := v.([]byte)
	if !ok {
		return appendAny(dst, v)
	}
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, b)
	return append(dst, '"'), nil
}

func appendDate(dst []byte, v any) ([]byte, error) {
	if t, ok := v.(time.Time); ok && inRange(t) {
		return append(t.AppendFormat(append(dst, '"'), time.DateOnly), '"'), nil
	}
	return appendAny(dst, v)
}

func inRange(t time.Time) bool { return t.Year() >= 0 && t.Year() <= 9999 }

// appendAny writes a value by what it is.
func appendAny(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case uint64:
		return strconv.AppendUint(dst, v, 10), nil
	case float64:
		return appendFloat(dst, v, 64)
	case float32:
		return appendFloat(dst, float64(v), 32)
	case bool:
		return strconv.AppendBool(dst, v), nil
	case string:
		return appendText(dst, v), nil
	case []byte:
		return appendText(dst, string(v)), nil
	case time.Time:
		if u := v.UTC(); inRange(u) {
			return append(u.AppendFormat(append(dst, '"'), time.RFC3339Nano), '"'), nil
		}
		return append(dst, "null"...), errors.New("the year is not between 0 and 9999")
	}
	return append(dst, "null"...), fmt.Errorf("a value of type %T has no JSON form; cast it to text in the query", v)
}

func appendFloat(dst []byte, f float64, bits int) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...), errors.New("JSON has neither NaN nor infinities; leave it out of the query, or make it NULL")
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, f, format, -1, bits), nil
}

const hexDigits = "0123456789abcdef"

// appendText writes text as a JSON string, byte by byte: what is not UTF-8 stays so, for the mapping to refuse.
func appendText(dst []byte, s string) []byte {
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
