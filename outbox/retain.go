package outbox

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// cleanEvery is how often dead letters are looked through for old ones.
const cleanEvery = time.Hour

// clock tells whether the machine's clock has gone evenly since it was asked last.
type clock struct {
	last time.Time
	set  bool
}

func newClock() *clock { return &clock{} }

// even reports whether the time of day has moved by as much as the time that has passed. A clock that was set shows nothing about ages: it may have
// been wrong when they were noted, or be wrong now.
func (c *clock) even(now time.Time) bool {
	before, known := c.last, c.set
	c.last, c.set = now, true
	if !known {
		return false
	}
	return evenTimes(before, now, now)
}

// evenTimes compares the time that has passed from before to now with how far the time of day, which is shown, has moved.
func evenTimes(before, now, shown time.Time) bool {
	return (now.Sub(before) - shown.Round(0).Sub(before.Round(0))).Abs() < 5*time.Minute
}

// retain drops old dead letters, at once and every hour. The clock of one run shows nothing at first; what an earlier run has left shows that its clock
// stood there too, so a letter that was too old then is.
func (o *Outbox) retain() {
	if o.cfg.KeepDead < 0 {
		return
	}
	st, err := o.store.Stats(context.WithoutCancel(o.ctx))
	if err != nil {
		o.cleaning.met(o, "look for old dead letters", err)
	}
	earlier := st.LastUse
	tick := time.NewTicker(cleanEvery)
	defer tick.Stop()
	for clock := newClock(); ; {
		now := time.Now()
		switch even := clock.even(now); {
		case even:
			o.dropOld(now)
		case !earlier.IsZero() && earlier.Before(now):
			o.dropOld(earlier)
		case !earlier.IsZero():
			o.dropOld(now)
		}
		earlier = time.Time{}
		select {
		case <-tick.C:
		case <-o.ctx.Done():
			return
		}
	}
}

// lastUse returns when a directory was last open; the zero time if that cannot be told.
func lastUse(dir string) time.Time {
	info, err := os.Stat(filepath.Join(dir, markName))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// dropOld removes the dead letters that were older than KeepDead at that time.
func (o *Outbox) dropOld(at time.Time) {
	var old []uint64
	for after := uint64(0); ; {
		letters, err := o.store.Dead(o.ctx, after, readAtOnce)
		if err != nil {
			o.cleaning.met(o, "look for old dead letters", err)
			return
		}
		for _, l := range letters {
			after = l.Seq
			if at.Sub(l.Rejected) > o.cfg.KeepDead {
				old = append(old, l.Seq)
			}
		}
		if len(letters) == 0 {
			break
		}
	}
	if len(old) > 0 {
		n, err := o.store.Drop(context.WithoutCancel(o.ctx), old)
		if n > 0 {
			o.log.Warn("dead letters were dropped because of their age", "count", n, "after", o.cfg.KeepDead)
			o.changed.send() // there is room
		}
		if err != nil {
			o.cleaning.met(o, "drop old dead letters", err)
			return
		}
	}
	o.cleaning.over()
}
