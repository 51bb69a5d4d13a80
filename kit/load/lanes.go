package load

import (
	"sync"

	"github.com/ciokit/cio"
)

// lanes bring messages to the client side by side. Messages of one person go by the same lane, which has one Send under way at a time, so
// that they keep their order. All methods but those of the workers are for the goroutine that reads.
type lanes struct {
	r     *run
	bytes int  // of a parcel
	begun bool // a parcel was handed to a worker
	all   []*lane
	done  sync.WaitGroup
}

type lane struct {
	open  *parcel      // takes messages; nil if it has none
	ready chan *parcel // to be sent
}

// parcel is what is given to one Send.
type parcel struct {
	messages []cio.Message
	places   []place
	bytes    int // of the messages, as they are in a request
}

// place is where a message came from.
type place struct {
	chunk   *chunk
	message int
}

func newLanes(r *run, n, bytes int) *lanes {
	l := &lanes{r: r, bytes: bytes}
	for range n {
		ln := &lane{ready: make(chan *parcel)}
		l.all = append(l.all, ln)
		l.done.Go(func() {
			for p := range ln.ready {
				r.deliver(p)
			}
		})
	}
	return l
}

// add puts messages of a row, which belong to one after the other of identities, into the lanes.
func (l *lanes) add(c *chunk, first int, messages []cio.Encoded, identities []string) {
	for i, m := range messages {
		ln := l.all[0]
		if n := uint32(len(l.all)); n > 1 {
			ln = l.all[hash(identities[i])%n]
		}
		size := m.Len() + 1
		if ln.open != nil && ln.open.bytes+size > l.bytes {
			l.hand(ln)
		}
		if ln.open == nil {
			ln.open = new(parcel)
		}
		ln.open.messages = append(ln.open.messages, m)
		ln.open.places = append(ln.open.places, place{c, first + i})
		ln.open.bytes += size
	}
}

// hand gives the open parcel to the worker and waits until it takes it. The worker always does: when ctx ends its Send does too.
func (l *lanes) hand(ln *lane) {
	l.begun = true
	ln.ready <- ln.open
	ln.open = nil
}

// waiting reports whether any message waits for others to share its request.
func (l *lanes) waiting() bool {
	for _, ln := range l.all {
		if ln.open != nil {
			return true
		}
	}
	return false
}

// flush sends what waits.
func (l *lanes) flush() {
	for _, ln := range l.all {
		if ln.open != nil {
			l.hand(ln)
		}
	}
}

// merge puts all that waits into one parcel, if it is all there is.
func (l *lanes) merge() {
	bytes := 0
	for _, ln := range l.all {
		if ln.open != nil {
			bytes += ln.open.bytes
		}
	}
	if l.begun || bytes > l.bytes {
		return
	}
	whole := new(parcel)
	for _, ln := range l.all {
		if p := ln.open; p != nil {
			whole.messages, whole.places, whole.bytes = append(whole.messages, p.messages...), append(whole.places, p.places...), whole.bytes+p.bytes
			ln.open = nil
		}
	}
	if len(whole.messages) > 0 {
		l.all[0].open = whole
	}
}

// close sends what waits and returns when everything has been settled.
func (l *lanes) close() {
	l.merge() // a small load is one request, whatever the concurrency
	l.flush()
	for _, ln := range l.all {
		close(ln.ready)
	}
	l.done.Wait()
}

// hash is FNV-1a.
func hash(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}
