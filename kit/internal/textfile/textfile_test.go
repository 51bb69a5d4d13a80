package textfile

import (
	"encoding/binary"
	"errors"
	"testing"
	"unicode/utf16"
)

func encode(order binary.AppendByteOrder, text string) []byte {
	out := order.AppendUint16(nil, 0xfeff)
	for _, unit := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, unit)
	}
	return out
}

// A text is the same in each encoding.
func TestDecode(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "a-key\r\n", "strict=true\n# Köln 𠮷\n"} {
		for what, file := range map[string][]byte{
			"UTF-8": []byte(text), "UTF-8 with a mark": []byte("\ufeff" + text),
			"UTF-16LE": encode(binary.LittleEndian, text), "UTF-16BE": encode(binary.BigEndian, text),
		} {
			if got, err := Decode(file); err != nil || string(got) != text {
				t.Errorf("%s: %q, %v, want %q", what, got, err, text)
			}
		}
	}
	for _, wrong := range []string{"K\xf6ln", "k\x00e\x00y\x00", "\xff\xfek", "\xff\xfe\x00\xd8", "\xff\xfe\x00\xd8a\x00", "\xff\xfe\x00\xdca\x00", "\xff\xfe\x00\x00"} {
		if got, err := Decode([]byte(wrong)); !errors.Is(err, ErrEncoding) {
			t.Errorf("%q: %q, %v", wrong, got, err)
		}
	}
}

// Text that can be read can be written as UTF-16 and is read the same.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{"key", "\ufeffkey", "\xff\xfek\x00", "\xfe\xff\xd8\x3d\xde\x80"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		text, err := Decode(file)
		if err != nil {
			return
		}
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			again, err := Decode(encode(order, string(text)))
			if err != nil && !containsReplacement(text) || err == nil && string(again) != string(text) {
				t.Fatalf("%q becomes %q, %v", text, again, err)
			}
		}
	})
}

func containsReplacement(text []byte) bool {
	for _, r := range string(text) {
		if r == 0xfffd {
			return true
		}
	}
	return false
}
