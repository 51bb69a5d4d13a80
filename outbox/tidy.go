package outbox

import (
	"os"
	"time"
)

// Free pages of the file are given back if at least freePages are free and these are half of the file, or if nothing is queued and fewPages are free.
// The log is emptied after that, or if nothing is queued and it is larger than largeLog.
const (
	freePages = 256
	fewPages  = 16
	largeLog  = 256 << 10
)

// everySecond writes the mark, and notices changes by other processes. If there is nothing else to do, it makes the file smaller.
func (d *Disk) everySecond(idle bool) {
	err := d.hear()
	s := d.now
	if err != nil {
		if time.Since(d.said) >= time.Minute {
			d.said = time.Now()
			d.cfg.Logger.Error("the outbox cannot be read", "directory", d.cfg.Dir, "error", err)
		}
		return
	}
	d.mu.Lock()
	d.state = s
	d.mu.Unlock()
	if d.mark == nil {
		return
	}
	if err := d.mark.write(s.last); err != nil {
		d.cfg.Logger.Warn("the outbox's mark cannot be written", "directory", d.cfg.Dir, "error", err)
	}
	for begun, more := time.Now(), true; more && time.Since(begun) < markEvery/4; more = more && !d.wanted() {
		if more, err = d.sweepSome(false); err != nil {
			d.cfg.Logger.Warn("settled messages cannot be removed from the outbox's files", "directory", d.cfg.Dir, "error", err)
			break
		}
	}
	if err := d.recoverRoom(); err != nil {
		d.cfg.Logger.Warn("the outbox's files cannot be made smaller", "directory", d.cfg.Dir, "error", err)
		return
	}
	if !idle {
		return
	}
	for begun := time.Now(); time.Since(begun) < markEvery/2 && !d.wanted(); {
		more, err := d.shrink(s.queued == 0)
		if err != nil {
			d.cfg.Logger.Warn("the outbox's file cannot be made smaller", "directory", d.cfg.Dir, "error", err)
		}
		if err != nil || !more {
			return
		}
	}
}

// wanted reports whether somebody waits for a commit.
func (d *Disk) wanted() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.groups) > 0 || len(d.jobs) > 0 || d.closed
}

// shrink gives back some of the free pages of the file. When that is done, it empties the log.
func (d *Disk) shrink(empty bool) (more bool, err error) {
	free, err := d.w.one("PRAGMA freelist_count")
	if err != nil {
		return false, err
	}
	all, err := d.w.one("PRAGMA page_count")
	if err != nil {
		return false, err
	}
	if n := free[0].(int64); empty && n >= fewPages || n >= freePages && 2*n >= all[0].(int64) {
		d.vacuumed = true
		return true, d.w.query("PRAGMA incremental_vacuum(400)", func([]driverValue) error { return nil })
	}
	if info, err := os.Stat(d.path + "-wal"); d.vacuumed || empty && err == nil && info.Size() > largeLog {
		d.vacuumed = false
		return false, d.emptyLog() // this makes the files smaller
	}
	return false, nil
}

// closePatience is how long Close gives back free pages.
const closePatience = time.Second

// forget removes what is left of messages that are out of the queue: it removes settled messages from their rows, gives back the free pages of the
// file, and empties the log. It ends after the time limit, unless limit is 0.
func (d *Disk) forget(limit time.Duration) error {
	begun := time.Now()
	for more := true; more && (limit == 0 || time.Since(begun) < limit); {
		var err error
		if more, err = d.sweepSome(true); err != nil {
			return err
		}
	}
	for limit == 0 || time.Since(begun) < limit {
		free, err := d.w.one("PRAGMA freelist_count")
		if err != nil {
			return err
		}
		if free[0] == int64(0) {
			break
		}
		if err := d.w.query("PRAGMA incremental_vacuum(400)", func([]driverValue) error { return nil }); err != nil {
			return err
		}
	}
	return d.emptyLog()
}
