package emulator

import (
	"strings"
	"time"
)

// recentIDs are the messageIds accepted within a window of time.
type recentIDs struct {
	seen  map[string]time.Time // when last accepted
	order []seenID             // oldest first; one may be younger in seen
}

type seenID struct {
	id string
	at time.Time
}

// has reports whether id was accepted less than window before now, and forgets
// what was accepted longer ago.
func (r *recentIDs) has(id string, now time.Time, window time.Duration) bool {
	for len(r.order) > 0 && now.Sub(r.order[0].at) >= window {
		if old := r.order[0]; r.seen[old.id].Equal(old.at) {
			delete(r.seen, old.id)
		}
		r.order = r.order[1:]
	}
	at, found := r.seen[id]
	return found && now.Sub(at) < window
}

func (r *recentIDs) add(id string, now time.Time) {
	if r.seen == nil {
		r.seen = make(map[string]time.Time)
	}
	id = strings.Clone(id)
	r.seen[id] = now
	r.order = append(r.order, seenID{id, now})
}
