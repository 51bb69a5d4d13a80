package doctest

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

var (
	linkPattern    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	codePattern    = regexp.MustCompile("`[^`]*`")
	headingPattern = regexp.MustCompile(`^#{1,6} +(.*)$`)
)

// links returns the targets of the links of a line.
func links(line string) (targets []string) {
	for _, m := range linkPattern.FindAllStringSubmatch(codePattern.ReplaceAllString(line, "`x`"), -1) {
		targets = append(targets, m[1])
	}
	return targets
}

// anchors returns the possible parts of a link after #, made from the headings as GitHub makes them.
func anchors(d document) (names []string) {
	seen := map[string]bool{}
	for _, line := range d.prose {
		m := headingPattern.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, m[1])
		if !seen[name] {
			names = append(names, name)
		}
		seen[name] = true
	}
	return names
}

// Every relative link leads to a file of the repository and, if it names one, to a heading of the file.
func TestLinks(t *testing.T) {
	t.Parallel()
	n := 0
	for _, d := range documents(t) {
		for i, line := range d.prose {
			for _, target := range links(line) {
				if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
					continue
				}
				n++
				name, anchor, _ := strings.Cut(target, "#")
				to := filepath.Join(root, d.path)
				if name != "" {
					to = filepath.Join(filepath.Dir(to), filepath.FromSlash(name))
				}
				if rel, err := filepath.Rel(root, to); err != nil || strings.HasPrefix(rel, "..") {
					t.Errorf("%s:%d: %s leads out of the repository", d.path, i+1, target)
				} else if _, err := os.Stat(to); errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s:%d: %s leads nowhere", d.path, i+1, target)
				} else if anchor != "" && !slices.Contains(anchors(readDocument(t, to)), anchor) {
					t.Errorf("%s:%d: %s has no heading #%s", d.path, i+1, name, anchor)
				}
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d links were found", n)
	}
}

// Every guide is reachable from the index.
func TestIndexIsComplete(t *testing.T) {
	t.Parallel()
	var listed []string
	index := readDocument(t, filepath.Join(root, "docs", "README.md"))
	for _, line := range index.prose {
		listed = append(listed, links(line)...)
	}
	for _, d := range documents(t) {
		dir, name := filepath.Split(d.path)
		if dir == "docs/" && d.path != index.path && !slices.Contains(listed, name) {
			t.Errorf("%s is not in %s", name, index.path)
		}
	}
}

func TestLinksAndAnchors(t *testing.T) {
	t.Parallel()
	if got := links("see [a](b.md#c), [d](../e) and `[x](y)`"); !slices.Equal(got, []string{"b.md#c", "../e"}) {
		t.Errorf("%q", got)
	}
	d, _ := parseDocument("a.md", "# Exit codes\n\n## 1.3 Fields and `identity`, again\n\n```\n# no heading\n```\n")
	if got := anchors(d); !slices.Equal(got, []string{"exit-codes", "13-fields-and-identity-again"}) {
		t.Errorf("%q", got)
	}
}

// Every document that a comment or a text of the code names exists, with the heading that it names.
func TestReferencesOfTheCodeResolve(t *testing.T) {
	t.Parallel()
	headings := map[string][]string{}
	n := 0
	files(t, func(path, text string) {
		for _, r := range references(text) {
			n++
			names, read := headings[r.path]
			if !read {
				to := filepath.Join(root, filepath.FromSlash(r.path))
				if _, err := os.Stat(to); err != nil {
					t.Errorf("%s names %s, which does not exist", path, r.path)
					continue
				}
				names = anchors(readDocument(t, to))
				headings[r.path] = names
			}
			if r.anchor != "" && !slices.Contains(names, r.anchor) {
				t.Errorf("%s names %s#%s, a heading that does not exist", path, r.path, r.anchor)
			}
		}
	}, ".go", ".txt")
	if n < 80 {
		t.Errorf("only %d references were found", n)
	}
}

// The list of facts that some of the authors had is not part of the repository, so no reader has it. docs/rules.md has its contents.
func TestNothingNamesTheFacts(t *testing.T) {
	t.Parallel()
	const facts = "api" + "-facts"
	n := 0
	files(t, func(path, text string) {
		n++
		if strings.Contains(strings.ReplaceAll(text, "../shared/docs/"+facts, ""), facts) {
			t.Errorf("%s says %q; name a section of docs/rules.md", path, facts)
		}
	}, ".go", ".txt", ".md", ".html", ".ipynb", ".yaml", ".yml", ".sh")
	if n < 500 {
		t.Errorf("only %d files were read", n)
	}
}

// files calls look for each file of the repository with one of the extensions.
func files(t *testing.T, look func(path, text string), extensions ...string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && path != root && slices.Contains([]string{".git", "dist", "node_modules"}, e.Name()):
			return fs.SkipDir
		case !e.Type().IsRegular() || !slices.Contains(extensions, filepath.Ext(path)):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		look(rel, string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// reference is a document of the repository that a text names, and a heading of it, if the text names one.
type reference struct{ path, anchor string }

var (
	referencePattern = regexp.MustCompile(`(?:^|[^/\w.-])(docs/[a-z-]+\.md)((?:(?:,| and)? ?#[a-z0-9-]+)*)`)
	anchorPattern    = regexp.MustCompile(`#[a-z0-9-]+`)
	lineBreak        = regexp.MustCompile(`\n[ \t]*(?://|#) ?`)
)

// references returns what a text of code names, in the forms DIR/a.md, DIR/a.md#one, and DIR/a.md#one, #two and #three.
func references(text string) (found []reference) {
	for _, m := range referencePattern.FindAllStringSubmatch(lineBreak.ReplaceAllString(text, " "), -1) {
		names := anchorPattern.FindAllString(m[2], -1)
		if len(names) == 0 {
			found = append(found, reference{m[1], ""})
		}
		for _, name := range names {
			found = append(found, reference{m[1], name[1:]})
		}
	}
	return found
}

func TestReferences(t *testing.T) {
	t.Parallel()
	in := func(dir string) string { // otherwise this file would name documents that do not exist
		return strings.ReplaceAll("// (DIR/a.md#one, #two and\n\t// #three). See DIR/b-c.md, and\n// DIR/d.md#e: but not ../shared/DIR/f.md#g", "DIR", dir)
	}
	got := references(in("docs"))
	a, b, d := path.Join("docs", "a.md"), path.Join("docs", "b-c.md"), path.Join("docs", "d.md")
	want := []reference{{a, "one"}, {a, "two"}, {a, "three"}, {b, ""}, {d, "e"}}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
