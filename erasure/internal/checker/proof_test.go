package checker

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// rootOf and pathOf are the definitions of section 2.1 of RFC 6962.
func rootOf(entries []string) hash {
	switch len(entries) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return sha256.Sum256([]byte("\x00" + entries[0]))
	}
	k := split(len(entries))
	return node(rootOf(entries[:k]), rootOf(entries[k:]))
}

func pathOf(m int, entries []string) []hash {
	if len(entries) == 1 {
		return nil
	}
	if k := split(len(entries)); m < k {
		return append(pathOf(m, entries[:k]), rootOf(entries[k:]))
	} else {
		return append(pathOf(m-k, entries[k:]), rootOf(entries[:k]))
	}
}

// split returns the largest power of two that is smaller than n.
func split(n int) int {
	k := 1
	for k<<1 < n {
		k <<= 1
	}
	return k
}

func proofText(index int, path []hash, checkpoint string) string {
	text := fmt.Sprintf("c2sp.org/tlog-proof@v1\nindex %d\n", index)
	for _, h := range path {
		text += base64.StdEncoding.EncodeToString(h[:]) + "\n"
	}
	return text + "\n" + checkpoint
}

// Each entry of each tree is proven, and no other entry and no other place is.
func TestOpenProof(t *testing.T) {
	ann := newSigner(t, "operator/ann", nil)
	trusted, err := parseKeys(ann.line)
	if err != nil {
		t.Fatal(err)
	}
	var entries []string
	for size := 1; size <= 17; size++ {
		entries = append(entries, fmt.Sprint("entry ", size))
		root := rootOf(entries)
		signed := sign(fmt.Sprintf("o\n%d\n%s\n", size, base64.StdEncoding.EncodeToString(root[:])), ann)
		for n, entry := range entries {
			text := proofText(n, pathOf(n, entries), signed)
			leaf := sha256.Sum256([]byte("\x00" + entry))
			if c, err := openProof(text, int64(n), leaf, "o", trusted); err != nil || c.size != int64(size) {
				t.Errorf("entry %d of %d: %v", n, size, err)
			}
			for other := range size + 1 {
				moved := strings.Replace(text, fmt.Sprintf("index %d\n", n), fmt.Sprintf("index %d\n", other), 1)
				if _, err := openProof(moved, int64(other), leaf, "o", trusted); err == nil && other != n {
					t.Errorf("entry %d of %d is proven as %d", n, size, other)
				}
			}
			if _, err := openProof(text, int64(n), sha256.Sum256([]byte("\x00other")), "o", trusted); err == nil {
				t.Errorf("another entry than %d of %d is proven", n, size)
			}
		}
	}
}

// The path in a public log of 76,959 entries, from the tests of Project Oak (github.com/project-oak/oak).
func TestOpenProofOfAPublicLog(t *testing.T) {
	ann := newSigner(t, "operator/ann", nil)
	trusted, err := parseKeys(ann.line)
	if err != nil {
		t.Fatal(err)
	}
	const path = "fGRlLyuz+L9Jb8+uTSut/2aVc4z7fKFW+clvsb6xjEM=\nF6LautOHD5eppkWC0xn/lz00X5g2yLlZAkl2jCI/wdE=\nqH7OJxFNup+TDvJuohd2HphKVngfMeMzUK8QChEDcas=\n" +
		"+Y3g758yXtPCRh/eqhLTA3bdcx+cCV1Uah0JdgB0YEs=\nvq8cJSjj8dPVmFBRUqDLlaMqW6aAYR2GKugVhgudXLs=\nJ0z3X5qTb9WFC1gABhVFx0bW1rVZRL+DAoBL2e2h4G4=\n" +
		"NmSbYg25xNFzTRerIsF3HbEMyTIDqW87AQd9ekzopE8=\nL8BZipjURnkctkjJtGJs+YyTXMssvNKA7+a8nV2JT/s=\npva4RFzCejMkVMVmYc93As2lbk7WAyrw58TvrzEOjNc=\n"
	text := "c2sp.org/tlog-proof@v1\nindex 76958\n" + path + "\n" + sign("o\n76959\nQYfrD7XAd4qUHbRBs4dDyDZwpZN4M/cccXr2G56pxkY=\n", ann)
	if _, err := openProof(text, 76958, sha256.Sum256([]byte("\x00hello tesseroak\n")), "o", trusted); err != nil {
		t.Error(err)
	}
}

func TestCheckProof(t *testing.T) {
	bundle := func() *made {
		m := makeReceipt(t)
		for _, name := range []string{"entries.jsonl", "hashes", "guard", "checkpoints/000000000007", "checkpoints/000000000008", "checkpoints/000000000020"} {
			m.remove(t, name)
		}
		for n := range m.entries {
			m.entries[n] = fmt.Sprintf(`{"n":%d,"at":""}`, n)
		}
		for _, n := range []int{4, 13} {
			m.write(t, fmt.Sprintf("%06d.json", n), m.entries[n])
			m.write(t, fmt.Sprintf("%06d.tlog-proof", n), proofText(n, pathOf(n, m.entries), m.checkpoint(m.entries, m.ann)))
		}
		return m
	}
	m := bundle()
	if n, err := CheckProof(m.dir, m.keys); n != 2 || err != nil {
		t.Error(n, err)
	}
	for _, name := range []string{"plan.note", "keys", "000004.json", "000004.tlog-proof", "000013.tlog-proof"} {
		good := m.read(t, name)
		for at := 0; at < len(good); at += 9 {
			bad := []byte(good)
			bad[at] ^= 1 << (at / 9 % 8)
			m.write(t, name, string(bad))
			var f *Fault
			if _, err := CheckProof(m.dir, m.keys); !errors.As(err, &f) {
				t.Errorf("byte %d of %s: %v", at, name, err)
			}
		}
		m.write(t, name, good)
	}
	for name, change := range map[string]func(*made){
		"no entry":          func(m *made) { m.remove(t, "000004.json") },
		"no proof":          func(m *made) { m.remove(t, "000004.tlog-proof") },
		"nothing":           func(m *made) { m.dir = t.TempDir() },
		"entries exchanged": func(m *made) { m.write(t, "000004.json", m.entries[13]) },
		"an entry's new name": func(m *made) {
			m.write(t, "000005.json", m.entries[4])
			m.write(t, "000005.tlog-proof", m.read(t, "000004.tlog-proof"))
		},
		"another checkpoint": func(m *made) {
			m.write(t, "000013.tlog-proof", proofText(13, pathOf(13, m.entries[:19]), m.checkpoint(m.entries[:19], m.ann)))
		},
		"a stranger's checkpoint": func(m *made) {
			m.write(t, "000013.tlog-proof", proofText(13, pathOf(13, m.entries), m.checkpoint(m.entries, m.eve)))
		},
	} {
		m := bundle()
		change(m)
		var f *Fault
		if n, err := CheckProof(m.dir, m.keys); !errors.As(err, &f) {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
}
