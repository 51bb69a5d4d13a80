package mapping

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

var update = flag.Bool("update", false, "write the golden files")

// Each mapping in testdata/wrong is rejected with the words of the file next to it. Its first line names the columns of the input.
func TestWrongMappingsGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/wrong/*.yaml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(string(data), "\n")
			names, ok := strings.CutPrefix(first, "# columns: ")
			if !ok {
				t.Fatal("the first line does not name the columns")
			}
			var columns []source.Column
			for _, name := range strings.Split(names, ",") {
				columns = append(columns, source.Column{Name: strings.TrimSpace(name), Kind: source.KindText})
			}
			m, err := Parse(filepath.Base(file), data)
			if err == nil {
				_, err = m.Compile(columns, false)
			}
			if err == nil {
				t.Fatal("the mapping was accepted")
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, readErr := os.ReadFile(golden)
			if readErr != nil {
				t.Fatal(readErr)
			}
			if got := err.Error() + "\n"; got != string(want) {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}

// A file that is not UTF-8 text, or that has no messages, gets no advice about YAML.
func TestFilesThatAreNotMappings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ data, want string }{
		"CSV in windows-1252":       {"id;Stadt\n1;M\xfcnchen\n", "m.yaml:2:4: this is not a mapping: it is not UTF-8 text; if it is the input, give the mapping instead"},
		"CSV in windows-1252, keys": {"a: b\n- \"M\xfc\": x: y\n", "if it is the input, give the mapping instead"},
		"a ZIP archive":             {"PK\x03\x04\x14\x00\x06\x00", "m.yaml:1:6: this is not a mapping: it is not UTF-8 text; if it is the input, give the mapping instead"},
		"JSON Lines":                {"{\"id\":1}\n{\"id\":2}\n", "if it is the input, give the mapping instead"},
		"a mapping in windows-1252": {"messages:\n  - identify: {userId: $id, traits: {city: M\xfcnchen}}\n", "m.yaml:2:45: this is not a mapping: it is not UTF-8 text; convert it to UTF-8"},
		"a mapping with a colon":    {"messages:\n  - identify: {userId: $id, traits: {n: =n ? a: b}}\nx: y: z\n", "put the value in quotes"},
	} {
		_, err := Parse("m.yaml", []byte(c.data))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		} else if strings.Contains(c.want, "input") && strings.Contains(err.Error(), "in quotes") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
