package finance

import (
	"context"
	"time"

	"purser/ledger"
)

// Reader is what finance's reports are read from. Each method reads one snapshot in
// a number of statements that does not depend on what it finds. Errors wrap
// domain.ErrUnavailable when the read may be repeated.
type Reader interface {
	Directory
	// Periods returns a page of months, newest first, from the current one back to
	// the one of the oldest booking, or of the oldest request.
	Periods(ctx context.Context, query PeriodsQuery) (*PeriodsPage, error)
	// PeriodTrial returns the trial balance a period was closed with, checked against
	// its digests; closed is false for a period that is not closed in every book, or
	// was closed together with a later one.
	PeriodTrial(ctx context.Context, period ledger.Period) (trial *PeriodTrial, closed bool, err error)
	// AccountLedger returns postings of one account, oldest first. It wraps
	// domain.ErrNotFound for an account that does not exist.
	AccountLedger(ctx context.Context, query LedgerQuery) (*LedgerPage, error)
	// Rollforward returns what moved deferred revenue in a period. It returns an
	// error when the movements do not lead from the opening to the closing balance.
	Rollforward(ctx context.Context, period ledger.Period) (*Rollforward, error)
	// Liability returns the units outstanding at the end of a day, and their basis.
	Liability(ctx context.Context, query LiabilityQuery) (*Liability, error)
	// InvariantStatuses returns every invariant of the ledger, with what the checker
	// last found.
	InvariantStatuses(ctx context.Context) ([]InvariantStatus, error)
}

// PeriodStatus is a period over all books.
type PeriodStatus struct {
	Period ledger.Period
	Standing
	// Closings are, by book, the closings that stand: none of a book that reopened the
	// period, or that closed it together with a later one.
	Closings map[ledger.BookID]Closing
}

// State returns where the period stands.
func (p PeriodStatus) State() PeriodState { return p.Standing.State(p.Period) }

// ClosedAt is when the last book closed the period; zero unless it is closed.
func (p PeriodStatus) ClosedAt() time.Time {
	var last time.Time
	if p.State() != PeriodClosed {
		return last
	}
	for _, closing := range p.Closings {
		if closing.At.After(last) {
			last = closing.At
		}
	}
	return last
}

// Closing is one book's closing of a period.
type Closing struct {
	Seq     int64
	Journal ledger.ID
	At      time.Time
	// TrialHash is the SHA-256 of the trial balance the book then had.
	TrialHash []byte
}

// PeriodsQuery asks for a page of months.
type PeriodsQuery struct {
	Limit    int
	Backward bool
	// Key is the month to go on from, in the direction of reading; HasKey is false for
	// the list's end.
	Key    ledger.Period
	HasKey bool
	Today  ledger.Date
}

// PeriodsPage is a page of months, newest first.
type PeriodsPage struct {
	Periods []PeriodStatus
	More    bool // in the direction of reading
	Seqs    map[ledger.BookID]int64
}

// LineKey is the place of a posting in its account's ledger.
type LineKey struct {
	PostedAt time.Time
	Version  int64
}

// LedgerQuery asks for the ledger of one account: what was posted from From on and
// before To, where zero is no bound.
type LedgerQuery struct {
	Book      ledger.BookID
	Code      string
	Commodity ledger.Commodity
	From, To  time.Time
	Limit     int
	Backward  bool
	Key       LineKey
	HasKey    bool
}

// LedgerPage is a page of an account's ledger, oldest first.
type LedgerPage struct {
	Class        string
	CreditNormal bool
	Seq          int64 // of the book's last journal
	// Opening and Closing are the account before the first posting of the range and
	// after its last, whatever the page: the difference of their versions is the number
	// of postings.
	Opening, Closing LedgerPoint
	Lines            []LedgerLine
	More             bool // in the direction of reading
}

// LedgerPoint is an account after one of its postings.
type LedgerPoint struct {
	Version int64 // the number of postings so far
	Balance int64 // on the account's normal side
}

// LedgerLine is one posting as one of its accounts sees it.
type LedgerLine struct {
	LineKey
	Side        ledger.Side
	Amount      int64
	Balance     int64 // after it, on the account's normal side
	Other       string
	Journal     ledger.ID
	Seq         int64
	Type        string
	Template    string
	EffectiveAt time.Time
	BookedOn    ledger.Date
	InitiatedBy string
}

// InvariantStatus is what is known of one invariant of the ledger.
type InvariantStatus struct {
	Invariant string // I1 to I31
	Title     string
	// Status is OK, BROKEN or UNKNOWN as the checker found it last, UNKNOWN before it
	// first ran, and TESTED for what rows cannot tell: tests show it.
	Status    string
	CheckedAt time.Time // zero before the first check
	Failures  int64
	Detail    string
}

// Statuses of invariants that the checker does not write.
const (
	InvariantUnknown = "UNKNOWN"
	InvariantTested  = "TESTED"
)
