package ledgertest

import (
	"math/big"

	"purser/ledger"
)

// checkLots compares lots, and the balances of accounts that track them, with the
// places, and both with the movements.
func (c *checker) checkLots() {
	atLot, atAccount := tally[ledger.ID]{}, tally[ledger.ID]{}
	for _, place := range c.Places {
		atLot.add(place.Lot, place.Quantity)
		atAccount.add(place.Account, place.Quantity)
		if place.Quantity != 0 && c.class(place.Account).Holds == place.Hold.IsZero() {
			c.fail("I9", "units of lot %s are at %s for hold %s", place.Lot, c.accounts[place.Account].Account.Code, place.Hold)
		}
	}
	for id, lot := range c.lots {
		if lot.Remaining < 0 || lot.Remaining > lot.Granted || !atLot.is(id, lot.Remaining) {
			c.fail("I9", "lot %s has %d of %d left, and %v in places", id, lot.Remaining, lot.Granted, atLot[id])
		}
	}
	for id, row := range c.accounts {
		if class := c.class(id); class.TracksLots && !atAccount.is(id, row.Balance.On(class.Normal)) {
			c.fail("I9", "account %s is at %d with %v units in places", row.Account.Code, row.Balance.On(class.Normal), atAccount[id])
		}
	}
	c.checkPlaces()
	c.checkBasis()
}

func (c *checker) checkPlaces() {
	moved := tally[placeKey]{}
	for _, row := range c.Movements {
		moved.add(placeKey{row.Lot, row.Account, row.Hold}, row.Quantity)
	}
	for _, place := range c.Places {
		key := placeKey{place.Lot, place.Account, place.Hold}
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
}

func (c *checker) checkBasis() {
	basis, tax := tally[ledger.ID]{}, tally[ledger.ID]{}
	for _, row := range c.Movements {
		basis.add(row.Lot, row.Basis)
		tax.add(row.Lot, row.Tax)
		if row.Money != c.lots[row.Lot].Money {
			c.fail("I9", "journal %s moves basis in %q of lot %s", row.Journal, row.Money, row.Lot)
		}
	}
	for id, lot := range c.lots {
		if lot.BasisRemaining < 0 || lot.BasisRemaining > lot.Basis || !basis.is(id, lot.BasisRemaining) || lot.Remaining == 0 && lot.BasisRemaining != 0 {
			c.fail("I29", "lot %s with %d units has basis %d of %d left, its movements say %v", id, lot.Remaining, lot.BasisRemaining, lot.Basis, basis[id])
		}
		if lot.TaxRemaining < 0 || lot.TaxRemaining > lot.BasisRemaining || lot.Tax > lot.Basis || lot.TaxRemaining > lot.Tax || !tax.is(id, lot.TaxRemaining) {
			c.fail("I29", "lot %s with basis %d has tax %d of %d left, its movements say %v", id, lot.BasisRemaining, lot.TaxRemaining, lot.Tax, tax[id])
		}
	}
}

// checkChildren verifies that a lot which came by transfer has the terms of the lot
// it stems from, is the only one of its root and wallet, and has been granted what
// the transfers to it moved.
func (c *checker) checkChildren() {
	units, basis, tax := tally[ledger.ID]{}, tally[ledger.ID]{}, tally[ledger.ID]{}
	for _, j := range c.Journals {
		if !j.Reverses.IsZero() {
			continue
		}
		for lot, net := range c.nets(j.ID) {
			if net.units.Sign() > 0 {
				units.addBig(lot, net.units)
				basis.addBig(lot, net.basis)
				tax.addBig(lot, net.tax)
			}
		}
	}
	for id, lot := range c.lots {
		if !units.is(id, lot.Granted) || !basis.is(id, lot.Basis) || !tax.is(id, lot.Tax) {
			c.fail("I9", "lot %s was granted %d with basis %d and tax %d, journals brought %v, %v and %v",
				id, lot.Granted, lot.Basis, lot.Tax, units[id], basis[id], tax[id])
		}
		if lot.Root.IsZero() {
			continue
		}
		root, known := c.lots[lot.Root]
		same := root.Origin == lot.Origin && root.ExpiresAt.Equal(lot.ExpiresAt) && root.Priority == lot.Priority && root.Money == lot.Money && root.Jurisdiction == lot.Jurisdiction
		if !known || !root.Root.IsZero() || !same || id != ledger.ChildLotID(lot.Root, lot.Wallet) {
			c.fail("I9", "lot %s of wallet %s does not stem from lot %s: %+v, %+v", id, lot.Wallet, lot.Root, lot, root)
		}
	}
}

// net is what one journal did to one lot, all places together.
type net struct{ units, basis, tax *big.Int }

func (c *checker) nets(journal ledger.ID) map[ledger.ID]net {
	nets := map[ledger.ID]net{}
	for _, m := range c.moves[journal] {
		if _, seen := nets[m.Lot]; !seen {
			nets[m.Lot] = net{new(big.Int), new(big.Int), new(big.Int)}
		}
		sum := nets[m.Lot]
		sum.units.Add(sum.units, big.NewInt(m.Quantity))
		sum.basis.Add(sum.basis, big.NewInt(m.Basis))
		sum.tax.Add(sum.tax, big.NewInt(m.Tax))
	}
	return nets
}

// movedTo reports whether a movement took units from a place to put them into
// another of the same lot, and returns the one that did.
func movedTo(moves []ledger.Movement, at int) (moved bool, to ledger.Movement) {
	if at+1 == len(moves) || moves[at].Quantity > 0 {
		return false, ledger.Movement{}
	}
	to = moves[at+1]
	return to.Lot == moves[at].Lot && to.Quantity == -moves[at].Quantity, to
}

// checkMoves verifies that a lot which a journal only moved has the units and the
// basis it had before, that no lot came to the wallet of another, and that what came
// to a lot by transfer left others of the same root, basis and tax included.
func (c *checker) checkMoves() {
	for _, j := range c.Journals {
		for i, m := range c.moves[j.ID] {
			if moved, to := movedTo(c.moves[j.ID], i); moved && (m.Basis != 0 || m.Tax != 0 || to.Basis != 0 || to.Tax != 0) {
				c.fail("I29", "journal %s moves lot %s from place to place, and basis %d with it", j.ID, m.Lot, to.Basis)
			}
			account := c.accounts[m.Account].Account
			if ofWallet(account) && account.Owner != c.lots[m.Lot].Wallet {
				c.fail("I9", "journal %s moves units of lot %s, of wallet %s, at %s", j.ID, m.Lot, c.lots[m.Lot].Wallet, account.Code)
			}
		}
		families := map[ledger.ID]net{}
		transfer := false
		for id, n := range c.nets(j.ID) {
			if j.Reverses.IsZero() && n.units.Sign() == 0 && (n.basis.Sign() != 0 || n.tax.Sign() != 0) {
				c.fail("I29", "journal %s leaves lot %s its units, and changes its basis by %v", j.ID, id, n.basis)
			}
			lot := c.lots[id]
			transfer = transfer || !lot.Root.IsZero() && n.units.Sign() > 0 && j.Reverses.IsZero()
			sum, seen := families[lot.RootID()]
			if !seen {
				sum = net{new(big.Int), new(big.Int), new(big.Int)}
				families[lot.RootID()] = sum
			}
			sum.units.Add(sum.units, n.units)
			sum.basis.Add(sum.basis, n.basis)
			sum.tax.Add(sum.tax, n.tax)
		}
		for root, sum := range families {
			if transfer && (sum.units.Sign() != 0 || sum.basis.Sign() != 0 || sum.tax.Sign() != 0) {
				c.fail("I9", "journal %s transfers lots of root %s, and %v units, basis %v, tax %v are left over", j.ID, root, sum.units, sum.basis, sum.tax)
			}
		}
		c.checkShares(j)
	}
}
