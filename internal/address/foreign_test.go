package address

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func sure(s string) string {
	out, _ := AppendSure(nil, s)
	return string(out)
}

// Two addresses are surely equal only if they differ at most in the case of ASCII letters, whichever other letters they have.
func TestSureFoldsASCIIAlone(t *testing.T) {
	t.Parallel()
	asciiOf := make(map[rune]bool)                   // letters that a rule of upper and lower case turns into ASCII
	for r := rune(utf8.RuneSelf); r < 0x20000; r++ { // no letters with upper and lower case come after this
		if !utf8.ValidRune(r) {
			continue
		}
		s := "Aa" + string(r) + "@X.org"
		if got := sure(s); got != "aa"+string(r)+"@x.org" {
			t.Fatalf("%U: %q", r, got)
		}
		lower, upper, fold := unicode.ToLower(r), unicode.ToUpper(r), unicode.SimpleFold(r)
		asciiOf[r] = lower < utf8.RuneSelf || upper < utf8.RuneSelf || fold < utf8.RuneSelf
		if want := asciiOf[r] || lower != r; Doubtful(s) != want {
			t.Errorf("%U is doubtful: %v", r, !want)
		}
		like, near := Spellings(s)
		if asciiOf[r] != (near[2] < utf8.RuneSelf) || strings.ToLower(like) == "" || asciiOf[r] && like != sure(s) {
			t.Errorf("%U: like %q, near %q", r, like, near)
		}
	}
	for _, r := range []rune{'\u212a', '\u017f', '\u0130', '\u0131'} {
		if !asciiOf[r] {
			t.Errorf("%U does not turn into an ASCII letter", r)
		}
	}
	for _, plain := range []string{"ann@x.org", "ANN@x.org", "jürgen@müller.de", "not an address \u212a", ""} {
		if Doubtful(plain) {
			t.Errorf("%q is doubtful", plain)
		}
	}
	if like, near := Spellings("ANN@x.org"); like+near != "" {
		t.Errorf("%q, %q", like, near)
	}
}
