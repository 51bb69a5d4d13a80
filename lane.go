package cio

import (
	"bytes"
	"compress/gzip"
	"sync"
	"sync/atomic"
	"time"
)

// lane keeps the order of the identities that fall to it: its batches go out one after the other.
type lane struct {
	b    *Batcher
	wake chan struct{} // there may be something to do

	mu       sync.Mutex
	open     *batch   // takes messages
	sealed   []*batch // wait to be sent, oldest first
	sending  *batch   // on its way
	holds    int      // batches out of the pool
	enqueued uint64
	settled  uint64
	flushTo  uint64 // messages up to this one do not wait for others
	closed   bool

	halt atomic.Pointer[halt] // for a reason of its own; nil while it sends
}

func newLane(b *Batcher) *lane { return &lane{b: b, wake: make(chan struct{}, 1)} }

func (l *lane) stir() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// add copies an encoded message into the open batch. It is encoded elsewhere first, because a caller's own code runs in there, which may
// take its time, or use the Batcher itself.
func (l *lane) add(data []byte, h *header) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	if l.open != nil && !l.open.fits(len(data), l.b.pool.maxBytes, l.b.pool.maxMessages) {
		l.seal()
		l.stir()
	}
	if l.open == nil {
		batch := l.b.pool.get(l.holds == 0)
		if batch == nil {
			l.b.press()
			return ErrQueueFull
		}
		l.holds++
		l.open = batch
	}
	if l.open.add(data, h); len(l.open.entries) == 1 {
		l.stir() // from now on its age counts
	}
	l.enqueued++
	return nil
}

// seal closes the open batch; the lock must be held.
func (l *lane) seal() {
	l.open.seal()
	l.sealed = append(l.sealed, l.open)
	l.open = nil
}

// flush lets what is queued now go without waiting, and returns how far that is.
func (l *lane) flush() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flushTo = l.enqueued
	l.stir()
	return l.enqueued
}

func (l *lane) settledTo() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.settled
}

func (l *lane) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.stir()
}

// take returns the batch to send next; otherwise how long until the open one is due, negative for no such time.
func (l *lane) take() (b *batch, due time.Duration, done bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	due = -1
	if len(l.sealed) == 0 && l.open != nil {
		if due = l.b.cfg.MaxDelay - time.Since(l.open.opened); due <= 0 || l.closed || l.flushTo > l.settled || l.b.pressed.Load() {
			l.seal()
		}
	}
	if len(l.sealed) > 0 {
		l.sending = l.sealed[0]
		l.sealed = append(l.sealed[:0], l.sealed[1:]...)
		return l.sending, 0, false
	}
	return nil, due, l.closed && l.open == nil
}

// run sends the lane's batches until the Batcher is closed and the lane is empty, or Close has given up.
func (l *lane) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for l.b.ctx.Err() == nil {
		b, due, done := l.take()
		switch {
		case b != nil:
			l.deliver(b)
			continue
		case done:
			return
		}
		var aged <-chan time.Time
		if due >= 0 {
			timer.Reset(due)
			aged = timer.C
		}
		select {
		case <-l.wake:
		case <-aged:
		case <-l.b.ctx.Done():
		}
	}
}

// deliver brings a batch to acceptance, however long it takes. It leaves the batch where it is when Close gives up.
func (l *lane) deliver(b *batch) {
	c := l.b.c
	p := &parcelOfLane{l: l, b: b}
	d := &delivery{c: c, ctx: l.b.ctx, p: p, maxElapsed: -1, waits: func() bool { return l.b.waits() != nil }, maxRefusals: int64(l.b.cfg.PauseAfterRefusals), rest: b.rest[:0]}
	d.rest = append(d.rest, span{lo: 0, hi: len(b.entries), whole: true})
	wait := firstProbe // before a message that is refused alone is tried again
	for len(d.rest) > 0 {
		turn, err := l.waitForTurn()
		if err != nil {
			return
		}
		key := c.key.Load()
		end := d.run(turn != nil)
		if l.b.ctx.Err() != nil {
			return
		}
		if turn != nil && l.b.waits() == turn {
			l.b.tried(turn, l)
		}
		switch {
		case end == nil:
			l.goOn()
		case end.cause == byStranger, end.cause == byAll, end.cause == byKey && !c.ledger.acceptedSince(end.since):
			l.b.pause(l, end, key)
		case end.cause == byKey:
			l.stopAlone(end, key, firstProbe)
		case end.cause == byDoubt:
			l.stopAlone(end, key, wait)
			wait = min(2*wait, longestProbe)
		case end.verdict() == passing, end.verdict() == foreign:
			// Somebody else met what all wait for.
		default:
			l.stopAlone(end, key, stoppedFor)
		}
	}
	b.rest = d.rest
	l.release(b, p.held)
}

// release gives a settled batch back.
func (l *lane) release(b *batch, held bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sending != b {
		return // Close has taken it
	}
	l.sending = nil
	l.holds--
	l.b.pressed.Store(false)
	l.b.pool.put(b, held, l.holds == 0)
}

// settle counts messages of the batch on its way and reports them. A message is settled for good before it is reported: if Close takes the
// batch meanwhile, the message is not handed back, and if it takes it before, the message is not reported.
func (l *lane) settle(b *batch, lo, hi, attempts int, err error) {
	if l.b.cfg.OnReport == nil {
		if l.fix(b, lo, hi, err) {
			l.b.keepRefused(b, lo, hi, err)
			l.counted(hi - lo)
		}
		return
	}
	l.b.reporting <- struct{}{}
	defer func() { <-l.b.reporting }()
	tell(hi-lo, func(i int) bool {
		i += lo
		if !l.fix(b, i, i+1, err) {
			return false
		}
		r := Report{MessageID: b.id(i), Tag: b.entries[i].tag, Attempts: attempts, Err: err}
		if err != nil {
			r.Encoded = b.encoded(i)
		}
		l.b.tellOne(r)
		return true
	})
	l.counted(hi - lo)
}

// fix settles messages of the batch on its way, unless Close has taken it.
func (l *lane) fix(b *batch, lo, hi int, err error) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sending != b {
		return false
	}
	b.settle(lo, hi)
	if err == nil {
		l.b.accepted.Add(int64(hi - lo))
	} else {
		l.b.refused.Add(int64(hi - lo))
	}
	return true
}

// counted lets those go on who wait for messages to be settled and reported.
func (l *lane) counted(n int) {
	l.mu.Lock()
	l.settled += uint64(n)
	l.mu.Unlock()
	l.b.changed.send()
}

// handBack takes everything that is not settled.
func (l *lane) handBack() (messages []Encoded) {
	l.mu.Lock()
	defer l.mu.Unlock()
	batches := l.sealed
	if l.sending != nil {
		batches = append([]*batch{l.sending}, batches...)
	}
	if l.open != nil {
		batches = append(batches, l.open)
	}
	for _, b := range batches {
		for i := b.next; i < len(b.entries); i++ {
			if !b.settled(i) {
				messages = append(messages, b.encoded(i))
			}
		}
	}
	l.sealed, l.sending, l.open = nil, nil, nil
	return messages
}

// parcelOfLane is a batch on its way.
type parcelOfLane struct {
	l    *lane
	b    *batch
	held bool // a transport has not closed a body that may be the batch's own buffer
}

func (p *parcelOfLane) body(lo, hi int) *request {
	r := &request{operation: "batch", messages: hi - lo, release: func(held bool) { p.held = p.held || held }}
	switch {
	case hi-lo == 1:
		r.operation = string(p.b.typ(lo))
		r.body = p.b.message(lo)
	case lo == 0 && hi == len(p.b.entries):
		r.body = p.b.data
	default:
		r.body = append([]byte(batchOpen), p.b.data[p.b.start(lo):p.b.entries[hi-1].end]...)
		r.body = append(r.body, batchClose...)
	}
	if p.l.b.cfg.Compress {
		r.body, r.gzip = compress(r.body), true
	}
	return r
}

func (p *parcelOfLane) identity(i int) string {
	m := p.b.encoded(i)
	id := m.Identity()
	return orderKey(&id)
}

func (p *parcelOfLane) accepted(lo, hi, attempts int) { p.l.settle(p.b, lo, hi, attempts, nil) }

func (p *parcelOfLane) failed(lo, hi int, _ Outcome, err *APIError) {
	p.l.settle(p.b, lo, hi, err.Attempts, err)
}

var gzipPool = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	return w
}}

func compress(body []byte) []byte {
	var out bytes.Buffer
	w := gzipPool.Get().(*gzip.Writer)
	defer gzipPool.Put(w)
	w.Reset(&out)
	w.Write(body) // a bytes.Buffer takes everything
	w.Close()
	return out.Bytes()
}
