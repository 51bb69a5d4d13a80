package load

import (
	"sync"
	"sync/atomic"

	"github.com/ciokit/cio"
)

// lanes give messages to the client in parallel. All messages of one person use the same lane, which has one Send under way at a time, so they keep
// their order. All methods except those of the workers are for the goroutine that reads.
type lanes struct {
	r      sender
	bytes  int          // of a parcel
	begun  bool         // a parcel was handed to a worker
	flying atomic.Int64 // parcels that a worker has and has not settled
	all    []*lane
	free   sync.Pool // of *parcel
	done   sync.WaitGroup
}

type lane struct {
	open  *parcel       // gets new messages; nil if there is none
	ready chan *parcel  // to be sent
	woken chan struct{} // something was accepted

	mu    sync.Mutex // held while the lane sends
	aside []doubtful // in their order
	seen  int64      // run.acceptances when the first of them was last refused
}

// parcel is the argument of one Send. Its slices are used again for the next.
type parcel struct {
	encoded  []cio.Encoded
	messages []cio.Message // pointers to encoded, which cost less than a copy of each
	places   []place
	bytes    int // of the messages, as they are in a request
}

// sealed returns the messages for Send. Nothing is added to the parcel afterwards.
func (p *parcel) sealed() []cio.Message {
	for i := range p.encoded {
		p.messages = append(p.messages, &p.encoded[i])
	}
	return p.messages
}

// place is where a message came from, and the person or thing that it is about. Messages of one person keep their order.
type place struct {
	chunk   *chunk
	message int
	who     string
}

func newLanes(r *run, n, bytes int) *lanes {
	l := &lanes{r: sender{r}, bytes: bytes}
	for range n {
		ln := &lane{ready: make(chan *parcel), woken: make(chan struct{}, 1)}
		l.all = append(l.all, ln)
		l.done.Go(func() { l.work(ln) })
	}
	return l
}

// work sends what the lane is given, and what it has set aside when the reason may have become clear.
func (l *lanes) work(ln *lane) {
	for {
		select {
		case p, ok := <-ln.ready:
			if !ok {
				return
			}
			l.r.deliver(ln, p)
			l.recycle(p)
			l.flying.Add(-1)
			l.r.makeRoom()
		case <-ln.woken:
			ln.mu.Lock()
			l.r.again(ln, false)
			ln.mu.Unlock()
		}
	}
}

// wake tells all lanes that something was accepted.
func (l *lanes) wake() {
	for _, ln := range l.all {
		select {
		case ln.woken <- struct{}{}:
		default:
		}
	}
}

// idle reports whether no worker is sending.
func (l *lanes) idle() bool { return l.flying.Load() == 0 }

// add puts messages of a row into the lanes. identities has the person or thing of each message.
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
			ln.open = l.empty()
		}
		ln.open.encoded = append(ln.open.encoded, m)
		ln.open.places = append(ln.open.places, place{c, first + i, identities[i]})
		ln.open.bytes += size
	}
}

// empty returns a parcel without messages.
func (l *lanes) empty() *parcel {
	if p, ok := l.free.Get().(*parcel); ok {
		return p
	}
	return new(parcel)
}

// recycle takes back a parcel that is settled.
func (l *lanes) recycle(p *parcel) {
	clear(p.encoded)
	clear(p.messages)
	clear(p.places)
	*p = parcel{encoded: p.encoded[:0], messages: p.messages[:0], places: p.places[:0]}
	l.free.Put(p)
}

// hand gives the open parcel to the worker and blocks until the worker takes it. The worker always does: when ctx ends, its Send ends too.
func (l *lanes) hand(ln *lane) {
	l.begun = true
	l.flying.Add(1)
	ln.ready <- ln.open
	ln.open = nil
}

// waiting reports whether a message is waiting to be sent together with others.
func (l *lanes) waiting() bool {
	for _, ln := range l.all {
		if ln.open != nil {
			return true
		}
	}
	return false
}

// flush sends the waiting messages.
func (l *lanes) flush() {
	for _, ln := range l.all {
		if ln.open != nil {
			l.hand(ln)
		}
	}
}

// merge puts all waiting messages into one parcel, if nothing else was sent.
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
	whole := l.empty()
	for _, ln := range l.all {
		if p := ln.open; p != nil {
			whole.encoded, whole.places, whole.bytes = append(whole.encoded, p.encoded...), append(whole.places, p.places...), whole.bytes+p.bytes
			ln.open = nil
		}
	}
	if len(whole.encoded) > 0 {
		l.all[0].open = whole
	}
}

// close sends the waiting messages and returns when everything has been settled.
func (l *lanes) close() {
	l.merge() // a small load is one request, at any concurrency
	l.flush()
	for _, ln := range l.all {
		close(ln.ready)
	}
	l.done.Wait()
	l.r.decide(l.all...)
}

// hash is FNV-1a.
func hash(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}
