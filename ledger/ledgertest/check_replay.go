package ledgertest

import (
	"purser/ledger"
)

// checkReplay folds every journal again, from an empty book, and expects the
// stored rows.
func (c *checker) checkReplay() {
	state := ledger.NewState(c.Book)
	again := Snapshot{Book: c.Book, Seq: c.Seq, LastPostedAt: c.LastPostedAt}
	for _, journal := range c.Journals {
		delta, err := c.rules.Replay(state, journal)
		if err != nil {
			c.errs = append(c.errs, err)
			return
		}
		again.Journals = append(again.Journals, delta.Journal)
		for _, p := range delta.Postings {
			again.Postings = append(again.Postings, ledger.JournalPosting{Journal: journal.ID, Posting: p})
		}
		for _, m := range delta.Movements {
			again.Movements = append(again.Movements, ledger.JournalMovement{Journal: journal.ID, Movement: m})
		}
	}
	for _, account := range state.Accounts {
		again.Accounts = append(again.Accounts, *account)
	}
	for _, lot := range state.Lots {
		again.Lots = append(again.Lots, *lot)
	}
	for _, places := range state.Places {
		again.Places = append(again.Places, places...)
	}
	stored := c.Snapshot
	stored.Days, stored.Trial, stored.Keys, stored.Once, stored.Gates = nil, nil, nil, nil, nil
	if diff := Diff(again, stored); diff != "" {
		c.fail("I10, I11, I12", "the journals replay to other rows:\n%s", diff)
	}
}
