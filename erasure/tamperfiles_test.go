package erasure_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ciokit/cio/erasure"
	"github.com/ciokit/cio/erasure/internal/c2sp"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// place returns a file, and the place of a byte in it that the last checkpoint covers.
func (c *tampering) place() (name string, at int) {
	names := slices.Sorted(maps.Keys(c.files))
	name = names[c.rnd.IntN(len(names))]
	size := len(c.files[name])
	switch name {
	case "entries.jsonl":
		size = len(bytes.Join(c.receipt.lines()[:c.receipt.signed], nil))
	case "hashes":
		size = int(tlog.StoredHashCount(int64(c.receipt.signed))) * tlog.HashSize
	}
	return name, c.rnd.IntN(size)
}

func (c *tampering) set(name string, at int, b byte) {
	c.note("byte %d of %s is %q, and was %q", at, name, b, c.files[name][at])
	c.files[name] = bytes.Clone(c.files[name])
	c.files[name][at] = b
}

// named returns what the check must name if only that byte of that file was changed.
func (c *tampering) named(name string, at int) bool {
	c.first = -1
	switch {
	case name == "entries.jsonl":
		c.part, c.first, c.exact = "entry", bytes.Count(c.receipt.files[name][:at], []byte("\n")), true
	case strings.HasPrefix(name, "checkpoints/"):
		c.part, c.exact = "checkpoint", true
		c.first, _ = strconv.Atoi(strings.TrimPrefix(name, "checkpoints/"))
	case name == "plan.note":
		c.part = "plan"
		if _, approval := c.signatureBy(c.receipt.plan, "approver/"); approval != "" && len(c.files[name]) > 0 {
			c.part = c.planPart(c.files[name])
		}
	default:
		c.part = name
	}
	return true
}

// planPart says whether only the approval of a changed plan is wrong: the operator's signature still fits.
func (c *tampering) planPart(signed []byte) string {
	text, ordered := c.signatureBy(c.receipt.plan, "operator/")
	rest, ok := strings.CutPrefix(string(signed), text+"\n"+ordered)
	// If the form of a note is broken, it is not read at all.
	form := strings.HasPrefix(rest, "— ") && strings.HasSuffix(rest, "\n")
	_, err := note.Open(signed, note.VerifierList())
	var unverified *note.UnverifiedNoteError
	if ok && (rest == "" || form && errors.As(err, &unverified) && canonicalSignatures(rest)) {
		return "approval"
	}
	return "plan"
}

func canonicalSignatures(lines string) bool {
	for line := range strings.Lines(lines) {
		encoded := strings.TrimSuffix(line[strings.LastIndex(line, " ")+1:], "\n")
		if raw, err := base64.StdEncoding.DecodeString(encoded); err != nil || base64.StdEncoding.EncodeToString(raw) != encoded {
			return false
		}
	}
	return true
}

// entries sets changed entries. The check must name the first one that differs.
func (c *tampering) entries(lines [][]byte) bool {
	c.files["entries.jsonl"] = bytes.Join(lines, nil)
	was := c.receipt.lines()
	for i := range c.receipt.signed {
		if i >= len(lines) || !bytes.Equal(lines[i], was[i]) {
			c.note("entry %d is another one", i)
			c.part, c.first, c.exact = "entry", i, true
			return true
		}
	}
	return false
}

// putBack restores the receipt to the state in which its i-th checkpoint was made. It returns how many entries there were.
func (c *tampering) putBack(i int) int {
	names := c.receipt.checkpoints()
	size, _ := strconv.Atoi(strings.TrimPrefix(names[i], "checkpoints/"))
	for _, name := range names[i+1:] {
		delete(c.files, name)
	}
	lines := c.receipt.lines()[:size]
	c.files["entries.jsonl"], c.files["hashes"] = bytes.Join(lines, nil), hashesOf(lines)
	c.note("it has %d entries again", size)
	return size
}

// renumber writes the numbers of entries again.
func renumber(lines [][]byte) [][]byte {
	for i, line := range lines {
		_, rest, _ := bytes.Cut(line, []byte(","))
		lines[i] = fmt.Appendf(nil, `{"n":%d,%s`, i, rest)
	}
	return lines
}

func treeOf(lines [][]byte) (stored []tlog.Hash) {
	for i, line := range lines {
		more, err := tlog.StoredHashes(int64(i), bytes.TrimSuffix(line, []byte("\n")), readHashes(stored))
		if err != nil {
			panic(err)
		}
		stored = append(stored, more...)
	}
	return stored
}

func readHashes(stored []tlog.Hash) tlog.HashReader {
	return tlog.HashReaderFunc(func(at []int64) (hashes []tlog.Hash, err error) {
		for _, i := range at {
			hashes = append(hashes, stored[i])
		}
		return hashes, nil
	})
}

func hashesOf(lines [][]byte) (text []byte) {
	for _, h := range treeOf(lines) {
		text = append(text, h[:]...)
	}
	return text
}

// checkpoint signs a checkpoint of the receipt for these entries.
func (c *tampering) checkpoint(lines [][]byte, by erasure.Signer) []byte {
	keys, err := erasure.ParseKeyring(c.receipt.ring)
	if err != nil {
		c.t.Fatal(err)
	}
	plan, err := erasure.OpenPlan(c.receipt.plan, keys)
	if err != nil {
		c.t.Fatal(err)
	}
	root, err := tlog.TreeHash(int64(len(lines)), readHashes(treeOf(lines)))
	if err != nil {
		c.t.Fatal(err)
	}
	text, err := c2sp.Checkpoint{Origin: fmt.Sprintf("ciokit-erasure/%x", plan.Hash()), Size: int64(len(lines)), Hash: root}.Marshal()
	if err != nil {
		c.t.Fatal(err)
	}
	return c.signed(string(text), by)
}

func (c *tampering) signed(text string, by ...erasure.Signer) []byte {
	signers := make([]note.Signer, len(by))
	for i, s := range by {
		signers[i] = s
	}
	signed, err := note.Sign(&note.Note{Text: text}, signers...)
	if err != nil {
		c.t.Fatal(err)
	}
	return signed
}

// stranger returns a new key with that name.
func (c *tampering) stranger(name string) erasure.Signer {
	private, _, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		c.t.Fatal(err)
	}
	s, err := erasure.ParseSigner(private)
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

// renamedKey returns a key under another name. The hash of a key covers its name too, so everything except the key itself is new.
func renamedKey(t *testing.T, private, public, was, name string) (erasure.Signer, string) {
	t.Helper()
	key := public[strings.LastIndexByte(public[:len(was)+10], '+')+1:]
	seed := private[strings.LastIndexByte(private[:len("PRIVATE+KEY+")+len(was)+10], '+')+1:]
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	again, err := note.NewEd25519VerifierKey(name, raw[1:])
	if err != nil {
		t.Fatal(err)
	}
	hash := strings.Split(again, "+")[1]
	s, err := erasure.ParseSigner("PRIVATE+KEY+" + name + "+" + hash + "+" + seed)
	if err != nil {
		t.Fatal(err)
	}
	return s, again
}

// otherPlan is the text of the plan with one line changed.
func (c *tampering) otherPlan() string {
	text, _ := c.signatureBy(c.receipt.plan, "")
	changes := [][2]string{
		{"\nsubjects ", "\nsubjects 1"}, {"\nreason ", "\nreason by word of mouth, not "}, {"\nexpires 20", "\nexpires 21"}, {"\ncreated 2026-11", "\ncreated 2026-10"},
		{"\naction ", "\naction un"}, {"\ntarget https", "\ntarget http"}, {"\ntarget http", "\ntarget https"},
	}
	change := changes[c.rnd.IntN(len(changes))]
	if change[0] == "\naction " && !strings.Contains(text, "\naction suppress") || !strings.Contains(text, change[0]) {
		change = changes[0]
	}
	c.note("%q is %q", change[0], change[1])
	return strings.Replace(text, change[0], change[1], 1)
}

// signatureBy returns the text of a signed note, and the line of the first signature by a name with that prefix, empty for none.
func (c *tampering) signatureBy(signed []byte, name string) (text, line string) {
	i := bytes.LastIndex(signed, []byte("\n\n"))
	for line := range strings.Lines(string(signed[i+2:])) {
		if strings.HasPrefix(line, "— "+name) {
			return string(signed[:i+1]), line
		}
	}
	return string(signed[:i+1]), ""
}

func (c *tampering) random(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(c.rnd.IntN(256))
	}
	return b
}

func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}
