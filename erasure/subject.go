package erasure

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ciokit/cio/internal/address"
)

// Kind is how Customer.io reads an identifier.
type Kind string

const (
	KindID    Kind = "id"
	KindEmail Kind = "email"
	// KindCIOID is the identifier that Customer.io gives to each person. It begins with "cio_".
	KindCIOID Kind = "cio_id"
)

// cioPrefix is the beginning of a cio_id in a userId, and in paths of the App API.
const cioPrefix = "cio_"

// KindOf returns how a userId is read: as a cio_id if it begins with "cio_", as an address if it looks like one, else as an id. It is inferred from
// the code of Customer.io's partners, and not documented, that Pipelines reads a cio_id like this.
func KindOf(id string) Kind {
	switch {
	case strings.HasPrefix(id, cioPrefix) && len(id) > len(cioPrefix):
		return KindCIOID
	case address.Is(id):
		return KindEmail
	}
	return KindID
}

// canonical appends the kind, NUL, and the identifier in the form in which it is compared: an address with its letters of ASCII in lower case, a
// cio_id without its prefix, an id unchanged. Customer.io does not document what it does with the case of other letters, and two people must not be
// taken for one.
func canonical(dst []byte, id string) (Kind, []byte) {
	kind := KindOf(id)
	dst = append(append(dst, kind...), 0)
	switch kind {
	case KindEmail:
		dst, _ = address.AppendSure(dst, id)
	case KindCIOID:
		dst = append(dst, id[len(cioPrefix):]...)
	default:
		dst = append(dst, id...)
	}
	return kind, dst
}

// Subject names a person in a receipt: the HMAC-SHA256 of kind, NUL and identifier under a ReceiptKey. Without the key nobody can find out who it is.
type Subject [sha256.Size]byte

// String returns the subject in base64, as the entries have it.
func (s Subject) String() string { return base64.StdEncoding.EncodeToString(s[:]) }

// secret is a key for HMAC. It is never printed.
type secret struct{ key []byte }

func (s secret) sum(id string) [sha256.Size]byte { return s.sums().sum(id) }

// sums computes many HMACs with one key. It must not be used by several goroutines at once.
type sums struct {
	mac  hash.Hash
	text []byte
}

func (s secret) sums() *sums {
	return &sums{mac: hmac.New(sha256.New, s.key), text: make([]byte, 0, 192)}
}

func (m *sums) sum(id string) (sum [sha256.Size]byte) {
	_, m.text = canonical(m.text[:0], id)
	m.mac.Reset()
	m.mac.Write(m.text)
	m.text = m.mac.Sum(m.text[:0])
	copy(sum[:], m.text)
	return sum
}

// id identifies a key without showing it.
func (s secret) id() (id [8]byte) {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte("ciokit erasure key id"))
	copy(id[:], mac.Sum(nil))
	return id
}

// Format prints only whether there is a key, whatever the verb.
func (s secret) Format(f fmt.State, _ rune) {
	if s.key == nil {
		fmt.Fprint(f, "no key")
		return
	}
	fmt.Fprint(f, "a secret key")
}

// IsZero reports whether there is no key.
func (s secret) IsZero() bool { return s.key == nil }

// ReceiptKey makes the subjects of the receipts of a workspace. With it you can find a person in a receipt. If you destroy it, no receipt made with
// it can be linked to a person any more. The zero value is not a key. Printing or logging a ReceiptKey does not show the secret.
type ReceiptKey struct{ secret }

// GuardKey makes the names in the guard of a workspace. It is another key than the ReceiptKey, so that the guard still works after you have destroyed
// the ReceiptKey. The zero value is not a key.
type GuardKey struct{ secret }

// The first word of each key's text.
const (
	receiptKeyWord = "ciokit-erasure-receipt-key-1"
	guardKeyWord   = "ciokit-erasure-guard-key-1"
)

// keyKinds has the names of the keys for people.
var keyKinds = map[string]string{receiptKeyWord: "receipt key", guardKeyWord: "guard key"}

// NewReceiptKey makes a random key.
func NewReceiptKey() ReceiptKey { return ReceiptKey{newSecret()} }

// NewGuardKey makes a random key.
func NewGuardKey() GuardKey { return GuardKey{newSecret()} }

func newSecret() secret {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // it never fails
	return secret{key}
}

// ParseReceiptKey reads a key from the text that Reveal returned. It ignores spaces around the text. No error contains the text.
func ParseReceiptKey(text string) (ReceiptKey, error) {
	s, err := parseSecret(text, receiptKeyWord)
	return ReceiptKey{s}, err
}

// ParseGuardKey is ParseReceiptKey for a GuardKey.
func ParseGuardKey(text string) (GuardKey, error) {
	s, err := parseSecret(text, guardKeyWord)
	return GuardKey{s}, err
}

func parseSecret(text, want string) (secret, error) {
	word, encoded, ok := strings.Cut(strings.TrimSpace(text), "+")
	if ok && word != want && (word == receiptKeyWord || word == guardKeyWord) {
		return secret{}, fmt.Errorf("erasure: this is the %s; give the %s", keyKinds[word], keyKinds[want])
	}
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if !ok || word != want || err != nil || len(key) != sha256.Size {
		return secret{}, fmt.Errorf("erasure: the text is not a %s; use the file as keygen wrote it", keyKinds[want])
	}
	return secret{key}, nil
}

// Reveal returns the key as text. Keep it where only those can read it who are allowed to find people in receipts.
func (k ReceiptKey) Reveal() string { return k.reveal(receiptKeyWord) }

// Reveal returns the key as text.
func (k GuardKey) Reveal() string { return k.reveal(guardKeyWord) }

func (s secret) reveal(word string) string {
	return word + "+" + base64.StdEncoding.EncodeToString(s.key)
}

// Subject returns the name of an identifier in receipts.
func (k ReceiptKey) Subject(id string) Subject { return Subject(k.sum(id)) }

// Target names a person in clear.
type Target struct {
	// ID is the identifier in the message to Customer.io: an id, an address or a cio_id.
	ID string `json:"id"`
	// Also are other identifiers of the same person. Nothing is sent for them; the guard knows them.
	Also []string `json:"also,omitempty"`
}

// The limits of an id and of an address, in bytes.
const (
	maxID      = 150
	maxAddress = 254
)

// checkID returns why an identifier cannot be anybody's. The error does not quote it.
func checkID(id string) error {
	limit := maxID
	if KindOf(id) == KindEmail {
		limit = maxAddress
	}
	switch {
	case id == "":
		return errors.New("it is empty")
	case len(id) > limit:
		return fmt.Errorf("it has %d bytes, and the limit is %d", len(id), limit)
	case !utf8.ValidString(id):
		return errors.New("it is not UTF-8")
	case strings.TrimSpace(id) != id:
		return errors.New("it has spaces around it; they would be part of the id")
	case bytes.ContainsAny([]byte(id), "\x00\r\n"):
		return errors.New("it contains a line end or a NUL")
	}
	return nil
}

// people are the targets of a plan, one for each subject, sorted by subject.
type people struct {
	list []person
	// pairs are the guard's names for all of them, sorted, each once for each person.
	pairs []guardPair
	// doubles counts targets that name a subject again.
	doubles int
}

type person struct {
	subject Subject
	Target
}

// TargetError says what is wrong with one target. It does not quote the target's identifiers.
type TargetError struct {
	// Index is the index of the target, from 0.
	Index int
	Err   error
}

func (e *TargetError) Error() string {
	return fmt.Sprintf("erasure: target %d: %v", e.Index+1, e.Err)
}

func (e *TargetError) Unwrap() error { return e.Err }

// peopleOf checks targets, and finds people who are named twice.
func peopleOf(targets []Target, receipt ReceiptKey, guard GuardKey) (*people, error) {
	p := &people{list: make([]person, 0, len(targets)), pairs: make([]guardPair, 0, len(targets))}
	subjects, names := receipt.sums(), guard.sums()
	for i, t := range targets {
		owner := names.sum(t.ID)
		add := func(id string, name guardName) error {
			if err := checkID(id); err != nil {
				return &TargetError{i, err}
			}
			p.pairs = append(p.pairs, guardPair{owner, name})
			if like, _ := address.Spellings(id); like != "" {
				p.pairs = append(p.pairs, guardPair{owner, names.sum(like)})
			}
			return nil
		}
		if err := add(t.ID, owner); err != nil {
			return nil, err
		}
		for _, id := range t.Also {
			if err := add(id, names.sum(id)); err != nil {
				return nil, err
			}
		}
		p.list = append(p.list, person{Subject(subjects.sum(t.ID)), t})
	}
	slices.SortStableFunc(p.list, func(a, b person) int { return bytes.Compare(a.subject[:], b.subject[:]) })
	kept := p.list[:0]
	for _, t := range p.list {
		if n := len(kept); n > 0 && kept[n-1].subject == t.subject {
			kept[n-1].Also = slices.Concat(kept[n-1].Also, t.Also)
			p.doubles++
			continue
		}
		kept = append(kept, t)
	}
	p.list = kept
	p.pairs = sortedPairs(p.pairs)
	return p, nil
}

// otherSpellings returns the spellings that a guard checks in addition to the identifier itself.
func otherSpellings(id string) []string {
	like, near := address.Spellings(id)
	if like == "" {
		return nil
	}
	return []string{like, near}
}

func sortedSet(names [][sha256.Size]byte) [][sha256.Size]byte {
	slices.SortFunc(names, func(a, b [sha256.Size]byte) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(names)
}

// has reports whether the subject is one of the people.
func (p *people) has(s Subject) bool {
	_, found := slices.BinarySearchFunc(p.list, s, func(a person, s Subject) int { return bytes.Compare(a.subject[:], s[:]) })
	return found
}

// subjectsHash returns the hash over all sorted subjects.
func (p *people) subjectsHash() [sha256.Size]byte {
	h := sha256.New()
	for i := range p.list {
		h.Write(p.list[i].subject[:])
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// namesHash returns the hash over a sorted set of names.
func namesHash(names [][sha256.Size]byte) [sha256.Size]byte {
	h := sha256.New()
	for i := range names {
		h.Write(names[i][:])
	}
	return [sha256.Size]byte(h.Sum(nil))
}
