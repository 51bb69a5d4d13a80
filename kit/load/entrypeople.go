package load

import (
	"bytes"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/internal/address"
	"github.com/ciokit/cio/kit/load/internal/snapshot"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// hashAddress hashes an address. A snapshot keeps only the hash, which is enough to compare.
func (k *entryMaker) hashAddress(address string) uint64 {
	if address == "" {
		return 0
	}
	k.key = append(append(append(k.key[:0], k.salt...), '@'), address...)
	return max(snapshot.Hash(k.key), 1)
}

// peopleOf adds the people whom the messages name. It reports whether a message may be about somebody without naming them by a userId.
func (k *entryMaker) peopleOf(list []snapshot.Mention, messages []cio.Encoded, m *mapping.Mapper) (_ []snapshot.Mention, lost bool) {
	for i := range messages {
		who, p := messages[i].Identity(), m.Made(i)
		if who.UserID == "" {
			lost = lost || p.NamesUser()
			continue
		}
		n := snapshot.Mention{How: snapshot.NamedOnly, ID: []byte(who.UserID), Message: i}
		switch event := p.Event(); {
		case messages[i].Type() == cio.TypeIdentify:
			n.How, n.Address = snapshot.NamedIdentified, k.hashAddress(address.Of(who.Email))
			list = append(list, n) // also a second one, because either may be rejected
			continue
		case p.Type() == cio.TypeTrack && (event == "User Deleted" || event == "User Suppressed"):
			n.How = snapshot.NamedDeleted
		}
		list = addOnce(list, n)
	}
	return list, lost
}

func addOnce(list []snapshot.Mention, n snapshot.Mention) []snapshot.Mention {
	for _, other := range list {
		if other.How == n.How && other.Address == n.Address && bytes.Equal(other.ID, n.ID) {
			return list
		}
	}
	return append(list, n)
}

// naming is what a row says about its people, even if no message was sent.
type naming struct {
	people []snapshot.Mention
	// lost is set if the row may be about other people too: a message about somebody has no userId, or the row cannot be read. This includes an
	// identify without a userId whose condition is false, unless the condition is on the columns that make the userId.
	lost bool
	// excluded is set if a message about somebody has no userId and its condition on the columns that make the userId is false.
	excluded bool
}

// whoIsIn finds out whom a row is about. It includes messages that were not made because their condition was false or the row was rejected.
func (k *entryMaker) whoIsIn(r *source.Row, m *mapping.Mapper) (n naming) {
	if r.Err != nil {
		return naming{lost: true}
	}
	m.Named(r, func(one mapping.Named) {
		n.lost, n.excluded = n.lost || one.Lost, n.excluded || one.Excluded
		if one.ID == "" {
			return
		}
		who := snapshot.Mention{How: snapshot.NamedOnly, Address: k.hashAddress(one.Address)}
		if len(one.ID) <= snapshot.MaxID { // no id in a snapshot is longer
			who.ID = []byte(one.ID)
		}
		n.people = addOnce(n.people, who)
	})
	n.people = k.inCells(n.people, r)
	return n
}

// inCells adds everybody who may be in a CSV row of several lines. A stray quote makes one cell of all rows up to the next quote, and the people in
// those rows are still in the input.
func (k *entryMaker) inCells(list []snapshot.Mention, r *source.Row) []snapshot.Mention {
	if r.Form == nil || r.Form.Format != source.FormatCSV || bytes.IndexByte(r.Raw, '\n') < 0 && bytes.IndexByte(r.Raw, '\r') < 0 {
		return list
	}
	separates := func(c rune) bool { return c == '\n' || c == '\r' || strings.ContainsRune(r.Form.Delimiter, c) }
	for field := range bytes.FieldsFuncSeq(r.Raw, separates) {
		if field = bytes.Trim(field, "\" \t"); len(field) == 0 || len(field) > snapshot.MaxID {
			continue
		}
		one := snapshot.Mention{How: snapshot.NamedOnly, ID: bytes.Clone(field)}
		if address, ok := address.Append(nil, field); ok {
			one.Address = k.hashAddress(string(address))
		}
		list = append(list, one)
	}
	return list
}
