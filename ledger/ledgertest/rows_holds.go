package ledgertest

import (
	"fmt"
	"time"

	"purser/ledger"
)

// Link is one link of the hash chain: it covers the journals after the previous
// link, up to LastSeq.
type Link struct {
	LastSeq int64
	Root    ledger.Hash
	Hash    ledger.Hash
}

type limitKey struct {
	account ledger.ID
	window  time.Duration
}

func (r *rows) applyHolds(w *ledger.Writes) error {
	for _, hold := range w.NewHolds {
		if _, found := r.holds[hold.ID]; found {
			return fmt.Errorf("%w: hold %s exists", errConstraint, hold.ID)
		}
		if err := checkHold(hold); err != nil {
			return err
		}
		r.holds[hold.ID] = hold
	}
	for _, hold := range w.Holds {
		row, found := r.holds[hold.ID]
		if !found || row.Status != ledger.HoldOpen {
			return fmt.Errorf("%w: hold %s is not there or closed (I7)", errConstraint, hold.ID)
		}
		row.Reserved, row.Captured, row.Released, row.Status, row.ClosedAt = hold.Reserved, hold.Captured, hold.Released, hold.Status, hold.ClosedAt
		if err := checkHold(row); err != nil {
			return err
		}
		r.holds[hold.ID] = row
	}
	return nil
}

// checkHold is the row's own constraints (I7).
func checkHold(h ledger.Hold) error {
	open := h.Status == ledger.HoldOpen
	parts := h.Reserved > 0 && h.Captured >= 0 && h.Released >= 0 && h.Captured <= h.Reserved-h.Released
	if !parts || open != (h.Left() > 0) || open != h.ClosedAt.IsZero() {
		return fmt.Errorf("%w: hold %s: %+v (I7)", errConstraint, h.ID, h)
	}
	return nil
}

func (r *rows) applyLimits(w *ledger.Writes) error {
	for _, change := range w.Limits {
		if _, found := r.accounts[change.Account]; !found || change.Window <= 0 || change.Window%time.Second != 0 || change.Used < 0 {
			return fmt.Errorf("%w: limit of account %s: %+v", errConstraint, change.Account, change.Limit)
		}
		r.limits[limitKey{change.Account, change.Window}] = change.Limit
	}
	return nil
}

func (r *rows) applyPeriods(w *ledger.Writes) error {
	for _, change := range w.Periods {
		if change.Seq < w.FirstSeq || change.Seq > w.LastSeq || r.journals[change.Seq-1].ID != change.Journal {
			return fmt.Errorf("%w: period %s changed at seq %d by journal %s", errConstraint, change.Period, change.Seq, change.Journal)
		}
		if n := len(r.periods); n > 0 && r.periods[n-1].Seq >= change.Seq {
			return fmt.Errorf("%w: two periods changed at seq %d", errConstraint, change.Seq)
		}
		r.periods = append(r.periods, change)
		r.closed = change.ClosedThrough
	}
	return nil
}

// applyLink adds the batch's link. A batch without journals has none, and neither
// has one that a program of before the chain wrote: the next link covers it.
func (r *rows) applyLink(w *ledger.Writes) error {
	if w.Root.IsZero() != w.Hash.IsZero() || len(w.Journals) == 0 && !w.Root.IsZero() {
		return fmt.Errorf("%w: root and hash of a batch of %d journals (I21)", errConstraint, len(w.Journals))
	}
	if !w.Root.IsZero() {
		r.links = append(r.links, Link{LastSeq: w.LastSeq, Root: w.Root, Hash: w.Hash})
	}
	return nil
}

// unsealed returns the leaves of the journals after the last link.
func (r *rows) unsealed() []ledger.Hash {
	var hasher ledger.Hasher
	var leaves []ledger.Hash
	for _, j := range r.journals[r.head().LastSeq:] {
		var postings []ledger.Posting
		for _, row := range r.postings {
			if row.Journal == j.ID {
				postings = append(postings, row.Posting)
			}
		}
		leaves = append(leaves, hasher.Leaf(&j, postings, r.movementsOf(j.ID)))
	}
	return leaves
}

// head is the last link, of hash zero where there is none.
func (r *rows) head() Link {
	if len(r.links) == 0 {
		return Link{}
	}
	return r.links[len(r.links)-1]
}
