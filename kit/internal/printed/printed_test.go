package printed

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"plain, Zoë, 名前, 𠮷":     "plain, Zoë, 名前, 𠮷",
		"a\nb\tc\rd":            `a\nb\tc\u000dd`,
		"\x1b[31mred":           `\u001b[31mred`,
		"a\u202eb\u2066c\u0085": `a\u202eb\u2066c\u0085`,
		"bad\x9b31m":            `bad\x9b31m`,
		"replaced \ufffd":       "replaced \ufffd",
		"del\x7f":               `del\u007f`,
	} {
		if got := Line(in); got != want {
			t.Errorf("Line(%q) is %q, want %q", in, got, want)
		}
	}
}

// harmless reports whether a terminal only shows the text.
func harmless(text []byte) bool {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError && n == 1 || r != '\n' && r != '\t' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return false
		}
		text = text[n:]
	}
	return true
}

func FuzzWriter(f *testing.F) {
	f.Add([]byte("plain \x1b[31m\u202e\x9b\u009b Zoë\xf0\x9f"), uint8(3))
	f.Fuzz(func(t *testing.T, text []byte, width uint8) {
		var all, cut bytes.Buffer
		(&Writer{W: &all}).Write(text)
		w := &Writer{W: &cut}
		for rest := text; len(rest) > 0; {
			n := min(len(rest), int(width)%7+1)
			if m, err := w.Write(rest[:n]); m != n || err != nil {
				t.Fatal(m, err)
			}
			rest = rest[n:]
		}
		if !harmless(all.Bytes()) || !bytes.Equal(all.Bytes(), cut.Bytes()) {
			t.Errorf("%q becomes %q at once and %q in pieces", text, all.Bytes(), cut.Bytes())
		}
		if !harmless([]byte(Line(string(text)))) || bytes.ContainsAny([]byte(Line(string(text))), "\n\t") {
			t.Errorf("the line of %q is %q", text, Line(string(text)))
		}
	})
}

// TestWriterKeepsJSON: the escapes mean the same within JSON.
func TestWriterKeepsJSON(t *testing.T) {
	want := "a\x1b\u202e\u009b\x7f\u2066\n\ufffd"
	var out bytes.Buffer
	if err := json.NewEncoder(&Writer{W: &out}).Encode(want); err != nil || !harmless(out.Bytes()) {
		t.Fatalf("%q, %v", out.Bytes(), err)
	}
	var got string
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got != want {
		t.Errorf("%q is read as %q, %v", out.Bytes(), got, err)
	}
}

func TestWriterFails(t *testing.T) {
	if _, err := (&Writer{W: broken{}}).Write([]byte("a")); !errors.Is(err, errBroken) {
		t.Error(err)
	}
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }
