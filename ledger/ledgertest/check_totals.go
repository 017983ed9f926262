package ledgertest

import (
	"math/big"
	"strings"

	"purser/ledger"
)

// addBig is add for a number without a width.
func (t tally[Key]) addBig(key Key, amount *big.Int) {
	if t[key] == nil {
		t[key] = new(big.Int)
	}
	t[key].Add(t[key], amount)
}

// checkDeferred compares the basis left on lots with the money deferred for them.
func (c *checker) checkDeferred() {
	deferred := tally[ledger.Commodity]{}
	for _, lot := range c.Lots {
		deferred.add(lot.Money, -lot.BasisRemaining)
	}
	for id, row := range c.accounts {
		if class := c.class(id); class.Name == ClassDeferred {
			deferred.add(row.Account.Commodity, row.Balance.On(class.Normal))
		}
	}
	for money, difference := range deferred {
		if difference.Sign() != 0 {
			c.fail("I29", "deferred revenue less the basis of the lots is %v %q", difference, money)
		}
	}
	for _, j := range c.Journals {
		c.checkCarried(j)
	}
}

// checkCarried compares, in one journal, the basis that its lots gained or lost with
// what it deferred, and where it used units up the tax in it with what became payable
// out of what was deferred; tax that is due at a sale is none of the lots'.
func (c *checker) checkCarried(j ledger.Journal) {
	basis, tax, used := tally[ledger.Commodity]{}, tally[ledger.Commodity]{}, false
	for _, p := range c.postingsOf[j.ID] {
		for account, amount := range map[ledger.ID]int64{p.Debit: -p.Amount, p.Credit: p.Amount} {
			switch class := c.class(account).Name; class {
			case ClassDeferred:
				basis.add(p.Commodity, amount)
			case ClassTax:
				if c.class(p.Debit).Name == ClassDeferred || c.class(p.Credit).Name == ClassDeferred {
					tax.add(p.Commodity, amount)
				}
			default:
				used = used || consumes(class)
			}
		}
	}
	for _, m := range c.moves[j.ID] {
		basis.add(m.Money, -m.Basis)
		if used {
			tax.add(m.Money, m.Tax)
		}
	}
	for money, difference := range basis {
		if difference.Sign() != 0 {
			c.fail("I29", "journal %s defers %v %q more than its lots carry", j.ID, difference, money)
		}
	}
	for money, difference := range tax {
		if difference.Sign() != 0 {
			c.fail("I29", "journal %s makes %v %q more tax payable than its lots carry", j.ID, difference, money)
		}
	}
}

// consumes reports whether units in an account of the class are used up.
func consumes(class string) bool {
	return strings.HasPrefix(class, prefixConsumed) || class == ClassExpired
}

// ofWallet reports whether the account is a wallet's own, in which units of no other
// wallet's lots may be.
func ofWallet(account ledger.Account) bool { return strings.HasPrefix(account.Class, prefixWallet) }

// checkUnits compares units issued with where they are.
func (c *checker) checkUnits() {
	units := new(big.Int)
	for id, row := range c.accounts {
		class := c.class(id)
		balance := big.NewInt(row.Balance.On(class.Normal))
		switch {
		case strings.HasPrefix(class.Name, prefixIssued):
			units.Add(units, balance)
		case consumes(class.Name) || class.TracksLots:
			units.Sub(units, balance)
		}
	}
	if units.Sign() != 0 {
		c.fail("I30", "units issued less those in wallets, set aside, consumed and expired are %v", units)
	}
}
