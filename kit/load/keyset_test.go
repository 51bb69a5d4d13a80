package load

import (
	"math/rand/v2"
	"testing"
)

// Added hashes are always found; most of a million others are not.
func TestKeySet(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 3))
	s := newKeySet()
	keys := make([]uint64, 300_000)
	for i := range keys {
		keys[i] = rnd.Uint64()
		s.add(keys[i])
	}
	for _, k := range keys {
		if !s.has(k) {
			t.Fatal("a key is missing")
		}
	}
	wrong := 0
	for range keys {
		if s.has(rnd.Uint64()) {
			wrong++
		}
	}
	if wrong > 30 {
		t.Errorf("%d of %d others seem to be in it", wrong, len(keys))
	}
}
