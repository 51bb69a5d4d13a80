package verify

import (
	"bytes"
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/ciokit/cio/internal/address"
)

// Status is the result for an attribute.
type Status string

// The statuses.
const (
	// StatusArrived is an attribute that has the value of the file.
	StatusArrived Status = "arrived"
	// StatusDifferent is an attribute that has another value.
	StatusDifferent Status = "different"
	// StatusMissing is an attribute that does not exist, or whose person does not exist.
	StatusMissing Status = "missing"
	// StatusNotYet is an attribute that does not have the value of the file, and may still be on its way.
	StatusNotYet Status = "not-yet"
	// StatusNotComparable is an attribute that exists, but whose form in the App API is not documented: an object or a list.
	StatusNotComparable Status = "not-comparable"
)

// compare compares an attribute as the App API shows it, which makes text of every value, with what was sent.
func compare(name string, sent json.RawMessage, text string, there bool) Status {
	var s string
	isText := json.Unmarshal(sent, &s) == nil
	switch {
	case isText && s == "": // null and the empty text remove an attribute
		if !there || text == "" {
			return StatusArrived
		}
		return StatusDifferent
	case !there:
		return StatusMissing
	case isText && (s == text || isSecondOf(text, s) || name == "email" && address.Fold(s) == address.Fold(text)):
		return StatusArrived
	case isText:
		return StatusDifferent
	case sent[0] == '{' || sent[0] == '[':
		if sameJSON(sent, []byte(text)) {
			return StatusArrived
		}
		return StatusNotComparable
	case string(sent) == text || sameAmount(string(sent), text):
		return StatusArrived
	}
	return StatusDifferent
}

// dates are the forms of ISO 8601 that become unix seconds if they are the text of an attribute (docs/assumptions.md). A fraction may follow the
// seconds.
var dates = []string{time.DateOnly, "2006-01-02T15:04", "2006-01-02T15:04Z07:00", "2006-01-02T15:04Z0700", "2006-01-02T15:04:05", time.RFC3339, "2006-01-02T15:04:05Z0700"}

// isSecondOf reports whether text is the unix second of a date, which is all that remains of the date then.
func isSecondOf(text, date string) bool {
	second, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return false
	}
	for _, layout := range dates {
		if at, err := time.Parse(layout, date); err == nil {
			return at.Unix() == second
		}
	}
	return false
}

// sameAmount reports whether two texts are the same number, to the last digit.
func sameAmount(a, b string) bool {
	x, okX := amount(a)
	y, okY := amount(b)
	return okX && okY && x.Cmp(y) == 0
}

// amount reads a number as JSON writes it. It fails if the exponent is larger than that of any number of a person.
func amount(text string) (*big.Rat, bool) {
	if len(text) > 400 || !json.Valid([]byte(text)) || strings.TrimLeft(text, "-0123456789.eE+") != "" {
		return nil, false
	}
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		if e, err := strconv.Atoi(strings.TrimPrefix(text[i+1:], "+")); err != nil || e > 400 || e < -400 {
			return nil, false
		}
	}
	return new(big.Rat).SetString(text)
}

// sameJSON compares objects and lists. The order of members does not matter.
func sameJSON(a, b []byte) bool {
	x, okX := tree(a)
	y, okY := tree(b)
	return okX && okY && sameTree(x, y)
}

func tree(text []byte) (v any, ok bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err := d.Decode(&v)
	return v, err == nil && !d.More()
}

func sameTree(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for name, value := range a {
			if other, there := b[name]; !there || !sameTree(value, other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !sameTree(a[i], b[i]) {
				return false
			}
		}
		return true
	case string:
		if second, ok := b.(json.Number); ok {
			return isSecondOf(string(second), a)
		}
	case json.Number:
		b, ok := b.(json.Number)
		return ok && (a == b || sameAmount(string(a), string(b)))
	}
	return a == b
}
