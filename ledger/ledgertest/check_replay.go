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
		delta.Journal.Group, delta.Journal.GroupSize = journal.Group, journal.GroupSize // alone it folds to the same
		again.addDelta(delta)
	}
	again.addState(state)
	again.Hash, again.Links = c.Hash, c.Links // the chain is checked apart
	stored := c.Snapshot
	stored.BackDated, stored.Trial, stored.Keys, stored.Once, stored.Gates = nil, nil, nil, nil, nil
	if diff := Diff(again, stored); diff != "" {
		c.fail("I10, I11, I12", "the journals replay to other rows:\n%s", diff)
	}
}

// addState adds the rows that a whole state has besides its journals.
func (s *Snapshot) addState(state *ledger.State) {
	for _, account := range state.Accounts {
		s.Accounts = append(s.Accounts, *account)
		for _, limit := range account.Limits {
			s.Limits = append(s.Limits, ledger.LimitChange{Account: account.Account.ID, Limit: limit})
		}
	}
	for _, hold := range state.Holds {
		s.Holds = append(s.Holds, *hold)
	}
	s.ClosedThrough = state.ClosedThrough
	for _, lot := range state.Lots {
		s.Lots = append(s.Lots, *lot)
	}
	for _, places := range state.Places {
		s.Places = append(s.Places, places...)
	}
}

// addDelta adds the rows of one journal.
func (s *Snapshot) addDelta(delta *ledger.Delta) {
	journal := delta.Journal.ID
	s.Journals = append(s.Journals, delta.Journal)
	for _, p := range delta.Postings {
		s.Postings = append(s.Postings, ledger.JournalPosting{Journal: journal, Posting: p})
	}
	for _, m := range delta.Movements {
		s.Movements = append(s.Movements, ledger.JournalMovement{Journal: journal, Movement: m})
	}
	if delta.Period != nil {
		s.Periods = append(s.Periods, *delta.Period)
	}
}
