package ledger

import "strings"

// Side is one side of a posting, or the side on which an account grows.
type Side uint8

// The two sides.
const (
	Debit Side = iota + 1
	Credit
)

// Class describes a kind of account in the chart: one line of the trial
// balance. Name is the account code with the owner's id replaced by "*", such
// as "WALLET:*:AVAILABLE"; a platform account's class is its code.
type Class struct {
	Name string
	// Normal is the side on which the account's balance grows.
	Normal Side
	// Floored accounts never go below zero on their normal side (I5).
	Floored bool
	// TracksLots marks accounts whose units belong to lots: every unit in them
	// has a lot place (I9).
	TracksLots bool
	// UsableAfterExpiry says that what was set aside in such an account keeps its
	// use when its lots expire: a campaign that was funded in time runs on.
	// Elsewhere units of expired lots never leave (I10).
	UsableAfterExpiry bool
	// Holds marks accounts whose units belong to holds: each lot place in them is
	// some hold's. They track lots and are usable after expiry.
	Holds bool
}

// PerOwner reports whether each wallet or campaign has its own account of this
// class. Such accounts must be opened by a template; platform accounts open
// with the first posting that names them.
func (c Class) PerOwner() bool { return strings.Contains(c.Name, "*") }

// AccountStatus says who may move an account's value.
type AccountStatus string

// The states of an account. FROZEN refuses owner-initiated templates only.
const (
	StatusActive AccountStatus = "ACTIVE"
	StatusFrozen AccountStatus = "FROZEN"
	StatusClosed AccountStatus = "CLOSED"
)

// Account is a place where value sits. It never changes; its Balance does.
type Account struct {
	ID        ID
	Code      string
	Class     string
	Commodity Commodity
	// Owner is the wallet or campaign in the code, NilID for the platform's.
	Owner ID
}

// Balance is the moving part of an account: counters that only grow (I3), and
// the number of postings that made them (I4).
type Balance struct {
	Debits  int64
	Credits int64
	Version int64
	Status  AccountStatus
}

// On returns the balance seen from the normal side.
func (b Balance) On(normal Side) int64 {
	if normal == Debit {
		return b.Debits - b.Credits
	}
	return b.Credits - b.Debits
}
