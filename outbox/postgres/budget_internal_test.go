package postgres

import (
	"math/rand/v2"
	"testing"

	"github.com/ciokit/cio"
)

// TestLedger leases at random times for many workers: no slot gives more than it has, and no window with its slack touches more slots than the limit
// allows.
func TestLedger(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 3))
		limit := slotsTouched + r.IntN(1000)
		slot := int64(1000 + r.IntN(500_000))
		b := &budget{limit: limit}
		workers := 1 + r.IntN(20)
		last := make([]int64, workers)
		l := ledger{latest: 0, used: make([]int32, 2*ring), perSlot: b.perSlot(), workers: workers}
		given := map[int64]int{}
		clock := int64(1_800_000_000_000_000)
		for range 3000 {
			clock += int64(r.IntN(int(slot)))
			w := r.IntN(workers)
			g := l.take(clock, slot, last[w]+1)
			if g.slot != clock/slot && g.slot != clock/slot+1 {
				t.Fatalf("slot %d was leased in slot %d", g.slot, clock/slot)
			}
			last[w] = max(last[w], g.slot)
			given[g.slot] += g.n
		}
		for n := range given {
			sum := 0
			for i := range int64(slotsTouched) {
				if given[n+i] > b.perSlot() {
					t.Fatalf("seed %d: %d were leased of slot %d, which has %d", seed, given[n+i], n+i, b.perSlot())
				}
				sum += given[n+i]
			}
			if sum > limit {
				t.Fatalf("seed %d: %d were leased in slots that a window may touch, of %d", seed, sum, limit)
			}
		}
	}
}

// TestLedgerClockWentBack sets the server's clock back: what was leased is not leased again.
func TestLedgerClockWentBack(t *testing.T) {
	t.Parallel()
	l := ledger{used: make([]int32, 2*ring), perSlot: 10, workers: 1}
	if g := l.take(1000_500, 1000, 0); g.n != 10 || g.slot != 1000 {
		t.Fatalf("%+v", g)
	}
	if g := l.take(900_500, 1000, 0); g.n != 0 {
		t.Errorf("after the clock went back: %+v", g)
	}
	if g := l.take(901_500, 1000, 0); g.n != 10 || g.slot != 902 {
		t.Errorf("in the slot behind: %+v", g)
	}
}

// TestLedgerShares gives one of ten workers something to send, and then two of them: they get the whole budget.
func TestLedgerShares(t *testing.T) {
	t.Parallel()
	l := ledger{used: make([]int32, 2*ring), perSlot: 100, workers: 10}
	if g := l.take(1000_100, 1000, 0); g.n != 10 {
		t.Errorf("while it is unknown who sends: %d", g.n)
	}
	for n := int64(1001); n < 1005; n++ {
		if g := l.take(n*1000+100, 1000, n); g.n != 100 {
			t.Errorf("alone in slot %d: %d", n, g.n)
		}
	}
	got, last := [2]int{}, [2]int64{1004, 1004}
	for n := int64(1005); n < 1105; n++ {
		for who := range 2 {
			g := l.take(n*1000+100, 1000, last[who]+1)
			last[who] = max(last[who], g.slot)
			got[who] += g.n
		}
	}
	if got[0] < 4500 || got[1] < 4500 {
		t.Errorf("two in a hundred slots: %v", got)
	}
}

// TestLaneNumbers compares the lanes of some people with those of the first version: programs of several versions must agree.
func TestLaneNumbers(t *testing.T) {
	t.Parallel()
	for id, want := range map[cio.Identity]int16{
		{UserID: "42"}:                              laneNumber42,
		{UserID: "42", AnonymousID: "a"}:            laneNumber42,
		{AnonymousID: "42", Email: "e@example.com"}: laneNumber42,
		{GroupID: "42"}:                             laneNumber42,
		{}:                                          0,
	} {
		if got := laneOf(id); got != want {
			t.Errorf("%+v is in lane %d, not %d", id, got, want)
		}
	}
	seen := map[int16]int{}
	for n := range 64_000 {
		seen[laneOf(cio.Identity{UserID: string(rune('a'+n%26)) + string(rune(0x4e00+n))})]++
	}
	for n, count := range seen {
		if count < 700 || count > 1300 {
			t.Errorf("lane %d has %d of 64,000 people", n, count)
		}
	}
}

const laneNumber42 = 32

// TestLow checks the bound of a lane: it moves only past transactions that have ended, and only past rows that were read.
func TestLow(t *testing.T) {
	t.Parallel()
	l := &heldLane{most: fewOfLane}
	l.raise(10, 5, 8, false) // transactions 5 to 7 are open
	if l.low != 0 {
		t.Fatalf("low is %d while transactions below 8 are open", l.low)
	}
	l.raise(12, 7, 9, false)
	if l.low != 0 {
		t.Fatalf("low is %d while transaction 7 is open", l.low)
	}
	l.raise(9, 8, 11, true) // all have ended, but this read has not reached 10
	if l.low != 0 {
		t.Fatalf("low is %d, and up to 10 was not read", l.low)
	}
	l.raise(15, 8, 11, true)
	if l.low != 10 {
		t.Fatalf("low is %d and should be 10", l.low)
	}
}
