package ledgertest

import "purser/ledger"

// checkChain computes the hash chain again from the rows: one link after another
// over all journals that the one before did not cover (I21).
func (c *checker) checkChain() {
	var hasher ledger.Hasher
	var head ledger.Hash
	at := 0
	for _, link := range c.Links {
		var leaves []ledger.Hash
		for ; at < len(c.Journals) && c.Journals[at].Seq <= link.LastSeq; at++ {
			leaves = append(leaves, c.leaf(&hasher, c.Journals[at]))
		}
		if root := ledger.MerkleRoot(leaves); len(leaves) == 0 || root != link.Root {
			c.fail("I21", "the link at seq %d has root %s over %d journals, want %s", link.LastSeq, link.Root, len(leaves), root)
		}
		if head = ledger.Link(c.Book, link.LastSeq, head, link.Root); head != link.Hash {
			c.fail("I21", "the link at seq %d is %s, want %s", link.LastSeq, link.Hash, head)
		}
	}
	if head != c.Hash || at != len(c.Journals) {
		c.fail("I21", "the chain's head is %s over %d journals, its links end with %s over %d", c.Hash, len(c.Journals), head, at)
	}
}

func (c *checker) leaf(hasher *ledger.Hasher, j ledger.Journal) ledger.Hash {
	postings := make([]ledger.Posting, len(c.postingsOf[j.ID]))
	for i, row := range c.postingsOf[j.ID] {
		postings[i] = row.Posting
	}
	return hasher.Leaf(&j, postings, c.moves[j.ID])
}
