package console

import "testing"

// Paragraphs are wrapped at the width of the help, and lines of a table stay as they are.
func TestWrapped(t *testing.T) {
	t.Parallel()
	long := ""
	for range 30 {
		long += "word "
	}
	for in, want := range map[string]string{
		"":                                  "",
		"one\ntwo\n\nthree":                 "one two\n\nthree",
		"before\n\n  a   b\n  c   d\nafter": "before\n\n  a   b\n  c   d\nafter",
		long:                                long[:119] + "\n" + long[120:149],
	} {
		if got := wrapped(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}
