package finance

import (
	"strings"
	"time"

	"purser/ledger"
)

// Request is what somebody asked for a period, and what became of it: another person
// agreed, or whoever asked withdrew it. Its id is that of the journal that asked. A
// period has at most one that is pending.
type Request struct {
	ID          ledger.ID
	Period      ledger.Period
	Action      Action
	Reason      string
	RequestedBy string // a principal
	RequestedAt time.Time
	ApprovedBy  string    // "" unless approved; never the person who asked
	ApprovedAt  time.Time // zero unless approved
	WithdrawnBy string    // "" unless withdrawn; always the person who asked
	WithdrawnAt time.Time // zero unless withdrawn
}

// RequestStatus says what became of a request.
type RequestStatus string

// What becomes of a request. It is PENDING until somebody else agrees or whoever asked
// withdraws it, and then stays as it is.
const (
	RequestPending   RequestStatus = "PENDING"
	RequestApproved  RequestStatus = "APPROVED"
	RequestWithdrawn RequestStatus = "WITHDRAWN"
)

// Status returns what became of the request.
func (r *Request) Status() RequestStatus {
	switch {
	case r.ApprovedBy != "":
		return RequestApproved
	case r.WithdrawnBy != "":
		return RequestWithdrawn
	default:
		return RequestPending
	}
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

// Standing is what decides whether a signature counts: of the requests of a period the
// one that is pending and the newest that was agreed, and every book. A request that
// was withdrawn decides nothing: the period is as if nobody had asked.
type Standing struct {
	Pending   *Request // nil for none; newer than what was agreed
	Agreed    *Request // the newest; nil for none
	Withdrawn *Request // the newest; nil for none
	Books     []BookClosing
}

// Add notes how a request stands that is as new as any of its status.
func (s *Standing) Add(r *Request) {
	if s.Pending != nil && s.Pending.ID == r.ID {
		s.Pending = nil
	}
	switch r.Status() {
	case RequestPending:
		s.Pending = r
	case RequestApproved:
		s.Agreed = r
	case RequestWithdrawn:
		s.Withdrawn = r
	}
}

// Latest returns what was asked last, withdrawn or not; nil for nothing.
func (s Standing) Latest() *Request {
	latest := s.valid()
	if latest == nil || s.Withdrawn != nil && s.Withdrawn.RequestedAt.After(latest.RequestedAt) {
		latest = s.Withdrawn
	}
	return latest
}

// valid returns what was asked last and not withdrawn; nil for nothing.
func (s Standing) valid() *Request {
	if s.Pending != nil {
		return s.Pending
	}
	return s.Agreed
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
	return s.Pending == nil && s.Agreed != nil && s.Agreed.Action == action && !s.settled(action, period)
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
	asked := s.valid()
	switch {
	case asked != nil && asked.Action == ActionReopen && !open:
		return PeriodReopening
	case closed:
		return PeriodClosed
	case asked != nil && asked.Action == ActionClose || !open:
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
