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

// place is in the samples instead of the directory of the sample: a journal contains the path of its snapshot.
const place = "/the-place-of-the-sample"

// relocate writes another directory into the journals of version 2 below dir. Each of their lines has a sum over the line and the sum before it.
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

// quoted returns a path as it is within a JSON string.
func quoted(t *testing.T, path string) []byte {
	t.Helper()
	text, err := json.Marshal(path)
	if err != nil {
		t.Fatal(err)
	}
	return text[1 : len(text)-1]
}

// chained recalculates the sums of the lines of a journal.
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
			t.Fatalf("%q is not a line of a journal", line)
		}
		hash := sha256.Sum256([]byte(before + what))
		before = hex.EncodeToString(hash[:8])
		out.Write(bytes.Replace(line, []byte(sum), []byte(before), 1))
	}
	return out.Bytes()
}
