package doctest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the repository, seen from this package.
const root = "../.."

// document is a Markdown text of the repository.
type document struct {
	path   string // from the root, with slashes
	text   string
	blocks []block
	prose  []string // all lines, those of blocks empty, so that the index is the line number
}

// block is a fenced block.
type block struct {
	doc       string
	line      int // of its first line
	lang      string
	text      string
	directive string
	output    *string // what it must print
}

var directivePattern = regexp.MustCompile(`^<!-- doctest: (\w+) -->$`)

// parseDocument returns the blocks of a text, and its prose.
func parseDocument(path, text string) (d document, err string) {
	d = document{path: path, text: text}
	var open *block
	directive := ""
	for i, line := range strings.Split(text, "\n") {
		fence, isFence := strings.CutPrefix(line, "```")
		d.prose = append(d.prose, "")
		switch {
		case isFence && open == nil:
			open = &block{doc: path, line: i + 2, lang: fence, directive: directive}
			directive = ""
		case isFence:
			if n := len(d.blocks); open.lang == "output" {
				if n == 0 || d.blocks[n-1].lang != "go" {
					return d, "output without a block of Go before it"
				}
				d.blocks[n-1].output = &open.text
			} else {
				d.blocks = append(d.blocks, *open)
			}
			open = nil
		case open != nil:
			open.text += line + "\n"
		default:
			d.prose[i] = line
			if m := directivePattern.FindStringSubmatch(line); m != nil {
				directive = m[1]
			} else if line != "" {
				directive = ""
			}
		}
	}
	if open != nil {
		return d, "a block is not closed"
	}
	return d, ""
}

// documents returns README.md, the other documents next to it, and docs/*.md.
func documents(t *testing.T) []document {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	var docs []document
	for _, name := range []string{"SECURITY.md", "CONTRIBUTING.md", "DESIGN.md", "README.md"} {
		paths = slices.Insert(paths, 0, filepath.Join(root, name))
	}
	for _, path := range paths {
		docs = append(docs, readDocument(t, path))
	}
	return docs
}

func readDocument(t *testing.T, path string) document {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rel, err := filepath.Rel(root, path)
	if err != nil {
		t.Fatal(err)
	}
	d, problem := parseDocument(filepath.ToSlash(rel), string(data))
	if problem != "" {
		t.Fatalf("%s: %s", d.path, problem)
	}
	return d
}

func TestParseDocument(t *testing.T) {
	t.Parallel()
	d, problem := parseDocument("a.md", "# A\n\n```go\nx()\n```\n\n```output\n1\n```\n\n<!-- doctest: parse -->\n\n```go\ny()\n```\ntext\n\n```\nz\n```\n")
	if problem != "" || len(d.blocks) != 3 {
		t.Fatalf("%q, %+v", problem, d.blocks)
	}
	x, y, z := d.blocks[0], d.blocks[1], d.blocks[2]
	if x.text != "x()\n" || x.line != 4 || x.output == nil || *x.output != "1\n" || x.directive != "" {
		t.Errorf("%+v", x)
	}
	if y.directive != "parse" || y.output != nil || y.line != 14 {
		t.Errorf("%+v", y)
	}
	if z.lang != "" || z.directive != "" {
		t.Errorf("%+v", z)
	}
	for _, text := range []string{"```go\nx()\n", "```output\n1\n```\n"} {
		if _, problem := parseDocument("a.md", text); problem == "" {
			t.Errorf("%q is accepted", text)
		}
	}
}
