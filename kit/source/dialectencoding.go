package source

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
)

const flagEncoding = "encoding"

// checkEncoding returns an error for text that is not UTF-8 and looks like another encoding. A few damaged bytes do not look like that: only their
// rows are rejected.
func checkEncoding(sample []byte, line int64) error {
	if utf8.Valid(sample) {
		return nil
	}
	odd, even := 0, 0 // lines that are not UTF-8, and other lines that are not ASCII
	var foreign []byte
	first := int64(0)
	lines := bytes.SplitAfter(sample, newline)
	for i, text := range lines {
		if i == len(lines)-1 && len(sample) >= sampleBytes-utf8.UTFMax {
			break // a character may be cut off at the end
		}
		switch {
		case !utf8.Valid(text):
			if odd++; odd == 1 {
				first = line + int64(i)
			}
			foreign = append(foreign, text...)
		case bytes.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0:
			even++
		}
	}
	name, likely := guessEncoding(foreign)
	if odd == 0 || odd <= even || !likely {
		return nil
	}
	return &FormatError{Line: first, Problem: "the input is not UTF-8 here; it looks like " + name,
		Hint: "give its encoding: --encoding " + name + "; with --encoding utf-8 only the rows that are not UTF-8 are rejected",
		Flag: flagEncoding, Value: name}
}

// guessEncoding names an encoding that text may have which is not UTF-8. likely reports whether the text looks natural in it.
func guessEncoding(text []byte) (name string, likely bool) {
	for _, name := range []string{"shift_jis", "euc-jp", "big5", "euc-kr", "gb18030"} {
		if looksEastAsian(name, text) {
			return name, true
		}
	}
	high, pairs, upper, low, symbols := 0, 0, 0, 0, 0 // bytes from 0x80, pairs of them, bytes from 0xc0 to 0xdf, below 0xa0, and those that are rare in Western text
	for i, c := range text {
		if c < 0x80 {
			continue
		}
		high++
		if i > 0 && text[i-1] >= 0x80 {
			pairs++
		}
		switch {
		case c < 0xa0:
			low++
		case c >= 0xc0 && c < 0xe0:
			upper++
		case bytes.IndexByte([]byte{0xb9, 0xb3, 0xbf, 0xa3, 0xa5, 0xaf}, c) >= 0:
			symbols++
		}
	}
	switch {
	case 3*pairs > high && high > 2 && low > high/4:
		return "cp866", true
	case 3*pairs > high && high > 2 && 2*upper > high:
		return "koi8-r", true
	case 3*pairs > high && high > 2:
		return "windows-1251", true
	case 2*low > high && amongLetters(text, []byte{0x8e, 0x8a, 0x9a, 0x9f, 0x88, 0x87, 0x96}):
		return "macintosh", plausible("macintosh", text)
	case 2*low > high && amongLetters(text, []byte{0x81, 0x82, 0x84, 0x94, 0x85, 0xa1, 0xa2}):
		return "ibm850", plausible("ibm850", text)
	case symbols > 0 && amongLetters(text, []byte{0xb9, 0xb3, 0xbf, 0x9c, 0x9f}):
		return "windows-1250", plausible("windows-1250", text)
	}
	return "windows-1252", plausible("windows-1252", text)
}

// looksEastAsian reports whether the text decodes without an error, and into the characters that such text consists of.
func looksEastAsian(name string, text []byte) bool {
	e, err := encodingOf(name)
	if err != nil || e == nil || withinWords(text) {
		return false
	}
	decoded, err := e.NewDecoder().Bytes(text)
	if err != nil || bytes.ContainsRune(decoded, utf8.RuneError) {
		return false
	}
	var common, all, kana, hangul int
	for _, r := range string(decoded) {
		if r < utf8.RuneSelf {
			continue
		}
		all++
		switch {
		case unicode.In(r, unicode.Hiragana, unicode.Katakana) && (r < 0xff00 || r > 0xffef):
			kana++
			common++
		case unicode.Is(unicode.Hangul, r):
			hangul++
			common++
		case unicode.Is(unicode.Han, r), r >= 0x3000 && r < 0x3040, r >= 0xff00 && r < 0xff61:
			common++
		}
	}
	switch {
	case all < 2 || common != all:
		return false
	case strings.HasSuffix(name, "jis"), name == "euc-jp":
		return 5*kana >= all
	case name == "euc-kr":
		return 2*hangul > all
	}
	return kana+hangul == 0
}

// withinWords reports whether most bytes beyond ASCII are within words of ASCII letters, as the umlaut in Jürgen is. East Asian encodings use two
// bytes for a character: the first one, and mostly the second, is beyond ASCII. Western words can be decoded like that too, although nobody meant it.
func withinWords(text []byte) bool {
	western, words := 0, 0 // words with a byte beyond ASCII
	for word := range bytes.FieldsFuncSeq(text, func(r rune) bool { return r < utf8.RuneSelf && !unicode.IsLetter(r) }) {
		beyond := 0
		for _, c := range word {
			if c >= utf8.RuneSelf {
				beyond++
			}
		}
		if beyond == 0 {
			continue
		}
		words++
		if word[0] < utf8.RuneSelf || len(word) >= 2*beyond {
			western++
		}
	}
	return 2*western >= words
}

// amongLetters reports whether one of these bytes is between letters.
func amongLetters(text, some []byte) bool {
	letter := func(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
	for i, c := range text {
		if bytes.IndexByte(some, c) >= 0 && i > 0 && i+1 < len(text) && letter(text[i-1]) && letter(text[i+1]) {
			return true
		}
	}
	return false
}

// plausible reports whether all characters beyond ASCII in the text are characters that people write.
func plausible(name string, text []byte) bool {
	e, err := encodingOf(name)
	if err != nil {
		return false
	}
	return people(e, text)
}

func people(e encoding.Encoding, text []byte) bool {
	decoded, err := e.NewDecoder().Bytes(text)
	if err != nil {
		return false
	}
	for _, r := range string(decoded) {
		if r < utf8.RuneSelf || r != 'ÿ' && r != 'þ' && unicode.IsLetter(r) {
			continue
		}
		if !strings.ContainsRune("€£§°²³´»«¿¡·–—‘’“”„…•™©®½¼¾ªº\u00a0", r) {
			return false
		}
	}
	return true
}
