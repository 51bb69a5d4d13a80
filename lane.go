package cio

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// lane is a queue of its own. It keeps the order of its identities: it sends its batches one after the other.
type lane struct {
	b    *Batcher
	wake chan struct{} // there may be something to do

	mu         sync.Mutex
	open       *batch   // takes messages
	sealed     []*batch // wait to be sent, oldest first
	sending    []*batch // being sent: one, and more behind one in which a message is set aside
	batchesOut int      // batches out of the pool
	enqueued   uint64
	told       uint64 // the first message that is being reported; enqueued ones are below
	telling    bool
	flushTo    uint64 // messages up to this one do not wait for others
	closed     bool
	left       uint64 // the first message that Close has handed back

	rest []span // memory for the delivery under way

	halt   atomic.Pointer[halt] // for a reason of its own; nil while it sends
	trying atomic.Bool          // it sends all the same, to see whether that has passed
}

func newLane(b *Batcher) *lane {
	return &lane{b: b, wake: make(chan struct{}, 1), left: math.MaxUint64}
}

func (l *lane) stir() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// add copies an encoded message into the open batch. The message was encoded before, without the lock: the caller's own code runs during
// encoding; it may be slow, or use the Batcher itself.
func (l *lane) add(data []byte, h *header, since time.Time) error {
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
		batch := l.b.pool.get(l.batchesOut == 0)
		if batch == nil {
			l.b.press()
			return ErrQueueFull
		}
		l.batchesOut++
		l.open = batch
		l.open.first = l.enqueued
	}
	if l.open.add(data, h); len(l.open.entries) == 1 {
		l.stir() // from now on its age counts
	}
	if !since.IsZero() && since.Before(l.open.opened) { // the time in which it waited for room counts, as for Recheck
		l.open.opened = since
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

// flush lets what is queued now be sent without waiting, and returns how far that is.
func (l *lane) flush() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flushTo = l.enqueued
	l.stir()
	return l.enqueued
}

// queued reports whether there is a batch that is not being sent.
func (l *lane) queued() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.sealed) > 0 || l.open != nil
}

// finishedTo returns the message before which all are finished and reported.
func (l *lane) finishedTo() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.finishedLocked()
}

// idle reports whether all is finished.
func (l *lane) idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.finishedLocked() == l.enqueued
}

func (l *lane) finishedLocked() uint64 {
	n := l.enqueued
	for _, batches := range [...][]*batch{{l.open}, l.sealed, l.sending} {
		for _, b := range batches {
			if b != nil && b.next < len(b.entries) {
				n = min(n, b.first+uint64(b.next))
			}
		}
	}
	if l.telling {
		n = min(n, l.told)
	}
	return n
}

func (l *lane) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.stir()
}

// take returns the batch to send next, behind those that are being sent. If there is none, due is how long until the open batch must be
// sent; negative for no such time.
func (l *lane) take() (b *batch, due time.Duration, done bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	due = -1
	if len(l.sealed) == 0 && l.open != nil {
		if due = l.b.cfg.MaxDelay - time.Since(l.open.opened); due <= 0 || l.closed || l.flushTo > l.finishedLocked() || l.b.pressed.Load() {
			l.seal()
		}
	}
	if len(l.sealed) > 0 {
		b = l.sealed[0]
		l.sealed = append(l.sealed[:0], l.sealed[1:]...)
		l.sending = append(l.sending, b)
		return b, 0, false
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

// deliver sends a batch until all its messages have ended, however long it takes. While a message in it is set aside, it sends the batches
// behind it: if they are accepted, the message is at fault. When Close gives up, deliver leaves everything where it is.
func (l *lane) deliver(b *batch) {
	c := l.b.c
	p := &laneMessages{l: l}
	d := &delivery{c: c, ctx: l.b.ctx, list: p, maxElapsed: -1, waits: func() bool { return l.b.waits() != nil }, maxRejections: int64(l.b.cfg.PauseAfterRejections), rest: l.rest[:0]}
	add := func(b *batch) {
		lo := p.add(b)
		d.rest = append(d.rest, span{lo: lo, hi: lo + len(b.entries), whole: true})
	}
	add(b)
	wait := firstProbe // before a message that is refused alone is tried again
	for len(d.rest) > 0 {
		stopped := l.stopReason() != nil
		turn, more, err := l.waitForTurn()
		if err != nil {
			return
		}
		if turn != nil {
			if _, ok := d.untried(make(map[string]bool)); !ok { // a message that was refused shows nothing
				more, _, _ = l.take()
			}
		}
		if more != nil {
			add(more)
		}
		p.recheck(d, stopped)
		l.trying.Store(true)
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
		l.release()
	}
	l.rest = d.rest
	l.goOn() // nothing is left that could wait
}

// release returns the finished batches to the pool.
func (l *lane) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sending = slices.DeleteFunc(l.sending, func(b *batch) bool {
		if b.next < len(b.entries) {
			return false
		}
		l.batchesOut--
		l.b.pressed.Store(false)
		l.b.pool.put(b, l.batchesOut == 0)
		return true
	})
}

// finish counts messages of a batch that is being sent, and reports them. A message is finished before it is reported. If Close takes the
// batch after that, it does not hand the message back. If Close takes the batch before that, the message is not reported.
func (l *lane) finish(b *batch, lo, hi, attempts int, err error) {
	if l.b.cfg.OnReport == nil {
		if l.fix(b, lo, hi, err) {
			l.b.keepRejected(b, lo, hi, err)
			l.b.changed.send()
		}
		return
	}
	l.b.reporting <- struct{}{}
	defer func() { <-l.b.reporting }()
	l.tell(true, b.first+uint64(lo))
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
	l.tell(false, 0)
	l.b.changed.send()
}

// tell notes from which message on reports are made now.
func (l *lane) tell(telling bool, from uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.telling, l.told = telling, from
}

// fix finishes messages of a batch that is being sent, unless Close has taken the batch.
func (l *lane) fix(b *batch, lo, hi int, err error) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Contains(l.sending, b) {
		return false
	}
	b.finish(lo, hi)
	if err == nil {
		l.b.accepted.Add(int64(hi - lo))
	} else {
		l.b.rejected.Add(int64(hi - lo))
	}
	return true
}

// handBack takes everything that is not finished.
func (l *lane) handBack() (messages []Encoded) {
	l.mu.Lock()
	defer l.mu.Unlock()
	batches := slices.Concat(l.sending, l.sealed)
	if l.open != nil {
		batches = append(batches, l.open)
	}
	for _, b := range batches {
		for i := b.next; i < len(b.entries); i++ {
			if b.finished(i) {
				continue
			}
			l.left = min(l.left, b.first+uint64(i))
			messages = append(messages, b.encoded(i))
		}
	}
	l.sealed, l.sending, l.open = nil, nil, nil
	return messages
}

// handedBack reports whether Close has taken any of the first messages; first is their number.
func (l *lane) handedBack(first uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.left < first
}

// stopAlone makes this lane wait, and no other.
func (l *lane) stopAlone(end *stop, key *apiKey, d time.Duration) {
	before := l.halt.Swap(&halt{end, key, time.Now().Add(d)})
	l.trying.Store(false)
	if before == nil {
		l.b.notice.stopped(l.b.c.alarm(), end.APIError)
	} else {
		l.b.notice.still(l.b.c.alarm(), end.APIError)
	}
	l.b.changed.send()
}

// goOn ends what stopAlone began.
func (l *lane) goOn() {
	if l.halt.Swap(nil) != nil {
		l.b.goesOn()
	}
}

// halt keeps one lane from sending.
type halt struct {
	*stop
	key   *apiKey
	until time.Time // when it tries again
}

// halted returns why this lane alone does not send; nil if it may send.
func (l *lane) halted() *halt {
	h := l.halt.Load()
	if h == nil || h.cause == byDoubt && l.b.c.ledger.acceptedSince(h.since) || h.cause == byKey && h.key != l.b.c.key.Load() {
		return nil
	}
	return h
}

// stopReason returns why the lane does not send; nil as long as it does.
func (l *lane) stopReason() error {
	if p := l.b.waits(); p != nil {
		return p.reason()
	}
	if h := l.halted(); h != nil {
		return h.APIError
	}
	return nil
}

// stuck returns why the lane does not send, unless that will pass soon by itself.
func (l *lane) stuck() error {
	if p := l.b.waits(); p != nil {
		if p.hopeless() {
			return p.reason()
		}
		return nil
	}
	h := l.halted()
	if h == nil || h.cause == byKey || h.cause == byDoubt && (h.soon || l.queued()) || l.trying.Load() { // in this order: see waitForTurn
		return nil
	}
	return h.APIError
}

// waitForTurn returns when it is time to send: everything, or, while all lanes wait, a single message that shows whether sending works
// again. While the lane waits because a message in it is set aside, it may get one more batch to send. The error says that Close has given
// up.
func (l *lane) waitForTurn() (in *pause, more *batch, err error) {
	mine := false
	defer func() {
		if !mine {
			in.leave(l)
			in = nil
		}
	}()
	for {
		if err := l.b.ctx.Err(); err != nil {
			return in, nil, err
		}
		if in == nil && l.b.waits() == nil && l.halted() == nil {
			return in, nil, nil
		}
		recovered, renewed := l.b.c.ledger.recovered.wait(), l.b.c.renewed.wait()
		due := time.Duration(-1)
		var over, wake <-chan struct{}
		p := l.b.waits()
		if p != in {
			in.leave(l)
			in = p
		}
		if p != nil {
			over = p.over.wait()
			if mine, due = p.turn(l); mine {
				return in, nil, nil
			}
		} else if h := l.halted(); h == nil {
			return in, nil, nil
		} else if due = time.Until(h.until); due <= 0 {
			return in, nil, nil
		} else if h.cause == byDoubt {
			l.trying.Store(true) // before the batch leaves the queue
			next, soon, _ := l.take()
			if next != nil {
				return in, next, nil
			}
			l.trying.Store(false)
			if soon >= 0 {
				due = min(due, soon)
			}
			wake = l.wake
		}
		l.waitFor(due, recovered, renewed, over, wake)
	}
}

// waitFor returns after that time, unless it is negative, or when one of the channels is closed, or when Close gives up.
func (l *lane) waitFor(due time.Duration, a, b, c, d <-chan struct{}) {
	var timer <-chan time.Time
	if due >= 0 {
		t := time.NewTimer(due)
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-a:
	case <-b:
	case <-c:
	case <-d:
	case <-timer:
	case <-l.b.ctx.Done():
	}
}

func (l *lane) addStats(s *BatcherStats, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	count := func(b *batch) {
		if b == nil || b.next >= len(b.entries) {
			return
		}
		s.Queued += int64(len(b.entries) - b.next)
		s.QueuedBytes += int64(b.entries[len(b.entries)-1].end) - int64(b.start(b.next))
		if b.done != nil {
			for i := b.next; i < len(b.entries); i++ {
				if b.done[i] {
					s.Queued--
					s.QueuedBytes -= int64(len(b.message(i)))
				}
			}
		}
		s.Oldest = max(s.Oldest, now.Sub(b.opened))
	}
	for _, b := range l.sending {
		count(b)
		if b.next < len(b.entries) {
			s.InFlight++
		}
	}
	for _, b := range l.sealed {
		count(b)
	}
	count(l.open)
}
