package wire

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// Check returns an *Error unless raw is exactly one JSON value, white space around it allowed, in valid UTF-8 and nested no deeper
// than MaxDepth. It does not allocate unless it fails.
func Check(raw []byte) error {
	c := checker{src: raw}
	return c.whole()
}

// AppendRaw appends JSON from outside. It checks it as Check does, and removes white space between its tokens. The escape \ufffd, which
// means a real U+FFFD there, is written as the bytes of that character.
func AppendRaw(dst, raw []byte) ([]byte, error) {
	c := checker{src: raw}
	if err := c.whole(); err != nil {
		return dst, err
	}
	if !c.untidy {
		return append(dst, raw...), nil
	}
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return dst, &Error{Rule: NotJSON, Err: err}
	}
	return appendUnescaped(dst, b.Bytes()), nil
}

// Part is a member of an object: its name, unquoted, its value, and where the value begins.
type Part struct {
	Name, Value []byte
	At          int
}

// AppendObject appends raw as AppendRaw does. If raw is an object, it also appends its members to parts, in their order. Their names and
// values are parts of the result, and At is a place in what was appended: its first byte is 0. It reads raw once, unless there is something
// to remove from it.
func AppendObject(dst, raw []byte, parts []Part) ([]byte, []Part, error) {
	out := append(dst, raw...)
	c := checker{src: out[len(dst):]}
	all, err := c.list(parts)
	if err == nil && c.untidy {
		if out, err = AppendRaw(dst, raw); err == nil {
			c = checker{src: out[len(dst):]}
			all, err = c.list(parts)
		}
	}
	if err != nil {
		return dst, parts, err
	}
	return out, all, nil
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

type checker struct {
	src    []byte
	untidy bool // there is something that AppendRaw removes or replaces
}

// whole checks all of src.
func (c *checker) whole() error {
	i, err := c.value(c.space(0), 0)
	if err != nil {
		return err
	}
	return c.end(i)
}

// end checks that nothing follows at i, and what is checked of all bytes at once.
func (c *checker) end(i int) error {
	if c.space(i) != len(c.src) {
		return syntax()
	}
	if !utf8.Valid(c.src) {
		return &Error{Rule: NotUTF8}
	}
	return nil
}

// list checks all of src, and appends the members of the object that it is to parts.
func (c *checker) list(parts []Part) ([]Part, error) {
	i := c.space(0)
	if i >= len(c.src) || c.src[i] != '{' {
		return parts, c.whole()
	}
	if i = c.space(i + 1); i < len(c.src) && c.src[i] == '}' {
		return parts, c.end(i + 1)
	}
	for more := true; more; {
		name, at, end, err := c.member(i, 0)
		if err != nil {
			return parts, err
		}
		parts = append(parts, Part{Name: unquote(c.src[i:name]), Value: c.src[at:end], At: at})
		if i, more, err = c.next(end, '}'); err != nil {
			return parts, err
		}
	}
	return parts, c.end(i)
}

func (c *checker) space(i int) int {
	for i < len(c.src) && (c.src[i] == ' ' || c.src[i] == '\n' || c.src[i] == '\t' || c.src[i] == '\r') {
		c.untidy = true
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
	for more := true; more; {
		_, _, end, err := c.member(i, depth)
		if err != nil {
			return end, err
		}
		if i, more, err = c.next(end, '}'); err != nil {
			return i, err
		}
	}
	return i, nil
}

// member returns where the name that starts at i ends, and where its value starts and ends.
func (c *checker) member(i, depth int) (name, at, end int, err error) {
	if i >= len(c.src) || c.src[i] != '"' {
		return 0, 0, i, syntax()
	}
	if name, err = c.str(i); err != nil {
		return 0, 0, name, err
	}
	i = c.space(name)
	if i >= len(c.src) || c.src[i] != ':' {
		return 0, 0, i, syntax()
	}
	at = c.space(i + 1)
	end, err = c.value(at, depth+1)
	return name, at, end, err
}

// next returns the index behind the comma or the closing byte that follows at i, and whether it was a comma.
func (c *checker) next(i int, closing byte) (_ int, more bool, err error) {
	i = c.space(i)
	switch {
	case i < len(c.src) && c.src[i] == closing:
		return i + 1, false, nil
	case i < len(c.src) && c.src[i] == ',':
		return c.space(i + 1), true, nil
	}
	return i, false, syntax()
}

func (c *checker) array(i, depth int) (int, error) {
	i = c.space(i + 1)
	if i < len(c.src) && c.src[i] == ']' {
		return i + 1, nil
	}
	for more := true; more; {
		end, err := c.value(i, depth+1)
		if err != nil {
			return end, err
		}
		if i, more, err = c.next(end, ']'); err != nil {
			return i, err
		}
	}
	return i, nil
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
					c.untidy = true
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
