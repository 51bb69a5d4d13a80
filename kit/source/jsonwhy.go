package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// WhyNotJSON says why text is not JSON, and at which byte. It is empty for JSON. It contains no part of the text.
func WhyNotJSON(text []byte) string {
	var syntax *json.SyntaxError
	if err := json.Unmarshal(text, new(json.RawMessage)); !errors.As(err, &syntax) {
		return ""
	}
	if syntax.Error() == "unexpected end of JSON input" {
		return "it ends before the value is complete"
	}
	at := min(max(int(syntax.Offset)-1, 0), len(text)-1)
	return problemAt(text, at) + fmt.Sprintf(": see byte %d", at+1)
}

// notValid is the answer of problemAt if it knows nothing better.
const notValid = "it is not valid JSON"

const commaBeforeBracket = "there is a comma before the closing bracket"

// problemAt says what is wrong at the byte where JSON cannot be read further.
func problemAt(text []byte, at int) string {
	if at >= len(text) {
		return notValid
	}
	before := bytes.TrimRight(text[:at], " \t\r\n")
	rest := text[at:]
	word := func(words ...string) bool {
		for _, w := range words {
			// The error may show only after the first letters, as in nul and nan.
			for cut := range min(len(w), at+1) {
				if bytes.HasPrefix(text[at-cut:], []byte(w)) {
					return true
				}
			}
		}
		return false
	}
	switch c := rest[0]; {
	case c == '\'':
		return "there is a single quote instead of a double quote, as Python prints values: write them with json.dumps"
	case c == '/' || c == '#':
		return "there is a comment, which JSON does not have"
	case word("NaN", "nan", "Infinity", "inf"):
		return "there is a NaN or an infinity, which JSON does not have: write null"
	case word("None", "True", "False", "undefined"):
		return "there is a word of a programming language, such as None, where JSON has null, true or false"
	case (c == '}' || c == ']') && bytes.HasSuffix(before, []byte(",")):
		return commaBeforeBracket
	case c == 0x1e:
		return "there is a record separator within a value"
	case c < 0x20:
		return "a text contains a line end or another control character, which JSON writes as \\n or \\u0000"
	}
	return notValid
}
