package postgres

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// The server's clock divides time into slots, six to a window. A request is made in the slot for which it was leased. A window, together with the
// slack that a cio.Client adds for delays, a tenth of the window, touches at most eight slots. So an eighth of the limit is leased for each slot.
const (
	slotsOfWindow = 6
	slotsTouched  = 8
	// ring is how many slots the database remembers: the current one, the next, which can be leased ahead, and the one before, which shows how many
	// workers asked.
	ring = 3
)

// budget shares the workspace's limit among workers by leases for slots.
type budget struct {
	limit  int // requests of the workspace within a window
	slot   time.Duration
	lease  func(ctx context.Context, b *budget, from int64) (grant, error)
	shares func() int // how many workers share the budget

	mu    sync.Mutex
	have  int
	begin time.Time // from when the leased requests can be made, by this machine's own clock
	end   time.Time
	last  int64 // the last slot for which requests were leased
}

// grant is a lease of n requests in a slot.
type grant struct {
	slot       int64
	n          int
	begin, end time.Time
}

// newBudget returns nil if limit is negative, which means no limit.
func newBudget(limit int, window time.Duration, lease func(context.Context, *budget, int64) (grant, error), shares func() int) (*budget, error) {
	if limit < 0 {
		return nil, nil
	}
	if limit < slotsTouched {
		return nil, fmt.Errorf("outbox/postgres: Client.RateLimit is %d; workers need a limit of at least %d to share it", limit, slotsTouched)
	}
	return &budget{limit: limit, slot: window / slotsOfWindow, lease: lease, shares: shares, last: -1}, nil
}

// perSlot is how many requests all workers together can make in a slot.
func (b *budget) perSlot() int { return b.limit / slotsTouched }

// wait returns as soon as a request can be made. The request must be made before until. Only one caller at a time asks the database.
func (b *budget) wait(ctx context.Context) (until time.Time, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		if err := ctx.Err(); err != nil {
			return until, err
		}
		now := time.Now()
		switch {
		case b.have > 0 && now.Before(b.begin):
			if err := b.sleep(ctx, b.begin.Sub(now)); err != nil {
				return until, err
			}
			continue
		case b.have > 0 && now.Before(b.end):
			b.have--
			return b.end, nil
		}
		g, err := b.lease(ctx, b, b.last+1)
		if err != nil {
			return until, err
		}
		b.last, b.have, b.begin, b.end = max(b.last, g.slot), g.n, g.begin, g.end
		if g.n == 0 { // usually nobody has leased the next slot yet
			if err := b.sleep(ctx, max(time.Until(g.begin), b.slot/4)); err != nil {
				return until, err
			}
		}
	}
}

// sleep unlocks the budget while it sleeps, because the contexts of others may end.
func (b *budget) sleep(ctx context.Context, d time.Duration) error {
	b.mu.Unlock()
	defer b.mu.Lock()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leaseFrom leases requests of the current slot or of the next one, of the first that has some left and is not before from. Each worker locks the row
// at most once a slot, for three statements.
func (s *Store) leaseFrom(ctx context.Context, b *budget, from int64) (g grant, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var latest int64
		var used []int32
		if err := tx.QueryRow(ctx, "SELECT slot, used FROM "+s.t.budget+" FOR UPDATE").Scan(&latest, &used); err != nil {
			return err
		}
		before := time.Now()
		var clock int64
		if err := tx.QueryRow(ctx, "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint").Scan(&clock); err != nil {
			return err
		}
		after := time.Now()
		l := ledger{latest: latest, used: used, perSlot: b.perSlot(), workers: b.shares()}
		g = l.take(clock, b.slot.Microseconds(), from)
		// The server's clock was read at some time between before and after. Between begin and end the slot has certainly begun and has not ended.
		micros := func(slot int64) time.Duration {
			return time.Duration(slot*b.slot.Microseconds()-clock) * time.Microsecond
		}
		g.begin, g.end = after.Add(max(0, micros(g.slot))), before.Add(micros(g.slot+1))
		_, err := tx.Exec(ctx, "UPDATE "+s.t.budget+" SET slot = $1, used = $2", l.latest, l.used)
		return err
	})
	return g, wrap(err)
}

// ledger is the row of the budget: how many requests were leased in the latest slots, each at its number modulo ring, followed by how many workers
// asked.
type ledger struct {
	latest  int64
	used    []int32
	perSlot int
	workers int // how many workers there are
}

// take leases from the slot of the time clock, or from the next slot, but not from a slot before from. The requests of a slot are divided into equal
// parts for the workers that asked in the slot before, so workers that have nothing to send leave their parts to the others. A worker that asks is
// counted even if nothing is left, and gets a part of the next slot.
func (l *ledger) take(clock, slot, from int64) grant {
	now := clock / slot
	if len(l.used) != 2*ring || l.latest > now+1 {
		// The server's clock went back, or workers have different windows. Leased requests may still be made, so two slots are skipped.
		l.used = make([]int32, 2*ring)
		for i := range l.used[:ring] {
			l.used[i] = int32(l.perSlot)
		}
		l.latest = now + 1
		return grant{slot: now + 1}
	}
	l.advance(now + 1)
	for _, n := range []int64{now, now + 1} {
		if n < from {
			continue
		}
		l.used[ring+n%ring]++
		left := l.perSlot - int(l.used[n%ring])
		if left <= 0 {
			continue
		}
		asked := int(l.used[ring+(n-1)%ring])
		if asked == 0 {
			asked = l.workers
		}
		g := grant{slot: n, n: min(left, max(1, l.perSlot/max(1, asked)))}
		l.used[n%ring] += int32(g.n)
		return g
	}
	return grant{slot: now + 1}
}

// advance clears the places of new slots.
func (l *ledger) advance(to int64) {
	for n := max(l.latest+1, to-ring+1); n <= to; n++ {
		l.used[n%ring], l.used[ring+n%ring] = 0, 0
	}
	l.latest = max(l.latest, to)
}
