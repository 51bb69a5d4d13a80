package source

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file that has two of the names is rejected before a row is read, wherever the names are and however they lead to it. Files that only look alike
// are read.
func TestFileNamedTwice(t *testing.T) {
	t.Parallel()
	names := putFiles(t, "orders.csv", "id,n\n1,2\n", "copy.csv", "id,n\n1,2\n", "other.csv", "id,n\n22,3\n")
	dir := filepath.Dir(names[0])
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := os.Mkdir(at("sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	twice := map[string]string{"the same name": names[0], "another spelling": dir + "/./sub/../orders.csv", "doubled separators": dir + "//orders.csv"}
	for name, made := range map[string]error{
		"hard.csv": os.Link(names[0], at("hard.csv")), "soft.csv": os.Symlink("orders.csv", at("soft.csv")), "soft2.csv": os.Symlink("soft.csv", at("soft2.csv")),
		"dir": os.Symlink(".", at("dir")),
	} {
		if made == nil {
			twice[name] = at(name)
		}
	}
	if _, ok := twice["dir"]; ok {
		twice["dir"] = at("dir/orders.csv")
	}
	if found, err := Expand(at("orders*.csv")); err == nil {
		twice["a pattern"] = found[0]
	}
	for how, again := range twice {
		for _, list := range [][]string{{names[0], again}, {again, names[0]}, {names[2], names[0], names[1], again}, {again, again}} {
			src, err := OpenFiles(list, Config{})
			var format *FormatError
			if !errors.As(err, &format) {
				t.Errorf("%s: %q: %v", how, list, err)
				if err == nil {
					src.Close()
				}
				continue
			}
			if !strings.Contains(err.Error(), again) || format.Hint == "" {
				t.Errorf("%s: %q: the error names no file: %v", how, list, err)
			}
		}
	}
	src, err := OpenFiles(names, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if rows, err := allRows(t, src); err != nil || rows != "1 2;1 2;22 3;" {
		t.Error(rows, err)
	}
}
