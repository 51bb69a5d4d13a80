package main

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ciokit/cio/events"
)

// checkValue returns the rule that a value of the field breaks, and what to do; "" if it breaks none. The value is not null.
func checkValue(f events.Field, value json.RawMessage) (rule, hint string) {
	s, isText := text(value)
	mistyped := func(want string) (string, string) {
		return ruleMistyped, fmt.Sprintf("it is %s; give %s", jsonType(value), want)
	}
	switch f.Kind {
	case events.KindString:
		if !isText {
			return mistyped("text, in quotes")
		}
		if len(f.Enum) > 0 && !slices.Contains(f.Enum, s) {
			return ruleUnknownValue, "give one of " + strings.Join(f.Enum, ", ")
		}
	case events.KindInteger, events.KindNumber:
		return checkNumber(f, value, s, isText)
	case events.KindBoolean:
		if b := string(value); b != "true" && b != "false" {
			return mistyped("true or false, without quotes")
		}
	case events.KindTime:
		const want = "a time as RFC 3339 text, such as 2026-01-31T12:00:00Z"
		if !isText {
			return mistyped(want)
		}
		if _, err := time.Parse(time.RFC3339Nano, s); err != nil {
			return ruleMistyped, "give " + want
		}
	case events.KindStrings:
		if value[0] != '[' {
			return mistyped("an array of texts")
		}
		var list []*string // a null among them stays nil
		if json.Unmarshal(value, &list) != nil || slices.Contains(list, nil) {
			return ruleMistyped, "give an array of texts only"
		}
	case events.KindObject:
		if value[0] != '{' {
			return mistyped("an object")
		}
	case events.KindObjects:
		if value[0] != '[' {
			return mistyped("an array of objects")
		}
	}
	return "", ""
}

// checkNumber also accepts a text of digits for an object's type, because Customer.io's documents show both (docs/rules.md#objects).
func checkNumber(f events.Field, value json.RawMessage, s string, isText bool) (rule, hint string) {
	want := "a number, without quotes"
	if f.Kind == events.KindInteger {
		want = "a whole number, without quotes"
	}
	number := string(value)
	if isText {
		if f.Name != "objectTypeId" || s == "" || strings.Trim(s, "0123456789") != "" {
			return ruleMistyped, "it is text; give " + want
		}
		number = s
	}
	if c := number[0]; c != '-' && (c < '0' || c > '9') {
		return ruleMistyped, fmt.Sprintf("it is %s; give %s", jsonType(value), want)
	}
	if len(number) > 400 || !shortExponent(number) { // longer than any float64
		return ruleOutOfRange, "the number is longer or larger than programs can normally read"
	}
	n, ok := new(big.Rat).SetString(number)
	switch {
	case !ok, f.Kind == events.KindInteger && !n.IsInt():
		return ruleMistyped, "it has a fraction; give " + want
	case f.Range != nil && (n.Cmp(big.NewRat(int64(f.Range.Min), 1)) < 0 || n.Cmp(big.NewRat(int64(f.Range.Max), 1)) > 0):
		return ruleOutOfRange, fmt.Sprintf("give a number from %d to %d", f.Range.Min, f.Range.Max)
	}
	return "", ""
}

// shortExponent rejects short inputs such as 1e999999999, which would become numbers with very many digits.
func shortExponent(number string) bool {
	i := strings.IndexAny(number, "eE")
	if i < 0 {
		return true
	}
	n, err := strconv.Atoi(number[i+1:])
	return err == nil && -400 <= n && n <= 400
}

// jsonType names the type of a JSON value.
func jsonType(value json.RawMessage) string {
	switch value[0] {
	case '"':
		return "text"
	case '{':
		return "an object"
	case '[':
		return "an array"
	case 't', 'f':
		return "true or false"
	case 'n':
		return "null"
	}
	return "a number"
}

// text returns the text of a JSON string.
func text(value json.RawMessage) (s string, ok bool) {
	if len(value) == 0 || value[0] != '"' {
		return "", false
	}
	return s, json.Unmarshal(value, &s) == nil
}
