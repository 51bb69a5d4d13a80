package source

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestOpenText reads the same text in all encodings and compressions.
func TestOpenText(t *testing.T) {
	t.Parallel()
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	w.Write([]byte("\xff\xfe\xe9\x00\n\x00"))
	w.Close()
	for _, c := range []struct{ text, encoding string }{
		{"é\n", ""}, {"\xef\xbb\xbfé\n", ""}, {"\xef\xbb\xbfé\n", "utf-8"}, {"\xff\xfe\xe9\x00\n\x00", ""}, {"\xfe\xff\x00\xe9\x00\n", ""}, {"\xfe\xff\x00\xe9\x00\n", "utf-16"},
		{"\xe9\x00\n\x00", "utf-16le"}, {"\x00\xe9\x00\n", "utf-16be"}, {"\xe9\n", "windows-1252"}, {zipped.String(), ""},
	} {
		file := filepath.Join(t.TempDir(), "in")
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := OpenText(file, c.encoding)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || string(got) != "é\n" {
			t.Errorf("%q in %q: %q, %v", c.text, c.encoding, got, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := OpenText(filepath.Join(t.TempDir(), "in"), ""); !os.IsNotExist(err) {
		t.Errorf("no file: %v", err)
	}
	if _, err := OpenText(os.Args[0], "klingon"); err == nil {
		t.Error("an unknown encoding was accepted")
	}
}

func ExampleOpenText() {
	file := filepath.Join(os.TempDir(), "ids.txt")
	if err := os.WriteFile(file, []byte("\xff\xfe4\x002\x00\n\x00"), 0o600); err != nil { // UTF-16, with its mark
		fmt.Println(err)
		return
	}
	defer os.Remove(file)
	text, err := OpenText(file, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer text.Close()
	io.Copy(os.Stdout, text)
	// Output: 42
}
