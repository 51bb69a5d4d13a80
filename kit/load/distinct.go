package load

import (
	"hash/maphash"
	"math"
	"math/bits"
)

const (
	// exactDistinct is how many different texts are counted exactly.
	exactDistinct = 100_000
	// registerBits is the binary logarithm of the number of registers of an estimate: its standard error is 1.04 / sqrt(2^15), 0.6 %.
	registerBits = 15
)

// distinctCount counts different texts in constant memory: exactly up to exactDistinct, above that by an estimate (HyperLogLog).
type distinctCount struct {
	seed      maphash.Seed
	exact     map[uint64]struct{} // hashes; nil above exactDistinct
	registers []uint8
}

func newDistinctCount() *distinctCount {
	return &distinctCount{seed: maphash.MakeSeed(), exact: make(map[uint64]struct{}), registers: make([]uint8, 1<<registerBits)}
}

func (d *distinctCount) add(text string) {
	h := maphash.String(d.seed, text)
	if d.exact != nil {
		if d.exact[h] = struct{}{}; len(d.exact) > exactDistinct {
			d.exact = nil
		}
	}
	register := &d.registers[h>>(64-registerBits)]
	*register = max(*register, uint8(bits.LeadingZeros64(h<<registerBits|1<<(registerBits-1)))+1)
}

// count returns the number of different texts, and whether it is exact.
func (d *distinctCount) count() (n int64, exact bool) {
	if d.exact != nil {
		return int64(len(d.exact)), true
	}
	m := float64(len(d.registers))
	sum := 0.0
	for _, r := range d.registers {
		sum += math.Exp2(-float64(r))
	}
	return int64(0.7213 / (1 + 1.079/m) * m * m / sum), false // above exactDistinct the correction for small numbers is not needed, and 64 bits need no other
}
