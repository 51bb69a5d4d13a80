package console

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestByteSize(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 bytes", 1: "1 byte", 999: "999 bytes", 1000: "1.0 kB", 999_949: "999.9 kB", 1_000_000: "1.0 MB", 2_500_000_000: "2.5 GB"} {
		if got := ByteSize(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

// A hint of several lines stays only in the first one, and nothing else is removed.
func TestHintsOnce(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a; do this\nb; do this\nc; do that; do this": "a; do this\nb\nc; do that",
		"a\na\nb; a":              "a\na\nb; a",
		"one line; do; it; do it": "one line; do; it; do it",
		"":                        "",
	} {
		if got := HintsOnce(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

// Paths below the working directory become relative, and no other text changes.
func TestInWorkingDirectory(t *testing.T) {
	t.Chdir(t.TempDir())
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	sep := string(filepath.Separator)
	for in, want := range map[string]string{
		dir + sep + "a.yaml:3:1: x":                   "a.yaml:3:1: x",
		"read " + dir + sep + "a: " + dir + sep + "b": "read a: b",
		sep + "other" + dir + sep + "a":               sep + "other" + dir + sep + "a",
		dir + " is a directory":                       dir + " is a directory",
	} {
		if got := InWorkingDirectory(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func TestTook(t *testing.T) {
	t.Parallel()
	for s, want := range map[float64]string{0: "0.0 s", 1.26: "1.3 s", 119.4: "119.4 s", 119.6: "2 min 0 s", 125: "2 min 5 s", 3599.7: "1 h 0 min", 3725: "1 h 2 min", 90_000: "25 h 0 min"} {
		if got := Took(s); got != want {
			t.Errorf("%v s is %q, want %q", s, got, want)
		}
	}
}

// A path below the working directory becomes shorter, and other paths stay as they are.
func TestShortPath(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	far := filepath.Join(filepath.VolumeName(here)+string(filepath.Separator), "x")
	for path, want := range map[string]string{filepath.Join(here, "a", "b.csv"): filepath.Join("a", "b.csv"), far: far} {
		if got := ShortPath(path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
}

// Output through a safe console cannot move the cursor. Output that must do so goes to the writer below it.
func TestSafe(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	con := New(strings.NewReader(""), &out, &out).Safe()
	fmt.Fprint(con.Out, "a\x1b[2Jb")
	if strings.ContainsRune(out.String(), '\x1b') {
		t.Errorf("a command prints %q", &out)
	}
	if Raw(con.Err) != any(&out) || Raw(&out) != any(&out) {
		t.Error("what is below a console is not the writer that it was made of")
	}
	if Terminal(con.Out) || Terminal(con.In) {
		t.Error("a buffer is treated as a terminal")
	}
	if got := Printable("a\x1bb"); got != `"a\x1bb"` || Printable("Größe 2") != "Größe 2" {
		t.Errorf("a name is printed as %s", got)
	}
}

func TestLogger(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	Logger(&out, FlagWords).Warn("no write key: set Config.APIKey (CUSTOMERIO_API_KEY) to the key", "attempt", 3)
	if got, want := out.String(), "level=WARN msg=\"no write key: set CUSTOMERIO_API_KEY to the key\" attempt=3\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
