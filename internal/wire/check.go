package wire

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// Check returns an *Error unless raw is exactly one JSON value, white space around it allowed, in valid UTF-8 and nested no deeper
// than MaxDepth. It does not allocate unless it fails.
func Check(raw []byte) error {
	_, err := checkTidy(raw)
	return err
}

// AppendRaw appends JSON from outside. It checks it as Check does, and removes white space between its tokens. The escape \ufffd, which
// means a real U+FFFD there, is written as the bytes of that character.
func AppendRaw(dst, raw []byte) ([]byte, error) {
	tidy, err := checkTidy(raw)
	if err != nil {
		return dst, err
	}
	if tidy {
		return append(dst, raw...), nil
	}
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return dst, &Error{Rule: NotJSON, Err: err}
	}
	return appendUnescaped(dst, b.Bytes()), nil
}

// appendUnescaped copies valid JSON with each escape \ufffd replaced by the character.
func appendUnescaped(dst, src []byte) []byte {
	for {
		i := bytes.IndexByte(src, '\\')
		if i < 0 {
			return append(dst, src...)
		}
		dst = append(dst, src[:i]...)
		src = src[i:]
		if bytes.HasPrefix(src, []byte(invalidEscape)) {
			dst = utf8.AppendRune(dst, utf8.RuneError)
			src = src[len(invalidEscape):]
			continue
		}
		dst = append(dst, src[:2]...)
		src = src[2:]
	}
}

// checkTidy also reports whether raw can be copied as it stands.
func checkTidy(raw []byte) (tidy bool, err error) {
	c := checker{src: raw, tidy: true}
	i, err := c.value(c.space(0), 0)
	if err != nil {
		return false, err
	}
	if c.space(i) != len(raw) {
		return false, &Error{Rule: NotJSON}
	}
	if !utf8.Valid(raw) {
		return false, &Error{Rule: NotUTF8}
	}
	return c.tidy, nil
}

type checker struct {
	src  []byte
	tidy bool
}

func (c *checker) space(i int) int {
	for i < len(c.src) && (c.src[i] == ' ' || c.src[i] == '\n' || c.src[i] == '\t' || c.src[i] == '\r') {
		c.tidy = false
		i++
	}
	return i
}

// value returns the index behind the value that starts at i.
func (c *checker) value(i, depth int) (int, error) {
	if i >= len(c.src) {
		return i, syntax()
	}
	if depth > MaxDepth {
		return i, &Error{Rule: TooDeep}
	}
	switch b := c.src[i]; {
	case b == '"':
		return c.str(i)
	case b == '{':
		return c.object(i, depth)
	case b == '[':
		return c.array(i, depth)
	case b == '-' || b >= '0' && b <= '9':
		return number(c.src, i)
	case b == 't':
		return c.literal(i, "true")
	case b == 'f':
		return c.literal(i, "false")
	case b == 'n':
		return c.literal(i, "null")
	}
	return i, syntax()
}

func (c *checker) object(i, depth int) (int, error) {
	i = c.space(i + 1)
	if i < len(c.src) && c.src[i] == '}' {
		return i + 1, nil
	}
	for {
		if i >= len(c.src) || c.src[i] != '"' {
			return i, syntax()
		}
		var err error
		if i, err = c.str(i); err != nil {
			return i, err
		}
		i = c.space(i)
		if i >= len(c.src) || c.src[i] != ':' {
			return i, syntax()
		}
		if i, err = c.value(c.space(i+1), depth+1); err != nil {
			return i, err
		}
		i = c.space(i)
		if i >= len(c.src) {
			return i, syntax()
		}
		switch c.src[i] {
		case '}':
			return i + 1, nil
		case ',':
			i = c.space(i + 1)
		default:
			return i, syntax()
		}
	}
}

func (c *checker) array(i, depth int) (int, error) {
	i = c.space(i + 1)
	if i < len(c.src) && c.src[i] == ']' {
		return i + 1, nil
	}
	for {
		var err error
		if i, err = c.value(i, depth+1); err != nil {
			return i, err
		}
		i = c.space(i)
		if i >= len(c.src) {
			return i, syntax()
		}
		switch c.src[i] {
		case ']':
			return i + 1, nil
		case ',':
			i = c.space(i + 1)
		default:
			return i, syntax()
		}
	}
}

func (c *checker) str(i int) (int, error) {
	for i++; i < len(c.src); i++ {
		switch b := c.src[i]; {
		case b == '"':
			return i + 1, nil
		case b < 0x20:
			return i, syntax()
		case b == '\\':
			if i++; i >= len(c.src) {
				return i, syntax()
			}
			switch c.src[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if i+4 >= len(c.src) {
					return i, syntax()
				}
				for _, h := range c.src[i+1 : i+5] {
					if !isHex(h) {
						return i, syntax()
					}
				}
				if string(c.src[i-1:i+5]) == invalidEscape {
					c.tidy = false
				}
				i += 4
			default:
				return i, syntax()
			}
		}
	}
	return i, syntax()
}

func (c *checker) literal(i int, text string) (int, error) {
	if len(c.src)-i < len(text) || string(c.src[i:i+len(text)]) != text {
		return i, syntax()
	}
	return i + len(text), nil
}

// number returns the index behind the JSON number that starts at i.
func number(src []byte, i int) (int, error) {
	if i < len(src) && src[i] == '-' {
		i++
	}
	switch {
	case i < len(src) && src[i] == '0':
		i++
	default:
		var ok bool
		if i, ok = digits(src, i); !ok {
			return i, syntax()
		}
	}
	if i < len(src) && src[i] == '.' {
		var ok bool
		if i, ok = digits(src, i+1); !ok {
			return i, syntax()
		}
	}
	if i < len(src) && (src[i] == 'e' || src[i] == 'E') {
		i++
		if i < len(src) && (src[i] == '+' || src[i] == '-') {
			i++
		}
		var ok bool
		if i, ok = digits(src, i); !ok {
			return i, syntax()
		}
	}
	return i, nil
}

func digits(src []byte, i int) (int, bool) {
	start := i
	for i < len(src) && src[i] >= '0' && src[i] <= '9' {
		i++
	}
	return i, i > start
}

func isHex(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F'
}

func syntax() error { return &Error{Rule: NotJSON} }
