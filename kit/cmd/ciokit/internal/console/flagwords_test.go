package console

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Names of Go fields in errors become flags. Texts that only look like such names stay.
func TestFlagWords(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"cio: no write key: set Config.APIKey (CUSTOMERIO_API_KEY) to the key":                                 "no write key: set CUSTOMERIO_API_KEY to the key",
		"the write key (Config.APIKey, CUSTOMERIO_API_KEY) contains a space":                                   "the write key (CUSTOMERIO_API_KEY, --key-file) contains a space",
		"no region: set Config.Region (CUSTOMERIO_REGION) to cio.RegionUS or cio.RegionEU, where":              "no region: set --to to us or eu, where",
		"say how many rows it has: ExpectRows (--expect-rows N or N-M)":                                        "say how many rows it has: --expect-rows N or N-M",
		"load once with NewMapping (--new-mapping), which deletes nobody":                                      "load once with --new-mapping, which deletes nobody",
		"say that it may be empty (DenyConfig.AllowEmpty, --deny-empty)":                                       "say that it may be empty (--deny-empty)",
		"say so (DenyConfig.Encoding, --deny-encoding utf-16le)":                                               "say so (--deny-encoding utf-16le)",
		`invalid argument "x" for "--limit" flag: strconv.ParseInt: parsing "x": invalid a`:                    `invalid argument "x" for "--limit" flag: invalid a`,
		"Parquet (--format parquet) is read":                                                                   "Parquet (--format parquet) is read",
		"the input has no column \"userid\"; write UserID; the columns are UserID, GroupID":                    "the input has no column \"userid\"; write UserID; the columns are UserID, GroupID",
		"outbox/postgres: the database on db:5432 cannot be reached":                                           "the database on db:5432 cannot be reached",
		"open SkipLines-UserID.csv: no such file":                                                              "open SkipLines-UserID.csv: no such file",
		"acts on a known person: set UserID":                                                                   "acts on a known person: set --user-id",
		"PreviousID must differ from UserID":                                                                   "--previous-id must differ from --user-id",
		"load: the write key was refused: cio: identify: 401":                                                  "the write key was refused: identify: 401",
		"nothing was sent: cio: cio: no region\nload: done":                                                    "nothing was sent: no region\ndone",
		`identify: no answer: Post "http://127.0.0.1:1/v1": dial tcp 127.0.0.1:1: connect: connection refused`: "identify: no answer: connection refused",
		"read the load: it is a payload: mapping.yaml:3: x":                                                    "read the load: it is a payload: mapping.yaml:3: x",
		"": "",
	} {
		if got := FlagWords(in); got != want {
			t.Errorf("%q\n got %q\nwant %q", in, got, want)
		}
	}
}

var (
	packageClause = regexp.MustCompile(`(?m)^package (\w+)`)
	beginning     = regexp.MustCompile("[\"`](\\w+): ")
)

// Every package of this repository whose errors begin with the package's name is known, so that no message of the command begins with it.
func TestNoPackageBeginsAMessage(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..", "..", "..", "..")
	found := make(map[string]bool)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && (name == "testdata" || name == "bench" || name == "examples" || name == "tools" || name == "node_modules" || strings.HasPrefix(name, ".") && name != ".."):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		own := packageClause.FindSubmatch(text)
		for _, begins := range beginning.FindAllSubmatch(text, -1) {
			if word := string(begins[1]); own != nil && word == string(own[1]) && word != "main" || word == filepath.Base(filepath.Dir(path)) && word != "ciokit" {
				found[word] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 8 || !found["cio"] || !found["sqldb"] {
		t.Fatalf("only %v begin messages with their names", found)
	}
	for word := range found {
		for _, before := range []string{"", "people.csv: ", "one\n", "do this; ", "nothing answers ("} {
			if got := FlagWords(before + word + ": it is wrong"); got != before+"it is wrong" {
				t.Errorf("a message keeps the name of a package: %q", got)
			}
		}
	}
}
