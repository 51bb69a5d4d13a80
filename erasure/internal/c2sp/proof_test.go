package c2sp

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func TestProofOfTheDocument(t *testing.T) {
	p, err := ParseProof([]byte(documentProof))
	if err != nil {
		t.Fatal(err)
	}
	if p.Extra != nil || p.Index != documentIndex || len(p.Path) != 5 || p.Path[0].String() != "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=" {
		t.Errorf("got %+v", p)
	}
	if !bytes.HasPrefix(p.Checkpoint, []byte("example.com/fancylog\n109482\n")) {
		t.Errorf("got the checkpoint %q", p.Checkpoint)
	}
	checkProofText(t, p, documentProof)

	withExtra := strings.Replace(documentProof, "index", documentExtra+"index", 1)
	if p, err = ParseProof([]byte(withExtra)); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(p.Extra, []byte("age-v1.2.1-darwin-arm64.tar.gz")) {
		t.Errorf("got the extra data %q", p.Extra)
	}
	checkProofText(t, p, withExtra)
}

func checkProofText(t *testing.T, p Proof, want string) {
	t.Helper()
	if got, err := p.Marshal(); err != nil || string(got) != want {
		t.Errorf("Marshal: got %q, %v, want %q", got, err, want)
	}
}

// The key and the note of the document show that the notes of x/mod are C2SP's.
func TestNoteOfTheDocument(t *testing.T) {
	v, err := note.NewVerifier(documentVerifier)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := note.Open([]byte(documentNote), note.VerifierList(v)); err != nil || n.Text != "This is an example message.\n" {
		t.Errorf("got %v, %v", n, err)
	}
}

func TestProofOfAPublicLog(t *testing.T) {
	text := fmt.Sprintf("%s\nindex %d\n%s\n%s", header, publicIndex, publicPath,
		signed(t, fmt.Sprintf("example.com/log\n%d\n%s\n", publicSize, publicRoot)))
	p, err := ParseProof([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	checkProofText(t, p, text)
	verify(t, p, publicEntry)
}

// The eight leaves of the first log in the world, with their roots: each leaf's
// proof in each tree is written, read and verified.
func TestProofsOfTheFirstLog(t *testing.T) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		var hashes []tlog.Hash
		for _, i := range at {
			hashes = append(hashes, stored[i])
		}
		return hashes, nil
	})
	for n, leaf := range firstLeaves {
		more, err := tlog.StoredHashes(int64(n), []byte(leaf), reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
		size := int64(n) + 1
		c := Checkpoint{Origin: "example.com/log", Size: size, Hash: fromHex(t, firstRoots[size])}
		body, err := c.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		for i := range size {
			path, err := tlog.ProveRecord(size, i, reader)
			if err != nil {
				t.Fatal(err)
			}
			text, err := Proof{Index: i, Path: path, Checkpoint: signed(t, string(body))}.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			p, err := ParseProof(text)
			if err != nil {
				t.Fatal(err)
			}
			verify(t, p, firstLeaves[i])
			if size == 8 && i == 5 {
				for k, want := range fifthPath {
					if p.Path[k] != fromHex(t, want) {
						t.Errorf("hash %d of leaf 5's path: got %x, want %s", k, p.Path[k], want)
					}
				}
			}
		}
	}
}

func verify(t *testing.T, p Proof, entry string) {
	t.Helper()
	body, _, _ := bytes.Cut(p.Checkpoint, []byte("\n\n"))
	c, err := ParseCheckpoint(string(body) + "\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := tlog.CheckRecord(p.Path, c.Size, c.Hash, p.Index, tlog.RecordHash([]byte(entry))); err != nil {
		t.Errorf("entry %d of %d: %v", p.Index, c.Size, err)
	}
	if err := tlog.CheckRecord(p.Path, c.Size, c.Hash, p.Index, tlog.RecordHash([]byte(entry+"x"))); err == nil {
		t.Errorf("entry %d of %d: another entry was accepted", p.Index, c.Size)
	}
}

func fromHex(t *testing.T, s string) tlog.Hash {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return tlog.Hash(b)
}

func signed(t *testing.T, body string) []byte {
	t.Helper()
	key, _, err := note.GenerateKey(rand.Reader, "example.com/log")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := note.Sign(&note.Note{Text: body}, signer)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

const (
	smallCheckpoint = "o\n2\n" + zeros + "\n\n— o AAAAAAA=\n"
	smallProof      = header + "\nindex 1\n" + zeros + "\n\n" + smallCheckpoint
)

func TestParseProofRefuses(t *testing.T) {
	replaced := func(old, new string) string {
		if !strings.Contains(smallProof, old) {
			t.Fatalf("%q is not in the proof", old)
		}
		return strings.Replace(smallProof, old, new, 1)
	}
	if _, err := ParseProof([]byte(smallProof)); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ text, want string }{
		{"", "no empty line"},
		{header + "\n", "no empty line"},
		{"\n\n", "line 1"},
		{replaced("@v1", "@v2"), "line 1"},
		{replaced("@v1", "@v1 "), "line 1"},
		{replaced("@v1\n", "@v1\r\n"), "line 1"},
		{"\ufeff" + smallProof, "line 1"},
		{replaced("index 1\n", ""), `line 2 does not start with "index "`},
		{header + "\n\n" + smallCheckpoint, `line 2 does not start with "index "`},
		{replaced("index 1", "Index 1"), `line 2 does not start with "index "`},
		{replaced("index 1", "index\t1"), `line 2 does not start with "index "`},
		{replaced("index", "extra AA==\nextra AA==\nindex"), `line 3 does not start with "index "`},
		{replaced("index", "extra \nindex"), "line 2 has no extra data"},
		{replaced("index", "extra\nindex"), `line 2 does not start with "index "`},
		{replaced("index", "extra AA\nindex"), "extra data in line 2"},
		{replaced("index", "extra A\rA==\nindex"), "extra data in line 2"},
		{replaced("index", "extra AB==\nindex"), "extra data in line 2"},
		{replaced("index 1", "index 01"), "index in line 2"},
		{replaced("index 1", "index -1"), "index in line 2"},
		{replaced("index 1", "index  1"), "index in line 2"},
		{replaced("index 1", "index 1 "), "index in line 2"},
		{replaced("index 1", "index 9223372036854775808"), "index in line 2"},
		{replaced("index 1", "index 2"), "not in the checkpoint's tree of 2 entries"},
		{replaced("index 1\n"+zeros, "index 1\n"+zeros[1:]), "hash in line 3"},
		{replaced("index 1\n"+zeros, "index 1\nYmFuYW5hcw=="), "hash in line 3 has 7 bytes"},
		{replaced("index 1\n"+zeros, "index 1\n"+zeros+"\r"), "hash in line 3"},
		{replaced("index 1\n", "index 1\n"+strings.Repeat(zeros+"\n", 63)), "64 hashes"},
		{replaced("\n\n— o AAAAAAA=\n", "\n"), "not a signed note"},
		{replaced("— o", "-- o"), "not a signed note"},
		{replaced("— o AAAAAAA=\n", "— o AAAAAAA="), "not a signed note"},
		{replaced("\no\n2", "\n\n2"), "checkpoint: "},
		{replaced("\n2\n", "\n02\n"), "checkpoint: the size in line 2"},
	} {
		_, err := ParseProof([]byte(test.text))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got the error %v, want one with %q", test.text, err, test.want)
		}
	}
}

func TestMarshalRefusesABadProof(t *testing.T) {
	for _, test := range []struct {
		p    Proof
		want string
	}{
		{Proof{}, "not a signed note"},
		{Proof{Index: -1, Checkpoint: []byte(smallCheckpoint)}, "index -1"},
		{Proof{Index: 2, Checkpoint: []byte(smallCheckpoint)}, "index 2"},
		{Proof{Path: make(tlog.RecordProof, 64), Checkpoint: []byte(smallCheckpoint)}, "64 hashes"},
	} {
		text, err := test.p.Marshal()
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: got %q and the error %v, want one with %q", test.p, text, err, test.want)
		}
	}
}

// Even in a log with more entries than anybody has, a proof is a small file.
func TestProofIsSmall(t *testing.T) {
	c := Checkpoint{Origin: "example.com/" + strings.Repeat("o", 100), Size: 1 << 40}
	body, err := c.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	text, err := Proof{Index: 1<<40 - 1, Path: make(tlog.RecordProof, 40), Checkpoint: signed(t, string(body))}.Marshal()
	if err != nil || len(text) > 3<<10 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

func FuzzParseProof(f *testing.F) {
	f.Add([]byte(documentProof))
	f.Add([]byte(smallProof))
	f.Add([]byte(strings.Replace(smallProof, "index", "extra AAAA\nindex", 1)))
	f.Add([]byte(header + "\nindex 0\n\n" + smallCheckpoint))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ParseProof(text)
		if err != nil {
			return
		}
		checkProofText(t, p, string(text))
	})
}
