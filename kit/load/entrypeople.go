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

// hashAddress is how addresses are kept, which a snapshot needs only to compare.
func (k *entryMaker) hashAddress(address string) uint64 {
	if address == "" {
		return 0
	}
	k.key = append(append(append(k.key[:0], k.salt...), '@'), address...)
	return max(snapshot.Hash(k.key), 1)
}

// peopleOf adds whom messages that were made name. It reports whether one of them may be about somebody without naming them by a userId.
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

// naming is what a row tells of the people whom it is about, whatever became of it.
type naming struct {
	people []snapshot.Mention
	// lost is set if it may be about others: a message about somebody has no userId, or it cannot be read. An identify without one counts also
	// if it is not meant, unless that is so by a condition on the columns that the userId is made of.
	lost bool
	// excluded is set if a message about somebody without a userId is not meant, by a condition on the columns that the userId is made of.
	excluded bool
}

// whoIsIn finds out whom a row is about: also by messages that it does not become, because of their condition or because it was rejected.
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
		if len(one.ID) <= snapshot.MaxID { // nobody in a snapshot has another
			who.ID = []byte(one.ID)
		}
		n.people = addOnce(n.people, who)
	})
	n.people = k.inCells(n.people, r)
	return n
}

// inCells adds whoever may be in a row of CSV of several lines: a stray quote makes one cell of all rows up to the next quote, and who is in them
// is still in the input.
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
