package erasure

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/ciokit/cio"
)

// ErrErased says that the person was erased. A Guard returns it.
var ErrErased = errors.New("erasure: the person was erased")

// Guard knows who was erased: it has a name for each of their identifiers, made with a GuardKey. Set cio.Config.Guard to its Check: then identify,
// track, group, page, screen and alias for an erased person are rejected before they are sent. A Guard is safe for concurrent use. The zero value
// knows nobody.
type Guard struct {
	key   GuardKey
	names map[guardName]struct{}
	kept  int
}

// Len returns how many identifiers it knows.
func (g *Guard) Len() int { return len(g.names) }

// Kept returns how many identifiers GuardOf has left in the guard although the suppression of their person has ended. GuardOf leaves an identifier if
// another erased person has it too, or if the same person was erased by another identifier.
func (g *Guard) Kept() int { return g.kept }

// Check returns ErrErased if one of the identifiers belongs to an erased person: the userId, the anonymousId, the previousId of an alias, or the
// trait email. It takes about a microsecond for each.
func (g *Guard) Check(id cio.Identity) error {
	for _, s := range [...]string{id.UserID, id.PreviousID, id.AnonymousID, id.Email} {
		if s != "" && g.Has(s) {
			return ErrErased
		}
	}
	return nil
}

// Has reports whether an identifier belongs to an erased person. It ignores spaces around the identifier and invisible characters in it: a message
// with them is still about that person. It ignores the case of an address. It does so for letters outside of ASCII too, because Customer.io does not
// document whether it takes two such spellings for one address.
func (g *Guard) Has(id string) bool {
	if len(g.names) == 0 {
		return false
	}
	if g.has(id) {
		return true
	}
	bare := visible(id)
	return bare != id && bare != "" && g.has(bare)
}

// visible returns a text without the spaces around it and without its invisible characters.
func visible(text string) string {
	plain := func(c byte) bool { return c > ' ' && c < 0x7f }
	if text == "" || plain(text[0]) && plain(text[len(text)-1]) && !strings.ContainsFunc(text, unseen) {
		return text
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unseen(r) {
			return -1
		}
		return r
	}, text))
}

// unseen reports whether a character is invisible or looks like a space. The space of ASCII itself does not count.
func unseen(r rune) bool {
	if r >= ' ' && r < 0x7f {
		return false
	}
	return unicode.IsSpace(r) || r == '\u2800' || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

func (g *Guard) has(id string) bool {
	if _, ok := g.names[g.key.sum(id)]; ok {
		return true
	}
	for _, other := range otherSpellings(id) {
		if _, ok := g.names[g.key.sum(other)]; ok {
			return true
		}
	}
	return false
}

// ReadGuard reads a guard that WriteGuard wrote. The key must be the one it was made with (ErrOtherKey). It refuses a file that was cut or altered.
// It also refuses a file of the first version, because such a file does not show whether it is complete. Use GuardOf to make the guard again.
func ReadGuard(file string, key GuardKey) (*Guard, error) {
	set, err := readGuardFile(file)
	if err != nil {
		return nil, err
	}
	if set.version == 1 {
		return nil, fmt.Errorf("erasure: the guard %s is of an earlier version (%q), which does not show whether it is complete: write it again from the receipts, with ciokit erase guard", file, guardTitle1)
	}
	if set.key != key.id() {
		return nil, because(ErrOtherKey, "the guard %s was made with another guard key: give that key", file)
	}
	return set.guard(key), nil
}

func (s *guardSet) guard(key GuardKey) *Guard {
	g := &Guard{key: key, names: make(map[guardName]struct{}, len(s.pairs))}
	for _, p := range s.pairs {
		g.names[p.name] = struct{}{}
	}
	return g
}

// GuardOf makes the guard of receipts. Their order does not matter. Receipts of deletions and suppressions add the names of their people. A receipt
// that ends suppressions takes its people out of the guard: it removes the names that they have from receipts whose last action was before it began.
// A name stays if it also belongs to another person, and that person is still erased. Two plans mean the same person if they name the person by the
// same identifier; see Kept. GuardOf checks each receipt first. A deletion or a suppression counts as soon as its run has begun, whatever its
// outcome. The end of a suppression counts only if it is signed.
func GuardOf(dirs []string, cfg CheckConfig, key GuardKey) (*Guard, error) {
	var all []*receipt
	for _, dir := range dirs {
		r, err := readReceipt(dir, cfg)
		if err == nil {
			err = r.checkGuard()
		}
		if err != nil {
			return nil, inReceipt(dir, err)
		}
		if r.plan.GuardKeyID != key.id() {
			return nil, because(ErrOtherKey, "%s: the receipt was made with another guard key: give that key", dir)
		}
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b *receipt) int { return a.guardFrom().Compare(b.guardFrom()) })
	erased := make(map[guardPair]struct{})
	lifted := make(map[guardName]struct{})
	for _, r := range all {
		if !r.tally.hasGuard || r.plan.Action == ActionUnsuppress && r.tally.guardIn >= r.lastSigned() {
			continue // it is not signed: anybody could have written it
		}
		set, err := readGuardFile(filepath.Join(r.dir, guardFile))
		if err != nil {
			return nil, err
		}
		if r.plan.Action == ActionUnsuppress {
			lift(erased, set, lifted)
			continue
		}
		for _, p := range set.pairs {
			erased[p] = struct{}{}
			delete(lifted, p.name)
		}
	}
	g := &Guard{key: key, names: make(map[guardName]struct{})}
	for p := range erased {
		g.names[p.name] = struct{}{}
	}
	for name := range lifted {
		if _, stays := g.names[name]; stays {
			g.kept++
		}
	}
	return g, nil
}

// lift removes the people of a set from those who are erased.
func lift(erased map[guardPair]struct{}, set *guardSet, lifted map[guardName]struct{}) {
	owners := make(map[guardName]struct{})
	for _, p := range set.pairs {
		owners[p.owner], lifted[p.name] = struct{}{}, struct{}{}
	}
	for p := range erased {
		if _, ok := owners[p.owner]; ok {
			delete(erased, p)
		}
	}
}

// guardFrom is the time from which a receipt's names count. For a deletion or a suppression it is the time of the last intent, or of the guard's
// entry if that is later. For the end of a suppression it is the time when the receipt began, even if a later run or a verification wrote its names:
// people who were erased after it began stay in the guard. If the clock was set back within a receipt, the latest of its times counts for a deletion,
// and the earliest for the end of a suppression: if in doubt, people stay in the guard.
func (r *receipt) guardFrom() time.Time {
	switch {
	case r.plan.Action == ActionUnsuppress:
		return r.tally.first
	case r.tally.acted.After(r.tally.guardAt):
		return r.tally.acted
	}
	return r.tally.guardAt
}

// WriteGuard writes the guard to a file with mode 0600, for ReadGuard. It replaces the file atomically.
func (g *Guard) WriteGuard(file string) error {
	set := &guardSet{version: 2, action: ActionDelete, key: g.key.id()}
	set.pairs = ownPairs(sortedSet(slices.Collect(maps.Keys(g.names))))
	return writeFile(file, set.text())
}
