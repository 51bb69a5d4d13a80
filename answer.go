package cio

import (
	"encoding/json"
	"mime"
	"strings"
	"unicode"
)

// maxMessage bounds what of an answer becomes part of an error.
const maxMessage = 500

// answer returns what the server said, without the key and without what may be a copy of the request, and whether it is a page instead of an
// answer.
func (c *Client) answer(contentType string, body []byte) (text string, html bool) {
	body = []byte(c.mask(string(body)))
	if media, _, _ := mime.ParseMediaType(contentType); media == "text/html" || strings.HasPrefix(strings.ToLower(strings.TrimSpace(string(body))), "<!doctype html") {
		return "an HTML page instead of an API answer; does a proxy stand in between, or is the address wrong?", true
	}
	if text = answerText(body); strings.Contains(text, `":`) {
		text = "the answer, which may repeat the request, is not shown"
	}
	return c.mask(text), false
}

// answerText returns what the server said in any of the shapes seen (api-facts 1.12), in one line.
func answerText(body []byte) string {
	var shape struct {
		Meta struct {
			Error  any `json:"error"`
			Errors any `json:"errors"`
		} `json:"meta"`
		Errors  any `json:"errors"`
		Code    any `json:"code"`
		Message any `json:"message"`
		Error   any `json:"error"`
	}
	if json.Unmarshal(body, &shape) == nil {
		var parts []string
		for _, v := range []any{shape.Meta.Error, shape.Meta.Errors, shape.Errors, shape.Code, shape.Message, shape.Error} {
			parts = appendSaid(parts, v)
		}
		if len(parts) > 0 {
			return oneLine(strings.Join(parts, "; "))
		}
	}
	return oneLine(string(body))
}

// appendSaid flattens texts, lists and objects with a reason, a field and a message.
func appendSaid(parts []string, v any) []string {
	switch v := v.(type) {
	case string:
		if v != "" {
			parts = append(parts, v)
		}
	case []any:
		for _, e := range v {
			parts = appendSaid(parts, e)
		}
	case map[string]any:
		var said []string
		for _, key := range []string{"reason", "field", "message", "detail", "error"} {
			said = appendSaid(said, v[key])
		}
		if len(said) > 0 {
			parts = append(parts, strings.Join(said, ": "))
		}
	}
	return parts
}

func oneLine(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "?"), func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if len(s) <= maxMessage {
		return s
	}
	return strings.ToValidUTF8(s[:maxMessage], "") + " ..."
}

// leastKey is how long a key must be to be looked for in texts. Real ones have 20 characters; a test's "k" would take whole words apart.
const leastKey = 6

// masker returns a func that takes the key out of what a server or a proxy echoes.
func masker(key, basic string) func(string) string {
	pairs := []string{basic, "[key]"}
	if len(key) >= leastKey {
		pairs = append(pairs, key, "[key]")
	}
	return strings.NewReplacer(pairs...).Replace
}
