package source

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// encodingMark is a byte order mark and its encoding.
type encodingMark struct {
	bytes, encoding string
	fits            []string // encodings that the user can give for an input with this mark
}

// encodingMarks are in the order of the search: the mark of UTF-32 begins like one of UTF-16.
var encodingMarks = []encodingMark{
	{"\xff\xfe\x00\x00", "utf-32", []string{"utf-32", "utf-32le"}},
	{"\x00\x00\xfe\xff", "utf-32", []string{"utf-32", "utf-32be"}},
	{"\xff\xfe", "utf-16", []string{"utf-16", "utf-16le"}},
	{"\xfe\xff", "utf-16", []string{"utf-16", "utf-16be"}},
	{"\xef\xbb\xbf", "utf-8", []string{"utf-8"}},
}

// markOf returns the byte order mark at the beginning of an input, nil if there is none.
func markOf(head []byte) *encodingMark {
	for i := range encodingMarks {
		if bytes.HasPrefix(head, []byte(encodingMarks[i].bytes)) {
			return &encodingMarks[i]
		}
	}
	return nil
}

// marked returns the encoding that the beginning of an input shows: by a mark, or together with given, the encoding from the caller (empty if there
// is none). An error says that the two contradict each other, or that the input is UTF-16 or UTF-32 and nothing says so.
func marked(head []byte, given string) (string, error) {
	given = encodingName(given)
	mark, looks := markOf(head), wideWithoutMark(head)
	switch {
	case mark != nil && given == "":
		return mark.encoding, nil
	case mark != nil:
		for _, name := range mark.fits {
			if name == given {
				return given, nil
			}
		}
		return "", &FormatError{Line: 1, Problem: fmt.Sprintf("the input begins with the byte order mark of %s, but the given encoding is %s", strings.ToUpper(mark.encoding), given),
			Hint: "leave the encoding out, or use --encoding " + mark.encoding, Flag: flagEncoding, Value: mark.encoding}
	case looks == "" || looks == given:
		return given, nil
	case strings.HasPrefix(looks, given) && given != "": // utf-16 does not give the order of the bytes
		return looks, nil
	}
	return "", &FormatError{Line: 1, Problem: "the input looks like " + strings.ToUpper(looks[:len("utf-16")]) + " without a byte order mark", Hint: "use --encoding " + looks, Flag: flagEncoding, Value: looks}
}

// headOfText is headOf with at least the length of a mark. If one of these bytes is a zero, it reads enough to recognize UTF-16. So the result
// depends on the input and not on how much of it a pipe delivers at once. Text has no zeros, so nobody waits for more of it.
func headOfText(r *bufio.Reader) []byte {
	const longest = 4 // bytes, of the marks
	head, _ := r.Peek(longest)
	if bytes.IndexByte(head, 0) >= 0 && markOf(head) == nil {
		head, _ = r.Peek(headBytes)
		return head
	}
	return headOf(r)
}

// wideWithoutMark returns the encoding with two or four bytes a character that the input seems to have, empty if there is none. In such text, one of
// these bytes is zero for each ASCII character.
func wideWithoutMark(head []byte) string {
	head = head[:len(head)&^3]
	var zeros [4]int
	for i, c := range head {
		zeros[i%4] += boolInt(c == 0)
	}
	even, odd, pairs := zeros[0]+zeros[2], zeros[1]+zeros[3], len(head)/2
	quads := len(head) / 4
	switch {
	case quads == 0:
		return ""
	case zeros[3] == quads && zeros[2] == quads && zeros[0] == 0:
		return "utf-32le"
	case zeros[0] == quads && zeros[1] == quads && zeros[3] == 0:
		return "utf-32be"
	case even == 0 && mostlyWide(head, odd, pairs, 0):
		return "utf-16le"
	case odd == 0 && mostlyWide(head, even, pairs, 1):
		return "utf-16be"
	}
	return ""
}

// mostlyWide reports whether enough of the pairs have a zero on one side to be characters: half of them, or fewer if the bytes are not UTF-8 and
// there is a line end among the pairs. at is the position of the ASCII byte in its pair.
func mostlyWide(head []byte, zeros, pairs, at int) bool {
	if 2*zeros >= pairs {
		return true
	}
	if zeros == 0 || utf8.Valid(head) {
		return false
	}
	for i := 0; i+1 < len(head); i += 2 {
		if head[i+at] == '\n' && head[i+1-at] == 0 {
			return true
		}
	}
	return false
}
