package cio

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
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
	p := &parcelOfLane{l: l, b: b}
	p.hold()
	defer p.drop()
	d := &delivery{c: l.b.c, ctx: l.b.ctx, maxElapsed: -1}
	for next := 0; next < len(b.entries); {
		if l.b.waitWhileBlocked() != nil {
			return
		}
		key := l.b.c.key.Load()
		var stop *APIError
		if next, stop = d.run(p, next, len(b.entries)); stop == nil {
			l.b.unblock()
			continue
		}
		if l.b.ctx.Err() != nil {
			return
		}
		l.b.block(stop, key)
	}
}

// settle reports messages of the batch on its way and counts them.
func (l *lane) settle(b *batch, lo, hi, attempts int, err error) {
	l.b.reporting <- struct{}{}
	defer func() { <-l.b.reporting }()
	if l.b.abandoned.Load() {
		return // Close has handed them back
	}
	l.b.report(b, lo, hi, attempts, err)
	l.mu.Lock()
	b.next = hi
	l.settled += uint64(hi - lo)
	l.mu.Unlock()
	l.b.changed.send()
}

// handBack moves everything unsettled into e, and reports it; the lock of reports must be held.
func (l *lane) handBack(e *UndeliveredError, why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := error(ErrClosed)
	if why != nil {
		err = fmt.Errorf("%w before it was accepted: %w", ErrClosed, why)
	}
	batches := l.sealed
	if l.sending != nil && l.sending.next < len(l.sending.entries) {
		batches = append([]*batch{l.sending}, batches...)
	}
	if l.open != nil {
		batches = append(batches, l.open)
	}
	for _, b := range batches {
		for i := b.next; i < len(b.entries); i++ {
			m := b.encoded(i)
			e.Messages = append(e.Messages, m)
			if l.b.cfg.OnReport != nil {
				l.b.cfg.OnReport(Report{MessageID: m.MessageID(), Tag: m.Tag(), Err: err, Encoded: m})
			}
		}
	}
	l.sealed, l.sending, l.open = nil, nil, nil
}

// parcelOfLane is a batch on its way. Its buffer goes back to the pool when it is settled and no transport reads it any more.
type parcelOfLane struct {
	l *lane
	b *batch

	holders atomic.Int32
}

func (p *parcelOfLane) hold() { p.holders.Add(1) }

func (p *parcelOfLane) drop() {
	if p.holders.Add(-1) > 0 {
		return
	}
	l := p.l
	l.mu.Lock()
	if l.sending == p.b && p.b.next < len(p.b.entries) {
		l.mu.Unlock() // not settled: Close hands it back
		return
	}
	if l.sending == p.b {
		l.sending = nil
	}
	l.holds--
	last := l.holds == 0
	l.mu.Unlock()
	l.b.pool.put(p.b, last)
	l.b.pressed.Store(false)
}

func (p *parcelOfLane) body(lo, hi int) *request {
	p.hold()
	r := &request{operation: "batch", messages: hi - lo, release: p.drop}
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

// blockedFor is how long the Batcher waits before it tries again what trying again does not mend, unless it is the key.
const blockedFor = 30 * time.Second

// blockage is why nothing is sent, and the key under which that was so.
type blockage struct {
	err *APIError
	key *apiKey
}

// block stops all lanes from sending, and says so once.
func (b *Batcher) block(err *APIError, key *apiKey) {
	if before := b.blocked.Swap(&blockage{err, key}); before == nil || before.key != key {
		b.c.log.Error("sending has stopped; everything is kept", "reason", err.Error())
	}
	b.changed.send()
}

func (b *Batcher) unblock() {
	if b.blocked.Load() != nil && b.blocked.Swap(nil) != nil {
		b.c.log.Info("sending goes on")
		b.changed.send()
	}
}

// stopped returns why nothing is sent, nil as long as something is. A new key has yet to show what it is worth.
func (b *Batcher) stopped() error {
	if blocked := b.blocked.Load(); blocked != nil && blocked.key == b.c.key.Load() {
		return blocked.err
	}
	return nil
}

// waitWhileBlocked returns nil when it is time to try: at once, after a new key, or after a while where it is not the key. Its error is
// that Close has given up.
func (b *Batcher) waitWhileBlocked() error {
	renewed := b.c.renewed.wait()
	blocked := b.blocked.Load()
	if blocked == nil || blocked.key != b.c.key.Load() {
		return b.ctx.Err()
	}
	var again <-chan time.Time
	if !errors.Is(blocked.err, ErrUnauthorized) {
		t := time.NewTimer(blockedFor)
		defer t.Stop()
		again = t.C
	}
	select {
	case <-renewed:
	case <-again:
	case <-b.ctx.Done():
		return b.ctx.Err()
	}
	return nil
}
