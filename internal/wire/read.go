package wire

import (
	"bytes"
	"encoding/json"
	"iter"
	"strconv"
)

// The functions below read JSON that this package wrote or checked. On other bytes they stop early; they never panic.

// Members yields the members of an object in their order: the name, unquoted, and the bytes of the value. Copy both if you need them after
// the next step. Anything but an object has no members.
func Members(object []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		c := checker{src: object}
		i := c.space(0)
		if i >= len(object) || object[i] != '{' {
			return
		}
		i = c.space(i + 1)
		for i < len(object) && object[i] == '"' {
			end, err := c.str(i)
			if err != nil {
				return
			}
			name := unquote(object[i:end])
			i = c.space(end)
			if i >= len(object) || object[i] != ':' {
				return
			}
			start := c.space(i + 1)
			if end, err = c.value(start, 0); err != nil {
				return
			}
			if !yield(name, object[start:end]) {
				return
			}
			if i = c.space(end); i < len(object) && object[i] == ',' {
				i = c.space(i + 1)
			}
		}
	}
}

// elements yields the elements of an array.
func elements(array []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		c := checker{src: array}
		i := c.space(0)
		if i >= len(array) || array[i] != '[' {
			return
		}
		i = c.space(i + 1)
		for i < len(array) && array[i] != ']' {
			end, err := c.value(i, 0)
			if err != nil || !yield(array[i:end]) {
				return
			}
			if i = c.space(end); i < len(array) && array[i] == ',' {
				i = c.space(i + 1)
			}
		}
	}
}

// Lookup returns the value of the object's member of that name. If the name occurs twice, it returns the last one, as decoders do.
func Lookup(object []byte, name string) (value []byte, ok bool) {
	for k, v := range Members(object) {
		if string(k) == name {
			value, ok = v, true
		}
	}
	return value, ok
}

// Text returns the string that value encodes, or false if it is not a JSON string.
func Text(value []byte) (string, bool) {
	text, ok := TextBytes(value)
	return string(text), ok
}

// TextBytes is Text without a copy: the bytes are part of value, unless it has escapes.
func TextBytes(value []byte) ([]byte, bool) {
	if len(value) < 2 || value[0] != '"' {
		return nil, false
	}
	return unquote(value), true
}

// unquote returns the text of a JSON string token; it allocates only if there are escapes.
func unquote(token []byte) []byte {
	inner := token[1 : len(token)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	var s string
	if json.Unmarshal(token, &s) != nil {
		return inner
	}
	return []byte(s)
}

// AppendMerged appends an object with the members of both. If both have a member, two objects are merged in turn; otherwise the one of high
// wins. Members of low come first, in their order.
func AppendMerged(dst, low, high []byte) []byte {
	dst = append(dst, '{')
	first := true
	put := func(name []byte) {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = AppendString(dst, string(name))
		dst = append(dst, ':')
	}
	for k, v := range Members(low) {
		put(k)
		over, ok := Lookup(high, string(k))
		switch {
		case !ok:
			dst = append(dst, v...)
		case v[0] == '{' && over[0] == '{':
			dst = AppendMerged(dst, v, over)
		default:
			dst = append(dst, over...)
		}
	}
	for k, v := range Members(high) {
		if _, ok := Lookup(low, string(k)); !ok {
			put(k)
			dst = append(dst, v...)
		}
	}
	return append(dst, '}')
}

// InvalidText returns the path of the first text, or name of a member, in which AppendString or encoding/json replaced bytes that were not
// UTF-8.
func InvalidText(value []byte) (path string, found bool) {
	if !hasInvalidEscape(value) {
		return "", false
	}
	return invalidIn(value), true
}

func hasInvalidEscape(value []byte) bool {
	for {
		i := bytes.IndexByte(value, '\\')
		if i < 0 || i+1 >= len(value) {
			return false
		}
		if bytes.HasPrefix(value[i:], []byte(invalidEscape)) {
			return true
		}
		value = value[i+2:]
	}
}

func invalidIn(value []byte) string {
	if len(value) == 0 {
		return ""
	}
	switch value[0] {
	case '{':
		for k, v := range Members(value) {
			if hasInvalidEscape(v) {
				return join(string(k), invalidIn(v))
			}
		}
	case '[':
		n := 0
		for v := range elements(value) {
			if hasInvalidEscape(v) {
				return join("["+strconv.Itoa(n)+"]", invalidIn(v))
			}
			n++
		}
	}
	return ""
}
