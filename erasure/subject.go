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

// Kind is what an identifier is to Customer.io.
type Kind string

const (
	KindID    Kind = "id"
	KindEmail Kind = "email"
	// KindCIOID is the identifier that Customer.io gives to each person. It begins with "cio_".
	KindCIOID Kind = "cio_id"
)

// cioPrefix begins a cio_id in a userId, and in paths of the App API.
const cioPrefix = "cio_"

// KindOf returns what a userId is taken for: a cio_id if it begins with "cio_", an address if it looks like one, else an id. That Pipelines reads a cio_id so is
// inferred from the code of Customer.io's partners, and not documented.
func KindOf(id string) Kind {
	switch {
	case strings.HasPrefix(id, cioPrefix) && len(id) > len(cioPrefix):
		return KindCIOID
	case address.Is(id):
		return KindEmail
	}
	return KindID
}

// canonical appends kind, NUL and the identifier as it is compared: an address with its letters of ASCII in lower case, all else by its bytes. What Customer.io does with the
// case of other letters is not documented, and two people must not be taken for one.
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

// Subject names a person in a receipt: the HMAC-SHA256 of kind, NUL and identifier under a ReceiptKey. Without the key it tells nobody who is meant.
type Subject [sha256.Size]byte

// String returns the subject in base64, as it stands in the entries.
func (s Subject) String() string { return base64.StdEncoding.EncodeToString(s[:]) }

// secret is a key for HMAC. It never prints itself.
type secret struct{ key []byte }

func (s secret) sum(id string) [sha256.Size]byte { return s.sums().sum(id) }

// sums makes many sums with a key. It is for one goroutine.
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

// id tells keys apart without showing them.
func (s secret) id() (id [8]byte) {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte("ciokit erasure key id"))
	copy(id[:], mac.Sum(nil))
	return id
}

// Format prints that there is a key, whatever the verb.
func (s secret) Format(f fmt.State, _ rune) {
	if s.key == nil {
		fmt.Fprint(f, "no key")
		return
	}
	fmt.Fprint(f, "a secret key")
}

// IsZero reports whether there is no key.
func (s secret) IsZero() bool { return s.key == nil }

// ReceiptKey makes the subjects of the receipts of a workspace. Who has it can find a person in a receipt. Who destroys it unlinks all receipts made with it,
// for good. The zero value is no key. It prints and logs without its secret.
type ReceiptKey struct{ secret }

// GuardKey makes the names in the guard of a workspace. It is not the ReceiptKey, so that destroying that one leaves the guard as it is. The zero value is no key.
type GuardKey struct{ secret }

// The first words of the keys' texts.
const (
	receiptKeyWord = "ciokit-erasure-receipt-key-1"
	guardKeyWord   = "ciokit-erasure-guard-key-1"
)

// NewReceiptKey makes a random key.
func NewReceiptKey() ReceiptKey { return ReceiptKey{newSecret()} }

// NewGuardKey makes a random key.
func NewGuardKey() GuardKey { return GuardKey{newSecret()} }

func newSecret() secret {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // it never fails
	return secret{key}
}

// ParseReceiptKey reads a key from the text that Reveal returned. Spaces around it are ignored. No error holds the text.
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
		return secret{}, fmt.Errorf("erasure: the key is a %s, and a %s is needed here", word, want)
	}
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if !ok || word != want || err != nil || len(key) != sha256.Size {
		return secret{}, fmt.Errorf("erasure: the text is no %s; take the file as keygen wrote it", want)
	}
	return secret{key}, nil
}

// Reveal returns the key as text, to be kept where only those may read it who may find people in receipts.
func (k ReceiptKey) Reveal() string { return k.reveal(receiptKeyWord) }

// Reveal returns the key as text.
func (k GuardKey) Reveal() string { return k.reveal(guardKeyWord) }

func (s secret) reveal(word string) string {
	return word + "+" + base64.StdEncoding.EncodeToString(s.key)
}

// Subject returns the name that receipts have for an identifier.
func (k ReceiptKey) Subject(id string) Subject { return Subject(k.sum(id)) }

// Target is a person who is named in clear.
type Target struct {
	// ID is what the message to Customer.io names the person by: an id, an address or a cio_id.
	ID string `json:"id"`
	// Also are other identifiers of the same person. Nothing is sent for them; the guard knows them.
	Also []string `json:"also,omitempty"`
}

// maxID is how many bytes an id has at most, and an address.
const (
	maxID      = 150
	maxAddress = 254
)

// checkID returns why an identifier can be nobody's, without quoting it.
func checkID(id string) error {
	limit := maxID
	if KindOf(id) == KindEmail {
		limit = maxAddress
	}
	switch {
	case id == "":
		return errors.New("it is empty")
	case len(id) > limit:
		return fmt.Errorf("it has %d bytes, and an identifier has at most %d", len(id), limit)
	case !utf8.ValidString(id):
		return errors.New("it is not UTF-8")
	case strings.TrimSpace(id) != id:
		return errors.New("it has spaces around it; they would be part of the id")
	case bytes.ContainsAny([]byte(id), "\x00\r\n"):
		return errors.New("it has a line end or a NUL in it")
	}
	return nil
}

// people are the targets of a plan, one for each subject, sorted by subject.
type people struct {
	list []person
	// pairs are the guard's names of all, sorted, each once for each person.
	pairs []guardPair
	// doubles counts targets that name a subject again.
	doubles int
}

type person struct {
	subject Subject
	Target
}

// TargetError is a target that can be nobody's identifier. It does not quote it.
type TargetError struct {
	// Index is its place among the targets, from 0.
	Index int
	Err   error
}

func (e *TargetError) Error() string {
	return fmt.Sprintf("erasure: target %d names nobody: %v", e.Index+1, e.Err)
}

func (e *TargetError) Unwrap() error { return e.Err }

// peopleOf checks targets, and finds those that are named twice.
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

// otherSpellings are those that a guard looks for besides the identifier itself.
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

// has reports whether somebody is one of them.
func (p *people) has(s Subject) bool {
	_, found := slices.BinarySearchFunc(p.list, s, func(a person, s Subject) int { return bytes.Compare(a.subject[:], s[:]) })
	return found
}

// subjectsHash is the hash over all subjects in their order.
func (p *people) subjectsHash() [sha256.Size]byte {
	h := sha256.New()
	for i := range p.list {
		h.Write(p.list[i].subject[:])
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// namesHash is the hash over a sorted set of names.
func namesHash(names [][sha256.Size]byte) [sha256.Size]byte {
	h := sha256.New()
	for i := range names {
		h.Write(names[i][:])
	}
	return [sha256.Size]byte(h.Sum(nil))
}
