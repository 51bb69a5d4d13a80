package snapshot

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"

	"github.com/ciokit/cio/internal/address"
	"github.com/ciokit/cio/kit/internal/extsort"
)

// MaxID bounds the ids that are kept: a message has at most 32,000 bytes, so no id in a message is longer.
const MaxID = 32_000

// Mention is a person whom a row names, and how. Only people who were identified belong to a mirror. Everybody who is named in any way is in the
// input.
type Mention struct {
	How     byte
	ID      []byte // as it was read; empty if only an address is known
	Address uint64 // the hash of an email address; 0 for none
	Message int    // index of the row's message that identifies or deletes them
}

const (
	NamedIdentified byte = 'i' // in a message that was accepted, or left out because it has not changed
	NamedUnsure     byte = 'u' // in a message that may have been accepted
	NamedOnly       byte = 'm' // mentioned
	NamedDeleted    byte = 'd' // deleted or suppressed in a message that was accepted
)

// append writes it as a record.
func (n *Mention) append(dst []byte) []byte {
	dst = append(dst, n.How)
	dst = binary.BigEndian.AppendUint64(dst, n.Address)
	return append(dst, n.ID...)
}

// parseMention reads what append wrote.
func parseMention(record []byte) (n Mention, ok bool) {
	if len(record) < 9 {
		return n, false
	}
	return Mention{How: record[0], Address: binary.BigEndian.Uint64(record[1:]), ID: record[9:]}, true
}

// A person of a snapshot is one or more records. Each record is
//
//	the id as it is compared, after its length as a uvarint
//	a byte for its origin, see below
//	8 bytes  the hash of an email address that the person had, zeros for none
//	the id as it was read
//
// so the records of a person are next to each other.

// The origin of a record of a person. A snapshot has only records of PersonPast, PersonSure and PersonUnsure.
const (
	PersonFresh       byte = 'a' // identified by this run
	PersonFreshUnsure byte = 'b' // perhaps
	PersonLeft        byte = 'l' // identified by a killed run
	PersonLeftUnsure  byte = 'm' // perhaps
	PersonPast        byte = 'p' // in the snapshot; no longer belongs to the mirror, but may still have the address
	PersonSure        byte = 's' // in the snapshot
	PersonUnsure      byte = 'u'
)

// AppendPerson writes a record.
func AppendPerson(dst []byte, from byte, addressHash uint64, id []byte) []byte {
	dst = append(AppendText(dst, []byte(address.Fold(string(id)))), from)
	dst = binary.BigEndian.AppendUint64(dst, addressHash)
	return append(dst, id...)
}

// AppendKey writes the first part of a person's records, the key.
func AppendKey(dst, id []byte) []byte { return AppendText(dst, []byte(address.Fold(string(id)))) }

// keyOf returns the key of a record, nil if the record is not valid.
func keyOf(record []byte) []byte {
	n, head := binary.Uvarint(record)
	if head <= 0 || n > extsort.MaxRecord || uint64(len(record)) < uint64(head)+n+9 {
		return nil
	}
	return record[:head+int(n)]
}

// Person is one of the people that a mirror knows of.
type Person struct {
	Key       []byte   // the first part of the records
	ID        []byte   // as it is sent
	Sure      bool     // it is known that a load has identified them
	Fresh     bool     // this run has identified them, or may have
	Left      bool     // a killed run has identified them
	Old       bool     // they are in the snapshot
	Past      bool     // they do not belong to the mirror
	Addresses []uint64 // hashes of the addresses that they are known to have had, in order, each once
}

// PeopleReader reads people from their records.
type PeopleReader struct {
	From  extsort.Records
	ahead []byte // the first record of the next person; nil before the first and at the end
	begun bool
	one   Person
}

// next returns the next person, valid until the next call, and io.EOF after the last.
func (p *PeopleReader) next() (*Person, error) {
	if !p.begun {
		p.begun = true
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	if p.ahead == nil {
		return nil, io.EOF
	}
	one := &p.one
	*one = Person{Past: true, Key: append(one.Key[:0], keyOf(p.ahead)...), ID: one.ID[:0], Addresses: one.Addresses[:0]}
	freshAddress := false
	first := byte(0)
	for p.ahead != nil && bytes.Equal(keyOf(p.ahead), one.Key) {
		rest := p.ahead[len(one.Key):]
		from, address, id := rest[0], binary.BigEndian.Uint64(rest[1:]), rest[9:]
		if first == 0 {
			first, one.ID = from, append(one.ID, id...)
		}
		one.Past = one.Past && from == PersonPast
		one.Sure = one.Sure || from == PersonFresh || from == PersonLeft || from == PersonSure
		one.Left = one.Left || from == PersonLeft
		one.Old = one.Old || from == PersonSure || from == PersonUnsure || from == PersonPast
		one.Fresh = one.Fresh || from == PersonFresh || from == PersonFreshUnsure
		switch {
		case address == 0:
		case freshAddress && (from == PersonSure || from == PersonLeft || from == PersonPast):
			// This run has given the person another address.
		default:
			one.Addresses = append(one.Addresses, address)
			freshAddress = freshAddress || from == PersonFresh
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	slices.Sort(one.Addresses)
	one.Addresses = slices.Compact(one.Addresses)
	return one, nil
}

func (p *PeopleReader) advance() error {
	record, err := p.From.Next()
	if err == io.EOF {
		p.ahead = nil
		return nil
	}
	if err == nil && keyOf(record) == nil {
		err = extsort.ErrRecord
	}
	if err != nil {
		return err
	}
	p.ahead = append(p.ahead[:0], record...)
	if len(p.ahead) == 0 {
		return extsort.ErrRecord
	}
	return nil
}

// Each calls f for everybody, and says whether the person's key is in keys. The keys must be in order.
func (p *PeopleReader) Each(keys extsort.Records, f func(one *Person, listed bool) error) error {
	var key []byte
	if err := extsort.Advance(keys, &key); err != nil {
		return err
	}
	for {
		one, err := p.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for key != nil && bytes.Compare(key, one.Key) < 0 {
			if err := extsort.Advance(keys, &key); err != nil {
				return err
			}
		}
		if err := f(one, key != nil && bytes.Equal(key, one.Key)); err != nil {
			return err
		}
	}
}

// EachBut calls f for everybody who belongs to the mirror and whose key is not in keys. The keys must be in order.
func (p *PeopleReader) EachBut(keys extsort.Records, f func(*Person) error) error {
	return p.Each(keys, func(one *Person, listed bool) error {
		if listed || one.Past {
			return nil
		}
		return f(one)
	})
}

// Write calls f with the person's records in the form of a snapshot.
func (p *Person) Write(buf []byte, f func([]byte) error) ([]byte, error) {
	from := PersonUnsure
	switch {
	case p.Past:
		from = PersonPast
	case p.Sure:
		from = PersonSure
	}
	if len(p.Addresses) == 0 {
		buf = AppendPerson(buf[:0], from, 0, p.ID)
		return buf, f(buf)
	}
	for _, address := range p.Addresses {
		buf = AppendPerson(buf[:0], from, address, p.ID)
		if err := f(buf); err != nil {
			return buf, err
		}
	}
	return buf, nil
}
