package ledger

import (
	"crypto/sha256"
	"math/bits"
)

// MerkleTree computes the root over leaves that are added one by one, in memory
// that grows with the logarithm of their number. The zero value is empty.
//
// A subtree of n leaves splits at the largest power of two below n, as in RFC 6962:
// no leaf is doubled to fill a level, so that different lists of leaves cannot have
// one root.
type MerkleTree struct {
	size  uint64
	peaks [64]Hash // roots of the full subtrees by height, where size has that bit
}

// Add appends a leaf.
func (t *MerkleTree) Add(leaf Hash) {
	height := bits.TrailingZeros64(^t.size)
	for i := range height {
		leaf = merkleNode(t.peaks[i], leaf)
	}
	t.peaks[height] = leaf
	t.size++
}

// Len is the number of leaves added.
func (t *MerkleTree) Len() int64 { return int64(t.size) }

// Root returns the root over the leaves so far; zero when there are none.
func (t *MerkleTree) Root() Hash {
	var root Hash
	for rest := t.size; rest != 0; rest &= rest - 1 {
		peak := t.peaks[bits.TrailingZeros64(rest)]
		if rest == t.size {
			root = peak
			continue
		}
		root = merkleNode(peak, root)
	}
	return root
}

// MerkleRoot returns the root over leaves, as MerkleTree does.
func MerkleRoot(leaves []Hash) Hash {
	var tree MerkleTree
	for _, leaf := range leaves {
		tree.Add(leaf)
	}
	return tree.Root()
}

// MerklePath returns what leads from one leaf to the root: the roots of the
// subtrees beside it, lowest first. It panics when there is no such leaf.
func MerklePath(leaves []Hash, index int) []Hash {
	if len(leaves) == 1 {
		return nil
	}
	split := 1 << (bits.Len(uint(len(leaves)-1)) - 1)
	if index < split {
		return append(MerklePath(leaves[:split], index), MerkleRoot(leaves[split:]))
	}
	return append(MerklePath(leaves[split:], index-split), MerkleRoot(leaves[:split]))
}

// rootOfPath returns the root that a path leads to from the leaf at index among
// size; ok is false when no tree of that size has such a path.
func rootOfPath(leaf Hash, index, size int64, path []Hash) (root Hash, ok bool) {
	if index < 0 || index >= size {
		return Hash{}, false
	}
	// at and last are the positions of the node and of its level's last node.
	at, last := index, size-1
	for _, beside := range path {
		if last == 0 {
			return Hash{}, false
		}
		if at&1 == 1 || at == last {
			leaf = merkleNode(beside, leaf)
			// A last node without a sibling stands for itself one level up.
			for at&1 == 0 && at != 0 {
				at, last = at>>1, last>>1
			}
		} else {
			leaf = merkleNode(leaf, beside)
		}
		at, last = at>>1, last>>1
	}
	return leaf, last == 0
}

func merkleNode(left, right Hash) Hash {
	var node [1 + 2*len(left)]byte
	node[0] = nodeDomain
	copy(node[1:], left[:])
	copy(node[1+len(left):], right[:])
	return sha256.Sum256(node[:])
}
