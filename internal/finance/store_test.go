package finance_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"purser/internal/domain"
	"purser/internal/finance"
	"purser/ledger"
	"purser/ledger/ledgertest"
)

const booksInTests = 3

// store is a ledgertest.Memory that also keeps requests, how far books are closed,
// and what the checker found, where guards and the directory find them.
type store struct {
	*ledgertest.Memory

	mu       sync.Mutex
	away     map[ledger.BookID]bool // books whose next batch fails
	closed   map[ledger.BookID]ledger.Date
	closings map[ledger.Period]map[ledger.BookID]finance.Closing
	requests map[ledger.Period]finance.Standing // without books
	all      map[ledger.ID]finance.Request
	broken   []string
}

func (s *store) standing(period ledger.Period) finance.Standing {
	standing := s.requests[period]
	for book := range ledger.BookID(booksInTests) {
		standing.Books = append(standing.Books, finance.BookClosing{Book: book, ClosedThrough: s.closed[book]})
	}
	return standing
}

// Period implements finance.Directory.
func (s *store) Period(_ context.Context, period ledger.Period) (finance.PeriodStatus, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return finance.PeriodStatus{Period: period, Standing: s.standing(period), Closings: s.closings[period]}, nil
}

// Account implements finance.Directory: the chart has one class.
func (s *store) Account(_ context.Context, name finance.AccountName) (finance.Account, error) {
	if name.Code != "1010" {
		return finance.Account{}, domain.ErrNotFound
	}
	return finance.Account{Class: name.Code}, nil
}

// Batch implements ledger.Store.
func (s *store) Batch(ctx context.Context, needs *ledger.Needs, fold func(*ledger.State) (*ledger.Writes, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away[needs.Book] {
		delete(s.away, needs.Book)
		return fmt.Errorf("book %d is away", needs.Book)
	}
	for _, row := range needs.Rows {
		switch row.Kind {
		case finance.GuardInvariants:
			s.SetRow(needs.Book, row, s.broken)
		case finance.GuardPeriod:
			period, _ := ledger.ParsePeriod(row.ID)
			s.SetRow(needs.Book, row, s.standing(period))
		}
	}
	var written *ledger.Writes
	err := s.Memory.Batch(ctx, needs, func(state *ledger.State) (*ledger.Writes, error) {
		writes, err := fold(state)
		written = writes
		return writes, err
	})
	if err != nil || written == nil {
		return err
	}
	for _, change := range written.Periods {
		s.closed[needs.Book] = change.ClosedThrough
		if s.closings[change.Period] == nil {
			s.closings[change.Period] = map[ledger.BookID]finance.Closing{}
		}
		delete(s.closings[change.Period], needs.Book)
		if change.Event == ledger.PeriodClosed {
			s.closings[change.Period][needs.Book] = finance.Closing{Seq: change.Seq, Journal: change.Journal, At: written.PostedAt}
		}
	}
	for _, effects := range written.Effects {
		for _, row := range effects.Rows {
			request := row.(finance.Request)
			standing := s.requests[request.Period]
			standing.Add(&request)
			s.requests[request.Period], s.all[request.ID] = standing, request
		}
	}
	return nil
}

// office is the service over a store, in November 2026.
type office struct {
	t       *testing.T
	store   *store
	service *finance.Service

	mu  sync.Mutex
	now time.Time
	ids uint64
}

func newOffice(t *testing.T) *office {
	t.Helper()
	rules, err := ledger.NewRules([]ledger.Class{{Name: "1010", Normal: ledger.Debit}}, finance.Templates())
	if err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, now: time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC), store: &store{
		Memory: &ledgertest.Memory{Narrow: true}, away: map[ledger.BookID]bool{}, closed: map[ledger.BookID]ledger.Date{},
		closings: map[ledger.Period]map[ledger.BookID]finance.Closing{}, requests: map[ledger.Period]finance.Standing{}, all: map[ledger.ID]finance.Request{},
	}}
	book := ledger.New(ledger.Config{Rules: rules, Store: o.store, Clock: o.clock, InjectedClock: true})
	t.Cleanup(func() {
		if err := book.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close the ledger: %v", err)
		}
	})
	o.service = finance.NewService(book, o.store, o.clock, o.newID)
	return o
}

func (o *office) clock() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.now
}

func (o *office) newID() ledger.ID {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ids++
	return ledger.ID{6: 0x70, 8: 0x80, 14: byte(o.ids >> 8), 15: byte(o.ids)}
}

var (
	ines = domain.Caller{Principal: "staff:ines"}
	hugo = domain.Caller{Principal: "staff:hugo"}
	rosa = domain.Caller{Principal: "staff:rosa"}
)

// sign signs with a key, which must not be a fault.
func (o *office) sign(by domain.Caller, action finance.Action, period, key string) finance.Result {
	o.t.Helper()
	result, err := o.try(by, action, period, key)
	if err != nil {
		o.t.Fatal(err)
	}
	return result
}

func (o *office) try(by domain.Caller, action finance.Action, period, key string) (finance.Result, error) {
	in := finance.SignPeriod{Key: "key-of-" + key, Period: period, Reason: "month end"}
	switch action {
	case finance.ActionReopen:
		return o.service.ReopenPeriod(o.t.Context(), by, in)
	case withdraw:
		return o.service.WithdrawRequest(o.t.Context(), by, in)
	default:
		return o.service.ClosePeriod(o.t.Context(), by, in)
	}
}

// withdraw is the withdrawal of what is pending, whatever that is.
const withdraw finance.Action = "WITHDRAW"

// closeNow closes a period by two people.
func (o *office) closeNow(period string) {
	o.t.Helper()
	for _, by := range []domain.Caller{ines, hugo} {
		if result := o.sign(by, finance.ActionClose, period, period+by.Principal); result.Outcome.Refusal != nil {
			o.t.Fatalf("%s by %s: %v", period, by.Principal, result.Outcome.Refusal)
		}
	}
}

// reasonOf is the reason of a refusal, "" for none.
func reasonOf(result finance.Result) string {
	switch refusal := result.Outcome.Refusal.(type) {
	case nil:
		return ""
	case *ledger.GuardFailedError:
		return refusal.Reason
	default:
		return refusal.Code()
	}
}
