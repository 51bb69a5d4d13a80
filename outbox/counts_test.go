package outbox_test

import (
	"math/rand/v2"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/outbox"
	"github.com/ciokit/cio/outbox/outboxtest"
)

// Settled messages are counted right, whoever has read them before, even if another process has removed some of them meanwhile: the next OpenDisk
// compares the counts with the content.
func TestSettledIsCountedRight(t *testing.T) {
	t.Parallel()
	for seed := range uint64(counted(3, 10, 40)) {
		r := rand.New(rand.NewPCG(18, seed))
		dir := t.TempDir()
		d := openQuietly(t, dir, false)
		other := openQuietly(t, dir, true)
		n, taken := 0, 0
		for range 12 {
			var some []cio.Encoded
			for range 1 + r.IntN(40) {
				some = append(some, message(n))
				n++
			}
			if err := d.Append(t.Context(), some); err != nil {
				t.Fatal(err)
			}
			if r.IntN(4) > 0 {
				outboxtest.All(t, d)
			}
			records := outboxtest.All(t, other)
			removed := settleSome(r, records, 4)
			taken += len(removed)
			if err := other.Settle(t.Context(), removed); err != nil {
				t.Fatal(err)
			}
			if err := d.Settle(t.Context(), settleSome(r, records, 1+r.IntN(4))); err != nil {
				t.Fatal(err)
			}
			left := outboxtest.All(t, d)
			size := int64(0)
			for _, r := range left {
				size += int64(len(r.Bytes))
			}
			if st, err := d.Stats(t.Context()); err != nil || st.Queued != int64(len(left)) || st.QueuedBytes != size {
				t.Fatalf("seed %d: %d messages of %d bytes are there, and Stats says %+v, %v", seed, len(left), size, st, err)
			}
		}
		if taken == 0 {
			t.Errorf("seed %d: the other took nothing out", seed)
		}
		closeDisk(t, other)
		closeDisk(t, d)
		again, err := openDisk(t, dir, nil) // it fails if there is damage
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		closeDisk(t, again)
	}
}

// settleSome settles one of every n records, some of them as dead letters, and sometimes a whole run of records.
func settleSome(r *rand.Rand, records []outbox.Record, oneIn int) (all []outbox.Settlement) {
	for i := 0; i < len(records); {
		run := 1 + r.IntN(9)
		for _, rec := range records[i:min(i+run, len(records))] {
			reason := ""
			if r.IntN(20) == 0 {
				reason = "rejected"
			}
			if run > 6 && oneIn < 4 || r.IntN(oneIn) == 0 {
				all = append(all, outbox.Settlement{Seq: rec.Seq, Reason: reason})
			}
		}
		i += run
	}
	return all
}
