package erasure

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// guardName is the HMAC of an identifier under a GuardKey.
type guardName = [sha256.Size]byte

// guardPair has the name of an identifier of a person, and its owner: the name of the identifier by which the person was erased. Several people may
// have the same address, and it stays in the guard as long as one of them is erased.
type guardPair struct{ owner, name guardName }

func (p guardPair) compare(q guardPair) int {
	if c := bytes.Compare(p.owner[:], q.owner[:]); c != 0 {
		return c
	}
	return bytes.Compare(p.name[:], q.name[:])
}

func sortedPairs(pairs []guardPair) []guardPair {
	slices.SortFunc(pairs, guardPair.compare)
	return slices.Compact(pairs)
}

// namesOf returns the names of pairs, each once.
func namesOf(pairs []guardPair) []guardName {
	names := make([]guardName, len(pairs))
	for i := range pairs {
		names[i] = pairs[i].name
	}
	return sortedSet(names)
}

// guardTitle is the first line of a guard. guardTitle1 is that of the first version, which did not say how many names it has, nor who owns them.
const (
	guardTitle  = "ciokit erasure guard 2"
	guardTitle1 = "ciokit erasure guard 1"
	guardEnd    = "end"
)

// pairsHash is the hash over sorted pairs.
func pairsHash(pairs []guardPair) [sha256.Size]byte {
	h := sha256.New()
	io.WriteString(h, guardTitle+"\n")
	for i := range pairs {
		h.Write(pairs[i].owner[:])
		h.Write(pairs[i].name[:])
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// guardSet is the set of names in a file.
type guardSet struct {
	version int // 1 or 2
	action  Action
	key     [8]byte
	// pairs are sorted, each once. In version 1 each name is its own owner.
	pairs []guardPair
}

// hash is the hash that the entries name.
func (s *guardSet) hash() [sha256.Size]byte {
	if s.version == 1 {
		return namesHash(namesOf(s.pairs))
	}
	return pairsHash(s.pairs)
}

// text is the content of the file for the set.
func (s *guardSet) text() []byte {
	b64 := base64.StdEncoding
	title := guardTitle
	if s.version == 1 {
		title = guardTitle1
	}
	out := fmt.Appendf(nil, "%s\naction %s\nkey %s\n", title, s.action, b64.EncodeToString(s.key[:]))
	if s.version != 1 {
		sum := s.hash()
		out = fmt.Appendf(out, "names %d\nhash %s\n", len(s.pairs), b64.EncodeToString(sum[:]))
	}
	for _, p := range s.pairs {
		if p.owner != p.name {
			out = append(b64.AppendEncode(out, p.owner[:]), ' ')
		}
		out = append(b64.AppendEncode(out, p.name[:]), '\n')
	}
	if s.version != 1 {
		out = append(out, guardEnd+"\n"...)
	}
	return out
}

// readGuardSet reads a file of names. It accepts only what text writes.
func readGuardSet(in io.Reader) (*guardSet, error) {
	s := &guardSet{}
	head, _, err := eachPair(in, func(p guardPair) { s.pairs = append(s.pairs, p) })
	if err != nil {
		return nil, err
	}
	head.pairs = s.pairs
	return head, nil
}

// eachPair calls show with each pair of a file, and returns the facts of its head and the hash. The pairs are valid only if eachPair returns no
// error.
func eachPair(in io.Reader, show func(guardPair)) (head *guardSet, hash [sha256.Size]byte, err error) {
	lines := bufio.NewScanner(in)
	lines.Split(wholeLines)
	s, count, want, err := readGuardHead(lines)
	if err != nil {
		return nil, hash, err
	}
	sum := sha256.New()
	if s.version > 1 {
		io.WriteString(sum, guardTitle+"\n")
	}
	var last guardPair
	n, ended, before := 0, false, 3+2*(s.version-1)
	for lines.Scan() {
		at := before + n + 1
		if ended {
			return nil, hash, fmt.Errorf("line %d comes after the end of the guard", at+1)
		}
		if ended = s.version > 1 && lines.Text() == guardEnd; ended {
			continue
		}
		p, ok := parsePair(lines.Bytes())
		if !ok || s.version == 1 && p.owner != p.name {
			return nil, hash, fmt.Errorf("line %d is not a name", at)
		}
		if n > 0 && last.compare(p) >= 0 {
			return nil, hash, fmt.Errorf("line %d is out of order", at)
		}
		if s.version > 1 {
			sum.Write(p.owner[:])
		}
		sum.Write(p.name[:])
		show(p)
		last = p
		n++
	}
	sum.Sum(hash[:0])
	switch err := lines.Err(); {
	case err != nil:
		return nil, hash, err
	case s.version == 1:
	case n != count:
		return nil, hash, fmt.Errorf("it was cut, or altered: its head says %s, and it has %d", counted(int64(count), "name", "names"), n)
	case !ended:
		return nil, hash, fmt.Errorf("it was cut: its last line, %q, is missing", guardEnd)
	case hash != want:
		return nil, hash, errors.New("it was altered: its names do not have the hash that its head says")
	}
	return s, hash, nil
}

// readGuardHead reads the lines before the names. A file of version 1 has no count and no hash.
func readGuardHead(lines *bufio.Scanner) (s *guardSet, count int, sum [sha256.Size]byte, err error) {
	fact := func(name string) string {
		lines.Scan()
		value, ok := strings.CutPrefix(lines.Text(), name+" ")
		if !ok {
			return ""
		}
		return value
	}
	s = &guardSet{}
	switch lines.Scan(); lines.Text() {
	case guardTitle:
		s.version = 2
	case guardTitle1:
		s.version = 1
	default:
		return nil, 0, sum, errors.Join(lines.Err(), fmt.Errorf("it does not begin with %q%s", guardTitle, lineEnds(append(lines.Bytes(), '\n'))))
	}
	good := oneOf(&s.action, []byte(fact("action")), ActionDelete, ActionSuppress, ActionUnsuppress)
	good = good && decodeExactly(s.key[:], fact("key"))
	if s.version == 2 && good {
		text := fact("names")
		count, err = strconv.Atoi(text)
		good = err == nil && count >= 0 && strconv.Itoa(count) == text && decodeExactly(sum[:], fact("hash"))
	}
	if err := lines.Err(); err != nil {
		return nil, 0, sum, err
	}
	if !good {
		return nil, 0, sum, errors.New("this version cannot read its first lines")
	}
	return s, count, sum, nil
}

// decodeExactly decodes base64 that has exactly len(to) bytes, and only if an encoder would write it like that.
func decodeExactly(to []byte, text string) bool {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	return err == nil && copy(to, raw) == len(raw) && len(raw) == len(to) && base64.StdEncoding.EncodedLen(len(raw)) == len(text)
}

// ownPairs returns names that are each their own owner.
func ownPairs(names []guardName) []guardPair {
	pairs := make([]guardPair, len(names))
	for i, name := range names {
		pairs[i] = guardPair{name, name}
	}
	return pairs
}

// nameLength is how long a name is in base64.
const nameLength = 44

// parsePair reads a line with a name. The name may have its owner before it.
func parsePair(line []byte) (p guardPair, ok bool) {
	name := func(to *guardName, text []byte) bool {
		var room [nameLength]byte
		n, err := base64.StdEncoding.Decode(room[:], text)
		copy(to[:], room[:n])
		return err == nil && n == sha256.Size && bytes.Equal(base64.StdEncoding.AppendEncode(room[:0], to[:]), text)
	}
	switch len(line) {
	case nameLength:
		ok = name(&p.name, line)
		p.owner = p.name
	case 2*nameLength + 1:
		ok = line[nameLength] == ' ' && name(&p.owner, line[:nameLength]) && name(&p.name, line[nameLength+1:]) && p.owner != p.name
	}
	return p, ok
}

// wholeLines splits at line ends and drops nothing else: a carriage return is part of a line, and a last line without an end is an error.
func wholeLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return 0, nil, errors.New("its last line has no line end: it was cut, or altered")
	}
	return 0, nil, nil
}

func readGuardFile(file string) (*guardSet, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("erasure: the guard: %w", err)
	}
	defer f.Close()
	g, err := readGuardSet(f)
	if err != nil {
		return nil, fmt.Errorf("erasure: the guard %s cannot be read: %w", file, err)
	}
	return g, nil
}

// checkGuard compares the receipt's guard with the last entry that names its hash. For the end of suppressions it does so only if that entry is
// signed: there the entry is written first, and the process may be killed before it writes the file.
func (r *receipt) checkGuard() error {
	if !r.tally.hasGuard || r.plan.Action == ActionUnsuppress && r.tally.guardIn >= r.lastSigned() {
		return nil
	}
	f, err := os.Open(filepath.Join(r.dir, guardFile))
	if err != nil {
		return &DamageError{File: guardFile, Entry: -1, Problem: err.Error()}
	}
	defer f.Close()
	g, hash, err := eachPair(f, func(guardPair) {}) // so a set of a million people is not kept in memory
	if err != nil {
		return &DamageError{File: guardFile, Entry: -1, Problem: err.Error()}
	}
	if g.action != r.plan.Action || g.key != r.plan.GuardKeyID || hash != r.tally.guardSet {
		return &DamageError{File: guardFile, Entry: -1, Problem: "the entries name another set"}
	}
	return nil
}
