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

// Each mapping in testdata/wrong is refused in the words of the file beside it. Its first line names the columns of the input.
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
				t.Fatal("the mapping was taken")
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
