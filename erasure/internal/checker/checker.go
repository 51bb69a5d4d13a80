// Package checker finds what was altered in the receipt of an erasure. It was written from public documents and the layout of a receipt. It uses only
// the standard library, and shares no code with package erasure: what both accept, others can check too. It does not check what the entries say; it
// checks only whether they are what was signed.
//
// The documents are https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint, https://c2sp.org/tlog-proof, and section 2.1 of RFC 6962.
package checker

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fault is the first thing that is wrong with a receipt.
type Fault struct {
	Part string // plan, approval, keys, checkpoint, entry, hashes, guard, or since for the checkpoint that was kept
	// First and Last are the number of the wrong entry, from 0. If it is only known that one of several entries is wrong, they are the first and the
	// last of these. For a checkpoint they are its size, for a hash its index. Otherwise both are 0.
	First, Last int64
	Why         string
}

func (f *Fault) Error() string {
	switch {
	case f.First != f.Last:
		return fmt.Sprintf("%s %d to %d: %s", f.Part, f.First, f.Last, f.Why)
	case f.Part == "entry" || f.Part == "checkpoint" || f.Part == "hashes":
		return fmt.Sprintf("%s %d: %s", f.Part, f.First, f.Why)
	}
	return f.Part + ": " + f.Why
}

func faultIn(part string, number int64, why string) error { return &Fault{part, number, number, why} }

type hash = [sha256.Size]byte

// A note is a text and the trusted keys that signed it.
type note struct {
	text    string
	signers []key
}

type key struct {
	line, name string
	id         [4]byte
	public     ed25519.PublicKey
}

type checkpoint struct {
	size  int64
	root  hash
	since bool // it was kept elsewhere
	note
}

// Check returns how many entries are signed, and whether unsigned entries follow. The error is a *Fault if the receipt is not as it was signed. keys
// are the public keys that are trusted, one a line. since is a signed checkpoint of this receipt that was kept elsewhere, or empty.
func Check(dir, keys, since string) (signed int64, more bool, err error) {
	trusted, err := parseKeys(keys)
	if err != nil {
		return 0, false, err
	}
	plan, origin, err := checkPlan(dir, trusted)
	if err != nil {
		return 0, false, err
	}
	all, err := readCheckpoints(dir, origin, trusted)
	if err != nil {
		return 0, false, err
	}
	if since != "" {
		c, err := openCheckpoint(since, origin, trusted)
		if err != nil {
			return 0, false, faultIn("since", 0, err.Error())
		}
		c.since = true
		all = append(all, c)
	}
	if err := checkCopyOfKeys(dir, trusted, all); err != nil {
		return 0, false, err
	}
	guard, more, err := checkTree(dir, all)
	if err != nil {
		return 0, false, err
	}
	return all[len(all)-1].size, more, checkGuard(dir, plan.text, guard)
}

// parseKeys reads verifier keys: NAME+ID+BASE64.
func parseKeys(text string) (keys []key, err error) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		part := append(strings.SplitN(line, "+", 3), "", "")
		raw, ok := decode(part[2])
		sum := sha256.Sum256([]byte(part[0] + "\n" + string(raw)))
		if !ok || len(raw) != 1+ed25519.PublicKeySize || raw[0] != 1 || part[1] != hex.EncodeToString(sum[:4]) {
			return nil, errors.New("a line of the trusted keys is not an Ed25519 verifier key")
		}
		keys = append(keys, key{line, part[0], [4]byte(sum[:4]), raw[1:]})
	}
	return keys, nil
}

// decode reads base64, and only in the form that an encoder writes.
func decode(s string) ([]byte, bool) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, false
	}
	return b, base64.StdEncoding.EncodeToString(b) == s
}

// openNote reads a note. It ignores signatures by keys that are not trusted. A wrong signature by a trusted key is an error, and wrong is the name of
// that key.
func openNote(text string, trusted []key) (n note, wrong string, err error) {
	split := strings.LastIndex(text, "\n\n")
	if split < 0 || split+2 == len(text) || !strings.HasSuffix(text, "\n") || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' }) {
		return n, "", errors.New("it is not a signed note")
	}
	n.text = text[:split+1]
	seen := map[string]bool{"": true}
	for line := range strings.Lines(text[split+2:]) {
		name, encoded, _ := strings.Cut(strings.TrimPrefix(line, "— "), " ")
		sig, ok := decode(strings.TrimSuffix(encoded, "\n"))
		if !ok && len(sig) >= 5 && !seen[line] {
			return n, name, errors.New("the signature of " + name + " is not in the form in which it was written")
		}
		if !ok || len(sig) < 5 || seen[line] || !strings.HasPrefix(line, "— ") || name == "" || strings.Contains(name, "+") || strings.ContainsFunc(name, unicode.IsSpace) {
			return n, "", errors.New("it has a line that is not a signature, or a signature twice")
		}
		seen[line] = true
		for _, k := range trusted {
			if k.name != name || string(k.id[:]) != string(sig[:4]) {
				continue
			}
			if !ed25519.Verify(k.public, []byte(n.text), sig[4:]) {
				return n, name, fmt.Errorf("the signature of %s does not fit this text", name)
			}
			n.signers = append(n.signers, k)
		}
	}
	return n, "", nil
}

func (n *note) signedAs(role string) (keys []key) {
	for _, k := range n.signers {
		if strings.HasPrefix(k.name, role+"/") {
			keys = append(keys, k)
		}
	}
	return keys
}

// checkPlan returns the plan, and the origin of all checkpoints of its receipt.
func checkPlan(dir string, trusted []key) (n note, origin string, err error) {
	text, err := os.ReadFile(filepath.Join(dir, "plan.note"))
	n, wrong, err2 := openNote(string(text), trusted)
	if err = errors.Join(err, err2); strings.HasPrefix(wrong, "approver/") {
		return n, "", faultIn("approval", 0, err.Error())
	} else if err == nil && len(n.signedAs("operator")) == 0 {
		err = errors.New("no trusted operator has signed it")
	}
	if err != nil {
		return n, "", faultIn("plan", 0, err.Error())
	}
	approved := strings.HasSuffix(n.text, "\napproval single-operator\n")
	for _, k := range n.signedAs("approver") {
		approved = approved || slices.ContainsFunc(n.signedAs("operator"), func(o key) bool { return !k.public.Equal(o.public) })
	}
	if !approved {
		return n, "", faultIn("approval", 0, "no trusted approver has signed the plan with a different key")
	}
	return n, fmt.Sprintf("ciokit-erasure/%x", sha256.Sum256([]byte(n.text))), nil
}

func readCheckpoints(dir, origin string, trusted []key) (all []checkpoint, err error) {
	files, _ := os.ReadDir(filepath.Join(dir, "checkpoints"))
	for _, f := range files {
		if strings.HasPrefix(f.Name(), ".") { // it was not finished
			continue
		}
		size, _ := strconv.ParseInt(f.Name(), 10, 64)
		text, err := os.ReadFile(filepath.Join(dir, "checkpoints", f.Name()))
		c, err2 := openCheckpoint(string(text), origin, trusted)
		if err = errors.Join(err, err2); err == nil && f.Name() != fmt.Sprintf("%012d", c.size) {
			err = fmt.Errorf("it is the checkpoint of %d entries", c.size)
		}
		if err != nil {
			return nil, faultIn("checkpoint", size, err.Error())
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, faultIn("checkpoint", 0, "there is no checkpoint")
	}
	return all, nil
}

func openCheckpoint(text, origin string, trusted []key) (c checkpoint, err error) {
	if c.note, _, err = openNote(text, trusted); err != nil {
		return c, err
	}
	lines := strings.Split(c.text, "\n")
	if len(c.signedAs("operator")) == 0 || len(lines) != 4 || lines[0] != origin {
		return c, errors.New("it is not a checkpoint of this plan that a trusted operator has signed")
	}
	c.size, err = strconv.ParseInt(lines[1], 10, 64)
	root, ok := decode(lines[2])
	if err != nil || c.size < 1 || strconv.FormatInt(c.size, 10) != lines[1] || !ok || len(root) != sha256.Size {
		return c, errors.New("its size or its hash is not valid")
	}
	c.root = hash(root)
	return c, nil
}

// checkCopyOfKeys checks that the receipt contains only trusted keys, and enough of them to check it. Others may have signed too, whose keys the run
// did not know.
func checkCopyOfKeys(dir string, trusted []key, notes []checkpoint) error {
	text, _ := os.ReadFile(filepath.Join(dir, "keys"))
	for line := range strings.Lines(string(text)) {
		if !slices.ContainsFunc(trusted, func(k key) bool { return k.line+"\n" == line }) {
			return faultIn("keys", 0, "the copy has a line that is not a trusted key")
		}
	}
	copied := func(k key) bool { return bytes.Contains(text, []byte(k.line+"\n")) }
	if _, _, err := checkPlan(dir, slices.DeleteFunc(slices.Clone(trusted), func(k key) bool { return !copied(k) })); err != nil {
		return faultIn("keys", 0, "the copy lacks a key that signed the plan")
	}
	for _, n := range notes {
		if signers := n.signedAs("operator"); !slices.ContainsFunc(signers, copied) {
			return faultIn("keys", 0, "the copy lacks the key of "+signers[0].name)
		}
	}
	return nil
}

// A tree has the roots of its complete parts, from left to right.
type tree struct {
	parts []hash
	size  int64
}

// add adds a leaf. It returns the leaf and the nodes that it completes, in the order in which they are stored.
func (t *tree) add(leaf hash) []hash {
	made := []hash{leaf}
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.parts) - 1
		made = append(made, node(t.parts[last], made[len(made)-1]))
		t.parts = t.parts[:last]
	}
	t.parts = append(t.parts, made[len(made)-1])
	t.size++
	return made
}

func (t *tree) root() hash {
	if t.size == 0 {
		return sha256.Sum256(nil)
	}
	root := t.parts[len(t.parts)-1]
	for _, part := range slices.Backward(t.parts[:len(t.parts)-1]) {
		root = node(part, root)
	}
	return root
}

func node(left, right hash) hash { return sha256.Sum256(slices.Concat([]byte{1}, left[:], right[:])) }

// checkTree compares the entries with what was signed. If the stored hashes of the leaves give the signed root, the error names the first entry that
// is not what was signed. Otherwise it names all entries between two checkpoints, because it is one of these. checkTree returns the hash of the
// guard's set that the entries name last, and whether unsigned entries follow.
func checkTree(dir string, checkpoints []checkpoint) (guard string, more bool, err error) {
	f, err := os.Open(filepath.Join(dir, "entries.jsonl"))
	if err != nil {
		return "", false, faultIn("entry", 0, "there are no entries")
	}
	defer f.Close()
	in := bufio.NewReader(f)
	stored, _ := os.ReadFile(filepath.Join(dir, "hashes"))
	storedAt := func(place int64) (h hash) {
		copy(h[:], stored[min(place*sha256.Size, int64(len(stored))):])
		return h
	}
	slices.SortFunc(checkpoints, func(a, b checkpoint) int { return cmp.Compare(a.size, b.size) })
	var ours, theirs tree // ours is the tree of the entries, theirs that of the stored leaves
	place, good, wrong := int64(0), int64(0), int64(-1)
	for _, c := range checkpoints {
		first := int64(-1) // the first entry that is missing or is not the stored leaf
		for theirs.size < c.size {
			leaf := storedAt(place)
			kept := int64(len(theirs.add(leaf)))
			line, err := in.ReadBytes('\n')
			if err != nil && place*sha256.Size >= int64(len(stored)) {
				return "", false, &Fault{"entry", good, ours.size, fmt.Sprintf("an entry is missing here; %d were signed", c.size)}
			} else if err != nil && first < 0 {
				first = ours.size
			} else if err == nil {
				made := ours.add(sha256.Sum256(slices.Concat([]byte{0}, line[:len(line)-1])))
				for i, h := range made {
					if wrong < 0 && storedAt(place+int64(i)) != h {
						wrong = place + int64(i)
					}
				}
				if first < 0 && made[0] != leaf {
					first = ours.size - 1
				}
				var e struct{ Entry, Set string }
				if bytes.Contains(line, []byte(`"entry":"guard"`)) && json.Unmarshal(line, &e) == nil {
					guard = e.Set
				}
			}
			place += kept
		}
		switch {
		case ours.size == c.size && ours.root() == c.root:
			good = c.size
		case theirs.root() == c.root:
			return "", false, faultIn("entry", first, "it is not what was signed")
		case c.since:
			return "", false, faultIn("since", c.size, "the receipt does not continue this checkpoint")
		default:
			return "", false, &Fault{"entry", good, min(ours.size, c.size-1), "one of them is not what was signed"}
		}
	}
	if _, err := in.Peek(1); err == nil {
		more = true
	} else if wrong < 0 && place*sha256.Size < int64(len(stored)) {
		wrong = place
	}
	if wrong >= 0 {
		return "", false, faultIn("hashes", wrong, "it is not the hash of the entries")
	}
	return guard, more, nil
}

// checkGuard compares the guard's set with the plan and with the entries.
func checkGuard(dir, plan, want string) error {
	if want == "" {
		return nil
	}
	text, _ := os.ReadFile(filepath.Join(dir, "guard"))
	fact := func(name string) string {
		_, rest, _ := strings.Cut(plan, "\n"+name+" ")
		value, _, _ := strings.Cut(rest, "\n")
		return value
	}
	head := "\naction " + fact("action") + "\nkey " + fact("guard-key") + "\n"
	set := sha256.New()
	const second = "ciokit erasure guard 2"
	names, ok := strings.CutPrefix(string(text), "ciokit erasure guard 1"+head) // version 1 has no count, no hash and no end
	if strings.HasPrefix(string(text), second) {
		var headed bool
		names, headed = strings.CutPrefix(string(text), fmt.Sprintf("%s%snames %d\nhash %s\n", second, head, strings.Count(string(text), "\n")-6, want))
		names, ok = strings.CutSuffix(names, "end\n")
		ok = ok && headed
		set.Write([]byte(second + "\n"))
	}
	for line := range strings.Lines(names) {
		person, name, two := strings.Cut(strings.TrimSuffix(line, "\n"), " ") // the owner comes before the name, if it is another one
		owner, good1 := decode(person)
		if !two {
			name = person
		}
		raw, good2 := decode(name)
		ok = ok && good1 && good2 && len(raw) == sha256.Size && len(owner) == sha256.Size && strings.HasSuffix(line, "\n") && two == (person != name)
		if strings.HasPrefix(string(text), second) {
			set.Write(owner)
		}
		set.Write(raw)
	}
	if !ok || base64.StdEncoding.EncodeToString(set.Sum(nil)) != want {
		return faultIn("guard", 0, "it is not the set of this plan")
	}
	return nil
}
