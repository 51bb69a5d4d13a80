package erasure

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Role says what a key is used for. It is the first part of the key's name, before the slash.
type Role string

const (
	// RoleOperator makes plans, runs them and signs checkpoints.
	RoleOperator Role = "operator"
	// RoleApprover approves plans.
	RoleApprover Role = "approver"
)

var keyName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// isKeyName reports whether a name has the form ROLE/NAME.
func isKeyName(name string) bool {
	role, name, _ := strings.Cut(name, "/")
	return (Role(role) == RoleOperator || Role(role) == RoleApprover) && keyName.MatchString(name)
}

// GenerateKey makes an Ed25519 key for signing, in the format of signed notes (golang.org/x/mod/sumdb/note). Its name is ROLE/NAME. private is a
// secret. public is for the Keyring of everybody who checks receipts.
func GenerateKey(role Role, name string) (private, public string, err error) {
	switch {
	case role != RoleOperator && role != RoleApprover:
		return "", "", fmt.Errorf("erasure: a key cannot have the role %q: use %s or %s", string(role), RoleOperator, RoleApprover)
	case !keyName.MatchString(name):
		return "", "", fmt.Errorf("erasure: a key cannot have the name %q: use letters, digits, dots, dashes and underscores, and a letter or digit at the beginning", name)
	}
	return note.GenerateKey(rand.Reader, string(role)+"/"+name)
}

// Signer signs plans, approvals and checkpoints. The zero value cannot sign. A Signer never prints its key.
type Signer struct{ note.Signer }

// Format prints only the name, whatever the verb.
func (s Signer) Format(f fmt.State, _ rune) {
	if s.Signer == nil {
		fmt.Fprint(f, "no key")
		return
	}
	fmt.Fprint(f, s.Name())
}

// Role returns the first part of the name.
func (s Signer) Role() Role { return roleOf(s.Name()) }

func roleOf(name string) Role {
	role, _, _ := strings.Cut(name, "/")
	return Role(role)
}

// ParseSigner reads a private key. No error contains the text.
func ParseSigner(private string) (Signer, error) {
	s, err := note.NewSigner(strings.TrimSpace(private))
	if _, public := note.NewVerifier(strings.TrimSpace(private)); err != nil && public == nil {
		return Signer{}, errors.New("erasure: this is a public key, and signing needs the private key: give the file that ends in .key")
	}
	if err != nil {
		return Signer{}, errors.New("erasure: the text is not a private key for signing; use the file as keygen wrote it")
	}
	if !isKeyName(s.Name()) {
		return Signer{}, fmt.Errorf("erasure: the key's name %q is not operator/NAME or approver/NAME", s.Name())
	}
	return Signer{s}, nil
}

// Keyring has the public keys that a check trusts. The zero value trusts nobody.
type Keyring struct{ keys []publicKey }

type publicKey struct {
	note.Verifier
	text   string
	public string // the bytes of the key, without its name
}

// ParseKeyring reads public keys, one a line. Empty lines and lines that begin with # are ignored. ParseKeyring refuses two keys with one name, and
// one key under two names: its owner could approve their own orders.
func ParseKeyring(text string) (Keyring, error) {
	var r Keyring
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		v, err := note.NewVerifier(line)
		if strings.HasPrefix(line, "PRIVATE+KEY+") {
			return Keyring{}, fmt.Errorf("erasure: line %d of the keyring is a private key, which only its owner may have: give the public key, the file that ends in .pub", n)
		}
		if err != nil {
			return Keyring{}, fmt.Errorf("erasure: line %d of the keyring is not a public key; write it as NAME+HASH+KEY, as keygen does", n)
		}
		if !isKeyName(v.Name()) {
			return Keyring{}, fmt.Errorf("erasure: line %d of the keyring is not a key for erasures: its name %q is not operator/NAME or approver/NAME", n, v.Name())
		}
		_, rest, _ := strings.Cut(line, "+")
		_, encoded, _ := strings.Cut(rest, "+")
		raw, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return Keyring{}, fmt.Errorf("erasure: line %d of the keyring is not a public key", n)
		}
		key := publicKey{v, line, string(raw)}
		for _, other := range r.keys {
			switch {
			case other.text == line:
			case other.Name() == key.Name():
				return Keyring{}, fmt.Errorf("erasure: line %d of the keyring is a second key named %s; each key needs its own name", n, key.Name())
			case other.public == key.public:
				return Keyring{}, fmt.Errorf("erasure: line %d of the keyring, %s, is the key of %s under another name: each person needs their own key", n, key.Name(), other.Name())
			}
		}
		if !slices.ContainsFunc(r.keys, func(o publicKey) bool { return o.text == line }) {
			r.keys = append(r.keys, key)
		}
	}
	return r, nil
}

// Names returns the names of the keys.
func (r Keyring) Names() []string {
	names := make([]string, len(r.keys))
	for i, k := range r.keys {
		names[i] = k.Name()
	}
	return names
}

// String returns the keys, one a line.
func (r Keyring) String() string {
	var b strings.Builder
	for _, k := range r.keys {
		b.WriteString(k.text + "\n")
	}
	return b.String()
}

// open returns a signed note with the signatures of keys on the ring. There must be at least one, and a wrong signature of a key on the ring is an
// error.
func (r Keyring) open(signed []byte) (*note.Note, error) {
	verifiers := make([]note.Verifier, len(r.keys))
	for i, k := range r.keys {
		verifiers[i] = k
	}
	n, err := note.Open(signed, note.VerifierList(verifiers...))
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &unverified):
		var names []string
		for _, s := range unverified.Note.UnverifiedSigs {
			names = append(names, s.Name)
		}
		return nil, fmt.Errorf("%w: it is signed by %s, and the keyring has %s%s", ErrUntrusted, strings.Join(names, ", "), listOr(r.Names(), "no key"), r.adding(names...))
	case errors.As(err, &invalid):
		return nil, fmt.Errorf("%w: the signature of %s does not fit the text%s", ErrAltered, invalid.Name, lineEnds(signed))
	case err != nil:
		return nil, because(ErrAltered, "the text is not a signed plan or checkpoint, or it was altered after it was signed%s", lineEnds(signed))
	}
	for _, s := range n.Sigs { // a signature can be written in only one way
		if _, err := base64.StdEncoding.Strict().DecodeString(s.Base64); err != nil {
			return nil, fmt.Errorf("%w: the signature of %s is not in the form in which it was written", ErrAltered, s.Name)
		}
	}
	return n, nil
}

// adding says what to do about the signatures of names that no key on the ring can check.
func (r Keyring) adding(names ...string) string {
	for _, name := range names {
		if slices.Contains(r.Names(), name) {
			return "; its key named " + name + " is not the key that signed: find out which of the two is right"
		}
	}
	if len(names) == 1 {
		return "; if you trust " + names[0] + ", add their public key (--keys)"
	}
	return "; if you trust one of those who signed, add their public key (--keys)"
}

func listOr(names []string, none string) string {
	if len(names) == 0 {
		return none
	}
	return strings.Join(names, ", ")
}

// strangers returns the names of the signatures that no key on the ring can check, each once.
func strangers(n *note.Note) (names []string) {
	for _, s := range n.UnverifiedSigs {
		if !slices.Contains(names, s.Name) {
			names = append(names, s.Name)
		}
	}
	return names
}

// signedBy returns the names of the keys on the ring that have that role and have signed.
func (r Keyring) signedBy(n *note.Note, role Role) []string {
	var names []string
	for _, s := range n.Sigs {
		if roleOf(s.Name) == role {
			names = append(names, s.Name)
		}
	}
	return names
}

// distinct reports whether two names on the ring have different public keys.
func (r Keyring) distinct(a, b string) bool {
	var keys [2]string
	for _, k := range r.keys {
		switch k.Name() {
		case a:
			keys[0] = k.public
		case b:
			keys[1] = k.public
		}
	}
	return keys[0] != "" && keys[1] != "" && keys[0] != keys[1]
}

// knows reports whether the ring can check what the key signs. Another key with the same name does not count.
func (r Keyring) knows(s Signer) bool {
	text := []byte("ciokit erasure: is this key on the ring?")
	signature, err := s.Sign(text)
	return err == nil && slices.ContainsFunc(r.keys, func(k publicKey) bool { return k.Name() == s.Name() && k.Verify(text, signature) })
}

// pick returns a ring that has only the keys with those names.
func (r Keyring) pick(names ...string) Keyring {
	var out Keyring
	for _, k := range r.keys {
		if slices.Contains(names, k.Name()) {
			out.keys = append(out.keys, k)
		}
	}
	return out
}
