package checker

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The leaves and roots of the first Certificate Transparency implementation (github.com/transparency-dev/merkle, testonly).
func TestTree(t *testing.T) {
	leaves := []string{"", "\x00", "\x10", "\x20\x21", "\x30\x31", "\x40\x41\x42\x43", "\x50\x51\x52\x53\x54\x55\x56\x57",
		"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"}
	roots := []string{
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	}
	var tr tree
	for n, want := range roots {
		if root := tr.root(); hex.EncodeToString(root[:]) != want {
			t.Errorf("the root of %d leaves is %x, want %s", n, root, want)
		}
		if n < len(leaves) {
			tr.add(sha256.Sum256([]byte("\x00" + leaves[n])))
		}
	}
}

// The example of https://c2sp.org/signed-note.
func TestNote(t *testing.T) {
	keys, err := parseKeys("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n")
	if err != nil {
		t.Fatal(err)
	}
	const text = "This is an example message.\n"
	const signature = "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
	n, _, err := openNote(text+"\n"+signature, keys)
	if err != nil || n.text != text || len(n.signers) != 1 {
		t.Errorf("got %+v, %v", n, err)
	}
	for _, bad := range []string{
		"", text, text + signature, text + "\n", text + "\n" + signature[:len(signature)-1], text + "\n\n" + signature[:50] + "\n",
		"x" + text + "\n" + signature, text + "\n" + signature + signature, text + "\n" + signature + "x\n",
		text + "\n" + strings.Replace(signature, "— ", "- ", 1), "\t" + text + "\n" + signature,
		text + "\n" + strings.Replace(signature, "QM=", "QN=", 1), // most readers of base64 read the same bytes
		text + "\n" + strings.Replace(signature, "Uw2QOk", "Uw2QOl", 1),
	} {
		if _, _, err := openNote(bad, keys); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	stranger := strings.Replace(signature, "/foo", "/bar", 1)
	if n, _, err := openNote(text+"\n"+stranger, keys); err != nil || len(n.signers) != 0 {
		t.Errorf("a key that is not trusted: got %+v, %v", n, err)
	}
}

func TestParseKeysRefuses(t *testing.T) {
	for _, bad := range []string{
		"x", "a+b", "example.com/foo+530d903a+", "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	} {
		if keys, err := parseKeys(bad); err == nil {
			t.Errorf("%q: got %v", bad, keys)
		}
	}
}

type signer struct {
	name, line string
	id         []byte
	private    ed25519.PrivateKey
}

func newSigner(t *testing.T, name string, private ed25519.PrivateKey) signer {
	t.Helper()
	if private == nil {
		var err error
		if _, private, err = ed25519.GenerateKey(rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	public := "\x01" + string(private.Public().(ed25519.PublicKey))
	id := sha256.Sum256([]byte(name + "\n" + public))
	return signer{name, fmt.Sprintf("%s+%x+%s", name, id[:4], base64.StdEncoding.EncodeToString([]byte(public))), id[:4], private}
}

func sign(text string, by ...signer) string {
	note := text + "\n"
	for _, s := range by {
		note += "— " + s.name + " " + base64.StdEncoding.EncodeToString(slices.Concat(s.id, ed25519.Sign(s.private, []byte(text)))) + "\n"
	}
	return note
}

// A made receipt has 20 entries and checkpoints of 7, 8 and 20.
type made struct {
	dir, keys     string
	ann, bob, eve signer
	plan, origin  string
	entries       []string
}

func makeReceipt(t *testing.T) *made {
	t.Helper()
	m := &made{dir: t.TempDir(), ann: newSigner(t, "operator/ann", nil), bob: newSigner(t, "approver/bob", nil), eve: newSigner(t, "operator/ann", nil)}
	m.keys = m.ann.line + "\n" + m.bob.line + "\n"
	name := strings.Repeat("n", 32)
	sum := sha256.Sum256([]byte(name))
	m.plan = "ciokit erasure plan 1\naction delete\nguard-key AAAAAAAAAAA=\napproval two-keys\n"
	m.origin = fmt.Sprintf("ciokit-erasure/%x", sha256.Sum256([]byte(m.plan)))
	for n := range 20 {
		m.entries = append(m.entries, fmt.Sprintf(`{"n":%d}`, n))
	}
	m.entries[1] = `{"n":1,"entry":"guard","set":"AAAA"}`
	m.entries[15] = `{"n":15,"entry":"guard","set":"` + base64.StdEncoding.EncodeToString(sum[:]) + `"}`
	m.write(t, "plan.note", sign(m.plan, m.ann, m.bob))
	m.write(t, "keys", m.keys)
	m.write(t, "guard", "ciokit erasure guard 1\naction delete\nkey AAAAAAAAAAA=\n"+base64.StdEncoding.EncodeToString([]byte(name))+"\n")
	m.writeEntries(t)
	m.write(t, "hashes", m.hashes(m.entries))
	for _, size := range []int{7, 8, 20} {
		m.write(t, fmt.Sprintf("checkpoints/%012d", size), m.checkpoint(m.entries[:size], m.ann))
	}
	return m
}

func (m *made) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(m.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (m *made) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(m.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (m *made) remove(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(m.dir, name)); err != nil {
		t.Fatal(err)
	}
}

func (m *made) writeEntries(t *testing.T) {
	m.write(t, "entries.jsonl", strings.Join(m.entries, "\n")+"\n")
}

func (m *made) hashes(entries []string) (all string) {
	var tr tree
	for _, e := range entries {
		for _, h := range tr.add(sha256.Sum256([]byte("\x00" + e))) {
			all += string(h[:])
		}
	}
	return all
}

func (m *made) checkpoint(entries []string, by ...signer) string {
	var tr tree
	for _, e := range entries {
		tr.add(sha256.Sum256([]byte("\x00" + e)))
	}
	root := tr.root()
	return sign(fmt.Sprintf("%s\n%d\n%s\n", m.origin, len(entries), base64.StdEncoding.EncodeToString(root[:])), by...)
}

func TestCheckAccepts(t *testing.T) {
	for name, change := range map[string]func(*made) (since string){
		"a good receipt": func(m *made) string { return "" },
		"a kept checkpoint": func(m *made) string {
			return m.checkpoint(m.entries[:12], m.ann)
		},
		"the last checkpoint, kept": func(m *made) string { return m.read(t, "checkpoints/000000000020") },
		"entries that are not signed yet, and a torn one": func(m *made) string {
			m.write(t, "entries.jsonl", m.read(t, "entries.jsonl")+"{}\n{")
			return ""
		},
		"a checkpoint that was never finished": func(m *made) string { m.write(t, "checkpoints/.000000000020", "x"); return "" },
		"a cosignature of a stranger": func(m *made) string {
			m.write(t, "checkpoints/000000000008", m.checkpoint(m.entries[:8], m.ann, m.eve))
			return ""
		},
		"no guard": func(m *made) string {
			m.remove(t, "guard")
			m.entries[1], m.entries[15] = "{}", "{}"
			m.writeEntries(t)
			m.write(t, "hashes", m.hashes(m.entries))
			for _, size := range []int{7, 8, 20} {
				m.write(t, fmt.Sprintf("checkpoints/%012d", size), m.checkpoint(m.entries[:size], m.ann))
			}
			return ""
		},
		"an earlier checkpoint less": func(m *made) string {
			m.remove(t, "checkpoints/000000000007")
			return ""
		},
		"a comment in the trusted keys": func(m *made) string { m.keys = "# ours\n\n" + m.keys; return "" },
		"a single operator": func(m *made) string {
			m.plan = strings.Replace(m.plan, "two-keys", "single-operator", 1)
			m.origin = fmt.Sprintf("ciokit-erasure/%x", sha256.Sum256([]byte(m.plan)))
			m.write(t, "plan.note", sign(m.plan, m.ann))
			for _, size := range []int{7, 8, 20} {
				m.write(t, fmt.Sprintf("checkpoints/%012d", size), m.checkpoint(m.entries[:size], m.ann))
			}
			return ""
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := makeReceipt(t)
			since := change(m)
			if signed, more, err := Check(m.dir, m.keys, since); err != nil || signed != 20 || more != strings.Contains(name, "not signed") {
				t.Error(signed, more, err)
			}
		})
	}
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	flip := func(m *made, file string, at int) {
		text := []byte(m.read(t, file))
		text[at] ^= 1
		m.write(t, file, string(text))
	}
	for _, test := range []struct {
		name   string
		change func(*made) (since string)
		part   string
		first  int64
		last   int64
	}{
		{"a byte of an entry", func(m *made) string {
			flip(m, "entries.jsonl", strings.Index(m.read(t, "entries.jsonl"), `"n":11`))
			return ""
		}, "entry", 11, 11},
		{"an entry less", func(m *made) string { m.entries = slices.Delete(m.entries, 4, 5); m.writeEntries(t); return "" }, "entry", 4, 4},
		{"the last entry less", func(m *made) string { m.entries = m.entries[:19]; m.writeEntries(t); return "" }, "entry", 19, 19},
		{"an entry more", func(m *made) string { m.entries = slices.Insert(m.entries, 4, "{}"); m.writeEntries(t); return "" }, "entry", 4, 4},
		{"an entry twice", func(m *made) string {
			m.entries = slices.Insert(m.entries, 4, m.entries[3])
			m.writeEntries(t)
			return ""
		}, "entry", 4, 4},
		{"two entries in each other's place", func(m *made) string {
			m.entries[9], m.entries[17] = m.entries[17], m.entries[9]
			m.writeEntries(t)
			return ""
		}, "entry", 9, 9},
		{"a torn entry", func(m *made) string {
			text := m.read(t, "entries.jsonl")
			m.write(t, "entries.jsonl", text[:len(text)-1])
			return ""
		}, "entry", 19, 19},
		{"no entries", func(m *made) string { m.remove(t, "entries.jsonl"); return "" }, "entry", 0, 0},
		{"an entry and all hashes", func(m *made) string {
			m.entries[9] = "{}"
			m.writeEntries(t)
			m.write(t, "hashes", m.hashes(m.entries))
			return ""
		}, "entry", 8, 19},
		{"a hash of an entry", func(m *made) string { flip(m, "hashes", 3*32); return "" }, "hashes", 3, 3},
		{"a hash of two hashes", func(m *made) string { flip(m, "hashes", 2*32+31); return "" }, "hashes", 2, 2},
		{"no hashes", func(m *made) string { m.remove(t, "hashes"); return "" }, "hashes", 0, 0},
		{"fewer hashes", func(m *made) string {
			text := m.read(t, "hashes")
			m.write(t, "hashes", text[:len(text)-32])
			return ""
		}, "hashes", 37, 37},
		{"more hashes", func(m *made) string { m.write(t, "hashes", m.read(t, "hashes")+"x"); return "" }, "hashes", 38, 38},
		{"the signature of a checkpoint", func(m *made) string {
			flip(m, "checkpoints/000000000008", len(m.read(t, "checkpoints/000000000008"))-10)
			return ""
		}, "checkpoint", 8, 8},
		{"an old checkpoint under a new name", func(m *made) string {
			m.write(t, "checkpoints/000000000020", m.read(t, "checkpoints/000000000008"))
			return ""
		}, "checkpoint", 20, 20},
		{"a checkpoint of another key", func(m *made) string {
			m.write(t, "checkpoints/000000000020", m.checkpoint(m.entries, m.eve))
			return ""
		}, "checkpoint", 20, 20},
		{"a checkpoint of an approver", func(m *made) string {
			m.write(t, "checkpoints/000000000020", m.checkpoint(m.entries, m.bob))
			return ""
		}, "checkpoint", 20, 20},
		{"a checkpoint of another plan", func(m *made) string {
			m.origin = "ciokit-erasure/00"
			m.write(t, "checkpoints/000000000020", m.checkpoint(m.entries, m.ann))
			return ""
		}, "checkpoint", 20, 20},
		{"no checkpoints", func(m *made) string {
			for _, size := range []int{7, 8, 20} {
				m.remove(t, fmt.Sprintf("checkpoints/%012d", size))
			}
			return ""
		}, "checkpoint", 0, 0},
		{"a receipt that is older than what was kept", func(m *made) string {
			kept := m.read(t, "checkpoints/000000000020")
			m.remove(t, "checkpoints/000000000020")
			m.entries = m.entries[:8]
			m.writeEntries(t)
			return kept
		}, "entry", 8, 8},
		{"a receipt that was made again", func(m *made) string {
			return m.checkpoint(append(slices.Clone(m.entries[:9]), "{}"), m.ann)
		}, "since", 10, 10},
		{"a kept checkpoint of another key", func(m *made) string { return m.checkpoint(m.entries, m.eve) }, "since", 0, 0},
		{"a byte of the plan", func(m *made) string { flip(m, "plan.note", 30); return "" }, "plan", 0, 0},
		{"another plan, signed by a stranger", func(m *made) string {
			m.write(t, "plan.note", sign(m.plan+"x\n", m.eve, m.bob))
			return ""
		}, "plan", 0, 0},
		{"no plan", func(m *made) string { m.remove(t, "plan.note"); return "" }, "plan", 0, 0},
		{"no approval", func(m *made) string { m.write(t, "plan.note", sign(m.plan, m.ann)); return "" }, "approval", 0, 0},
		{"the approval of another plan", func(m *made) string {
			other := strings.SplitAfter(sign(strings.Replace(m.plan, "delete", "suppress", 1), m.bob), "\n\n")[1]
			m.write(t, "plan.note", sign(m.plan, m.ann)+other)
			return ""
		}, "approval", 0, 0},
		{"one key that signs twice", func(m *made) string {
			mallory := newSigner(t, "approver/mallory", m.ann.private)
			m.keys += mallory.line + "\n"
			m.write(t, "keys", m.keys)
			m.write(t, "plan.note", sign(m.plan, m.ann, mallory))
			return ""
		}, "approval", 0, 0},
		{"a byte of the copy of the keys", func(m *made) string { flip(m, "keys", 3); return "" }, "keys", 0, 0},
		{"a key less in the copy", func(m *made) string { m.write(t, "keys", m.ann.line+"\n"); return "" }, "keys", 0, 0},
		{"a key more in the copy", func(m *made) string { m.write(t, "keys", m.keys+m.eve.line+"\n"); return "" }, "keys", 0, 0},
		{"a copy of the keys without its end", func(m *made) string { m.write(t, "keys", m.keys[:len(m.keys)-1]); return "" }, "keys", 0, 0},
		{"a byte of the guard", func(m *made) string { flip(m, "guard", 60); return "" }, "guard", 0, 0},
		{"a byte of the guard's head", func(m *made) string { flip(m, "guard", 2); return "" }, "guard", 0, 0},
		{"a guard without its end", func(m *made) string {
			text := m.read(t, "guard")
			m.write(t, "guard", text[:len(text)-1])
			return ""
		}, "guard", 0, 0},
		{"no guard", func(m *made) string { m.remove(t, "guard"); return "" }, "guard", 0, 0},
		{"an empty guard", func(m *made) string { m.write(t, "guard", ""); return "" }, "guard", 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := makeReceipt(t)
			since := test.change(m)
			_, _, err := Check(m.dir, m.keys, since)
			var f *Fault
			if !errors.As(err, &f) || f.Part != test.part || f.First != test.first || f.Last != test.last {
				t.Errorf("got %v, want %s %d-%d", err, test.part, test.first, test.last)
			}
		})
	}
}

// A flipped bit in any file is found. Without CIOKIT_FULL=1 only one bit of each ninth byte is flipped.
func TestCheckFindsEachBit(t *testing.T) {
	m := makeReceipt(t)
	for _, file := range []string{"plan.note", "keys", "entries.jsonl", "hashes", "guard", "checkpoints/000000000008", "checkpoints/000000000020"} {
		good := m.read(t, file)
		for at := range len(good) {
			for bit := range 8 {
				if os.Getenv("CIOKIT_FULL") != "1" && (at%9 != 0 || bit != at/9%8) {
					continue
				}
				bad := []byte(good)
				bad[at] ^= 1 << bit
				m.write(t, file, string(bad))
				var f *Fault
				if _, _, err := Check(m.dir, m.keys, ""); !errors.As(err, &f) {
					t.Errorf("bit %d of byte %d of %s: got %v", bit, at, file, err)
				}
			}
		}
		m.write(t, file, good)
	}
	if _, _, err := Check(m.dir, m.keys, ""); err != nil {
		t.Error(err)
	}
}
