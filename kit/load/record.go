package load

import (
	"maps"
	"slices"
	"time"
)

// recorder writes a run's checkpoints to its journal, one after the other, always the newest.
type recorder struct {
	r       *run
	changed chan struct{}
	quit    chan struct{}
	ended   chan struct{}
}

// record begins to write checkpoints. It does nothing without a journal.
func (r *run) record() (finish func()) {
	j := r.job.journal
	if j == nil {
		return func() {}
	}
	j.used = true
	rec := &recorder{r: r, changed: make(chan struct{}, 1), quit: make(chan struct{}), ended: make(chan struct{})}
	r.recorder = rec
	go rec.run()
	return func() {
		close(rec.quit)
		<-rec.ended
		rec.write(r.end())
	}
}

func (rec *recorder) run() {
	defer close(rec.ended)
	for {
		select {
		case <-rec.changed:
			if !rec.write("") {
				return
			}
		case <-rec.quit:
			return
		}
	}
}

// note says that there is a new checkpoint.
func (rec *recorder) note() {
	if rec == nil {
		return
	}
	select {
	case rec.changed <- struct{}{}:
	default:
	}
}

// write brings the rejects and then the checkpoint to disk, so that no checkpoint speaks of rejects that are lost. It returns false if that
// fails, which ends the run: going on would promise a resumption that cannot be.
func (rec *recorder) write(end string) bool {
	r := rec.r
	r.mu.Lock()
	c := r.checkpoint
	err := r.rejects.flush()
	spooled := r.changes.flush()
	unsynced := r.rejects.unsynced()
	r.mu.Unlock()
	if err == nil && unsynced != nil {
		err = unsynced.Sync()
	}
	if err != nil {
		r.note(ErrRejects, err)
		return false
	}
	if spooled == nil {
		spooled = r.changes.sync()
	}
	if spooled != nil {
		r.note(ErrSnapshot, spooled)
		return false
	}
	c.End, c.Key = end, r.key
	if err := r.job.journal.write(c); err != nil {
		r.note(ErrJournal, err)
		return false
	}
	return true
}

// end says how the run ended, for the journal.
func (r *run) end() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case len(r.stops) > 0:
		return r.stops[0].Reason.Error()
	case !r.tally.Complete || r.tally.Unsent > 0:
		return ErrInterrupted.Error()
	}
	return EndComplete
}

// mark makes the checkpoint behind a chunk that was accounted for, unless something before it is unsent; the lock must be held.
func (r *run) mark(c *chunk) {
	if r.recorder == nil || r.tally.Unsent > 0 || c.ordinal <= r.checkpoint.Row {
		return
	}
	r.checkpoint.Mark, r.checkpoint.Who = c.mark, c.who
	r.checkpointAt(c.ordinal, c.offset)
	r.recorder.note()
}

// checkpointAt makes a checkpoint; the lock must be held.
func (r *run) checkpointAt(row, offset int64) {
	t := &r.tally
	s := r.snapshotLocked()
	s.First, s.Reasons, s.Warned = nil, nil, nil
	r.checkpoint = Checkpoint{Row: row, Read: offset, Mark: r.checkpoint.Mark, Who: r.checkpoint.Who, Summary: s, Warned: slices.Clone(t.warned),
		Reasons: maps.Clone(t.reasons), RejectsBytes: r.rejects.written, RejectsSum: r.rejects.sum, SpoolBytes: r.changes.spooled(),
		Deletes: r.deleted, Bounds: r.bounds}
}

// markEnd has the last checkpoint count what was done after the last row, if all of it is settled.
func (r *run) markEnd() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.recorder != nil && r.tally.Complete && r.tally.Unsent == 0 && len(r.stops) == 0 {
		r.checkpointAt(r.checkpoint.Row, r.checkpoint.Read)
	}
}

// resume takes up the counts of the checkpoint that the journal ends with.
func (r *run) resume(c Checkpoint) {
	t := &r.tally
	t.Summary = c.Summary
	maps.Copy(t.reasons, c.Reasons)
	t.warned = slices.Clone(c.Warned)
	t.read = c.Read
	r.base = Summary{Requests: c.Requests, Retried: c.Retried, Bytes: c.Bytes}
	t.begun = t.begun.Add(-time.Duration(c.Seconds * float64(time.Second)))
	t.Complete = false
	r.rejects.written, r.rejects.sum = c.RejectsBytes, c.RejectsSum
	if f, ok := r.job.Rejects.(*rejectsFile); ok { // which may be a new one
		r.rejects.written, r.rejects.sum = f.at, f.sum
	}
	r.refused, r.deletes, r.deleted = c.RejectedByAPI, c.Deletes, c.Deletes
	b := r.job.bounds()
	r.bounds, c.Bounds = &b, &b
	r.checkpoint = c
	r.checkErrors()
}

// syncer is a file of rejects that can be brought to disk.
type syncer interface{ Sync() error }
