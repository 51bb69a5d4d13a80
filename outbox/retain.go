package outbox

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// cleanEvery is how often old dead letters are removed.
const cleanEvery = time.Hour

// clock finds out whether the machine's clock was set since the last call.
type clock struct {
	last time.Time
	set  bool
}

func newClock() *clock { return &clock{} }

// even reports whether the time of day has moved by as much as the time that has passed. If the clock was set, it shows nothing about ages: it may
// have been wrong when the times were written, or it may be wrong now.
func (c *clock) even(now time.Time) bool {
	before, known := c.last, c.set
	c.last, c.set = now, true
	if !known {
		return false
	}
	return evenTimes(before, now, now)
}

// evenTimes reports whether the time of day has moved from before to shown by as much as the time that has passed from before to now.
func evenTimes(before, now, shown time.Time) bool {
	return (now.Sub(before) - shown.Round(0).Sub(before.Round(0))).Abs() < 5*time.Minute
}

// retain drops old dead letters, at once and every hour. At first the clock of this run alone is not trusted. But the files show when they
// were last in use, by the clock of that time. A dead letter that was too old then is dropped.
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

// lastUse returns when a directory was last open; the zero time if that is not known.
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
