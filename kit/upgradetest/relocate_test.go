package upgradetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// place stands in the samples for the directory that they are in: a journal holds where its snapshot is.
const place = "/the-place-of-the-sample"

// relocate puts another directory into the journals of version 2 below dir, where each line has a sum over itself and the sum before it.
func relocate(t *testing.T, dir, from, to string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "journal.jsonl" {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(name, chained(t, bytes.ReplaceAll(text, quoted(t, from), quoted(t, to))), 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// quoted is a path as it stands within a string of JSON.
func quoted(t *testing.T, path string) []byte {
	t.Helper()
	text, err := json.Marshal(path)
	if err != nil {
		t.Fatal(err)
	}
	return text[1 : len(text)-1]
}

// chained gives the lines of a journal the sums that belong to them.
func chained(t *testing.T, journal []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	before := ""
	for line := range bytes.Lines(journal) {
		var sum string
		if err := json.Unmarshal(line[len(`{"sum":`):][:len(`"0123456789abcdef"`)], &sum); err != nil {
			t.Fatal(err)
		}
		_, what, ok := strings.Cut(strings.TrimSuffix(string(line[len(`{"sum":"0123456789abcdef",`):]), "}\n"), ":")
		if !ok {
			t.Fatalf("%q is no line of a journal", line)
		}
		hash := sha256.Sum256([]byte(before + what))
		before = hex.EncodeToString(hash[:8])
		out.Write(bytes.Replace(line, []byte(sum), []byte(before), 1))
	}
	return out.Bytes()
}
