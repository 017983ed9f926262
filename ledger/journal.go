package ledger

import (
	"cmp"
	"time"
)

// Posting is one immutable line: Amount moved from a debit account to a credit
// account of the same commodity. A one-sided posting cannot be written, so a
// journal balances by construction (I1).
type Posting struct {
	Line      int16
	Debit     ID
	Credit    ID
	Commodity Commodity
	Amount    int64
	// Versions and balances of both accounts after this posting, on their
	// normal sides (I4).
	DebitVersion  int64
	DebitBalance  int64
	CreditVersion int64
	CreditBalance int64
	// Net of the whole journal on the account, on its normal side, present only
	// on the account's last posting of the journal: the one row that stands for
	// the journal in that account's history.
	DebitNet  *int64
	CreditNet *int64
}

// Subject is the business object a journal is about.
type Subject struct {
	Type string
	ID   string
}

// Journal is the header of postings recorded together, or of a fact without
// value when it has none. It stores everything needed to fold it again.
type Journal struct {
	Book            BookID
	ID              ID
	Seq             int64 // dense per book (I18)
	Template        string
	TemplateVersion int32
	Type            string
	Arguments       Arguments
	EffectiveAt     time.Time // instant of the business event
	BookedOn        Date      // decides the accounting period
	PostedAt        time.Time // ours
	Wallet          ID        // whose history it is in; NilID for none
	Subject         Subject
	Explanation     []byte
	InitiatedBy     string
	Reverses        ID    // NilID unless this journal reverses another
	Quantity        int64 // units of the reversal; zero otherwise
	// Hold is the hold that the journal moved, and HoldEvent how; NilID and empty
	// for none.
	Hold      ID
	HoldEvent HoldEvent
	// Group is the id of the first of the linked commands that this one was
	// accepted with, itself included, and GroupSize their number (I27); NilID and
	// zero for a command on its own.
	Group     ID
	GroupSize int16
}

// Date is a calendar day, without a zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf returns the UTC day of an instant.
func DateOf(instant time.Time) Date {
	year, month, day := instant.UTC().Date()
	return Date{Year: year, Month: month, Day: day}
}

// Time returns the first instant of the day in UTC.
func (d Date) Time() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

// IsZero reports whether d is no day.
func (d Date) IsZero() bool { return d == Date{} }

// After reports whether d is a later day than other; every day is later than none.
func (d Date) After(other Date) bool { return d.Compare(other) > 0 }

// Compare orders days, none before all others.
func (d Date) Compare(other Date) int {
	return cmp.Or(cmp.Compare(d.Year, other.Year), cmp.Compare(d.Month, other.Month), cmp.Compare(d.Day, other.Day))
}

// Next returns the day that follows.
func (d Date) Next() Date { return DateOf(d.Time().AddDate(0, 0, 1)) }

// String returns the day as YYYY-MM-DD.
func (d Date) String() string { return d.Time().Format(time.DateOnly) }

// Record is a stored journal as a reversal needs it: what it did to lots, and
// how much of that was already undone.
type Record struct {
	Journal   Journal
	Movements []Movement
	// Reversed is the quantity undone so far, over all reversals (I17).
	Reversed int64
	// Undone holds, per lot, what earlier reversals gave back or took back.
	Undone map[ID]Undone
}

// Undone is what reversals did to one lot of the original so far; both counts
// are positive.
type Undone struct {
	Quantity int64
	Basis    int64
	Tax      int64
}
