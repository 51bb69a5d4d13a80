// Package rawjson reads JSON text that json.Valid has accepted. It does not
// check it again, and it allocates only for strings with escapes: every message
// of a batch is walked once, where encoding/json would scan it for every level
// of json.RawMessage.
package rawjson

import (
	"encoding/json"
	"iter"
	"strings"
)

// Members yields the name and the raw value of each member of the JSON object
// text, in order, repeated names included.
func Members(text string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		i := skipSpace(text, 0) + 1
		for {
			i = skipSpace(text, i)
			switch text[i] {
			case '}':
				return
			case ',':
				i = skipSpace(text, i+1)
			}
			end := skipString(text, i)
			name := Unquote(text[i:end])
			i = skipSpace(text, end) + 1
			i = skipSpace(text, i)
			end = skipValue(text, i)
			if !yield(name, text[i:end]) {
				return
			}
			i = end
		}
	}
}

// Elements yields the raw elements of the JSON array text.
func Elements(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		i := skipSpace(text, 0) + 1
		for {
			i = skipSpace(text, i)
			switch text[i] {
			case ']':
				return
			case ',':
				i = skipSpace(text, i+1)
			}
			end := skipValue(text, i)
			if !yield(text[i:end]) {
				return
			}
			i = end
		}
	}
}

// Member returns the raw value of the last member called name of the JSON
// object text, or "" if there is none or text is empty.
func Member(text, name string) string {
	if text == "" {
		return ""
	}
	found := ""
	for n, value := range Members(text) {
		if n == name {
			found = value
		}
	}
	return found
}

func skipSpace(text string, i int) int {
	for i < len(text) {
		switch text[i] {
		case ' ', '\t', '\r', '\n':
			i++
		default:
			return i
		}
	}
	return i
}

// skipString returns the index after the string that starts at text[i].
func skipString(text string, i int) int {
	for i++; text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// skipValue returns the index after the value that starts at text[i].
func skipValue(text string, i int) int {
	switch text[i] {
	case '"':
		return skipString(text, i)
	case '{', '[':
		for depth := 0; ; {
			switch text[i] {
			case '"':
				i = skipString(text, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
				if depth == 0 {
					return i + 1
				}
			}
			i++
		}
	}
	for i < len(text) {
		switch text[i] {
		case ',', '}', ']', ' ', '\t', '\r', '\n':
			return i
		}
		i++
	}
	return i
}

// Unquote returns the string that the JSON string raw stands for. Without
// escapes it shares raw's memory.
func Unquote(raw string) string {
	if strings.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	var s string
	if err := json.Unmarshal([]byte(raw), &s); err != nil {
		return raw[1 : len(raw)-1]
	}
	return s
}

// Quote returns s as a JSON string.
func Quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil { // a string always encodes
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// IsString reports whether the text of a value is that of a string.
func IsString(raw string) bool { return raw != "" && raw[0] == '"' }

// IsObject reports whether it is that of an object.
func IsObject(raw string) bool { return raw != "" && raw[0] == '{' }

// IsArray reports whether it is that of an array.
func IsArray(raw string) bool { return raw != "" && raw[0] == '[' }

// IsNumber reports whether it is that of a number.
func IsNumber(raw string) bool {
	return raw != "" && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9')
}

// IsNull reports whether it is null, or no value at all.
func IsNull(raw string) bool { return raw == "" || raw == "null" }
