package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	// oneOfThem is a 1 and a word after it, or after the word that follows it, that ends in s, such as 1 rows or 1 rejected rows.
	oneOfThem = regexp.MustCompile(`(?m)(?:^|[^\w,.:/#$='"|*-])1 {1,2}((?:\w+ )?\w+s)\b`)
	// exitsLine is a command of a script, before which its exit code stands.
	exitsLine = regexp.MustCompile(`(?m)^(?:\[\S+\] )?exits \d+ `)
	// afterOne are words in s that a single thing has after it: verbs, and nouns that are no plurals.
	afterOne = []string{"address", "deletes", "goes", "has", "is", "says", "was", "yes"}
)

// wrongCounts are the places of a text that count one thing and name several.
func wrongCounts(text string) (found []string) {
	text = exitsLine.ReplaceAllString(text, "")
	for _, m := range oneOfThem.FindAllStringSubmatch(text, -1) {
		words := strings.Fields(m[1])
		if !slices.Contains(afterOne, words[0]) && !slices.Contains(afterOne, words[len(words)-1]) && words[0] != "of" {
			found = append(found, strings.TrimSpace(m[0]))
		}
	}
	return found
}

// No golden file, no script and no help of a command counts one thing and names several, such as 1 rows.
func TestOneIsSingular(t *testing.T) {
	t.Parallel()
	texts := everyHelp(t)
	files := 0
	err := filepath.WalkDir(filepath.Join("..", "..", ".."), func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules"):
			return filepath.SkipDir
		case d.IsDir() || !strings.Contains(filepath.ToSlash(path), "/testdata/"):
			return nil
		case !slices.Contains([]string{".golden", ".txtar", ".txt"}, filepath.Ext(path)):
			return nil
		}
		text, err := os.ReadFile(path)
		texts[path] = string(text)
		files++
		return err
	})
	if err != nil || files < 100 {
		t.Fatalf("%d files, %v", files, err)
	}
	for name, text := range texts {
		for _, found := range wrongCounts(text) {
			t.Errorf("%s: it says %q", name, found)
		}
	}
}

// A wrong count is found wherever it stands, and what only looks like one is not.
func TestWrongCounts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"1 rows":                              1,
		"read 1 rows":                         1,
		"     1  rows read":                   1,
		"(1 rejected rows)":                   1,
		"1 requests (0 repeated)\n1 warnings": 2,
		"1 row, 11 rows, 0.1 rows, line 1: rows, 1,001 rows":   0,
		"1 address, 1 is left, 1 person is gone, 1 id has two": 0,
		"exits 1 ciokit events check":                          0,
		"line 1 of entries.jsonl":                              0,
	} {
		if got := wrongCounts(text); len(got) != want {
			t.Errorf("%q: found %q, want %d", text, got, want)
		}
	}
}
