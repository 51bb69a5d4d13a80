package c2sp

import (
	"reflect"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

const zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

func TestCheckpointOfTheDocument(t *testing.T) {
	c, err := ParseCheckpoint(documentCheckpoint)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := tlog.ParseHash("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
	if err != nil {
		t.Fatal(err)
	}
	want := Checkpoint{Origin: "example.com/behind-the-sofa", Size: 20852163, Hash: hash}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v, want %+v", c, want)
	}
	checkMarshal(t, c, documentCheckpoint)
}

// The tree heads of the Go checksum database are checkpoints too. Their origin has spaces.
func TestCheckpointOfTheChecksumDatabase(t *testing.T) {
	tree := tlog.Tree{N: 37, Hash: tlog.RecordHash([]byte("entry"))}
	text := string(tlog.FormatTree(tree))
	c, err := ParseCheckpoint(text)
	if err != nil {
		t.Fatal(err)
	}
	if c.Size != tree.N || c.Hash != tree.Hash {
		t.Errorf("got %+v, want %+v", c, tree)
	}
	checkMarshal(t, c, text)
}

func TestCheckpointIsWrittenAsRead(t *testing.T) {
	for _, text := range []string{
		"o\n0\n" + zeros + "\n",
		"o\n9223372036854775807\n" + zeros + "\n",
		"o\n1\n" + zeros + "\nx\n",
		"o\n1\n" + zeros + "\nx y\n— é\n",
	} {
		c, err := ParseCheckpoint(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		checkMarshal(t, c, text)
	}
}

func checkMarshal(t *testing.T, c Checkpoint, want string) {
	t.Helper()
	if got, err := c.Marshal(); err != nil || string(got) != want {
		t.Errorf("Marshal: got %q, %v, want %q", got, err, want)
	}
}

func TestParseCheckpointRefuses(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", "needs an origin"},
		{"\n", "needs an origin"},
		{"o\n1\n", "needs an origin"},
		{"o\n1\n" + zeros, "no newline"},
		{"\n1\n" + zeros + "\n", "line 1 is empty"},
		{"o\r\n1\n" + zeros + "\n", "line 1 has a control character"},
		{"\xff\n1\n" + zeros + "\n", "line 1 is not UTF-8"},
		{"o\n\n" + zeros + "\n", "line 2 is empty"},
		{"o\n01\n" + zeros + "\n", "size in line 2"},
		{"o\n00\n" + zeros + "\n", "size in line 2"},
		{"o\n-0\n" + zeros + "\n", "size in line 2"},
		{"o\n+1\n" + zeros + "\n", "size in line 2"},
		{"o\n-1\n" + zeros + "\n", "size in line 2"},
		{"o\n1_0\n" + zeros + "\n", "size in line 2"},
		{"o\n0x1\n" + zeros + "\n", "size in line 2"},
		{"o\n 1\n" + zeros + "\n", "size in line 2"},
		{"o\n1.0\n" + zeros + "\n", "size in line 2"},
		{"o\nmany\n" + zeros + "\n", "size in line 2"},
		{"o\n9223372036854775808\n" + zeros + "\n", "size in line 2"},
		{"o\n1\nThisIsn'tBase64\n", "hash in line 3 is not standard base64"},
		{"o\n1\n" + strings.TrimSuffix(zeros, "=") + "\n", "hash in line 3 is not standard base64"},
		{"o\n1\n" + strings.Replace(zeros, "A=", "B=", 1) + "\n", "hash in line 3 is not standard base64"},
		{"o\n1\n" + strings.Replace(zeros, "AA", "_-", 1) + "\n", "hash in line 3 is not standard base64"},
		{"o\n1\nAA\r" + zeros[2:] + "\n", "line 3 has a control character"},
		{"o\n1\nYmFuYW5hcw==\n", "hash in line 3 has 7 bytes, want 32"},
		{"o\n1\n" + zeros + "\n\n", "line 4 is empty"},
		{"o\n1\n" + zeros + "\nx\n\ny\n", "line 5 is empty"},
		{"o\n1\n" + zeros + "\nx\ty\n", "line 4 has a control character"},
		{documentCheckpoint + "\n" + documentCheckpointSignature, "line 4 is empty"},
	} {
		_, err := ParseCheckpoint(test.text)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got the error %v, want one with %q", test.text, err, test.want)
		}
	}
}

func TestMarshalRefusesABadCheckpoint(t *testing.T) {
	for _, test := range []struct {
		c    Checkpoint
		want string
	}{
		{Checkpoint{}, "origin is empty"},
		{Checkpoint{Origin: "a\nb"}, "origin has a control character"},
		{Checkpoint{Origin: "o", Size: -1}, "-1 is negative"},
		{Checkpoint{Origin: "o", Extensions: []string{"x", ""}}, "extension line 2 is empty"},
		{Checkpoint{Origin: "o", Extensions: []string{"x\n"}}, "extension line 1 has a control character"},
		{Checkpoint{Origin: "o\xff"}, "origin is not UTF-8"},
	} {
		text, err := test.c.Marshal()
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: got %q and the error %v, want one with %q", test.c, text, err, test.want)
		}
	}
}

func FuzzParseCheckpoint(f *testing.F) {
	f.Add(documentCheckpoint)
	f.Add("go.sum database tree\n0\n" + zeros + "\nx\ny\n")
	f.Add("o\n01\n" + zeros + "\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCheckpoint(text)
		if err != nil {
			return
		}
		checkMarshal(t, c, text)
		// The standard reader knows only one origin, and agrees for that one.
		if c.Origin == "go.sum database tree" {
			if tree, err := tlog.ParseTree([]byte(text)); err != nil || tree.N != c.Size || tree.Hash != c.Hash {
				t.Errorf("ParseTree: got %v, %v, want %v", tree, err, c)
			}
		}
	})
}
