package ledgertest

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"

	"purser/ledger"
)

// Check verifies from the rows alone the invariants that a dump of one book can
// show: I1 to I11, I17, I18, I20 to I22, I27, I29 and I30, each computed here and not by
// the fold. Then it replays the journals and compares (I10 to I12). It returns what
// does not hold, each error beginning with the invariant's number.
func (s Snapshot) Check(rules *ledger.Rules) []error {
	c := newChecker(s, rules)
	c.checkCounters()
	c.checkVersions()
	c.checkNets()
	c.checkLots()
	c.checkChildren()
	c.checkMoves()
	c.checkLotHistory()
	c.checkHolds()
	c.checkReversals()
	c.checkSequence()
	c.checkGroups()
	c.checkPeriods()
	c.checkChain()
	c.checkProjections()
	c.checkDeferred()
	c.checkUnits()
	c.checkReplay()
	return c.errs
}

type checker struct {
	Snapshot
	rules    *ledger.Rules
	accounts map[ledger.ID]ledger.AccountState
	journals map[ledger.ID]ledger.Journal
	lots     map[ledger.ID]ledger.Lot
	moves    map[ledger.ID][]ledger.Movement // by journal, in line order

	postingsOf map[ledger.ID][]ledger.JournalPosting // by journal, in line order
	left       map[ledger.ID]net                     // what lots have left, journal by journal
	errs       []error
}

func newChecker(s Snapshot, rules *ledger.Rules) *checker {
	c := &checker{
		Snapshot: s, rules: rules, accounts: map[ledger.ID]ledger.AccountState{}, journals: map[ledger.ID]ledger.Journal{},
		lots: map[ledger.ID]ledger.Lot{}, moves: map[ledger.ID][]ledger.Movement{},
		postingsOf: map[ledger.ID][]ledger.JournalPosting{}, left: map[ledger.ID]net{},
	}
	for _, row := range s.Accounts {
		c.accounts[row.Account.ID] = row
	}
	for _, row := range s.Journals {
		c.journals[row.ID] = row
	}
	for _, row := range s.Lots {
		c.lots[row.ID] = row
	}
	c.Journals = slices.SortedFunc(slices.Values(s.Journals), func(a, b ledger.Journal) int { return cmp.Compare(a.Seq, b.Seq) })
	c.Postings = slices.SortedFunc(slices.Values(s.Postings), func(a, b ledger.JournalPosting) int {
		return cmp.Or(cmp.Compare(c.journals[a.Journal].Seq, c.journals[b.Journal].Seq), cmp.Compare(a.Line, b.Line))
	})
	for _, p := range c.Postings {
		c.postingsOf[p.Journal] = append(c.postingsOf[p.Journal], p)
	}
	for _, row := range slices.SortedFunc(slices.Values(s.Movements), func(a, b ledger.JournalMovement) int { return cmp.Compare(a.Line, b.Line) }) {
		c.moves[row.Journal] = append(c.moves[row.Journal], row.Movement)
	}
	return c
}

func (c *checker) fail(invariant, format string, facts ...any) {
	c.errs = append(c.errs, fmt.Errorf(invariant+": "+format, facts...))
}

func (c *checker) class(account ledger.ID) ledger.Class {
	class, _ := c.rules.Class(c.accounts[account].Account.Class)
	return class
}

// tally adds up without a width, so that the check cannot overflow where the
// ledger might have.
type tally[Key comparable] map[Key]*big.Int

func (t tally[Key]) add(key Key, amount int64) {
	if t[key] == nil {
		t[key] = new(big.Int)
	}
	t[key].Add(t[key], big.NewInt(amount))
}

func (t tally[Key]) is(key Key, amount int64) bool {
	sum := t[key]
	return sum == nil && amount == 0 || sum != nil && sum.IsInt64() && sum.Int64() == amount
}

func (c *checker) checkCounters() {
	debits, credits := tally[ledger.ID]{}, tally[ledger.ID]{}
	sides := tally[ledger.Commodity]{}
	for _, p := range c.Postings {
		debits.add(p.Debit, p.Amount)
		credits.add(p.Credit, p.Amount)
		if p.Amount <= 0 || c.accounts[p.Debit].Account.Commodity != p.Commodity || c.accounts[p.Credit].Account.Commodity != p.Commodity {
			c.fail("I1", "posting %d of journal %s moves %d %s between accounts of other commodities", p.Line, p.Journal, p.Amount, p.Commodity)
		}
	}
	for id, row := range c.accounts {
		b := row.Balance
		sides.add(row.Account.Commodity, b.Debits)
		sides.add(row.Account.Commodity, -b.Credits)
		if !debits.is(id, b.Debits) || !credits.is(id, b.Credits) {
			c.fail("I2", "account %s counts %d and %d, its postings %v and %v", row.Account.Code, b.Debits, b.Credits, debits[id], credits[id])
		}
		if b.Debits < 0 || b.Credits < 0 {
			c.fail("I3", "account %s has a negative counter", row.Account.Code)
		}
		if after := b.On(c.class(id).Normal); after < 0 && c.class(id).Floored {
			c.fail("I5", "account %s is at %d", row.Account.Code, after)
		}
	}
	for commodity, difference := range sides {
		if difference.Sign() != 0 {
			c.fail("I1", "debits less credits of %s are %v", commodity, difference)
		}
	}
}

// checkVersions walks each account's postings in the order of the journals.
func (c *checker) checkVersions() {
	type running struct{ version, balance int64 }
	at := map[ledger.ID]running{}
	step := func(p ledger.JournalPosting, account ledger.ID, side ledger.Side, version, balance int64) {
		want := at[account]
		want.version++
		if c.class(account).Normal == side {
			want.balance += p.Amount
		} else {
			want.balance -= p.Amount
		}
		if version != want.version || balance != want.balance {
			c.fail("I4", "posting %d of journal %s leaves %s at version %d, balance %d; want %d, %d",
				p.Line, p.Journal, c.accounts[account].Account.Code, version, balance, want.version, want.balance)
		}
		at[account] = want
	}
	for _, p := range c.Postings {
		step(p, p.Debit, ledger.Debit, p.DebitVersion, p.DebitBalance)
		step(p, p.Credit, ledger.Credit, p.CreditVersion, p.CreditBalance)
	}
	for id, row := range c.accounts {
		if row.Balance.Version != at[id].version {
			c.fail("I4", "account %s is at version %d after %d postings", row.Account.Code, row.Balance.Version, at[id].version)
		}
	}
}

// checkNets verifies that exactly the last posting of a journal on an account
// stands for the whole, and that no floored account ended a journal below zero.
func (c *checker) checkNets() {
	type side struct{ journal, account ledger.ID }
	sums, nets, ends := tally[side]{}, map[side]*int64{}, map[side]int64{}
	note := func(key side, grows bool, amount, balance int64, net *int64) {
		if !grows {
			amount = -amount
		}
		sums.add(key, amount)
		if nets[key] != nil {
			c.fail("I4", "journal %s nets account %s before its last posting", key.journal, key.account)
		}
		nets[key], ends[key] = net, balance
	}
	for _, p := range c.Postings {
		note(side{p.Journal, p.Debit}, c.class(p.Debit).Normal == ledger.Debit, p.Amount, p.DebitBalance, p.DebitNet)
		note(side{p.Journal, p.Credit}, c.class(p.Credit).Normal == ledger.Credit, p.Amount, p.CreditBalance, p.CreditNet)
	}
	for key, net := range nets {
		if net == nil || !sums.is(key, *net) {
			c.fail("I4", "journal %s nets account %s at %s, not %v", key.journal, key.account, optional(net), sums[key])
		}
		if c.class(key.account).Floored && ends[key] < 0 {
			c.fail("I5", "journal %s left account %s at %d", key.journal, key.account, ends[key])
		}
	}
}

// checkSequence also covers the head row.
func (c *checker) checkSequence() {
	for i, j := range c.Journals {
		if j.Seq != int64(i+1) {
			c.fail("I18", "journal %s has seq %d where %d is due", j.ID, j.Seq, i+1)
		}
		if i > 0 && j.PostedAt.Before(c.Journals[i-1].PostedAt) {
			c.fail("I18", "journal %s was posted before its predecessor", j.ID)
		}
	}
	if n := len(c.Journals); c.Seq != int64(n) || n > 0 && !c.LastPostedAt.Equal(c.Journals[n-1].PostedAt) {
		c.fail("I18", "the head is at seq %d, %s after %d journals", c.Seq, c.LastPostedAt, n)
	}
}

func (c *checker) checkProjections() {
	backDated, trial := map[dayKey]ledger.BackDated{}, map[trialKey]ledger.TrialDelta{}
	add := func(account ledger.ID, postedOn, on ledger.Date, debits, credits int64) {
		if day := (dayKey{account, postedOn, on}); postedOn != on {
			d := backDated[day]
			backDated[day] = ledger.BackDated{Account: account, PostedOn: postedOn, BookedOn: on, Debits: d.Debits + debits, Credits: d.Credits + credits}
		}
		facts := c.accounts[account].Account
		key := trialKey{facts.Class, facts.Commodity, on}
		line := trial[key]
		trial[key] = ledger.TrialDelta{Class: key.class, Commodity: key.commodity, Day: on, Debits: line.Debits + debits, Credits: line.Credits + credits}
	}
	for _, p := range c.Postings {
		journal := c.journals[p.Journal]
		postedOn, on := ledger.DateOf(journal.PostedAt), journal.BookedOn
		add(p.Debit, postedOn, on, p.Amount, 0)
		add(p.Credit, postedOn, on, 0, p.Amount)
	}
	for _, row := range c.BackDated {
		key := dayKey{row.Account, row.PostedOn, row.BookedOn}
		if backDated[key] != row {
			c.fail("I22", "what account %s booked on %s is %+v, its postings %+v", row.Account, row.BookedOn, row, backDated[key])
		}
		delete(backDated, key)
	}
	for _, row := range c.Trial {
		key := trialKey{row.Class, row.Commodity, row.Day}
		if trial[key] != row {
			c.fail("I22", "trial balance of %s is %+v, its postings %+v", row.Class, row, trial[key])
		}
		delete(trial, key)
	}
	if len(backDated)+len(trial) > 0 {
		c.fail("I22", "%d back-dated rows and %d trial rows are missing", len(backDated), len(trial))
	}
}
