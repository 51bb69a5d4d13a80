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
	// oneOfThem matches a 1 and one or two words after it, the last of which ends in s, such as 1 rows or 1 rejected rows.
	oneOfThem = regexp.MustCompile(`(?m)(?:^|[^\w,.:/#$='"|*-])1 {1,2}((?:\w+ )?\w+s)\b`)
	// exitsLine matches the beginning of a command with its exit code in a script.
	exitsLine = regexp.MustCompile(`(?m)^(?:\[\S+\] )?exits \d+ `)
	// numberedLine matches the number of a line, which is not a count.
	numberedLine = regexp.MustCompile(`\bline 1\b`)
	// afterOne are words ending in s that can follow a 1: verbs, and nouns in the singular.
	afterOne = []string{"address", "deletes", "goes", "has", "is", "says", "was", "yes"}
)

// wrongCounts returns the places of a text with a 1 and a plural.
func wrongCounts(text string) (found []string) {
	text = numberedLine.ReplaceAllString(exitsLine.ReplaceAllString(text, ""), "line")
	for _, m := range oneOfThem.FindAllStringSubmatch(text, -1) {
		words := strings.Fields(m[1])
		if !slices.Contains(afterOne, words[0]) && !slices.Contains(afterOne, words[len(words)-1]) && words[0] != "of" {
			found = append(found, strings.TrimSpace(m[0]))
		}
	}
	return found
}

// No golden file, script or help text contains a 1 with a plural, such as 1 rows.
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

// A wrong count is found anywhere in a text. Texts that only look like one are not reported.
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
		"line 1 names nobody":                                  0,
		"1 names":                                              1,
	} {
		if got := wrongCounts(text); len(got) != want {
			t.Errorf("%q: found %q, want %d", text, got, want)
		}
	}
}
