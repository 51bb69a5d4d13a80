package erasure

import (
	"bufio"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// hashFile compares the stored hashes with those of the entries, as these are read.
type hashFile struct {
	r *bufio.Reader
	// tree is the tree of the leaves in the file.
	tree tree
	// bad is the first entry whose leaf is another one in the file, or whose inner hashes are; -1 for none. right counts the bytes before.
	bad     int64
	badLeaf int64
	right   int64
	ended   bool

	room []tlog.Hash
}

// next reads a hash. Peek gives it without an allocation.
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

// compare takes the hashes of the next entry.
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

// finish reads the leaves from an entry up to another one.
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
