package doctest

import (
	"errors"
	"io/fs"
	"os"
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

// anchors returns what a link may name behind a #, made of the headings as GitHub makes it.
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

// Every relative link leads to a file of the repository, and to a heading of it where it names one.
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
		t.Errorf("only %d links were looked at", n)
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
