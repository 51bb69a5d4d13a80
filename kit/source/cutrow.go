package source

import "unicode/utf8"

// CutRow returns the part that is kept of a row over the limit (its beginning), and the error.
func CutRow(raw []byte, limit int) ([]byte, *RowError) {
	raw = raw[:min(len(raw), keptBytes)]
	for range utf8.UTFMax - 1 { // with a part of a character at its end the reject would not be text
		if r, size := utf8.DecodeLastRune(raw); r != utf8.RuneError || size != 1 {
			break
		}
		raw = raw[:len(raw)-1]
	}
	return raw, tooLong(limit)
}
