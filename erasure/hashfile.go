package erasure

import (
	"bufio"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// hashFile compares the stored hashes with those of the entries, while the entries are read.
type hashFile struct {
	r *bufio.Reader
	// tree is the tree of the leaves in the file.
	tree tree
	// bad is the first entry whose leaf or whose inner hashes differ in the file; -1 for none. badLeaf is the first entry whose leaf differs. right
	// counts the bytes before bad.
	bad     int64
	badLeaf int64
	right   int64
	ended   bool

	room []tlog.Hash
}

// next reads a hash. With Peek it needs no allocation.
func (h *hashFile) next() (hash tlog.Hash, ok bool) {
	text, err := h.r.Peek(tlog.HashSize)
	if err != nil {
		h.ended = true
		return hash, false
	}
	copy(hash[:], text)
	_, _ = h.r.Discard(tlog.HashSize) // it is there
	return hash, true
}

// compare compares the hashes of the next entry with those in the file.
func (h *hashFile) compare(entry int64, want []tlog.Hash) {
	for i := range want {
		if h.ended {
			return
		}
		got, ok := h.next()
		if !ok {
			if h.bad < 0 {
				h.bad = entry
			}
			return
		}
		if i == 0 {
			h.room = h.tree.add(h.room[:0], got)
		}
		if got == want[i] {
			if h.bad < 0 {
				h.right += tlog.HashSize
			}
			continue
		}
		if h.bad < 0 {
			h.bad = entry
		}
		if i == 0 && h.badLeaf < 0 {
			h.badLeaf = entry
		}
	}
}

// finish reads the leaves of the entries in [from, to).
func (h *hashFile) finish(from, to int64) {
	for n := from; n < to && !h.ended; n++ {
		for i := range 1 + bits.TrailingZeros64(uint64(n+1)) {
			got, ok := h.next()
			if !ok {
				return
			}
			if i == 0 {
				h.room = h.tree.add(h.room[:0], got)
			}
		}
	}
}
