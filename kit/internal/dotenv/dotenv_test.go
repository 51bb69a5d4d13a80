package dotenv

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// file writes a .env with access only for its owner.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The environment has precedence over the file, names of other programs are ignored, and the switch that lets tests send to a workspace is never read
// from a file.
func TestGet(t *testing.T) {
	t.Setenv("CUSTOMERIO_A", "of the environment")
	t.Setenv("CUSTOMERIO_B", "")
	t.Setenv("CIOKIT_LIVE", "")
	f := At(file(t, "\ufeff# keys\r\n\nCUSTOMERIO_A=one\nCUSTOMERIO_B=two # the second\r\nexport CUSTOMERIO_C=\"three # 3\"  # x\nCIOKIT_D='fo\"ur'\n"+
		"CIOKIT_E=\nCIOKIT_LIVE=1\nDOTENV_OTHER=five\nPATH=nowhere\n"))
	for name, want := range map[string]string{"CUSTOMERIO_A": "of the environment", "CUSTOMERIO_B": "two", "CUSTOMERIO_C": "three # 3", "CIOKIT_D": `fo"ur`,
		"CIOKIT_E": "", "CIOKIT_LIVE": "", "DOTENV_OTHER": "", "PATH": os.Getenv("PATH"), "CUSTOMERIO_NONE": ""} {
		if got := f.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for name, nothing := range map[string]*File{"nil": nil, "no file": At(filepath.Join(t.TempDir(), "x")), "a directory": At(t.TempDir())} {
		var said strings.Builder
		if got := nothing.Get("CUSTOMERIO_B") + nothing.Get("CUSTOMERIO_A"); got != "of the environment" || nothing.Done(&said) != nil || said.Len() > 0 {
			t.Errorf("%s: %q, said %q", name, got, said.String())
		}
	}
}

// The settings of the file are reported once, only by their names. If there are none, nothing is reported.
func TestDone(t *testing.T) {
	t.Setenv("CUSTOMERIO_A", "set")
	path := file(t, "CUSTOMERIO_A=secret\nCUSTOMERIO_B=secret\nCUSTOMERIO_C=secret\n")
	f := At(path)
	for _, step := range []struct{ get, want string }{
		{"CUSTOMERIO_A CUSTOMERIO_X", ""},
		{"CUSTOMERIO_C CUSTOMERIO_B CUSTOMERIO_C", path + " sets CUSTOMERIO_C, CUSTOMERIO_B\n"},
		{"CUSTOMERIO_A", ""},
	} {
		for _, name := range strings.Fields(step.get) {
			f.Get(name)
		}
		var said strings.Builder
		if err := f.Done(&said); err != nil || said.String() != step.want {
			t.Errorf("%s: said %q, %v; want %q", step.get, said.String(), err, step.want)
		}
	}
	if runtime.GOOS == "windows" {
		return // modes mean nothing there
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	f = At(path)
	f.Get("CUSTOMERIO_B")
	var said strings.Builder
	if err := f.Done(&said); err != nil || !strings.Contains(said.String(), "chmod 600") {
		t.Errorf("said %q, %v", said.String(), err)
	}
}

// An invalid line with one of our names is an error that does not show the line. Lines of other programs are ignored.
func TestParse(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"s3cret", "CUSTOMERIO_API_KEY s3cret", "CUSTOMERIO_API_KEY: s3cret", "set CUSTOMERIO_A=s3cret", "$env:CIOKIT_A=s3cret", `CIOKIT_A="s3cret`, `CIOKIT_A="s3cret" more`, "CUSTOMERIO_API_KEY"} {
		_, err := readIt(t, "\n"+bad)
		if err == nil || !strings.Contains(err.Error(), ".env:2: ") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	const others = "HOME\nA B=1\nKEY=\"-----BEGIN\nCUSTOMERIO_A=inside\n-----END\"\n=====\nset -a\nX='1' 2\nCIOKIT_LIVE\n"
	values, err := readIt(t, others+"CUSTOMERIO_A=1\n")
	if err != nil || len(values) != 1 || values["CUSTOMERIO_A"] != "1" {
		t.Errorf("%v, %v", values, err)
	}
	if _, err := readIt(t, "\xff\xfe\x00"); err == nil || !strings.Contains(err.Error(), ".env") {
		t.Errorf("no text: %v", err)
	}
}

// readIt returns what the commands make of a file with the text.
func readIt(t *testing.T, text string) (map[string]string, error) {
	values, _, err := readFile(file(t, text))
	return values, err
}

// For any contents of the file, only names that count are set, and a value has one line.
func FuzzParse(f *testing.F) {
	f.Add("CUSTOMERIO_A=1\nexport CIOKIT_B=\"2 # 3\" # 4\n\n# C=5\nD='\"\nCIOKIT_LIVE=1")
	f.Fuzz(func(t *testing.T, text string) {
		values, err := Parse(text)
		if err != nil && len(values) > 0 {
			t.Error("values and an error")
		}
		for name, value := range values {
			if !counts(name) || strings.ContainsAny(name, " \t\"'\n=") || strings.Contains(value, "\n") {
				t.Errorf("%q=%q", name, value)
			}
		}
	})
}
