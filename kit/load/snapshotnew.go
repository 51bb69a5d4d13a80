package load

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"time"
)

// write writes the new snapshot. whole says that there are no other rows than those of the spool, read that none of those is left that an earlier run
// of this load may have sent: until then what it has settled counts only as far as the snapshot knows that it made itself. gone is nil where nobody
// was looked for who has left.
func (c *changes) write(whole, read bool, gone *leavers) error {
	entries := newSorter(c.dir)
	defer entries.close()
	var rec [entryBytes + 1]byte
	earlier := c.taken
	if read {
		earlier = 0
	}
	err := c.spool.each(func(row *spooled) error {
		if earlier > 0 {
			earlier--
			return nil
		}
		binary.BigEndian.PutUint64(rec[:], row.mark.about)
		binary.BigEndian.PutUint64(rec[9:], row.mark.says)
		switch row.what {
		case rowSent, rowUnchanged:
			rec[8] = entryKept
		case rowLost:
			rec[8] = entryLost
		default:
			return nil
		}
		return entries.add(rec[:])
	})
	if err != nil {
		return err
	}
	fresh, err := entries.sorted()
	if err != nil {
		return err
	}
	old := records(noRecords{})
	if !whole && !c.afresh {
		old = c.old.entries()
	}
	all, err := c.keptPeople(gone)
	if err != nil {
		return err
	}
	defer all.close()
	people, err := all.sorted()
	if err != nil {
		return err
	}
	info := c.info
	info.Made = time.Now().UTC()
	if c.old != nil && c.old.info.HasIDs && (gone == nil || !gone.done || !c.cfg.NewMapping) {
		info.Mixed = c.old.info.Mixed || c.differs() != ""
	}
	return writeSnapshot(c.cfg.Snapshot, info, &renewed{fresh: fresh, old: old}, people, c.release)
}

// keptPeople collects the people for the new snapshot: whom this run identified, and those of the old one, but for people who are known to be gone.
// Who is not in the input is forgotten once a load with NewMapping has sent all of it; one that ends before cannot tell whom.
func (c *changes) keptPeople(gone *leavers) (kept *sorter, err error) {
	kept = newSorter(c.dir)
	if !c.cfg.IDs {
		return kept, nil
	}
	all, removed := newSorter(c.dir), newSorter(c.dir)
	defer func() {
		if err = errors.Join(err, all.close(), removed.close()); err != nil {
			kept, err = nil, errors.Join(err, kept.close())
		}
	}()
	var buf []byte
	err = c.spool.each(func(row *spooled) error {
		for _, one := range row.people {
			buf = buf[:0]
			switch {
			case row.what == rowEarlier && c.own: // those who are still there are in the snapshot
				continue
			case row.what == rowEarlier || row.what == rowSelf:
				buf = earlierPerson(buf, one)
			case one.how == namedIdentified:
				buf = appendPerson(buf, personFresh, one.address, one.id)
			case one.how == namedUnsure:
				buf = appendPerson(buf, personFreshUnsure, one.address, one.id)
			case one.how == namedDeleted:
				if err := removed.add(appendKey(buf, one.id)); err != nil {
					return err
				}
				continue
			default:
				continue
			}
			if err := all.add(buf); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return kept, err
	}
	past := records(noRecords{})
	if gone != nil {
		keys, err := gone.removed.sorted()
		if err == nil {
			err = subtract(keys, noRecords{}, removed.add)
		}
		if err == nil && gone.done {
			if keys, err = gone.refused.sorted(); err == nil {
				err = subtract(keys, noRecords{}, removed.add)
			}
			if err == nil {
				past, err = gone.past.sorted()
			}
		}
		if err != nil {
			return kept, err
		}
	}
	fresh, err := all.sorted()
	if err != nil {
		return kept, err
	}
	keys, err := removed.sorted()
	if err != nil {
		return kept, err
	}
	everybody := &peopleReader{from: &both{a: c.old.people(), b: fresh}}
	var left []byte // the next of past
	if err := advance(past, &left); err != nil {
		return kept, err
	}
	return kept, everybody.each(keys, func(p *person, gone bool) error {
		if gone && !p.fresh {
			return nil
		}
		for left != nil && bytes.Compare(left, p.key) < 0 {
			if err := advance(past, &left); err != nil {
				return err
			}
		}
		p.past = p.past || !p.fresh && left != nil && bytes.Equal(left, p.key)
		buf, err = p.write(buf, kept.add)
		return err
	})
}

// The ninth byte of what is sorted for the entries of a new snapshot. What was lost comes first of all that is about the same.
const (
	entryLost byte = iota
	entryKept
)

// renewed are the entries of a new snapshot: those of fresh, apart from all that is about something of which a part was lost, and those of old
// that are about nothing that fresh is about. Both are in order.
type renewed struct {
	fresh, old records
	begun      bool
	f, o       []byte // at hand; nil at the end
	about      []byte // of the last of fresh, nil before the first
	lost       bool   // a part of that was lost
	out        [entryBytes]byte
}

func (n *renewed) next() ([]byte, error) {
	if !n.begun {
		n.begun = true
		if err := errors.Join(advance(n.fresh, &n.f), advance(n.old, &n.o)); err != nil {
			return nil, err
		}
	}
	for n.f != nil || n.o != nil {
		if n.o != nil && (n.f == nil || bytes.Compare(n.o[:8], n.f[:8]) < 0) {
			copy(n.out[:], n.o)
			if err := advance(n.old, &n.o); err != nil {
				return nil, err
			}
			if !bytes.Equal(n.out[:8], n.about) {
				return n.out[:], nil
			}
			continue
		}
		if !bytes.Equal(n.about, n.f[:8]) {
			n.about, n.lost = append(n.about[:0], n.f[:8]...), n.f[8] == entryLost
		}
		copy(n.out[:8], n.f[:8])
		copy(n.out[8:], n.f[9:])
		if err := advance(n.fresh, &n.f); err != nil {
			return nil, err
		}
		if !n.lost {
			return n.out[:], nil
		}
	}
	return nil, io.EOF
}

// advance puts the next record into to, nil at the end.
func advance(from records, to *[]byte) error {
	record, err := from.next()
	if err != nil {
		record = nil
	}
	if *to = record; err == io.EOF {
		return nil
	}
	return err
}
