package load

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"

	"github.com/ciokit/cio/internal/address"
	"github.com/ciokit/cio/kit/internal/extsort"
	"github.com/ciokit/cio/kit/load/internal/snapshot"
)

// leavers are the people who have left the input: people of the old snapshot, or people whom killed runs made, who are not in the input any more.
type leavers struct {
	n      int64  // how many
	unsure int64  // of n, those of whom it is not certain that a load has identified them
	moved  int64  // not of n: how many are in the input under another id, by an email address that they had
	before int64  // how many people there were
	ids    string // hash of the ids of those who are to be deleted
	tried  bool   // some of them may have been deleted
	done   bool   // all of them are handled, and the rejects that name them are on disk

	c         *changes
	earlier   *extsort.Sorter // people whom killed runs made
	seen      *extsort.Sorter // keys of the people in the input
	addresses *extsort.Sorter // hashes of the addresses in the input
	byAddress *extsort.Sorter // keys of people who are not in seen and had one of these addresses
	// removed are the keys of those who are known to be gone. All others stay in the snapshot, so that a later run can delete them, unless they are
	// in one of the lists below. Those lists count only if done is set: a run that ends before is resumed, and finds these people again.
	removed *extsort.Sorter
	// refused are the keys of those whom the client's own rules do not let us delete.
	refused *extsort.Sorter
	// past are the keys of those who no longer belong to the mirror but may still exist.
	past *extsort.Sorter
}

// leavers finds out who has left.
func (c *changes) leavers() (*leavers, error) {
	l := &leavers{c: c}
	for _, s := range []**extsort.Sorter{&l.earlier, &l.seen, &l.addresses, &l.byAddress, &l.removed, &l.refused, &l.past} {
		*s = extsort.New(c.dir)
	}
	if err := l.find(); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

func (l *leavers) find() error {
	var buf []byte
	err := l.c.spool.Each(func(row *snapshot.Spooled) error {
		for _, one := range row.People {
			if row.What == snapshot.RowSelf {
				continue
			}
			if row.What == snapshot.RowEarlier {
				if l.c.own { // the snapshot has those of them who are still there
					continue
				}
				if err := l.earlier.Add(earlierPerson(buf[:0], one)); err != nil {
					return err
				}
				continue
			}
			if one.Address != 0 {
				if err := l.addresses.Add(binary.BigEndian.AppendUint64(buf[:0], one.Address)); err != nil {
					return err
				}
			}
			if len(one.ID) == 0 {
				continue
			}
			if err := l.seen.Add(snapshot.AppendKey(buf[:0], one.ID)); err != nil {
				return err
			}
			if address := l.c.maker.hashAddress(address.Of(string(one.ID))); address != 0 {
				if err := l.addresses.Add(binary.BigEndian.AppendUint64(buf[:0], address)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := l.findByAddress(); err != nil {
		return err
	}
	known, err := l.known()
	if err != nil {
		return err
	}
	err = known.EachBut(extsort.None{}, func(*snapshot.Person) error {
		l.before++
		return nil
	})
	if err != nil {
		return err
	}
	ids := sha256.New()
	err = l.each(func(p *snapshot.Person) error {
		l.n++
		if !p.Sure {
			l.unsure++
			return nil
		}
		buf = snapshot.AppendText(buf[:0], p.ID)
		ids.Write(buf)
		return nil
	})
	l.ids = hex.EncodeToString(ids.Sum(nil))
	return err
}

// findByAddress finds people who are not in the input by their ids, but by an address. For Customer.io they are the person who has that address now.
func (l *leavers) findByAddress() error {
	known, err := l.known()
	if err != nil {
		return err
	}
	seen, err := l.seen.Sorted()
	if err != nil {
		return err
	}
	had := extsort.New(l.c.dir)
	defer had.Close()
	err = known.EachBut(seen, func(p *snapshot.Person) error {
		if own := l.c.maker.hashAddress(address.Of(string(p.ID))); own != 0 {
			p.Addresses = append(p.Addresses, own)
		}
		for _, address := range p.Addresses {
			if err := had.Add(append(binary.BigEndian.AppendUint64(nil, address), p.Key...)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	all, err := had.Sorted()
	if err != nil {
		return err
	}
	addresses, err := l.addresses.Sorted()
	if err != nil {
		return err
	}
	var at []byte
	if err := extsort.Advance(addresses, &at); err != nil {
		return err
	}
	for {
		record, err := all.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		for at != nil && bytes.Compare(at, record[:8]) < 0 {
			if err := extsort.Advance(addresses, &at); err != nil {
				return err
			}
		}
		if at != nil && bytes.Equal(at, record[:8]) {
			if err := l.byAddress.Add(record[8:]); err != nil {
				return err
			}
		}
	}
	return l.eachMoved(func([]byte) error {
		l.moved++
		return nil
	})
}

// eachMoved calls f with the key of everybody who is in the input only by an address.
func (l *leavers) eachMoved(f func(key []byte) error) error {
	moved, err := l.byAddress.Sorted()
	if err != nil {
		return err
	}
	return extsort.Subtract(moved, extsort.None{}, f)
}

// known returns all people that the mirror knows of.
func (l *leavers) known() (*snapshot.PeopleReader, error) {
	earlier, err := l.earlier.Sorted()
	return &snapshot.PeopleReader{From: &extsort.Both{A: l.c.old.People(), B: earlier}}, err
}

// earlierPerson encodes a person whom a killed run made.
func earlierPerson(dst []byte, one snapshot.Mention) []byte {
	from := snapshot.PersonLeft
	if one.How != snapshot.NamedIdentified {
		from = snapshot.PersonLeftUnsure
	}
	return snapshot.AppendPerson(dst, from, one.Address, one.ID)
}

// each calls f for everybody who has left, in the order of the keys.
func (l *leavers) each(f func(*snapshot.Person) error) error {
	known, err := l.known()
	if err != nil {
		return err
	}
	seen, err := l.seen.Sorted()
	if err != nil {
		return err
	}
	moved, err := l.byAddress.Sorted()
	if err != nil {
		return err
	}
	return known.EachBut(&extsort.Both{A: seen, B: moved}, f)
}

func (l *leavers) close() error {
	return errors.Join(l.earlier.Close(), l.seen.Close(), l.addresses.Close(), l.byAddress.Close(), l.removed.Close(), l.refused.Close(), l.past.Close())
}

// mirrorDomain is the first part of the text from which the message id of a deletion is made: text(mirrorDomain) text(event) text(id of the snapshot
// that the run began with) text(userId), as in messageid.go. So a deletion that is sent again when the run is resumed has the same id.
const mirrorDomain = "ciokit/load/mirror/1"
