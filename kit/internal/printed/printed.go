// Package printed makes text from files safe to show on a terminal: names of columns and files, and cells.
package printed

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode/utf8"
)

// Line returns text without control characters and line ends: each such character is written as an escape.
func Line(s string) string { return lineEscapes.Replace(string(escaped([]byte(s)))) }

var lineEscapes = strings.NewReplacer("\n", `\n`, "\t", `\t`)

// acts reports whether a terminal does more than show the character, or whether it is a byte that is not UTF-8.
func acts(r rune) bool {
	switch {
	case r == '\n', r == '\t':
		return false
	case r < ' ', r >= 0x7f && r < 0xa0, r == utf8.RuneError:
		return true
	case r == 0x061c, r == 0x200e, r == 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069: // direction of text, and line ends
		return true
	}
	return false
}

// Writer passes on text, with escapes for characters that a terminal acts on: in JSON they mean the same text. Line feeds and tabs remain, because
// the program itself writes them. Several goroutines can use it.
type Writer struct {
	// W is where the text goes.
	W io.Writer

	mu   sync.Mutex
	tail []byte // the beginning of a character
}

// Write writes p. If p ends in the middle of a character, the beginning waits for the next call.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := p
	if len(w.tail) > 0 {
		text = append(w.tail, p...)
		w.tail = nil
	}
	whole := len(text)
	for i := len(text) - 1; i >= 0 && i >= len(text)-utf8.UTFMax; i-- {
		if utf8.RuneStart(text[i]) {
			if !utf8.FullRune(text[i:]) {
				whole = i
			}
			break
		}
	}
	if whole < len(text) {
		w.tail = append(w.tail, text[whole:]...)
	}
	if _, err := w.W.Write(escaped(text[:whole])); err != nil {
		return 0, err
	}
	return len(p), nil
}

// escaped returns text in which every character that a terminal acts on is an escape.
func escaped(text []byte) []byte {
	clean := true
	for i := 0; i < len(text) && clean; {
		r, n := utf8.DecodeRune(text[i:])
		clean = !acts(r) || r == utf8.RuneError && n > 1
		i += n
	}
	if clean {
		return text
	}
	out := make([]byte, 0, len(text)+64)
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			out = fmt.Appendf(out, `\x%02x`, text[i])
		case r != utf8.RuneError && acts(r):
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = append(out, text[i:i+n]...)
		}
		i += n
	}
	return out
}
