package emulator

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// needle is a text to find in a million messages, in any case.
type needle struct {
	text  string // in lower case
	ascii bool
	pivot int // where in text the byte is that occurs least in messages
	bound bool
}

// rareFirst are the bytes of messages, the rarest first. A byte that is not in
// it is rarer still.
const rareFirst = `QZXJKVqzxjWYBkGwFHPUMvLyDCbRSNgfAOEphcmuTIdlrsn9876543oita20-1.e ,:"`

func newNeedle(text string) needle {
	n := needle{text: strings.ToLower(text), ascii: true}
	best := len(rareFirst) + 1
	for i := range len(n.text) {
		c := n.text[i]
		if c >= utf8.RuneSelf {
			n.ascii = false
		}
		if rank := strings.IndexByte(rareFirst, c); rank < best {
			best, n.pivot = rank, i
		}
	}
	return n
}

// in reports whether raw, which is JSON, has the text, escaped or not.
func (n needle) in(raw string) bool {
	if n.found(raw) {
		return true
	}
	return strings.IndexByte(raw, '\\') >= 0 && n.found(unescaped(raw))
}

func (n needle) found(s string) bool {
	if !n.ascii { // nothing else becomes such a text in lower case
		return !isASCII(s) && strings.Contains(strings.ToLower(s), n.text)
	}
	if n.text == "" {
		return true
	}
	small := n.text[n.pivot]
	large := small
	if 'a' <= small && small <= 'z' {
		large = small - 'a' + 'A'
	}
	// Two searches, one for each byte, advance together.
	nextSmall, nextLarge := next(s, small, n.pivot), len(s)
	if large != small {
		nextLarge = next(s, large, n.pivot)
	}
	for {
		at := min(nextSmall, nextLarge)
		start := at - n.pivot
		if start+len(n.text) > len(s) {
			return false
		}
		if n.at(s, start) {
			return true
		}
		if at == nextSmall {
			nextSmall = next(s, small, at+1)
		} else {
			nextLarge = next(s, large, at+1)
		}
	}
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// next is where c is in s, not before from, or the length of s.
func next(s string, c byte, from int) int {
	if from >= len(s) {
		return len(s)
	}
	if i := strings.IndexByte(s[from:], c); i >= 0 {
		return from + i
	}
	return len(s)
}

// at reports whether the text is at s[start:], which is long enough.
func (n needle) at(s string, start int) bool {
	for i := range len(n.text) {
		c := s[start+i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != n.text[i] {
			return false
		}
	}
	if !n.bound {
		return true
	}
	end := start + len(n.text)
	return (start == 0 || isBound(s[start-1])) && (end == len(s) || isBound(s[end]))
}

// isBound reports whether a value of JSON, space around it included, may begin
// or end beside the byte.
func isBound(c byte) bool {
	return c >= utf8.RuneSelf || strings.IndexByte("\" \t\r\n:,}]", c) >= 0
}

// unescaped undoes the escapes of JSON in s, and leaves what is none.
func unescaped(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 || i+1 == len(s) {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		c := s[i+1]
		s = s[i+2:]
		switch c {
		case 'n', 't', 'r', 'b', 'f':
			b.WriteByte("\n\t\r\b\f"[strings.IndexByte("ntrbf", c)])
		case 'u':
			first, ok := hex4(s)
			if !ok {
				b.WriteString(`\u`)
				continue
			}
			s = s[4:]
			if second, ok := hex4(strings.TrimPrefix(s, `\u`)); utf16.IsSurrogate(first) && ok && strings.HasPrefix(s, `\u`) {
				if both := utf16.DecodeRune(first, second); both != utf8.RuneError {
					first, s = both, s[6:]
				}
			}
			b.WriteRune(first)
		default:
			b.WriteByte(c)
		}
	}
}

func hex4(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(s[:4], 16, 16)
	return rune(n), err == nil
}
