package outbox

import (
	"context"
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

// dropOld removes the dead letters that are older than KeepDead.
func (o *Outbox) dropOld(c *clock) {
	now := time.Now()
	if !c.even(now) || o.cfg.KeepDead < 0 {
		return
	}
	var old []uint64
	for after := uint64(0); ; {
		letters, err := o.store.Dead(o.ctx, after, readAtOnce)
		if err != nil {
			o.reading.met(o, "look for old dead letters", err)
			return
		}
		for _, l := range letters {
			after = l.Seq
			if now.Sub(l.Rejected) > o.cfg.KeepDead {
				old = append(old, l.Seq)
			}
		}
		if len(letters) == 0 {
			break
		}
	}
	if len(old) == 0 {
		return
	}
	n, err := o.store.Drop(context.WithoutCancel(o.ctx), old)
	if err != nil {
		o.reading.met(o, "drop old dead letters", err)
	}
	o.log.Warn("dead letters were dropped because of their age", "count", n, "after", o.cfg.KeepDead)
}
