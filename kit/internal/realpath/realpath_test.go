package realpath

import (
	"os"
	"path/filepath"
	"testing"
)

// Two names of one file have one path, even if the file does not exist.
func TestOf(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, link := range [][2]string{{"real", "dir"}, {"dir/file", "file"}, {"file", "again"}, {"none", "dangling"}, {at("real/none"), "absolute"}, {"loop", "loop"}, {"../real", "real/up"}} {
		if err := os.MkdirAll(at("real"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(link[0], at(link[1])); err != nil {
			t.Skip(err)
		}
	}
	if err := os.WriteFile(at("real/file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"real/file": "real/file", "dir/file": "real/file", "file": "real/file", "again": "real/file", "real/../real/./file": "real/file", "real/up/file": "real/file",
		"real/new": "real/new", "dir/new": "real/new", "dangling": "none", "absolute": "real/none",
	} {
		if got, err := Of(at(name)); err != nil || got != at(want) {
			t.Errorf("%s: %s, %v, want %s", name, got, err, at(want))
		}
	}
	for _, name := range []string{"loop", "nowhere/file"} {
		if got, err := Of(at(name)); err == nil {
			t.Errorf("%s: %s", name, got)
		}
	}
	t.Chdir(at("dir"))
	if got, err := Of("file"); err != nil || got != at("real/file") {
		t.Errorf("%s, %v", got, err)
	}
}
