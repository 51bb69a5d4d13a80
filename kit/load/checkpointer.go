package load

// checkpointer writes a run's checkpoints to its journal, one after the other. It always writes the newest.
type checkpointer struct {
	r       *run
	changed chan struct{}
	quit    chan struct{}
	ended   chan struct{}
}

func (rec *checkpointer) run() {
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
func (rec *checkpointer) note() {
	if rec == nil {
		return
	}
	select {
	case rec.changed <- struct{}{}:
	default:
	}
}

// write writes the rejects and then the checkpoint to disk, so that no checkpoint counts rejects that are lost. It returns false if that fails, which
// ends the run: if it continued, the load could not be resumed.
func (rec *checkpointer) write(end string) bool {
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

// syncer is a file of rejects that can be synced to disk.
type syncer interface{ Sync() error }
