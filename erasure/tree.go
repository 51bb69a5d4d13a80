package erasure

import (
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// tree is a Merkle tree that grows: the hashes of the complete subtrees at its right edge are all that it needs.
type tree struct {
	size int64
	// edge has, for each bit of size that is set, the hash of the complete subtree of that many leaves.
	edge [63]tlog.Hash
}

// add adds a leaf, and appends the hashes that become complete by it, in the order of tlog.StoredHashes.
func (t *tree) add(dst []tlog.Hash, leaf tlog.Hash) []tlog.Hash {
	dst = append(dst, leaf)
	level := 0
	for n := t.size; n&1 == 1; n >>= 1 {
		leaf = tlog.NodeHash(t.edge[level], leaf)
		dst = append(dst, leaf)
		level++
	}
	t.edge[level] = leaf
	t.size++
	return dst
}

// root returns the hash of the tree, which must have a leaf.
func (t *tree) root() tlog.Hash {
	level := bits.TrailingZeros64(uint64(t.size))
	root := t.edge[level]
	for level++; level < len(t.edge); level++ {
		if t.size>>level&1 == 1 {
			root = tlog.NodeHash(t.edge[level], root)
		}
	}
	return root
}
