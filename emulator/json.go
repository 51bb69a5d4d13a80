package emulator

import (
	"encoding/json"
	"iter"
	"strings"
)

// The functions of this file read JSON text that json.Valid has accepted.
// They do not check it again, and they allocate only for strings with
// escapes: every message of a batch is walked once, where encoding/json would
// scan it for every level of json.RawMessage.

// members yields the name and the raw value of each member of the JSON object
// text, in order, repeated names included.
func members(text string) iter.Seq2[string, string] {
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
			name := unquote(text[i:end])
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

// elements yields the raw elements of the JSON array text.
func elements(text string) iter.Seq[string] {
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

// member returns the raw value of the last member called name of the JSON
// object text, or "" if there is none or text is empty.
func member(text, name string) string {
	if text == "" {
		return ""
	}
	found := ""
	for n, value := range members(text) {
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

// unquote returns the string that the JSON string raw stands for. Without
// escapes it shares raw's memory.
func unquote(raw string) string {
	if strings.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	var s string
	if err := json.Unmarshal([]byte(raw), &s); err != nil {
		return raw[1 : len(raw)-1]
	}
	return s
}

// quote returns s as a JSON string.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil { // a string always encodes
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func isString(raw string) bool { return raw != "" && raw[0] == '"' }
func isObject(raw string) bool { return raw != "" && raw[0] == '{' }
func isArray(raw string) bool  { return raw != "" && raw[0] == '[' }
func isNumber(raw string) bool {
	return raw != "" && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9')
}
func isNull(raw string) bool { return raw == "" || raw == "null" }
