package cio

import (
	"sync"
	"sync/atomic"
)

// ledger is what a Client remembers of its requests, in the order in which they began and ended, to tell what one message is refused for from
// what everything is refused for.
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

// tick returns the time of something that happens now: later than all before it.
func (l *ledger) tick() uint64 { return l.clock.Add(1) }

// accept notes that a request was accepted that began then.
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

// acceptedSince reports whether something was accepted that began after that time.
func (l *ledger) acceptedSince(at uint64) bool { return l.accepted.Load() > at }

// refuse counts a message that the API refused, and returns how many it refused in a row with that reason.
func (l *ledger) refuse(reason string, messages int) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if reason != l.reason {
		l.reason, l.same = reason, 0
	}
	l.same += int64(messages)
	return l.same
}

// maxDoubts bounds how many messages are remembered.
const maxDoubts = 1_000

// doubt remembers when a message was refused that was given up without proof that it is at fault.
func (l *ledger) doubt(id string, at uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.doubts == nil || len(l.doubts) >= maxDoubts {
		l.doubts = make(map[string]uint64)
	}
	l.doubts[id] = at
}

// doubted returns and forgets when a message was refused before, 0 for never.
func (l *ledger) doubted(id string) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.doubts[id]
	delete(l.doubts, id)
	return at
}
