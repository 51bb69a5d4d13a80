package sqldb

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ciokit/cio/kit/internal/jsonvalue"
	"github.com/ciokit/cio/kit/source"
)

// RuleNoJSON is the rule for a value that has no JSON form, such as a NaN.
const RuleNoJSON = source.RuleNoJSON

// writer appends a value of a column as JSON. If it returns an error, what it has appended is not valid.
type writer func(dst []byte, v any) ([]byte, error)

// writerOf returns the writer for a type of column, by the driver's name for it.
func (d *dialect) writerOf(typ string) writer {
	w := d.typeWriter(typ)
	if d != sqlite {
		return w
	}
	return func(dst []byte, v any) ([]byte, error) { // a value of bytes is binary data, whatever the column's type
		if b, ok := v.([]byte); ok {
			return jsonvalue.AppendBinary(dst, b), nil
		}
		return w(dst, v)
	}
}

func (d *dialect) typeWriter(typ string) writer {
	typ = strings.TrimPrefix(strings.ToUpper(typ), "UNSIGNED ")
	base, _, _ := strings.Cut(typ, "(")
	switch base = strings.TrimSpace(base); base {
	case "BPCHAR": // char(n) of PostgreSQL, which ignores the spaces that fill it up
		return appendUnpadded
	case "FLOAT4":
		return appendFloat4
	case "NUMERIC", "DECIMAL", "INT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT", "MEDIUMINT", "INT2", "INT4", "INT8", "YEAR", "FLOAT", "DOUBLE", "FLOAT8", "REAL":
		return appendNumber
	case "JSON", "JSONB":
		return appendRawJSON
	case "BIT":
		if d == mysqlServer {
			return appendBits
		}
	case "BLOB", "BYTEA", "BINARY", "VARBINARY", "TINYBLOB", "MEDIUMBLOB", "LONGBLOB", "GEOMETRY":
		return appendBinary
	case "DATE":
		switch d {
		case mysqlServer:
			return appendMySQLTime
		case postgres:
			return finite(appendDate)
		}
		return appendSQLiteTime
	case "DATETIME", "TIMESTAMP":
		switch d {
		case mysqlServer:
			if base == "TIMESTAMP" {
				return appendMySQLInstant
			}
			return appendMySQLTime
		case postgres:
			return finite(appendLocalTime)
		}
		return appendSQLiteTime
	case "TIMESTAMPTZ":
		return finite(appendAny)
	}
	return appendAny
}

func appendText(dst []byte, s string) []byte { return jsonvalue.AppendText(dst, s) }

// textOf returns a value that the driver returns as text.
func textOf(v any) ([]byte, bool) {
	switch v := v.(type) {
	case string:
		return []byte(v), true
	case []byte:
		return v, true
	}
	return nil, false
}

// appendNumber writes a number that the driver may return as digits.
func appendNumber(dst []byte, v any) ([]byte, error) {
	text, ok := textOf(v)
	if !ok {
		return appendAny(dst, v)
	}
	if isNumber(text) {
		return append(dst, text...), nil
	}
	switch strings.ToLower(strings.TrimLeft(string(text), "+-")) {
	case "nan", "inf", "infinity":
		return dst, jsonvalue.ErrNotFinite
	}
	return jsonvalue.AppendText(dst, text), nil // SQLite can store any text in any column
}

// isNumber reports whether the text is a number of JSON.
func isNumber(s []byte) bool { return len(s) > 0 && (s[0] == '-' || s[0]-'0' <= 9) && json.Valid(s) }

// appendFloat4 writes a 32-bit number, which the driver returns as a 64-bit one.
func appendFloat4(dst []byte, v any) ([]byte, error) {
	if f, ok := v.(float64); ok {
		return jsonvalue.AppendFloat(dst, f, 32)
	}
	return appendNumber(dst, v)
}

func appendRawJSON(dst []byte, v any) ([]byte, error) {
	if text, ok := textOf(v); ok {
		return jsonvalue.AppendRaw(dst, text), nil
	}
	return appendAny(dst, v)
}

func appendBinary(dst []byte, v any) ([]byte, error) {
	if b, ok := v.([]byte); ok {
		return jsonvalue.AppendBinary(dst, b), nil
	}
	return appendAny(dst, v)
}

// appendBits writes MySQL's BIT, of up to 64 bits, as a number.
func appendBits(dst []byte, v any) ([]byte, error) {
	b, ok := v.([]byte)
	if !ok || len(b) > 8 {
		return appendBinary(dst, v)
	}
	n := uint64(0)
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return strconv.AppendUint(dst, n, 10), nil
}

func appendDate(dst []byte, v any) ([]byte, error) {
	if t, ok := v.(time.Time); ok {
		return jsonvalue.AppendDate(dst, t)
	}
	return appendAny(dst, v)
}

var errInfiniteTime = errors.New("an infinite time cannot be written in ISO 8601; leave it out of the query, or make it NULL")

// finite is a writer for PostgreSQL's times, which the driver returns as text if they are infinite.
func finite(w writer) writer {
	return func(dst []byte, v any) ([]byte, error) {
		if _, ok := textOf(v); ok {
			return dst, errInfiniteTime
		}
		return w(dst, v)
	}
}

// appendLocalTime writes a time of a column without a zone.
func appendLocalTime(dst []byte, v any) ([]byte, error) {
	if t, ok := v.(time.Time); ok {
		return jsonvalue.AppendTime(dst, t, false)
	}
	return appendAny(dst, v)
}

var errZeroDate = errors.New("a date without a year, month or day, which MySQL allows, cannot be written in ISO 8601; write NULLIF(column, 0) in the query to leave it out")

// appendMySQLTime writes a date, or a date and a time, which the driver returns as text: 2006-01-02 15:04:05.000000 becomes 2006-01-02T15:04:05.
func appendMySQLTime(dst []byte, v any) ([]byte, error) {
	text, ok := textOf(v)
	if !ok {
		return appendAny(dst, v)
	}
	if _, err := time.Parse(time.DateOnly, string(text[:min(len(text), len(time.DateOnly))])); err != nil {
		return dst, errZeroDate
	}
	if bytes.IndexByte(text, '.') >= 0 {
		text = bytes.TrimRight(bytes.TrimRight(text, "0"), ".")
	}
	return append(append(append(dst, '"'), bytes.Replace(text, []byte(" "), []byte("T"), 1)...), '"'), nil
}

// appendMySQLInstant writes a TIMESTAMP. It is in UTC, because the connection asks for that.
func appendMySQLInstant(dst []byte, v any) ([]byte, error) {
	dst, err := appendMySQLTime(dst, v)
	if n := len(dst); err == nil && n > 0 && dst[n-1] == '"' {
		dst = append(dst[:n-1], 'Z', '"')
	}
	return dst, err
}

// appendUnpadded writes text without the spaces at its end.
func appendUnpadded(dst []byte, v any) ([]byte, error) {
	if text, ok := v.(string); ok {
		v = strings.TrimRight(text, " ")
	}
	return appendAny(dst, v)
}

var errNotUTF8 = errors.New("the text contains bytes that are not UTF-8, although the connection asks for UTF-8: the database does not know their encoding, or has a wrong one; convert the column in the query, for example with convert_from(column::bytea, 'LATIN1') in PostgreSQL")

// appendAny writes a value by its Go type.
func appendAny(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case uint64:
		return strconv.AppendUint(dst, v, 10), nil
	case float64:
		return jsonvalue.AppendFloat(dst, v, 64)
	case float32:
		return jsonvalue.AppendFloat(dst, float64(v), 32)
	case bool:
		return strconv.AppendBool(dst, v), nil
	case string:
		if !utf8.ValidString(v) {
			return dst, errNotUTF8
		}
		return jsonvalue.AppendText(dst, v), nil
	case []byte:
		if !utf8.Valid(v) {
			return dst, errNotUTF8
		}
		return jsonvalue.AppendText(dst, v), nil
	case time.Time:
		return jsonvalue.AppendTime(dst, v, true)
	}
	return dst, errors.New("a value of this type has no JSON form; cast it to text in the query")
}
