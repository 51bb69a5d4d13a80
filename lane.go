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

	stopped atomic.Pointer[stoppage] // for a reason of its own; nil while it sends
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
	d := &delivery{c: l.b.c, ctx: l.b.ctx, maxElapsed: -1}
	for next := 0; next < len(b.entries); {
		if l.waitWhileStopped() != nil {
			return
		}
		key := l.b.c.key.Load()
		var stop *APIError
		next, stop = d.run(p, next, len(b.entries))
		switch {
		case stop == nil:
			l.goOn()
		case l.b.ctx.Err() != nil:
			return
		default:
			l.stop(&stoppage{stop, key})
		}
	}
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

// handBack moves everything unsettled into e, and reports it unless another report is stuck.
func (l *lane) handBack(e *UndeliveredError, why error, report bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := error(ErrClosed)
	if why != nil {
		err = fmt.Errorf("%w before it was accepted: %w", ErrClosed, why)
	}
	batches := l.sealed
	if l.sending != nil {
		batches = append([]*batch{l.sending}, batches...)
	}
	if l.open != nil {
		batches = append(batches, l.open)
	}
	for _, b := range batches {
		for i := b.next; i < len(b.entries); i++ {
			m := b.encoded(i)
			e.Messages = append(e.Messages, m)
			if report && l.b.cfg.OnReport != nil {
				l.b.cfg.OnReport(Report{MessageID: m.MessageID(), Tag: m.Tag(), Err: err, Encoded: m})
			}
		}
	}
	l.sealed, l.sending, l.open = nil, nil, nil
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

// stoppedFor is how long a lane waits before it tries again what trying again does not mend, unless it is the key.
const stoppedFor = 30 * time.Second

// stoppage is why a lane does not send, and the key under which that was so.
type stoppage struct {
	err *APIError
	key *apiKey
}

// byKey reports whether all lanes have to stop, because none can get further.
func (s *stoppage) byKey() bool { return s != nil && errors.Is(s.err, ErrUnauthorized) }

// stop makes the lane wait, or all of them if it is the key, and says so once.
func (l *lane) stop(s *stoppage) {
	where := &l.stopped
	if s.byKey() {
		where = &l.b.stopped
	}
	if before := where.Swap(s); before == nil || before.key != s.key {
		l.b.c.log.Error("sending has stopped; everything is kept", "reason", s.err.Error())
	}
	l.b.changed.send()
}

// goOn undoes stop after a success.
func (l *lane) goOn() {
	mine, all := l.stopped.Load(), l.b.stopped.Load()
	if mine == nil && all == nil {
		return
	}
	l.stopped.Store(nil)
	l.b.stopped.CompareAndSwap(all, nil)
	l.b.c.log.Info("sending goes on")
	l.b.changed.send()
}

// stopReason returns why the lane does not send, nil as long as it does. A new key has yet to show what it is worth.
func (l *lane) stopReason() error {
	if all := l.b.stopped.Load(); all != nil && all.key == l.b.c.key.Load() {
		return all.err
	}
	if mine := l.stopped.Load(); mine != nil {
		return mine.err
	}
	return nil
}

// waitWhileStopped returns nil when it is time to try: at once, after a new key, or after a while where it is not the key. Its error is that
// Close has given up.
func (l *lane) waitWhileStopped() error {
	renewed := l.b.c.renewed.wait()
	all, mine := l.b.stopped.Load(), l.stopped.Load()
	byKey := all != nil && all.key == l.b.c.key.Load()
	if !byKey && mine == nil {
		return l.b.ctx.Err()
	}
	var again <-chan time.Time
	if !byKey {
		t := time.NewTimer(stoppedFor)
		defer t.Stop()
		again = t.C
	}
	select {
	case <-renewed:
	case <-again:
	case <-l.b.ctx.Done():
	}
	return l.b.ctx.Err()
}
