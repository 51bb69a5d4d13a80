package cio

import (
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// How long a paused Batcher waits before it tries a single message, at first and at most.
const (
	firstProbe      = 2 * time.Second
	longestProbe    = time.Minute
	longestKeyProbe = 15 * time.Minute
	// stoppedFor is how long a lane waits before it retries what a retry does not fix.
	stoppedFor = 30 * time.Second
)

// pause keeps all lanes from sending, because everybody would get the same refusal. One lane at a time tries a single message. The pause
// ends when anything is accepted that was sent after it began, or, if the key was refused, with a new key.
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

// met notes what a lane met. It may differ from what began the pause.
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

// renewed reports whether a key was refused and another one is used now.
func (p *pause) renewed(now *apiKey) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.key != nil && p.key != now
}

// turn reports whether it is the lane's turn to try. If not, due is how long until some lane's turn; it is negative while one tries or is
// about to.
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

// leave removes the lane from those that wait.
func (p *pause) leave(l *lane) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = slices.DeleteFunc(p.waiting, func(other *lane) bool { return other == l })
	p.over.send() // it may have been the next
}

// hopeless reports whether a caller who wants to finish has no use in waiting longer. That is so if a key that was never good was refused
// for more than one message, if a key that was good was refused for a quarter of a minute, or if anything else has lasted longer than a
// minute.
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

// notice tells the log that sending has stopped and that it has resumed. If that happens again and again, it says so once a minute.
type notice struct {
	mu    sync.Mutex
	said  time.Time
	open  bool // the log was told that it has stopped, and not that it goes on
	times int  // it stopped, and the log was not told
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
		log.Error("sending stops and resumes again and again; everything is kept", "times", n.times, "reason", err.Error())
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
		log.Info("sending resumes")
		n.open = false
	}
}

// ledger is what a Client remembers of its requests, in the order in which they began and ended. It separates a refusal of one message from
// a refusal of everything.
type ledger struct {
	clock     atomic.Uint64 // counts beginnings and refusals
	accepted  atomic.Uint64 // when that of the accepted requests began that began last
	recovered signal        // something was accepted

	foreign atomic.Int64  // answers in a row that were not the API's
	ones    atomic.Int64  // messages in a row, each alone, refused in an odd form
	batches atomic.Int64  // whole batches in a row, refused in an odd form
	outage  atomic.Uint64 // when everything was last found to be refused so

	mu     sync.Mutex
	reason string            // of the API's last refusal
	same   int64             // its refusals in a row with that reason
	doubts map[string]uint64 // when messages were refused in an odd form that a Send gave up, by their ids
}

// tick returns the time of something that happens now. It is later than all times before.
func (l *ledger) tick() uint64 { return l.clock.Add(1) }

// accept notes that a request was accepted, and when it began.
func (l *ledger) accept(began uint64) {
	for {
		last := l.accepted.Load()
		if began <= last || l.accepted.CompareAndSwap(last, began) {
			break
		}
	}
	l.foreign.Store(0)
	l.ones.Store(0)
	l.batches.Store(0)
	l.mu.Lock()
	l.same = 0
	l.mu.Unlock()
	l.recovered.send()
}

// acceptedSince reports whether a request was accepted that began after that time.
func (l *ledger) acceptedSince(at uint64) bool { return l.accepted.Load() > at }

// rejected counts messages that the API rejected, and returns how many it rejected in a row with that reason.
func (l *ledger) rejected(reason string, messages int) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if reason != l.reason {
		l.reason, l.same = reason, 0
	}
	l.same += int64(messages)
	return l.same
}

// maxDoubts is how many messages are remembered at most.
const maxDoubts = 1_000

// doubt remembers when a message was refused. A Send gave it up without proof that the message is wrong.
func (l *ledger) doubt(id string, at uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.doubts == nil || len(l.doubts) >= maxDoubts {
		l.doubts = make(map[string]uint64)
	}
	l.doubts[id] = at
}

// doubted returns when a message was refused before, and forgets it; 0 for never.
func (l *ledger) doubted(id string) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.doubts[id]
	delete(l.doubts, id)
	return at
}

// sayEvery is the shortest time between two log lines about trouble that lasts or returns.
const sayEvery = time.Minute

// health tells the log when requests begin to fail, now and then that they still fail, and when they succeed again.
type health struct {
	failing  atomic.Bool
	mu       sync.Mutex
	since    time.Time
	failures int
	last     *APIError
	said     time.Time
	told     bool // of this trouble
}

func (h *health) bad(log *slog.Logger, err *APIError) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	if h.failures++; h.failures == 1 {
		h.since, h.told = now, false
		h.failing.Store(true)
	}
	h.last = err
	if !h.said.IsZero() && now.Sub(h.said) < sayEvery {
		return
	}
	h.said, h.told = now, true
	log.Warn("a request failed and will be retried", "operation", err.Operation, "status", err.Status, "reason", err.Message, "failures", h.failures)
}

func (h *health) good(log *slog.Logger) {
	if !h.failing.Load() {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failures == 0 {
		return
	}
	if h.told {
		log.Info("requests succeed again", "failures", h.failures, "after", time.Since(h.since).Round(time.Millisecond))
	}
	h.failures, h.last = 0, nil
	h.failing.Store(false)
}

// now returns the error with which requests fail; nil while they succeed.
func (h *health) now() error {
	if !h.failing.Load() {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last == nil {
		return nil
	}
	return h.last
}
