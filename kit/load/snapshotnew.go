package load

import (
	"bytes"
	"errors"
	"time"
)

// write writes the new snapshot. whole says that there are no other rows than those of the spool, read that none of those is left that an earlier run
// of this load may have sent: until then what it has settled counts only as far as the snapshot knows that it made itself. gone is nil where nobody
// was looked for who has left.
func (c *changes) write(whole, read bool, gone *leavers) error {
	entries := NewEntries(c.dir)
	defer entries.Close()
	earlier := c.taken
	if read {
		earlier = 0
	}
	err := c.spool.each(func(row *spooled) error {
		if earlier > 0 {
			earlier--
			return nil
		}
		switch row.what {
		case rowSent, rowUnchanged, rowLost:
			return entries.Add(row.mark, row.what == rowLost)
		}
		return nil
	})
	if err != nil {
		return err
	}
	var old *snapshot
	if !whole && !c.afresh {
		old = c.old
	}
	renewed, err := entries.Over(old)
	if err != nil {
		return err
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
	return writeSnapshot(c.cfg.Snapshot, info, renewed, people, c.release)
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
