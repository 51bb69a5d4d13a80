package load

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ciokit/cio"
)

// finishChanges ends the part of a run that has to do with snapshots: it takes away who has left, and writes the new snapshot.
func (r *run) finishChanges() error {
	c := r.changes
	if c == nil {
		return nil
	}
	r.mu.Lock()
	t := &r.tally
	// Rows that were not read keep what the snapshot knows of them. An input without any row is taken for a mistake.
	whole := t.Complete && r.job.Limit == 0 && r.sourceErr == nil && t.Rows > 0
	settled := len(r.stops) == 0 && t.Unsent == 0 || r.job.DryRun
	err := c.spool.buf.Flush() // here, because the recorder does so too
	r.mu.Unlock()
	if err = errors.Join(c.findErr, err); err != nil {
		return err
	}
	var gone *leavers
	if c.cfg.Mirror != "" && t.Complete && r.sourceErr == nil {
		if gone, err = c.leavers(); err != nil {
			return err
		}
		defer gone.close()
		r.mu.Lock()
		t.Left = gone.n
		r.mu.Unlock()
		switch {
		case gone.n == 0:
		case settled:
			err = r.mirror(gone)
			whole = whole || gone.n == gone.before && !r.stopped() // all of them are gone, and were meant to be
		}
		if err != nil {
			return err
		}
	}
	if r.job.DryRun {
		return nil
	}
	if c.cfg.Snapshot != "" {
		if err := c.write(whole, gone); err != nil {
			return err
		}
	}
	return c.settle()
}

// leavers are the people of the old snapshot who are not in the input any more.
type leavers struct {
	n      int64 // how many
	before int64 // how many there were in the old snapshot
	seen   *sorter
	c      *changes
	// removed are those who are known to be gone, or may not be taken away by the client's own rules. All others stay in the snapshot, so
	// that a later run can take them away.
	removed *sorter
}

// leavers finds out who has left.
func (c *changes) leavers() (*leavers, error) {
	l := &leavers{c: c, seen: newSorter(c.dir), removed: newSorter(c.dir)}
	err := c.spool.each(func(row *spooled) error {
		for _, id := range row.people {
			if err := l.seen.add(id); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && c.old != nil {
		l.before = c.old.info.IDs
		err = l.each(func([]byte) error {
			l.n++
			return nil
		})
	}
	if err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

// each calls f for everybody who has left, in the order of their ids.
func (l *leavers) each(f func(id []byte) error) error {
	seen, err := l.seen.sorted()
	if err != nil {
		return err
	}
	return subtract(l.c.old.ids(), seen, f)
}

// subtract calls f for what is in one list and not in the other; both are in order.
func subtract(from, those records, f func([]byte) error) error {
	other, otherErr := those.next()
	for {
		record, err := from.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for otherErr == nil && bytes.Compare(other, record) < 0 {
			other, otherErr = those.next()
		}
		if otherErr != nil && otherErr != io.EOF {
			return otherErr
		}
		if otherErr == nil && bytes.Equal(other, record) {
			continue
		}
		if err := f(record); err != nil {
			return err
		}
	}
}

func (l *leavers) close() error { return errors.Join(l.seen.close(), l.removed.close()) }

// mirrorDomain begins what the message id of a deletion is made of: text(mirrorDomain) text(event) text(id of the snapshot that the run began
// with) text(userId), in the manner of messageid.go. The same deletion that is sent again when the run is resumed so repeats its id.
const mirrorDomain = "ciokit/load/mirror/1"

// mirror takes away who has left, or says why it must not.
func (r *run) mirror(gone *leavers) error {
	c := r.changes
	if why := r.mayMirror(gone); why != nil {
		r.stop(why)
		return nil
	}
	if c.nameless > 0 {
		r.mu.Lock()
		r.tally.LeftAlone = gone.n
		r.mu.Unlock()
		return nil
	}
	if r.job.DryRun {
		return nil
	}
	var ids [][]byte
	send := func() error {
		removed, err := r.remove(ids, hex.EncodeToString(c.spool.base[:]))
		for _, id := range removed {
			err = errors.Join(err, gone.removed.add(id))
		}
		ids = ids[:0]
		return err
	}
	err := gone.each(func(id []byte) error {
		if ids = append(ids, bytes.Clone(id)); len(ids) < chunkRows {
			return nil
		}
		return send()
	})
	if err != nil {
		return err
	}
	return send()
}

// mayMirror returns why nobody may be taken away, nil if they may.
func (r *run) mayMirror(gone *leavers) *StopError {
	most := max(r.job.MaxDeletes, 0)
	switch stay := gone.before - gone.n; {
	case stay == 0 && r.changes.cfg.MaxShrink < 100:
		return &StopError{ErrShrunk, fmt.Errorf("not one of the %d people of the snapshot is in the input", gone.before)}
	case gone.n > 10 && gone.n*100 > gone.before*int64(r.changes.cfg.MaxShrink):
		return &StopError{ErrShrunk, fmt.Errorf("%d of the %d people of the snapshot are not in the input, more than %d %%", gone.n, gone.before, r.changes.cfg.MaxShrink)}
	case gone.n+r.deletes > most && !r.job.DryRun:
		return &StopError{ErrTooManyDeletes, fmt.Errorf("%d people have left, and no more than %d messages may delete or suppress", gone.n, most)}
	}
	return nil
}

// remove sends a message for each of these people, and accounts for it as for one of a row. It returns those who are known to be gone, and
// those whom the client's own rules keep from it, which is final.
func (r *run) remove(ids [][]byte, snapshot string) (removed [][]byte, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	r.mu.Lock()
	offset := r.tally.read
	r.mu.Unlock()
	c := r.newChunk(offset)
	c.complete = true
	p := new(parcel)
	var sent [][]byte
	for _, id := range ids {
		raw, _ := json.Marshal(map[string]string{"userId": string(id)}) // never fails
		encoded, refused := r.encode(r.changes.removal(string(id), snapshot))
		if refused != nil {
			if err := r.refuseRemoval(refused, raw); err != nil {
				return nil, err
			}
			removed = append(removed, id)
			continue
		}
		c.rows = append(c.rows, chunkRow{file: mirrorFile, raw: [2]int{len(c.raw), len(c.raw) + len(raw)}, messages: [2]int{c.messages, c.messages + 1}})
		c.raw = append(c.raw, raw...)
		p.encoded, p.places = append(p.encoded, encoded), append(p.places, place{c, c.messages})
		c.messages++
		sent = append(sent, id)
	}
	r.deletes += int64(len(sent))
	r.seal(c)
	if len(sent) == 0 {
		return removed, nil
	}
	final := len(removed)
	ln := new(lane)
	fates := r.deliver(ln, p)
	r.decide(ln)
	for i, id := range sent {
		if fates == nil || fates[i].outcome == 0 {
			removed = append(removed, id)
		}
	}
	r.mu.Lock()
	r.tally.Removed += int64(len(removed) - final)
	r.mu.Unlock()
	return removed, nil
}

// removal is the message that takes a person away.
func (c *changes) removal(id, snapshot string) cio.Message {
	event := "User Deleted"
	if c.cfg.Mirror == MirrorSuppress {
		event = "User Suppressed"
	}
	var hash idHash
	for _, s := range []string{mirrorDomain, event, snapshot, id} {
		hash.text(s)
	}
	if c.cfg.Mirror == MirrorSuppress {
		return cio.SuppressPerson{UserID: id, MessageID: hash.sum()}
	}
	return cio.DeletePerson{UserID: id, MessageID: hash.sum()}
}

// refuseRemoval counts a person whom the client's own rules, such as a list of people not to be touched, do not let be taken away.
func (r *run) refuseRemoval(refused error, raw []byte) error {
	rej := newReject(0, new(messagePlan).refusal(refused))
	rej.File, rej.unreadable = mirrorFile, true
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &r.tally
	t.Messages++
	t.Rejected++
	if rej.Rule == string(cio.RuleGuard) {
		t.Guarded++
	}
	t.add(rej)
	return r.rejects.write(rej, raw)
}

// mirrorFile stands for the input in the rejects of people who have left it.
const mirrorFile = "(left the input)"

// write writes the new snapshot. gone is nil where nobody was looked for who has left.
func (c *changes) write(whole bool, gone *leavers) error {
	entries := newSorter(c.dir)
	defer entries.close()
	var rec [entryBytes + 1]byte
	err := c.spool.each(func(row *spooled) error {
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
	ids, err := c.keptIDs(gone)
	if err != nil {
		return err
	}
	defer ids.close()
	people, err := ids.sorted()
	if err != nil {
		return err
	}
	info := c.info
	info.Made = time.Now().UTC()
	return writeSnapshot(c.cfg.Snapshot, info, &renewed{fresh: fresh, old: old}, people, c.release)
}

// keptIDs collects the ids for the new snapshot: those of whom this run sent anything or would have, and those of the old one, but for people
// who are known to be gone.
func (c *changes) keptIDs(gone *leavers) (ids *sorter, err error) {
	ids = newSorter(c.dir)
	if !c.cfg.IDs {
		return ids, nil
	}
	defer func() {
		if err != nil {
			ids, err = nil, errors.Join(err, ids.close())
		}
	}()
	err = c.spool.each(func(row *spooled) error {
		if row.what == rowOthers {
			return nil
		}
		for _, id := range row.people {
			if err := ids.add(id); err != nil {
				return err
			}
		}
		return nil
	})
	removed := records(noRecords{})
	if gone != nil && err == nil {
		removed, err = gone.removed.sorted()
	}
	if err != nil {
		return ids, err
	}
	return ids, subtract(c.old.ids(), removed, ids.add)
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
