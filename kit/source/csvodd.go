package source

import "bytes"

// parseOdd is parse for any dialect except the plain one.
func (c *csvFramer) parseOdd(data []byte, final bool) (n int, o outcome) {
	c.fields = c.fields[:0]
	c.spans = -1
	if c.odd.LineEnd != LineEndAny && c.odd.Escape == None && c.odd.Quote >= Unseen {
		return c.parseUnquoted(data, final)
	}
	for pos := 0; ; {
		var f csvField
		var next int
		if pos < len(data) && data[pos] == c.odd.Quote {
			f, next, o = c.quotedField(data, pos, final)
		} else {
			f, next, o = c.bareField(data, pos, final)
		}
		if o != parsed {
			return 0, o
		}
		if c.odd.Escape != None && f.end == f.start+2 && data[f.start] == c.odd.Escape && data[f.start+1] == 'N' {
			f.end = f.start // it means null
		}
		c.fields = append(c.fields, f)
		switch {
		case next >= len(data):
			return len(data), parsed
		case data[next] == c.delimiter:
			pos = next + 1
		default:
			return next + c.lineEnd(data, next, final), parsed
		}
	}
}

// parseUnquoted is parseOdd for dialects in which each line is a row.
func (c *csvFramer) parseUnquoted(data []byte, final bool) (n int, o outcome) {
	end := bytes.IndexByte(data, '\n')
	n = end + 1
	if end < 0 {
		if !final {
			return 0, unended
		}
		end, n = len(data), len(data)
	}
	c.split(data[:end])
	if c.odd.Quote == Unseen && bytes.IndexByte(data[:end], '"') >= 0 {
		for _, f := range c.fields {
			if f.start < f.end && data[f.start] == '"' {
				return 0, doubtful
			}
		}
	}
	return n, parsed
}

// quotedField finds the field whose opening quote is at pos. next is the position of the delimiter or line end after it.
func (c *csvFramer) quotedField(data []byte, pos int, final bool) (f csvField, next int, o outcome) {
	f.start = pos + 1
	crosses := false
	for i := f.start; ; i++ {
		switch {
		case i >= len(data):
			if c.spans < 0 {
				c.spans = pos
			}
			return f, 0, unclosed
		case data[i] == '\n' || data[i] == '\r':
			crosses = true
		case data[i] == c.odd.Escape && c.odd.Escape != c.odd.Quote:
			f.escaped = true
			if i++; i < len(data) && !c.escapes(data[i], true) && (data[i] != 'N' || i != f.start+1) {
				return f, 0, misescaped
			}
		case data[i] != c.odd.Quote:
		case i+1 < len(data) && data[i+1] == c.odd.Quote:
			f.escaped = true
			i++
		default:
			f.end = i
			f.escaped = f.escaped || crosses
			if crosses && c.spans < 0 {
				c.spans = pos
			}
			if i+1 >= len(data) {
				if final {
					return f, len(data), parsed
				}
				return f, 0, unended
			}
			switch width := c.lineEnd(data, i+1, final); {
			case data[i+1] == c.delimiter || width > 0:
				return f, i + 1, parsed
			case width < 0:
				return f, 0, unended
			}
			return f, 0, misquoted
		}
	}
}

// bareField finds the field without quotes that begins at pos. next is the position of the delimiter or line end after it.
func (c *csvFramer) bareField(data []byte, pos int, final bool) (f csvField, next int, o outcome) {
	f.start = pos
	for i := pos; ; i++ {
		switch {
		case i >= len(data):
			if !final {
				return f, 0, unended
			}
			f.end = i
			return f, i, parsed
		case data[i] == c.delimiter:
			f.end = i
			return f, i, parsed
		case data[i] == '\n' || data[i] == '\r':
			switch width := c.lineEnd(data, i, final); {
			case width > 0:
				f.end = i
				return f, i, parsed
			case width < 0:
				return f, 0, unended
			}
		case data[i] == c.odd.Escape:
			f.escaped = true
			if i++; i >= len(data) {
				if final {
					return f, 0, misescaped
				}
				return f, 0, unended
			}
			if !c.escapes(data[i], false) && (i != pos+1 || !c.isNull(data[i:])) {
				return f, 0, misescaped
			}
		case data[i] == '"' && i == pos && c.odd.Quote == Unseen:
			return f, 0, doubtful
		case data[i] == c.odd.Quote && c.odd.Quote < Unseen:
			if c.odd.Quote == '"' { // apostrophes are common within names
				return f, 0, misquoted
			}
		}
	}
}

// isNull reports whether an escape character at the beginning of a field is followed by the N of a null, and by nothing else of the field. The end of
// the data may be the end of the field.
func (c *csvFramer) isNull(data []byte) bool {
	return data[0] == 'N' && (len(data) == 1 || data[1] == c.delimiter || data[1] == '\n' || data[1] == '\r')
}

// letters are the letters that MySQL and PostgreSQL write after a backslash in text without quotes, and their meaning.
var letters = map[byte]byte{'t': '\t', 'n': '\n', 'r': '\r', 'b': '\b', 'f': '\f', 'v': '\v', '0': 0, 'Z': 0x1a}

// escapes reports whether the meaning of a character after the escape character is known. In a file with quotes a letter is a letter for some
// programs and a control character for others.
func (c *csvFramer) escapes(b byte, quoted bool) bool {
	switch b {
	case c.odd.Escape, c.odd.Quote, c.delimiter, '"', '\'', '\n', '\r':
		return true
	}
	_, letter := letters[b]
	return letter && !quoted && c.odd.Quote >= Unseen
}

// lineEnd returns the length of the line end at data[i], 0 if there is none, -1 if more data is needed.
func (c *csvFramer) lineEnd(data []byte, i int, final bool) int {
	if data[i] != '\r' {
		if data[i] == '\n' {
			return 1
		}
		return 0
	}
	rest, some := data[i+1:], c.odd != nil && c.odd.LineEnd == LineEndAny
	switch {
	case bytes.HasPrefix(rest, newline):
		return 2
	case some && bytes.HasPrefix(rest, []byte("\r\n")):
		return 3
	case len(rest) == 0 && final, some && (final || len(rest) > 1 || len(rest) == 1 && rest[0] != '\r'):
		return 1
	case len(rest) == 0, some:
		return -1
	}
	return 0
}

// endOfLine returns where the second line of data begins, -1 if data ends before.
func (c *csvFramer) endOfLine(data []byte, final bool) int {
	if c.odd == nil || c.odd.LineEnd != LineEndAny {
		if end := bytes.IndexByte(data, '\n'); end >= 0 {
			return end + 1
		}
		return -1
	}
	at := bytes.IndexAny(data, "\r\n")
	if at < 0 {
		return -1
	}
	if width := c.lineEnd(data, at, final); width > 0 {
		return at + width
	}
	return -1
}

// lines counts the line ends in data.
func (c *csvFramer) lines(data []byte) int64 {
	n := int64(bytes.Count(data, newline))
	if c.odd != nil && c.odd.LineEnd == LineEndAny {
		n += int64(bytes.Count(data, []byte{'\r'}) - bytes.Count(data, []byte("\r\n")) - bytes.Count(data, []byte("\r\r\n")))
	}
	return n
}

// trim removes the line end of a row.
func (c *csvFramer) trim(row []byte) []byte {
	row = trimEnd(row)
	if n := len(row); n > 0 && row[n-1] == '\r' && c.odd != nil && c.odd.LineEnd == LineEndAny {
		return row[:n-1]
	}
	return row
}

// unescape appends the text of an escaped field to dst. It also returns the appended text alone.
func (c *csvFramer) unescape(dst, field []byte) (all, text []byte) {
	if c.odd == nil {
		return appendUnescaped(dst, field)
	}
	start := len(dst)
	for i := 0; i < len(field); i++ {
		b := field[i]
		switch {
		case i+1 == len(field):
		case b == c.odd.Escape:
			i++
			b = field[i]
			if stands, ok := letters[b]; ok && b != c.delimiter && c.odd.Quote >= Unseen {
				b = stands
			}
		case b == c.odd.Quote && field[i+1] == b:
			i++
		case b == '\r' && field[i+1] == '\n':
			continue
		}
		dst = append(dst, b)
	}
	return dst, dst[start:]
}
