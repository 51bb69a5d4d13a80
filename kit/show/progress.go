package show

import (
	"fmt"
	"html"
	"math/rand/v2"
	"sync"
	"time"
)

// Progress is a bar that fills. In a notebook it moves; elsewhere only its end is shown. Its methods are safe for concurrent use. What it
// says at the end holds no time and no rate, so that it is the same in every run.
type Progress struct {
	label string

	mu    sync.Mutex
	done  int64
	total int64
	drawn time.Time
	id    string
}

// progressEvery is the time between two drawings: more would only flicker.
const progressEvery = 200 * time.Millisecond

// NewProgress shows an empty bar for total things, such as rows; 0 if their number is not known.
func NewProgress(label string, total int64) *Progress {
	p := &Progress{label: label, total: total, id: fmt.Sprintf("progress-%x", rand.Uint64())}
	p.Set(0)
	return p
}

// Set says how many things are done. It costs nothing if the bar was drawn just before.
func (p *Progress) Set(done int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = done
	if notebook() != nil && time.Since(p.drawn) >= progressEvery {
		p.drawn = time.Now()
		p.bundle().show()
	}
}

// Done shows the bar for the last time, with how many things were done.
func (p *Progress) Done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bundle().show()
}

func (p *Progress) bundle() bundle {
	count := commas(fmt.Sprint(p.done))
	if p.total > 0 {
		count += " of " + commas(fmt.Sprint(p.total))
	}
	filled := p.total
	if filled == 0 {
		filled = p.done
	}
	return bundle{
		id:   p.id,
		text: fmt.Sprintf("%s %s  %s", p.label, track(p.done, p.total), count),
		html: fmt.Sprintf(`%s <progress value="%d" max="%d" style="width: 20em"></progress> %s`, html.EscapeString(p.label), p.done, max(filled, 1), count),
	}
}

// track draws the bar with 30 characters.
func track(done, total int64) string {
	const width = 30
	filled := int64(width)
	if total > 0 {
		filled = min(max(done*width/total, 0), width)
	}
	b := make([]byte, width)
	for i := range b {
		b[i] = '.'
		if int64(i) < filled {
			b[i] = '#'
		}
	}
	return "[" + string(b) + "]"
}
