package erasure

import (
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// tree is a Merkle tree that grows. It needs only the hashes of the complete subtrees at its right edge.
type tree struct {
	size int64
	// edge has the hash of a complete subtree for each bit that is set in size. The subtree has as many leaves as the bit is worth.
	edge [63]tlog.Hash
}

// add adds a leaf, and appends the hashes of the subtrees that it completes, in the order of tlog.StoredHashes.
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
