package load

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/internal/address"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/load/internal/snapshot"
	"github.com/ciokit/cio/kit/mapping"
)

// remover deletes or suppresses people who have left, after all rows are settled.
type remover struct{ *run }

// finishChanges ends the part of a run that handles snapshots: it removes people who have left, and writes the new snapshot.
func (r remover) finishChanges() error {
	c := r.changes
	if c == nil {
		return nil
	}
	r.mu.Lock()
	t := &r.tally
	t.RowsNameless = c.nameless
	// For rows that were not read, the snapshot keeps its entries. An input without rows is probably a mistake.
	whole := t.Complete && r.job.Limit == 0 && r.sourceErr == nil && t.Rows > 0 && !r.stoppedBy(ErrInputChanged)
	read := t.Complete && r.sourceErr == nil && !r.stoppedBy(ErrInputChanged)
	settled := len(r.stops) == 0 && t.Unsent == 0 || r.job.DryRun
	err := c.spool.Flush() // here, because the checkpointer does so too
	r.mu.Unlock()
	if err = errors.Join(c.findErr, err); err != nil {
		return err
	}
	if c.killed && !read && !r.job.DryRun {
		return nil // not everything that the killed run sent is known yet, so its announcement stays
	}
	var gone *leavers
	if c.cfg.Mirror != "" && t.Complete && r.sourceErr == nil {
		if gone, err = c.leavers(); err != nil {
			return err
		}
		defer gone.close()
		r.mu.Lock()
		t.Left, t.SameAddress = gone.n, gone.moved
		r.mu.Unlock()
		if settled {
			if err := r.mirror(gone); err != nil {
				return err
			}
			whole = whole || gone.tried // the entries of these people in the old snapshot are no longer true, and nothing shows which entries are theirs
		}
	}
	if r.job.DryRun {
		return nil
	}
	if gone != nil && gone.done { // the new snapshot does not contain the people named there
		if err := r.syncRejects(); err != nil {
			gone.done = false
			r.note(ErrRejects, err)
		}
	}
	if c.cfg.Snapshot != "" {
		if err := c.write(whole, read, gone); err != nil {
			return err
		}
	}
	return c.withdraw()
}

// mirror removes people who have left, or says why it must not.
func (r remover) mirror(gone *leavers) error {
	c := r.changes
	if a := r.job.Approved; a != nil && !r.job.DryRun && (gone.n != a.Left || gone.ids != a.leavers) {
		r.stop(&StopError{ErrInputChanged, fmt.Errorf("%s to be deleted when this was approved; now %s, or they are other people", plural.Count(a.Left, "person was", "people were"), plural.Count(gone.n, "is", "are"))})
		return nil
	}
	if c.cfg.NewMapping {
		r.leaveAlone(gone)
		gone.done = true
		return gone.forgetOthers()
	}
	if gone.n > 0 {
		if why := r.job.mayMirror(gone, r.deletes); why != nil {
			r.stop(why)
			return nil
		}
		if c.nameless > 0 {
			r.leaveAlone(gone)
			return nil
		}
	}
	if r.job.DryRun {
		return r.tryMirror(gone)
	}
	if err := gone.eachMoved(gone.past.Add); err != nil { // they continue under the other id
		return err
	}
	var ids [][]byte
	send := func() error {
		if r.lookAgain(); r.stopped() {
			return nil
		}
		gone.tried = gone.tried || len(ids) > 0
		base := c.spool.Base()
		err := r.remove(ids, hex.EncodeToString(base[:]), gone)
		ids = ids[:0]
		return err
	}
	err := gone.each(func(p *snapshot.Person) error {
		if !p.Sure {
			if r.job.Rejects != nil { // without rejects, a later run names them again
				if err := gone.past.Add(p.Key); err != nil {
					return err
				}
			}
			return r.refuseRemoval(leftUnsure(), idAsRow(p.ID))
		}
		if ids = append(ids, bytes.Clone(p.ID)); len(ids) < chunkRows {
			return nil
		}
		return send()
	})
	if err == nil {
		err = send()
	}
	gone.done = err == nil && !r.stopped()
	return err
}

// tryMirror is mirror for a dry run: it names the people who would not be removed.
func (r remover) tryMirror(gone *leavers) error {
	return gone.each(func(p *snapshot.Person) error {
		if why := r.changes.whyKept(p, r.encode); why != nil {
			return r.refuseRemoval(*why, idAsRow(p.ID))
		}
		return nil
	})
}

// whyKept returns why a person who has left would not be removed; nil if they would.
func (c *changes) whyKept(p *snapshot.Person, encode func(cio.Message) (cio.Encoded, error)) *Reject {
	if !p.Sure {
		why := leftUnsure()
		return &why
	}
	if _, refused := encode(c.removal(string(p.ID), "")); refused != nil {
		why := newReject(0, mapping.ErrorOf(refused))
		return &why
	}
	return nil
}

// leftUnsure is why a person is kept if it is not certain that a load has made them.
func leftUnsure() Reject {
	return Reject{Field: "userId", Rule: RuleLeftUnsure, Hint: leftUnsureHint}
}

func (r remover) leaveAlone(gone *leavers) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tally.LeftAlone = gone.n
}

// forgetOthers leaves in the new snapshot only people of this input, and people whom a killed run made and who are in no other list.
func (l *leavers) forgetOthers() error {
	err := l.each(func(p *snapshot.Person) error {
		if p.Old && !p.Left {
			return l.past.Add(p.Key)
		}
		return nil
	})
	return errors.Join(err, l.eachMoved(l.past.Add))
}

// RuleLeftUnsure is the rule of people who have left the input and were not removed, because it is not known whether a load made them.
const RuleLeftUnsure = "left-unsure"

const leftUnsureHint = "it is not known whether a load made this person: no answer said that the person was accepted, or the load was killed, or it was another load. The input no longer has this id. Check whether the person is yours; if so, delete the person by hand"

func idAsRow(id []byte) []byte {
	raw, _ := json.Marshal(map[string]string{"userId": string(id)}) // never fails
	return raw
}

// mayMirror returns why nobody can be removed, nil if they can. deletes is how many messages of rows delete or suppress something.
func (j *Job) mayMirror(gone *leavers, deletes int64) *StopError {
	if j.ExpectRows == (RowRange{}) && !j.Source.Info().Whole {
		return &StopError{ErrNotWhole, fmt.Errorf("%s left, but the input is read as a stream, and it is not known whether it was read to its end; give its number of rows with ExpectRows (--expect-rows N or N-M)", plural.Count(gone.n, "person has", "people have"))}
	}
	if why := j.Source.Info().Differs; why != "" {
		return &StopError{ErrInputChanged, fmt.Errorf("%s, so it is not known whether %s left", why, plural.Count(gone.n, "person who was not found has", "people who were not found have"))}
	}
	besides := ""
	if deletes > 0 {
		besides = ", the rows also delete or suppress " + plural.Grouped(deletes)
	}
	most, share, half := atMost(j.MaxDeletes), int64(gone.c.cfg.MaxShrink), int64(max(50, gone.c.cfg.MaxShrink))
	shrunk := func(what string) *StopError {
		needs := fmt.Sprintf("MaxShrink (--max-shrink %d)", (gone.n*100+gone.before-1)/gone.before)
		if all := gone.n - gone.unsure + deletes; all > most {
			needs += fmt.Sprintf(" and MaxDeletes (--max-deletes %d)", all)
		}
		return &StopError{ErrShrunk, fmt.Errorf("%s; if %s must be deleted, the load needs %s", what, plural.Form(gone.n, "this person", "they"), needs)}
	}
	some := fmt.Sprintf("%s of the %s people of the snapshot %s not in the input, more than ", plural.Grouped(gone.n), plural.Grouped(gone.before), plural.Form(gone.n, "is", "are"))
	switch {
	case gone.n == gone.before && share < 100:
		return shrunk(plural.Form(gone.before, "the only person of the snapshot is not in the input", "none of the "+plural.Grouped(gone.before)+" people of the snapshot is in the input"))
	case gone.n > 10 && gone.n*100 > gone.before*share:
		return shrunk(fmt.Sprintf("%s%d %%", some, share))
	case gone.n*100 > gone.before*half && half == 50:
		return shrunk(some + "half of them")
	case gone.n*100 > gone.before*half:
		return shrunk(fmt.Sprintf("%s%d %%", some, half))
	case gone.n-gone.unsure+deletes > most:
		return &StopError{ErrTooManyDeletes, fmt.Errorf("%s left the input%s, but MaxDeletes (--max-deletes) allows at most %s to delete or suppress somebody", plural.Count(gone.n, "person has", "people have"), besides, plural.Count(most, "message", "messages"))}
	}
	return nil
}

// remove sends a message for each of these people, and counts it like a message of a row. It adds to gone the people who are known to be gone, and
// those whom the client's own rules protect.
func (r remover) remove(ids [][]byte, base string, gone *leavers) error {
	if len(ids) == 0 {
		return nil
	}
	r.mu.Lock()
	offset := r.tally.read
	r.mu.Unlock()
	c := r.newChunk(offset)
	c.complete = true
	p := new(parcel)
	var sent [][]byte
	for _, id := range ids {
		raw := idAsRow(id)
		encoded, refused := r.encode(r.changes.removal(string(id), base))
		if refused != nil {
			err := r.refuseRemoval(newReject(0, mapping.ErrorOf(refused)), raw)
			if err = errors.Join(err, gone.refused.Add(snapshot.AppendKey(nil, id))); err != nil {
				return err
			}
			continue
		}
		c.rows = append(c.rows, chunkRow{file: mirrorFile, raw: [2]int{len(c.raw), len(c.raw) + len(raw)}, messages: [2]int{c.messages, c.messages + 1}})
		c.raw = append(c.raw, raw...)
		p.encoded, p.places = append(p.encoded, encoded), append(p.places, place{c, c.messages, address.Fold(string(id))})
		c.messages++
		sent = append(sent, id)
	}
	r.deletes += int64(len(sent))
	r.seal(c)
	if len(sent) == 0 {
		return nil
	}
	ln := new(lane)
	fates := r.lanes.r.deliver(ln, p)
	r.lanes.r.decide(ln)
	removed := int64(0)
	for i, id := range sent {
		if fates == nil || fates[i].outcome == 0 {
			if err := gone.removed.Add(snapshot.AppendKey(nil, id)); err != nil {
				return err
			}
			removed++
		}
	}
	r.mu.Lock()
	r.tally.Removed += removed
	r.mu.Unlock()
	return nil
}

// removal is the message that removes a person.
func (c *changes) removal(id, base string) cio.Message {
	event := "User Deleted"
	if c.cfg.Mirror == MirrorSuppress {
		event = "User Suppressed"
	}
	messageID := mapping.MessageID(mirrorDomain, event, base, id)
	if c.cfg.Mirror == MirrorSuppress {
		return cio.SuppressPerson{UserID: id, MessageID: messageID}
	}
	return cio.DeletePerson{UserID: id, MessageID: messageID}
}

// refuseRemoval counts a person who is not removed: the client's own rules, such as a list of protected people, forbid it, or it is not certain that
// a load made the person.
func (r remover) refuseRemoval(rej Reject, raw []byte) error {
	rej.File, rej.unreadable = mirrorFile, true
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &r.tally
	t.Messages++
	t.Rejected++
	t.LeftRejected++
	if rej.Rule == string(cio.RuleGuard) {
		t.Guarded++
	}
	t.add(rej)
	return r.rejects.write(rej, nil, raw, false)
}

// mirrorFile is the name of the input in the rejects of people who have left it.
const mirrorFile = "(left the input)"
