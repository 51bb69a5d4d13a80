package appapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
)

// ID names a campaign, a segment, a type of objects and the like. The API writes the same id as a number in one place and as text in
// another; an ID is its text in both cases, so you can compare IDs of different answers. The zero value means that there is no id.
type ID string

// Int returns the ID as a number, and whether it is a number.
func (id ID) Int() (n int64, ok bool) {
	n, err := strconv.ParseInt(string(id), 10, 64)
	return n, err == nil
}

var errNoID = errors.New("appapi: an id is a number or text")

// UnmarshalJSON reads a number or text; null means that there is no id.
func (id *ID) UnmarshalJSON(b []byte) error {
	switch b = bytes.TrimSpace(b); {
	case string(b) == "null":
		*id = ""
	case len(b) > 0 && b[0] == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return errNoID
		}
		*id = ID(s)
	default:
		var n json.Number
		if json.Unmarshal(b, &n) != nil {
			return errNoID
		}
		*id = ID(n)
	}
	return nil
}

// isWhole reports whether the text is a whole number in JSON.
func isWhole(s string) bool {
	digits := s
	if digits != "" && digits[0] == '-' {
		digits = digits[1:]
	}
	if digits == "" || len(digits) > 1 && digits[0] == '0' || s == "-0" {
		return false
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return true
}
