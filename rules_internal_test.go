package cio

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ciokit/cio/internal/wire"
)

// A text that the quick check accepts must be within all limits. The text is written by the encoder, which writes UTF-8.
func FuzzAttributesWithin(f *testing.F) {
	for _, n := range []int{1, 149, 150, 151, 152, 299, 300, 301, 700, 1000, 1001} {
		name := strings.Repeat("n", n)
		for pad := range 4 {
			f.Add(`{"` + strings.Repeat("p", pad*37) + `":"` + strings.Repeat("v", pad*41) + `","` + name + `":1}`)
		}
		f.Add(`{"a":"` + name + `","b":"x"}`)
		f.Add(`{"a\"` + name + `":1}`)
	}
	f.Add("{" + strings.Repeat(`"":1,`, 301) + `"":1}`)
	f.Fuzz(func(t *testing.T, object string) {
		if !utf8.ValidString(object) || !json.Valid([]byte(object)) || object[0] != '{' || !within([]byte(object)) {
			return
		}
		n := 0
		for name, value := range wire.Members([]byte(object)) {
			if n++; len(name) > maxAttributeNameBytes || textLen(value) > maxAttributeValueBytes || n > maxAttributes {
				t.Fatalf("%q was let pass, with %q: %q", object, name, value)
			}
		}
	})
}
