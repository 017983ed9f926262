package finance

import (
	"strings"
	"time"

	"purser/ledger"
)

// Request is what somebody asked for a period, and who agreed. Its id is that of
// the journal that asked. A period has at most one that is pending.
type Request struct {
	ID          ledger.ID
	Period      ledger.Period
	Action      Action
	Reason      string
	RequestedBy string // a principal
	RequestedAt time.Time
	ApprovedBy  string    // "" while pending; never the person who asked
	ApprovedAt  time.Time // zero while pending
}

// Pending reports whether a second person has yet to agree.
func (r *Request) Pending() bool { return r != nil && r.ApprovedBy == "" }

func (r *Request) approved(action Action) bool {
	return r != nil && r.ApprovedBy != "" && r.Action == action
}

// BookClosing is how far a book is closed.
type BookClosing struct {
	Book ledger.BookID
	// ClosedThrough is the last closed day; zero when no period of the book is closed.
	ClosedThrough ledger.Date
}

// Closed reports whether the book has closed a period.
func (b BookClosing) Closed(period ledger.Period) bool {
	return !b.ClosedThrough.IsZero() && !period.LastDay().After(b.ClosedThrough)
}

// has reports whether the book stands as the action leaves it.
func (b BookClosing) has(action Action, period ledger.Period) bool {
	return b.Closed(period) == (action == ActionClose)
}

// Standing is what decides whether a signature counts: the newest request of a
// period, nil for none, and every book.
type Standing struct {
	Latest *Request
	Books  []BookClosing
}

// settled reports whether every book stands as the action leaves it.
func (s Standing) settled(action Action, period ledger.Period) bool {
	for _, book := range s.Books {
		if !book.has(action, period) {
			return false
		}
	}
	return true
}

// unfinished reports whether the action was agreed and some books have yet to
// follow: the process that was to see to it ended between two of them.
func (s Standing) unfinished(action Action, period ledger.Period) bool {
	return s.Latest.approved(action) && !s.settled(action, period)
}

// sequential returns, when the action would break the sequence of periods, the
// period that is in turn: the one to be closed next, or the one closed last. That is
// the zero Period when none is closed.
func (s Standing) sequential(action Action, period ledger.Period) (inTurn ledger.Period, ok bool) {
	var first, last ledger.Date
	ok = true
	for _, book := range s.Books {
		through := book.ClosedThrough
		if through.After(last) {
			last = through
		}
		if !through.IsZero() && (first.IsZero() || first.After(through)) {
			first = through
		}
		switch action {
		case ActionReopen:
			ok = ok && through == period.LastDay()
		case ActionClose:
			ok = ok && (through.IsZero() || ledger.PeriodOf(through).Next() == period)
		}
	}
	switch {
	case ok || last.IsZero():
		return ledger.Period{}, ok
	case action == ActionReopen:
		return ledger.PeriodOf(last), false
	default:
		return ledger.PeriodOf(first).Next(), false
	}
}

// PeriodState says where a period stands over all books.
type PeriodState string

// The states of a period. CLOSING and REOPENING begin with a request; what they end
// in begins when the last book has followed.
const (
	PeriodOpen      PeriodState = "OPEN"
	PeriodClosing   PeriodState = "CLOSING"
	PeriodClosed    PeriodState = "CLOSED"
	PeriodReopening PeriodState = "REOPENING"
)

// State returns where the period stands. A period that some books have closed, and
// nobody asked about, is being closed together with a later one.
func (s Standing) State(period ledger.Period) PeriodState {
	closed, open := s.settled(ActionClose, period), s.settled(ActionReopen, period)
	switch {
	case s.Latest != nil && s.Latest.Action == ActionReopen && !open:
		return PeriodReopening
	case closed:
		return PeriodClosed
	case s.Latest != nil && s.Latest.Action == ActionClose || !open:
		return PeriodClosing
	default:
		return PeriodOpen
	}
}

// samePerson compares principals by whom they name: the same person may come with a
// token as staff and with one as a party.
func samePerson(a, b string) bool {
	return strings.EqualFold(afterColon(a), afterColon(b))
}

func afterColon(principal string) string {
	_, name, found := strings.Cut(principal, ":")
	if !found {
		return principal
	}
	return name
}
