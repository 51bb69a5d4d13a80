package source

import "unicode/utf8"

// CutRow returns the beginning of a row that is longer than the limit, which is what is kept of it, and what is wrong with it.
func CutRow(raw []byte, limit int) ([]byte, *RowError) {
	raw = raw[:min(len(raw), keptBytes)]
	for range utf8.UTFMax - 1 { // a rest of a character would make the reject one of bytes that are no text
		if r, size := utf8.DecodeLastRune(raw); r != utf8.RuneError || size != 1 {
			break
		}
		raw = raw[:len(raw)-1]
	}
	return raw, tooLong(limit)
}
