package load

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/internal/wire"
	"github.com/ciokit/cio/kit/source"
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

// hashAddress is how addresses are kept, which a snapshot needs only to compare.
func (k *marker) hashAddress(address string) uint64 {
	if address == "" {
		return 0
	}
	k.key = append(append(append(k.key[:0], k.salt...), '@'), address...)
	return max(hash64(k.key), 1)
}

// peopleOf adds whom messages that were made name. It reports whether one of them may be about somebody without naming them by a userId.
func (k *marker) peopleOf(list []mention, messages []cio.Encoded, m *mapper) (_ []mention, lost bool) {
	for i := range messages {
		who, p := messages[i].Identity(), m.plan.messages[m.made[i]]
		if who.UserID == "" {
			lost = lost || p.names()
			continue
		}
		n := mention{how: namedOnly, id: []byte(who.UserID), message: i}
		switch event := p.eventName(); {
		case messages[i].Type() == cio.TypeIdentify:
			n.how, n.address = namedIdentified, k.hashAddress(addressOf(who.Email))
			list = append(list, n) // also a second one, because either may be refused
			continue
		case p.kind.typ == cio.TypeTrack && (event == "User Deleted" || event == "User Suppressed"):
			n.how = namedDeleted
		}
		list = addOnce(list, n)
	}
	return list, lost
}

// names reports whether the message has a userId in the mapping.
func (p *messagePlan) names() bool {
	return slices.ContainsFunc(p.texts, func(t textPlan) bool { return t.field == fieldUserID })
}

func addOnce(list []mention, n mention) []mention {
	for _, other := range list {
		if other.how == n.how && other.address == n.address && bytes.Equal(other.id, n.id) {
			return list
		}
	}
	return append(list, n)
}

// naming is what a row tells of the people whom it is about, whatever became of it.
type naming struct {
	people []mention
	// lost is set if it may be about others: a message about somebody has no userId, or it cannot be read. An identify without one counts also
	// if it is not meant, unless that is so by a condition on the columns that the userId is made of.
	lost bool
	// excluded is set if a message about somebody without a userId is not meant, by a condition on the columns that the userId is made of.
	excluded bool
}

// whoIsIn finds out whom a row is about: also by messages that it does not become, because of their condition or because it was refused.
func (k *marker) whoIsIn(r *source.Row, m *mapper) (n naming) {
	if r.Err != nil {
		return naming{lost: true}
	}
	m.row.raw = r.Raw
	for _, p := range m.plan.messages {
		m.begin(p, r.Cells)
		for _, t := range p.texts {
			if t.field != fieldUserID {
				continue
			}
			id, some, err := t.value.text(&m.row)
			if err == nil && some && id != "" {
				one := mention{how: namedOnly}
				if len(id) <= maxID { // nobody in a snapshot has another
					one.id = []byte(id)
				}
				address, known := m.addressIn(p)
				n.lost = n.lost || !known
				one.address = k.hashAddress(address)
				n.people = addOnce(n.people, one)
				continue
			}
			meant, bad := p.holds(&m.row)
			switch {
			case err != nil || meant || bad != nil:
				n.lost = true
			case p.whenOnKey:
				n.excluded = true
			case p.kind.typ == cio.TypeIdentify: // whom it would have made may have left because of an empty cell, whoever else the row names
				n.lost = true
			}
		}
	}
	n.people = k.inCells(n.people, r)
	return n
}

// inCells adds whoever may be in a row of CSV of several lines: a stray quote makes one cell of all rows up to the next quote, and who is in them
// is still in the input.
func (k *marker) inCells(list []mention, r *source.Row) []mention {
	if r.Form == nil || r.Form.Format != source.CSV || bytes.IndexByte(r.Raw, '\n') < 0 && bytes.IndexByte(r.Raw, '\r') < 0 {
		return list
	}
	separates := func(c rune) bool { return c == '\n' || c == '\r' || strings.ContainsRune(r.Form.Delimiter, c) }
	for field := range bytes.FieldsFuncSeq(r.Raw, separates) {
		if field = bytes.Trim(field, "\" \t"); len(field) == 0 || len(field) > maxID {
			continue
		}
		one := mention{how: namedOnly, id: bytes.Clone(field)}
		if address, ok := appendAddress(nil, field); ok {
			one.address = k.hashAddress(string(address))
		}
		list = append(list, one)
	}
	return list
}

// addressIn returns the e-mail address that the row has for an identify, which finds a person too. It is not known if it cannot be read.
func (m *mapper) addressIn(p *messagePlan) (address string, known bool) {
	if p.kind.typ != cio.TypeIdentify || p.body == nil {
		return "", true
	}
	v, alone := p.body, false
	if o, ok := p.body.(object); ok { // of which other members may be what cannot be read
		at := slices.Index(o.names, "email")
		switch {
		case at >= 0:
			v, alone = o.items[at], true
		case slices.Contains(o.names, ""): // all members of the row
			email, _ := wire.Lookup(m.row.raw, "email")
			text, _ := wire.Text(email)
			return addressOf(text), true
		default:
			return "", true
		}
	}
	out, ok, err := v.appendJSON(m.body[:0], &m.row)
	if m.body = out; err != nil || !ok {
		return "", err == nil
	}
	if !alone {
		out, _ = wire.Lookup(out, "email")
	}
	text, _ := wire.Text(out)
	return addressOf(text), true
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
func appendPerson(dst []byte, from byte, address uint64, id []byte) []byte {
	dst = append(appendText(dst, []byte(foldID(string(id)))), from)
	dst = binary.BigEndian.AppendUint64(dst, address)
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

// both are the records of two lists in their order.
type both struct {
	a, b     records
	atA, atB []byte
	begun    bool
	out      []byte
}

func (u *both) next() ([]byte, error) {
	if !u.begun {
		u.begun = true
		if err := advance(u.a, &u.atA); err != nil {
			return nil, err
		}
		if err := advance(u.b, &u.atB); err != nil {
			return nil, err
		}
	}
	from, at := u.a, &u.atA
	switch {
	case u.atA == nil && u.atB == nil:
		return nil, io.EOF
	case u.atA == nil || u.atB != nil && bytes.Compare(u.atB, u.atA) < 0:
		from, at = u.b, &u.atB
	}
	u.out = append(u.out[:0], *at...)
	return u.out, advance(from, at)
}
