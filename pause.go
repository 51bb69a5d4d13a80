package cio

import (
	"log/slog"
	"slices"
	"sync"
	"time"
)

// How long a Batcher that waits for better times lets pass before it tries a single message, at first and at the longest.
const (
	firstProbe      = 2 * time.Second
	longestProbe    = time.Minute
	longestKeyProbe = 15 * time.Minute
	// stoppedFor is how long a lane waits before it tries again what trying again does not mend.
	stoppedFor = 30 * time.Second
)

// pause keeps all lanes from sending, because what was refused is refused to everybody. One lane at a time tries a single message. It ends
// when anything is accepted that was sent after it began, or with a new key where the key was refused.
type pause struct {
	since uint64

	mu      sync.Mutex
	err     *APIError     // the last that would have begun it
	key     *apiKey       // nil unless it was refused
	most    time.Duration // between two tries
	delay   time.Duration
	next    time.Time // when a lane may try
	trying  bool
	failed  int           // tries
	tries   map[*lane]int // by lane, what led to the pause included
	waiting []*lane       // in the order in which they came
	over    signal        // a try is over
}

// pause makes all lanes wait, because the lane met end.
func (b *Batcher) pause(l *lane, end *stop, key *apiKey) {
	p := &pause{since: b.c.ledger.tick(), delay: firstProbe, next: time.Now().Add(firstProbe), tries: make(map[*lane]int)}
	p.met(l, end, key)
	if !b.paused.CompareAndSwap(nil, p) {
		if before := b.paused.Load(); before != nil {
			before.met(l, end, key)
		}
		return
	}
	b.notice.stopped(b.c.alarm(), end.APIError)
	b.changed.send()
}

// met notes what a lane met, which may be something else than what the pause began with.
func (p *pause) met(l *lane, end *stop, key *apiKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tries[l]++
	p.err, p.key, p.most = end.APIError, nil, longestProbe
	if end.cause == byKey {
		p.key, p.most = key, longestKeyProbe
	}
}

// reason returns why nothing is sent.
func (p *pause) reason() *APIError {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// renewed reports whether a key was refused and is not the one that is used now.
func (p *pause) renewed(now *apiKey) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.key != nil && p.key != now
}

// waits returns the pause that keeps lanes from sending, nil for none. It ends one that is over.
func (b *Batcher) waits() *pause {
	p := b.paused.Load()
	if p == nil || !b.c.ledger.acceptedSince(p.since) && !p.renewed(b.c.key.Load()) {
		return p
	}
	if b.paused.CompareAndSwap(p, nil) {
		b.goesOn()
	}
	return b.paused.Load()
}

// goesOn tells that something has ended that kept lanes from sending. The log hears of it when the last has ended.
func (b *Batcher) goesOn() {
	quiet := b.paused.Load() != nil
	for _, l := range b.lanes {
		quiet = quiet || l.halted() != nil
	}
	if !quiet {
		b.notice.goesOn(b.c.alarm())
	}
	b.changed.send()
}

// stopAlone makes the lane wait by itself.
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

// goOn undoes stopAlone.
func (l *lane) goOn() {
	if l.halt.Swap(nil) != nil {
		l.b.goesOn()
	}
}

// turn reports whether it is the lane's turn to try; otherwise how long until somebody's is, negative while somebody tries or is about to.
func (p *pause) turn(l *lane) (mine bool, due time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Contains(p.waiting, l) {
		p.waiting = append(p.waiting, l)
	}
	if due := time.Until(p.next); due > 0 {
		return false, due
	}
	if p.trying {
		return false, -1
	}
	best := p.waiting[0]
	for _, other := range p.waiting {
		if p.tries[other] < p.tries[best] {
			best = other
		}
	}
	if best != l {
		return false, -1
	}
	p.trying = true
	p.waiting = slices.DeleteFunc(p.waiting, func(other *lane) bool { return other == l })
	return true, 0
}

// leave takes the lane off those who wait.
func (p *pause) leave(l *lane) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = slices.DeleteFunc(p.waiting, func(other *lane) bool { return other == l })
	p.over.send() // it may have been the next
}

// tried says that the lane's try is over, which did not end the pause.
func (b *Batcher) tried(p *pause, l *lane) {
	p.mu.Lock()
	p.trying = false
	p.failed++
	p.tries[l]++
	p.delay = min(2*p.delay, p.most)
	p.next = time.Now().Add(p.delay)
	p.mu.Unlock()
	b.notice.still(b.c.alarm(), p.reason())
	p.over.send()
	b.changed.send()
}

// hopeless reports whether waiting longer is of no use to somebody who wants to be done: a key that was never good was refused to more than one
// message, one that was good for a quarter of a minute, or whatever else it is has lasted longer than a minute.
func (p *pause) hopeless() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.key == nil:
		return p.failed >= 5
	case p.key.worked.Load():
		return p.failed >= 3
	}
	return p.failed >= 1
}

// halt keeps one lane from sending.
type halt struct {
	*stop
	key   *apiKey
	until time.Time // when it tries again
}

// halted returns why the lane alone does not send; nil if it may.
func (l *lane) halted() *halt {
	h := l.halt.Load()
	if h == nil || h.cause == byDoubt && l.b.c.ledger.acceptedSince(h.since) || h.cause == byKey && h.key != l.b.c.key.Load() {
		return nil
	}
	return h
}

// stopReason returns why the lane does not send, nil as long as it does.
func (l *lane) stopReason() error {
	if p := l.b.waits(); p != nil {
		return p.reason()
	}
	if h := l.halted(); h != nil {
		return h.APIError
	}
	return nil
}

// stuck returns why the lane does not send if that will not pass soon by itself.
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

// waitForTurn returns when it is time to send: everything, or, while all lanes wait, a single message to see whether better times have come.
// While the lane waits because a message in it is set aside, it may get one more batch to send. The error is that Close has given up.
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

// waitFor returns after that time, if it is not negative, or when one of the channels is closed or Close gives up.
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

// notice tells the log that sending has stopped and that it goes on, and where that comes and goes, so, once a minute.
type notice struct {
	mu    sync.Mutex
	said  time.Time
	open  bool // the log was told that it has stopped, and not that it goes on
	times int  // it stopped without a word
}

func (n *notice) stopped(log *slog.Logger, err *APIError) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now()
	n.times++
	gap := sayEvery
	if n.times == 1 {
		gap *= 2 // a second line may follow, that it goes on
	}
	if !n.said.IsZero() && now.Sub(n.said) < gap {
		return
	}
	if n.times == 1 {
		log.Error("sending has stopped; everything is kept", "reason", err.Error())
		n.open = true
	} else {
		log.Error("sending stops and goes on again and again; everything is kept", "times", n.times, "reason", err.Error())
	}
	n.said, n.times = now, 0
}

func (n *notice) still(log *slog.Logger, err *APIError) {
	n.mu.Lock()
	defer n.mu.Unlock()
	gap := sayEvery
	if !n.open {
		gap *= 2
	}
	if now := time.Now(); now.Sub(n.said) >= gap {
		log.Error("sending is still stopped; everything is kept", "reason", err.Error())
		n.said, n.open, n.times = now, true, 0
	}
}

func (n *notice) goesOn(log *slog.Logger) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.open {
		log.Info("sending goes on")
		n.open = false
	}
}
