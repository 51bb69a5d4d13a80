package progress

import (
	"fmt"
	"time"
)

// pace measures the speed of a load over its last seconds, so that a pause or a limit can be seen.
type pace struct{ samples []sample }

type sample struct {
	at         time.Time
	rows, read int64
}

// paceWindow is how far back it looks.
const paceWindow = 15 * time.Second

func (p *pace) add(at time.Time, rows, read int64) {
	p.samples = append(p.samples, sample{at, rows, read})
	drop := 0
	for drop+2 < len(p.samples) && at.Sub(p.samples[drop+1].at) >= paceWindow {
		drop++
	}
	p.samples = append(p.samples[:0], p.samples[drop:]...)
}

// between returns the oldest sample of the window, the newest, and the seconds between them.
func (p *pace) between() (first, last sample, seconds float64) {
	if len(p.samples) < 2 {
		return first, last, 0
	}
	first, last = p.samples[0], p.samples[len(p.samples)-1]
	return first, last, last.at.Sub(first.at).Seconds()
}

// rows is the number of rows per second.
func (p *pace) rows() float64 {
	first, last, seconds := p.between()
	if seconds <= 0 {
		return 0
	}
	return float64(last.rows-first.rows) / seconds
}

// left is how long the rest of the input takes at this pace. It returns false if that is not known.
func (p *pace) left(read, size int64) (time.Duration, bool) {
	first, last, seconds := p.between()
	if size == 0 || seconds < 1 || last.read <= first.read {
		return 0, false
	}
	return time.Duration(float64(size-read) / float64(last.read-first.read) * seconds * float64(time.Second)), true
}

// remaining writes the remaining time, with the precision that it has.
func remaining(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(int(d.Round(time.Second).Seconds()), 1))
	case d < 10*time.Minute:
		return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
	}
	return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
}
