package ledger_test

import (
	"testing"

	"purser/ledger"
)

func TestLeafAllocatesNothing(t *testing.T) {
	j, postings, movements := chainedJournal()
	arguments := j.Arguments.Encode()
	var hasher ledger.Hasher
	if allocs := testing.AllocsPerRun(100, func() { hasher.LeafOf(&j, arguments, postings, movements) }); allocs != 0 {
		t.Errorf("a leaf makes %v allocations, want none", allocs)
	}
}

func BenchmarkLeaf(b *testing.B) {
	j, postings, movements := chainedJournal()
	var hasher ledger.Hasher
	b.ReportAllocs()
	for b.Loop() {
		hasher.Leaf(&j, postings, movements)
	}
}

func BenchmarkLeafOf(b *testing.B) {
	j, postings, movements := chainedJournal()
	arguments := j.Arguments.Encode()
	var hasher ledger.Hasher
	b.ReportAllocs()
	for b.Loop() {
		hasher.LeafOf(&j, arguments, postings, movements)
	}
}

func BenchmarkLinkOf128(b *testing.B) {
	leaves := make([]ledger.Hash, 128)
	b.ReportAllocs()
	for b.Loop() {
		ledger.Link(1, 128, ledger.Hash{1}, ledger.MerkleRoot(leaves))
	}
}
