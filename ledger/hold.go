package ledger

import (
	"fmt"
	"time"
)

// HoldStatus says whether a hold still has units, and how it closed. A hold is
// closed exactly once, by the journal that leaves nothing in it.
type HoldStatus string

// The states of a hold. One that was captured in part and then released is
// CAPTURED.
const (
	HoldOpen     HoldStatus = "OPEN"
	HoldCaptured HoldStatus = "CAPTURED"
	HoldReleased HoldStatus = "RELEASED"
	HoldExpired  HoldStatus = "EXPIRED"
)

// HoldEvent is what one journal did to a hold.
type HoldEvent string

// The events of a hold.
const (
	EventPlaced    HoldEvent = "PLACED"
	EventIncreased HoldEvent = "INCREASED"
	EventCaptured  HoldEvent = "CAPTURED"
	EventReleased  HoldEvent = "RELEASED"
	EventExpired   HoldEvent = "EXPIRED"
)

// Hold is units of a wallet that are reserved for a purpose: they sit in a HELD
// account of the wallet until they are captured, given back, or expire. Its id is
// that of the journal that placed it.
type Hold struct {
	ID      ID
	Wallet  ID
	Account ID // where the units came from and go back to
	Held    ID // the account they are in
	Purpose string
	Subject Subject
	// Reserved grows when the hold is increased; Captured and Released never
	// exceed it together (I7).
	Reserved  int64
	Captured  int64
	Released  int64
	Status    HoldStatus
	OpenedAt  time.Time
	ExpiresAt time.Time // zero: never
	ClosedAt  time.Time // zero while open
}

// Left is what the hold still has.
func (h *Hold) Left() int64 { return h.Reserved - h.Captured - h.Released }

// ExpiredBy reports whether the hold may no longer be captured at now (I8): what
// it has left is its wallet's to use, although it is released only when somebody
// does, or the sweeper comes by.
func (h *Hold) ExpiredBy(now time.Time) bool {
	return !h.ExpiresAt.IsZero() && !h.ExpiresAt.After(now)
}

// expiryID returns the id of the journal that releases an expired hold. It is
// derived, so that whoever comes first writes the same one.
func (h *Hold) expiryID() ID { return derivedID(fmt.Appendf(nil, "purser hold expiry v1\x00%s", h.ID)) }

// HoldUse is what a template does to a hold. EventPlaced makes one whose id is the
// journal's; the others name it by the id argument "hold". The template's moves
// between a wallet's account and a class that Holds are the hold's, and its lines
// that debit such a class take the hold's own units.
type HoldUse struct {
	Event HoldEvent
	// Purpose and ExpiresAt name the text and time arguments of a new hold; a hold
	// without an expiry never expires.
	Purpose   string
	ExpiresAt string
}
