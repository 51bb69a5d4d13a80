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
	"strings"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/internal/address"
)

// ErrErased is what a Guard returns for an erased person.
var ErrErased = errors.New("erasure: the person was erased")

// Guard knows who was erased, by the names that a GuardKey makes of their identifiers. Its Check stands in cio.Config.Guard and in outbox.Config.Guard: identify,
// track, group, page, screen and alias for an erased person are rejected before they are sent. It is safe for concurrent use once it is made; the zero value knows nobody.
type Guard struct {
	key   GuardKey
	names map[[sha256.Size]byte]struct{}
}

// Len returns how many identifiers it knows.
func (g *Guard) Len() int { return len(g.names) }

// Check returns ErrErased if any of the identifiers is that of an erased person: the userId, the anonymousId, the previousId of an alias, the trait email. It
// takes about a microsecond for each.
func (g *Guard) Check(id cio.Identity) error {
	for _, s := range [...]string{id.UserID, id.PreviousID, id.AnonymousID, id.Email} {
		if s != "" && g.Has(s) {
			return ErrErased
		}
	}
	return nil
}

// Has reports whether an identifier is that of an erased person. Spaces around an address do not count.
func (g *Guard) Has(id string) bool {
	if len(g.names) == 0 {
		return false
	}
	if _, ok := g.names[g.key.sum(id)]; ok {
		return true
	}
	if trimmed := strings.TrimSpace(id); trimmed != id && address.Is(trimmed) {
		_, ok := g.names[g.key.sum(trimmed)]
		return ok
	}
	return false
}

const guardTitle = "ciokit erasure guard 1"

// guardText is a set of names as a file.
func guardText(action Action, key GuardKey, names [][sha256.Size]byte) []byte {
	id := key.id()
	b64 := base64.StdEncoding
	out := fmt.Appendf(nil, "%s\naction %s\nkey %s\n", guardTitle, action, b64.EncodeToString(id[:]))
	for i := range names {
		out = append(b64.AppendEncode(out, names[i][:]), '\n')
	}
	return out
}

// guardSet is a file of names that was read.
type guardSet struct {
	action Action
	key    [8]byte
	names  [][sha256.Size]byte // sorted, each once
}

// readGuardSet reads a file of names. It takes what guardText writes and nothing else.
func readGuardSet(in io.Reader) (*guardSet, error) {
	g := &guardSet{}
	lines := bufio.NewScanner(in)
	lines.Split(wholeLines)
	var head []string
	const nameLength = 44 // in base64
	var room [nameLength]byte
	text := make([]byte, 0, nameLength)
	for lines.Scan() {
		if len(head) < 3 {
			head = append(head, lines.Text())
			continue
		}
		var name [sha256.Size]byte
		n, err := base64.StdEncoding.Decode(room[:], lines.Bytes()[:min(len(lines.Bytes()), nameLength)])
		copy(name[:], room[:n])
		if err != nil || !bytes.Equal(base64.StdEncoding.AppendEncode(text[:0], name[:]), lines.Bytes()) {
			return nil, fmt.Errorf("line %d is no name", len(g.names)+4)
		}
		if n := len(g.names); n > 0 && bytes.Compare(g.names[n-1][:], name[:]) >= 0 {
			return nil, fmt.Errorf("line %d is not in its order", n+4)
		}
		g.names = append(g.names, name)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(head) < 3 || head[0] != guardTitle {
		return nil, fmt.Errorf("it does not begin with %q", guardTitle)
	}
	action, ok1 := strings.CutPrefix(head[1], "action ")
	key, ok2 := strings.CutPrefix(head[2], "key ")
	raw, err := base64.StdEncoding.DecodeString(key)
	if !ok1 || !ok2 || err != nil || copy(g.key[:], raw) != len(raw) || base64.StdEncoding.EncodeToString(g.key[:]) != key || !oneOf(&g.action, []byte(action), ActionDelete, ActionSuppress, ActionUnsuppress) {
		return nil, errors.New("its first lines are not those of this version")
	}
	return g, nil
}

// wholeLines splits at line ends and drops nothing else: a carriage return is part of a line, and a last line without an end is none.
func wholeLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return 0, nil, errors.New("its last line has no end")
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

// checkGuard holds the receipt's guard to the last entry that names its hash.
func (r *receipt) checkGuard() error {
	if !r.tally.hasGuard {
		return nil
	}
	g, err := readGuardFile(filepath.Join(r.dir, guardFile))
	if err != nil {
		return &DamageError{File: guardFile, Entry: -1, Problem: err.Error()}
	}
	if g.action != r.plan.Action || g.key != r.plan.GuardKeyID || namesHash(g.names) != r.tally.guardSet {
		return &DamageError{File: guardFile, Entry: -1, Problem: "it is another set than the one that the entries name"}
	}
	return nil
}

// ReadGuard reads a guard that WriteGuard wrote. The key must be the one it was made with (ErrOtherKey).
func ReadGuard(file string, key GuardKey) (*Guard, error) {
	set, err := readGuardFile(file)
	if err != nil {
		return nil, err
	}
	if set.key != key.id() {
		return nil, fmt.Errorf("%w: the guard %s has another guard key", ErrOtherKey, file)
	}
	return set.guard(key), nil
}

func (s *guardSet) guard(key GuardKey) *Guard {
	g := &Guard{key: key, names: make(map[[sha256.Size]byte]struct{}, len(s.names))}
	for _, name := range s.names {
		g.names[name] = struct{}{}
	}
	return g
}

// GuardOf makes the guard of receipts, whose order does not matter: those of deletions and suppressions add the names of their people, and one of an end of suppressions
// takes them out of all that acted before it. Each receipt is checked first. A deletion counts from its beginning on, whatever its outcome. The end of a suppression
// counts as far as it is signed.
func GuardOf(dirs []string, cfg CheckConfig, key GuardKey) (*Guard, error) {
	var all []*receipt
	for _, dir := range dirs {
		r, err := readReceipt(dir, cfg)
		if err == nil {
			err = r.checkGuard()
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		if r.plan.GuardKeyID != key.id() {
			return nil, fmt.Errorf("%s: %w: it has another guard key", dir, ErrOtherKey)
		}
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b *receipt) int { return a.guardFrom().Compare(b.guardFrom()) })
	g := &Guard{key: key, names: make(map[[sha256.Size]byte]struct{})}
	for _, r := range all {
		if !r.tally.hasGuard || r.plan.Action == ActionUnsuppress && r.tally.guardIn >= r.lastSigned() {
			continue // anybody could have written it
		}
		set, err := readGuardFile(filepath.Join(r.dir, guardFile))
		if err != nil {
			return nil, err
		}
		for _, name := range set.names {
			if r.plan.Action == ActionUnsuppress {
				delete(g.names, name)
			} else {
				g.names[name] = struct{}{}
			}
		}
	}
	return g, nil
}

// guardFrom is from when on a receipt's names count: of a deletion, since it acted last.
func (r *receipt) guardFrom() time.Time {
	if r.plan.Action != ActionUnsuppress && r.tally.acted.After(r.tally.guardAt) {
		return r.tally.acted
	}
	return r.tally.guardAt
}

// WriteGuard writes the guard to a file, which ReadGuard reads, with mode 0600. It replaces the file as a whole.
func (g *Guard) WriteGuard(file string) error {
	names := make([][sha256.Size]byte, 0, len(g.names))
	for name := range g.names {
		names = append(names, name)
	}
	return writeFile(file, guardText(ActionDelete, g.key, sortedSet(names)))
}
