package checker

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// CheckProof checks what a receipt says about one person. dir contains the plan, and NAME.json and NAME.tlog-proof for each entry. CheckProof returns
// how many entries are proven, or a *Fault.
func CheckProof(dir, keys string) (proven int, err error) {
	trusted, err := parseKeys(keys)
	if err != nil {
		return 0, err
	}
	plan, origin, err := checkPlan(dir, trusted)
	if err != nil {
		return 0, err
	}
	notes := []checkpoint{{note: plan}}
	files, err := filepath.Glob(filepath.Join(dir, "*.*"))
	for _, file := range files {
		name, isEntry := strings.CutSuffix(file, ".json")
		name, isProof := strings.CutSuffix(name, ".tlog-proof")
		if !isEntry && !isProof {
			continue
		}
		n, _ := strconv.ParseInt(filepath.Base(name), 10, 64)
		record, err := os.ReadFile(name + ".json")
		text, err2 := os.ReadFile(name + ".tlog-proof")
		c, err3 := openProof(string(text), n, sha256.Sum256(slices.Concat([]byte{0}, record)), origin, trusted)
		if err := errors.Join(err, err2, err3); err != nil {
			return 0, faultIn("entry", n, err.Error())
		}
		if filepath.Base(name) != fmt.Sprintf("%06d", n) || !bytes.HasPrefix(record, fmt.Appendf(nil, `{"n":%d,`, n)) {
			return 0, faultIn("entry", n, "it is the proof of another entry")
		}
		if len(notes) > 1 && notes[1].root != c.root {
			return 0, faultIn("entry", n, "its checkpoint is not that of the first entry")
		}
		if notes = append(notes, c); isEntry {
			proven++
		}
	}
	if err == nil && proven == 0 {
		err = faultIn("entry", 0, "there is no entry")
	}
	return proven, errors.Join(err, checkCopyOfKeys(dir, trusted, notes))
}

// openProof checks a proof that a checkpoint covers the entry with that number and hash. It returns the checkpoint.
func openProof(text string, n int64, leaf hash, origin string, trusted []key) (c checkpoint, err error) {
	head, signed, _ := strings.Cut(text, "\n\n")
	if c, err = openCheckpoint(signed, origin, trusted); err != nil {
		return c, err
	}
	lines := strings.Split(head, "\n")
	if len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || lines[1] != fmt.Sprintf("index %d", n) || n >= c.size {
		return c, errors.New("it is not a proof of this entry")
	}
	// On the way up from the leaf, the sibling is on the left of an odd node and on the right of an even node. The last even node of a row has no
	// sibling.
	path, last := lines[2:], c.size-1
	for at := n; last > 0; at, last = at>>1, last>>1 {
		if at == last && at&1 == 0 {
			continue
		}
		if len(path) == 0 {
			return c, errors.New("the proof is too short")
		}
		sibling, ok := decode(path[0])
		if path = path[1:]; !ok || len(sibling) != sha256.Size {
			return c, errors.New("the proof has a line that is not a hash")
		}
		if at&1 == 1 {
			leaf = node(hash(sibling), leaf)
		} else {
			leaf = node(leaf, hash(sibling))
		}
	}
	if len(path) > 0 || leaf != c.root {
		return c, errors.New("the proof does not lead to the signed root")
	}
	return c, nil
}
