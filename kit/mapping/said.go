package mapping

import (
	"bytes"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/internal/address"
)

// Said is what a message says about the person or thing that it identifies, by hashes that differ in each process. A message of a row has several, or
// none.
type Said struct {
	// Address says that Key is an email address that an identify gives to the person in Other, who is identified by the userId. Person says the same
	// in the other direction: Key is the person, and Other is the address. Otherwise Key is a message id that the mapping makes, and Other is 0.
	Address, Person bool
	Key             [2]uint64
	Other           uint64
}

// sayings collects what the messages of a row say about the people and things that they identify.
type sayings struct {
	seeds [3]maphash.Seed
	said  []Said
	text  []byte // of the current message: its id, then its address
	user  []byte
}

func newSayings() *sayings {
	s := new(sayings)
	for i := range s.seeds {
		s.seeds[i] = maphash.MakeSeed()
	}
	return s
}

// add adds what the current message, which m has just made, says about the person or thing that it identifies.
func (s *sayings) add(m *Mapper, p *Message) {
	v := &m.values
	if p.Keyed() {
		s.text = append(s.text[:0], v.meta.MessageID...)
		s.said = append(s.said, Said{Key: s.key(s.text)})
	}
	if p.kind.typ != cio.TypeIdentify {
		return
	}
	text, given := m.emailTrait(p)
	if !given {
		return
	}
	var ok bool
	if s.text, ok = address.Append(s.text[:0], text); !ok {
		m.noAddress++
		return
	}
	user := v.text[fieldUserID]
	if user == "" {
		return
	}
	s.user, ok = s.user[:0], false
	if strings.IndexByte(user, '@') >= 0 { // otherwise it is not an address
		s.user, ok = address.Append(s.user, user)
	}
	switch {
	case !ok:
		s.user = append(s.user, user...)
	case bytes.Equal(s.user, s.text):
		return
	}
	s.said = append(s.said,
		Said{Address: true, Key: s.key(s.text), Other: maphash.Bytes(s.seeds[2], s.user)},
		Said{Person: true, Key: s.key(s.user), Other: maphash.Bytes(s.seeds[2], s.text)})
}

// key identifies something in 128 bits.
func (s *sayings) key(text []byte) [2]uint64 {
	return [2]uint64{maphash.Bytes(s.seeds[0], text), maphash.Bytes(s.seeds[1], text)}
}

// Person returns the person of the i-th message of the current row, empty if there is none. Two messages about one person have the same.
func (m *Mapper) Person(i int) string {
	switch k, e := m.Made(i).kind, &m.messages[i]; {
	case !slices.Contains(k.fields, fieldUserID) && !slices.Contains(k.fields, fieldAnonymousID):
		return ""
	case e.Type() == cio.TypeGroup: // its identity may be that of an object
		id := e.Identity()
		if id.UserID == "" {
			return id.AnonymousID
		}
		return id.UserID
	}
	return m.identities[i]
}
