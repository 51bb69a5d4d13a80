package load

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"
)

// maxID bounds the ids that are kept: no message of 32,000 bytes, which are all there can be, has a longer one.
const maxID = 32_000

// mention is somebody whom a row names, and how. Only who was identified belongs to a mirror. Who is named in any way is in the input.
type mention struct {
	how     byte
	id      []byte // as it was read; empty if only an address is known
	address uint64 // the hash of an e-mail address; 0 for none
	message int    // of the row, which identifies or deletes them
}

const (
	namedIdentified byte = 'i' // by a message that was accepted, or was left out because it has not changed
	namedUnsure     byte = 'u' // by a message of which nobody knows whether it was accepted
	namedOnly       byte = 'm' // mentioned
	namedDeleted    byte = 'd' // deleted or suppressed by a message that was accepted
)

// append writes it as a record.
func (n *mention) append(dst []byte) []byte {
	dst = append(dst, n.how)
	dst = binary.BigEndian.AppendUint64(dst, n.address)
	return append(dst, n.id...)
}

// parseNamed reads what append wrote.
func parseNamed(record []byte) (n mention, ok bool) {
	if len(record) < 9 {
		return n, false
	}
	return mention{how: record[0], address: binary.BigEndian.Uint64(record[1:]), id: record[9:]}, true
}

// A person of a snapshot is one or more records, all of them
//
//	the id as it is compared, behind its length as a uvarint
//	a byte that says where it comes from
//	8 bytes  the hash of an e-mail address that the person had, zeros for none
//	the id as it was read
//
// so that those of a person stand together.

// Where a record of a person comes from. A snapshot has those of personPast, personSure and personUnsure alone.
const (
	personFresh       byte = 'a' // identified by this run
	personFreshUnsure byte = 'b' // perhaps
	personLeft        byte = 'l' // identified by a run that was killed
	personLeftUnsure  byte = 'm' // perhaps
	personPast        byte = 'p' // of the snapshot, and does not belong to the mirror any more, but may still have the address
	personSure        byte = 's' // of the snapshot
	personUnsure      byte = 'u'
)

// appendPerson writes a record.
func appendPerson(dst []byte, from byte, addressHash uint64, id []byte) []byte {
	dst = append(appendText(dst, []byte(foldID(string(id)))), from)
	dst = binary.BigEndian.AppendUint64(dst, addressHash)
	return append(dst, id...)
}

// appendKey writes what the records of a person begin with.
func appendKey(dst, id []byte) []byte { return appendText(dst, []byte(foldID(string(id)))) }

// keyOf returns that beginning, nil if the record is none.
func keyOf(record []byte) []byte {
	n, head := binary.Uvarint(record)
	if head <= 0 || n > maxRecord || uint64(len(record)) < uint64(head)+n+9 {
		return nil
	}
	return record[:head+int(n)]
}

// person is one of the people of whom a mirror knows.
type person struct {
	key       []byte   // what the records begin with
	id        []byte   // as it is sent
	sure      bool     // it is known that a load has identified them
	fresh     bool     // this run has, or may have
	left      bool     // a run has that was killed
	old       bool     // they are in the snapshot
	past      bool     // they do not belong to the mirror
	addresses []uint64 // that they are known to have had, in order, each once
}

// peopleReader reads people from their records.
type peopleReader struct {
	from  records
	ahead []byte // the first record of the one that follows; nil before the first and at the end
	begun bool
	one   person
}

// next returns the person that follows, valid until the next call, and io.EOF after the last.
func (p *peopleReader) next() (*person, error) {
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
	*one = person{past: true, key: append(one.key[:0], keyOf(p.ahead)...), id: one.id[:0], addresses: one.addresses[:0]}
	freshAddress := false
	first := byte(0)
	for p.ahead != nil && bytes.Equal(keyOf(p.ahead), one.key) {
		rest := p.ahead[len(one.key):]
		from, address, id := rest[0], binary.BigEndian.Uint64(rest[1:]), rest[9:]
		if first == 0 {
			first, one.id = from, append(one.id, id...)
		}
		one.past = one.past && from == personPast
		one.sure = one.sure || from == personFresh || from == personLeft || from == personSure
		one.left = one.left || from == personLeft
		one.old = one.old || from == personSure || from == personUnsure || from == personPast
		one.fresh = one.fresh || from == personFresh || from == personFreshUnsure
		switch {
		case address == 0:
		case freshAddress && (from == personSure || from == personLeft || from == personPast):
			// This run has given the person another one.
		default:
			one.addresses = append(one.addresses, address)
			freshAddress = freshAddress || from == personFresh
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	slices.Sort(one.addresses)
	one.addresses = slices.Compact(one.addresses)
	return one, nil
}

func (p *peopleReader) advance() error {
	record, err := p.from.next()
	if err == io.EOF {
		p.ahead = nil
		return nil
	}
	if err == nil && keyOf(record) == nil {
		err = errRecord
	}
	if err != nil {
		return err
	}
	p.ahead = append(p.ahead[:0], record...)
	if len(p.ahead) == 0 {
		return errRecord
	}
	return nil
}

// each calls f for everybody, and says whether they have one of the keys, which are in order.
func (p *peopleReader) each(keys records, f func(one *person, listed bool) error) error {
	var key []byte
	if err := advance(keys, &key); err != nil {
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
		for key != nil && bytes.Compare(key, one.key) < 0 {
			if err := advance(keys, &key); err != nil {
				return err
			}
		}
		if err := f(one, key != nil && bytes.Equal(key, one.key)); err != nil {
			return err
		}
	}
}

// eachBut calls f for everybody who belongs to the mirror and has none of the keys, which are in order.
func (p *peopleReader) eachBut(keys records, f func(*person) error) error {
	return p.each(keys, func(one *person, listed bool) error {
		if listed || one.past {
			return nil
		}
		return f(one)
	})
}

// write calls f with the person's records as a snapshot has them.
func (p *person) write(buf []byte, f func([]byte) error) ([]byte, error) {
	from := personUnsure
	switch {
	case p.past:
		from = personPast
	case p.sure:
		from = personSure
	}
	if len(p.addresses) == 0 {
		buf = appendPerson(buf[:0], from, 0, p.id)
		return buf, f(buf)
	}
	for _, address := range p.addresses {
		buf = appendPerson(buf[:0], from, address, p.id)
		if err := f(buf); err != nil {
			return buf, err
		}
	}
	return buf, nil
}
