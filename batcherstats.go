package cio

import (
	"cmp"
	"time"
)

// BatcherStats is the state of a Batcher at one moment.
type BatcherStats struct {
	// Enqueued counts the messages whose Enqueue returned nil; Accepted and Refused those that were settled. The rest is queued, or was
	// handed back by Close: each message counts once.
	Enqueued, Accepted, Refused int64
	// Queued is how many messages wait or are on their way, QueuedBytes their size.
	Queued, QueuedBytes int64
	// Oldest is how long the message has waited that has waited longest, 0 if none does.
	Oldest time.Duration
	// InFlight is how many batches are being sent.
	InFlight int
	// Stopped is why some or all of it is not sent, nil as long as everything is. What fails and is tried again at once is not stopped:
	// Client.Stats has that.
	Stopped error
}

// Stats returns the Batcher's state. It is cheap enough to be asked every second.
func (b *Batcher) Stats() BatcherStats {
	s := BatcherStats{Enqueued: b.enqueued.Load(), Accepted: b.accepted.Load(), Refused: b.refused.Load()}
	now := time.Now()
	var stopped error
	for _, l := range b.lanes {
		l.addStats(&s, now)
		stopped = cmp.Or(stopped, l.stopReason())
	}
	s.Stopped = stopped
	return s
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
