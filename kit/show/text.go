package show

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
)

// Text shows a line of text, formatted as by fmt.Sprintf, in its place among what else the cell shows.
func Text(format string, args ...any) {
	bundle{text: fmt.Sprintf(format, args...)}.show()
}

// JSON shows a value as indented JSON: a json.RawMessage, a message of package cio, whatever encodes. It ends the cell if v does not.
func JSON(v any) {
	text, err := indent(v)
	if err != nil {
		fatal("show: %v", err)
		return
	}
	bundle{text: text, html: "<pre>" + html.EscapeString(text) + "</pre>"}.show()
}

func indent(v any) (string, error) {
	var raw, out bytes.Buffer
	enc := json.NewEncoder(&raw)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", err
	}
	if err := json.Indent(&out, bytes.TrimSpace(raw.Bytes()), "", "  "); err != nil {
		return "", err
	}
	return out.String(), nil
}
