package load

// keySet is a set of hashes in constant memory, a Bloom filter: it always contains what was added, and a few others seem to be in it. With a million
// hashes it seems to contain one in six thousand of the others, with ten million one in four. If a row seems to be about somebody for whom the run
// has already sent something, the row is sent too. That costs a message and is never wrong.
type keySet struct{ bits []uint64 }

const (
	keySetBits   = 1 << 25 // 4 MiB
	keySetHashes = 4
)

func newKeySet() *keySet { return &keySet{make([]uint64, keySetBits/64)} }

// add adds a hash. It does nothing for a nil set.
func (s *keySet) add(key uint64) {
	if s == nil {
		return
	}
	at, step := key, key>>32|1
	for range keySetHashes {
		bit := at % keySetBits
		s.bits[bit/64] |= 1 << (bit % 64)
		at += step
	}
}

func (s *keySet) has(key uint64) bool {
	at, step := key, key>>32|1
	for range keySetHashes {
		bit := at % keySetBits
		if s.bits[bit/64]&(1<<(bit%64)) == 0 {
			return false
		}
		at += step
	}
	return true
}
