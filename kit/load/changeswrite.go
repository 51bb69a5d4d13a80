package load

import (
	"bytes"
	"errors"
	"time"

	"github.com/ciokit/cio/kit/internal/extsort"
	"github.com/ciokit/cio/kit/load/internal/snapshot"
)

// write writes the new snapshot. whole says that the spool has all rows of the input. read says that no row is left that an earlier run of this load
// may have sent. Until then, rows that the earlier run settled count only if this load made the snapshot that has them. gone is nil if the run did
// not search for people who have left.
func (c *changes) write(whole, read bool, gone *leavers) error {
	entries := snapshot.NewEntries(c.dir)
	defer entries.Close()
	earlier := c.taken
	if read {
		earlier = 0
	}
	err := c.spool.Each(func(row *snapshot.Spooled) error {
		if earlier > 0 {
			earlier--
			return nil
		}
		switch row.What {
		case snapshot.RowSent, snapshot.RowUnchanged, snapshot.RowLost:
			return entries.Add(row.Entry, row.What == snapshot.RowLost)
		}
		return nil
	})
	if err != nil {
		return err
	}
	var old *snapshot.Snapshot
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
	defer all.Close()
	people, err := all.Sorted()
	if err != nil {
		return err
	}
	info := c.info
	info.Made = time.Now().UTC()
	if c.old != nil && c.old.Info.HasIDs && (gone == nil || !gone.done || !c.cfg.NewMapping) {
		info.Mixed = c.old.Info.Mixed || c.differs() != ""
	}
	return snapshot.Write(c.cfg.Snapshot, info, renewed, people, c.release)
}

// keptPeople collects the people for the new snapshot: those whom this run identified, and those of the old snapshot, without those who are known to
// be gone. A load with NewMapping also leaves out everybody who is not in the input, but only once it has sent all of it; before that it cannot know
// who they are.
func (c *changes) keptPeople(gone *leavers) (kept *extsort.Sorter, err error) {
	kept = extsort.New(c.dir)
	if !c.cfg.IDs {
		return kept, nil
	}
	all, removed := extsort.New(c.dir), extsort.New(c.dir)
	defer func() {
		if err = errors.Join(err, all.Close(), removed.Close()); err != nil {
			kept, err = nil, errors.Join(err, kept.Close())
		}
	}()
	var buf []byte
	err = c.spool.Each(func(row *snapshot.Spooled) error {
		for _, one := range row.People {
			buf = buf[:0]
			switch {
			case row.What == snapshot.RowEarlier && c.own: // the snapshot has those who are still there
				continue
			case row.What == snapshot.RowEarlier || row.What == snapshot.RowSelf:
				buf = earlierPerson(buf, one)
			case one.How == snapshot.NamedIdentified:
				buf = snapshot.AppendPerson(buf, snapshot.PersonFresh, one.Address, one.ID)
			case one.How == snapshot.NamedUnsure:
				buf = snapshot.AppendPerson(buf, snapshot.PersonFreshUnsure, one.Address, one.ID)
			case one.How == snapshot.NamedDeleted:
				if err := removed.Add(snapshot.AppendKey(buf, one.ID)); err != nil {
					return err
				}
				continue
			default:
				continue
			}
			if err := all.Add(buf); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return kept, err
	}
	past := extsort.Records(extsort.None{})
	if gone != nil {
		keys, err := gone.removed.Sorted()
		if err == nil {
			err = extsort.Subtract(keys, extsort.None{}, removed.Add)
		}
		if err == nil && gone.done {
			if keys, err = gone.refused.Sorted(); err == nil {
				err = extsort.Subtract(keys, extsort.None{}, removed.Add)
			}
			if err == nil {
				past, err = gone.past.Sorted()
			}
		}
		if err != nil {
			return kept, err
		}
	}
	fresh, err := all.Sorted()
	if err != nil {
		return kept, err
	}
	keys, err := removed.Sorted()
	if err != nil {
		return kept, err
	}
	everybody := &snapshot.PeopleReader{From: &extsort.Both{A: c.old.People(), B: fresh}}
	var left []byte // the next of past
	if err := extsort.Advance(past, &left); err != nil {
		return kept, err
	}
	return kept, everybody.Each(keys, func(p *snapshot.Person, gone bool) error {
		if gone && !p.Fresh {
			return nil
		}
		for left != nil && bytes.Compare(left, p.Key) < 0 {
			if err := extsort.Advance(past, &left); err != nil {
				return err
			}
		}
		p.Past = p.Past || !p.Fresh && left != nil && bytes.Equal(left, p.Key)
		buf, err = p.Write(buf, kept.Add)
		return err
	})
}
