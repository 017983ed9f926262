package ledger

import (
	"bytes"
	"fmt"
	"time"
)

// Origin says how the units of a lot came to be.
type Origin string

// The origins of Connects (domain: ISSUED:{origin} is debited at issue).
const (
	OriginPurchase     Origin = "PURCHASE"
	OriginPlan         Origin = "PLAN"
	OriginPromo        Origin = "PROMO"
	OriginBonus        Origin = "BONUS"
	OriginCompensation Origin = "COMPENSATION"
)

// Lot is a dated parcel of Connects: where they come from, what they cost and
// when they die. It belongs to one wallet for life, also while its units are set
// aside elsewhere. Granted and the terms never change; Remaining falls as units
// are consumed and rises when they return, and no move changes it.
type Lot struct {
	ID             ID
	Wallet         ID
	Origin         Origin
	Granted        int64
	Remaining      int64
	ExpiresAt      time.Time // zero: never
	Priority       int32     // lower is spent first
	Money          Commodity // of the basis; empty when the basis is zero
	Basis          int64     // what was paid, in minor units of Money
	BasisRemaining int64     // still deferred: falls and rises with Remaining (I29)
	Tax            int64     // the part of Basis that is tax due when units are used
	TaxRemaining   int64     // falls and rises with BasisRemaining
	Jurisdiction   string
	// Root is the lot that a transferred one stems from, however many hands it went
	// through; NilID for a lot that was issued. There is one lot per root and
	// wallet, and it grows when more of the same root arrives.
	Root ID
	// GraceUntil prolongs the use of units that came back after ExpiresAt; zero for
	// no grace. It does not change the spend order.
	GraceUntil time.Time
}

// ExpiredBy reports whether the lot has expired at now, grace included, which ends
// the use of its units wherever the account's class does not say otherwise.
func (l *Lot) ExpiredBy(now time.Time) bool {
	return !l.ExpiresAt.IsZero() && !l.ExpiresAt.After(now) && !l.GraceUntil.After(now)
}

// RootID returns the lot that this one stems from: itself where it was issued.
func (l Lot) RootID() ID {
	if l.Root.IsZero() {
		return l.ID
	}
	return l.Root
}

// ChildLotID returns the id of the lot that holds what a wallet received of a root
// lot. It is derived, so that the fold can name a lot it has not read.
func ChildLotID(root, wallet ID) ID {
	return derivedID(fmt.Appendf(nil, "purser lot v1\x00%s\x00%s", root, wallet))
}

// spentBefore is the spend order: priority, then expiry (never last), then lot
// id, which is the order of issue (I10).
func (l *Lot) spentBefore(other *Lot) bool {
	if l.Priority != other.Priority {
		return l.Priority < other.Priority
	}
	if !l.ExpiresAt.Equal(other.ExpiresAt) {
		if l.ExpiresAt.IsZero() || other.ExpiresAt.IsZero() {
			return other.ExpiresAt.IsZero()
		}
		return l.ExpiresAt.Before(other.ExpiresAt)
	}
	return bytes.Compare(l.ID[:], other.ID[:]) < 0
}

// Place says that Quantity units of a lot sit in an account, its wallet's or one
// they are set aside in. Hold is the hold they belong to, NilID where the account's
// class does not hold.
type Place struct {
	Lot      ID
	Account  ID
	Hold     ID
	Quantity int64
}

// Movement is one immutable line of a lot's history: the change of one place,
// and the cost basis that came or went with it. Quantities are signed.
type Movement struct {
	Line     int16
	Lot      ID
	Account  ID
	Hold     ID
	Quantity int64
	Basis    int64
	Tax      int64 // the part of Basis that is tax
	Money    Commodity
}
