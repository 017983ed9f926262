package ledgertest

import (
	"slices"

	"purser/ledger"
)

func (c *checker) checkLots() {
	atLot, atAccount := tally[ledger.ID]{}, tally[ledger.ID]{}
	moved, basis := tally[placeKey]{}, tally[ledger.ID]{}
	for _, row := range c.Movements {
		moved.add(placeKey{row.Lot, row.Account}, row.Quantity)
		basis.add(row.Lot, row.Basis)
		if row.Money != c.lots[row.Lot].Money {
			c.fail("I9", "journal %s moves basis in %q of lot %s", row.Journal, row.Money, row.Lot)
		}
	}
	for _, place := range c.Places {
		atLot.add(place.Lot, place.Quantity)
		atAccount.add(place.Account, place.Quantity)
		key := placeKey{place.Lot, place.Account}
		if place.Quantity < 0 || !moved.is(key, place.Quantity) {
			c.fail("I9", "%d units of lot %s are at %s, its movements say %v", place.Quantity, place.Lot, place.Account, moved[key])
		}
		delete(moved, key)
	}
	for key, left := range moved {
		if left.Sign() != 0 {
			c.fail("I9", "lot %s has no place at %s for %v units", key.lot, key.account, left)
		}
	}
	for id, lot := range c.lots {
		if lot.Remaining < 0 || lot.Remaining > lot.Granted || !atLot.is(id, lot.Remaining) {
			c.fail("I9", "lot %s has %d of %d left, and %v in places", id, lot.Remaining, lot.Granted, atLot[id])
		}
		if lot.BasisRemaining < 0 || lot.BasisRemaining > lot.Basis || !basis.is(id, lot.BasisRemaining) || lot.Remaining == 0 && lot.BasisRemaining != 0 {
			c.fail("I29", "lot %s with %d units has basis %d of %d left, its movements say %v", id, lot.Remaining, lot.BasisRemaining, lot.Basis, basis[id])
		}
	}
	for id, row := range c.accounts {
		if class := c.class(id); class.TracksLots && !atAccount.is(id, row.Balance.On(class.Normal)) {
			c.fail("I9", "account %s is at %d with %v units in places", row.Account.Code, row.Balance.On(class.Normal), atAccount[id])
		}
	}
}

// checkMoves verifies that a lot which a journal only moved has the units and the
// basis it had before, and that no lot came to the wallet of another.
func (c *checker) checkMoves() {
	for _, j := range c.Journals {
		units, basis := tally[ledger.ID]{}, tally[ledger.ID]{}
		for _, m := range c.moves[j.ID] {
			units.add(m.Lot, m.Quantity)
			basis.add(m.Lot, magnitude(m.Basis))
			if account := c.accounts[m.Account].Account; account.Class == ClassAvailable && account.Owner != c.lots[m.Lot].Wallet {
				c.fail("I9", "journal %s moves units of lot %s, of wallet %s, at %s", j.ID, m.Lot, c.lots[m.Lot].Wallet, account.Code)
			}
		}
		for lot, moved := range units {
			if moved.Sign() == 0 && basis[lot].Sign() != 0 {
				c.fail("I29", "journal %s moves lot %s from place to place, and basis %v with it", j.ID, lot, basis[lot])
			}
		}
	}
}

// checkLotHistory walks the journals with the places as they were, and verifies
// that units left before their expiry, save where they outlive it, and in spend
// order or for a move back in its reverse, unless a reversal took back what its
// original had issued (I10).
func (c *checker) checkLotHistory() {
	places := map[ledger.ID]map[ledger.ID]int64{} // by account, lot
	for _, j := range c.Journals {
		for _, m := range c.moves[j.ID] {
			if places[m.Account] == nil {
				places[m.Account] = map[ledger.ID]int64{}
			}
			if m.Quantity < 0 {
				c.checkTaken(j, m, places[m.Account])
			}
			places[m.Account][m.Lot] += m.Quantity
		}
	}
}

func (c *checker) checkTaken(j ledger.Journal, m ledger.Movement, here map[ledger.ID]int64) {
	taken, outlive := c.lots[m.Lot], c.class(m.Account).UsableAfterExpiry
	if expired(taken, j.PostedAt) && !outlive {
		c.fail("I10", "journal %s took %d units of expired lot %s", j.ID, -m.Quantity, m.Lot)
	}
	if !j.Reverses.IsZero() {
		return
	}
	before := -1
	if template, _ := c.rules.Template(j.Template); template != nil && slices.ContainsFunc(template.Lines, func(l ledger.Line) bool { return l.Back }) {
		before = 1
	}
	for id, quantity := range here {
		other := c.lots[id]
		if quantity > 0 && id != m.Lot && (outlive || !expired(other, j.PostedAt)) && spendOrder(other, taken)*before > 0 {
			c.fail("I10", "journal %s took from lot %s while %d units of lot %s came first", j.ID, m.Lot, quantity, id)
		}
	}
}

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
			for _, m := range c.moves[j.ID] {
				sum := undone[m.Lot]
				undone[m.Lot] = ledger.Undone{Quantity: sum.Quantity + m.Quantity, Basis: sum.Basis + m.Basis}
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
		whole := got.Quantity == -m.Quantity && got.Basis != -m.Basis
		if whole || magnitude(got.Basis) > magnitude(m.Basis) {
			c.fail("I11", "reversals of journal %s put basis %d into lot %s, which had moved %d", original, got.Basis, m.Lot, m.Basis)
		}
	}
	if left > 0 {
		c.fail("I17", "reversals of journal %s exceed it by %d", original, left)
	}
	if len(undone) > 0 {
		c.fail("I11", "reversals of journal %s moved lots that it had not", original)
	}
}
