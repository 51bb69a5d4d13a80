package load

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
)

// leavers are the people of the old snapshot, and those whom runs made that were killed, who are not in the input any more.
type leavers struct {
	n      int64  // how many
	unsure int64  // of them, of whom it is not sure that a load has identified them
	moved  int64  // how many besides are in the input under another id, by an e-mail address that they had
	before int64  // how many people there were
	ids    string // tells those who are to be deleted from others
	tried  bool   // some of them may have been deleted
	done   bool   // all has become of them that was to, and the rejects that name them are on disk

	c         *changes
	earlier   *sorter // whom runs made that were killed
	seen      *sorter // keys of who is in the input
	addresses *sorter // hashes of the addresses in the input
	byAddress *sorter // keys of those of the others who had one of these
	// removed are the keys of those who are known to be gone. All others stay in the snapshot, so that a later run can take them away, unless they
	// are in one of the lists below, which count only if done is set: a run that ends before is resumed, and says again what it says of them.
	removed *sorter
	// refused are the keys of those who may not be taken away by the client's own rules.
	refused *sorter
	// past are the keys of those who do not belong to the mirror any more and may still be there.
	past *sorter
}

// leavers finds out who has left.
func (c *changes) leavers() (*leavers, error) {
	l := &leavers{c: c}
	for _, s := range []**sorter{&l.earlier, &l.seen, &l.addresses, &l.byAddress, &l.removed, &l.refused, &l.past} {
		*s = newSorter(c.dir)
	}
	if err := l.find(); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

func (l *leavers) find() error {
	var buf []byte
	err := l.c.spool.each(func(row *spooled) error {
		for _, one := range row.people {
			if row.what == rowSelf {
				continue
			}
			if row.what == rowEarlier {
				if l.c.own { // who is still there of them is in it
					continue
				}
				if err := l.earlier.add(earlierPerson(buf[:0], one)); err != nil {
					return err
				}
				continue
			}
			if one.address != 0 {
				if err := l.addresses.add(binary.BigEndian.AppendUint64(buf[:0], one.address)); err != nil {
					return err
				}
			}
			if len(one.id) == 0 {
				continue
			}
			if err := l.seen.add(appendKey(buf[:0], one.id)); err != nil {
				return err
			}
			if address := l.c.marker.hashAddress(addressOf(string(one.id))); address != 0 {
				if err := l.addresses.add(binary.BigEndian.AppendUint64(buf[:0], address)); err != nil {
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
	err = known.eachBut(noRecords{}, func(*person) error {
		l.before++
		return nil
	})
	if err != nil {
		return err
	}
	ids := sha256.New()
	err = l.each(func(p *person) error {
		l.n++
		if !p.sure {
			l.unsure++
			return nil
		}
		buf = appendText(buf[:0], p.id)
		ids.Write(buf)
		return nil
	})
	l.ids = hex.EncodeToString(ids.Sum(nil))
	return err
}

// findByAddress finds those who are not in the input by their ids, but by an address. Customer.io takes them for the person who has it now.
func (l *leavers) findByAddress() error {
	known, err := l.known()
	if err != nil {
		return err
	}
	seen, err := l.seen.sorted()
	if err != nil {
		return err
	}
	had := newSorter(l.c.dir)
	defer had.close()
	err = known.eachBut(seen, func(p *person) error {
		if own := l.c.marker.hashAddress(addressOf(string(p.id))); own != 0 {
			p.addresses = append(p.addresses, own)
		}
		for _, address := range p.addresses {
			if err := had.add(append(binary.BigEndian.AppendUint64(nil, address), p.key...)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	all, err := had.sorted()
	if err != nil {
		return err
	}
	addresses, err := l.addresses.sorted()
	if err != nil {
		return err
	}
	var at []byte
	if err := advance(addresses, &at); err != nil {
		return err
	}
	for {
		record, err := all.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		for at != nil && bytes.Compare(at, record[:8]) < 0 {
			if err := advance(addresses, &at); err != nil {
				return err
			}
		}
		if at != nil && bytes.Equal(at, record[:8]) {
			if err := l.byAddress.add(record[8:]); err != nil {
				return err
			}
		}
	}
	return l.eachMoved(func([]byte) error {
		l.moved++
		return nil
	})
}

// eachMoved calls f with the key of everybody who is in the input by an address alone.
func (l *leavers) eachMoved(f func(key []byte) error) error {
	moved, err := l.byAddress.sorted()
	if err != nil {
		return err
	}
	return subtract(moved, noRecords{}, f)
}

// known are all people of whom the mirror knows.
func (l *leavers) known() (*peopleReader, error) {
	earlier, err := l.earlier.sorted()
	return &peopleReader{from: &both{a: l.c.old.people(), b: earlier}}, err
}

// earlierPerson is a person whom a run made that was killed.
func earlierPerson(dst []byte, one mention) []byte {
	from := personLeft
	if one.how != namedIdentified {
		from = personLeftUnsure
	}
	return appendPerson(dst, from, one.address, one.id)
}

// each calls f for everybody who has left, in the order of their keys.
func (l *leavers) each(f func(*person) error) error {
	known, err := l.known()
	if err != nil {
		return err
	}
	seen, err := l.seen.sorted()
	if err != nil {
		return err
	}
	moved, err := l.byAddress.sorted()
	if err != nil {
		return err
	}
	return known.eachBut(&both{a: seen, b: moved}, f)
}

func (l *leavers) close() error {
	return errors.Join(l.earlier.close(), l.seen.close(), l.addresses.close(), l.byAddress.close(), l.removed.close(), l.refused.close(), l.past.close())
}

// mirrorDomain begins what the message id of a deletion is made of: text(mirrorDomain) text(event) text(id of the snapshot that the run began
// with) text(userId), in the manner of messageid.go. The same deletion that is sent again when the run is resumed so repeats its id.
const mirrorDomain = "ciokit/load/mirror/1"
