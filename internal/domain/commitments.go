package domain

import "purser/ledger"

// GuardCommitments reads the Commitments of a wallet by its id: the kind by which
// storage registers the read. They are counted there from the rows of what was
// committed to, never kept.
const GuardCommitments = "wallet_commitments"

// Reasons with which the guards on commitments refuse.
const (
	ReasonWalletClosed = "WALLET_CLOSED" // none
	ReasonCommitted    = "COMMITTED"     // FactOpen
)

// FactOpen is how many commitments stand against what was asked.
const FactOpen = "open"

// Commitments are what a wallet pays for and that has not ended, such as campaigns:
// it may take units of the wallet at any time, and gives back to it what it does not
// use. Whoever makes one or ends one says so with a guard, so that a wallet is closed
// after its last commitment and none is made after that, in one batch as in several
// (I14).
type Commitments struct {
	Open   int64
	Closed bool // the wallet is
}

// Committed is the guard of a command that makes a commitment of a wallet. It refuses
// with ReasonWalletClosed.
type Committed struct{ Wallet ledger.ID }

// Kind implements ledger.Guard.
func (Committed) Kind() string { return GuardCommitments }

// ID implements ledger.Guard.
func (g Committed) ID() string { return g.Wallet.String() }

// Check implements ledger.Guard.
func (Committed) Check(stored any) (string, ledger.Arguments) {
	if commitmentsOf(stored).Closed {
		return ReasonWalletClosed, nil
	}
	return "", nil
}

// After implements ledger.Guard.
func (Committed) After(stored any, _ *ledger.Delta) any {
	row := commitmentsOf(stored)
	row.Open++
	return row
}

// Settled is the guard of a command that ends a commitment of a wallet. It never
// refuses.
type Settled struct{ Wallet ledger.ID }

// Kind implements ledger.Guard.
func (Settled) Kind() string { return GuardCommitments }

// ID implements ledger.Guard.
func (g Settled) ID() string { return g.Wallet.String() }

// Check implements ledger.Guard.
func (Settled) Check(any) (string, ledger.Arguments) { return "", nil }

// After implements ledger.Guard.
func (Settled) After(stored any, _ *ledger.Delta) any {
	row := commitmentsOf(stored)
	row.Open--
	return row
}

// Uncommitted is the guard of the command that closes a wallet. It refuses with
// ReasonCommitted and how many commitments there are.
type Uncommitted struct{ Wallet ledger.ID }

// Kind implements ledger.Guard.
func (Uncommitted) Kind() string { return GuardCommitments }

// ID implements ledger.Guard.
func (g Uncommitted) ID() string { return g.Wallet.String() }

// Check implements ledger.Guard.
func (Uncommitted) Check(stored any) (string, ledger.Arguments) {
	if open := commitmentsOf(stored).Open; open > 0 {
		return ReasonCommitted, ledger.Arguments(nil).Amount(FactOpen, open)
	}
	return "", nil
}

// After implements ledger.Guard.
func (Uncommitted) After(stored any, _ *ledger.Delta) any {
	row := commitmentsOf(stored)
	row.Closed = true
	return row
}

// commitmentsOf reads a row that storage may not have: a wallet that nothing was
// committed to.
func commitmentsOf(stored any) Commitments {
	row, _ := stored.(Commitments)
	return row
}
