package outbox

import (
	"context"
	"time"
)

// changes is implemented by a Store that notices changes by others.
type changes interface {
	// Changes counts the changes by others that were noticed.
	Changes() int64
}

// missRemoved finds out which of the Batcher's messages others have removed from the store.
func (o *Outbox) missRemoved() {
	store, ok := o.store.(changes)
	if !ok {
		return
	}
	tick := time.NewTicker(again)
	defer tick.Stop()
	for seen := store.Changes(); ; {
		select {
		case <-tick.C:
		case <-o.ctx.Done():
			return
		}
		if now := store.Changes(); now != seen && o.markRemoved() {
			seen = now
		}
	}
}

// markRemoved notes which of the Batcher's unfinished records are no longer in the store.
func (o *Outbox) markRemoved() bool {
	o.mu.Lock()
	waiting := make(map[uint64]bool, len(o.sent))
	last := uint64(0)
	for seq := range o.sent {
		waiting[seq] = true
		last = max(last, seq)
	}
	o.mu.Unlock()
	for after := uint64(0); after < last; {
		records, err := o.store.Read(context.WithoutCancel(o.ctx), after, readAtOnce)
		if err != nil {
			return false
		}
		if len(records) == 0 {
			break
		}
		for _, r := range records {
			delete(waiting, r.Seq)
			after = r.Seq
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.settled {
		delete(waiting, s.Seq)
	}
	for seq := range waiting {
		if o.sent[seq] {
			o.gone[seq] = true
		}
	}
	return true
}
