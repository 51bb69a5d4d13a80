package spelling

import "testing"

// A misspelt name is close to the intended name, and another word is not close to any name.
func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"load", "runs", "max-errors", "max-deletes", "to", "rate", "order-by"}
	for name, want := range map[string]string{
		"laod": "load", "oad": "load", "loadd": "load", "lqad": "load", "LOAD": "load", // swapped, missing, added, replaced, in capitals
		"max-error": "max-errors", "maxerrors": "max-errors", "max_errors": "max-errors", "max-delets": "max-deletes", "orderby": "order-by",
		"send": "", "l": "", "": "", "x": "", "errors": "",
	} {
		if got := Nearest(name, names); got != want {
			t.Errorf("%q is near %q, want %q", name, got, want)
		}
	}
	if got := Nearest("load", nil); got != "" {
		t.Errorf("without any names, %q is the nearest", got)
	}
}
