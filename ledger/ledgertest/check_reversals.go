package ledgertest

import (
	"slices"

	"purser/ledger"
)

// checkReversals compares, per original, what all its reversals moved with what
// it moved itself (I11, I17).
func (c *checker) checkReversals() {
	reversals := map[ledger.ID][]ledger.Journal{}
	for _, j := range c.Journals {
		if !j.Reverses.IsZero() {
			reversals[j.Reverses] = append(reversals[j.Reverses], j)
		}
	}
	for id, all := range reversals {
		var quantity int64
		undone := map[ledger.ID]ledger.Undone{}
		for _, j := range all {
			quantity += j.Quantity
			for _, m := range undoing(c.moves[id], c.moves[j.ID]) {
				sum := undone[m.Lot]
				undone[m.Lot] = ledger.Undone{Quantity: sum.Quantity + m.Quantity, Basis: sum.Basis + m.Basis, Tax: sum.Tax + m.Tax}
			}
			if original := c.journals[id]; original.Seq == 0 || original.Seq >= j.Seq {
				c.fail("I17", "journal %s reverses %s, which is not before it", j.ID, id)
			}
		}
		c.checkUndone(id, quantity, undone)
	}
}

// checkUndone expects the undone units to be the last taken ones, with exactly
// their basis once all of a lot's are back.
func (c *checker) checkUndone(original ledger.ID, quantity int64, undone map[ledger.ID]ledger.Undone) {
	left := quantity
	for _, m := range slices.Backward(c.moves[original]) {
		units := min(left, magnitude(m.Quantity))
		left -= units
		got := undone[m.Lot]
		delete(undone, m.Lot)
		if m.Quantity > 0 {
			units = -units // an issue is undone by taking
		}
		if got.Quantity != units {
			c.fail("I11", "reversals of journal %s put %d units into lot %s, want %d", original, got.Quantity, m.Lot, units)
		}
		for _, part := range []struct{ got, moved int64 }{{got.Basis, m.Basis}, {got.Tax, m.Tax}} {
			whole := got.Quantity == -m.Quantity && part.got != -part.moved
			if whole || magnitude(part.got) > magnitude(part.moved) {
				c.fail("I11", "reversals of journal %s put basis or tax %d into lot %s, which had moved %d", original, part.got, m.Lot, part.moved)
			}
		}
	}
	if left > 0 {
		c.fail("I17", "reversals of journal %s exceed it by %d", original, left)
	}
	if len(undone) > 0 {
		c.fail("I11", "reversals of journal %s moved lots that it had not", original)
	}
}

// checkGroups verifies that of linked commands all are there, in one batch, one
// behind the other but for the holds that expired before them (I27).
func (c *checker) checkGroups() {
	members := map[ledger.ID][]ledger.Journal{}
	for _, j := range c.Journals {
		if (j.GroupSize == 0) != j.Group.IsZero() {
			c.fail("I27", "journal %s is one of %d in group %s", j.ID, j.GroupSize, j.Group)
		}
		if !j.Group.IsZero() {
			members[j.Group] = append(members[j.Group], j)
		}
	}
	for id, all := range members {
		for _, j := range all {
			if int(j.GroupSize) != len(all) || !j.PostedAt.Equal(all[0].PostedAt) || all[0].ID != id {
				c.fail("I27", "journal %s is one of %d in group %s, which has %d journals", j.ID, j.GroupSize, id, len(all))
			}
		}
		first, last := all[0].Seq, all[len(all)-1].Seq
		for _, j := range c.Journals[first-1 : last] {
			if j.Group != id && j.HoldEvent != ledger.EventExpired {
				c.fail("I27", "journal %s came between those of group %s", j.ID, id)
			}
		}
	}
}
